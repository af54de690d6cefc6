/** Makes the kernel hold exactly what an uplink's lease says: our own objects only, the new address before the old one goes, nothing flushed. */
import { broadcastOf, type Ipv4Address, ipv4Contains, ipv4Prefix } from "../../base/ipv4.ts";
import { KernelError } from "../../base/errors.ts";
import type { KernelNetwork } from "../../platform/netlink/kernel-network.ts";
import type { UplinkAddress } from "../../ports/kernel.ts";
import type { InterfaceAddress } from "../../wire/netlink/address.ts";
import { ADDRESS_PROTOCOL, IFA_F, ROUTE_PROTOCOL, SCOPE, TABLE } from "../../wire/netlink/numbers.ts";
import type { Ipv4Route } from "../../wire/netlink/route.ts";
import { LINK_LOCAL_V4, leaseRoutes, type RouteWishes, routeMtu, sameRoute, subnetRoute, type UplinkPolicy } from "./uplink-routes.ts";

/** What is gone already need not be removed: ENOENT, ESRCH, ENODEV, EADDRNOTAVAIL. */
const GONE: readonly number[] = [2, 3, 19, 99];
/** EEXIST: the very route is there. */
const THERE: readonly number[] = [17];

/** The kernel gives no link this number before it has given two thousand million others. */
const NO_LINK = 0x7fff_ffff;

type Settling = {
  readonly wanted: UplinkAddress;
  readonly wishes: RouteWishes /** Addresses that go. */;
  readonly unwanted: readonly InterfaceAddress[];
};

export class UplinkObjects {
  readonly #network: KernelNetwork;
  /** Where our routes may stand: the kernel takes those of other tables not away with their address. */
  readonly #tables = new Set<number>([TABLE.main]);

  constructor(network: KernelNetwork) {
    this.#network = network;
  }

