/** The DHCPv4 client: RFC 2131 §4.4 with RFC 4039, 4702, 5227, 6842, 7844 and 8925. Pure: see `machine.ts`. */
import { absurd } from "../../base/errors.ts";
import type { MacAddress } from "../../base/mac.ts";
import { same } from "../../base/same.ts";
import { after, type Moment } from "../../base/time.ts";
import type { ArpPacket } from "../../wire/ip/arp.ts";
import type { Machine } from "../machine.ts";
import { received, take } from "./answers.ts";
import type { ClientConfig } from "./config.ts";
import { linkLocalContested, linkLocalDue, linkLocalWatched, withoutLinkLocal } from "./link-local.ts";
import { mayServe } from "./judge.ts";
import { ownClientId } from "./messages.ts";
import { begin, bind, declined, drop, extend, ignore, informed, reboot, released, request, type Result, select, then, unconfirmed } from "./moves.ts";
import { announceAgain, contests, defend, isUnsaid, listening, probe, watching } from "./probing.ts";
import { type ClientEffect, type ClientEvent, type ClientState, deadline, type Lease, type Phase, TRANSITIONS } from "./state.ts";
import { firstExchange, TIMING } from "./timing.ts";

type Checking = Extract<Phase, { kind: "checking" }>;

export const dhcp4Client: Machine<ClientState, ClientEvent, ClientEffect> = {
  name: "uplink4",
  step: (state, event, at) => {
    const { state: next, effects } = stepped(state, event, at);
    return { state: next, effects: [...listening(state, next), ...effects] };
  },
  deadline,
  phase: (state) => state.phase.kind,
  transitions: TRANSITIONS,
};

function stepped(state: ClientState, event: ClientEvent, at: Moment): Result {
  switch (event.kind) {
    case "link":
      return event.up ? linkUp(state, event.mac, event.crowd === true, at) : linkDown(state, event.mac);
    case "removed":
      return removed(state, "removed");
    case "stored":
      return stored(state, event.lease, at);
    case "configure":
      return configured(state, event.config, at);
    case "received":
      return received(state, event, at);
    case "watching":
      return watched(state, event.address, at);
    case "arp":
      return heard(state, event.packet, at);
    case "named":
      return { state: { ...state, config: { ...state.config, hostName: event.hostName } }, effects: [] };
    case "ipv6":
      return ipv6Is(state, event.connected, at);
    case "resumed":
      return isIdle(state) ? { state, effects: [] } : begin(state, at);
    case "command":
      return commanded(state, event.verb, at);
    case "farewell":
      return state.config.releaseOnStop && (state.phase.held !== undefined || state.phase.kind === "checking")
        ? released(state, at)
        : { state, effects: [] };
    case "deadline":
      return due(state, at);
    default:
      return absurd(event);
  }
}

/** Link up revalidates what we hold or starts anew; under a new identity it is kept while another one is asked for. */
function linkUp(state: ClientState, mac: MacAddress, crowd: boolean, at: Moment): Result {
  const { phase, config } = state;
  if (phase.kind !== "down") return mac === state.mac ? { state, effects: [] } : then(linkDown(state, mac), (down) => attached(down, mac, at));
  const delaySeconds = config.startDelaySeconds ?? (crowd ? TIMING.crowdDelaySeconds : 0);
  if (delaySeconds === 0) return attached(state, mac, at);
  const until = after(at.now, at.entropy.between(0, delaySeconds));
  return { state: { ...state, mac, phase: { kind: "backing-off", until, why: "start", held: phase.held } }, effects: [] };
}

function attached(state: ClientState, mac: MacAddress, at: Moment): Result {
  const { config, phase } = state;
  const another = state.mac !== undefined && ownClientId(config, mac) !== ownClientId(config, state.mac);
  const next = { ...state, mac };
  return another ? anew(next, phase.held, at) : begin(next, at);
}

/** Asks for another address and keeps what we hold meanwhile; one that was set by hand nobody else can give. */
function anew(state: ClientState, held: Lease | undefined, at: Moment): Result {
  const keeps = held !== undefined && held.expiresAt > at.now && state.config.inform === undefined && !held.byHand;
  return keeps ? select(state, firstExchange(at), at) : begin(state, at);
}

/**
 * What is held stays: the kernel ends it with its lifetime; nobody can be told of it, and once the link is back they are told anew. An
 * address that nobody gave us goes. The hardware address a lease was given to
 * is kept with it, so that another one is noticed when the link is back.
 */
