/** What an Advertise or a Reply changes (RFC 9915 §18.2.9, §18.2.10). */
import type { Duid } from "../../base/duid.ts";
import { LIMITS } from "../../base/limits.ts";
import { after, INFINITE_SECONDS, type Instant, type Moment } from "../../base/time.ts";
import type { Dhcp6ClientMessage } from "../../wire/dhcp6/message.ts";
import { toldIn } from "./facts.ts";
import { askNext, begin, ignore, isConfirmed, type Result, request, then, unchanged } from "./exchange.ts";
import { handedOver } from "./giving.ts";
import { type Answer, answerIn, offerIn, refusalOf, whyForeign } from "./judge.ts";
import { isMissing, isOverdue, merged, postponed } from "./lease.ts";
import type { ClientEffect, ClientState, IgnoreReason, Lease, Offer, Phase } from "./state.ts";
import { newExchange, TIMING } from "./timing.ts";

type Talking = Extract<Phase, { exchange: unknown }>;
/** Phases in which leases are talked about. */
type Leasing = Exclude<Talking, { given: unknown } | { kind: "informing" }>;
type Soliciting = Extract<Phase, { kind: "soliciting" }>;
/** An answer that is for us, with what it says. */
type Heard = { readonly message: Dhcp6ClientMessage; readonly serverId: Duid; readonly answer: Answer };

const TAKEN_AT_ONCE = 255;

export function received(state: ClientState, message: Dhcp6ClientMessage, at: Moment): Result {
  const { phase } = state;
  if (!("exchange" in phase)) return ignore(state, message.kind === "reconfigure" ? "reconfigure-unauthenticated" : "unexpected-type");
  const foreign = whyForeign(state.config, phase.exchange.transactionId, message);
  const { serverId } = message.options;
  if (foreign !== undefined || serverId === undefined) return ignore(state, foreign ?? "server-id-missing");
  const heard = { message, serverId, answer: answerIn(state.config, message) };
  const wiser = learned(state, message);
  if (message.kind === "reply") return replied(wiser, phase, heard, at);
  return phase.kind === "soliciting" ? advertised(wiser, phase, heard, at) : ignore(wiser, "unexpected-type");
}

/** Held to be true whatever else the message says (RFC 9915 §18.2.9, §18.2.10). */
function learned(state: ClientState, { options }: Dhcp6ClientMessage): ClientState {
  const sound = (seconds: number | undefined, before: number): number =>
    seconds === undefined || seconds < TIMING.maxRt.least || seconds > TIMING.maxRt.most ? before : seconds;
  const solMaxRtSeconds = sound(options.solMaxRtSeconds, state.solMaxRtSeconds);
  const infMaxRtSeconds = sound(options.infMaxRtSeconds, state.infMaxRtSeconds);
  const same = solMaxRtSeconds === state.solMaxRtSeconds && infMaxRtSeconds === state.infMaxRtSeconds;
  return same ? state : { ...state, solMaxRtSeconds, infMaxRtSeconds };
}

/** Offers are collected until the first timeout; after it the first one is taken (RFC 9915 §18.2.1). */
function advertised(state: ClientState, phase: Soliciting, { message, serverId, answer }: Heard, at: Moment): Result {
  const refusal = refusalOf(message);
  const offer = offerIn(state.config, message, answer);
  if (refusal !== undefined || offer === undefined) return ignore(state, ...(refusal === undefined ? orNothingGranted(answer) : [refusal]));
  const offers = [...phase.offers.filter((other) => other.serverId !== serverId), offer].slice(-LIMITS.offersCollected);
  const isEnough = phase.exchange.sentCount > 1 || offer.preference === TAKEN_AT_ONCE || (state.config.pace === "fast" && offer.complete);
  const collected: Result = { state: { ...state, phase: { ...phase, offers } }, effects: ignoredParts(answer) };
  return isEnough ? then(collected, (next) => chosen(next, offer, offers, phase.held, at)) : collected;
}

/** The offer that made us stop waiting goes first: the others had their time. */
function chosen(state: ClientState, offer: Offer, offers: readonly Offer[], held: Lease | undefined, at: Moment): Result {
  const others = offers.filter((other) => other !== offer);
  return request(state, { exchange: newExchange(at), offer, others, held }, at);
}

function replied(state: ClientState, phase: Talking, heard: Heard, at: Moment): Result {
  const { message, serverId } = heard;
  if (phase.kind === "soliciting" && !state.config.rapidCommit) return ignore(state, "unexpected-type");
  if (phase.kind === "soliciting" && message.options.rapidCommit === undefined) return ignore(state, "rapid-commit-missing");
  if (serverId !== (expectedServer(phase) ?? serverId)) return ignore(state, "server-mismatch");
  const refusal = refusalOf(message);
  if ("given" in phase) return handedOver(state, phase, at);
  if (phase.kind === "informing") return refusal === undefined ? informed(state, phase, heard, at) : ignore(state, refusal);
  if (refusal !== undefined) return refused(state, phase, serverId, refusal, at);
  if (phase.kind === "rebooting" && isConfirmed(phase.held) && !hasIas(message)) return confirmed(state, phase.held, at);
  return leased(state, phase, heard, at);
}

function expectedServer(phase: Talking): Duid | undefined {
  switch (phase.kind) {
    case "requesting":
      return phase.offer.serverId;
    case "renewing":
      return phase.held.serverId;
    case "releasing":
    case "declining":
      return phase.given.serverId;
    default:
      return undefined;
  }
}

function hasIas({ options }: Dhcp6ClientMessage): boolean {
  return options.iaNa !== undefined || options.iaPd !== undefined;
}

