/** Which resolvers each uplink has: of both its services, in the order in which uplinks came. */
import { type Ipv6Address, isLinkLocalV6 } from "../../base/ipv6.ts";
import type { UplinkFamily } from "./published.ts";

/** Judged by main already: host addresses, and names that are domains. */
export type Resolving = { readonly nameServers: readonly string[]; readonly searchDomains: readonly string[] };
export const NO_RESOLVERS: Resolving = { nameServers: [], searchDomains: [] };

export class UplinkResolvers {
  readonly #wanted = new Map<string, { readonly [F in UplinkFamily]?: Resolving }>();

  /** @returns whether that is news */
  set(name: string, family: UplinkFamily, resolving: Resolving): boolean {
    const known = this.#wanted.get(name);
    this.#wanted.set(name, { ...known, [family]: resolving });
    return !isSame(known?.[family], resolving);
  }

  /** @returns whether there was any */
  delete(name: string, family: UplinkFamily): boolean {
    const known = this.#wanted.get(name);
    if (known?.[family] === undefined) return false;
    const other = family === "ipv4" ? "ipv6" : "ipv4";
    if (known[other] === undefined) this.#wanted.delete(name);
    else this.#wanted.set(name, { [other]: known[other] });
    return true;
  }

  names(): readonly string[] {
    return [...this.#wanted.keys()];
  }

  /** Those of IPv4 first: the C library asks no more than three. */
  of(name: string): Resolving {
    const { ipv4 = NO_RESOLVERS, ipv6 = NO_RESOLVERS } = this.#wanted.get(name) ?? {};
    return {
      nameServers: [...ipv4.nameServers, ...ipv6.nameServers],
      searchDomains: [...new Set([...ipv4.searchDomains, ...ipv6.searchDomains])],
    };
  }
}

/** An address of one link means nothing without it. */
export function withZone(address: Ipv6Address, name: string): string {
  return isLinkLocalV6(address) ? `${address}%${name}` : address;
}

function isSame(a: Resolving | undefined, b: Resolving): boolean {
  return a !== undefined && a.nameServers.join() === b.nameServers.join() && a.searchDomains.join() === b.searchDomains.join();
}
