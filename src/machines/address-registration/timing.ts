/** When an address is told again (RFC 9686 §4.5, §4.6). */
import { after, INFINITE_SECONDS, type Instant, type Moment, NEVER, secondsUntil } from "../../base/time.ts";

export const TIMING = {
  /** IRT and MRC; no longest time between two. */
  inform: { firstSeconds: 1, mostSeconds: Number.POSITIVE_INFINITY, attempts: 3 },
  /** Part of the valid lifetime after which a changed end is told (AddrRegRefreshInterval). */
  part: 0.8,
  /** StaticAddrRegRefreshInterval: of an address that never ends. */
  endlessSeconds: 4 * 3600,
  /** AddrRegDesyncMultiplier. */
  spread: { least: 0.9, most: 1.1 },
  /** What is due this soon goes with what is due now (AddrRegRefreshCoalesce). */
  togetherSeconds: 60,
  /** A change of the valid lifetime by no more than this part is clock skew and delay. */
  tolerance: 0.01,
} as const;

export function drawSpread(at: Moment): number {
  return at.entropy.between(TIMING.spread.least, TIMING.spread.most);
}

/** NextAddrRegRefreshTime of what is told now. */
export function nextRefresh(validUntil: Instant, spread: number, at: Moment): Instant {
  const seconds = validUntil === NEVER ? TIMING.endlessSeconds : TIMING.part * validSeconds(validUntil, at);
  return after(at.now, Math.min(seconds * spread, INFINITE_SECONDS - 1));
}

/** Whether the end differs from the one that servers were told by more than the clocks do. */
export function isNews(validUntil: Instant, toldUntil: Instant, at: Moment): boolean {
  if (validUntil === toldUntil) return false;
  if (validUntil === NEVER || toldUntil === NEVER) return true;
  return Math.abs(validUntil - toldUntil) > TIMING.tolerance * Math.max(0, toldUntil - at.now);
}

function validSeconds(validUntil: Instant, at: Moment): number {
  return secondsUntil(validUntil, at.now);
}
