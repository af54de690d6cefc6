/** Makes the kernel hold exactly what delegated prefixes mean: our own addresses and refusing routes, new before old, nothing else touched. */
import type { Ipv6Prefix } from "../../base/ipv6.ts";
import { KernelError } from "../../base/errors.ts";
import type { KernelNetwork } from "../../platform/netlink/kernel-network.ts";
import type { PlannedAddress, PrefixPlan } from "../../ports/kernel.ts";
import type { InterfaceAddress } from "../../wire/netlink/address.ts";
import { ADDRESS_PROTOCOL, ROUTE_PROTOCOL, SCOPE, TABLE } from "../../wire/netlink/numbers.ts";
import { type Ipv6Route, routeWith } from "../../wire/netlink/route.ts";

/** Behind every route of a link, so that a delegated prefix in use is never cut off (RFC 7084 WPD-5). */
const METRIC = 2048;
/** ENOENT, ESRCH, ENODEV, EADDRNOTAVAIL: gone already. */
const GONE: readonly number[] = [2, 3, 19, 99];

export class PlanObjects {
  readonly #network: KernelNetwork;

  constructor(network: KernelNetwork) {
    this.#network = network;
  }

  /** @throws KernelError the first refusal, after everything else was tried */
  apply({ addresses, unreachable }: PrefixPlan): void {
    const before = this.#ours();
    const failures: KernelError[] = [];
    const trying = (act: () => void, forgiven: readonly number[]): void => {
      try {
        act();
      } catch (error) {
        if (!(error instanceof KernelError)) throw error;
        if (!forgiven.includes(error.errno)) failures.push(error);
      }
    };
    for (const prefix of unreachable) trying(() => this.#network.replaceRoute(refusing(prefix)), []);
    for (const wanted of addresses) trying(() => this.#network.replaceAddress(addressObject(wanted)), GONE);
    for (const old of before.addresses)
      if (!addresses.some((one) => one.link === old.interfaceIndex && one.address === old.address && one.prefixLength === old.prefixLength))
        trying(() => this.#network.removeAddress(old), GONE);
    for (const old of before.routes) if (!unreachable.includes(old.destination)) trying(() => this.#network.removeRoute(old), GONE);
    const [first] = failures;
    if (first !== undefined) throw first;
  }

  /** What carries our mark, on whatever link. */
  #ours(): { readonly addresses: readonly InterfaceAddress[]; readonly routes: readonly Ipv6Route[] } {
    return {
      addresses: this.#network.addresses("ipv6").filter(({ protocol }) => protocol === ADDRESS_PROTOCOL.dhcp),
      routes: this.#network
        .routes("ipv6")
        .filter(
          (one): one is Ipv6Route =>
            one.family === "ipv6" && one.type === "unreachable" && one.protocol === ROUTE_PROTOCOL.dhcp && one.table === TABLE.main,
        ),
    };
  }
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

function refusing(destination: Ipv6Prefix): Ipv6Route {
  return routeWith<Ipv6Route>({ family: "ipv6", destination, type: "unreachable", metric: METRIC });
}
