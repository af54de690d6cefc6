/** How many messages a second one source may send, where the operator limits that: a second's worth at once, and then as they come in. */
import { LIMITS } from "../../../base/limits.ts";
import { Fingerprint } from "../../leases/fingerprint.ts";
import { isLinkLocal } from "./octets.ts";
import type { RelayChain } from "./relay-chain.ts";

const ADDRESS_BYTES = 16;
/** A host has as many addresses of one prefix as it likes. */
const PREFIX_BYTES = 8;

export class SourceRates {
  readonly #fingerprint: Fingerprint;
  readonly #places = new Map<number, number>();
  /** Of each place: whose it is, what is left, and when that was so. */
  readonly #keys = new Float64Array(LIMITS.rateSources);
  readonly #left = new Float64Array(LIMITS.rateSources);
  readonly #seconds = new Float64Array(LIMITS.rateSources);
  #next = 0;

  /** @param key 16 random bytes of this process */
  constructor(key: Uint8Array) {
    this.#fingerprint = new Fingerprint(key);
  }

  /** Everybody begins anew. */
  clear(): void {
    this.#places.clear();
    this.#next = 0;
  }

  /** @param from where the datagram came from @returns false when its client has sent enough for now */
  take(perSecond: number, link: number, chain: RelayChain, from: Uint8Array, fromAt: number, now: number): boolean {
    const place = this.#placeOf(
      chain.depth === 0 ? this.#key(link, from, fromAt) : this.#key(link, chain.bytes, chain.peerAddressAt(chain.depth - 1)),
      perSecond,
      now,
    );
    const left = Math.min(perSecond, (this.#left[place] ?? 0) + perSecond * Math.max(0, now - (this.#seconds[place] ?? 0)));
    this.#seconds[place] = now;
    this.#left[place] = left < 1 ? left : left - 1;
    return left >= 1;
  }

  #key(link: number, address: Uint8Array, at: number): number {
    return this.#fingerprint.begin(link).add(address, at, isLinkLocal(address, at) ? ADDRESS_BYTES : PREFIX_BYTES).value;
  }

  /** Of so many sources, the one that came first is forgotten. */
  #placeOf(key: number, perSecond: number, now: number): number {
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const place = this.#next;
    this.#next = (place + 1) % LIMITS.rateSources;
    const before = this.#keys[place] ?? 0;
    if (this.#places.get(before) === place) this.#places.delete(before);
    this.#keys[place] = key;
    this.#left[place] = perSecond;
    this.#seconds[place] = now;
    this.#places.set(key, place);
    return place;
  }
}
