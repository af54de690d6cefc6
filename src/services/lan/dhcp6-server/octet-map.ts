/**
 * What the operator wrote, found by its octets without an object for the question. Strangers choose what is looked for and never what is
 * in it: no chain is longer than the operator's own entries make it.
 */
import { sameOctets } from "./octets.ts";

const FIRST_PLACES = 16;
const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

export class OctetMap {
  #keys: (Uint8Array | undefined)[] = new Array<Uint8Array | undefined>(FIRST_PLACES).fill(undefined);
  #values = new Int32Array(FIRST_PLACES);
  #size = 0;

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** What was put under these octets first stays. */
  add(key: Uint8Array, value: number): void {
    if (2 * (this.#size + 1) > this.#keys.length) this.#grow();
    const place = this.#place(key, 0, key.length);
    if (this.#keys[place] !== undefined) return;
    this.#keys[place] = key;
    this.#values[place] = value;
    this.#size++;
  }

  /** @returns -1 when there is nothing under them */
  find(bytes: Uint8Array, at: number, length: number): number {
    if (this.#size === 0) return -1;
    const place = this.#place(bytes, at, length);
    return this.#keys[place] === undefined ? -1 : (this.#values[place] ?? -1);
  }

  #place(bytes: Uint8Array, at: number, length: number): number {
    const mask = this.#keys.length - 1;
    let place = hashOf(bytes, at, length) & mask;
    for (let key = this.#keys[place]; key !== undefined; key = this.#keys[place]) {
      if (key.length === length && sameOctets(key, 0, bytes, at, length)) return place;
      place = (place + 1) & mask;
    }
    return place;
  }

  #grow(): void {
    const [keys, values] = [this.#keys, this.#values];
    this.#keys = new Array<Uint8Array | undefined>(2 * keys.length).fill(undefined);
    this.#values = new Int32Array(2 * keys.length);
    for (const [i, key] of keys.entries()) {
      if (key === undefined) continue;
      const place = this.#place(key, 0, key.length);
      this.#keys[place] = key;
      this.#values[place] = values[i] ?? 0;
    }
  }
}

/** FNV-1a, its higher bits folded into those that are used. */
function hashOf(bytes: Uint8Array, at: number, length: number): number {
  let hash = OFFSET_BASIS;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ (bytes[at + i] ?? 0), PRIME);
  return hash ^ (hash >>> 15);
}
