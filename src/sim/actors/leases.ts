/** The address book of a provider: who was promised what until when. Addresses are never forgotten, only free again. */
import { type Ipv4Address, ipv4Number, ipv4Of } from "../../base/ipv4.ts";
import type { MacAddress } from "../../base/mac.ts";
import type { Instant } from "../../base/time.ts";

/** `client` is the client identifier, or the hardware address where there is none. */
export type Promise4 = { readonly address: Ipv4Address; readonly client: string; readonly mac: MacAddress; readonly until: Instant };
export type Pool = { readonly first: Ipv4Address; readonly last: Ipv4Address };

export class LeaseBook {
  /** A planted bug for the tests of the checkers: everybody gets the pool's first address. */
  handsOutTwice = false;
  readonly #leases = new Map<Ipv4Address, Promise4>();
  readonly #offers = new Map<Ipv4Address, Promise4>();

  /** Every lease that was ever granted, the ended ones included. */
  all(): readonly Promise4[] {
    return [...this.#leases.values()];
  }

  at(address: Ipv4Address): Promise4 | undefined {
    return this.#leases.get(address);
  }

  /** The lease that stands for an address now. */
  leased(address: Ipv4Address, now: Instant): Promise4 | undefined {
    const lease = this.#leases.get(address);
    return lease !== undefined && lease.until > now ? lease : undefined;
  }

  offer(offer: Promise4): void {
    this.#offers.set(offer.address, offer);
  }

  /** A promise is never shortened while it stands for the same client. */
  lease(lease: Promise4): void {
    const before = this.#leases.get(lease.address);
    if (before?.client === lease.client && before.until > lease.until) return;
    this.#leases.set(lease.address, lease);
    this.#offers.delete(lease.address);
  }

  free(address: Ipv4Address, client: string): void {
    if (this.#leases.get(address)?.client === client) this.#leases.delete(address);
  }

  /** Whether this client may have the address. */
  available(address: Ipv4Address, client: string, pool: Pool, now: Instant): boolean {
    const taken = (promise: Promise4 | undefined): boolean => promise !== undefined && promise.client !== client && promise.until > now;
    return inPool(pool, address) && (this.handsOutTwice || !(taken(this.#leases.get(address)) || taken(this.#offers.get(address))));
  }

  /** What the client had, what it asks for, an address nobody ever had, one whose lease has ended: in this order. */
  choose(client: string, wished: Ipv4Address | undefined, pool: Pool, now: Instant): Ipv4Address | undefined {
    if (this.handsOutTwice) return pool.first;
    const fits = (address: Ipv4Address): boolean => this.available(address, client, pool, now);
    const had = this.all().findLast((lease) => lease.client === client && fits(lease.address));
    if (had !== undefined) return had.address;
    if (wished !== undefined && fits(wished)) return wished;
    let ended: Ipv4Address | undefined;
    for (let n = ipv4Number(pool.first); n <= ipv4Number(pool.last); n++) {
      const address = ipv4Of(n);
      if (!fits(address)) continue;
      if (!this.#leases.has(address)) return address;
      ended ??= address;
    }
    return ended;
  }
}

export function inPool({ first, last }: Pool, address: Ipv4Address): boolean {
  return ipv4Number(address) >= ipv4Number(first) && ipv4Number(address) <= ipv4Number(last);
}
