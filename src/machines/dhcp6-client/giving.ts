/** What we use no longer, or cannot use: the server is told, a few times (RFC 9915 §18.2.7, §18.2.8, §18.2.10.1). */
import { type Ipv6Address, ipv6Prefix } from "../../base/ipv6.ts";
import { after, type Moment } from "../../base/time.ts";
import { begin, extend, give, ignore, type Result, then, unchanged } from "./exchange.ts";
import { without } from "./lease.ts";
import type { ClientEffect, ClientState, Lease, Phase } from "./state.ts";
import { newExchange, pauseSeconds, TIMING } from "./timing.ts";

type Giving = Extract<Phase, { kind: "releasing" | "declining" }>;

/** Everything is given back; nothing of it is used from this moment on (§18.2.7). Afterwards we are silent until somebody says otherwise. */
export function release(state: ClientState, at: Moment): Result {
  const { phase } = state;
  const { held } = phase;
  if (held === undefined) return unchanged({ ...state, phase: { kind: "stopped", held: undefined } });
  const effects: readonly ClientEffect[] = [{ kind: "lost", lease: held, reason: "released" }, { kind: "forget" }];
  if (phase.kind === "down") return { state: { ...state, phase: { kind: "stopped", held: undefined } }, effects };
  return then({ state, effects }, (next) => give(next, { kind: "releasing", exchange: newExchange(at), given: held, held: undefined }, at));
}

/** Somebody else uses an address of ours: it goes, and the server learns why (§18.2.8). */
export function decline(state: ClientState, address: Ipv6Address, at: Moment): Result {
  const { phase } = state;
  const { held } = phase;
  const prefix = ipv6Prefix(address, 128);
  const ia = held?.delegations.find(({ kind, prefixes }) => kind === "na" && prefixes.some((one) => one.prefix === prefix));
  if (held === undefined || ia === undefined || !isSettled(phase)) return ignore(state, "nothing-to-act-on");
  const left = without(held, ia, prefix);
  const given: Lease = { ...held, delegations: [{ ...ia, prefixes: ia.prefixes.filter((one) => one.prefix === prefix) }] };
  const effects: readonly ClientEffect[] =
    left === undefined
      ? [{ kind: "lost", lease: held, reason: "conflict" }, { kind: "forget" }]
      : [
          { kind: "delegated", lease: left, previous: held },
          { kind: "persist", lease: left },
        ];
  const failed = { ...state, failuresInRow: state.failuresInRow + 1 };
  return then({ state: failed, effects }, (next) => give(next, { kind: "declining", exchange: newExchange(at), given, held: left }, at));
}

/** A server heard us, or nobody did often enough. */
export function handedOver(state: ClientState, phase: Giving, at: Moment): Result {
  if (phase.kind === "releasing") return unchanged({ ...state, phase: { kind: "stopped", held: undefined } });
  const { held } = phase;
  if (held === undefined) return searchLater(state, at);
  return extend(state, "renewing", held, newExchange(at), at);
}

/** One more time, or that was the last one. */
export function giveAgain(state: ClientState, phase: Giving, at: Moment): Result {
  return phase.exchange.sentCount < TIMING.farewell.attempts ? give(state, phase, at) : handedOver(state, phase, at);
}

/** A server that gives one taken address after the other is asked ever more slowly. */
function searchLater(state: ClientState, at: Moment): Result {
  const pause = pauseSeconds(state);
  if (pause === 0) return begin(state, undefined, at);
  const exchange = newExchange(at, pause);
  return unchanged({
    ...state,
    phase: { kind: "soliciting", exchange: { ...exchange, resendAt: after(at.now, pause) }, offers: [], held: undefined },
  });
}

/** A conversation that is under way goes first: the address will be judged again. */
function isSettled({ kind }: Phase): boolean {
  return kind === "bound" || kind === "renewing" || kind === "rebinding" || kind === "rebooting" || kind === "informing";
}
