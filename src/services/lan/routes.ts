/** Route changes of a batch as values: there are few, and they go to main. */
import { type Ipv6Address, type Ipv6Prefix, ipv6Of, ipv6Prefix } from "../../base/ipv6.ts";
import type { RouteChanges } from "./dhcp6-server/route-changes.ts";

export type RouteChange = { readonly present: boolean; readonly link: number; readonly prefix: Ipv6Prefix; readonly via: Ipv6Address };

export function* routesOf(changes: RouteChanges): Generator<RouteChange> {
  for (let row = 0; row < changes.count; row++) {
    const prefix = ipv6Prefix(ipv6Of(changes.prefixes.slice(16 * row, 16 * row + 16)), changes.prefixLengths[row] ?? 128);
    const via = ipv6Of(changes.vias.slice(16 * row, 16 * row + 16));
    yield { present: changes.present[row] === 1, link: changes.links[row] ?? 0, prefix, via };
  }
}
