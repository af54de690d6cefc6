/** The DHCPv6 client for delegated prefixes (RFC 9915 §18.2): one for an uplink, all its IA_PDs in one conversation. Pure: see `machine.ts`. */
import { absurd } from "../../base/errors.ts";
import { same } from "../../base/same.ts";
import { after, INFINITE_SECONDS, type Moment } from "../../base/time.ts";
import type { Machine } from "../machine.ts";
import { askNext, begin, extend, type Result, rebootEndsAt, request, type Stage, search, then } from "./exchange.ts";
import { isMissing, unexpired, wished } from "./lease.ts";
import { received } from "./replies.ts";
import {
  type ClientConfig,
  type ClientEffect,
  type ClientEvent,
  type ClientState,
  deadline,
  type Lease,
  type LossReason,
  rebindAt,
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
    case "deadline":
      return due(state, at);
    default:
      return absurd(event);
  }
}

/** Link up asks whether what we hold is still ours; link down keeps it until it ends by itself (§18.2.12). */
function linkChanged(state: ClientState, up: boolean, at: Moment): Result {
  const { phase } = state;
  if (up === (phase.kind !== "down")) return { state, effects: [] };
  if (!up) return { state: { ...state, phase: { kind: "down", held: phase.held } }, effects: [] };
  return then(pruned(state, at), (next) => begin(next, next.phase.held, at));
}

/** A lease from disk counts only where nothing newer is known. */
function stored(state: ClientState, lease: Lease, at: Moment): Result {
  const { phase, config } = state;
  const alive = unexpired(lease, at.now);
  const held = alive === undefined ? undefined : wished(alive, config.wishes);
  if (phase.held !== undefined || held === undefined) return { state, effects: [] };
  if (phase.kind !== "down" && phase.kind !== "soliciting") return { state, effects: [] };
  const known: Result = { state: { ...state, phase: { ...phase, held } }, effects: [{ kind: "delegated", lease: held, previous: undefined }] };
  return phase.kind === "down" ? known : then(known, (next) => begin(next, held, at));
}

/** Who we are and what we wish for starts a new conversation; anything else counts from the next message on. */
function configured(state: ClientState, config: ClientConfig, at: Moment): Result {
  const before = state.config;
  const { held } = state.phase;
  const kept = held === undefined || config.duid !== before.duid ? undefined : wished(held, config.wishes);
  const settled = leftWith({ ...state, config }, kept, "removed");
  const iaids = (of: ClientConfig): readonly number[] => of.wishes.map(({ iaid }) => iaid).toSorted((a, b) => a - b);
  if (state.phase.kind === "down" || (config.duid === before.duid && same(iaids(config), iaids(before)))) return settled;
  return then(settled, (next) => askedAnew(next, at));
}

function askedAnew(state: ClientState, at: Moment): Result {
  const { phase, config } = state;
  if (phase.held === undefined || phase.kind === "down" || phase.kind === "soliciting" || phase.kind === "requesting")
    return begin(state, phase.held, at);
  if (phase.kind !== "bound") return extend(state, phase.kind, phase.held, newExchange(at), at);
  return isMissing(phase.held, config.wishes) ? extend(state, "renewing", phase.held, newExchange(at), at) : { state, effects: [] };
}

/** The alarm may be late, after a suspend: what has ended meanwhile goes first. */
function due(state: ClientState, at: Moment): Result {
  if (at.now < deadline(state)) return { state, effects: [] };
  return then(pruned(state, at), (next) => (at.now < deadline(next) ? { state: next, effects: [] } : alarmed(next, at)));
}

function alarmed(state: ClientState, at: Moment): Result {
  const { phase } = state;
  switch (phase.kind) {
    case "down":
      return { state, effects: [] };
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
  const retryAt = after(at.now, isMissing(held, state.config.wishes) ? TIMING.retrySeconds : INFINITE_SECONDS);
  return { state: { ...state, phase: { kind: "bound", held, retryAt } }, effects: [] };
}

/** What has ended goes, one prefix at a time; when it was the last one, the search begins anew. */
function pruned(state: ClientState, at: Moment): Result {
  const { held, kind } = state.phase;
  const left = leftWith(state, held === undefined ? undefined : unexpired(held, at.now), "expired");
  return kind !== "down" && left.state.phase.kind === "down" ? then(left, (next) => begin(next, undefined, at)) : left;
}

/** The same phase with a part of what was held. With nothing left a phase that lives of it is over: what comes is up to the caller. */
function leftWith(state: ClientState, left: Lease | undefined, reason: LossReason): Result {
  const { phase } = state;
  const { held } = phase;
  if (held === undefined || left === held) return { state, effects: [] };
  const effects: readonly ClientEffect[] =
    left === undefined
      ? [{ kind: "lost", lease: held, reason }, { kind: "forget" }]
      : [
          { kind: "delegated", lease: left, previous: held },
          { kind: "persist", lease: left },
        ];
  if (left !== undefined) return { state: { ...state, phase: { ...phase, held: left } }, effects };
  const searching = phase.kind === "soliciting" || phase.kind === "requesting";
  return { state: { ...state, phase: searching ? { ...phase, held: undefined } : { kind: "down", held: undefined } }, effects };
}
