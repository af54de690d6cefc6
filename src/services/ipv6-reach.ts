/** Whether a host can do without IPv4 on a link: it has an address there that others can answer to, and a way to everywhere. */
import { isRoutableV6 } from "../base/ipv6.ts";
import type { Instant } from "../base/time.ts";
import { AddressNewsReader } from "./address-news.ts";
import { AddressTable, RouteTable } from "./addresses.ts";

export class Ipv6Reach {
  readonly #addresses = new AddressTable();
  readonly #routes = new RouteTable();
  readonly #news = new AddressNewsReader();
  #wanted = false;

  /** Whether anybody asks; what the kernel says is read only then. */
  get wanted(): boolean {
    return this.#wanted;
  }

  /** @returns true when it is asked for now and was not before: the kernel's lists are needed */
  want(wanted: boolean): boolean {
    const begins = wanted && !this.#wanted;
    this.#wanted = wanted;
    return begins;
  }

  read(datagram: Uint8Array, now: Instant): void {
    this.#news.read(datagram, {
      addressIs: (fact) => void this.#addresses.put(fact, now),
      addressGone: (which) => this.#addresses.remove(which),
      addressesListed: (keys) => void this.#addresses.keepOnly(keys),
      routeIs: (fact, replaces) => void this.#routes.put(fact, replaces),
      routeGone: (fact) => this.#routes.remove(fact),
      routesListed: (keys) => this.#routes.keepOnly(keys),
    });
  }

  leadsSomewhere(link: number, now: Instant): boolean {
    const usable = this.#addresses
      .ofLink(link)
      .some(({ address, tentative, dadFailed, validUntil }) => isRoutableV6(address) && !tentative && !dadFailed && validUntil > now);
    return usable && this.#routes.hasDefaultVia(link);
  }
}
