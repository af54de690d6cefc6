/** When a DHCPv6 client sends, sends again and gives up (RFC 9915 §7.6, §14.1, §15). */
import { after, INFINITE_SECONDS, type Instant, type Moment } from "../../base/time.ts";
import type { ClientState, Exchange } from "./state.ts";

export const TIMING = {
  solicit: { firstSeconds: 1 },
  request: { firstSeconds: 1, mostSeconds: 30, attempts: 10 },
  renew: { firstSeconds: 10, mostSeconds: 600 },
  rebind: { firstSeconds: 10, mostSeconds: 600 },
  information: { firstSeconds: 1 },
  /** REL_TIMEOUT, REL_MAX_RC, DEC_TIMEOUT, DEC_MAX_RC; no longest time between two. */
  farewell: { firstSeconds: 1, mostSeconds: Number.POSITIVE_INFINITY, attempts: 4 },
  /** CNF_TIMEOUT, CNF_MAX_RT and CNF_MAX_RD: a Confirm or Rebind after a change of the link (§18.2.12). */
  reboot: { firstSeconds: 1, mostSeconds: 4, wholeSeconds: 10 },
  /** SOL_MAX_DELAY and CNF_MAX_DELAY. */
  delaySeconds: 1,
  /** Bounds of option 82 and 83; what lies outside is not believed (§21.24). */
  maxRt: { least: 60, most: 86_400 },
  /** A burst, and from then on one message a second (§14.1 leaves the numbers to us). */
  allowance: { burst: 20, perSecond: 1 },
  /** A wish that was not granted is asked for again after so long, and what was not extended: no sooner than a Renew that nobody answers. */
  retrySeconds: 600,
  /** IRT_DEFAULT and IRT_MINIMUM: when what is no lease is asked for again (§21.23). */
  refresh: { standardSeconds: 86_400, leastSeconds: 600 },
  /** T1 is never sooner. */
  renewFloorSeconds: 5,
} as const;

/** A new conversation whose first message goes out after `delaySeconds`. */
export function newExchange(at: Moment, delaySeconds = 0): Exchange {
  const transactionId = at.entropy.u32() & 0xffffff;
  const resendAt = after(at.now, delaySeconds);
  return { transactionId, startedAt: resendAt, sentCount: 0, timeoutSeconds: 0, resendAt };
}

/** Up to a second, so that a street does not ask at once after a power failure (§18.2.1, §18.2.12). */
export function desynchronised(pace: "fast" | "rfc", at: Moment): number {
  return pace === "fast" ? 0 : at.entropy.between(0, TIMING.delaySeconds);
}

type Pace = { readonly firstSeconds: number; readonly mostSeconds: number; readonly isSolicit?: true };

/** After one more message: RT = 2 * RT, up to MRT, each with its own chance (§15). The first RT of a Solicit is never shorter than IRT. */
export function sentAgain(exchange: Exchange, { firstSeconds, mostSeconds, isSolicit }: Pace, at: Moment): Exchange {
  const first = exchange.sentCount === 0;
  const startedAt = first ? at.now : exchange.startedAt;
  const chance = first && isSolicit ? 0.1 - at.entropy.between(0, 0.1) : at.entropy.between(-0.1, 0.1);
  const doubled = first ? firstSeconds * (1 + chance) : exchange.timeoutSeconds * (2 + chance);
  const timeoutSeconds = doubled > mostSeconds ? mostSeconds * (1 + chance) : doubled;
  return { ...exchange, startedAt, sentCount: exchange.sentCount + 1, timeoutSeconds, resendAt: after(at.now, timeoutSeconds) };
}

/** Hundredths of a second since the conversation began, at most 0xffff (§21.9). */
export function elapsedHundredths({ sentCount, startedAt }: Exchange, at: Moment): number {
  return sentCount === 0 ? 0 : Math.min(0xffff, Math.max(0, Math.round((at.now - startedAt) / 10)));
}

/** The pause before the search begins anew: none at first, then 1, 2, 4 ... seconds, at most SOL_MAX_RT. */
export function pauseSeconds({ failuresInRow, solMaxRtSeconds }: Pick<ClientState, "failuresInRow" | "solMaxRtSeconds">): number {
  return failuresInRow <= 1 ? 0 : Math.min(solMaxRtSeconds, 2 ** (failuresInRow - 2));
}

/** One message less to send. @returns undefined when there is none left */
export function spent({ messages, countedAt }: ClientState["allowance"], at: Moment): ClientState["allowance"] | undefined {
  const { burst, perSecond } = TIMING.allowance;
  const earned = messages + ((at.now - countedAt) / 1000) * perSecond;
  const left = Math.min(burst, earned) - 1;
  return left < 0 ? undefined : { messages: left, countedAt: at.now };
}

type Times = { readonly renewSeconds: number; readonly rebindSeconds: number };
type Lifetimes = { readonly preferredSeconds: number; readonly validSeconds: number };

/**
 * T1 and T2 of an IA from now on. 0 leaves them to us: half and four fifths of the shortest preferred lifetime (§21.21). What reaches
 * beyond the shortest valid lifetime gets the same.
 */
export function renewalTimes(
  { renewSeconds, rebindSeconds }: Times,
  prefixes: readonly Lifetimes[],
  at: Moment,
): { renewAt: Instant; rebindAt: Instant } {
  const valid = Math.min(...prefixes.map(({ validSeconds }) => validSeconds));
  const preferred = prefixes.map(({ preferredSeconds }) => preferredSeconds).filter((seconds) => seconds > 0);
  const shortest = preferred.length === 0 ? valid : Math.min(...preferred);
  const share = (part: number): number => (shortest >= INFINITE_SECONDS ? shortest : shortest * part);
  const sensible = (seconds: number): number | undefined => (seconds === 0 || seconds > valid ? undefined : seconds);
  const rebind = sensible(rebindSeconds) ?? Math.max(share(0.8), sensible(renewSeconds) ?? 0);
  const renew = Math.max(TIMING.renewFloorSeconds, sensible(renewSeconds) ?? Math.min(share(0.5), rebind));
  return { renewAt: after(at.now, renew), rebindAt: after(at.now, Math.max(renew, rebind)) };
}
