/** The DHCPv6 client for delegated prefixes (RFC 9915 §18.2): one for an uplink, all its IA_PDs in one conversation. Pure: see `machine.ts`. */
import { absurd } from "../../base/errors.ts";
import { same } from "../../base/same.ts";
import type { Moment } from "../../base/time.ts";
import type { Machine } from "../machine.ts";
import { ask, askNext, begin, extend, ignore, rebootEndsAt, type Result, request, type Stage, search, then, unchanged } from "./exchange.ts";
import { decline, giveAgain, release } from "./giving.ts";
import type { ClientConfig } from "./config.ts";
import { isMissing, unexpired, wished } from "./lease.ts";
import { received, retryAt } from "./replies.ts";
import {
  type ClientEffect,
  type ClientEvent,
  type ClientState,
  deadline,
  type Lease,
  type LossReason,
  type Phase,
  rebindAt,
  renewAt,
  TRANSITIONS,
} from "./state.ts";
import { newExchange, TIMING } from "./timing.ts";

export const dhcp6Client: Machine<ClientState, ClientEvent, ClientEffect> = {
  name: "uplink6",
  step,
  deadline,
  phase: (state) => state.phase.kind,
  transitions: TRANSITIONS,
};

function step(state: ClientState, event: ClientEvent, at: Moment): Result {
  switch (event.kind) {
    case "link":
      return linkChanged(state, event.up, at);
    case "stored":
      return stored(state, event.lease, at);
    case "configure":
      return configured(state, event.config, at);
    case "received":
      return received(state, event.message, at);
    case "advertised":
      return advertised(state, at);
    case "conflict":
      return decline(state, event.address, at);
    case "reconfigure":
      return reconfigured(state, event.what, at);
    case "command":
      return commanded(state, event.verb, at);
    case "resumed":
      return isIdle(state) ? unchanged(state) : then(pruned(state, at), (next) => again(next, at));
    case "farewell":
      return state.config.releaseOnStop && state.phase.held !== undefined ? release(state, at) : unchanged(state);
    case "deadline":
      return due(state, at);
    default:
      return absurd(event);
  }
}

/** The host slept, or somebody asks: whether what is held still holds. A search that is under way goes on. */
function again(state: ClientState, at: Moment): Result {
  const { phase } = state;
  return phase.held === undefined && phase.kind !== "informed" ? unchanged(state) : begin(state, phase.held, at);
}

function isIdle({ phase }: ClientState): boolean {
  return phase.kind === "down" || phase.kind === "stopped" || phase.kind === "waiting" || phase.kind === "releasing";
}

/** A router says that DHCPv6 is there. */
function advertised(state: ClientState, at: Moment): Result {
  if (state.advertised) return unchanged(state);
  const next = { ...state, advertised: state.phase.kind !== "down" };
  return state.phase.kind === "waiting" ? begin(next, state.phase.held, at) : unchanged(next);
}

/** The server wants to be asked now (§18.2.11). One conversation at a time: while another one is under way there is nothing to do. */
function reconfigured(state: ClientState, what: "renew" | "rebind" | "informationRequest", at: Moment): Result {
  const { phase } = state;
  if (phase.kind === "informed" && what === "informationRequest") return ask(state, newExchange(at), undefined, at);
  if (phase.kind !== "bound") return ignore(state, "nothing-to-act-on");
  if (what === "informationRequest") return ask(state, newExchange(at), phase.held, at);
  return extend(state, what === "renew" ? "renewing" : "rebinding", phase.held, newExchange(at), at);
}

function commanded(state: ClientState, verb: "renew" | "release" | "reboot", at: Moment): Result {
  const { phase } = state;
  if (verb === "release") return phase.kind === "stopped" || phase.kind === "releasing" ? ignore(state, "nothing-to-act-on") : release(state, at);
  if (phase.kind === "down" || phase.kind === "declining") return ignore(state, "nothing-to-act-on");
  const alive = phase.held === undefined ? undefined : unexpired(phase.held, at.now);
  const renews = verb === "renew" && alive !== undefined && alive === phase.held && phase.kind !== "requesting" && phase.kind !== "soliciting";
  if (renews) return extend(state, stageAt(alive, at), alive, newExchange(at), at);
  return then(pruned(state, at), (next) => begin({ ...next, advertised: true }, next.phase.held, at));
}

/** Link up asks whether what we hold is still ours; link down keeps it until it ends by itself (§18.2.12). */
function linkChanged(state: ClientState, up: boolean, at: Moment): Result {
  const { phase } = state;
  if (up === (phase.kind !== "down")) return unchanged(state);
  if (!up) return unchanged({ ...state, advertised: false, phase: { kind: "down", held: phase.held } });
  return then(pruned(state, at), (next) => begin(next, next.phase.held, at));
}

/** A lease from disk counts only where nothing newer is known. */
function stored(state: ClientState, lease: Lease, at: Moment): Result {
  const { phase, config } = state;
  const alive = unexpired(lease, at.now);
  const held = alive === undefined ? undefined : wished(alive, config.wishes);
  if (phase.held !== undefined || held === undefined) return unchanged(state);
  if (phase.kind !== "down" && phase.kind !== "soliciting" && phase.kind !== "waiting") return unchanged(state);
  const known: Result = { state: { ...state, phase: { ...phase, held } }, effects: [{ kind: "delegated", lease: held, previous: undefined }] };
  return phase.kind === "down" ? known : then(known, (next) => begin(next, held, at));
}

