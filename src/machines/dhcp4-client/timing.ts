/** When a DHCPv4 client sends again, renews and pauses (RFC 2131 §4.1, §4.4.5). */
import { after, INFINITE_SECONDS, type Instant, type Moment, NEVER } from "../../base/time.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Exchange, Lease } from "./state.ts";

export const TIMING = {
  /** Doubling stops here (RFC 2131 §4.1). */
  retransmitMaxSeconds: 64,
  /** Uniform, either way, at every interval (RFC 2131 §4.1). */
  jitterSeconds: 1,
  /** REQUESTs for one OFFER before we select again. */
  requestAttempts: 4,
  /** REQUESTs for a stored lease before we select beside it (RFC 2131 §3.2 step 4). */
  rebootAttempts: 2,
  /** In RENEWING and REBINDING no two messages are closer (RFC 2131 §4.4.5). */
  renewFloorSeconds: 60,
  /** In a phase that never ends, for an infinite lease, half of what is left would be never. */
  endlessRetrySeconds: 86_400,
  /** A shorter lease is treated as one of this length. */
  leaseMinSeconds: 10,
  /** T1 is never sooner. */
  renewMinSeconds: 5,
  /** Where many links come up at once, each waits up to this long. */
  crowdDelaySeconds: 1,
  /** After an address turned out to be somebody else's (RFC 2131 §3.1 step 5). */
  declinePauseSeconds: 10,
  /** After so many such addresses in a row, the pause of RFC 5227 §2.1.1. */
  conflictsMax: 10,
  conflictPauseSeconds: 60,
  /** MIN_V6ONLY_WAIT (RFC 8925 §3.4). */
  ipv6OnlyMinSeconds: 300,
  /** A link-local address is looked for when no server has answered for so long. */
  linkLocalAfterSeconds: 5,
} as const;

/** The first message of a conversation goes out now. */
export function firstExchange(at: Moment): Exchange {
  return { xid: at.entropy.u32(), startedAt: at.now, sentAt: at.now, secs: 0, sentCount: 0, resendAt: at.now };
}

/** The same conversation with its age as of now. */
export function counted(exchange: Exchange, at: Moment): Exchange {
  return { ...exchange, secs: Math.min(0xffff, Math.floor((at.now - exchange.startedAt) / 1000)) };
}

/** After one more message: base, doubled for each one before, at most 64 s, each with its own jitter. */
export function sentAgain(exchange: Exchange, baseSeconds: number, at: Moment): Exchange {
  const doubled = Math.min(baseSeconds * 2 ** exchange.sentCount, TIMING.retransmitMaxSeconds);
  const jitter = Math.min(TIMING.jitterSeconds, baseSeconds / 4);
  const resendAt = after(at.now, doubled + at.entropy.between(-jitter, jitter));
  return { ...exchange, sentAt: at.now, sentCount: exchange.sentCount + 1, resendAt };
}

/** In RENEWING and REBINDING: half of what is left, never under a minute; where half is less than a minute the phase just ends. */
export function sentUntil(exchange: Exchange, phaseEndsAt: Instant, at: Moment): Exchange {
  const halfMs = phaseEndsAt === NEVER ? TIMING.endlessRetrySeconds * 1000 : (phaseEndsAt - at.now) / 2;
  const resendAt = halfMs < TIMING.renewFloorSeconds * 1000 ? phaseEndsAt : ((at.now + halfMs) as Instant);
  return { ...exchange, sentAt: at.now, sentCount: exchange.sentCount + 1, resendAt };
}

/** T1, T2 and the end of a lease, counted from the first REQUEST of the exchange; what makes no sense gets the defaults. */
export function leaseTimes(
  given: { readonly leaseSeconds: number; readonly renewalSeconds: number | undefined; readonly rebindingSeconds: number | undefined },
  countedFrom: Instant,
  at: Moment,
): Pick<Lease, "renewAt" | "rebindAt" | "expiresAt"> {
  const lease = Math.max(TIMING.leaseMinSeconds, given.leaseSeconds);
  const infinite = lease >= INFINITE_SECONDS;
  let renew = given.renewalSeconds ?? (infinite ? lease : lease / 2);
  let rebind = given.rebindingSeconds ?? (infinite ? lease : lease * 0.875);
  if (!infinite && (renew >= rebind || rebind >= lease)) {
    renew = lease / 2;
    rebind = lease * 0.875;
  }
  renew = Math.max(TIMING.renewMinSeconds, renew);
  rebind = Math.max(renew, rebind);
  const jitter = (): number => at.entropy.between(-TIMING.jitterSeconds, TIMING.jitterSeconds) * Math.min(1, lease / 60);
  return {
    renewAt: after(countedFrom, renew >= INFINITE_SECONDS ? renew : renew + jitter()),
    rebindAt: after(countedFrom, rebind >= INFINITE_SECONDS ? rebind : rebind + jitter()),
    expiresAt: after(countedFrom, lease),
  };
}

/** The pause after the n-th NAK in a row: 0, 1, 2, 4 ... 60 s. */
export function nakPauseSeconds(naksInRow: number): number {
  return naksInRow <= 1 ? 0 : Math.min(LIMITS.nakBackoffSeconds, 2 ** (naksInRow - 2));
}

/** The pause after the n-th address in a row that was somebody else's. */
export function conflictPauseSeconds(conflicts: number): number {
  return conflicts >= TIMING.conflictsMax ? TIMING.conflictPauseSeconds : TIMING.declinePauseSeconds;
}
