/** Makes the kernel hold exactly what an uplink's lease says: our own objects only, the new address before the old one goes, nothing flushed. */
import { broadcastOf, DEFAULT_V4, ipv4Contains, ipv4Prefix, UNSPECIFIED_V4 } from "../../base/ipv4.ts";
import { KernelError } from "../../base/errors.ts";
import type { KernelNetwork } from "../../platform/netlink/kernel-network.ts";
import type { UplinkAddress } from "../../ports/kernel.ts";
import type { InterfaceAddress } from "../../wire/netlink/address.ts";
import { ADDRESS_PROTOCOL, ROUTE_PROTOCOL, SCOPE, TABLE } from "../../wire/netlink/numbers.ts";
import { type Ipv4Route, routeWith } from "../../wire/netlink/route.ts";

/** Below what people set by hand, above what the kernel makes itself: as other clients do on wired links. */
const METRIC = 1024;
/** What is gone already need not be removed: ENOENT, ESRCH, ENODEV, EADDRNOTAVAIL. */
const GONE: readonly number[] = [2, 3, 19, 99];

export class UplinkObjects {
  readonly #network: KernelNetwork;

  constructor(network: KernelNetwork) {
    this.#network = network;
  }

  /** @throws KernelError when the kernel refuses the address or a route; what was done before stays */
  configure(link: number, wanted: UplinkAddress): void {
    const before = this.#ours(link);
    const sameAddress = before.addresses.filter(({ address, prefixLength }) => address === wanted.address && prefixLength !== wanted.prefixLength);
    for (const old of sameAddress) this.#network.removeAddress(old);
    this.#network.replaceAddress(addressObject(link, wanted));
    const unwanted = before.addresses.filter(({ address }) => address !== wanted.address);
    for (const old of unwanted) forgiving(() => this.#network.removeAddress(old));
    // where the old one was first in its subnet, the kernel takes the new one and its routes out with it, or puts it back bare
    if (unwanted.length > 0) this.#network.replaceAddress(addressObject(link, wanted));
    const routes = routeObjects(link, wanted);
    for (const route of routes) this.#network.replaceRoute(route);
    for (const old of before.routes) if (!routes.some((route) => sameRoute(route, old))) forgiving(() => this.#network.removeRoute(old));
  }

  deconfigure(link: number): void {
    const { addresses, routes } = this.#ours(link);
    for (const route of routes) forgiving(() => this.#network.removeRoute(route));
    for (const address of addresses) forgiving(() => this.#network.removeAddress(address));
  }

  /** What carries our mark on the link. */
  #ours(link: number): { readonly addresses: readonly InterfaceAddress[]; readonly routes: readonly Ipv4Route[] } {
    const addresses = this.#network.addresses("ipv4").filter((one) => one.interfaceIndex === link && one.protocol === ADDRESS_PROTOCOL.dhcp);
    const routes = this.#network
      .routes("ipv4")
      .filter(
        (one): one is Ipv4Route =>
          one.family === "ipv4" && one.outInterface === link && one.protocol === ROUTE_PROTOCOL.dhcp && one.table === TABLE.main,
      );
    return { addresses, routes };
  }
}

function addressObject(link: number, { address, prefixLength, validSeconds }: UplinkAddress): InterfaceAddress {
  return {
    family: "ipv4",
    interfaceIndex: link,
    address,
    prefixLength,
    ...(prefixLength < 31 ? { broadcast: broadcastOf(address, prefixLength) } : {}),
    flags: 0,
    scope: SCOPE.global,
    protocol: ADDRESS_PROTOCOL.dhcp,
    preferredSeconds: validSeconds,
    validSeconds,
    routeMetric: METRIC,
  };
}

/** One route for each destination: of several routers the first is preferred, so that no equal-cost paths arise. */
function routeObjects(link: number, { address, prefixLength, routes }: UplinkAddress): readonly Ipv4Route[] {
  const subnet = ipv4Prefix(address, prefixLength);
  const defaults = routes.filter(({ destination }) => destination === DEFAULT_V4);
  return routes
    .filter(({ destination }) => destination !== subnet)
    .map(({ destination, gateway }) => {
      const direct = gateway === UNSPECIFIED_V4 || gateway === address;
      const rank = destination === DEFAULT_V4 ? defaults.findIndex((one) => one.gateway === gateway) : 0;
      return routeWith<Ipv4Route>({
        family: "ipv4",
        destination,
        outInterface: link,
        preferredSource: address,
        metric: METRIC + rank,
        ...(direct ? {} : { gateway, onlink: !ipv4Contains(subnet, gateway) }),
      });
    });
}

function sameRoute(a: Ipv4Route, b: Ipv4Route): boolean {
  return a.destination === b.destination && a.metric === b.metric && a.gateway === b.gateway;
}

function forgiving(remove: () => void): void {
  try {
    remove();
  } catch (error) {
    if (!(error instanceof KernelError) || !GONE.includes(error.errno)) throw error;
  }
}
