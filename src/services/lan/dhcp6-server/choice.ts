/**
 * Which address or prefix a client gets that has none of a supply: what it names, if that is free and ours to give; else the
 * places of its keyed hash (link, type, IAID, DUID, counter), one after the other until one is free (RFC 7943 §4); else, in a
 * pool small enough, the places behind. Where lengths differ, the smallest free block that holds one of the length that it asks for
 * (RFC 8168 §3.2). What ended but is kept for somebody goes only when nothing else is left.
 */
import { LIMITS } from "../../../base/limits.ts";
import type { KeyedHash } from "../../../ports/secrets.ts";
import { IDENTIFIER_BYTES } from "../../leases/keys.ts";
import type { Offers } from "../../leases/offers.ts";
import { isReservedIdentifier } from "../../reserved-identifier.ts";
import { OPTION } from "./codes.ts";
import type { ReservedHosts } from "./hosts.ts";
import type { Ledger } from "./ledger.ts";
import { clearHost, copyOctets, putU32 } from "./octets.ts";
import { ALL_CLIENTS, type Pool } from "./pools.ts";
import type { Seeker } from "./seeker.ts";
import type { Supply } from "./supplies.ts";

/** Link 2, type 1, counter 1, IAID 4; the DUID follows. */
const HEAD_BYTES = 8;
const COUNTER_AT = 3;

/** Offers are kept under a key of the process; what is asked of them is this. */
export type OfferBook = Pick<Offers, "put" | "isFreeFor">;
/** Told what keys had a say in: whoever plays the server again has not got them. */
export interface ChoiceNotes {
  hashed(high: number, low: number): void;
  offerStands(free: boolean): void;
}

export class Choice {
  notes: ChoiceNotes | undefined;
  /** What was chosen last: a piece of a pool. */
  readonly address: Uint8Array = new Uint8Array(16);
  length = 0;
  readonly #ledger: Ledger;
  readonly #offers: OfferBook;
  readonly #hosts: ReservedHosts;
  readonly #hash: KeyedHash;
  readonly #hashed = new Uint8Array(HEAD_BYTES + IDENTIFIER_BYTES);
  readonly #block = new Uint8Array(16);
  readonly #around = new Uint8Array(16);

  /** @param hash its key outlives the process: with another, clients get other addresses */
  constructor(ledger: Ledger, offers: OfferBook, hash: KeyedHash, hosts: ReservedHosts) {
    this.#ledger = ledger;
    this.#offers = offers;
    this.#hash = hash;
    this.#hosts = hosts;
  }

