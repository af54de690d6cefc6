/**
 * Octets as one number of 53 bits, to count by in a map. It needs no key: two that are alike share a count, which whoever wants another's
 * count to rise reaches by his name as well, and no chain grows longer by it.
 */
const FIRST = 0x811c9dc5;
const SECOND = 0x9e3779b9;
const FIRST_PRIME = 0x01000193;
const SECOND_PRIME = 0x85ebca6b;
const HIGH_BITS = 0x1fffff;

export class Fingerprint {
  #first = 0;
  #second = 0;

  begin(number: number): this {
    this.#first = FIRST ^ number;
    this.#second = SECOND ^ Math.imul(number, SECOND_PRIME);
    return this;
  }

  add(bytes: Uint8Array, at: number, length: number): this {
    for (let i = 0; i < length; i++) {
      const octet = bytes[at + i] ?? 0;
      this.#first = Math.imul(this.#first ^ octet, FIRST_PRIME);
      this.#second = Math.imul((this.#second << 5) ^ (this.#second >>> 27) ^ octet, SECOND_PRIME);
    }
    return this;
  }

  get value(): number {
    return (this.#first & HIGH_BITS) * 2 ** 32 + (this.#second >>> 0);
  }
}
