/** What leases are hashed by, laid out in one scratch buffer: (link, type, IAID, identifier) or (address, prefix length). */
import { ADDRESS_BYTES } from "./rows.ts";
import { SIPHASH_1_3, SipHash } from "./siphash.ts";

/** The longest client identifier: a DUID of type code and 128 bytes (RFC 9915 §11.1). */
export const IDENTIFIER_BYTES = 130;
const HEAD_BYTES = 8;

/**
 * The last bytes of either form are kept with their hash: one exchange asks for the same client and address several times over,
 * and to compare while copying costs a tenth of hashing (`node --import tsx bench/server6-core.ts`).
 */
export class LeaseKeys {
  readonly #clients: KeptHash;
  readonly #addresses: KeptHash;
  /** Bits 32 to 63 of the last client's hash; the functions below return the lower ones. All are signed. */
  clientHigh = 0;

  constructor(key: Uint8Array) {
    const hash = new SipHash(key, SIPHASH_1_3);
    this.#clients = new KeptHash(hash, HEAD_BYTES + IDENTIFIER_BYTES);
    this.#addresses = new KeptHash(hash, ADDRESS_BYTES + 1);
  }

  client(link: number, type: number, iaid: number, identifier: Uint8Array, at: number, length: number): number {
    const kept = this.#clients;
    kept.word(0, (link & 0xffff) | (type << 16));
    kept.word(4, iaid);
    kept.copy(HEAD_BYTES, identifier, at, length);
    const low = kept.low(HEAD_BYTES + length);
    this.clientHigh = kept.high;
    return low;
  }

  address(address: Uint8Array, at: number, prefixLength: number): number {
    const kept = this.#addresses;
    kept.copy(0, address, at, ADDRESS_BYTES);
    kept.byte(ADDRESS_BYTES, prefixLength);
    return kept.low(ADDRESS_BYTES + 1);
  }
}

/** Bytes, and the hash of what they held when they were last asked for. */
class KeptHash {
  high = 0;
  readonly #hash: SipHash;
  readonly #bytes: Uint8Array;
  #changed = 0;
  #length = -1;
  #low = 0;

  constructor(hash: SipHash, bytes: number) {
    this.#hash = hash;
    this.#bytes = new Uint8Array(bytes);
  }

  byte(at: number, value: number): void {
    this.#changed |= (this.#bytes[at] ?? 0) ^ value;
    this.#bytes[at] = value;
  }

  /** Four bytes, the lowest first. */
  word(at: number, value: number): void {
    for (let i = 0; i < 4; i++) this.byte(at + i, (value >>> (8 * i)) & 0xff);
  }

  copy(to: number, bytes: Uint8Array, at: number, length: number): void {
    const kept = this.#bytes;
    let changed = this.#changed;
    for (let i = 0; i < length; i++) {
      const byte = bytes[at + i] ?? 0;
      changed |= (kept[to + i] ?? 0) ^ byte;
      kept[to + i] = byte;
    }
    this.#changed = changed;
  }

  low(length: number): number {
    if (this.#changed === 0 && this.#length === length) return this.#low;
    this.#low = this.#hash.signed(this.#bytes, 0, length);
    this.high = this.#hash.signedHigh;
    this.#changed = 0;
    this.#length = length;
    return this.#low;
  }
}
