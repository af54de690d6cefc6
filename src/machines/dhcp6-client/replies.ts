/** What an Advertise or a Reply changes (RFC 9915 §18.2.9, §18.2.10). */
import type { Duid } from "../../base/duid.ts";
import { LIMITS } from "../../base/limits.ts";
import { after, INFINITE_SECONDS, type Moment } from "../../base/time.ts";
import type { Dhcp6ClientMessage } from "../../wire/dhcp6/message.ts";
import { askNext, begin, type Result, request, then } from "./exchange.ts";
import { type Answer, answerIn, offerIn, refusalOf, whyForeign } from "./judge.ts";
import { isMissing, isOverdue, merged, postponed } from "./lease.ts";
import type { ClientEffect, ClientState, IgnoreReason, Lease, Offer, Phase } from "./state.ts";
import { newExchange, TIMING } from "./timing.ts";

type Talking = Exclude<Phase, { kind: "down" | "bound" }>;
type Soliciting = Extract<Phase, { kind: "soliciting" }>;
/** An answer that is for us, with what it says. */
type Heard = { readonly message: Dhcp6ClientMessage; readonly serverId: Duid; readonly answer: Answer };

const TAKEN_AT_ONCE = 255;

export function received(state: ClientState, message: Dhcp6ClientMessage, at: Moment): Result {
  const { phase } = state;
  if (phase.kind === "down" || phase.kind === "bound")
    return ignore(state, [message.kind === "reconfigure" ? "reconfigure-unauthenticated" : "unexpected-type"]);
  const foreign = whyForeign(state.config, phase.exchange.transactionId, message);
  const { serverId } = message.options;
  if (foreign !== undefined || serverId === undefined) return ignore(state, [foreign ?? "server-id-missing"]);
  const heard = { message, serverId, answer: answerIn(state.config, message) };
  const wiser = learned(state, message);
  if (message.kind === "reply") return replied(wiser, phase, heard, at);
  return phase.kind === "soliciting" ? advertised(wiser, phase, heard, at) : ignore(wiser, ["unexpected-type"]);
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
  if (refusal !== undefined || offer === undefined) return ignore(state, refusal === undefined ? orNothingGranted(answer) : [refusal]);
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
  const { message, serverId, answer } = heard;
  if (phase.kind === "soliciting" && !state.config.rapidCommit) return ignore(state, ["unexpected-type"]);
  if (phase.kind === "soliciting" && message.options.rapidCommit === undefined) return ignore(state, ["rapid-commit-missing"]);
  const expected = phase.kind === "requesting" ? phase.offer.serverId : phase.kind === "renewing" ? phase.held.serverId : serverId;
  if (serverId !== expected) return ignore(state, ["server-mismatch"]);
  const refusal = refusalOf(message);
  if (refusal !== undefined) return refused(state, phase, serverId, refusal, at);
  const isFirst = phase.kind === "soliciting" || phase.kind === "requesting";
  const isUnbound = answer.verdicts.some((verdict) => verdict.kind === "refused" && verdict.reason === "no-binding");
  const isGranted = answer.verdicts.some(({ kind }) => kind === "granted");
  if (!isGranted && phase.kind === "requesting") return then(noted(state, answer), (next) => askNext(next, phase.others, phase.held, at));
  if (!isGranted && (isFirst || !isUnbound)) return ignore(state, orNothingGranted(answer));
  const taken = isGranted ? granted(state, phase, heard, at) : { state, effects: [] };
  const whole = then(noted(state, answer), () => taken);
  return isUnbound && !isFirst ? then(whole, (next) => boundAnew(next, serverId, at)) : whole;
}

/** A refusal of the whole message. UnspecFail is asked again in its time (RFC 9915 §18.2.10). */
function refused(state: ClientState, phase: Talking, serverId: Duid, reason: IgnoreReason, at: Moment): Result {
  const told: Result = { state, effects: [{ kind: "ignored", reason }] };
  if (reason === "unspecified-failure" || phase.kind === "soliciting") return told;
  if (phase.kind === "requesting") return then(told, (next) => askNext(next, phase.others, phase.held, at));
  return reason === "no-binding" ? then(told, (next) => boundAnew(next, serverId, at)) : told;
}

/** The server knows nothing of what we hold: it is asked for it again (RFC 9915 §18.2.10.1). */
function boundAnew(state: ClientState, serverId: Duid, at: Moment): Result {
  const { held } = state.phase;
  return request(state, { exchange: newExchange(at), offer: { serverId, preference: 0, complete: false, granted: [] }, others: [], held }, at);
}

function granted(state: ClientState, phase: Talking, { message, serverId, answer }: Heard, at: Moment): Result {
  const { wishes } = state.config;
  const isExtension = phase.kind === "renewing" || phase.kind === "rebinding";
  const lease = merged(phase.held, { wishes, verdicts: answer.verdicts, message, serverId, unmentioned: isExtension ? "kept" : "replaced" }, at);
  if (lease === undefined) return withdrawn(state, phase, at);
  const isFirst = phase.kind === "soliciting" || phase.kind === "requesting";
  if (!isFirst && isOverdue(lease, at.now)) return told({ ...state, phase: { ...phase, held: lease } }, lease, phase.held);
  const retryAt = after(at.now, isMissing(lease, wishes) ? TIMING.retrySeconds : INFINITE_SECONDS);
  const held = postponed(lease, after(at.now, TIMING.retrySeconds), at.now);
  return told({ ...state, failuresInRow: 0, phase: { kind: "bound", held, retryAt } }, held, phase.held);
}

/** Every lifetime was 0, and there is nothing in its place: what was held is not ours from now on (RFC 9915 §18.2.10.1). */
function withdrawn(state: ClientState, phase: Talking, at: Moment): Result {
  const { held } = phase;
  if (held === undefined && phase.kind === "soliciting") return ignore(state, ["nothing-granted"]);
  const lost: Result = { state, effects: held === undefined ? [] : [{ kind: "lost", lease: held, reason: "withdrawn" }, { kind: "forget" }] };
  if (phase.kind === "requesting") return then(lost, (next) => askNext(next, phase.others, undefined, at));
  return then(lost, (next) => begin(next, undefined, at));
}

function told(state: ClientState, lease: Lease, previous: Lease | undefined): Result {
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

function ignore(state: ClientState, reasons: readonly IgnoreReason[]): Result {
  return { state, effects: reasons.map((reason) => ({ kind: "ignored", reason })) };
}
