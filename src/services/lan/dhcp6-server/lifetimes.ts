/** Times of leases: seconds of the wall clock, unsigned; what never ends stays so (RFC 9915 §7.7). */
import { INFINITE_SECONDS } from "../../../base/time.ts";

export const NEVER_SECONDS = INFINITE_SECONDS;

/** A lease that ended stays its client's this long: clients count from the Reply on, and their clocks do not run exactly as ours. */
export const GRACE_SECONDS = 5;

/** From now to `until`, 0 when it has passed. */
export function remainingSeconds(until: number, now: number): number {
  return until === NEVER_SECONDS ? INFINITE_SECONDS : until > now ? until - now : 0;
}

/** `seconds` from now; INFINITE_SECONDS becomes NEVER_SECONDS. */
export function untilSeconds(seconds: number, now: number): number {
  return seconds === INFINITE_SECONDS ? NEVER_SECONDS : Math.min(now + seconds, NEVER_SECONDS - 1);
}

/** So many thousandths of a lifetime, at least a second; of one that never ends, never. */
export function permilleOf(seconds: number, permille: number): number {
  return seconds === INFINITE_SECONDS ? INFINITE_SECONDS : Math.max(1, Math.floor((seconds * permille) / 1000));
}
