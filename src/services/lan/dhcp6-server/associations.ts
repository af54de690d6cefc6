/**
 * What becomes of one identity association of a Solicit, Request, Renew or Rebind (RFC 9915 §18.3.1 to §18.3.5): the leases it
 * has go on, what it lacks is given, and what it may no longer use is said with lifetimes of zero.
 */
import { LIMITS } from "../../../base/limits.ts";
import type { ReplyBatch } from "./batch.ts";
import type { Choice } from "./choice.ts";
import { OPTION } from "./codes.ts";
import { Gifts } from "./gifts.ts";
import { HeldLeases } from "./held-leases.ts";
import type { ReservedHosts } from "./hosts.ts";
import type { IaWriter } from "./ia-writer.ts";
import type { Ledger } from "./ledger.ts";
import type { Seeker } from "./seeker.ts";
import type { Supply } from "./supplies.ts";

/** How a message wants its leases. */
export type Wish = "request" | "renew" | "rebind";
const NOTHING: readonly Supply[] = [];

export class Associations {
  readonly #ledger: Ledger;
  readonly #choice: Choice;
  readonly #hosts: ReservedHosts;
  readonly #writer: IaWriter;
  readonly #held: HeldLeases;
  readonly #gifts: Gifts;
  readonly #address = new Uint8Array(16);
  /** Leases that were said to be over in the answer at hand. */
  #over = 0;

  constructor(ledger: Ledger, choice: Choice, hosts: ReservedHosts, writer: IaWriter) {
    this.#ledger = ledger;
    this.#choice = choice;
    this.#hosts = hosts;
    this.#writer = writer;
    this.#held = new HeldLeases(ledger, choice, hosts);
    this.#gifts = new Gifts({ ledger, choice, hosts, writer, held: this.#held });
  }

  /** Leases that were promised in the answer at hand. */
  get promised(): number {
    return this.#gifts.promised;
  }

  /** Associations of the answer at hand that are left out because the disk is full: what they would be given could not be kept. */
  leftOut = 0;

  /** A new answer. */
  begin(seeker: Seeker): void {
    this.#ledger.quotas.begin(seeker);
    this.leftOut = 0;
    this.#gifts.promised = 0;
    this.#over = 0;
    this.#ledger.overlaps.begin();
  }

