/** A protocol is a pure function: it returns a new state and an ordered list of effects as data. It never awaits. */
import type { Instant, Moment } from "../base/time.ts";

export type Step<S, E, F> = (state: S, event: E, at: Moment) => Stepped<S, F>;
export type Stepped<S, F> = { readonly state: S; readonly effects: readonly F[] };

/** A machine as the driver, the simulator and the replayer see it. */
export type Machine<S, E, F> = {
  readonly name: string;
  readonly step: Step<S, E, F>;
  /** When `{ kind: "deadline" }` is due; the timer is a function of the state, so none can be stale. */
  readonly deadline: (state: S) => Instant;
  /** The name of the state's phase, one of the keys of `transitions`. */
  readonly phase: (state: S) => string;
  /** Which phase may follow which. The driver asserts it, diagrams are drawn from it, the simulator measures it. */
  readonly transitions: Transitions;
};
export type Transitions = { readonly [phase: string]: readonly string[] };
