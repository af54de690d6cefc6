/**
 * SipHash (Aumasson, Bernstein 2012): a hash that who does not know the key cannot steer, for tables keyed by bytes
 * that strangers choose. Sixty-four bits are kept in two halves, because whole ones would be bigint and allocate.
 */

const BLOCK_BYTES = 8;

/** Rounds for each block and at the end. */
export type SipHashRounds = { readonly block: number; readonly final: number };
/** What is written as SipHash-2-4: where a hash is seen by strangers, as in an address that it chose. */
export const SIPHASH_2_4: SipHashRounds = { block: 2, final: 4 };
/** SipHash-1-3: enough for a table, whose hashes nobody sees (as in the tables of Rust, Ruby and Python), in two thirds of the time. */
export const SIPHASH_1_3: SipHashRounds = { block: 1, final: 3 };

/** One key and the result of the last hash. */
export class SipHash {
  /** Bits 0 to 31 and 32 to 63 of the last hash, signed: the engine keeps such numbers without an object. */
  signedLow = 0;
  signedHigh = 0;
  readonly #key0Low: number;
  readonly #key0High: number;
  readonly #key1Low: number;
  readonly #key1High: number;
  readonly #blockRounds: number;
  readonly #finalRounds: number;

  /** `key` has 16 bytes. */
  constructor(key: Uint8Array, rounds: SipHashRounds = SIPHASH_2_4) {
    this.#blockRounds = rounds.block;
    this.#finalRounds = rounds.final;
    this.#key0Low = word(key, 0);
    this.#key0High = word(key, 4);
    this.#key1Low = word(key, 8);
    this.#key1High = word(key, 12);
  }

  /** The same, unsigned. */
  get low(): number {
    return this.signedLow >>> 0;
  }

  get high(): number {
    return this.signedHigh >>> 0;
  }

  /** Hashes `length` bytes from `offset`; returns `low`. */
  hash(bytes: Uint8Array, offset: number, length: number): number {
    this.signed(bytes, offset, length);
    return this.low;
  }

  /** Hashes `length` bytes from `offset`; returns `signedLow`. */
  signed(bytes: Uint8Array, offset: number, length: number): number {
    // The four words of the state, "somepseudorandomlygeneratedbytes" under the key: a is v0, b v1, c v2, d v3.
    let al = this.#key0Low ^ 0x70736575;
    let ah = this.#key0High ^ 0x736f6d65;
    let bl = this.#key1Low ^ 0x6e646f6d;
    let bh = this.#key1High ^ 0x646f7261;
    let cl = this.#key0Low ^ 0x6e657261;
    let ch = this.#key0High ^ 0x6c796765;
    let dl = this.#key1Low ^ 0x79746573;
    let dh = this.#key1High ^ 0x74656462;
    const blocks = Math.floor(length / BLOCK_BYTES);
    const tail = offset + blocks * BLOCK_BYTES;
    // Whole blocks, then the rest with the length on top, then the end: each is mixed by the same rounds.
    for (let block = 0; block <= blocks + 1; block++) {
      let ml = 0;
      let mh = 0;
      let rounds = this.#blockRounds;
      if (block < blocks) {
        ml = word(bytes, offset + block * BLOCK_BYTES);
        mh = word(bytes, offset + block * BLOCK_BYTES + 4);
      } else if (block === blocks) {
        const left = length % BLOCK_BYTES;
        ml = partial(bytes, tail, Math.min(left, 4));
        mh = partial(bytes, tail + 4, left - 4) | (length << 24);
      } else {
        cl ^= 0xff;
        rounds = this.#finalRounds;
      }
      dl ^= ml;
      dh ^= mh;
      for (let round = 0; round < rounds; round++) {
        let sum = (al >>> 0) + (bl >>> 0);
        ah = (ah + bh + (sum > 0xffffffff ? 1 : 0)) | 0;
        al = sum | 0;
        let low = (bl << 13) | (bh >>> 19);
        bh = ((bh << 13) | (bl >>> 19)) ^ ah;
        bl = low ^ al;
        low = al;
        al = ah;
        ah = low;

        sum = (cl >>> 0) + (dl >>> 0);
        ch = (ch + dh + (sum > 0xffffffff ? 1 : 0)) | 0;
        cl = sum | 0;
        low = (dl << 16) | (dh >>> 16);
        dh = ((dh << 16) | (dl >>> 16)) ^ ch;
        dl = low ^ cl;

        sum = (al >>> 0) + (dl >>> 0);
        ah = (ah + dh + (sum > 0xffffffff ? 1 : 0)) | 0;
        al = sum | 0;
        low = (dl << 21) | (dh >>> 11);
        dh = ((dh << 21) | (dl >>> 11)) ^ ah;
        dl = low ^ al;

        sum = (cl >>> 0) + (bl >>> 0);
        ch = (ch + bh + (sum > 0xffffffff ? 1 : 0)) | 0;
        cl = sum | 0;
        low = (bl << 17) | (bh >>> 15);
        bh = ((bh << 17) | (bl >>> 15)) ^ ch;
        bl = low ^ cl;
        low = cl;
        cl = ch;
        ch = low;
      }
      al ^= ml;
      ah ^= mh;
    }
    this.signedLow = al ^ bl ^ cl ^ dl;
    this.signedHigh = ah ^ bh ^ ch ^ dh;
    return this.signedLow;
  }
}

/** Four bytes, the lowest first. */
function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
}

/** Up to four bytes, the lowest first; none when `count` is not positive. */
function partial(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = 0; i < count; i++) value |= (bytes[at + i] ?? 0) << (8 * i);
  return value;
}
