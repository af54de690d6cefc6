/**
 * Addresses from one to another where they are no prefix, numbered from the first one on. A hash falls on a number of as many bits as
 * the last one has, and on none of the range as often as it has to: so every address is as likely as the others.
 */
import { ipv6Bytes } from "../../../base/ipv6.ts";
import { ipv6Number } from "../../../base/ipv6-number.ts";
import type { AddressPool } from "../dhcp6-config.ts";
import { copyOctets, putU32, word } from "./octets.ts";

const WORD_BITS = 32;
const HASH_BITS = 64n;
const ALL = 0xffffffff;

export class AddressRange {
  readonly #first: Uint8Array;
  readonly #last: Uint8Array;
  /** The last number, and ones in all of its bits, in two unsigned halves; what lies beyond 64 bits only a client's wish reaches. */
  readonly #endHigh: number;
  readonly #endLow: number;
  readonly #maskHigh: number;
  readonly #maskLow: number;

  constructor({ first, last }: Pick<AddressPool, "first" | "last">) {
    this.#first = ipv6Bytes(first);
    this.#last = ipv6Bytes(last);
    const span = ipv6Number(last) - ipv6Number(first);
    const end = span >= 1n << HASH_BITS ? (1n << HASH_BITS) - 1n : span;
    this.#endHigh = Number(end >> BigInt(WORD_BITS));
    this.#endLow = Number(end & BigInt(ALL));
    this.#maskHigh = onesOf(this.#endHigh);
    this.#maskLow = this.#endHigh > 0 ? ALL : onesOf(this.#endLow);
  }

  /** How many there are; 0 where they are too many to be tried one after the other. */
  get places(): number {
    return this.#endHigh > 0 ? 0 : this.#endLow + 1;
  }

  holds(bytes: Uint8Array, at: number): boolean {
    return order(bytes, at, this.#first) >= 0 && order(bytes, at, this.#last) <= 0;
  }

  /** Writes the address of a hash of 64 bits. @returns false when it falls on none */
  place(high: number, low: number, out: Uint8Array, at: number): boolean {
    const numberHigh = (high & this.#maskHigh) >>> 0;
    const numberLow = (low & this.#maskLow) >>> 0;
    if (numberHigh > this.#endHigh || (numberHigh === this.#endHigh && numberLow > this.#endLow)) return false;
    copyOctets(this.#first, 0, out, at, 16);
    let carry = add(out, at + 12, numberLow, 0);
    carry = add(out, at + 8, numberHigh, carry);
    carry = add(out, at + 4, 0, carry);
    add(out, at, 0, carry);
    return true;
  }
}

/** Adds to four octets. @returns what is carried */
function add(out: Uint8Array, at: number, number: number, carry: number): number {
  const sum = (word(out, at) >>> 0) + number + carry;
  putU32(out, at, sum % 2 ** WORD_BITS);
  return sum >= 2 ** WORD_BITS ? 1 : 0;
}

/** Ones in every bit up to the highest that is set. */
function onesOf(number: number): number {
  return number === 0 ? 0 : ALL >>> Math.clz32(number);
}

/** Below 0: what is at `at` comes first. */
function order(bytes: Uint8Array, at: number, other: Uint8Array): number {
  for (let i = 0; i < 16; i++) {
    const difference = (bytes[at + i] ?? 0) - (other[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
