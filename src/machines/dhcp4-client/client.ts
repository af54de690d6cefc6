/** The DHCPv4 client: RFC 2131 §4.4 with the corrections of RFC 6842 and a pause after NAKs. Pure: see `machine.ts`. */
import { absurd } from "../../base/errors.ts";
import { type Ipv4Address, UNSPECIFIED_V4 } from "../../base/ipv4.ts";
import type { MacAddress } from "../../base/mac.ts";
import { same } from "../../base/same.ts";
import { after, type Moment } from "../../base/time.ts";
import type { Dhcp4Message } from "../../wire/dhcp4/message.ts";
import type { Machine, Stepped } from "../machine.ts";
import { leaseIn, offerIn, whyForeign } from "./judge.ts";
import { discover, requestExtension, requestOffer, requestStored } from "./messages.ts";
import { type ClientEffect, type ClientEvent, type ClientState, deadline, type Exchange, type Lease, type Phase, TRANSITIONS } from "./state.ts";
import { counted, firstExchange, nakPauseSeconds, sentAgain, sentUntil, TIMING } from "./timing.ts";

type Result = Stepped<ClientState, ClientEffect>;
type Requesting = Extract<Phase, { kind: "requesting" }>;

export const dhcp4Client: Machine<ClientState, ClientEvent, ClientEffect> = {
  name: "uplink4",
  step,
  deadline,
  phase: (state) => state.phase.kind,
  transitions: TRANSITIONS,
};

function step(state: ClientState, event: ClientEvent, at: Moment): Result {
  switch (event.kind) {
    case "link":
      return linkChanged(state, event.up, event.mac, at);
    case "removed":
      return removed(state);
    case "stored":
      return stored(state, event.lease, at);
    case "configure":
      return configured(state, event.config, at);
    case "received":
      return received(state, event.message, event.source, at);
    case "deadline":
      return due(state, at);
    default:
      return absurd(event);
  }
}

/** Link up revalidates what we hold or starts anew; link down keeps it, for the kernel ends it with its lifetime. */
function linkChanged(state: ClientState, up: boolean, mac: MacAddress, at: Moment): Result {
  const { phase } = state;
  const now = { ...state, mac };
  if (!up) return phase.kind === "down" ? { state: now, effects: [] } : { state: { ...now, phase: { kind: "down", held: phase.held } }, effects: [] };
  if (phase.kind !== "down" && mac === state.mac) return { state, effects: [] };
  return begin({ ...now, phase: { kind: "down", held: phase.held } }, phase.held, at);
}

function removed(state: ClientState): Result {
  const down: ClientState = { ...state, configured: false, phase: { kind: "down", held: undefined } };
  return { state: down, effects: dropped(state, "removed") };
}

/** A lease from disk counts only where nothing newer is known. */
function stored(state: ClientState, lease: Lease, at: Moment): Result {
  if (state.phase.held !== undefined || lease.expiresAt <= at.now) return { state, effects: [] };
  if (state.phase.kind === "down") return { state: { ...state, phase: { kind: "down", held: lease } }, effects: [] };
  return state.phase.kind === "selecting" ? begin(state, lease, at) : { state, effects: [] };
}

/** A new identity starts over; anything else takes effect with the next message. What we hold is applied again. */
function configured(state: ClientState, config: ClientState["config"], at: Moment): Result {
  const next = { ...state, config };
  const held = state.phase.held;
  const again: readonly ClientEffect[] =
    held !== undefined && state.configured && held.expiresAt > at.now ? [{ kind: "configure", lease: held, previous: held }] : [];
  const changed = !same([config.clientId, config.hostName], [state.config.clientId, state.config.hostName]);
  if (!changed || state.phase.kind === "down" || state.phase.kind === "backing-off") return { state: next, effects: again };
  const begun = begin(next, held, at);
  return { state: begun.state, effects: [...again, ...begun.effects] };
}

