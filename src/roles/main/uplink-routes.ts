/** The routes that a lease means under an operator's policy: as values, before any of them is put into the kernel. */
import { DEFAULT_V4, ipv4Contains, type Ipv4Prefix, ipv4Prefix, splitIpv4Prefix, UNSPECIFIED_V4 } from "../../base/ipv4.ts";
import type { UplinkAddress, UplinkRoute } from "../../ports/kernel.ts";
import { type Ipv4Route, routeWith } from "../../wire/netlink/route.ts";

/** What the operator says about an uplink's objects; no engine is asked. */
export type UplinkPolicy = {
  readonly metric: number;
  readonly table: number;
  /** Routes get the server's MTU where it is not below this; undefined: never. */
  readonly mtuMinBytes: number | undefined;
};

export const LINK_LOCAL_V4 = "169.254.0.0/16" as Ipv4Prefix;
const METRIC_MAX = 0xffff_ffff;

export type RouteWishes = { readonly link: number; readonly policy: UplinkPolicy /** For routes to say. */; readonly mtu: number | undefined };

/** @returns undefined for a single address: it is no subnet */
export function subnetRoute({ address, prefixLength }: UplinkAddress, { link, policy, mtu }: RouteWishes): Ipv4Route | undefined {
  if (prefixLength === 32) return undefined;
  return routeWith<Ipv4Route>({
    family: "ipv4",
    destination: ipv4Prefix(address, prefixLength),
    outInterface: link,
    preferredSource: address,
    metric: policy.metric,
    table: policy.table,
    ...(mtu === undefined ? {} : { mtu }),
  });
}

/** Of several routes to one destination the first is preferred, so that no equal-cost paths arise. */
export function leaseRoutes(wanted: UplinkAddress, { link, policy, mtu }: RouteWishes): readonly Ipv4Route[] {
  const { address, prefixLength } = wanted;
  if (ipv4Contains(LINK_LOCAL_V4, address)) return []; // RFC 3927 §2.6.2: nothing of it leaves the link
  const subnet = ipv4Prefix(address, prefixLength);
  const ranks = new Map<Ipv4Prefix, number>();
  return distinct(wanted)
    .filter(({ destination, gateway }) => destination !== subnet || gateway !== UNSPECIFIED_V4)
    .map(({ destination, gateway }) => {
      const rank = ranks.get(destination) ?? 0;
      ranks.set(destination, rank + 1);
      const direct = gateway === UNSPECIFIED_V4;
      return routeWith<Ipv4Route>({
        family: "ipv4",
        destination,
        outInterface: link,
        preferredSource: address,
        metric: Math.min(METRIC_MAX, policy.metric + rank),
        table: policy.table,
        ...(direct ? {} : { gateway, onlink: !ipv4Contains(subnet, gateway) }),
        ...(mtu === undefined ? {} : { mtu }),
      });
    });
}

/** The MTU that routes say: never one below what the operator accepts, and none above what the device can carry. */
export function routeMtu(mtuBytes: number, { mtuMinBytes }: UplinkPolicy, deviceMtu: number | undefined): number | undefined {
  if (mtuMinBytes === undefined || mtuBytes === 0 || mtuBytes < mtuMinBytes) return undefined;
  return deviceMtu === undefined || mtuBytes > deviceMtu ? undefined : mtuBytes;
}

/** Host bits cleared, our own address as a gateway read as the link itself, and nothing twice. */
function distinct({ address, routes }: UplinkAddress): readonly UplinkRoute[] {
  const seen = new Map<string, UplinkRoute>();
  for (const one of routes) {
    const { address: base, prefixLength } = splitIpv4Prefix(one.destination);
    const destination = prefixLength === 0 ? DEFAULT_V4 : ipv4Prefix(base, prefixLength);
    const gateway = one.gateway === address ? UNSPECIFIED_V4 : one.gateway;
    const key = `${destination} ${gateway}`;
    if (!seen.has(key)) seen.set(key, { destination, gateway });
  }
  return [...seen.values()];
}

export function sameRoute(a: Ipv4Route, b: Ipv4Route): boolean {
  const same = a.destination === b.destination && a.metric === b.metric && a.table === b.table && a.protocol === b.protocol;
  return same && a.gateway === b.gateway && a.preferredSource === b.preferredSource && a.mtu === b.mtu && a.onlink === b.onlink;
}