/** Who we are and what we wish for starts a new conversation; anything else counts from the next message on. */
function configured(state: ClientState, config: ClientConfig, at: Moment): Result {
  const before = state.config;
  const { held } = state.phase;
  const kept = held === undefined || config.duid !== before.duid ? undefined : wished(held, config.wishes);
  const settled = leftWith({ ...state, config }, kept, "removed");
  const isAsSaid = config.duid === before.duid && config.start === before.start && same(iasOf(config), iasOf(before));
  return isIdleFor(state, config) || isAsSaid ? settled : then(settled, (next) => askedAnew(next, at));
}

function iasOf({ wishes }: ClientConfig): readonly string[] {
  return wishes.map(({ kind, iaid }) => `${kind} ${iaid}`).toSorted();
}

/** What waits for a router waits no longer when it need not. */
function isIdleFor(state: ClientState, { start }: ClientConfig): boolean {
  return isIdle(state) && !(state.phase.kind === "waiting" && start === "at-once");
}

function askedAnew(state: ClientState, at: Moment): Result {
  const { phase, config } = state;
  if (phase.kind === "renewing" || phase.kind === "rebinding" || phase.kind === "rebooting")
    return extend(state, phase.kind, phase.held, newExchange(at), at);
  if (phase.kind !== "bound") return begin(state, phase.held, at);
  return isMissing(phase.held, config.wishes) ? extend(state, "renewing", phase.held, newExchange(at), at) : unchanged(state);
}

/** The alarm may be late, after a suspend: what has ended meanwhile goes first. */
function due(state: ClientState, at: Moment): Result {
  if (at.now < deadline(state)) return unchanged(state);
  return then(pruned(state, at), (next) => (at.now < deadline(next) ? unchanged(next) : alarmed(next, at)));
}

function alarmed(state: ClientState, at: Moment): Result {
  const { phase } = state;
  switch (phase.kind) {
    case "down":
    case "stopped":
    case "waiting":
      return unchanged(state);
    case "informing":
      if (phase.held !== undefined && at.now >= renewAt(phase.held)) return extend(state, stageAt(phase.held, at), phase.held, newExchange(at), at);
      return ask(state, phase.exchange, phase.held, at);
    case "informed":
      return ask(state, newExchange(at), undefined, at);
    case "releasing":
    case "declining":
      return giveAgain(state, phase, at);
    case "soliciting":
      return phase.offers.length > 0 ? askNext(state, phase.offers, phase.held, at) : search(state, phase.exchange, phase.held, at);
    case "requesting":
      return phase.exchange.sentCount < TIMING.request.attempts ? request(state, phase, at) : askNext(state, phase.others, phase.held, at);
    case "rebooting": {
      const isOver = phase.exchange.sentCount > 0 && at.now >= rebootEndsAt(phase.exchange);
      return isOver ? unconfirmed(state, phase.held, at) : extend(state, "rebooting", phase.held, phase.exchange, at);
    }
    case "bound":
      return extend(state, stageAt(phase.held, at), phase.held, newExchange(at), at);
    case "renewing":
      if (at.now >= rebindAt(phase.held)) return extend(state, "rebinding", phase.held, newExchange(at), at);
      return extend(state, "renewing", phase.held, phase.exchange, at);
    case "rebinding":
      return extend(state, "rebinding", phase.held, phase.exchange, at);
    default:
      return absurd(phase);
  }
}

function stageAt(held: Lease, at: Moment): Exclude<Stage, "rebooting"> {
  return at.now >= rebindAt(held) ? "rebinding" : "renewing";
}

/** Nobody spoke: what we hold is used on with the lifetimes we know (§18.2.12); T1 and T2 come when they come. */
function unconfirmed(state: ClientState, held: Lease, at: Moment): Result {
  return unchanged({ ...state, phase: { kind: "bound", held, retryAt: retryAt(state, held, at) } });
}

/** What has ended goes, one prefix at a time; when it was the last one, the search begins anew. */
function pruned(state: ClientState, at: Moment): Result {
  const { held } = state.phase;
  const left = leftWith(state, held === undefined ? undefined : unexpired(held, at.now), "expired");
  return !isIdle(state) && left.state.phase.kind === "down" ? then(left, (next) => begin(next, undefined, at)) : left;
}

/** The same phase with a part of what was held. With nothing left a phase that lives of it is over: what comes is up to the caller. */
function leftWith(state: ClientState, left: Lease | undefined, reason: LossReason): Result {
  const { phase } = state;
  const { held } = phase;
  if (held === undefined || left === held) return unchanged(state);
  const effects: readonly ClientEffect[] =
    left === undefined
      ? [{ kind: "lost", lease: held, reason }, { kind: "forget" }]
      : [
          { kind: "delegated", lease: left, previous: held },
          { kind: "persist", lease: left },
        ];
  if (left !== undefined) return { state: { ...state, phase: { ...phase, held: left } }, effects };
  const next: Phase = livesOf(phase) ? { kind: "down", held: undefined } : { ...phase, held: undefined };
  return { state: { ...state, phase: next }, effects };
}

/** Phases that are about what is held. */
function livesOf(phase: Phase): phase is Extract<Phase, { kind: "down" | "rebooting" | "bound" | "renewing" | "rebinding" | "informing" }> {
  return ["down", "rebooting", "bound", "renewing", "rebinding", "informing"].includes(phase.kind);
}
