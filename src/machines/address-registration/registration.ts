/** The machine that tells servers of addresses (RFC 9686 §4): one for an uplink, beside its DHCPv6 client. Pure: see `machine.ts`. */
import { absurd } from "../../base/errors.ts";
import { isRoutableV6, type Ipv6Address } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import { same } from "../../base/same.ts";
import { earliest, instant, type Moment, NEVER, secondsUntil } from "../../base/time.ts";
import { iaAddress } from "../../wire/dhcp6/leases.ts";
import { type Dhcp6ClientMessage, dhcp6 } from "../../wire/dhcp6/message.ts";
import type { Exchange } from "../dhcp6-client/state.ts";
import { elapsedHundredths, newExchange, sentAgain, spent } from "../dhcp6-client/timing.ts";
import type { Machine, Stepped } from "../machine.ts";
import {
  deadline,
  dueAt,
  type OwnAddress,
  phaseOf,
  type Registrable,
  type Registration,
  type RegistrationConfig,
  type RegistrationEffect,
  type RegistrationEvent,
  type RegistrationIgnoreReason,
  type RegistrationState,
  TRANSITIONS,
} from "./state.ts";
import { drawSpread, isNews, nextRefresh, TIMING } from "./timing.ts";

export const addressRegistration: Machine<RegistrationState, RegistrationEvent, RegistrationEffect> = {
  name: "address-registration",
  step,
  deadline,
  phase: phaseOf,
  transitions: TRANSITIONS,
};

type Result = Stepped<RegistrationState, RegistrationEffect>;
type Speaking = RegistrationState & { readonly phase: Extract<RegistrationState["phase"], { kind: "speaking" }> };

function step(state: RegistrationState, event: RegistrationEvent, at: Moment): Result {
  switch (event.kind) {
    case "link":
      return unchanged(isSpeaking(state) ? silenced(state) : state);
    case "server-willing":
      return isSpeaking(state) ? unchanged(state) : begin(state, at);
    case "configure":
      return configured(state, event.config, at);
    case "address-is":
      return addressIs(state, event, at);
    case "address-gone":
      return unchanged(without(state, event.address));
    case "received":
      return received(state, event, at);
    case "deadline":
      return due(state, at);
    default:
      return absurd(event);
  }
}

function silenced(state: RegistrationState): RegistrationState {
  const addresses = state.phase.addresses.map(({ address, preferredUntil, validUntil }) => ({ address, preferredUntil, validUntil }));
  return { ...state, phase: { kind: "silent", addresses } };
}

/** Every address that is in use is told at once (§4.4). */
function begin(state: RegistrationState, at: Moment): Result {
  const addresses = state.phase.addresses.filter(isValid(at)).map((own) => ({ ...own, registration: unheard(at) }));
  return spoken({ ...state, phase: { kind: "speaking", addresses, spread: drawSpread(at) } }, at);
}

/** Under another name everything is new to the servers. */
function configured(state: RegistrationState, config: RegistrationConfig, at: Moment): Result {
  if (same(config, state.config)) return unchanged(state);
  const renamed = { ...state, config };
  return isSpeaking(renamed) ? begin(silenced(renamed), at) : unchanged(renamed);
}

function addressIs(state: RegistrationState, { address, preferredUntil, validUntil }: OwnAddress, at: Moment): Result {
  const own = { address, preferredUntil, validUntil };
  const { addresses } = state.phase;
  if (!isRoutableV6(address) || !isValid(at)(own)) return unchanged(without(state, address));
  const isKnown = addresses.some((one) => one.address === address);
  if (!isKnown && addresses.length >= LIMITS.registeredAddresses) return ignored(state, "registration-too-many");
  if (!isSpeaking(state)) {
    const others = addresses.filter((one) => one.address !== address);
    return unchanged({ ...state, phase: { kind: "silent", addresses: [...others, own] } });
  }
  const { phase } = state;
  if (!isKnown) return spoken(withAddresses(state, [...phase.addresses, { ...own, registration: unheard(at) }]), at);
  return unchanged(
    withAddresses(
      state,
      phase.addresses.map((one) => (one.address === address ? planned({ ...one, ...own }, phase.spread, at) : one)),
    ),
  );
}

/** A change of an end that servers believe is told when its time has come; when it is back where it was, there is nothing to tell (§4.6.1). */
function planned(one: Registrable, spread: number, at: Moment): Registrable {
  const { registration, validUntil } = one;
  if (registration.kind !== "told") return one;
  const { toldUntil, nextAt, answered } = registration;
  if (validUntil === NEVER || !answered) return { ...one, registration: { ...registration, refreshAt: nextAt } };
  const refreshAt = isNews(validUntil, toldUntil, at) ? earliest(nextRefresh(validUntil, spread, at), nextAt) : NEVER;
  return { ...one, registration: { ...registration, refreshAt } };
}

