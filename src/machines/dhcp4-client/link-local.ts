/** An address of 169.254/16 while no server answers (RFC 3927): chosen by chance, asked for, held, defended, given up for a real one. */
import { type Ipv4Address, ipv4Of } from "../../base/ipv4.ts";
import { after, type Moment } from "../../base/time.ts";
import type { ArpPacket } from "../../wire/ip/arp.ts";
import type { Result } from "./moves.ts";
import { announce, beginProbing, contests, defend, probe, watching as listens } from "./probing.ts";
import type { ClientState, LinkLocal, Probing } from "./state.ts";
import { conflictPauseSeconds } from "./timing.ts";

/** 169.254.1.0 to 169.254.254.255: the first and last 256 are kept for later (RFC 3927 §2.1). */
const FIRST = 0xa9fe0100;
const COUNT = 0xfe00;

export function linkLocalDue(state: ClientState, at: Moment): Result {
  const { linkLocal } = state;
  if (linkLocal?.kind === "waiting") return choose(state, linkLocal.conflicts, at);
  if (linkLocal?.kind !== "probing") return { state, effects: [] };
  const probed = probe(linkLocal.probing, state.config.conflictDetection, at);
  if (probed === "free") return hold(state, linkLocal.probing, linkLocal.conflicts, at);
  return { state: { ...state, linkLocal: { ...linkLocal, probing: probed.probing } }, effects: probed.effects };
}

export function linkLocalWatched(state: ClientState, address: Ipv4Address, at: Moment): Result {
  const { linkLocal } = state;
  if (linkLocal?.kind !== "probing" || linkLocal.probing.address !== address) return { state, effects: [] };
  const probing = listens(linkLocal.probing, state.config.conflictDetection, at);
  return { state: { ...state, linkLocal: { ...linkLocal, probing } }, effects: [] };
}

/** @returns undefined when the packet says nothing of our address */
export function linkLocalContested(state: ClientState, packet: ArpPacket, at: Moment): Result | undefined {
  const { linkLocal, defence } = state;
  if (linkLocal?.kind === "probing" && contests(packet, linkLocal.probing.address)) return another(state, linkLocal, at);
  if (linkLocal?.kind !== "held" || packet.senderAddress !== linkLocal.address || defence === undefined) return undefined;
  const defended = defend(defence, at);
  if (defended !== "lost") return { state: { ...state, defence: defended.defence }, effects: defended.effects };
  const { state: next, effects } = another(state, linkLocal, at);
  return { state: { ...next, defence: undefined }, effects: [{ kind: "deconfigure", reason: "conflict" }, ...effects] };
}

/** The network wants no addresses that nobody gave (RFC 2563 §2.3). @returns undefined where there is none to give up */
export function linkLocalForbidden(state: ClientState): Result | undefined {
  if (state.linkLocal === undefined || state.linkLocal.kind === "forbidden") return undefined;
  const { state: bare, effects } = withoutLinkLocal(state);
  return { state: { ...bare, linkLocal: { kind: "forbidden" } }, effects };
}

/** An address that nobody gave goes. */
export function withoutLinkLocal(state: ClientState): Result {
  const own = state.linkLocal?.kind === "held";
  const defence = own ? undefined : state.defence;
  return { state: { ...state, linkLocal: undefined, defence }, effects: own ? [{ kind: "deconfigure", reason: "removed" }] : [] };
}

function choose(state: ClientState, conflicts: number, at: Moment): Result {
  const probing = beginProbing(ipv4Of(FIRST + (at.entropy.u32() % COUNT)), at);
  return { state: { ...state, linkLocal: { kind: "probing", probing, conflicts } }, effects: [] };
}

/** Another address at once; where ten were taken, a minute later (RFC 3927 §2.2.1). */
function another(state: ClientState, { conflicts }: Exclude<LinkLocal, { kind: "forbidden" }>, at: Moment): Result {
  const pause = conflicts >= 10 ? conflictPauseSeconds(conflicts) : 0;
  const linkLocal = { kind: "waiting", startsAt: after(at.now, pause), conflicts: conflicts + 1 } as const;
  return { state: { ...state, linkLocal }, effects: [] };
}

function hold(state: ClientState, { address, watching }: Probing, conflicts: number, at: Moment): Result {
  const { defence, effects } = announce(address, watching, at);
  return {
    state: { ...state, defence, linkLocal: { kind: "held", address, conflicts } },
    effects: [{ kind: "configure-link-local", address }, ...effects],
  };
}