  /** @returns the pool of which `address` and `length` now hold a piece that the client may be given */
  find(supply: Supply, seeker: Seeker): Pool | undefined {
    const named = this.fitting(supply, seeker);
    if (named !== undefined) return named;
    for (const pool of supply.pools) if (this.mayUse(pool, seeker) && pool.usableAt(seeker.now) && this.#findIn(pool, supply, seeker)) return pool;
    return undefined;
  }

  /** The pool of which the client may be given what it names: its hint lies in it, and nobody else has it. */
  fitting(supply: Supply, seeker: Seeker): Pool | undefined {
    const { message, ia, now } = seeker;
    for (let hint = 0; hint < message.hintsKept(ia); hint++) {
      const length = message.copyHint(ia, hint, this.address);
      if (length === -1) continue;
      for (const pool of supply.pools) {
        if (!pool.holds(this.address, 0, length) || !this.mayUse(pool, seeker) || !pool.usableAt(now)) continue;
        this.length = length;
        if (this.#mayGive(supply, seeker, true)) return pool;
      }
    }
    return undefined;
  }

  /** Whether the pool is for clients like this one. */
  mayUse({ shape }: Pool, { classes }: Seeker): boolean {
    return shape.classIndex === ALL_CLIENTS || classes[shape.classIndex] === 1;
  }

  /** Whether `address`, which the client had, was not given or offered to somebody else since. */
  isStillFree(supply: Supply, seeker: Seeker): boolean {
    return this.#mayGive(supply, seeker, true);
  }

  /** Remembers that what was chosen last is offered to the client: nobody else is offered it meanwhile. */
  offered({ link, message, ia, now }: Seeker): void {
    const { bytes, clientIdAt, clientIdLength, iaCodes, iaids } = message;
    this.#offers.put(this.address, 0, this.length, link.identity.number, iaCodes[ia] ?? 0, iaids[ia] ?? 0, bytes, clientIdAt, clientIdLength, now);
  }

  #findIn(pool: Pool, supply: Supply, seeker: Seeker): boolean {
    if (pool.fullAt === seeker.now && pool.fullAfter === this.#ledger.ended) return false;
    const laid = this.#laid(seeker);
    if (pool.isMixed ? this.#findMixed(pool, supply, seeker, laid) : this.#findAlike(pool, supply, seeker, laid)) return true;
    pool.fullAt = seeker.now;
    pool.fullAfter = this.#ledger.ended;
    return false;
  }

  #findAlike(pool: Pool, supply: Supply, seeker: Seeker, laid: number): boolean {
    this.length = pool.shape.pieceLength;
    if (this.#hashedPlace(pool, supply, seeker, laid, false) || this.#nextPlace(pool, supply, seeker, false)) return true;
    return this.#hashedPlace(pool, supply, seeker, laid, true) || this.#nextPlace(pool, supply, seeker, true);
  }

  /** Of the length that is asked for, or else the nearest: longer ones take less, and a shorter one is free only where that one is. */
  #findMixed(pool: Pool, supply: Supply, seeker: Seeker, laid: number): boolean {
    const wanted = lengthFor(pool, seeker);
    for (this.length = wanted; this.length <= pool.shape.longest; this.length++) if (this.#cut(pool, supply, seeker)) return true;
    for (this.length = wanted; this.length <= pool.shape.longest; this.length++) {
      if (this.#hashedPlace(pool, supply, seeker, laid, true) || this.#nextPlace(pool, supply, seeker, true)) return true;
    }
    return false;
  }

  /** From the smallest free block on, the first piece that nobody else was offered; where each was, the first of all. */
  #cut(pool: Pool, supply: Supply, seeker: Seeker): boolean {
    const blockLength = this.#ledger.overlaps.smallest(pool, this.length, this.#block);
    if (blockLength === -1) return false;
    const pieces = Math.min(LIMITS.poolHashes, 2 ** Math.min(31, this.length - blockLength));
    for (let piece = 0; piece < pieces; piece++) {
      this.#pieceOfBlock(piece);
      if (this.#mayGive(supply, seeker, false) && !this.#overlapsOffer(pool, seeker)) return true;
    }
    this.#pieceOfBlock(0);
    return true;
  }

  /** Whether a prefix around the piece, or one that begins as it does, was offered to somebody else: blocks are cut from their beginning. */
  #overlapsOffer({ shape }: Pool, seeker: Seeker): boolean {
    copyOctets(this.address, 0, this.#around, 0, 16);
    for (let length = shape.longest; length >= shape.shortest; length--) {
      if (length < this.length) clearHost(this.#around, length);
      if (length !== this.length && !this.#isOfferedToNobodyElse(this.#around, length, seeker)) return true;
    }
    return false;
  }

  /** The block's beginning, with a number of at most 31 bits in front of the end of the piece. */
  #pieceOfBlock(number: number): void {
    copyOctets(this.#block, 0, this.address, 0, 16);
    for (let bit = 0; number >>> bit > 0; bit++) {
      const at = this.length - 1 - bit;
      const octet = at >>> 3;
      if (((number >>> bit) & 1) === 1) this.address[octet] = (this.address[octet] ?? 0) | (0x80 >>> (at & 7));
    }
  }

  #hashedPlace(pool: Pool, supply: Supply, seeker: Seeker, laid: number, pressed: boolean): boolean {
    for (let counter = 0; counter < LIMITS.poolHashes; counter++) {
      this.#hashed[COUNTER_AT] = counter;
      const low = this.#hash.hash(this.#hashed, 0, laid);
      if (this.notes !== undefined) this.notes.hashed(this.#hash.high, low);
      if (pool.place(this.#hash.high, low, this.length, this.address, 0) && this.#mayGive(supply, seeker, pressed)) return true;
    }
    return false;
  }

  #nextPlace(pool: Pool, supply: Supply, seeker: Seeker, pressed: boolean): boolean {
    const places = Math.min(pool.places(this.length), LIMITS.poolPlaces);
    // From the place of the last hash on: the lowest bits of a pool are its number.
    for (let step = 1; step <= places; step++) {
      pool.placeOf((this.#hash.low + step) >>> 0, this.length, this.address, 0);
      if (this.#mayGive(supply, seeker, pressed)) return true;
    }
    return false;
  }

  /** @param pressed what ended and is kept for another client may be taken */
  #mayGive(supply: Supply, seeker: Seeker, pressed: boolean): boolean {
    const { link, now, message, ia } = seeker;
    if (message.iaCodes[ia] === OPTION.iaNa) {
      if (isReservedIdentifier(this.address, 0) || link.isOwn(this.address, 0)) return false;
      if (this.#hosts.keepsAddress(this.address, 0, supply.prefixLength)) return false;
    } else if (!this.#ledger.overlaps.isFree(this.address, this.length, now, pressed, false)) return false;
    const row = this.#ledger.table.findAddress(this.address, 0, this.length);
    if (row !== -1 && (!pressed || this.#ledger.isLive(row, now))) return false;
    return this.#isOfferedToNobodyElse(this.address, this.length, seeker);
  }

  #isOfferedToNobodyElse(address: Uint8Array, length: number, { link, message, ia, now }: Seeker): boolean {
    const { bytes, clientIdAt, clientIdLength } = message;
    const type = message.iaCodes[ia] ?? 0;
    const iaid = message.iaids[ia] ?? 0;
    const { number } = link.identity;
    const free = this.#offers.isFreeFor(address, 0, length, number, type, iaid, bytes, clientIdAt, clientIdLength, now);
    if (this.notes !== undefined) this.notes.offerStands(free);
    return free;
  }

  #laid({ link, message, ia }: Seeker): number {
    const hashed = this.#hashed;
    hashed[0] = link.identity.number >>> 8;
    hashed[1] = link.identity.number;
    hashed[2] = message.iaCodes[ia] ?? OPTION.iaNa;
    hashed[COUNTER_AT] = 0;
    putU32(hashed, 4, message.iaids[ia] ?? 0);
    copyOctets(message.bytes, message.clientIdAt, hashed, HEAD_BYTES, message.clientIdLength);
    return HEAD_BYTES + message.clientIdLength;
  }
}

/** What the client asks for first, were it without a prefix (RFC 8168 §3.1), as far as the pool gives it. */
function lengthFor({ shape }: Pool, { message, ia }: Seeker): number {
  const asked = message.hintLength(ia);
  return asked === 0 ? shape.pieceLength : Math.min(shape.longest, Math.max(shape.shortest, asked));
}
