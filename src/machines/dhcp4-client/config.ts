/** What the operator said about one uplink's conversation with servers. */
import type { Ipv4Address } from "../../base/ipv4.ts";
import type { ClientId } from "../../wire/dhcp4/vendor.ts";

/** An option to send, byte for byte. Hexadecimal, so that configurations compare by value. */
export type SentOption = { readonly code: number; readonly hex: string };

export type ClientConfig = {
  /** Sent as option 12; empty sends none. */
  readonly hostName: string;
  /** Sent as option 81 in place of option 12 (RFC 4702); who updates the DNS. */
  readonly fqdn: { readonly name: string; readonly update: "server" | "client" | "none" } | undefined;
  /** Sent as option 61; undefined sends 01 and the hardware address. */
  readonly clientId: ClientId | undefined;
  /** Vendor class, user class, MUD URL and whatever else: sent as they are in every message. */
  readonly sendOptions: readonly SentOption[];
  /** Codes that are asked for beside the usual ones, and usual ones that are not asked for. */
  readonly requestOptions: readonly number[];
  readonly omitOptions: readonly number[];
  /** First retransmission interval (RFC 2131 §4.1 says 4). */
  readonly retransmitSeconds: number;
  /** The first message waits up to this long, by chance; undefined: not at all, or a second where many links come up at once. */
  readonly startDelaySeconds: number | undefined;
  /** OFFERs are collected for so long and the best is taken; 0 takes the first. */
  readonly selectSeconds: number;
  /** RFC 5227: whether others are asked before an address is used, and how patiently. */
  readonly conflictDetection: "fast" | "rfc" | "off";
  /** RFC 4039. */
  readonly rapidCommit: boolean;
  /** RFC 8925: whether this host can live without IPv4; "when-connected": while IPv6 leads somewhere. */
  readonly preferIpv6: "no" | "yes" | "when-connected";
  /** RFC 3927: an address of 169.254/16 while no server answers. */
  readonly fallbackLinkLocal: boolean;
  /** Servers are asked to answer by broadcast (RFC 2131 §4.1). */
  readonly broadcast: boolean;
  /** Differentiated services code point of what we send; undefined: the low delay of RFC 1349 that clients have always sent. */
  readonly dscp: number | undefined;
  /** RFC 7844: nothing is sent that tells this host from others. */
  readonly anonymous: boolean;
  readonly releaseOnStop: boolean;
  /** The address is set by hand and servers are only asked for the rest (DHCPINFORM). */
  readonly inform: { readonly address: Ipv4Address; readonly prefixLength: number } | undefined;
  /** Answers of other servers are ignored, where any are named; by server identifier and by source address. */
  readonly allowServers: readonly Ipv4Address[];
  /** Answers from these are ignored. */
  readonly denyServers: readonly Ipv4Address[];
};

/** What holds where the operator said nothing. */
export const STANDARD: ClientConfig = {
  hostName: "",
  fqdn: undefined,
  clientId: undefined,
  sendOptions: [],
  requestOptions: [],
  omitOptions: [],
  retransmitSeconds: 4,
  startDelaySeconds: undefined,
  selectSeconds: 0,
  conflictDetection: "fast",
  rapidCommit: false,
  preferIpv6: "no",
  fallbackLinkLocal: false,
  broadcast: false,
  dscp: undefined,
  anonymous: false,
  releaseOnStop: false,
  inform: undefined,
  allowServers: [],
  denyServers: [],
};