function received(state: ClientState, message: Dhcp4Message, source: Ipv4Address, at: Moment): Result {
  const { phase } = state;
  if (phase.kind === "down" || phase.kind === "bound" || phase.kind === "backing-off") return ignore(state, "unexpected-type");
  const foreign = whyForeign(state, phase.exchange, message, source);
  if (foreign !== undefined) return ignore(state, foreign);
  const type = message.options.messageType;
  if (phase.kind === "selecting") {
    const offer = offerIn(message);
    return typeof offer === "string"
      ? ignore(state, offer)
      : request(state, { held: phase.held, offer, requestedAt: at.now, exchange: { ...phase.exchange, sentCount: 0 } }, at);
  }
  if (phase.kind === "requesting" && message.options.serverId !== phase.offer.serverId) return ignore(state, "server-mismatch");
  if (type === "nak") return refused(state, at);
  if (type !== "ack") return ignore(state, "unexpected-type");
  if (phase.kind === "requesting" && message.yiaddr !== phase.offer.address) return ignore(state, "address-mismatch");
  if (phase.kind === "rebooting" && message.yiaddr !== phase.held.address) return ignore(state, "address-mismatch");
  const lease = leaseIn(message, phase.kind === "requesting" ? phase.requestedAt : phase.exchange.startedAt, at);
  return typeof lease === "string" ? ignore(state, lease) : bound(state, lease);
}

function bound(state: ClientState, lease: Lease): Result {
  const previous = state.configured ? state.phase.held : undefined;
  return {
    state: { ...state, naksInRow: 0, configured: true, phase: { kind: "bound", held: lease } },
    effects: [
      { kind: "configure", lease, previous },
      { kind: "persist", lease },
    ],
  };
}

/** A NAK ends the lease at once (RFC 2131 §4.4.1); the n-th in a row waits before it asks again. */
function refused(state: ClientState, at: Moment): Result {
  const naksInRow = state.naksInRow + 1;
  const effects = dropped(state, "nak");
  const pause = nakPauseSeconds(naksInRow);
  const next = { ...state, naksInRow, configured: false };
  if (pause > 0) return { state: { ...next, phase: { kind: "backing-off", until: after(at.now, pause), held: undefined } }, effects };
  const begun = select(next, undefined, firstExchange(at), at);
  return { state: begun.state, effects: [...effects, ...begun.effects] };
}

function due(state: ClientState, at: Moment): Result {
  const { phase } = state;
  if (at.now < deadline(state)) return { state, effects: [] };
  if (phase.held !== undefined && phase.held.expiresAt <= at.now) return expired(state, at);
  switch (phase.kind) {
    case "down":
      return { state, effects: [] };
    case "backing-off":
      return select(state, undefined, firstExchange(at), at);
    case "selecting":
      return select(state, phase.held, phase.exchange, at);
    case "requesting":
      return phase.exchange.sentCount >= TIMING.requestAttempts ? select(state, phase.held, firstExchange(at), at) : request(state, phase, at);
    case "rebooting":
      return phase.exchange.sentCount >= TIMING.rebootAttempts ? unconfirmed(state, phase.held, at) : reboot(state, phase.held, phase.exchange, at);
    case "bound":
      return extend(state, at.now >= phase.held.rebindAt ? "rebinding" : "renewing", phase.held, firstExchange(at), at);
    case "renewing":
      return extend(state, at.now >= phase.held.rebindAt ? "rebinding" : "renewing", phase.held, phase.exchange, at);
    case "rebinding":
      return extend(state, "rebinding", phase.held, phase.exchange, at);
    default:
      return absurd(phase);
  }
}

function expired(state: ClientState, at: Moment): Result {
  const effects = dropped(state, "expired");
  const next: ClientState = { ...state, configured: false };
  if (state.phase.kind === "down") return { state: { ...next, phase: { kind: "down", held: undefined } }, effects };
  const begun = select(next, undefined, firstExchange(at), at);
  return { state: begun.state, effects: [...effects, ...begun.effects] };
}

