/** Work in slices, one after each ring of the clock, so that packets get their turn in between. */
import type { Alarm, Clock } from "../../ports/clock.ts";
import type { Sliced } from "./sort.ts";

export class Background {
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  #work: (() => boolean) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#alarm = clock.alarm(() => this.#slice());
  }

  get busy(): boolean {
    return this.#work !== undefined;
  }

  /** Replaces what was under way: that is never heard of again. */
  run<T>(work: Sliced<T>, done: (result: T) => void): void {
    this.#work = () => {
      const step = work.next();
      if (step.done !== true) return false;
      this.#work = undefined;
      done(step.value);
      return true;
    };
    this.#alarm.set(this.#clock.now());
  }

  /** What was under way is never heard of again. */
  stop(): void {
    this.#work = undefined;
  }

  close(): void {
    this.#work = undefined;
    this.#alarm.close();
  }

  #slice(): void {
    this.#work?.();
    if (this.#work !== undefined) this.#alarm.set(this.#clock.now());
  }
}
