/** Time and chance for whoever drives machines. */
import type { Instant, WallClock } from "../base/time.ts";

export interface Clock {
  now(): Instant;
  wallClock(): WallClock;
  /** 32 fresh random bytes. */
  entropy(): Uint8Array;
  /** One alarm of its own for each caller. */
  alarm(ring: () => void): Alarm;
}
export interface Alarm {
  /** Replaces what was set; NEVER switches it off. An instant that has passed rings at once. */
  set(at: Instant): void;
  close(): void;
}