/**
 * No server spoke: an unexpired lease is used on, while we go on looking (RFC 2131 §3.2 step 4). It is applied even where it was:
 * a link that an administrator set down and up again has kept its address and lost its routes.
 */
function unconfirmed(state: ClientState, lease: Lease, at: Moment): Result {
  const begun = select({ ...state, configured: true }, lease, firstExchange(at), at);
  return { state: begun.state, effects: [{ kind: "configure", lease, previous: state.configured ? lease : undefined }, ...begun.effects] };
}

/** The alarm may be late, after a suspend: what has ended meanwhile goes first. */
function begin(state: ClientState, held: Lease | undefined, at: Moment): Result {
  if (held !== undefined && held.expiresAt > at.now) return reboot(state, held, firstExchange(at), at);
  const begun = select({ ...state, configured: false }, undefined, firstExchange(at), at);
  return held === undefined ? begun : { state: begun.state, effects: [...dropped(state, "expired"), ...begun.effects] };
}

function select(state: ClientState, held: Lease | undefined, before: Exchange, at: Moment): Result {
  const exchange = sentAgain(counted(before, at), state.config.retransmitSeconds, at);
  return sending(state, { kind: "selecting", held, exchange }, (mac) => discover({ config: state.config, mac }, exchange));
}

/** `secs` stays what the DISCOVER said (RFC 2131 §4.4.1). */
function request(state: ClientState, phase: Omit<Requesting, "kind">, at: Moment): Result {
  const exchange = sentAgain(phase.exchange, state.config.retransmitSeconds, at);
  return sending(state, { ...phase, kind: "requesting", exchange }, (mac) => requestOffer({ config: state.config, mac }, exchange, phase.offer));
}

function reboot(state: ClientState, held: Lease, before: Exchange, at: Moment): Result {
  const exchange = sentAgain(counted(before, at), state.config.retransmitSeconds, at);
  return sending(state, { kind: "rebooting", held, exchange }, (mac) => requestStored({ config: state.config, mac }, exchange, held));
}

function extend(state: ClientState, kind: "renewing" | "rebinding", held: Lease, before: Exchange, at: Moment): Result {
  const exchange = sentUntil(counted(before, at), kind === "renewing" ? held.rebindAt : held.expiresAt, at);
  const to = kind === "renewing" ? held.serverId : "broadcast";
  return sending(state, { kind, held, exchange }, (mac) => requestExtension({ config: state.config, mac }, exchange, held), to, held.address);
}

function sending(
  state: ClientState,
  phase: Phase,
  message: (mac: MacAddress) => Dhcp4Message,
  to: Ipv4Address | "broadcast" = "broadcast",
  from: Ipv4Address = UNSPECIFIED_V4,
): Result {
  if (state.mac === undefined) return { state, effects: [] };
  return {
    state: { ...state, phase },
    effects: [{ kind: "send", message: message(state.mac), to, from: to === "broadcast" ? UNSPECIFIED_V4 : from }],
  };
}

/**
 * What goes when the lease goes: the kernel's objects and the file. A lease from disk that nobody has confirmed may stand in the kernel
 * from an earlier life of this program, so it is taken out as well.
 */
function dropped(state: ClientState, reason: "expired" | "nak" | "removed"): readonly ClientEffect[] {
  const { held } = state.phase;
  const objects: readonly ClientEffect[] = held === undefined ? [] : [{ kind: "deconfigure", lease: held, reason }];
  const file: readonly ClientEffect[] = reason === "nak" || (reason === "expired" && held !== undefined) ? [{ kind: "forget" }] : [];
  return [...objects, ...file];
}

function ignore(state: ClientState, reason: Extract<ClientEffect, { kind: "ignored" }>["reason"]): Result {
  return { state, effects: [{ kind: "ignored", reason }] };
}