function linkDown(before: ClientState, mac: MacAddress): Result {
  const state = before.phase.held === undefined && before.mac !== mac ? { ...before, mac } : before;
  if (state.phase.kind === "down") return { state, effects: [] };
  const { state: bare, effects } = withoutLinkLocal(state);
  return { state: { ...bare, defence: undefined, phase: { kind: "down", held: state.phase.held } }, effects };
}

function removed(state: ClientState, why: "removed" | "released"): Result {
  const { state: next, effects } = drop(state, why);
  return { state: { ...next, phase: { kind: "down", held: undefined } }, effects };
}

/** A lease from disk counts only where nothing newer is known. */
function stored(state: ClientState, lease: Lease, at: Moment): Result {
  const { phase, config } = state;
  if (phase.held !== undefined || lease.expiresAt <= at.now || config.inform !== undefined) return { state, effects: [] };
  if (phase.kind === "down" || (phase.kind === "backing-off" && phase.why === "start"))
    return { state: { ...state, phase: { ...phase, held: lease } }, effects: [] };
  return phase.kind === "selecting" && !config.anonymous ? reboot(state, lease, firstExchange(at), at) : { state, effects: [] };
}

/** A host that was told to do without IPv4 and has lost IPv6 would do without both. */
function ipv6Is(state: ClientState, connected: boolean, at: Moment): Result {
  const next = { ...state, ipv6Connected: connected };
  const stranded = !connected && state.phase.kind === "ipv6-only" && state.config.preferIpv6 === "when-connected";
  return stranded ? begin(next, at) : { state: next, effects: [] };
}

/** Keys that only say what is done with a lease: they ask for nothing new. */
const LOCAL = ["retransmitSeconds", "startDelaySeconds", "selectSeconds", "conflictDetection", "fallbackLinkLocal", "dscp", "releaseOnStop"] as const;

/**
 * By value: another identity asks for another address and keeps this one meanwhile; other options revalidate what we hold; the rest takes
 * effect from now on. What we hold is applied again either way, for main may have other wishes of the kernel.
 */
function configured(state: ClientState, config: ClientConfig, at: Moment): Result {
  const { phase, mac } = state;
  const { held } = phase;
  const { state: next, effects: gone } = config.fallbackLinkLocal
    ? { state: { ...state, config }, effects: [] }
    : withoutLinkLocal({ ...state, config });
  const again: readonly ClientEffect[] =
    held !== undefined && state.configured && held.expiresAt > at.now ? [{ kind: "configure", lease: held, previous: held }] : gone;
  const asks = (one: ClientConfig): ClientConfig => ({ ...one, ...Object.fromEntries(LOCAL.map((key) => [key, config[key]])) });
  if (same(asks(state.config), config) || isIdle(state) || phase.kind === "backing-off") return { state: next, effects: again };
  const byHand = !same(state.config.inform, config.inform);
  const another = mac !== undefined && ownClientId(state.config, mac) !== ownClientId(config, mac);
  const denied = held !== undefined && !mayServe(config, held.serverId);
  const applied: Result = { state: next, effects: again };
  if (byHand) return then({ state: next, effects: gone }, (bare) => then(drop(bare, "removed"), (none) => begin(none, at)));
  return then(applied, (after) => (another || denied ? anew(after, held, at) : begin(after, at)));
}

function watched(state: ClientState, address: Lease["address"], at: Moment): Result {
  const { phase, config, defence } = state;
  if (defence?.address === address && isUnsaid(defence)) {
    const { effects, ...said } = announceAgain(defence, at);
    return { state: { ...state, ...said }, effects };
  }
  if (phase.kind !== "checking" || phase.probing.address !== address || phase.probing.watching) return linkLocalWatched(state, address, at);
  return { state: { ...state, phase: { ...phase, probing: watching(phase.probing, config.conflictDetection, at) } }, effects: [] };
}

/** RFC 5227: an address that is asked for is declined, one that is held is defended once and then given up. */
function heard(state: ClientState, packet: ArpPacket, at: Moment): Result {
  const { phase, defence } = state;
  if (phase.kind === "checking") return contests(packet, phase.lease.address) ? declined(state, phase.lease, at) : ignore(state, "nothing-to-act-on");
  const { held } = phase;
  if (held === undefined || !state.configured) return linkLocalContested(state, packet, at) ?? ignore(state, "nothing-to-act-on");
  if (packet.senderAddress !== held.address || defence === undefined || phase.kind === "down") return ignore(state, "nothing-to-act-on");
  const defended = defend(defence, at);
  return defended === "lost" ? declined(state, held, at) : { state: { ...state, defence: defended.defence }, effects: defended.effects };
}

