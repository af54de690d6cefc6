/**
 * Which address or prefix a client gets that has none in a pool: what it names, if that is free and ours to give; else the
 * places of its keyed hash (link, type, IAID, DUID, counter), one after the other until one is free (RFC 7943 §4); else, in a
 * pool small enough, the places behind. What ended but is kept for somebody goes only when nothing else is left.
 */
import { LIMITS } from "../../../base/limits.ts";
import type { KeyedHash } from "../../../ports/secrets.ts";
import { IDENTIFIER_BYTES } from "../../leases/keys.ts";
import type { Offers } from "../../leases/offers.ts";
import { isReservedIdentifier } from "../../reserved-identifier.ts";
import { OPTION } from "./codes.ts";
import type { Ledger } from "./ledger.ts";
import type { ClientMessage } from "./message.ts";
import { copyOctets, putU32, samePrefix } from "./octets.ts";
import { Overlaps } from "./overlaps.ts";
import type { Pool } from "./pools.ts";
import type { OnLinkPrefix, ServedLink } from "./served-link.ts";

/** Link 2, type 1, counter 1, IAID 4; the DUID follows. */
const HEAD_BYTES = 8;
const COUNTER_AT = 3;

/** Whose place is looked for: one association of a message at a time. */
export type Seeker = {
  readonly link: ServedLink;
  readonly message: ClientMessage;
  ia: number;
  readonly now: number;
  /** Heard by ourselves: routes to its prefixes are ours to make. Otherwise they are its relay's (RFC 8987). */
  readonly direct: boolean;
  /** 1 for each class, in the order of the configuration, that the client is in. */
  readonly classes: Uint8Array;
  /** Where the client's link-local address stands, over which prefixes are routed to it; -1 when it has spoken from another one. */
  readonly via: Uint8Array;
  readonly viaAt: number;
};

/** Offers are kept under a key of the process; what is asked of them is this. */
export type OfferBook = Pick<Offers, "put" | "isFreeFor">;
/** Told what keys had a say in: whoever plays the server again has not got them. */
export interface ChoiceNotes {
  hashed(high: number, low: number): void;
  offerStands(free: boolean): void;
}

export class Choice {
  notes: ChoiceNotes | undefined;
  /** What was chosen last. */
  readonly address: Uint8Array = new Uint8Array(16);
  /** Prefixes on links: none of them may be delegated. */
  inUse: readonly OnLinkPrefix[] = [];
  readonly overlaps: Overlaps = new Overlaps();
  readonly #ledger: Ledger;
  readonly #offers: OfferBook;
  readonly #hash: KeyedHash;
  readonly #hashed = new Uint8Array(HEAD_BYTES + IDENTIFIER_BYTES);

  /** @param hash its key outlives the process: with another, clients get other addresses */
  constructor(ledger: Ledger, offers: OfferBook, hash: KeyedHash) {
    this.#ledger = ledger;
    this.#offers = offers;
    this.#hash = hash;
  }

  /** @returns whether `address` now holds a place that the client may be given */
  find(pool: Pool, seeker: Seeker): boolean {
    if (pool.fullAt === seeker.now) return false;
    const length = this.#laid(seeker);
    if (this.#named(pool, seeker) || this.#hashedPlace(pool, seeker, length, false) || this.#nextPlace(pool, seeker, false)) return true;
    if (this.#hashedPlace(pool, seeker, length, true) || this.#nextPlace(pool, seeker, true)) return true;
    pool.fullAt = seeker.now;
    return false;
  }

  /** Whether the client may be given what it names: its hint lies in the pool, and nobody else has it. */
  fits(pool: Pool, seeker: Seeker): boolean {
    this.#laid(seeker);
    return this.#named(pool, seeker);
  }

  /** Whether `address`, which the client had, was not offered to somebody else since. */
  isStillFree(pool: Pool, seeker: Seeker): boolean {
    return this.#mayGive(pool, seeker, true);
  }

  /** Remembers that what was chosen last is offered to the client: nobody else is offered it meanwhile. */
  offered(pool: Pool, { link, message, ia, now }: Seeker): void {
    const { bytes, clientIdAt, clientIdLength, iaCodes, iaids } = message;
    const { pieceLength } = pool.shape;
    this.#offers.put(this.address, 0, pieceLength, link.identity.number, iaCodes[ia] ?? 0, iaids[ia] ?? 0, bytes, clientIdAt, clientIdLength, now);
  }

  #named(pool: Pool, seeker: Seeker): boolean {
    const { message, ia } = seeker;
    for (let hint = 0; hint < message.hintsKept(ia); hint++) {
      const length = message.copyHint(ia, hint, this.address);
      if (length === -1 || !pool.holds(this.address, 0, length)) continue;
      if (this.#mayGive(pool, seeker, true)) return true;
    }
    return false;
  }

  #hashedPlace(pool: Pool, seeker: Seeker, length: number, pressed: boolean): boolean {
    for (let counter = 0; counter < LIMITS.poolHashes; counter++) {
      this.#hashed[COUNTER_AT] = counter;
      const low = this.#hash.hash(this.#hashed, 0, length);
      if (this.notes !== undefined) this.notes.hashed(this.#hash.high, low);
      pool.place(this.#hash.high, low, this.address, 0);
      if (this.#mayGive(pool, seeker, pressed)) return true;
    }
    return false;
  }

  #nextPlace(pool: Pool, seeker: Seeker, pressed: boolean): boolean {
    const places = Math.min(pool.places, LIMITS.poolPlaces);
    // From the place of the last hash on: the lowest bits of a pool are its number.
    for (let step = 1; step <= places; step++) {
      pool.place(0, (this.#hash.low + step) >>> 0, this.address, 0);
      if (this.#mayGive(pool, seeker, pressed)) return true;
    }
    return false;
  }

  /** @param pressed what ended and is kept for another client may be taken */
  #mayGive(pool: Pool, seeker: Seeker, pressed: boolean): boolean {
    const { link, now } = seeker;
    const { pieceLength } = pool.shape;
    if (pieceLength === 128 ? isReservedIdentifier(this.address, 0) || link.isOwn(this.address, 0) : this.#isInUse(pieceLength, now)) return false;
    const row = this.#ledger.table.findAddress(this.address, 0, pieceLength);
    if (row !== -1 && (!pressed || this.#ledger.isLive(row, now))) return false;
    return this.#isOfferedToNobodyElse(pieceLength, seeker);
  }

  #isOfferedToNobodyElse(pieceLength: number, { link, message, ia, now }: Seeker): boolean {
    const { bytes, clientIdAt, clientIdLength } = message;
    const type = message.iaCodes[ia] ?? 0;
    const iaid = message.iaids[ia] ?? 0;
    const { number } = link.identity;
    const free = this.#offers.isFreeFor(this.address, 0, pieceLength, number, type, iaid, bytes, clientIdAt, clientIdLength, now);
    if (this.notes !== undefined) this.notes.offerStands(free);
    return free;
  }

  #isInUse(pieceLength: number, now: number): boolean {
    for (const { prefix, prefixLength } of this.inUse) {
      if (samePrefix(prefix, 0, this.address, 0, Math.min(prefixLength, pieceLength))) return true;
    }
    return this.overlaps.touch(this.address, pieceLength, now);
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
