/**
 * What becomes of one identity association of a Solicit, Request, Renew or Rebind (RFC 9915 §18.3.1 to §18.3.5): the leases it
 * has go on, what it lacks is given, and what it may no longer use is said with lifetimes of zero.
 */
import { LIMITS } from "../../../base/limits.ts";
import { STATE } from "../../leases/table.ts";
import type { ReplyBatch } from "./batch.ts";
import type { Choice, Seeker } from "./choice.ts";
import { OPTION } from "./codes.ts";
import type { IaWriter } from "./ia-writer.ts";
import type { Ledger } from "./ledger.ts";
import { compareOctets } from "./octets.ts";
import type { Pool } from "./pools.ts";
import type { ServedLink } from "./served-link.ts";

/** How a message wants its leases. */
export type Wish = "request" | "renew" | "rebind";

export class Associations {
  readonly #ledger: Ledger;
  readonly #choice: Choice;
  readonly #writer: IaWriter;
  /** Leases of the association at hand. */
  readonly #rows = new Int32Array(LIMITS.leasesPerClient);
  #rowCount = 0;
  readonly #address = new Uint8Array(16);
  readonly #other = new Uint8Array(16);
  /** Leases that were promised in the answer at hand, and those that were said to be over. */
  promised = 0;
  #over = 0;

  constructor(ledger: Ledger, choice: Choice, writer: IaWriter) {
    this.#ledger = ledger;
    this.#choice = choice;
    this.#writer = writer;
  }

  /** A new answer. */
  begin(): void {
    this.promised = 0;
    this.#over = 0;
  }

