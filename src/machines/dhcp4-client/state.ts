/** What a DHCPv4 client knows in each phase, and nothing else (RFC 2131 §4.4). */
import type { Ipv4Address, Ipv4Prefix } from "../../base/ipv4.ts";
import type { MacAddress } from "../../base/mac.ts";
import { earliest, type Instant, NEVER } from "../../base/time.ts";
import type { Dhcp4Message } from "../../wire/dhcp4/message.ts";
import type { Dhcp4OptionName } from "../../wire/dhcp4/options.ts";
import type { ArpPacket } from "../../wire/ip/arp.ts";
import type { Transitions } from "../machine.ts";
import type { ClientConfig, SentOption } from "./config.ts";

export type LeaseRoute = {
  readonly destination: Ipv4Prefix;
  /** 0.0.0.0: on the link. */
  readonly gateway: Ipv4Address;
};

/** An address that is ours until `expiresAt`, and what came with it. */
export type Lease = {
  readonly address: Ipv4Address;
  readonly prefixLength: number;
  readonly serverId: Ipv4Address;
  /** Whose frame brought it: the server, or the relay before it. */
  readonly serverMac: MacAddress | undefined;
  readonly routes: readonly LeaseRoute[];
  /** Options 3 and 33 alone, as if 121 were not there. */
  readonly plainRoutes: readonly LeaseRoute[];
  readonly nameServers: readonly Ipv4Address[];
  readonly searchDomains: readonly string[];
  readonly ntpServers: readonly Ipv4Address[];
  /** Option 12; "" when the server gives no name. */
  readonly hostName: string;
  /** Option 26; 0 when the server says nothing. */
  readonly mtuBytes: number;
  /** The server's word on doing without IPv4 (RFC 8925), for the next time this host comes to the link. */
  readonly ipv6OnlySeconds: number | undefined;
  /** siaddr and the boot file's name, for whoever boots from the network. */
  readonly nextServer: Ipv4Address;
  readonly bootFile: string;
  /** Everything the server sent, for people and hooks. */
  readonly options: readonly SentOption[];
  /** The address was set by hand; only the rest is the server's (DHCPINFORM). */
  readonly byHand: boolean;
  readonly acquiredAt: Instant;
  readonly renewAt: Instant;
  readonly rebindAt: Instant;
  readonly expiresAt: Instant;
};

/** One conversation: a transaction id and when it is sent again. */
export type Exchange = {
  readonly xid: number;
  readonly startedAt: Instant;
  /** When the last message of it went out. */
  readonly sentAt: Instant;
  /** Whole seconds from `startedAt` to the last message that counts them (RFC 2131 §4.4.1). */
  readonly secs: number;
  readonly sentCount: number;
  readonly resendAt: Instant;
};

/** A server's OFFER. */
export type Offer = { readonly serverId: Ipv4Address; readonly address: Ipv4Address };

/** Asking a link whether anybody holds an address (RFC 5227 §2.1.1). */
export type Probing = {
  readonly address: Ipv4Address;
  /** Whether we hear what others answer; before that no probe goes out. */
  readonly watching: boolean;
  readonly sentCount: number;
  readonly nextAt: Instant;
};

export type Phase =
  | { readonly kind: "down"; readonly held: Lease | undefined }
  | {
      readonly kind: "selecting";
      readonly exchange: Exchange;
      readonly held: Lease | undefined;
      readonly best: Offer | undefined;
      readonly chooseAt: Instant;
    }
  | {
      readonly kind: "requesting";
      readonly exchange: Exchange;
      readonly offer: Offer;
      readonly requestedAt: Instant;
      readonly held: Lease | undefined;
    }
  | { readonly kind: "rebooting"; readonly exchange: Exchange; readonly held: Lease }
  | { readonly kind: "checking"; readonly lease: Lease; readonly probing: Probing; readonly held: Lease | undefined }
  | { readonly kind: "bound"; readonly held: Lease }
  | { readonly kind: "renewing" | "rebinding"; readonly exchange: Exchange; readonly held: Lease }
  | { readonly kind: "informing"; readonly exchange: Exchange; readonly held: Lease | undefined }
  | { readonly kind: "backing-off"; readonly until: Instant; readonly why: "nak" | "conflict" | "start"; readonly held: Lease | undefined }
  | { readonly kind: "ipv6-only"; readonly until: Instant; readonly held: undefined }
  | { readonly kind: "stopped"; readonly held: undefined };

