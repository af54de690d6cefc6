/** The last transitions of a machine, read from the steps its driver remembers. Plain data; people read sentences made of it. */
import { LIMITS } from "../base/limits.ts";
import type { Observed } from "./driver.ts";
import type { Times } from "./wall-time.ts";

export type ExplainedTransition<Why extends string> = {
  readonly at: string;
  readonly from: string;
  readonly to: string;
  readonly why: Why;
  /** What it was about, where it was about one. */
  readonly address: string | null;
  readonly server: string | null;
  /** Messages sent in the state that was left. */
  readonly tried: number;
  /** Answers that were passed over in it, by reason. */
  readonly ignored: Readonly<Record<string, number>>;
};
export type Explanation<Why extends string> = {
  readonly interface: string;
  readonly state: string;
  readonly transitions: readonly ExplainedTransition<Why>[];
};

type State = { readonly phase: { readonly kind: string } };
type Effect = { readonly kind: string; readonly reason?: string };
type Step = Observed<State, unknown, Effect>;
/** What only the machine's own words tell of a step. */
export type Reading<S, Why extends string> = {
  readonly why: (step: S) => Why;
  readonly address: (step: S) => string | null;
  readonly server: (step: S) => string | null;
};

/** @param steps as the driver recorded them, oldest first */
export function explained<S extends Step, Why extends string>(
  name: string,
  steps: readonly S[],
  reading: Reading<S, Why>,
  { now, wallClock }: Times,
): Explanation<Why> {
  const transitions: ExplainedTransition<Why>[] = [];
  let tried = 0;
  let ignored: Record<string, number> = {};
  for (const one of steps) {
    const { before, after, step, effects } = one;
    const [from, to] = [before.phase.kind, after.phase.kind];
    if (from !== to) {
      const at = new Date(wallClock + (step.now - now)).toISOString();
      transitions.push({ at, from, to, why: reading.why(one), address: reading.address(one), server: reading.server(one), tried, ignored });
      [tried, ignored] = [0, {}];
    }
    for (const { kind, reason = "" } of effects) {
      if (kind === "send") tried++;
      else if (kind === "ignored") ignored[reason] = (ignored[reason] ?? 0) + 1;
    }
  }
  const state = steps.at(-1)?.after.phase.kind ?? "down";
  return { interface: name, state, transitions: transitions.slice(-LIMITS.explainedTransitions) };
}
