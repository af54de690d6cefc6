/** Ways into a phase: what is sent, what the kernel and the disk are told, what is waited for. */
import { type Ipv4Address, UNSPECIFIED_V4 } from "../../base/ipv4.ts";
import type { MacAddress } from "../../base/mac.ts";
import { after, type Moment, NEVER } from "../../base/time.ts";
import type { Dhcp4Message } from "../../wire/dhcp4/message.ts";
import type { Stepped } from "../machine.ts";
import { decline, discover, inform, orderOf, release, requestExtension, requestOffer, requestStored, type Speaker } from "./messages.ts";
import { announce, beginProbing } from "./probing.ts";
import type { ClientEffect, ClientState, DropReason, Exchange, Lease, Phase, SendEffect } from "./state.ts";
import { conflictPauseSeconds, counted, firstExchange, sentAgain, sentUntil, TIMING } from "./timing.ts";

export type Result = Stepped<ClientState, ClientEffect>;
type Requesting = Extract<Phase, { kind: "requesting" }>;

export function ignore(state: ClientState, reason: Extract<ClientEffect, { kind: "ignored" }>["reason"]): Result {
  return { state, effects: [{ kind: "ignored", reason }] };
}

/** One result after another. */
export function then(first: Result, next: (state: ClientState) => Result): Result {
  const { state, effects } = next(first.state);
  return { state, effects: [...first.effects, ...effects] };
}

/** Starts, or starts over: asks whether what we hold still holds, or for something new. An alarm may be late, so what has ended goes first. */
export function begin(state: ClientState, at: Moment): Result {
  const { held } = state.phase;
  const { inform } = state.config;
  if (held !== undefined && held.expiresAt <= at.now) return then(drop(state, "expired"), (next) => begin(next, at));
  const foreign = held?.byHand === true ? held.address !== inform?.address : held !== undefined && inform !== undefined;
  if (foreign) return then(drop(state, "removed"), (next) => begin(next, at));
  if (inform !== undefined) return informed(state, firstExchange(at), at);
  // whether this is the same link as before nobody knows: an address asked for by name would tell who we are (RFC 7844 §3.5)
  return held === undefined || state.config.anonymous ? select(state, firstExchange(at), at) : reboot(state, held, firstExchange(at), at);
}

/** @param before continues that conversation: a fresh one has sent nothing yet */
export function select(state: ClientState, before: Exchange, at: Moment): Result {
  const exchange = sentAgain(counted(before, at), state.config.retransmitSeconds, at);
  const { phase, config } = state;
  const collected = phase.kind === "selecting" ? { best: phase.best, chooseAt: phase.chooseAt } : { best: undefined, chooseAt: NEVER };
  const waits = config.fallbackLinkLocal && state.linkLocal === undefined && phase.held === undefined;
  const startsAt = after(at.now, TIMING.linkLocalAfterSeconds);
  const next: ClientState = { ...state, linkLocal: waits ? { kind: "waiting", startsAt, conflicts: 0 } : state.linkLocal };
  return sending(next, { kind: "selecting", held: phase.held, exchange, ...collected }, (speaker) => discover(speaker, exchange));
}

/** `secs` stays what the DISCOVER said (RFC 2131 §4.4.1). */
export function request(state: ClientState, phase: Omit<Requesting, "kind">, at: Moment): Result {
  const exchange = sentAgain(phase.exchange, state.config.retransmitSeconds, at);
  return sending(state, { ...phase, kind: "requesting", exchange }, (speaker) => requestOffer(speaker, exchange, phase.offer));
}

export function reboot(state: ClientState, held: Lease, before: Exchange, at: Moment): Result {
  const exchange = sentAgain(counted(before, at), state.config.retransmitSeconds, at);
  return sending(state, { kind: "rebooting", held, exchange }, (speaker) => requestStored(speaker, exchange, held));
}

export function extend(state: ClientState, kind: "renewing" | "rebinding", held: Lease, before: Exchange, at: Moment): Result {
  const exchange = sentUntil(counted(before, at), kind === "renewing" ? held.rebindAt : held.expiresAt, at);
  const to = kind === "renewing" ? held.serverId : "broadcast";
  return sending(state, { kind, held, exchange }, (speaker) => requestExtension(speaker, exchange, held), { to, from: held.address });
}

export function informed(state: ClientState, before: Exchange, at: Moment): Result {
  const address = state.config.inform?.address ?? UNSPECIFIED_V4;
  const exchange = sentAgain(counted(before, at), state.config.retransmitSeconds, at);
  return sending(state, { kind: "informing", held: state.phase.held, exchange }, (speaker) => inform(speaker, exchange, address));
}

/** A lease was granted: it is used at once, or when nobody else turns out to use its address. */
export function granted(state: ClientState, lease: Lease, at: Moment): Result {
  const { config, phase, configured } = state;
  const inUse = configured && phase.held?.address === lease.address;
  // an address that stands alone on its link has no neighbours to ask (RFC 5227 §2.1 speaks of a shared one)
  if (config.conflictDetection === "off" || lease.byHand || lease.prefixLength === 32 || inUse) return bind(state, lease, at);
  const probing = beginProbing(lease.address, at);
  const linkLocal = state.linkLocal?.kind === "held" ? state.linkLocal : undefined;
  return { state: { ...state, linkLocal, defence: undefined, phase: { kind: "checking", lease, probing, held: phase.held } }, effects: [] };
}