/** An address of 169.254/16 while no server answers (RFC 3927): asked for as any other, held beside the search for a server. */
export type LinkLocal =
  | { readonly kind: "waiting"; readonly startsAt: Instant; readonly conflicts: number }
  | { readonly kind: "probing"; readonly probing: Probing; readonly conflicts: number }
  | { readonly kind: "held"; readonly address: Ipv4Address; readonly conflicts: number }
  /** The network said so (RFC 2563). */
  | { readonly kind: "forbidden" };

/** Announcements still to be sent (RFC 5227 §2.3), and when somebody last used our address (§2.4). */
export type Defence = {
  readonly address: Ipv4Address;
  readonly announcementsLeft: number;
  readonly nextAt: Instant;
  readonly attackedAt: Instant | undefined;
};

export type ClientState = {
  readonly config: ClientConfig;
  /** The hardware address, once the link has told it. */
  readonly mac: MacAddress | undefined;
  /** NAKs since the last time we were bound. */
  readonly naksInRow: number;
  readonly lastNakAt: Instant | undefined;
  /** Addresses that turned out to be somebody else's, since the last time we were bound. */
  readonly conflicts: number;
  /** Whether `held` stands in the kernel; a lease from disk does not until a server, or a server's silence, confirms it. */
  readonly configured: boolean;
  /** The last server that gave us an address: preferred where several offer one. */
  readonly knownServer: Ipv4Address | undefined;
  /** Whether IPv6 leads somewhere on this link. */
  readonly ipv6Connected: boolean;
  readonly defence: Defence | undefined;
  readonly linkLocal: LinkLocal | undefined;
  readonly phase: Phase;
};

export type ClientEvent =
  /** `crowd`: many links come up at once. */
  | { readonly kind: "link"; readonly up: boolean; readonly mac: MacAddress; readonly crowd?: boolean }
  | { readonly kind: "removed" }
  | { readonly kind: "received"; readonly message: Dhcp4Message; readonly source: Ipv4Address; readonly sourceMac: MacAddress }
  | { readonly kind: "stored"; readonly lease: Lease }
  | { readonly kind: "configure"; readonly config: ClientConfig }
  /** The system's own name is another one. */
  | { readonly kind: "named"; readonly hostName: string }
  | { readonly kind: "watching"; readonly address: Ipv4Address }
  /** Of a neighbour: what this host itself says on any of its links is not told. */
  | { readonly kind: "arp"; readonly packet: ArpPacket }
  | { readonly kind: "ipv6"; readonly connected: boolean }
  /** The host slept: what the link was before says nothing. */
  | { readonly kind: "resumed" }
  | { readonly kind: "command"; readonly verb: "renew" | "release" | "reboot" }
  /** The program ends. */
  | { readonly kind: "farewell" }
  | { readonly kind: "deadline" };

export type DropReason = "expired" | "nak" | "removed" | "conflict" | "released" | "ipv6-only";
export type SendEffect = {
  readonly kind: "send";
  readonly message: Dhcp4Message;
  readonly order: readonly Dhcp4OptionName[];
  readonly to: Ipv4Address | "broadcast";
  readonly from: Ipv4Address;
  /** The hardware address it goes to at once; undefined: the kernel finds it. */
  readonly direct: MacAddress | undefined;
};
export type ClientEffect =
  | SendEffect
  | { readonly kind: "configure"; readonly lease: Lease; readonly previous: Lease | undefined }
  | { readonly kind: "configure-link-local"; readonly address: Ipv4Address }
  | { readonly kind: "deconfigure"; readonly reason: DropReason }
  | { readonly kind: "persist"; readonly lease: Lease }
  | { readonly kind: "forget" }
  /** From now on we hear what others say of this address; undefined: of none. */
  | { readonly kind: "watch"; readonly address: Ipv4Address | undefined }
  | { readonly kind: "arp"; readonly what: "probe" | "announcement"; readonly address: Ipv4Address }
  | { readonly kind: "ignored"; readonly reason: IgnoreReason };

