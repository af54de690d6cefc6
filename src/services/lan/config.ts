/** What the operator says about `lan`. Types only; parsed by `config`, carried to the engine as a frame. */
import type { DomainName } from "../../base/domain.ts";
import type { Duid } from "../../base/duid.ts";
import type { Ipv6Address } from "../../base/ipv6.ts";
import type { ClientClass, Dhcp6Pools, RelayedLink, ReservedHost } from "./dhcp6-config.ts";

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
  readonly classes: readonly ClientClass[];
  readonly hosts: readonly ReservedHost[];
};
