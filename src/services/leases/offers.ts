/**
 * Which address was offered to whom in the last minute, so that two clients are not offered the same one. A place for each
 * hash of an address and no search: a newer offer with the same place pushes out the older, which only means that its
 * REQUEST is judged without it. So it never grows, however many clients a stranger plays.
 *
 * A place has 32 bytes: address 16, hash of the client 8, when it ends 4, prefix length 1, 3 spare.
 */
import { LIMITS } from "../../base/limits.ts";
import { LeaseKeys } from "./keys.ts";

const PLACE_BYTES = 32;
const PLACE_WORDS = PLACE_BYTES / 4;
const ADDRESS_WORDS = 4;
const CLIENT_LOW = 4;
const CLIENT_HIGH = 5;
const UNTIL = 6;
const PREFIX_LENGTH = 7;

export class Offers {
  readonly #keys: LeaseKeys;
  readonly #words = new Int32Array(LIMITS.offers * PLACE_WORDS);

  /** @param key 16 random bytes of this process */
  constructor(key: Uint8Array) {
    this.#keys = new LeaseKeys(key);
  }

  /** Remembers that the address (prefix length 128) or prefix was offered; for a minute from now. */
  put(
    address: Uint8Array,
    addressAt: number,
    prefixLength: number,
    link: number,
    type: number,
    iaid: number,
    identifier: Uint8Array,
    identifierAt: number,
    identifierLength: number,
    nowSeconds: number,
  ): void {
    const words = this.#words;
    const place = this.#place(address, addressAt, prefixLength);
    for (let i = 0; i < ADDRESS_WORDS; i++) words[place + i] = word(address, addressAt + 4 * i);
    words[place + CLIENT_LOW] = this.#keys.client(link, type, iaid, identifier, identifierAt, identifierLength);
    words[place + CLIENT_HIGH] = this.#keys.clientHigh;
    words[place + UNTIL] = nowSeconds + LIMITS.offerSeconds;
    words[place + PREFIX_LENGTH] = prefixLength;
  }

  /** Whether nobody but this client has an offer of the address or prefix that still stands. */
  isFreeFor(
    address: Uint8Array,
    addressAt: number,
    prefixLength: number,
    link: number,
    type: number,
    iaid: number,
    identifier: Uint8Array,
    identifierAt: number,
    identifierLength: number,
    nowSeconds: number,
  ): boolean {
    const words = this.#words;
    const place = this.#place(address, addressAt, prefixLength);
    if (!this.#stands(place, address, addressAt, prefixLength, nowSeconds)) return true;
    const low = this.#keys.client(link, type, iaid, identifier, identifierAt, identifierLength);
    return words[place + CLIENT_LOW] === low && words[place + CLIENT_HIGH] === this.#keys.clientHigh;
  }

  /** The address was bound, or is not on offer any more. */
  forget(address: Uint8Array, at: number, prefixLength: number): void {
    const place = this.#place(address, at, prefixLength);
    if (this.#stands(place, address, at, prefixLength, 0)) this.#words[place + UNTIL] = 0;
  }

  #place(address: Uint8Array, at: number, prefixLength: number): number {
    return (this.#keys.address(address, at, prefixLength) & (LIMITS.offers - 1)) * PLACE_WORDS;
  }

  #stands(place: number, address: Uint8Array, at: number, prefixLength: number, nowSeconds: number): boolean {
    const words = this.#words;
    if ((words[place + UNTIL] ?? 0) >>> 0 <= nowSeconds || words[place + PREFIX_LENGTH] !== prefixLength) return false;
    for (let i = 0; i < ADDRESS_WORDS; i++) if (words[place + i] !== word(address, at + 4 * i)) return false;
    return true;
  }
}

/** Four bytes as a number, to be compared only. */
function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
}