export function bind(state: ClientState, lease: Lease, at: Moment): Result {
  const previous = state.configured ? state.phase.held : undefined;
  const sound = { naksInRow: 0, conflicts: 0, configured: true, knownServer: lease.serverId, linkLocal: undefined };
  const saying = announced(state, lease, at);
  return {
    state: { ...state, ...sound, defence: saying.defence, phase: { kind: "bound", held: lease } },
    effects: [{ kind: "configure", lease, previous }, ...saying.effects, ...(lease.byHand ? [] : [{ kind: "persist", lease } as const])],
  };
}

/** What is used is said and defended, where it is not already. */
function announced(
  state: ClientState,
  { address, byHand }: Lease,
  at: Moment,
): Pick<ReturnType<typeof announce>, "effects"> & Pick<ClientState, "defence"> {
  if (state.config.conflictDetection === "off" || byHand) return { defence: undefined, effects: [] };
  if (state.defence?.address === address) return { defence: state.defence, effects: [] };
  return announce(address, state.phase.kind === "checking" && state.phase.probing.watching, at);
}

/**
 * No server spoke: an unexpired lease is used on, while we go on looking (RFC 2131 §3.2 step 4). It is applied even where it was:
 * a link that an administrator set down and up again has kept its address and lost its routes.
 */
export function unconfirmed(state: ClientState, lease: Lease, at: Moment): Result {
  const saying = announced(state, lease, at);
  const used: Result = {
    state: { ...state, configured: true, linkLocal: undefined, defence: saying.defence },
    effects: [{ kind: "configure", lease, previous: state.configured ? lease : undefined }, ...saying.effects],
  };
  return then(used, (next) => select(next, firstExchange(at), at));
}

/**
 * What goes when the lease goes: the kernel's objects and, where it is over for good, the file. A lease from disk that nobody
 * has confirmed may stand in the kernel from an earlier life of this program, so it is taken out as well.
 */
export function drop(state: ClientState, reason: DropReason): Result {
  const objects = state.phase.held !== undefined || state.linkLocal?.kind === "held";
  const over = reason === "nak" || reason === "conflict" || reason === "released" || (reason === "expired" && objects);
  return {
    state: { ...state, configured: false, defence: undefined, linkLocal: undefined, phase: withoutLease(state.phase) },
    effects: [...(objects ? [{ kind: "deconfigure", reason } as const] : []), ...(over ? [{ kind: "forget" } as const] : [])],
  };
}

/** Somebody else uses the address: the server is told, and after a pause another one is asked for (RFC 2131 §3.1 step 5). */
export function declined(state: ClientState, lease: Lease, at: Moment): Result {
  const conflicts = state.conflicts + 1;
  const until = after(at.now, conflictPauseSeconds(conflicts));
  const said = spoken(state, (speaker) => decline(speaker, at.entropy.u32(), lease));
  const dropped = drop(state, "conflict");
  return {
    state: { ...dropped.state, conflicts, phase: { kind: "backing-off", until, why: "conflict", held: undefined } },
    effects: [...said, ...dropped.effects],
  };
}

/** Gives back what we hold and stays silent until somebody says otherwise, or the link comes anew. */
export function released(state: ClientState, at: Moment): Result {
  const { phase, configured } = state;
  const { held } = phase;
  const ours = configured && held?.byHand === false && phase.kind !== "down" ? held : undefined;
  const lease = phase.kind === "checking" ? phase.lease : ours;
  const said = lease === undefined ? [] : givenBack(state, lease, at);
  const dropped = drop(state, "released");
  return { state: { ...dropped.state, phase: { kind: "stopped", held: undefined } }, effects: [...said, ...dropped.effects] };
}

function givenBack(state: ClientState, lease: Lease, at: Moment): readonly SendEffect[] {
  const way = { to: lease.serverId, from: lease.address, direct: lease.serverMac };
  return spoken(state, (speaker) => release(speaker, at.entropy.u32(), lease), way);
}

type Way = { readonly to: Ipv4Address | "broadcast"; readonly from: Ipv4Address; readonly direct?: MacAddress | undefined };
const BROADCAST: Way = { to: "broadcast", from: UNSPECIFIED_V4 };

function sending(state: ClientState, phase: Phase, message: (speaker: Speaker) => Dhcp4Message, way: Way = BROADCAST): Result {
  return state.mac === undefined ? { state, effects: [] } : { state: { ...state, phase }, effects: spoken(state, message, way) };
}

function spoken({ config, mac }: ClientState, message: (speaker: Speaker) => Dhcp4Message, way: Way = BROADCAST): readonly SendEffect[] {
  if (mac === undefined) return [];
  const said = message({ config, mac });
  const from = way.to === "broadcast" ? UNSPECIFIED_V4 : way.from;
  return [{ kind: "send", message: said, order: orderOf(config, said.xid), to: way.to, from, direct: way.direct }];
}

/** The same phase with nothing held, for the moment until the next one. */
function withoutLease(phase: Phase): Phase {
  return phase.kind === "down" ? { kind: "down", held: undefined } : { kind: "stopped", held: undefined };
}
