/** What the operator says about `lan`. Types only; parsed by `config`, carried to the engine as a frame. */
import type { DomainName } from "../../base/domain.ts";
import type { Duid } from "../../base/duid.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../base/ipv6.ts";

/** What the hosts of one link are given by DHCPv6. */
export type Dhcp6Pools = {
  /** Where IA_NA come from; undefined: host parts under each prefix of at most 64 bits that the interface holds. */
  readonly addresses: Ipv6Prefix | undefined;
  /** Where IA_PD come from; undefined: none. */
  readonly prefixes: { readonly pool: Ipv6Prefix; readonly delegatedLength: number } | undefined;
  /** Ceilings: nothing outlives the prefix it was taken from. */
  readonly preferredSeconds: number;
  readonly validSeconds: number;
  readonly rapidCommit: boolean;
  /** Empty: our own address on the link, where it has one. */
  readonly dnsServers: readonly Ipv6Address[];
  readonly searchDomains: readonly DomainName[];
};
/** A link behind relays: the one whose prefix holds the link-address. */
export type RelayedLink = { readonly number: number; readonly name: string; readonly prefix: Ipv6Prefix; readonly pools: Dhcp6Pools };

/** Router advertisements (RFC 4861 §6.2.1). */
export type RouterConfig = {
  readonly managed: boolean;
  readonly otherConfig: boolean;
  readonly autonomous: boolean;
  /** 0: not a default router; undefined: as long as there is a default route. */
  readonly lifetimeSeconds: number | undefined;
  readonly minIntervalSeconds: number;
  readonly maxIntervalSeconds: number;
  readonly maxPreferredSeconds: number;
  readonly maxValidSeconds: number;
  /** Empty: our own address on the link. */
  readonly dnsServers: readonly Ipv6Address[];
  readonly searchDomains: readonly DomainName[];
};

/** The relay half that faces clients; answers come back over the uplinks. */
export type RelayConfig = {
  /** Where requests go out. */
  readonly uplinks: readonly string[];
  /** Empty: All_DHCP_Servers, ff05::1:3. */
  readonly servers: readonly Ipv6Address[];
};

export type LanInterface = {
  /** The interface's name in the kernel. */
  readonly name: string;
  /** Stands for the link in leases: made of the name, so that it survives a reordered file. 1 to 65535. */
  readonly number: number;
  readonly router: RouterConfig | undefined;
  readonly dhcp6:
    | { readonly mode: "off" }
    | { readonly mode: "server"; readonly pools: Dhcp6Pools }
    | { readonly mode: "relay"; readonly relay: RelayConfig };
};
export type LanConfig = {
  /** Ours towards clients (RFC 9915 §11); main made it once and keeps it. */
  readonly duid: Duid;
  readonly interfaces: readonly LanInterface[];
  readonly relayedLinks: readonly RelayedLink[];
};
