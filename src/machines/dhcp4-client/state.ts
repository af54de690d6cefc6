/** What a DHCPv4 client knows in each phase, and nothing else (RFC 2131 §4.4). */
import type { Ipv4Address, Ipv4Prefix } from "../../base/ipv4.ts";
import type { MacAddress } from "../../base/mac.ts";
import { earliest, type Instant, NEVER } from "../../base/time.ts";
import type { Dhcp4Message } from "../../wire/dhcp4/message.ts";
import type { ClientConfig } from "./config.ts";
import type { Transitions } from "../machine.ts";

export type LeaseRoute = {
  readonly destination: Ipv4Prefix;
  /** 0.0.0.0: on the link. */
  readonly gateway: Ipv4Address;
};

/** An address that is ours until `expiresAt`. */
export type Lease = {
  readonly address: Ipv4Address;
  readonly prefixLength: number;
  readonly serverId: Ipv4Address;
  readonly routes: readonly LeaseRoute[];
  readonly nameServers: readonly Ipv4Address[];
  readonly searchDomains: readonly string[];
  readonly renewAt: Instant;
  readonly rebindAt: Instant;
  readonly expiresAt: Instant;
};

/** One conversation: a transaction id and when it is sent again. */
export type Exchange = {
  readonly xid: number;
  readonly startedAt: Instant;
  /** Whole seconds from `startedAt` to the last message that counts them (RFC 2131 §4.4.1). */
  readonly secs: number;
  readonly sentCount: number;
  readonly resendAt: Instant;
};

/** The server's OFFER we asked for. */
export type Offer = { readonly serverId: Ipv4Address; readonly address: Ipv4Address };

export type Phase =
  | { readonly kind: "down"; readonly held: Lease | undefined }
  | { readonly kind: "selecting"; readonly exchange: Exchange; readonly held: Lease | undefined }
  | {
      readonly kind: "requesting";
      readonly exchange: Exchange;
      readonly offer: Offer;
      readonly requestedAt: Instant;
      readonly held: Lease | undefined;
    }
  | { readonly kind: "rebooting"; readonly exchange: Exchange; readonly held: Lease }
  | { readonly kind: "bound"; readonly held: Lease }
  | { readonly kind: "renewing" | "rebinding"; readonly exchange: Exchange; readonly held: Lease }
  | { readonly kind: "backing-off"; readonly until: Instant; readonly held: undefined };

export type ClientState = {
  readonly config: ClientConfig;
  /** The hardware address, once the link has told it. */
  readonly mac: MacAddress | undefined;
  /** NAKs since the last time we were bound. */
  readonly naksInRow: number;
  /** Whether `held` stands in the kernel; a lease from disk does not until a server, or a server's silence, confirms it. */
  readonly configured: boolean;
  readonly phase: Phase;
};

export type ClientEvent =
  | { readonly kind: "link"; readonly up: boolean; readonly mac: MacAddress }
  | { readonly kind: "removed" }
  | { readonly kind: "received"; readonly message: Dhcp4Message; readonly source: Ipv4Address }
  | { readonly kind: "stored"; readonly lease: Lease }
  | { readonly kind: "configure"; readonly config: ClientConfig }
  | { readonly kind: "deadline" };

export type ClientEffect =
  | { readonly kind: "send"; readonly message: Dhcp4Message; readonly to: Ipv4Address | "broadcast"; readonly from: Ipv4Address }
  | { readonly kind: "configure"; readonly lease: Lease; readonly previous: Lease | undefined }
  | { readonly kind: "deconfigure"; readonly lease: Lease; readonly reason: "expired" | "nak" | "removed" | "replaced" }
  | { readonly kind: "persist"; readonly lease: Lease }
  | { readonly kind: "forget" }
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
  "implausible-address", // yiaddr is no host's address
  "address-mismatch", // yiaddr is not the address we asked for
  "lease-missing", // no lease time, or zero
  "lease-over", // it ended before it came: a lease counts from the first REQUEST
] as const;
export type IgnoreReason = (typeof IGNORE_REASONS)[number];

/** RFC 2131 figure 5, with the phases of a NAK's pause and of a link that is down. The first NAK after being bound never pauses. */
export const TRANSITIONS = {
  down: ["selecting", "rebooting"],
  selecting: ["requesting", "rebooting", "down"],
  requesting: ["bound", "selecting", "backing-off", "rebooting", "down"],
  rebooting: ["bound", "selecting", "backing-off", "down"],
  bound: ["renewing", "rebinding", "selecting", "rebooting", "down"],
  renewing: ["bound", "rebinding", "rebooting", "selecting", "down"],
  rebinding: ["bound", "rebooting", "selecting", "down"],
  "backing-off": ["selecting", "down"],
} as const satisfies Transitions & { readonly [K in Phase["kind"]]: readonly Phase["kind"][] };

export function initialState(config: ClientConfig): ClientState {
  return { config, mac: undefined, naksInRow: 0, configured: false, phase: { kind: "down", held: undefined } };
}

/** When the state wants to be woken. */
export function deadline({ phase }: ClientState): Instant {
  const expiresAt = phase.held?.expiresAt ?? NEVER;
  switch (phase.kind) {
    case "down":
      return expiresAt;
    case "bound":
      return earliest(phase.held.renewAt, phase.held.rebindAt, expiresAt);
    case "renewing":
      return earliest(phase.exchange.resendAt, phase.held.rebindAt, expiresAt);
    case "backing-off":
      return phase.until;
    default:
      return earliest(phase.exchange.resendAt, expiresAt);
  }
}
