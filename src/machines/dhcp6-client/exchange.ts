/** The conversations of a DHCPv6 client: how one begins, goes on and gives way to the next (RFC 9915 §18.2.1-§18.2.8, §18.2.12). */
import { type Instant, instant, type Moment } from "../../base/time.ts";
import type { Dhcp6ClientMessage } from "../../wire/dhcp6/message.ts";
import type { Stepped } from "../machine.ts";
import { byMerit } from "./judge.ts";
import { confirm, giveBack, inform, rebind, renew, request as requestMessage, type Speech, solicit } from "./messages.ts";
import type { ClientEffect, ClientState, Exchange, IgnoreReason, Lease, Offer, Phase } from "./state.ts";
import { desynchronised, elapsedHundredths, newExchange, pauseSeconds, sentAgain, spent, TIMING } from "./timing.ts";

export type Result = Stepped<ClientState, ClientEffect>;
/** Phases that ask for what is held already. */
export type Stage = "rebooting" | "renewing" | "rebinding";
type Requesting = Extract<Phase, { kind: "requesting" }>;
type Giving = Extract<Phase, { kind: "releasing" | "declining" }>;

/** One thing after the other, in one step. */
export function then(first: Result, next: (state: ClientState) => Result): Result {
  const second = next(first.state);
  return { state: second.state, effects: [...first.effects, ...second.effects] };
}

export function unchanged(state: ClientState): Result {
  return { state, effects: [] };
}

export function ignore(state: ClientState, ...reasons: readonly IgnoreReason[]): Result {
  return { state, effects: reasons.map((reason) => ({ kind: "ignored", reason })) };
}

/** Revalidates what is held, or looks for a server; the first message waits a chance time where the pace says so. */
export function begin(state: ClientState, held: Lease | undefined, at: Moment): Result {
  const { config } = state;
  if (held === undefined && config.start === "advertised" && !state.advertised) return waiting(state, { kind: "waiting", held });
  const delay = desynchronised(config.pace, at);
  const exchange = newExchange(at, delay);
  if (held !== undefined) return delay > 0 ? waiting(state, { kind: "rebooting", exchange, held }) : extend(state, "rebooting", held, exchange, at);
  if (config.wishes.length === 0) return delay > 0 ? waiting(state, { kind: "informing", exchange, held }) : ask(state, exchange, undefined, at);
  return delay > 0 ? waiting(state, { kind: "soliciting", exchange, offers: [], held }) : search(state, exchange, undefined, at);
}

/** One more Solicit. */
export function search(state: ClientState, before: Exchange, held: Lease | undefined, at: Moment): Result {
  const pace = { ...TIMING.solicit, mostSeconds: state.solMaxRtSeconds, isSolicit: true } as const;
  const exchange = sentAgain(before, pace, at);
  return sending(state, { kind: "soliciting", exchange, offers: [], held }, solicit(speech(state, before, at), held), at);
}

/** The best of these is asked for; when there is none, the search begins anew after a pause that grows (§14.1). */
export function askNext(state: ClientState, offers: readonly Offer[], held: Lease | undefined, at: Moment): Result {
  const [offer, ...others] = offers.toSorted(byMerit);
  if (offer !== undefined) return request(state, { exchange: newExchange(at), offer, others, held }, at);
  const failed = { ...state, failuresInRow: state.failuresInRow + 1 };
  const pause = pauseSeconds(failed);
  const exchange = newExchange(at, pause);
  return pause > 0 ? waiting(failed, { kind: "soliciting", exchange, offers: [], held }) : search(failed, exchange, held, at);
}

/** One more Request. */
export function request(state: ClientState, phase: Omit<Requesting, "kind">, at: Moment): Result {
  const exchange = sentAgain(phase.exchange, TIMING.request, at);
  const message = requestMessage(speech(state, phase.exchange, at), phase.offer, phase.held);
  return sending(state, { ...phase, kind: "requesting", exchange }, message, at);
}

/** One more Renew, Rebind or Confirm. */
export function extend(state: ClientState, kind: Stage, held: Lease, before: Exchange, at: Moment): Result {
  const pace = { renewing: TIMING.renew, rebinding: TIMING.rebind, rebooting: TIMING.reboot }[kind];
  const next = sentAgain(before, pace, at);
  const exchange = kind === "rebooting" ? { ...next, resendAt: sooner(next.resendAt, rebootEndsAt(next)) } : next;
  const say = kind === "renewing" ? renew : kind === "rebooting" && isConfirmed(held) ? confirm : rebind;
  return sending(state, { kind, exchange, held }, say(speech(state, before, at), held), at);
}

/** Addresses alone are confirmed; prefixes are bound anew (§18.2.12). */
export function isConfirmed({ delegations }: Lease): boolean {
  return delegations.every(({ kind }) => kind === "na");
}

/** One more Information-request. */
export function ask(state: ClientState, before: Exchange, held: Lease | undefined, at: Moment): Result {
  const exchange = sentAgain(before, { ...TIMING.information, mostSeconds: state.infMaxRtSeconds }, at);
  return sending(state, { kind: "informing", exchange, held }, inform(speech(state, before, at)), at);
}

/** One more Release or Decline. */
export function give(state: ClientState, phase: Giving, at: Moment): Result {
  const exchange = sentAgain(phase.exchange, TIMING.farewell, at);
  const message = giveBack(speech(state, phase.exchange, at), phase.kind === "releasing" ? "release" : "decline", phase.given);
  return sending(state, { ...phase, exchange }, message, at);
}

/** When a server's silence after a change of the link means that we go on as we were (CNF_MAX_RD). */
export function rebootEndsAt({ startedAt }: Exchange): Instant {
  return instant(startedAt + TIMING.reboot.wholeSeconds * 1000);
}

function speech({ config }: ClientState, before: Exchange, at: Moment): Speech {
  return { config, transactionId: before.transactionId, elapsedHundredths: elapsedHundredths(before, at) };
}

function waiting(state: ClientState, phase: Phase): Result {
  return unchanged({ ...state, phase });
}

/** A message too many counts as one that the network lost: it is sent again in its time. */
function sending(state: ClientState, phase: Phase, message: Dhcp6ClientMessage, at: Moment): Result {
  const allowance = spent(state.allowance, at);
  if (allowance === undefined) return ignore({ ...state, phase }, "rate-limited");
  return { state: { ...state, phase, allowance }, effects: [{ kind: "send", message }] };
}

function sooner(a: Instant, b: Instant): Instant {
  return a < b ? a : b;
}
