/** Which routes an ACK means: options 121, 249, 3 and 33 (RFC 3442, RFC 2132 §3.5, §5.8). */
import {
  DEFAULT_V4,
  type Ipv4Address,
  type Ipv4Prefix,
  ipv4Number,
  ipv4Prefix,
  isUnicastV4,
  splitIpv4Prefix,
  UNSPECIFIED_V4,
} from "../../base/ipv4.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Dhcp4Message } from "../../wire/dhcp4/message.ts";
import type { LeaseRoute } from "./state.ts";

/**
 * Option 121 silences 3 and 33 (RFC 3442); Microsoft's code of it counts only where 121 is absent. A gateway that is nobody's address is
 * left out, as the kernel would refuse it and what follows; what passes the limit is left out too.
 */
export function routesIn(message: Dhcp4Message): readonly LeaseRoute[] {
  const { yiaddr, options } = message;
  const classless = options.classlessRoutes ?? options.microsoftClasslessRoutes;
  return classless === undefined ? plainRoutesIn(message) : usable(classless.map((route) => ownIsOnLink(route, yiaddr)));
}

/** As if there were no classless routes. */
export function plainRoutesIn({ yiaddr, options: { routers = [], staticRoutes = [] } }: Dhcp4Message): readonly LeaseRoute[] {
  const other = (gateway: Ipv4Address): boolean => isUnicastV4(gateway) && gateway !== yiaddr;
  const fixed = staticRoutes.filter(({ destination, router }) => destination !== UNSPECIFIED_V4 && other(router));
  return usable([
    ...routers.filter(other).map((gateway) => ({ destination: DEFAULT_V4, gateway })),
    ...fixed.map(({ destination, router }) => ({ destination: classfulDestination(destination), gateway: router })),
  ]);
}

/** Without option 1 the class of the address decides (RFC 1122 §3.3.6 knows nothing better). */
export function classfulPrefixLength(address: Ipv4Address): number {
  const first = ipv4Number(address) >>> 24;
  if (first < 128) return 8;
  return first < 192 ? 16 : 24;
}

function usable(routes: readonly LeaseRoute[]): readonly LeaseRoute[] {
  return routes.filter(({ gateway }) => gateway === UNSPECIFIED_V4 || isUnicastV4(gateway)).slice(0, LIMITS.routesPerLease);
}

/** A route through our own address means that its destination is on the link. */
function ownIsOnLink({ destination, gateway }: LeaseRoute, own: Ipv4Address): LeaseRoute {
  return { destination, gateway: gateway === own ? UNSPECIFIED_V4 : gateway };
}

/** The network of its class, or one host where host bits are set (RFC 2132 §5.8). */
function classfulDestination(address: Ipv4Address): Ipv4Prefix {
  const network = ipv4Prefix(address, classfulPrefixLength(address));
  return splitIpv4Prefix(network).address === address ? network : ipv4Prefix(address, 32);
}