  /** @throws KernelError when the kernel refuses the address, or the first route it refused after all others were tried */
  configure(link: number, wanted: UplinkAddress, policy: UplinkPolicy): void {
    this.#tables.add(policy.table);
    const before = this.#addresses(link);
    for (const old of before) if (old.address === wanted.address && old.prefixLength !== wanted.prefixLength) this.#network.removeAddress(old);
    const mtu = policy.mtuMinBytes === undefined ? undefined : routeMtu(wanted.mtuBytes, policy, this.#network.link(link)?.mtu);
    const wishes = { link, policy, mtu };
    const address = addressObject(wanted, wishes);
    this.#network.replaceAddress(address);
    const unwanted = before.filter((one) => one.address !== wanted.address);
    const failures = this.#settle(address, { wanted, wishes, unwanted });
    if (unwanted.length > 0) {
      for (const old of unwanted) forgiving(() => this.#network.removeAddress(old), GONE);
      // where the old one was first in its subnet, the kernel takes the new one and its routes out with it, or puts it back bare
      this.#network.replaceAddress(address);
      failures.push(...this.#settle(address, { wanted, wishes, unwanted: [] }));
    }
    const [first] = failures;
    if (first !== undefined) throw first;
  }

  deconfigure(link: number): void {
    const addresses = this.#addresses(link);
    for (const route of this.#routes(link, addresses)) forgiving(() => this.#network.removeRoute(route), GONE);
    for (const address of addresses) forgiving(() => this.#network.removeAddress(address), GONE);
  }

  /** Code is read when it first runs, which costs milliseconds that a host would wait for its address: so it runs once for a link that is not there. */
  warmUp(): void {
    const nowhere = { address: "192.0.2.1" as Ipv4Address, prefixLength: 24, validSeconds: 1, routes: [], mtuBytes: 0 };
    forgiving(() => this.configure(NO_LINK, nowhere, { metric: 0, table: TABLE.main, mtuMinBytes: undefined }), GONE);
    this.deconfigure(NO_LINK);
  }

  /** Adds the routes that are missing, then takes away ours that are not wanted. @returns what the kernel refused */
  #settle(address: InterfaceAddress, { wanted, wishes, unwanted }: Settling): KernelError[] {
    const held = this.#network.routes("ipv4").filter((one): one is Ipv4Route => one.family === "ipv4");
    const ours = held.filter((route) => this.#isOurs(route, address.interfaceIndex, [address, ...unwanted]));
    const kernels = held.filter((route) => isOfAddress(route, address));
    const ownSubnet = (address.flags & IFA_F.noPrefixRoute) !== 0;
    const subnet = ownSubnet || kernels.length === 0 ? subnetRoute(wanted, wishes) : undefined;
    const routes = [...(subnet === undefined ? [] : [subnet]), ...leaseRoutes(wanted, wishes)];
    const failures: KernelError[] = [];
    const trying = (act: () => void, forgiven: readonly number[]): void => {
      try {
        forgiving(act, forgiven);
      } catch (error) {
        if (!(error instanceof KernelError)) throw error;
        failures.push(error);
      }
    };
    // behind what is there, never over it: a route of another link or program with the same cost stays
    for (const route of routes) if (!ours.some((one) => sameRoute(one, route))) trying(() => this.#network.appendRoute(route), THERE);
    for (const old of ours) if (!routes.some((route) => sameRoute(route, old))) trying(() => this.#network.removeRoute(old), GONE);
    // an address that was there already keeps the kernel's route when it is given the flag
    if (ownSubnet) for (const route of kernels) trying(() => this.#network.removeRoute(route), GONE);
    return failures;
  }

  /** What carries our mark on the link. */
  #addresses(link: number): readonly InterfaceAddress[] {
    return this.#network.addresses("ipv4").filter((one) => one.interfaceIndex === link && one.protocol === ADDRESS_PROTOCOL.dhcp);
  }

  #routes(link: number, addresses: readonly InterfaceAddress[]): readonly Ipv4Route[] {
    return this.#network.routes("ipv4").filter((one): one is Ipv4Route => one.family === "ipv4" && this.#isOurs(one, link, addresses));
  }

  /** Our mark, on the link, in a table of ours; in any other table those that speak from our address. */
  #isOurs({ outInterface, protocol, table, preferredSource }: Ipv4Route, link: number, addresses: readonly InterfaceAddress[]): boolean {
    if (outInterface !== link || protocol !== ROUTE_PROTOCOL.dhcp) return false;
    return this.#tables.has(table) || addresses.some(({ address }) => address === preferredSource);
  }
}

/** The kernel's own route to the subnet of the address. */
function isOfAddress({ outInterface, protocol, table, preferredSource, destination }: Ipv4Route, of: InterfaceAddress): boolean {
  if (of.family !== "ipv4" || protocol !== ROUTE_PROTOCOL.kernel || table !== TABLE.main) return false;
  return outInterface === of.interfaceIndex && preferredSource === of.address && destination === ipv4Prefix(of.address, of.prefixLength);
}

/** The kernel's own route to the subnet stands in the main table and says no MTU: where either is not enough, it makes none. */
function addressObject({ address, prefixLength, validSeconds }: UplinkAddress, { link, policy, mtu }: RouteWishes): InterfaceAddress {
  return {
    family: "ipv4",
    interfaceIndex: link,
    address,
    prefixLength,
    ...(prefixLength < 31 ? { broadcast: broadcastOf(address, prefixLength) } : {}),
    flags: policy.table !== TABLE.main || mtu !== undefined ? IFA_F.noPrefixRoute : 0,
    scope: ipv4Contains(LINK_LOCAL_V4, address) ? SCOPE.link : SCOPE.global,
    protocol: ADDRESS_PROTOCOL.dhcp,
    preferredSeconds: validSeconds,
    validSeconds,
    routeMetric: policy.metric,
  };
}

function forgiving(act: () => void, forgiven: readonly number[]): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof KernelError) || !forgiven.includes(error.errno)) throw error;
  }
}
