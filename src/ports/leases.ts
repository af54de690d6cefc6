/** Leases of the DHCPv6 server one by one, as people and files know them. The packet path has rows of numbers instead. */
import type { DomainName } from "../base/domain.ts";
import type { Duid } from "../base/duid.ts";
import type { Ipv6Address } from "../base/ipv6.ts";

/** An address leased as IA_NA, or a prefix delegated as IA_PD. */
export const LEASE_KINDS = ["address", "prefix"] as const;
export type LeaseKind = (typeof LEASE_KINDS)[number];
export const LEASE_STATES = [
  "bound", // promised to its client
  "released", // given back or over, and kept for its client as long as nobody else needs it
  "declined", // somebody unknown uses it: it is kept out of use
  "expired", // promised once, and its time is over
  "reserved", // the operator's
] as const;
export type LeaseState = (typeof LEASE_STATES)[number];

/** Seconds are those of the server's wall clock since 1970; 0xffffffff never ends. */
export type Lease = {
  readonly kind: LeaseKind;
  readonly address: Ipv6Address;
  /** 128 of an address. */
  readonly prefixLength: number;
  /** The link by its name in the configuration; "" when it is there no more. */
  readonly link: string;
  readonly state: LeaseState;
  /** undefined: nobody's. */
  readonly client: Duid | undefined;
  readonly iaid: number;
  /** When it was last promised. */
  readonly startSeconds: number;
  readonly preferredUntilSeconds: number;
  readonly validUntilSeconds: number;
  /** As the client says it; "" when it says none. */
  readonly hostName: string;
};
/** What is left undefined, or "", is not asked for. */
export type LeaseFilter = {
  readonly link: string;
  readonly client: Duid | undefined;
  /** Leases of this address, and prefixes that hold it. */
  readonly holds: Ipv6Address | undefined;
  /** This one alone. */
  readonly exactly: { readonly address: Ipv6Address; readonly prefixLength: number } | undefined;
  readonly state: LeaseState | undefined;
};
export type LeasePage = {
  readonly nowSeconds: number;
  readonly leases: readonly Lease[];
  /** What the next page is asked for with; undefined: there is none. */
  readonly next: number | undefined;
};

/** What happens to leases, for hooks and whoever watches. */
export const LEASE_EVENTS = [
  "lease-commit", // promised to a client that did not hold it
  "lease-renew", // extended; what is only repeated is no event
  "lease-release", // given back
  "lease-expire", // its time is over
  "lease-decline", // its client found it in use
  "lease-reclaim", // taken away before its time: by an operator, or for another lease of the same client
  "pd-route-add", // the kernel is asked to route a delegated prefix to its client
  "pd-route-del", // and to do so no longer
] as const;
export type LeaseEventName = (typeof LEASE_EVENTS)[number];
export type LeaseEvent = {
  /** The link. */
  readonly name: string;
  readonly event: LeaseEventName;
  /** The lease: of two events of one kind and one lease only the later is of interest. */
  readonly lease: string;
  /** One JSON object and a newline. */
  readonly record: Uint8Array;
};
/** Whoever wants to hear of them. */
export interface LeaseListeners {
  readonly areThere: boolean;
  /** @returns false when they did not take them: they do not keep up */
  tell(events: readonly LeaseEvent[]): boolean;
}

/** A name that a client says of itself: one label of letters, digits and hyphens. */
export type HostName = { readonly address: Ipv6Address; readonly hostName: string };
/** All names of one link, and the domain they are in. */
export type HostNamesFile = { readonly name: string; readonly domain: DomainName | undefined; readonly names: readonly HostName[] };

/** What an operator wants of leases. */
export type LeaseChanges = {
  readonly put: readonly Lease[];
  readonly remove: readonly { readonly address: Ipv6Address; readonly prefixLength: number }[];
};
/** What became of one of them. */
export const LEASE_OUTCOMES = [
  "done",
  "known", // the same client holds it already, and not for less: nothing was changed
  "no-link", // lan serves no link of that name
  "off-link", // it is of no prefix and no pool of the link
  "not-assignable", // one of our own addresses, or one that no host may have
  "held", // another client holds it, or somebody unknown
  "overlapping", // a prefix of which a part is in use
  "no-client", // a lease is somebody's
  "bad-value", // preferred longer than valid, or bits behind the length of its prefix
  "over", // its time is over
  "leases-full", // the server holds as many as it may
  "client-full", // the client's association holds as many as it may
  "absent", // there is no such lease
  "disk-full", // it could not be written down
] as const;
export type LeaseOutcome = (typeof LEASE_OUTCOMES)[number];
