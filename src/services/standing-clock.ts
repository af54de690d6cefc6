/** A clock for a program that lives through something in no time at all. */
import { instant, wallClock } from "../base/time.ts";
import type { Clock } from "../ports/clock.ts";

const STANDING = instant(0);

/** Time stands; what is due is told to whoever lets it come. */
export function standingClock(due: (() => void)[]): Clock {
  return {
    now: () => STANDING,
    wallClock: () => wallClock(0),
    entropy: () => new Uint8Array(32),
    alarm: (ring) => ({ set: (at) => void (at <= STANDING && due.push(ring)), close: () => undefined }),
  };
}
