/** The real clock: boot time with suspend counted, one kernel timer for all alarms, entropy from the kernel. */
import { ENTROPY_BYTES } from "../base/entropy.ts";
import { type Instant, instant, NEVER, type WallClock, wallClock } from "../base/time.ts";
import type { Alarm, Clock } from "../ports/clock.ts";
import { check, checkPoll, native } from "./native.ts";

type Pending = { at: Instant; readonly ring: () => void };

/** Must be made before the fence closes: its timer is a descriptor. */
export class BootClock implements Clock {
  readonly #timer = check(native().timerNew(), "timerfd_create");
  readonly #alarms = new Set<Pending>();
  #armedAt: Instant = NEVER;

  constructor() {
    checkPoll(native().pollNew(this.#timer, () => this.#ring()));
  }

  now(): Instant {
    return instant(native().bootTimeMs());
  }

  wallClock(): WallClock {
    return wallClock(Date.now());
  }

  entropy(): Uint8Array {
    const bytes = new Uint8Array(ENTROPY_BYTES);
    check(native().random(bytes), "getrandom");
    return bytes;
  }

  alarm(ring: () => void): Alarm {
    const pending: Pending = { at: NEVER, ring };
    this.#alarms.add(pending);
    return {
      set: (at) => {
        pending.at = at;
        this.#arm();
      },
      close: () => {
        this.#alarms.delete(pending);
        this.#arm();
      },
    };
  }

  #ring(): void {
    native().timerRead(this.#timer);
    this.#armedAt = NEVER;
    const now = this.now();
    for (const pending of this.#alarms) {
      if (pending.at > now) continue;
      pending.at = NEVER;
      pending.ring();
    }
    this.#arm();
  }

  #arm(): void {
    let next: Instant = NEVER;
    for (const { at } of this.#alarms) if (at < next) next = at;
    if (next === this.#armedAt) return;
    this.#armedAt = next;
    check(native().timerSet(this.#timer, next), "timerfd_settime");
  }
}