/** Why an answer changed nothing. Each is a counter an operator sees. */
export const IGNORE_REASONS = [
  "not-a-reply", // op is not BOOTREPLY
  "xid-mismatch", // another client's conversation, or a late answer of ours
  "hardware-address-mismatch", // chaddr, htype or hlen are not ours
  "client-id-mismatch", // RFC 6842 §3: the server answers another client
  "unexpected-type", // the message type means nothing in this phase
  "server-id-missing", // RFC 2131 table 3: OFFER, ACK and NAK carry it
  "server-denied", // the operator said to ignore this server
  "server-mismatch", // not the server whose OFFER we took
  "implausible-server", // the server identifier is no host's address
  "implausible-address", // yiaddr is no host's address, or the router's
  "address-mismatch", // yiaddr is not the address we asked for
  "lease-missing", // no lease time, or zero
  "lease-over", // it ended before it came: a lease counts from the first REQUEST
  "unauthenticated-forcerenew", // RFC 3203 §6: without authentication it means nothing
  "no-rapid-commit", // an ACK to a DISCOVER carries option 80 (RFC 4039 §3.1)
  "worse-offer", // another server's OFFER was better, while they are collected
  "nothing-to-act-on", // a command, or a neighbour's word, that concerns nothing we hold
] as const;
export type IgnoreReason = (typeof IGNORE_REASONS)[number];

/** RFC 2131 figure 5, with the phases of pauses, of a link that is down, and of what came after 1997. */
export const TRANSITIONS = {
  down: ["selecting", "rebooting", "informing", "backing-off", "stopped"],
  selecting: ["requesting", "rebooting", "checking", "bound", "ipv6-only", "informing", "backing-off", "stopped", "down"],
  requesting: ["bound", "checking", "selecting", "backing-off", "rebooting", "ipv6-only", "informing", "stopped", "down"],
  rebooting: ["bound", "checking", "selecting", "backing-off", "ipv6-only", "informing", "stopped", "down"],
  checking: ["bound", "backing-off", "selecting", "rebooting", "informing", "stopped", "down"],
  bound: ["renewing", "rebinding", "selecting", "rebooting", "backing-off", "informing", "stopped", "down"],
  renewing: ["bound", "checking", "rebinding", "rebooting", "selecting", "backing-off", "informing", "stopped", "down"],
  rebinding: ["bound", "checking", "rebooting", "selecting", "backing-off", "informing", "stopped", "down"],
  informing: ["bound", "selecting", "stopped", "down"],
  "backing-off": ["selecting", "rebooting", "informing", "stopped", "down"],
  "ipv6-only": ["selecting", "informing", "stopped", "down"],
  stopped: ["selecting", "informing", "down"],
} as const satisfies Transitions & { readonly [K in Phase["kind"]]: readonly Phase["kind"][] };

export function initialState(config: ClientConfig): ClientState {
  return {
    config,
    mac: undefined,
    naksInRow: 0,
    lastNakAt: undefined,
    conflicts: 0,
    configured: false,
    knownServer: undefined,
    ipv6Connected: false,
    defence: undefined,
    linkLocal: undefined,
    phase: { kind: "down", held: undefined },
  };
}

/** When the state wants to be woken. */
export function deadline(state: ClientState): Instant {
  return earliest(ofPhase(state.phase), state.defence?.nextAt ?? NEVER, ofLinkLocal(state.linkLocal));
}

function ofPhase(phase: Phase): Instant {
  const expiresAt = phase.held?.expiresAt ?? NEVER;
  switch (phase.kind) {
    case "down":
    case "stopped":
      return expiresAt;
    case "bound":
      return earliest(phase.held.renewAt, phase.held.rebindAt, expiresAt);
    case "renewing":
      return earliest(phase.exchange.resendAt, phase.held.rebindAt, expiresAt);
    case "backing-off":
    case "ipv6-only":
      return earliest(phase.until, expiresAt);
    case "checking":
      return earliest(phase.probing.nextAt, phase.lease.expiresAt, expiresAt);
    case "selecting":
      return earliest(phase.exchange.resendAt, phase.chooseAt, expiresAt);
    default:
      return earliest(phase.exchange.resendAt, expiresAt);
  }
}

function ofLinkLocal(linkLocal: LinkLocal | undefined): Instant {
  if (linkLocal?.kind === "waiting") return linkLocal.startsAt;
  return linkLocal?.kind === "probing" ? linkLocal.probing.nextAt : NEVER;
}