/** §4.3. Everything is judged before anything changes. */
function received(state: RegistrationState, { message, to }: Extract<RegistrationEvent, { kind: "received" }>, at: Moment): Result {
  const awaited = isSpeaking(state) ? state.phase.addresses.find(({ registration }) => isAnsweredBy(registration, message)) : undefined;
  if (awaited === undefined || !isSpeaking(state)) return ignored(state, "registration-not-awaited");
  const { clientId, iaAddress: named = [] } = message.options;
  if (clientId !== undefined && clientId !== state.config.duid) return ignored(state, "registration-other-client");
  if (to !== awaited.address || named.length !== 1 || named[0]?.address !== to) return ignored(state, "registration-other-address");
  const { toldUntil, nextAt } = awaited.registration;
  const answered = planned(
    { ...awaited, registration: { kind: "told", toldUntil, nextAt, refreshAt: NEVER, answered: true } },
    state.phase.spread,
    at,
  );
  return unchanged(
    withAddresses(
      state,
      state.phase.addresses.map((one) => (one === awaited ? answered : one)),
    ),
  );
}

function isAnsweredBy(registration: Registration, { kind, transactionId }: Dhcp6ClientMessage): boolean {
  return kind === "addressRegistrationReply" && registration.kind === "informing" && registration.exchange.transactionId === transactionId;
}

/** What is due soon goes with what is due now (§4.6.3). What has ended is not told any more, and goes when the kernel says so. */
function due(state: RegistrationState, at: Moment): Result {
  if (!isSpeaking(state) || at.now < deadline(state)) return unchanged(state);
  const { addresses } = state.phase;
  const alive = addresses.filter(isValid(at));
  const isRefreshing = alive.some(({ registration }) => registration.kind === "told" && registration.refreshAt <= at.now);
  const until = instant(at.now + (isRefreshing ? TIMING.togetherSeconds * 1000 : 0));
  const ready = alive.map((one): Registrable => {
    const { registration } = one;
    if (registration.kind === "told") return registration.refreshAt <= until ? { ...one, registration: unheard(at) } : one;
    const { exchange, toldUntil, nextAt } = registration;
    if (exchange.resendAt > at.now || exchange.sentCount < TIMING.inform.attempts) return one;
    return { ...one, registration: { kind: "told", toldUntil, nextAt, refreshAt: nextAt, answered: false } };
  });
  return spoken(withAddresses(state, ready), at);
}

/** A new conversation whose first message is due. */
function unheard(at: Moment): Registration {
  return { kind: "informing", exchange: newExchange(at), toldUntil: at.now, nextAt: NEVER };
}

/** Sends whatever is due. A message too many counts as one that the network lost: it is sent again in its time. */
function spoken(state: Speaking, at: Moment): Result {
  const effects: RegistrationEffect[] = [];
  let { allowance } = state;
  const addresses = state.phase.addresses.map((one) => {
    const { registration } = one;
    if (registration.kind !== "informing" || dueAt(registration) > at.now) return one;
    const left = spent(allowance, at);
    allowance = left ?? allowance;
    if (left === undefined) effects.push({ kind: "ignored", reason: "registration-rate-limited" });
    else effects.push({ kind: "send", message: inform(state.config, one, registration.exchange, at), from: one.address });
    return told(one, registration, state.phase.spread, at);
  });
  return { state: { ...withAddresses(state, addresses), allowance }, effects };
}

/** Counted from the first message: those after it say the same, with what is left by then (§4.5). */
function told(one: Registrable, registration: Extract<Registration, { kind: "informing" }>, spread: number, at: Moment): Registrable {
  const exchange = sentAgain(registration.exchange, TIMING.inform, at);
  const nextAt = registration.exchange.sentCount === 0 ? nextRefresh(one.validUntil, spread, at) : registration.nextAt;
  return { ...one, registration: { kind: "informing", exchange, toldUntil: one.validUntil, nextAt } };
}

/** Without a server identifier and without an option request (§4.2, §4.2.1). */
function inform(
  { duid }: RegistrationConfig,
  { address, preferredUntil, validUntil }: OwnAddress,
  exchange: Exchange,
  at: Moment,
): Dhcp6ClientMessage {
  const validSeconds = secondsUntil(validUntil, at.now);
  const preferredSeconds = Math.min(validSeconds, secondsUntil(preferredUntil, at.now));
  return dhcp6({
    kind: "addressRegistrationInform",
    transactionId: exchange.transactionId,
    options: {
      clientId: duid,
      iaAddress: [iaAddress(address, { preferredSeconds, validSeconds })],
      elapsedHundredths: elapsedHundredths(exchange, at),
    },
  });
}

function isValid(at: Moment): (own: OwnAddress) => boolean {
  return ({ validUntil }) => validUntil > at.now;
}

function isSpeaking(state: RegistrationState): state is Speaking {
  return state.phase.kind === "speaking";
}

function withAddresses(state: Speaking, addresses: readonly Registrable[]): Speaking {
  return { ...state, phase: { ...state.phase, addresses } };
}

function without(state: RegistrationState, address: Ipv6Address): RegistrationState {
  const isOther = (one: OwnAddress): boolean => one.address !== address;
  if (isSpeaking(state)) return withAddresses(state, state.phase.addresses.filter(isOther));
  return { ...state, phase: { kind: "silent", addresses: state.phase.addresses.filter(isOther) } };
}

function unchanged(state: RegistrationState): Result {
  return { state, effects: [] };
}

function ignored(state: RegistrationState, reason: RegistrationIgnoreReason): Result {
  return { state, effects: [{ kind: "ignored", reason }] };
}
