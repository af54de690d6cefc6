/** Makes the kernel hold exactly what delegated prefixes mean: our own addresses and refusing routes, new before old, nothing else touched. */
import { KernelError } from "../../base/errors.ts";
import type { KernelNetwork } from "../../platform/netlink/kernel-network.ts";
import { type Aggregate, AGGREGATE_ROUTES, type PlannedAddress, type PrefixPlan } from "../../ports/kernel.ts";
import type { InterfaceAddress } from "../../wire/netlink/address.ts";
import { ADDRESS_PROTOCOL, ROUTE_PROTOCOL, SCOPE, TABLE } from "../../wire/netlink/numbers.ts";
import { type Ipv6Route, type Route, routeWith } from "../../wire/netlink/route.ts";

/** Behind every route of a link, so that a delegated prefix in use is never cut off (RFC 7084 WPD-5). */
const METRIC = 2048;
const FOREVER = 0xffff_ffff;
/** ENOENT, ESRCH, ENODEV, EADDRNOTAVAIL: gone already. */
const GONE: readonly number[] = [2, 3, 19, 99];

export class PlanObjects {
  readonly #network: KernelNetwork;

  constructor(network: KernelNetwork) {
    this.#network = network;
  }

  /** @throws KernelError the first refusal, after everything else was tried */
  apply({ addresses, aggregates }: PrefixPlan): void {
    const held = this.#network.addresses("ipv6");
    const before = { addresses: held.filter(isOurs), routes: this.#routes() };
    const failures: KernelError[] = [];
    const trying = (act: () => void, forgiven: readonly number[]): void => {
      try {
        act();
      } catch (error) {
        if (!(error instanceof KernelError)) throw error;
        if (!forgiven.includes(error.errno)) failures.push(error);
      }
    };
    // not put over what is there: a replacement would take the place of another program's route of the same cost
    for (const one of aggregates) if (!before.routes.some((old) => isRouteOf(old, one))) trying(() => this.#network.addRoute(refusing(one)), []);
    for (const wanted of addresses) {
      if (held.some((one) => isSame(one, wanted) && isByHand(one))) continue;
      // a replacement leaves the prefix length as it was
      const old = before.addresses.find((one) => isSame(one, wanted) && one.prefixLength !== wanted.prefixLength);
      if (old !== undefined) trying(() => this.#network.removeAddress(old), GONE);
      trying(() => this.#network.replaceAddress(addressObject(wanted)), GONE);
    }
    for (const old of before.addresses) if (!addresses.some((one) => isSame(old, one))) trying(() => this.#network.removeAddress(old), GONE);
    for (const old of before.routes) if (!aggregates.some((one) => isRouteOf(old, one))) trying(() => this.#network.removeRoute(old), GONE);
    const [first] = failures;
    if (first !== undefined) throw first;
  }

  /** Refusing routes that carry our mark. */
  #routes(): readonly Ipv6Route[] {
    return this.#network
      .routes("ipv6")
      .filter((one): one is Ipv6Route => one.family === "ipv6" && isRefusing(one) && one.metric === METRIC)
      .filter(({ protocol, table }) => protocol === ROUTE_PROTOCOL.dhcp && table === TABLE.main);
  }
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

function addressObject({ link, address, prefixLength, preferredSeconds, validSeconds }: PlannedAddress): InterfaceAddress {
  return {
    family: "ipv6",
    interfaceIndex: link,
    address,
    prefixLength,
    flags: 0,
    scope: SCOPE.global,
    protocol: ADDRESS_PROTOCOL.dhcp,
    preferredSeconds,
    validSeconds,
  };
}

function isRefusing({ type }: Route): boolean {
  return (AGGREGATE_ROUTES as readonly string[]).includes(type);
}

function isRouteOf({ destination, type }: Ipv6Route, { prefix, route }: Aggregate): boolean {
  return destination === prefix && type === route;
}

function refusing({ prefix, route }: Aggregate): Ipv6Route {
  return routeWith<Ipv6Route>({ family: "ipv6", destination: prefix, type: route, metric: METRIC });
}
