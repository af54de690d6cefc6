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
};

export interface UplinkKernel {
  /** Makes the kernel hold exactly this for the link: what we put there before and is not in it goes. */
  configure(link: number, name: string, wanted: UplinkAddress): void;
  /** Removes everything of ours from the link. */
  deconfigure(link: number, name: string): void;
}

/** An address of a link behind an uplink, taken from a delegated prefix. */
export type PlannedAddress = {
  readonly link: number;
  readonly name: string;
  readonly address: Ipv6Address;
  readonly prefixLength: number;
  readonly preferredSeconds: number;
  readonly validSeconds: number;
};
/** All that the delegated prefixes of all uplinks mean for the kernel. Seconds are remaining ones; 0xffffffff never ends. */
export type PrefixPlan = {
  readonly addresses: readonly PlannedAddress[];
  /** Whole delegated prefixes, so that what is not in use leads nowhere instead of back to the provider. */
  readonly unreachable: readonly Ipv6Prefix[];
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
