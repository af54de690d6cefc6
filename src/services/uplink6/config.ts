/** What the operator says about `uplink6`. Types only; parsed by `config`, carried to the engine as a frame. */
import type { Duid } from "../../base/duid.ts";
import type { Ipv6Address } from "../../base/ipv6.ts";

/** A piece of a delegated prefix and the interface that gets it. */
export type PlanTarget = {
  /** undefined holds the place of an interface that may come later. */
  readonly interface: string | undefined;
  readonly prefixLength: number;
  /** The bits below the prefix of the interface's own address. */
  readonly hostPart: Ipv6Address;
};
/** One IA_PD: what is asked for, and what its prefix is for (the plan decides the length that is asked for). */
export type Delegation = { readonly iaid: number; readonly targets: readonly PlanTarget[] };
export type Uplink6Interface = {
  /** The interface's name in the kernel. */
  readonly name: string;
  readonly rapidCommit: boolean;
  readonly delegations: readonly Delegation[];
};
export type Uplink6Config = {
  /** Ours towards servers (RFC 9915 §11); main made it once and keeps it. */
  readonly duid: Duid;
  readonly interfaces: readonly Uplink6Interface[];
};
