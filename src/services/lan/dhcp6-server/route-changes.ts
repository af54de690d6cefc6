/**
 * Routes to delegated prefixes that have begun or ended: for clients heard directly, over their link-local address (RFC 9915
 * §18.3.2; for relayed ones the route is the relay's, RFC 8987). Every answer says them again; who keeps routes compares.
 */
import { copyOctets } from "./octets.ts";

export class RouteChanges {
  /** 1: the route should be there. 0: it should not. */
  readonly present: Uint8Array;
  /** The kernel's index of the interface. */
  readonly links: Int32Array;
  /** Sixteen octets a change. */
  readonly prefixes: Uint8Array;
  readonly prefixLengths: Uint8Array;
  /** The client's link-local address, sixteen octets a change; of a route that ends it may be zero. */
  readonly vias: Uint8Array;
  count = 0;

  constructor(slots: number) {
    this.present = new Uint8Array(slots);
    this.links = new Int32Array(slots);
    this.prefixes = new Uint8Array(16 * slots);
    this.prefixLengths = new Uint8Array(slots);
    this.vias = new Uint8Array(16 * slots);
  }

  get room(): number {
    return this.present.length - this.count;
  }

  add(link: number, prefix: Uint8Array, prefixAt: number, prefixLength: number, via: Uint8Array, viaAt: number): void {
    this.#change(1, link, prefix, prefixAt, prefixLength);
    copyOctets(via, viaAt, this.vias, 16 * (this.count - 1), 16);
  }

  remove(link: number, prefix: Uint8Array, prefixAt: number, prefixLength: number): void {
    this.#change(0, link, prefix, prefixAt, prefixLength);
    this.vias.fill(0, 16 * (this.count - 1), 16 * this.count);
  }

  #change(present: number, link: number, prefix: Uint8Array, prefixAt: number, prefixLength: number): void {
    const row = this.count++;
    this.present[row] = present;
    this.links[row] = link;
    copyOctets(prefix, prefixAt, this.prefixes, 16 * row, 16);
    this.prefixLengths[row] = prefixLength;
  }
}
