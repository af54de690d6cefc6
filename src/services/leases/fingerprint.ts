/**
 * Octets as one number of 53 bits, to count by in a map. Under the table's own key: what the engine makes of a number in a map is no secret,
 * and strangers who chose the numbers would have them all in one chain.
 */
import { SipHash } from "./siphash.ts";

/** What was hashed before, then octets. */
const CARRIED_BYTES = 8;
const CHUNK_BYTES = 136;
const HIGH_BITS = 0x1fffff;

export class Fingerprint {
  readonly #hash: SipHash;
  readonly #bytes = new Uint8Array(CARRIED_BYTES + CHUNK_BYTES);
  #low = 0;
  #high = 0;

  /** @param key 16 random bytes of this process */
  constructor(key: Uint8Array) {
    this.#hash = new SipHash(key);
  }

  begin(number: number): this {
    this.#low = number;
    this.#high = 0;
    return this;
  }

  add(bytes: Uint8Array, at: number, length: number): this {
    for (let done = 0; done < length; done += CHUNK_BYTES) this.#chunk(bytes, at + done, Math.min(CHUNK_BYTES, length - done));
    return this;
  }

  get value(): number {
    return (this.#high & HIGH_BITS) * 2 ** 32 + (this.#low >>> 0);
  }

  #chunk(bytes: Uint8Array, at: number, length: number): void {
    for (let i = 0; i < 4; i++) {
      this.#bytes[i] = this.#low >>> (8 * i);
      this.#bytes[4 + i] = this.#high >>> (8 * i);
    }
    for (let i = 0; i < length; i++) this.#bytes[CARRIED_BYTES + i] = bytes[at + i] ?? 0;
    this.#low = this.#hash.signed(this.#bytes, 0, CARRIED_BYTES + length);
    this.#high = this.#hash.signedHigh;
  }
}
