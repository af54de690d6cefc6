/** What the kernel says of IPv6 addresses and of routes that tell where we stand, merged: default routes, and those that lead nowhere. */
import { DEFAULT_V6, type Ipv6Address, type Ipv6Prefix, isRoutableV6, isUniqueLocal } from "../base/ipv6.ts";
import { LIMITS } from "../base/limits.ts";
import { after, type Instant } from "../base/time.ts";

/** An address of ours, as the kernel tells it. Seconds are counted from when it was told; 0xffffffff never ends. */
export type AddressFact = {
  readonly link: number;
  readonly address: Ipv6Address;
  readonly prefixLength: number;
  readonly preferredSeconds: number;
  readonly validSeconds: number;
  /** Not ours yet: another host may still claim it (RFC 4862 §5.4). */
  readonly tentative: boolean;
  /** Another host has it. */
  readonly dadFailed: boolean;
  readonly deprecated: boolean;
  /** Changes every few hours (RFC 8981): nothing for others to rely on. */
  readonly temporary: boolean;
};
/** An address with its ends on our clock, so that it does not grow younger by being looked at. */
export type KnownAddress = Omit<AddressFact, "preferredSeconds" | "validSeconds"> & {
  readonly preferredUntil: Instant;
  readonly validUntil: Instant;
};
/** One way of a route; one over several ways at once is told as several. */
export type RouteFact = {
  readonly destination: Ipv6Prefix;
  /** `unreachable`: what no longer route covers is refused here; it marks a prefix that we hold as a whole. */
  readonly leads: "out" | "nowhere";
  readonly metric: number;
  /** undefined for those that lead nowhere. */
  readonly link: number | undefined;
  readonly gateway: Ipv6Address | undefined;
};

/** What identifies an address to the kernel. */
export function addressKey({ link, address }: Pick<AddressFact, "link" | "address">): string {
  return `${link} ${address}`;
}
export function routeKey({ destination, leads, metric, link, gateway }: RouteFact): string {
  return `${destination} ${leads} ${metric} ${link ?? ""} ${gateway ?? ""}`;
}

export class AddressTable {
  readonly #addresses = new Map<string, KnownAddress>();

  all(): readonly KnownAddress[] {
    return [...this.#addresses.values()];
  }
  ofLink(link: number): readonly KnownAddress[] {
    return this.all().filter((fact) => fact.link === link);
  }

  /** @returns false when there are too many to remember one more */
  put({ preferredSeconds, validSeconds, ...fact }: AddressFact, now: Instant): boolean {
    const key = addressKey(fact);
    if (!this.#addresses.has(key) && this.#addresses.size >= LIMITS.watchedAddresses) return false;
    this.#addresses.set(key, { ...fact, preferredUntil: after(now, preferredSeconds), validUntil: after(now, validSeconds) });
    return true;
  }
  remove(which: Pick<AddressFact, "link" | "address">): void {
    this.#addresses.delete(addressKey(which));
  }
  /** A fresh list came whole. @returns the links from which something went */
  keepOnly(keys: ReadonlySet<string>): ReadonlySet<number> {
    const gone = this.all().filter((fact) => !keys.has(addressKey(fact)));
    for (const fact of gone) this.remove(fact);
    return new Set(gone.map(({ link }) => link));
  }
  removeLink(link: number): void {
    for (const fact of this.ofLink(link)) this.remove(fact);
  }
}

export class RouteTable {
  readonly #routes = new Map<string, RouteFact>();

  /** Whether there is a way to everywhere that does not lead back over this link. */
  hasDefaultBeside(link: number): boolean {
    return [...this.#routes.values()].some((route) => route.destination === DEFAULT_V6 && route.leads === "out" && route.link !== link);
  }
  /** Whether there is a way to everywhere over this link. */
  hasDefaultVia(link: number): boolean {
    return [...this.#routes.values()].some((route) => route.destination === DEFAULT_V6 && route.leads === "out" && route.link === link);
  }
  /** Prefixes that lead nowhere where nothing longer leads: what was delegated to us as a whole. In the order of their text. */
  refusing(): readonly Ipv6Prefix[] {
    const prefixes = [...this.#routes.values()].filter(({ leads }) => leads === "nowhere").map(({ destination }) => destination);
    return [...new Set(prefixes)].sort();
  }

  /** @param replaces whatever led there with the same metric is gone @returns false when there are too many to remember one more */
  put(fact: RouteFact, replaces: boolean): boolean {
    if (replaces) {
      for (const [key, { destination, metric }] of this.#routes) {
        if (destination === fact.destination && metric === fact.metric) this.#routes.delete(key);
      }
    }
    const key = routeKey(fact);
    if (!this.#routes.has(key) && this.#routes.size >= LIMITS.watchedRoutes) return false;
    this.#routes.set(key, fact);
    return true;
  }
  remove(fact: RouteFact): void {
    this.#routes.delete(routeKey(fact));
  }
  keepOnly(keys: ReadonlySet<string>): void {
    for (const key of this.#routes.keys()) if (!keys.has(key)) this.#routes.delete(key);
  }
  removeLink(link: number): void {
    for (const [key, fact] of this.#routes) if (fact.link === link) this.#routes.delete(key);
  }
}

/** The address that stands for a link towards others: lasting, a provider's before a local one, in use before deprecated. */
export function bestAddress(known: readonly KnownAddress[], now: Instant): Ipv6Address | undefined {
  const fit = known.filter(
    ({ address, tentative, dadFailed, temporary, validUntil }) => isRoutableV6(address) && !tentative && !dadFailed && !temporary && validUntil > now,
  );
  const rank = ({ address, deprecated, preferredUntil }: KnownAddress): number =>
    (deprecated || preferredUntil <= now ? 2 : 0) + (isUniqueLocal(address) ? 1 : 0);
  const [best] = fit.toSorted((a, b) => rank(a) - rank(b) || Number(b.validUntil > a.validUntil) - Number(a.validUntil > b.validUntil));
  return best?.address;
}