  /** What the client would get, without a promise (RFC 9915 §18.3.9). */
  offer(seeker: Seeker, out: ReplyBatch): void {
    const { message, ia } = seeker;
    const pools = poolsOf(seeker);
    if (this.#tooMuch(seeker, pools.length, out)) return;
    this.#gather(seeker);
    this.#writer.openIa(out, message, ia);
    for (const pool of pools) {
      if (!pool.usableAt(seeker.now)) continue;
      if (!this.#offerFrom(pool, seeker)) continue;
      this.#writer.resource(out, this.#choice.address, 0, pool.shape.pieceLength, pool.preferredFor(seeker.now), pool.validFor(seeker.now));
    }
    if (this.#writer.written === 0) this.#writer.status(out, message.iaCodes[ia] === OPTION.iaNa ? "noAddrsAvail" : "noPrefixAvail");
    this.#writer.closeIa(out);
  }

  /** Promises what the client gets; everything of it is in the journal of `out`. @returns whether there is anything to say */
  grant(seeker: Seeker, wish: Wish, out: ReplyBatch): boolean {
    const { message, ia } = seeker;
    const pools = poolsOf(seeker);
    if (this.#tooMuch(seeker, pools.length, out)) return true;
    if (wish === "request" && this.#namesElsewhere(seeker)) {
      this.#writer.refused(out, message, ia, "notOnLink");
      return true;
    }
    this.#gather(seeker);
    if (wish !== "request" && this.#rowCount === 0 && !this.#mayAdopt(seeker, wish, pools)) return this.#unknown(seeker, wish, out);
    this.#writer.openIa(out, message, ia);
    for (const pool of pools) this.#grantFrom(pool, seeker, out);
    this.#forget(seeker, wish, out);
    if (this.#writer.written === 0) this.#writer.status(out, message.iaCodes[ia] === OPTION.iaNa ? "noAddrsAvail" : "noPrefixAvail");
    this.#writer.closeIa(out);
    return true;
  }

  /** Chooses what the client has, or had and nobody else was offered since, or what it may get. */
  #offerFrom(pool: Pool, seeker: Seeker): boolean {
    const row = this.#rowIn(pool);
    if (row !== -1) {
      this.#ledger.table.copyAddress(row, this.#choice.address, 0);
      if (this.#ledger.isLive(row, seeker.now)) return true;
    }
    if ((row === -1 || !this.#choice.isStillFree(pool, seeker)) && !this.#choice.find(pool, seeker)) return false;
    this.#choice.offered(pool, seeker);
    return true;
  }

  #grantFrom(pool: Pool, seeker: Seeker, out: ReplyBatch): void {
    const { link, message, ia, now, via, viaAt } = seeker;
    if (pool.shape.validUntil <= now) return;
    let row = this.#rowIn(pool);
    // Of a prefix that comes to its end, only what is in use goes on, as long as it lasts.
    if (!pool.usableAt(now) && (row === -1 || !this.#ledger.isBound(row, now))) return;
    if (row === -1) {
      if (!this.#choice.find(pool, seeker)) return;
      row = this.#take(pool, seeker, out);
      if (row === -1) return;
    }
    this.#ledger.promise(row, pool, now, out);
    this.promised++;
    this.#ledger.table.copyAddress(row, this.#address, 0);
    this.#writer.resource(out, this.#address, 0, pool.shape.pieceLength, this.#ledger.preferredSeconds, this.#ledger.validSeconds);
    if (message.iaCodes[ia] === OPTION.iaPd && viaAt !== -1) out.routes.add(link.index, this.#address, 0, pool.shape.pieceLength, via, viaAt);
  }

  /** A client that has as many leases as it may, because its prefixes changed so often, loses the oldest that is of no more use. */
  #take(pool: Pool, { link, message, ia, now }: Seeker, out: ReplyBatch): number {
    const { pieceLength } = pool.shape;
    if (this.#rowCount >= LIMITS.leasesPerClient) {
      const oldest = this.#oldestOver(link, now);
      if (oldest === -1) return -1;
      this.#ledger.forget(this.#rows[oldest] ?? 0, out);
      this.#rows[oldest] = this.#rows[--this.#rowCount] ?? 0;
    }
    return this.#ledger.take(link.identity.number, message, ia, this.#choice.address, 0, pieceLength);
  }

  /** Which of the leases at hand lies in no pool any more and began first; -1 when each does. */
  #oldestOver(link: ServedLink, now: number): number {
    const { table } = this.#ledger;
    let oldest = -1;
    for (let i = 0; i < this.#rowCount; i++) {
      const row = this.#rows[i] ?? 0;
      table.copyAddress(row, this.#address, 0);
      if (link.mayGive(this.#address, 0, table.prefixLength(row), now)) continue;
      if (oldest === -1 || table.startSeconds(row) < table.startSeconds(this.#rows[oldest] ?? 0)) oldest = i;
    }
    return oldest;
  }

  /** What the client holds or names and has not been given is over: both lifetimes are zero (RFC 9915 §18.3.4, RFC 9096 §3.5). */
  #forget(seeker: Seeker, wish: Wish, out: ReplyBatch): void {
    const { table } = this.#ledger;
    for (let i = 0; i < this.#rowCount; i++) {
      const row = this.#rows[i] ?? 0;
      table.copyAddress(row, this.#address, 0);
      const length = table.prefixLength(row);
      if (!this.#ledger.isBound(row, seeker.now) || this.#writer.names(out, this.#address, 0, length)) continue;
      if (++this.#over > LIMITS.leasesPerMessage) return;
      this.#writer.resource(out, this.#address, 0, length, 0, 0);
      if (seeker.direct) out.routeEnds(table, row, seeker.link.index);
    }
    if (wish !== "request") this.#forgetNamed(seeker, out, false);
  }

  /** @param onlyElsewhere what fits the link is left alone: another server may know it */
  #forgetNamed({ link, message, ia, now }: Seeker, out: ReplyBatch, onlyElsewhere: boolean): void {
    for (let hint = 0; hint < message.hintsKept(ia); hint++) {
      const length = message.copyHint(ia, hint, this.#address);
      if (length === -1 || this.#writer.names(out, this.#address, 0, length)) continue;
      if (onlyElsewhere && (message.iaCodes[ia] !== OPTION.iaNa || link.isOnLink(this.#address, 0, now))) continue;
      this.#writer.resource(out, this.#address, 0, length, 0, 0);
    }
  }

  /** No lease is known by this name: a Renew is told so, a Rebind only of what cannot be right (RFC 9915 §18.3.4, §18.3.5). */
  #unknown(seeker: Seeker, wish: Wish, out: ReplyBatch): boolean {
    const { message, ia } = seeker;
    if (wish === "renew") {
      this.#writer.refused(out, message, ia, "noBinding");
      return true;
    }
    const start = out.end;
    this.#writer.openIa(out, message, ia);
    this.#forgetNamed(seeker, out, true);
    if (this.#writer.written === 0) {
      this.#writer.withdrawIa();
      out.end = start;
      return false;
    }
    this.#writer.closeIa(out);
    return true;
  }

  /** After a loss of our state, a client keeps what it has as long as it is free and fits (RFC 9915 §18.3.4). */
  #mayAdopt(seeker: Seeker, wish: Wish, pools: readonly Pool[]): boolean {
    if (wish === "rebind" && !seeker.link.identity.pools.rapidCommit) return false;
    for (const pool of pools) if (pool.usableAt(seeker.now) && this.#choice.fits(pool, seeker)) return true;
    return false;
  }

  #namesElsewhere({ link, message, ia, now }: Seeker): boolean {
    if (message.iaCodes[ia] !== OPTION.iaNa) return false;
    for (let hint = 0; hint < message.hintsKept(ia); hint++) {
      if (message.copyHint(ia, hint, this.#address) !== -1 && !link.isOnLink(this.#address, 0, now)) return true;
    }
    return false;
  }

  /** More than one message may ask for: said so, and nothing done (RFC 9915 §21.13). */
  #tooMuch({ message, ia }: Seeker, pools: number, out: ReplyBatch): boolean {
    const hints = message.hintCounts[ia] ?? 0;
    if (ia < LIMITS.iasPerMessage && hints <= LIMITS.hintsPerIa && this.promised + pools <= LIMITS.leasesPerMessage) return false;
    this.#writer.refused(out, message, ia, "unspecFail");
    return true;
  }

  /**
   * Leases of the association, those included whose time is over but that are still kept for it; in the order of their addresses,
   * for that in which the table finds them depends on its key.
   */
  #gather({ link, message, ia }: Seeker): void {
    const { table } = this.#ledger;
    const { bytes, clientIdAt, clientIdLength } = message;
    this.#rowCount = 0;
    let row = table.find(link.identity.number, message.iaCodes[ia] ?? 0, message.iaids[ia] ?? 0, bytes, clientIdAt, clientIdLength);
    while (row !== -1 && this.#rowCount < LIMITS.leasesPerClient) {
      const state = table.state(row);
      if (state === STATE.bound || state === STATE.released) this.#put(row);
      row = table.next(row);
    }
  }

  #put(row: number): void {
    const { table } = this.#ledger;
    let place = this.#rowCount++;
    if (place > 0) table.copyAddress(row, this.#address, 0);
    for (; place > 0; place--) {
      const before = this.#rows[place - 1] ?? 0;
      table.copyAddress(before, this.#other, 0);
      const order = compareOctets(this.#other, this.#address, 16);
      if (order < 0 || (order === 0 && table.prefixLength(before) < table.prefixLength(row))) break;
      this.#rows[place] = before;
    }
    this.#rows[place] = row;
  }

  #rowIn(pool: Pool): number {
    for (let i = 0; i < this.#rowCount; i++) {
      const row = this.#rows[i] ?? 0;
      this.#ledger.table.copyAddress(row, this.#address, 0);
      if (pool.holds(this.#address, 0, this.#ledger.table.prefixLength(row))) return row;
    }
    return -1;
  }
}

function poolsOf({ link, message, ia }: Seeker): readonly Pool[] {
  return message.iaCodes[ia] === OPTION.iaNa ? link.addressPools : link.prefixPools;
}
