/** When advertisements go out (RFC 4861 §6.2.4, §6.2.6, §10). */
import { after, type Instant, instant, type Moment } from "../../base/time.ts";
import type { AdvertiserConfig } from "./state.ts";

export const TIMING = {
  /** MAX_INITIAL_RTR_ADVERTISEMENTS, and their interval: a host that has just come is not kept waiting. */
  initialAdvertisements: 3,
  initialIntervalSeconds: 16,
  /** MIN_DELAY_BETWEEN_RAS, to all hosts. */
  minDelaySeconds: 3,
  /** MAX_RA_DELAY_TIME: routers that were asked at once do not answer at once. */
  maxAnswerDelaySeconds: 0.5,
  /** A change that comes with others is told together with them. */
  changeDelaySeconds: 1,
  /** The shortest interval that RFC 4861 §6.2.1 allows. */
  leastMaxIntervalSeconds: 4,
  leastMinIntervalSeconds: 3,
} as const;

/** Until the next advertisement to all; what hosts were told must not run out before. */
export function intervalSeconds(config: AdvertiserConfig, sentCount: number, shortestValidSeconds: number, at: Moment): number {
  const max = Math.max(TIMING.leastMaxIntervalSeconds, Math.min(config.maxIntervalSeconds, shortestValidSeconds));
  const min = Math.max(TIMING.leastMinIntervalSeconds, Math.min(config.minIntervalSeconds, 0.75 * max));
  const drawn = at.entropy.between(min, max);
  return sentCount < TIMING.initialAdvertisements ? Math.min(drawn, TIMING.initialIntervalSeconds) : drawn;
}

/** A moment soon, a different one for each router on the link. */
export function answerAt(at: Moment): Instant {
  return after(at.now, at.entropy.between(0, TIMING.maxAnswerDelaySeconds));
}

/** `wanted`, or as soon after the last one to all as may be. */
export function notTooSoon(wanted: Instant, lastMulticastAt: Instant | undefined): Instant {
  return lastMulticastAt === undefined ? wanted : instant(Math.max(wanted, after(lastMulticastAt, TIMING.minDelaySeconds)));
}
