/**
 * Where addresses and prefixes come from. A pool is a prefix of which each lease takes a piece, of 128 bits for an address, of
 * a delegated length for a prefix; or a range of addresses. Where all pieces are alike, which one follows from a keyed hash, so that
 * nobody can foresee it and the same client gets the same again (RFC 7943 §4, RFC 9915 §13.1); a pool so small that hashes meet is then
 * searched place by place.
 */
import type { PromisedLifetimes } from "../dhcp6-config.ts";
import { remainingSeconds } from "./lifetimes.ts";
import { copyOctets, hostIsZero, samePrefix } from "./octets.ts";
import type { AddressRange } from "./ranges.ts";

export type PoolShape = PromisedLifetimes & {
  /** Sixteen octets, host bits zero. */
  readonly prefix: Uint8Array;
  readonly prefixLength: number;
  /** 128 for addresses; of prefixes what a client gets that asks for no length. */
  readonly pieceLength: number;
  /** What else a client may ask for (RFC 8168). */
  readonly shortest: number;
  readonly longest: number;
  /** Of the prefix, only these addresses; undefined: all of it. */
  readonly range: AddressRange | undefined;
  /** Taken out of every delegated prefix (RFC 6603); 0: nothing. */
  readonly excludedLength: number;
  /** The place of the class whose clients alone may use it; ALL_CLIENTS, or NO_CLIENT where there is no such class. */
  readonly classIndex: number;
  /** Ends of what the pool was taken from: seconds of the wall clock. */
  readonly preferredUntil: number;
  readonly validUntil: number;
};
export const ALL_CLIENTS = -1;
export const NO_CLIENT = -2;

/** Places up to this many bits are numbered, and can be searched one after the other. */
const NUMBERED_BITS = 32;

export class Pool {
  readonly shape: PoolShape;
  /** Whether pieces of several lengths are given. */
  readonly isMixed: boolean;
  /** Whether other leases than those of a piece's own length and place can overlap it: then the tree has to be asked, and told. */
  isEntangled = false;
  /** The second in which every place was seen to be taken, and how many leases had ended by then. */
  fullAt = -1;
  fullAfter = 0;

  constructor(shape: PoolShape) {
    this.shape = shape;
    this.isMixed = shape.shortest !== shape.longest;
  }

  /** Number of places of one length that can be tried one after the other; 0 where there are too many to do so. */
  places(pieceLength: number): number {
    const { range, prefixLength } = this.shape;
    if (range !== undefined) return range.places;
    const bits = pieceLength - prefixLength;
    return bits > NUMBERED_BITS ? 0 : 2 ** bits;
  }

  /** Whether what is at `at` is a piece of this pool. */
  holds(bytes: Uint8Array, at: number, pieceLength: number): boolean {
    const { prefix, prefixLength, shortest, longest, range } = this.shape;
    if (pieceLength < shortest || pieceLength > longest || !samePrefix(bytes, at, prefix, 0, prefixLength)) return false;
    return range === undefined ? hostIsZero(bytes, at, pieceLength) : range.holds(bytes, at);
  }

  usableAt(now: number): boolean {
    return this.shape.preferredUntil > now && this.shape.validUntil > now;
  }

  /** What a lease may be promised now: never more than what the pool itself has left. @param said other ceilings than the link's */
  validFor(now: number, said: PromisedLifetimes | undefined): number {
    const ceiling = said === undefined ? this.shape.validSeconds : said.validSeconds;
    return Math.min(ceiling, remainingSeconds(this.shape.validUntil, now));
  }

  preferredFor(now: number, said: PromisedLifetimes | undefined): number {
    const ceiling = said === undefined ? this.shape.preferredSeconds : said.preferredSeconds;
    return Math.min(ceiling, remainingSeconds(this.shape.preferredUntil, now), this.validFor(now, said));
  }

  /** Writes the piece of a hash of 64 bits: its lowest bits, as many as the pool has. @returns false when it falls on none */
  place(high: number, low: number, pieceLength: number, out: Uint8Array, at: number): boolean {
    const { prefix, prefixLength, range } = this.shape;
    if (range !== undefined) return range.place(high, low, out, at);
    copyOctets(prefix, 0, out, at, 16);
    const bits = Math.min(64, pieceLength - prefixLength);
    for (let taken = 0; taken < bits; ) {
      // The octet in which the lowest bit that is left ends, and how many of its bits are ours.
      const end = pieceLength - taken;
      const octet = at + ((end - 1) >>> 3);
      const shift = (8 - (end & 7)) & 7;
      const count = Math.min(8 - shift, bits - taken);
      out[octet] = (out[octet] ?? 0) | ((bitsOf(high, low, taken) & ((1 << count) - 1)) << shift);
      taken += count;
    }
    return true;
  }

  /** Writes the piece of a number; numbers begin again behind the last. */
  placeOf(number: number, pieceLength: number, out: Uint8Array, at: number): void {
    this.place(0, number % this.places(pieceLength), pieceLength, out, at);
  }
}

/** Eight bits of a number of 64, from bit `from` (0 is the lowest) on. */
function bitsOf(high: number, low: number, from: number): number {
  if (from >= 32) return (high >>> (from - 32)) & 0xff;
  const below = low >>> from;
  return (from > 24 ? below | (high << (32 - from)) : below) & 0xff;
}
