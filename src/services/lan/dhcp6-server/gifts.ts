/**
 * What one identity association gets, offered or promised: what is reserved for its host, else of each supply one lease, the one it has
 * or had before any other.
 */
import { LIMITS } from "../../../base/limits.ts";
import { IDENTIFIER_BYTES } from "../../leases/keys.ts";
import type { ReplyBatch } from "./batch.ts";
import type { Choice } from "./choice.ts";
import { OPTION } from "./codes.ts";
import type { HeldLeases } from "./held-leases.ts";
import type { ReservedHosts } from "./hosts.ts";
import type { IaWriter } from "./ia-writer.ts";
import type { Ledger } from "./ledger.ts";
import type { Pool } from "./pools.ts";
import type { Seeker } from "./seeker.ts";
import type { Supply } from "./supplies.ts";

type Parts = {
  readonly ledger: Ledger;
  readonly choice: Choice;
  readonly hosts: ReservedHosts;
  readonly writer: IaWriter;
  readonly held: HeldLeases;
};
/** How it stands with a reservation: the host gets it; another association of the same host has it; somebody else has it still. */
type Standing = "given" | "spent" | "held";

export class Gifts {
  readonly #ledger: Ledger;
  readonly #choice: Choice;
  readonly #hosts: ReservedHosts;
  readonly #writer: IaWriter;
  readonly #held: HeldLeases;
  readonly #identifier = new Uint8Array(IDENTIFIER_BYTES);
  /** Leases that were promised in the answer at hand. */
  promised = 0;

  constructor({ ledger, choice, hosts, writer, held }: Parts) {
    this.#ledger = ledger;
    this.#choice = choice;
    this.#hosts = hosts;
    this.#writer = writer;
    this.#held = held;
  }

  /** @param promise whether the client may use it from now on, or is only told what it would get */
  give(supplies: readonly Supply[], seeker: Seeker, promise: boolean, out: ReplyBatch): void {
    if (seeker.reserved === undefined) {
      for (const supply of supplies) this.#giveFrom(supply, seeker, promise, false, out);
      return;
    }
    const { addresses, prefixes } = seeker.link.reserved(seeker.reserved);
    const isAddress = seeker.message.iaCodes[seeker.ia] === OPTION.iaNa;
    const standing = isAddress ? "spent" : this.#giveReserved(prefixes, seeker, promise, out);
    if (standing === "given") return;
    for (const supply of supplies) {
      const kept = isAddress ? addresses.flatMap((one) => (one.supply === supply ? [one.pool] : [])) : [];
      const here = isAddress ? this.#giveReserved(kept, seeker, promise, out) : standing;
      if (here !== "given") this.#giveFrom(supply, seeker, promise, here === "held", out);
    }
  }

  #giveReserved(pools: readonly Pool[], seeker: Seeker, promise: boolean, out: ReplyBatch): Standing {
    const standings = pools.map((pool) => this.#giveKept(pool, seeker, promise, out));
    if (standings.includes("given")) return "given";
    return standings.includes("held") ? "held" : "spent";
  }

