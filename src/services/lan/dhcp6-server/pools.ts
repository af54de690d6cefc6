/**
 * Where addresses and prefixes come from. A pool is a prefix of which each lease takes a piece: of 128 bits for an address, of
 * the delegated length for a prefix. Which piece follows from a keyed hash, so that nobody can foresee it and the same client
 * gets the same again (RFC 7943 §4, RFC 9915 §13.1); a pool so small that hashes meet is then searched place by place.
 */
import { remainingSeconds } from "./lifetimes.ts";
import { copyOctets, hostIsZero, samePrefix } from "./octets.ts";

export type PoolShape = {
  /** Sixteen octets, host bits zero. */
  readonly prefix: Uint8Array;
  readonly prefixLength: number;
  /** 128 for addresses. */
  readonly pieceLength: number;
  /** Ceilings of what is promised. */
  readonly preferredSeconds: number;
  readonly validSeconds: number;
  /** Ends of what the pool was taken from: seconds of the wall clock. */
  readonly preferredUntil: number;
  readonly validUntil: number;
};

/** Places up to this many bits are numbered, and can be searched one after the other. */
const NUMBERED_BITS = 32;

export class Pool {
  readonly shape: PoolShape;
  readonly #bits: number;
  /** The second in which every place was seen to be taken. */
  fullAt = -1;

  constructor(shape: PoolShape) {
    this.shape = shape;
    this.#bits = shape.pieceLength - shape.prefixLength;
  }

  /** Number of places that can be tried one after the other; 0 where there are too many to do so. */
  get places(): number {
    return this.#bits > NUMBERED_BITS ? 0 : 2 ** this.#bits;
  }

  /** Whether what is at `at` is a piece of this pool. */
  holds(bytes: Uint8Array, at: number, pieceLength: number): boolean {
    const { prefix, prefixLength } = this.shape;
    return pieceLength === this.shape.pieceLength && samePrefix(bytes, at, prefix, 0, prefixLength) && hostIsZero(bytes, at, pieceLength);
  }

  usableAt(now: number): boolean {
    return this.shape.preferredUntil > now && this.shape.validUntil > now;
  }

  /** What a lease may be promised now: never more than what the pool itself has left. */
  validFor(now: number): number {
    return Math.min(this.shape.validSeconds, remainingSeconds(this.shape.validUntil, now));
  }

  preferredFor(now: number): number {
    return Math.min(this.shape.preferredSeconds, remainingSeconds(this.shape.preferredUntil, now), this.validFor(now));
  }

  /** Writes the piece of a hash of 64 bits: its lowest bits, as many as the pool has. */
  place(high: number, low: number, out: Uint8Array, at: number): void {
    copyOctets(this.shape.prefix, 0, out, at, 16);
    const { pieceLength } = this.shape;
    const bits = Math.min(64, this.#bits);
    for (let taken = 0; taken < bits; ) {
      // The octet in which the lowest bit that is left ends, and how many of its bits are ours.
      const end = pieceLength - taken;
      const octet = at + ((end - 1) >>> 3);
      const shift = (8 - (end & 7)) & 7;
      const count = Math.min(8 - shift, bits - taken);
      out[octet] = (out[octet] ?? 0) | ((bitsOf(high, low, taken) & ((1 << count) - 1)) << shift);
      taken += count;
    }
  }
}

/** Eight bits of a number of 64, from bit `from` (0 is the lowest) on. */
function bitsOf(high: number, low: number, from: number): number {
  if (from >= 32) return (high >>> (from - 32)) & 0xff;
  const below = low >>> from;
  return (from > 24 ? below | (high << (32 - from)) : below) & 0xff;
}
