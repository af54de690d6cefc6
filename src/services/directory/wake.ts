/** One alarm whose time can be told to people. */
import { type Instant, NEVER, type WallClock, wallClock } from "../../base/time.ts";
import type { Alarm, Clock } from "../../ports/clock.ts";

export class Wake {
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  #at: Instant = NEVER;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#alarm = clock.alarm(ring);
  }

  /** undefined: nothing is planned */
  get wallClock(): WallClock | undefined {
    return this.#at === NEVER ? undefined : wallClock(this.#clock.wallClock() + (this.#at - this.#clock.now()));
  }

  set(at: Instant): void {
    this.#at = at;
    this.#alarm.set(at);
  }

  close(): void {
    this.#alarm.close();
  }
}