  #giveKept(pool: Pool, seeker: Seeker, promise: boolean, out: ReplyBatch): Standing {
    const { now, link, message, ia } = seeker;
    const { address } = this.#choice;
    const length = pool.shape.pieceLength;
    pool.place(0, 0, length, address, 0);
    this.#choice.length = length;
    let row = this.#ledger.table.findAddress(address, 0, length);
    if (row !== -1 && !this.#held.has(row)) {
      if (this.#ledger.isLive(row, now)) return this.#isOfSameHost(row, seeker) ? "spent" : "held";
      row = -1;
    }
    if (!pool.usableAt(now) && (row === -1 || !this.#ledger.isBound(row, now) || pool.shape.validUntil <= now)) return "spent";
    const isFree = message.iaCodes[ia] === OPTION.iaNa ? !link.isOwn(address, 0) : this.#ledger.overlaps.isFree(address, length, now, true, true);
    if (row === -1 ? !isFree || this.#ledger.repeatsOnly : this.#mayNot(row, now)) return "held";
    if (!promise) {
      this.#offer(pool, seeker, out);
      return "given";
    }
    if (row === -1) row = this.#take(pool, seeker, out);
    if (row === -1) return "held";
    this.#promise(row, pool, address, seeker, out);
    return "given";
  }

  /** What of a supply it has goes on; where that is nothing that it may have for long, it gets a lease. @param onlyHeld but no new one */
  #giveFrom(supply: Supply, seeker: Seeker, promise: boolean, onlyHeld: boolean, out: ReplyBatch): void {
    const { now } = seeker;
    let served = false;
    for (let i = 0; i < this.#held.count; i++) {
      const pool = this.#held.poolOf(i, supply, seeker);
      if (pool === undefined) continue;
      const usable = pool.usableAt(now);
      if (served && usable) continue;
      const row = this.#held.row(i);
      const given = promise ? this.#goesOn(row, pool, usable, seeker, out) : usable && this.#offersAgain(row, pool, supply, seeker, out);
      if (given && usable) served = true;
    }
    if (served || onlyHeld || this.#ledger.repeatsOnly || !this.#mayTake(seeker)) return;
    const pool = this.#choice.find(supply, seeker);
    if (pool === undefined) return;
    if (!promise) {
      this.#ledger.quotas.offered++;
      this.#choice.offered(seeker);
      this.#offer(pool, seeker, out);
      return;
    }
    const row = this.#take(pool, seeker, out);
    if (row !== -1) this.#promise(row, pool, this.#choice.address, seeker, out);
  }

  /** Of a prefix that comes to its end, only what is in use goes on, as long as it lasts. */
  #goesOn(row: number, pool: Pool, usable: boolean, seeker: Seeker, out: ReplyBatch): boolean {
    const { now } = seeker;
    if (this.promised >= LIMITS.leasesPerMessage || (!usable && pool.shape.validUntil <= now)) return false;
    const isAsked = !usable || this.#ledger.repeatsOnly || this.#ledger.quotas.isOn;
    if (isAsked && !this.#ledger.isBound(row, now) && (!usable || this.#ledger.repeatsOnly || !this.#mayTake(seeker))) return false;
    this.#promise(row, pool, this.#held.address, seeker, out);
    return true;
  }

  /** What the client has, or had and nobody else was offered since. */
  #offersAgain(row: number, pool: Pool, supply: Supply, seeker: Seeker, out: ReplyBatch): boolean {
    const { now } = seeker;
    if (this.#mayNot(row, now)) return false;
    this.#ledger.table.copyAddress(row, this.#choice.address, 0);
    this.#choice.length = this.#ledger.table.prefixLength(row);
    if (!this.#ledger.isLive(row, now)) {
      if (!this.#choice.isStillFree(supply, seeker)) return false;
      this.#choice.offered(seeker);
    }
    this.#offer(pool, seeker, out);
    return true;
  }

  #offer(pool: Pool, seeker: Seeker, out: ReplyBatch): void {
    const { now, lifetimes } = seeker;
    const { address, length } = this.#choice;
    this.#writer.resource(out, address, 0, length, pool.preferredFor(now, lifetimes), pool.validFor(now, lifetimes), excluded(pool, length, seeker));
  }

  /** @param address of the row */
  #promise(row: number, pool: Pool, address: Uint8Array, seeker: Seeker, out: ReplyBatch): void {
    const { link, message, ia, now, via, viaAt } = seeker;
    const ledger = this.#ledger;
    ledger.promise(row, pool, seeker.lifetimes, now, out);
    this.promised++;
    const length = ledger.table.prefixLength(row);
    this.#writer.resource(out, address, 0, length, ledger.preferredSeconds, ledger.validSeconds, excluded(pool, length, seeker));
    if (message.iaCodes[ia] === OPTION.iaPd && viaAt !== -1) out.routes.add(link.index, address, 0, length, via, viaAt);
  }

  #take(pool: Pool, { link, message, ia, now }: Seeker, out: ReplyBatch): number {
    if (this.#held.count >= LIMITS.leasesPerClient) {
      const oldest = this.#held.oldestOver(link, now);
      if (oldest === -1) return -1;
      this.#ledger.forget(this.#held.row(oldest), out);
      this.#held.drop(oldest);
    }
    return this.#ledger.take(pool, link.identity.number, message, ia, this.#choice.address, this.#choice.length, out);
  }

  /** Whether the limits allow one lease more. */
  #mayTake(seeker: Seeker): boolean {
    const { quotas } = this.#ledger;
    return !quotas.isOn || quotas.mayTake(seeker, this.#ledger.holdings(seeker.link.identity.number));
  }

  /** Whether a lease would have to be written down, and there is no room for that. */
  #mayNot(row: number, now: number): boolean {
    return this.#ledger.repeatsOnly && !this.#ledger.isBound(row, now);
  }

  #isOfSameHost(row: number, { reserved }: Seeker): boolean {
    const { table } = this.#ledger;
    const length = table.copyIdentifier(row, this.#identifier, 0);
    return length > 0 && this.#hosts.ofLease(this.#identifier, length, table.iaid(row)) === reserved;
  }
}

/** The length of what is left out of a delegated prefix, for who understands that (RFC 6603 §4.2); 0: nothing. */
function excluded({ shape }: Pool, length: number, { message }: Seeker): number {
  return shape.excludedLength > length && message.asksFor(OPTION.pdExclude) ? shape.excludedLength : 0;
}
