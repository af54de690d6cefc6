/** What a server's answer leads to, in each phase that waits for one (RFC 2131 §4.4). */
import { after, type Instant, type Moment } from "../../base/time.ts";
import type { Dhcp4Message } from "../../wire/dhcp4/message.ts";
import { type Answer, ipv6OnlySecondsIn, leaseIn, offerIn, toldIn, whyForeign } from "./judge.ts";
import { linkLocalForbidden } from "./link-local.ts";
import { drop, granted, ignore, request, type Result, select, then } from "./moves.ts";
import type { ClientState, IgnoreReason, Offer, Phase } from "./state.ts";
import { firstExchange, nakPauseSeconds } from "./timing.ts";

type Selecting = Extract<Phase, { kind: "selecting" }>;
type Asking = Extract<Phase, { kind: "requesting" | "rebooting" | "renewing" | "rebinding" }>;

export function received(state: ClientState, answer: Answer, at: Moment): Result {
  const { phase } = state;
  if (!("exchange" in phase)) return ignore(state, "unexpected-type");
  const foreign = whyForeign(state, phase.exchange, answer);
  if (foreign !== undefined) return ignore(state, foreign);
  if (phase.kind === "selecting") return offered(state, phase, answer, at);
  return phase.kind === "informing" ? told(state, answer, at) : answered(state, phase, answer, at);
}

function offered(state: ClientState, phase: Selecting, answer: Answer, at: Moment): Result {
  const { message } = answer;
  const { messageType, autoConfigure } = message.options;
  if (messageType === "ack") return committed(state, phase, answer, at);
  const seconds = messageType === "offer" ? ipv6OnlySecondsIn(state, message) : undefined;
  if (seconds !== undefined) return withoutIpv4(state, seconds, at);
  const offer = usableOffer(state, phase, message);
  // RFC 2563 §2.3: nobody here is to choose an address by himself; an OFFER that says so may give none either
  const forbids = messageType === "offer" && autoConfigure === false ? linkLocalForbidden(state) : undefined;
  if (typeof offer === "string") return forbids ?? ignore(state, offer);
  return then(forbids ?? { state, effects: [] }, (next) => collected(next, phase, offer, at));
}

function usableOffer({ config, knownServer }: ClientState, { best }: Selecting, message: Dhcp4Message): Offer | IgnoreReason {
  const offer = offerIn(message);
  if (typeof offer === "string" || config.selectSeconds === 0 || offer.serverId === knownServer) return offer;
  return best === undefined ? offer : "worse-offer";
}

function collected(state: ClientState, phase: Selecting, offer: Offer, at: Moment): Result {
  const { config, knownServer } = state;
  if (config.selectSeconds === 0 || offer.serverId === knownServer) return take(state, phase, offer, at);
  return { state: { ...state, phase: { ...phase, best: offer, chooseAt: after(at.now, config.selectSeconds) } }, effects: [] };
}

/** The first acceptable OFFER, the known server's, or the one that was waited with. */
export function take(state: ClientState, phase: Selecting, offer: Offer, at: Moment): Result {
  return request(state, { held: phase.held, offer, requestedAt: at.now, exchange: { ...phase.exchange, sentCount: 0 } }, at);
}

/** RFC 4039 §3.1: an ACK to a DISCOVER, which must say that it is one. */
function committed(state: ClientState, { exchange }: Selecting, answer: Answer, at: Moment): Result {
  if (!state.config.rapidCommit) return ignore(state, "unexpected-type");
  if (answer.message.options.rapidCommit === undefined) return ignore(state, "no-rapid-commit");
  const seconds = ipv6OnlySecondsIn(state, answer.message);
  if (seconds !== undefined) return withoutIpv4(state, seconds, at);
  const lease = leaseIn(answer, exchange.sentAt, at);
  return typeof lease === "string" ? ignore(state, lease) : granted(state, lease, at);
}

function answered(state: ClientState, phase: Asking, answer: Answer, at: Moment): Result {
  const { messageType, serverId } = answer.message.options;
  const asked = phase.kind === "requesting" ? phase.offer.serverId : phase.kind === "renewing" ? phase.held.serverId : serverId;
  if (serverId !== asked) return ignore(state, "server-mismatch");
  if (messageType === "nak") return refused(state, at);
  if (messageType !== "ack") return ignore(state, "unexpected-type");
  const address = phase.kind === "requesting" ? phase.offer.address : phase.kind === "rebooting" ? phase.held.address : answer.message.yiaddr;
  if (answer.message.yiaddr !== address) return ignore(state, "address-mismatch");
  // while renewing the wish is only noted, for the next time this host comes to the link (RFC 8925 §3.2)
  const fresh = phase.kind === "requesting" || phase.kind === "rebooting";
  const seconds = fresh ? ipv6OnlySecondsIn(state, answer.message) : undefined;
  if (seconds !== undefined) return withoutIpv4(state, seconds, at);
  const lease = leaseIn(answer, phase.kind === "requesting" ? phase.requestedAt : countedFrom(phase), at);
  return typeof lease === "string" ? ignore(state, lease) : granted(state, lease, at);
}

/**
 * From the REQUEST that led to it (RFC 2131 §4.4.1): the first one where they follow each other within seconds, which is never too late; the
 * last one in RENEWING and REBINDING, for no answer is under way for the minute and more that lies between two of them.
 */
function countedFrom({ kind, exchange }: Asking): Instant {
  return kind === "renewing" || kind === "rebinding" ? exchange.sentAt : exchange.startedAt;
}

function told(state: ClientState, answer: Answer, at: Moment): Result {
  const { inform } = state.config;
  if (inform === undefined) return ignore(state, "unexpected-type");
  const lease = toldIn(answer, inform.address, inform.prefixLength, at);
  return typeof lease === "string" ? ignore(state, lease) : granted(state, lease, at);
}

/** A NAK ends the lease at once (RFC 2131 §4.4.1); the n-th in a row waits before it asks again. */
function refused(state: ClientState, at: Moment): Result {
  const naksInRow = state.naksInRow + 1;
  const pause = nakPauseSeconds(naksInRow);
  const dropped = drop({ ...state, naksInRow, lastNakAt: at.now }, "nak");
  if (pause === 0) return then(dropped, (next) => select(next, firstExchange(at), at));
  return { ...dropped, state: { ...dropped.state, phase: { kind: "backing-off", until: after(at.now, pause), why: "nak", held: undefined } } };
}

/** The network says that hosts do better without IPv4: nothing is asked for until the wait is over, or the link comes anew. */
function withoutIpv4(state: ClientState, seconds: number, at: Moment): Result {
  const dropped = drop(state, "ipv6-only");
  return { ...dropped, state: { ...dropped.state, phase: { kind: "ipv6-only", until: after(at.now, seconds), held: undefined } } };
}
