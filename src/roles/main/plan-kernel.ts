/** Makes the kernel hold exactly what delegated prefixes mean: our own addresses and refusing routes, new before old, nothing else touched. */
import { KernelError } from "../../base/errors.ts";
import type { KernelNetwork } from "../../platform/netlink/kernel-network.ts";
import { type Aggregate, AGGREGATE_ROUTES, type PlannedAddress, type PrefixPlan } from "../../ports/kernel.ts";
import type { InterfaceAddress } from "../../wire/netlink/address.ts";
import { ADDRESS_PROTOCOL, IFA_F, ROUTE_PROTOCOL, SCOPE, TABLE } from "../../wire/netlink/numbers.ts";
import { type Ipv6Route, type Route, routeWith } from "../../wire/netlink/route.ts";

/** Behind every route of a link, so that a delegated prefix in use is never cut off (RFC 7084 WPD-5). */
const METRIC = 2048;
const ALL_BITS = 128;
const FOREVER = 0xffff_ffff;
/** ENOENT, ESRCH, ENODEV, EADDRNOTAVAIL: gone already. */
const GONE: readonly number[] = [2, 3, 19, 99];

export class PlanObjects {
  readonly #network: KernelNetwork;
  /** Of the plan before. */
  #planned: readonly PlannedAddress[] = [];

  constructor(network: KernelNetwork) {
    this.#network = network;
  }

  /** @throws KernelError the first refusal, after everything else was tried */
  apply({ addresses, aggregates }: PrefixPlan): void {
    this.#begin(addresses);
    const held = this.#network.addresses("ipv6");
    const standing = this.#network.routes("ipv6").filter((one): one is Ipv6Route => one.family === "ipv6" && isInOurPlace(one));
    const before = { addresses: held.filter(isOurs), routes: standing.filter(isOurRoute) };
    const failures: KernelError[] = [];
    const trying = (act: () => void, forgiven: readonly number[]): void => {
      try {
        act();
      } catch (error) {
        if (!(error instanceof KernelError)) throw error;
        if (!forgiven.includes(error.errno)) failures.push(error);
      }
    };
    for (const one of aggregates) if (!before.routes.some((old) => isRouteOf(old, one))) trying(() => this.#refuse(one, standing), []);
    for (const wanted of addresses) {
      if (held.some((one) => isSame(one, wanted) && isByHand(one))) continue;
      // a replacement leaves the prefix length as it was
      const old = before.addresses.find((one) => isSame(one, wanted) && one.prefixLength !== wanted.prefixLength);
      if (old !== undefined) trying(() => this.#network.removeAddress(old), GONE);
      trying(() => this.#network.replaceAddress(addressObject(wanted)), GONE);
    }
    for (const old of before.addresses) if (!addresses.some((one) => isSame(old, one))) trying(() => this.#network.removeAddress(old), GONE);
    for (const old of before.routes)
      if (!aggregates.some(({ prefix }) => prefix === old.destination)) trying(() => this.#network.removeRoute(old), GONE);
    const [first] = failures;
    if (first !== undefined) throw first;
  }

  /**
   * Hosts wait for an address that was not planned before: where there is none like it, it does not wait until everything that stands was
   * read and compared. Whatever the kernel refuses here comes again there, and is said then.
   */
  #begin(addresses: readonly PlannedAddress[]): void {
    const fresh = addresses.filter(({ link, address }) => !this.#planned.some((old) => old.link === link && old.address === address));
    this.#planned = addresses;
    for (const one of fresh) tryAddress(this.#network, one);
  }

  /**
   * The kernel keeps one refusing route of a cost: ours of another kind is replaced in one step. But not where another program's route
   * of the same cost is, which the replacement could hit: then ours stays as it is, and the kernel says that there is no room.
   */
  #refuse(wanted: Aggregate, standing: readonly Ipv6Route[]): void {
    const there = standing.filter(({ destination }) => destination === wanted.prefix);
    const [old] = there.filter(isOurRoute);
    if (old !== undefined && there.length === 1) return this.#network.replaceRoute(refusing(wanted));
    this.#network.addRoute(refusing(wanted));
  }
}

/** Adds it where the kernel would have it. */
export function tryAddress(network: KernelNetwork, address: PlannedAddress): void {
  try {
    network.addAddress(addressObject(address));
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
  }
}

/** Where routes of ours stand, and maybe others'. */
function isInOurPlace({ metric, table }: Ipv6Route): boolean {
  return metric === METRIC && table === TABLE.main;
}

/** It refuses, and carries our mark. */
function isOurRoute({ type, protocol }: Route): boolean {
  return protocol === ROUTE_PROTOCOL.dhcp && (AGGREGATE_ROUTES as readonly string[]).includes(type);
}

/** It carries our mark, on whatever link. */
function isOurs({ protocol }: InterfaceAddress): boolean {
  return protocol === ADDRESS_PROTOCOL.dhcp;
}

/** Somebody set it for ever: it stays as it is. */
function isByHand(one: InterfaceAddress): boolean {
  return !isOurs(one) && one.validSeconds === FOREVER;
}

function isSame(one: InterfaceAddress, { link, address }: PlannedAddress): boolean {
  return one.interfaceIndex === link && one.address === address;
}

/** An address without a prefix is routed to by nobody but routers: the kernel's own route to it would only say that it is on the link. */
function addressObject({ link, address, prefixLength, preferredSeconds, validSeconds }: PlannedAddress): InterfaceAddress {
  return {
    family: "ipv6",
    interfaceIndex: link,
    address,
    prefixLength,
    flags: prefixLength === ALL_BITS ? IFA_F.noPrefixRoute : 0,
    scope: SCOPE.global,
    protocol: ADDRESS_PROTOCOL.dhcp,
    preferredSeconds,
    validSeconds,
  };
}

function isRouteOf({ destination, type }: Ipv6Route, { prefix, route }: Aggregate): boolean {
  return destination === prefix && type === route;
}

function refusing({ prefix, route }: Aggregate): Ipv6Route {
  return routeWith<Ipv6Route>({ family: "ipv6", destination: prefix, type: route, metric: METRIC });
}
