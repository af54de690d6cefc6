/** Runs one machine: events in order, effects in order, one alarm set from the state, and a ring of what happened. */
import { assert } from "../base/errors.ts";
import { Entropy } from "../base/entropy.ts";
import type { Instant } from "../base/time.ts";
import type { Machine } from "../machines/machine.ts";
import type { Alarm, Clock } from "../ports/clock.ts";
import { StepMemory } from "./step-memory.ts";

/** One step as it can be replayed: same event, same moment, same effects. */
export type Recorded<E> = { readonly event: E; readonly now: Instant; readonly entropy: Uint8Array };
/** What an observer learns of each step. */
export type Observed<S, E, F> = { readonly step: Recorded<E>; readonly before: S; readonly after: S; readonly effects: readonly F[] };

export type DriverOptions<S, E, F> = {
  readonly machine: Machine<S, E, F>;
  readonly initial: S;
  readonly clock: Clock;
  readonly perform: (effect: F, state: S) => void;
  /** The event that says a deadline has come. */
  readonly deadlineEvent: E;
  readonly observe?: (observed: Observed<S, E, F>) => void;
  /** After its effects: what can wait until the packet is out. */
  readonly performed?: (observed: Observed<S, E, F>) => void;
};

export class Driver<S, E, F> {
  readonly #options: DriverOptions<S, E, F>;
  readonly #alarm: Alarm;
  readonly #memory = new StepMemory<Observed<S, E, F>>();
  readonly #queue: E[] = [];
  #running = false;
  #state: S;

  constructor(options: DriverOptions<S, E, F>) {
    this.#options = options;
    this.#state = options.initial;
    this.#alarm = options.clock.alarm(() => this.handle(options.deadlineEvent));
  }

  get state(): S {
    return this.#state;
  }

  /** The last steps and what they led to, oldest first: a recording is made of them. */
  recorded(): readonly Observed<S, E, F>[] {
    return this.#memory.all();
  }

  /** An event that arises while another is handled waits for its turn. */
  handle(event: E): void {
    this.#queue.push(event);
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#step(next);
    } finally {
      this.#running = false;
    }
    this.#alarm.set(this.#options.machine.deadline(this.#state));
  }

  close(): void {
    this.#alarm.close();
  }

  #step(event: E): void {
    const { machine, clock, perform, observe, performed } = this.#options;
    const step = { event, now: clock.now(), entropy: clock.entropy() };
    const before = this.#state;
    const { state, effects } = machine.step(before, event, { now: step.now, entropy: new Entropy(step.entropy) });
    const [from, to] = [machine.phase(before), machine.phase(state)];
    assert(from === to || (machine.transitions[from] ?? []).includes(to), `${machine.name}: no edge from ${from} to ${to}`);
    this.#state = state;
    const observed = { step, before, after: state, effects };
    this.#memory.add(observed, before !== state);
    observe?.(observed);
    for (const effect of effects) perform(effect, state);
    performed?.(observed);
  }
}
