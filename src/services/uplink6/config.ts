/** What the operator says about `uplink6`: parsed by `config`, carried to the engine as a frame. */
import type { Duid } from "../../base/duid.ts";
import type { Ipv6Address } from "../../base/ipv6.ts";
import type { AggregateRoute } from "../../ports/kernel.ts";

/**
 * The bits below the prefix of an interface's own address: as they stand there (`::1`), made of the hardware address (RFC 4291 appendix
 * A), or drawn once for each prefix and interface so that nobody recognises them elsewhere (RFC 7217).
 */
export type HostPart = Ipv6Address | "eui64" | "stable";
/** A piece of a delegated prefix and the interface that gets it. */
export type PlanTarget = {
  /** undefined holds the place of an interface that may come later. */
  readonly interface: string | undefined;
  readonly prefixLength: number;
  readonly hostPart: HostPart;
};
/** One IA_PD: what is asked for, and what its prefix is for. */
export type Delegation = {
  readonly iaid: number;
  readonly targets: readonly PlanTarget[];
  /** What is asked for; undefined: what the plan of the targets needs. */
  readonly prefixLength: number | undefined;
  /** The prefix that would be welcome, before one was held; undefined: any. */
  readonly hint: Ipv6Address | undefined;
};
/** "at-once": with the link; "advertised": when a router says that DHCPv6 is there (M or O flag, RFC 7084 WPD-4; P flag, RFC 9762). */
export const START_RULES = ["at-once", "advertised"] as const;
export type StartRule = (typeof START_RULES)[number];

export type Uplink6Interface = {
  /** The interface's name in the kernel. */
  readonly name: string;
  readonly pace: "fast" | "rfc";
  readonly start: StartRule;
  readonly rapidCommit: boolean;
  /** The IA_NA that is asked for; undefined: none. */
  readonly addressIaid: number | undefined;
  /** Without delegations and without an address only other information is asked for (RFC 9915 §18.2.6). */
  readonly delegations: readonly Delegation[];
  /** "none": what is not in use takes whatever other route there is. */
  readonly aggregateRoute: AggregateRoute | "none";
  /** Codes for option 6 beside our own, and those of our own that are left out. */
  readonly requestOptions: readonly number[];
  readonly omitOptions: readonly number[];
  /** Further options of every message, such as a vendor class, in their order. */
  readonly sendOptions: readonly { readonly code: number; readonly hex: string }[];
  /** Reconfigure is accepted where the server gives a key (RFC 9915 §20.4). */
  readonly acceptReconfigure: boolean;
  /** Addresses that hosts make themselves are told to the server where it asks for it (RFC 9686). */
  readonly registerAddresses: boolean;
  /** Everything is given back when the program ends; RFC 9096 §3.1 advises against it. */
  readonly releaseOnStop: boolean;
  readonly ignoreDns: boolean;
};
/** A delegation of which only this much was said. */
export type DelegationWish = Pick<Delegation, "iaid" | "targets"> & Partial<Delegation>;

export function delegation(given: DelegationWish): Delegation {
  return { prefixLength: undefined, hint: undefined, ...given };
}

/** An uplink of which only this much was said. */
export function uplink6(name: string, delegations: readonly DelegationWish[], given: Partial<Uplink6Interface> = {}): Uplink6Interface {
  return { ...UPLINK6_STANDARD, ...given, name, delegations: delegations.map(delegation) };
}

export type Uplink6Config = {
  /** Ours towards servers (RFC 9915 §11); main made it once and keeps it. */
  readonly duid: Duid;
  readonly interfaces: readonly Uplink6Interface[];
};

/** What holds where the operator said nothing but the name. */
const UPLINK6_STANDARD: Omit<Uplink6Interface, "name"> = {
  pace: "fast",
  start: "at-once",
  rapidCommit: false,
  addressIaid: undefined,
  delegations: [],
  aggregateRoute: "unreachable",
  requestOptions: [],
  omitOptions: [],
  sendOptions: [],
  acceptReconfigure: true,
  registerAddresses: false,
  releaseOnStop: false,
  ignoreDns: false,
};
