/** What services change in the kernel. Requests go out in order; what fails comes back as an event of the service. */
import type { Ipv4Address, Ipv4Prefix } from "../base/ipv4.ts";
import type { Ipv6Address, Ipv6Prefix } from "../base/ipv6.ts";

export type UplinkRoute = { readonly destination: Ipv4Prefix; readonly gateway: Ipv4Address };
/** All an uplink's lease means for the kernel. */
export type UplinkAddress = {
  readonly address: Ipv4Address;
  readonly prefixLength: number;
  /** Remaining; 0xffffffff never ends. The kernel drops the address by itself. */
  readonly validSeconds: number;
  readonly routes: readonly UplinkRoute[];
  /** What the server says packets may have (option 26); 0: nothing. Whether it is heeded is the operator's choice. */
  readonly mtuBytes: number;
};

export interface UplinkKernel {
  /** Makes the kernel hold exactly this for the link: what we put there before and is not in it goes. */
  configure(link: number, name: string, wanted: UplinkAddress): void;
  /** Removes everything of ours from the link. */
  deconfigure(link: number, name: string): void;
}

/** What an uplink's server tells that no kernel can carry: resolvers and the like. */
export type UplinkFacts = {
  readonly nameServers: readonly Ipv4Address[];
  readonly searchDomains: readonly string[];
  /** The name the server gives this host; "" when it gives none. */
  readonly hostName: string;
  /** All of it and more as one JSON object and a newline: what is published for other services and programs. */
  readonly record: Uint8Array;
};
/** The same of a DHCPv6 server. */
export type Uplink6Facts = Pick<UplinkFacts, "searchDomains" | "record"> & { readonly nameServers: readonly Ipv6Address[] };
export interface Uplink6Host {
  /** Replaces what was published of this uplink. */
  publish(link: number, name: string, facts: Uplink6Facts): void;
  withdraw(link: number, name: string): void;
}
export interface UplinkHost {
  /** Replaces what was published of this uplink. */
  publish(link: number, name: string, facts: UplinkFacts): void;
  withdraw(link: number, name: string): void;
}

/** What happens to an uplink, for hooks and whoever watches: `clients` of the event stream read these names. */
export const UPLINK_EVENTS = [
  "carrier", // the link came up, or went down
  "preinit", // the first message is about to go out
  "offer", // a server's offer was taken
  "bound", // an address is ours and in use
  "renew", // extended by its server
  "rebind", // extended by another server
  "reboot", // confirmed after a link or program came back
  "change", // extended, and something else about it is new
  "nak", // a server refused: the address is gone
  "expire", // its time is over
  "release", // given back
  "stop", // the uplink is served no longer
  "v6only", // the network asks hosts to do without IPv4
  "conflict", // somebody else uses the address
  "pd-bound", // prefixes were delegated where there were none
  "pd-change", // other prefixes are ours than before
  "pd-deprecate", // a prefix is not ours any more: its addresses are used up
  "pd-expire", // the last prefix has ended
] as const;
export type UplinkEventName = (typeof UPLINK_EVENTS)[number];
export interface UplinkEvents {
  /** @param record one JSON object and a newline */
  tell(name: string, event: UplinkEventName, record: Uint8Array): void;
}

/** An address of a link behind an uplink, taken from a delegated prefix; or the uplink's own, with 128 bits, leased as IA_NA. */
export type PlannedAddress = {
  readonly link: number;
  readonly name: string;
  readonly address: Ipv6Address;
  readonly prefixLength: number;
  readonly preferredSeconds: number;
  readonly validSeconds: number;
};
/** What a packet for a part of a delegated prefix that is not in use meets. */
export const AGGREGATE_ROUTES = ["unreachable", "blackhole", "prohibit"] as const;
export type AggregateRoute = (typeof AGGREGATE_ROUTES)[number];
export type Aggregate = { readonly prefix: Ipv6Prefix; readonly route: AggregateRoute };
/** All that the delegated prefixes of all uplinks mean for the kernel. Seconds are remaining ones; 0xffffffff never ends. */
export type PrefixPlan = {
  readonly addresses: readonly PlannedAddress[];
  /** Whole delegated prefixes, so that what is not in use leads nowhere instead of back to the provider (RFC 7084 WPD-5). */
  readonly aggregates: readonly Aggregate[];
};
export interface PlanKernel {
  /** Makes the kernel hold exactly this: what we put there before and is not in it goes. */
  apply(plan: PrefixPlan): void;
}

/** Routes to prefixes that clients were delegated: over the client's link-local address. */
export type DelegatedRoute = { readonly link: number; readonly name: string; readonly prefix: Ipv6Prefix; readonly via: Ipv6Address };
export interface DelegatedRoutes {
  add(route: DelegatedRoute): void;
  remove(route: DelegatedRoute): void;
}
