/** Instants as people and files know them. */
import { type Instant, NEVER, type WallClock } from "../base/time.ts";

/** One moment on both clocks. */
export type Times = { readonly now: Instant; readonly wallClock: WallClock };

/** @returns null for never */
export function onTheWall(instant: Instant, { now, wallClock }: Times): string | null {
  return instant === NEVER ? null : new Date(wallClock + (instant - now)).toISOString();
}
