/** Whether an address is anybody else's: probes before it is used, announcements after, defence while it is (RFC 5227). */
import { type Ipv4Address, UNSPECIFIED_V4 } from "../../base/ipv4.ts";
import { after, type Moment, NEVER } from "../../base/time.ts";
import type { ArpPacket } from "../../wire/ip/arp.ts";
import type { ClientConfig } from "./config.ts";
import type { ClientEffect, ClientState, Defence, Probing } from "./state.ts";

type Patience = {
  readonly waitSeconds: number;
  readonly minSeconds: number;
  readonly maxSeconds: number;
  readonly announceWaitSeconds: number;
};
/** PROBE_WAIT, PROBE_MIN, PROBE_MAX, ANNOUNCE_WAIT of RFC 5227 §1.1; the fast ones suit links where a frame takes less than a millisecond. */
const PATIENCE: Readonly<Record<"fast" | "rfc", Patience>> = {
  fast: { waitSeconds: 0.02, minSeconds: 0.18, maxSeconds: 0.22, announceWaitSeconds: 0.2 },
  rfc: { waitSeconds: 1, minSeconds: 1, maxSeconds: 2, announceWaitSeconds: 2 },
};
const PROBES = 3;
const ANNOUNCEMENTS = 2;
const ANNOUNCE_INTERVAL_SECONDS = 2;
const DEFEND_INTERVAL_SECONDS = 10;
/** A socket that hears of the address comes within milliseconds; without one we go on unprobed. */
const WATCH_PATIENCE_SECONDS = 1;

export type Probed = { readonly probing: Probing; readonly effects: readonly ClientEffect[] } | "free";

export function beginProbing(address: Ipv4Address, at: Moment): Probing {
  return { address, watching: false, sentCount: 0, nextAt: after(at.now, WATCH_PATIENCE_SECONDS) };
}

/** Whose word of which address concerns us: that of the one we ask for, or of the one we defend. */
function concern({ phase, linkLocal, defence }: ClientState): Ipv4Address | undefined {
  if (phase.kind === "checking") return phase.probing.address;
  return linkLocal?.kind === "probing" ? linkLocal.probing.address : defence?.address;
}

/** What is listened for is a function of the state, so that no way out of a phase can forget it. */
export function listening(before: ClientState, after: ClientState): readonly ClientEffect[] {
  const address = concern(after);
  return address === concern(before) ? [] : [{ kind: "watch", address }];
}

/** We hear what others say: the first probe goes out a moment later, by chance. */
export function watching(probing: Probing, how: ClientConfig["conflictDetection"], at: Moment): Probing {
  return { ...probing, watching: true, nextAt: after(at.now, at.entropy.between(0, patience(how).waitSeconds)) };
}

/** @returns "free" when nobody has answered; also when nobody could be asked */
export function probe(probing: Probing, how: ClientConfig["conflictDetection"], at: Moment): Probed {
  if (!probing.watching || probing.sentCount >= PROBES) return "free";
  const { minSeconds, maxSeconds, announceWaitSeconds } = patience(how);
  const sentCount = probing.sentCount + 1;
  const pause = sentCount === PROBES ? announceWaitSeconds : at.entropy.between(minSeconds, maxSeconds);
  return {
    probing: { ...probing, sentCount, nextAt: after(at.now, pause) },
    effects: [{ kind: "arp", what: "probe", address: probing.address }],
  };
}

/** Somebody uses the address, or wants to at the same time (RFC 5227 §2.1.1). */
export function contests(packet: ArpPacket, address: Ipv4Address): boolean {
  const alsoProbes = packet.operation === "request" && packet.senderAddress === UNSPECIFIED_V4 && packet.targetAddress === address;
  return packet.senderAddress === address || alsoProbes;
}

/** The address is ours: said twice (RFC 5227 §2.3), through the socket that hears of it; where that is yet to come, a moment later. */
export function announce(
  address: Ipv4Address,
  watching: boolean,
  at: Moment,
): { readonly defence: Defence; readonly effects: readonly ClientEffect[] } {
  const defence = { address, announcementsLeft: ANNOUNCEMENTS, nextAt: after(at.now, WATCH_PATIENCE_SECONDS), attackedAt: undefined };
  return watching ? announceAgain(defence, at) : { defence, effects: [] };
}

/** Nothing was said of it yet. */
export function isUnsaid({ announcementsLeft }: Defence): boolean {
  return announcementsLeft === ANNOUNCEMENTS;
}

export function announceAgain(defence: Defence, at: Moment): { readonly defence: Defence; readonly effects: readonly ClientEffect[] } {
  const announcementsLeft = defence.announcementsLeft - 1;
  const nextAt = announcementsLeft > 0 ? after(at.now, ANNOUNCE_INTERVAL_SECONDS) : NEVER;
  return { defence: { ...defence, announcementsLeft, nextAt }, effects: [{ kind: "arp", what: "announcement", address: defence.address }] };
}

/** Said once that it is ours; whoever comes again within ten seconds has it (RFC 5227 §2.4 b). */
export function defend(defence: Defence, at: Moment): { readonly defence: Defence; readonly effects: readonly ClientEffect[] } | "lost" {
  const { attackedAt, address } = defence;
  if (attackedAt !== undefined && at.now - attackedAt < DEFEND_INTERVAL_SECONDS * 1000) return "lost";
  return { defence: { ...defence, attackedAt: at.now }, effects: [{ kind: "arp", what: "announcement", address }] };
}

function patience(how: ClientConfig["conflictDetection"]): Patience {
  return PATIENCE[how === "rfc" ? "rfc" : "fast"];
}
