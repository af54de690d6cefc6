/** Time as data. Instants are milliseconds on a clock that counts suspend; wall-clock time only stands on disk. */
import type { Branded } from "./brand.ts";
import type { Entropy } from "./entropy.ts";

/** Milliseconds since boot, suspend included (CLOCK_BOOTTIME). */
export type Instant = Branded<number, "Instant">;
/** Milliseconds since 1970 (CLOCK_REALTIME): for files and people, never for decisions about deadlines. */
export type WallClock = Branded<number, "WallClock">;
/** What a step may know of the world besides its event. */
export type Moment = { readonly now: Instant; readonly entropy: Entropy };

/** Later than everything: compares and takes the minimum correctly, unlike null. */
export const NEVER = Number.POSITIVE_INFINITY as Instant;
/** The lifetime that never ends (RFC 2131 §3.3, RFC 9915 §7.7). */
export const INFINITE_SECONDS = 0xffffffff;

/** `instant` plus seconds; 0xffffffff becomes NEVER here, once. */
export function after(instant: Instant, seconds: number): Instant {
  return (seconds >= INFINITE_SECONDS ? NEVER : instant + seconds * 1000) as Instant;
}

export function earliest(...instants: readonly Instant[]): Instant {
  return Math.min(NEVER, ...instants) as Instant;
}

/** Whole seconds from `now` to `until`, never negative; NEVER becomes 0xffffffff. */
export function secondsUntil(until: Instant, now: Instant): number {
  if (until === NEVER) return INFINITE_SECONDS;
  return Math.min(INFINITE_SECONDS - 1, Math.max(0, Math.ceil((until - now) / 1000)));
}

export function instant(milliseconds: number): Instant {
  return milliseconds as Instant;
}

/** Now on the wall clock for a file: what `at` will be called by people. */
export function wallClock(milliseconds: number): WallClock {
  return milliseconds as WallClock;
}