function commanded(state: ClientState, verb: "renew" | "release" | "reboot", at: Moment): Result {
  const { phase } = state;
  if (verb === "release" && phase.kind !== "stopped") return phase.kind === "down" ? removed(state, "released") : released(state, at);
  if (phase.kind === "down" || phase.kind === "checking" || verb === "release") return ignore(state, "nothing-to-act-on");
  const { held } = phase;
  const confirmed = phase.kind === "bound" || phase.kind === "renewing" || phase.kind === "rebinding";
  const renews = verb === "renew" && confirmed && held !== undefined && !held.byHand && held.expiresAt > at.now;
  // after T2 its server has been asked in vain, so that everybody is
  return renews ? extend(state, at.now >= held.rebindAt ? "rebinding" : "renewing", held, firstExchange(at), at) : begin(state, at);
}

function isIdle({ phase }: ClientState): boolean {
  return phase.kind === "down" || phase.kind === "stopped";
}

/** One matter at a time: what else is due rings again at once. */
function due(state: ClientState, at: Moment): Result {
  const { phase, defence } = state;
  if (at.now < deadline(state)) return { state, effects: [] };
  if (phase.held !== undefined && phase.held.expiresAt <= at.now) return expired(state, at);
  if (defence !== undefined && defence.nextAt <= at.now) {
    const { effects, ...said } = announceAgain(defence, at);
    return { state: { ...state, ...said }, effects };
  }
  const { linkLocal } = state;
  const waited = linkLocal?.kind === "waiting" ? linkLocal.startsAt : linkLocal?.kind === "probing" ? linkLocal.probing.nextAt : undefined;
  return waited !== undefined && waited <= at.now ? linkLocalDue(state, at) : phaseDue(state, at);
}

function phaseDue(state: ClientState, at: Moment): Result {
  const { phase } = state;
  switch (phase.kind) {
    case "down":
    case "stopped":
      return { state, effects: [] };
    case "backing-off":
    case "ipv6-only":
      return begin(state, at);
    case "selecting":
      return phase.best !== undefined && phase.chooseAt <= at.now ? take(state, phase, phase.best, at) : select(state, phase.exchange, at);
    case "requesting":
      return phase.exchange.sentCount >= TIMING.requestAttempts ? select(state, firstExchange(at), at) : request(state, phase, at);
    case "rebooting":
      return phase.exchange.sentCount >= TIMING.rebootAttempts ? unconfirmed(state, phase.held, at) : reboot(state, phase.held, phase.exchange, at);
    case "checking":
      return checked(state, phase, at);
    case "bound":
      return extend(state, at.now >= phase.held.rebindAt ? "rebinding" : "renewing", phase.held, firstExchange(at), at);
    case "renewing":
      return at.now >= phase.held.rebindAt
        ? extend(state, "rebinding", phase.held, firstExchange(at), at)
        : extend(state, "renewing", phase.held, phase.exchange, at);
    case "rebinding":
      return extend(state, "rebinding", phase.held, phase.exchange, at);
    case "informing":
      return informed(state, phase.exchange, at);
    default:
      return absurd(phase);
  }
}

function checked(state: ClientState, phase: Checking, at: Moment): Result {
  if (phase.lease.expiresAt <= at.now) return then(drop(state, "expired"), (next) => select(next, firstExchange(at), at));
  const probed = probe(phase.probing, state.config.conflictDetection, at);
  if (probed === "free") return bind(state, phase.lease, at);
  return { state: { ...state, phase: { ...phase, probing: probed.probing } }, effects: probed.effects };
}

function expired(state: ClientState, at: Moment): Result {
  const dropped = drop(state, "expired");
  if (state.phase.kind === "down") return { ...dropped, state: { ...dropped.state, phase: { kind: "down", held: undefined } } };
  if (state.phase.kind === "checking") return { ...dropped, state: { ...dropped.state, phase: { ...state.phase, held: undefined } } };
  return then(dropped, (next) => select(next, firstExchange(at), at));
}
