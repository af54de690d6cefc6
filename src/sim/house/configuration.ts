/** How the gateways of a simulated street are configured. */
import { OPTIONS } from "../../wire/dhcp6/options.ts";
import type { DomainName } from "../../base/domain.ts";
import type { Duid } from "../../base/duid.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../base/ipv6.ts";
import type { LanConfig } from "../../services/lan/config.ts";
import { dhcp6Pools, prefixPool, servedOption } from "../../services/lan/dhcp6-config.ts";
import { uplink6, type Uplink6Interface } from "../../services/uplink6/config.ts";

/** The link behind the relay of the first house. */
export const FAR_LINK = { address: "fd00:2::1" as Ipv6Address, prefix: "fd00:2::/64" as Ipv6Prefix };
const NONE: readonly never[] = [];

export function uplinkOf(rapidCommit: boolean): Uplink6Interface {
  const target = { interface: "lan0", prefixLength: 64, hostPart: "::1" as Ipv6Address };
  return uplink6("wan0", [{ iaid: 1, targets: [target] }], { rapidCommit });
}

export function lanConfigOf(duid: Duid, house: number): LanConfig {
  const pools = dhcp6Pools({
    prefixes: [prefixPool(`fd00:1:${house + 1}::/48` as Ipv6Prefix, 60)],
    preferredSeconds: 300,
    validSeconds: 900,
    rapidCommit: true,
    options: [servedOption(OPTIONS.domainSearch, ["house.example" as DomainName])],
  });
  const router = {
    managed: true,
    otherConfig: true,
    autonomous: true,
    lifetimeSeconds: undefined,
    minIntervalSeconds: 20,
    maxIntervalSeconds: 60,
    maxPreferredSeconds: 1800,
    maxValidSeconds: 3600,
    dnsServers: NONE,
    searchDomains: NONE,
  };
  const far = { number: 2, name: "far", prefix: FAR_LINK.prefix, selectors: [], pools: { ...pools, prefixes: [] } };
  const interfaces = [{ name: "lan0", number: 1, router, dhcp6: { mode: "server", pools } }] as const;
  return { duid, interfaces, relayedLinks: house === 0 ? [far] : [], classes: [], hosts: [] };
}