/** A Reply to a Confirm: our addresses belong to this link, and nothing is new about them (RFC 9915 §18.2.10.2). */
function confirmed(state: ClientState, held: Lease, at: Moment): Result {
  return unchanged({ ...state, failuresInRow: 0, phase: { kind: "bound", held, retryAt: retryAt(state, held, at) } });
}

function leased(state: ClientState, phase: Leasing, heard: Heard, at: Moment): Result {
  const { serverId, answer } = heard;
  const isFirst = phase.kind === "soliciting" || phase.kind === "requesting";
  const isUnbound = answer.verdicts.some((verdict) => verdict.result === "refused" && verdict.reason === "no-binding");
  const isGranted = answer.verdicts.some(({ result }) => result === "granted");
  if (!isGranted && phase.kind === "requesting") return then(noted(state, answer), (next) => askNext(next, phase.others, phase.held, at));
  if (!isGranted && (isFirst || !isUnbound)) return ignore(state, ...orNothingGranted(answer));
  const taken = isGranted ? granted(state, phase, heard, at) : unchanged(state);
  const whole = then(noted(state, answer), () => taken);
  return isUnbound && !isFirst ? then(whole, (next) => boundAnew(next, serverId, at)) : whole;
}

/** A refusal of the whole message. UnspecFail is asked again in its time (RFC 9915 §18.2.10). */
function refused(state: ClientState, phase: Leasing, serverId: Duid, reason: IgnoreReason, at: Moment): Result {
  const told = ignore(state, reason);
  if (reason === "unspecified-failure" || phase.kind === "soliciting") return told;
  if (phase.kind === "requesting") return then(told, (next) => askNext(next, phase.others, phase.held, at));
  if (reason === "not-on-link" && phase.kind === "rebooting" && isConfirmed(phase.held)) return then(told, (next) => withdrawn(next, phase, at));
  return reason === "no-binding" ? then(told, (next) => boundAnew(next, serverId, at)) : told;
}

/** The server knows nothing of what we hold: it is asked for it again (RFC 9915 §18.2.10.1). */
function boundAnew(state: ClientState, serverId: Duid, at: Moment): Result {
  const { held } = state.phase;
  return request(state, { exchange: newExchange(at), offer: { serverId, preference: 0, complete: false, granted: [] }, others: [], held }, at);
}

function granted(state: ClientState, phase: Leasing, { message, serverId, answer }: Heard, at: Moment): Result {
  const { wishes } = state.config;
  const isExtension = phase.kind === "renewing" || phase.kind === "rebinding";
  const lease = merged(phase.held, { wishes, verdicts: answer.verdicts, message, serverId, unmentioned: isExtension ? "kept" : "replaced" }, at);
  if (lease === undefined) return withdrawn(state, phase, at);
  const isFirst = phase.kind === "soliciting" || phase.kind === "requesting";
  if (!isFirst && isOverdue(lease, at.now)) return tellLease({ ...state, phase: { ...phase, held: lease } }, lease, phase.held);
  const held = postponed(lease, after(at.now, TIMING.retrySeconds), at.now);
  return tellLease({ ...state, failuresInRow: 0, phase: { kind: "bound", held, retryAt: retryAt(state, held, at) } }, held, phase.held);
}

/** When what nobody granted is asked for again. */
export function retryAt({ config }: ClientState, held: Lease, at: Moment): Instant {
  return after(at.now, isMissing(held, config.wishes) ? TIMING.retrySeconds : INFINITE_SECONDS);
}

/** What a server tells without a lease; it is asked again in its time (RFC 9915 §18.2.10.4, §21.23). */
function informed(state: ClientState, phase: Extract<Phase, { kind: "informing" }>, { message, serverId }: Heard, at: Moment): Result {
  const told = toldIn(message, serverId);
  const { held } = phase;
  if (held !== undefined) {
    const lease = { ...held, ...told, serverId: held.serverId };
    return tellLease({ ...state, phase: { kind: "bound", held: lease, retryAt: retryAt(state, lease, at) } }, lease, held);
  }
  const { standardSeconds, leastSeconds } = TIMING.refresh;
  const refreshAt = after(at.now, Math.max(leastSeconds, message.options.informationRefreshSeconds ?? standardSeconds));
  return {
    state: { ...state, failuresInRow: 0, phase: { kind: "informed", told, refreshAt, held: undefined } },
    effects: [{ kind: "informed", told }],
  };
}

/** Every lifetime was 0, and there is nothing in its place: what was held is not ours from now on (RFC 9915 §18.2.10.1). */
function withdrawn(state: ClientState, phase: Leasing, at: Moment): Result {
  const { held } = phase;
  if (held === undefined && phase.kind === "soliciting") return ignore(state, "nothing-granted");
  const lost: Result = { state, effects: held === undefined ? [] : [{ kind: "lost", lease: held, reason: "withdrawn" }, { kind: "forget" }] };
  if (phase.kind === "requesting") return then(lost, (next) => askNext(next, phase.others, undefined, at));
  return then(lost, (next) => begin(next, undefined, at));
}

function tellLease(state: ClientState, lease: Lease, previous: Lease | undefined): Result {
  return {
    state,
    effects: [
      { kind: "delegated", lease, previous },
      { kind: "persist", lease },
    ],
  };
}

function noted(state: ClientState, answer: Answer): Result {
  return { state, effects: ignoredParts(answer) };
}

function ignoredParts({ passedOver }: Answer): readonly ClientEffect[] {
  return passedOver.map((reason) => ({ kind: "ignored", reason }));
}

function orNothingGranted({ passedOver }: Answer): readonly IgnoreReason[] {
  return passedOver.length === 0 ? ["nothing-granted"] : passedOver;
}