  /** What the client would get, without a promise (RFC 9915 §18.3.9). */
  offer(seeker: Seeker, out: ReplyBatch): void {
    const { message, ia } = seeker;
    const supplies = this.#meet(seeker);
    if (this.#tooMuch(seeker, supplies.length, out)) return;
    const start = out.end;
    this.#writer.openIa(out, message, ia);
    this.#gifts.give(supplies, seeker, false, out);
    if (this.#ledger.repeatsOnly && this.#writer.written === 0) return this.#leaveOut(start, out);
    this.#close(seeker, out);
  }

  /** Promises what the client gets; everything of it is in the journal of `out`. @returns whether there is anything to say */
  grant(seeker: Seeker, wish: Wish, out: ReplyBatch): boolean {
    const { message, ia } = seeker;
    const supplies = this.#meet(seeker);
    if (this.#tooMuch(seeker, supplies.length, out)) return true;
    if (wish === "request" && this.#namesElsewhere(seeker)) {
      this.#writer.refused(out, message, ia, "notOnLink");
      return true;
    }
    if (wish !== "request" && this.#held.count === 0 && !this.#mayAdopt(seeker, wish, supplies)) return this.#unknown(seeker, wish, out);
    const start = out.end;
    const promised = this.promised;
    this.#writer.openIa(out, message, ia);
    this.#gifts.give(supplies, seeker, true, out);
    if (this.#ledger.repeatsOnly && this.promised === promised) {
      this.#leaveOut(start, out);
      return false;
    }
    this.#forget(seeker, wish, out);
    this.#close(seeker, out);
    return true;
  }

  /** Looks for what the association has, and whose it is. @returns from where it may get more */
  #meet(seeker: Seeker): readonly Supply[] {
    const { link, message, ia } = seeker;
    const { pools } = link.identity;
    if (this.#hosts.count > 0) {
      seeker.reserved = this.#hosts.of(message, ia, seeker.chain);
      seeker.lifetimes = seeker.reserved?.lifetimes ?? seeker.classLifetimes;
    } else seeker.lifetimes = seeker.classLifetimes;
    this.#held.gather(seeker);
    if (pools.knownClientsOnly && seeker.reserved === undefined) return NOTHING;
    return message.iaCodes[ia] === OPTION.iaNa ? link.addressSupplies : link.prefixSupplies;
  }

  /** That there is nothing to give would be a lie. */
  #leaveOut(start: number, out: ReplyBatch): void {
    this.#writer.withdrawIa();
    out.end = start;
    this.leftOut++;
  }

  #close({ message, ia }: Seeker, out: ReplyBatch): void {
    if (this.#writer.written === 0) this.#writer.status(out, message.iaCodes[ia] === OPTION.iaNa ? "noAddrsAvail" : "noPrefixAvail");
    this.#writer.closeIa(out);
  }

  /** What the client holds or names and has not been given is over: both lifetimes are zero (RFC 9915 §18.3.4, RFC 9096 §3.5). */
  #forget(seeker: Seeker, wish: Wish, out: ReplyBatch): void {
    const { table } = this.#ledger;
    for (let i = 0; i < this.#held.count; i++) {
      const row = this.#held.row(i);
      table.copyAddress(row, this.#address, 0);
      const length = table.prefixLength(row);
      if (!this.#ledger.isBound(row, seeker.now) || this.#writer.names(out, this.#address, 0, length)) continue;
      if (++this.#over > LIMITS.leasesPerMessage) return;
      this.#writer.resource(out, this.#address, 0, length, 0, 0, 0);
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
      this.#writer.resource(out, this.#address, 0, length, 0, 0, 0);
    }
  }

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

  /** After a loss of our state, a client keeps what it has as long as it is free and fits, or is kept for it (RFC 9915 §18.3.4). */
  #mayAdopt(seeker: Seeker, wish: Wish, supplies: readonly Supply[]): boolean {
    const { link, message, ia, reserved } = seeker;
    if (wish === "rebind" && !link.identity.pools.rapidCommit) return false;
    for (const supply of supplies) if (this.#choice.fitting(supply, seeker) !== undefined) return true;
    if (reserved === undefined) return false;
    const kept = link.reserved(reserved);
    return (message.iaCodes[ia] === OPTION.iaNa ? kept.addresses : kept.prefixes).length > 0;
  }

  /** What the client was given here on a prefix that has gone is no mistake of its own (RFC 9096 §3.5). */
  #namesElsewhere({ link, message, ia, now }: Seeker): boolean {
    if (message.iaCodes[ia] !== OPTION.iaNa) return false;
    for (let hint = 0; hint < message.hintsKept(ia); hint++) {
      if (message.copyHint(ia, hint, this.#address) === -1 || link.isOnLink(this.#address, 0, now)) continue;
      if (!this.#isHeld(this.#address, now)) return true;
    }
    return false;
  }

  #isHeld(address: Uint8Array, now: number): boolean {
    const { table } = this.#ledger;
    for (let i = 0; i < this.#held.count; i++) {
      const row = this.#held.row(i);
      if (table.isAddress(row, address, 0, table.prefixLength(row)) && this.#ledger.isBound(row, now)) return true;
    }
    return false;
  }

  /** More than one message may ask for: said so, and nothing done (RFC 9915 §21.13). */
  #tooMuch({ link, message, ia, reserved }: Seeker, supplies: number, out: ReplyBatch): boolean {
    const kept = reserved === undefined ? undefined : link.reserved(reserved);
    const most = kept === undefined ? supplies : supplies + kept.addresses.length + kept.prefixes.length;
    const hints = message.hintCounts[ia] ?? 0;
    if (ia < LIMITS.iasPerMessage && hints <= LIMITS.hintsPerIa && this.promised + most <= LIMITS.leasesPerMessage) return false;
    this.#writer.refused(out, message, ia, "unspecFail");
    return true;
  }
}
