/**
 * The DHCPv6 server (RFC 9915 §18.3). Deterministic: the same batches at the same times make the same answers, octet for octet.
 * It owns no socket, clock or file; it changes the lease table, and writes answers and images of leases into a batch.
 */
import { duidBytes } from "../../../base/duid.ts";
import type { Ipv6Prefix } from "../../../base/ipv6.ts";
import { LIMITS } from "../../../base/limits.ts";
import type { ServedRows } from "../../../ports/datagrams.ts";
import type { ReconfigureRequest } from "../../../ports/reconfigure.ts";
import type { DiskState } from "../../../ports/store.ts";
import type { KeyedHash } from "../../../ports/secrets.ts";
import { Counters } from "../../counters.ts";
import { SipHash } from "../../leases/siphash.ts";
import type { LeaseTable } from "../../leases/table.ts";
import type { LeaseChanges, LeaseOutcome } from "../../../ports/leases.ts";
import type { LanConfig } from "../config.ts";
import { admit } from "./admission.ts";
import { Answers } from "./answers.ts";
import type { ReplyBatch } from "./batch.ts";
import { Changes } from "./changes.ts";
import { Choice, type ChoiceNotes, type OfferBook } from "./choice.ts";
import { ClassLifetimes } from "./class-lifetimes.ts";
import { ClientClasses } from "./classes.ts";
import { PORT } from "./codes.ts";
import { ReservedHosts } from "./hosts.ts";
import { Ledger } from "./ledger.ts";
import { Links } from "./links.ts";
import { ClientMessage } from "./message.ts";
import { ClientNotes } from "./notes.ts";
import { allZero, isLinkLocal } from "./octets.ts";
import { Reconfigure, type ReconfigureState } from "./reconfigure.ts";
import type { ReconfigureSecret } from "./reconfigure-keys.ts";
import type { ReconfigureWish } from "./reconfigure-rounds.ts";
import { requestedWish, wishesOf } from "./reconfigure-triggers.ts";
import type { Refusal } from "./refusals.ts";
import { RelayChain } from "./relay-chain.ts";
import type { Seeker } from "./seeker.ts";
import type { WatchedAddress } from "./served-link.ts";
import { SourceRates } from "./source-rates.ts";
import { type Dhcp6ServerView, viewOf } from "./view.ts";

/** When something happens: seconds of the wall clock since 1970, unsigned. */
export type ServeMoment = { readonly seconds: number };
export type Dhcp6ServerParts = {
  readonly table: LeaseTable;
  readonly offers: OfferBook;
  /** Sixteen octets that choose addresses; they outlive the process, so that a client that lost its lease gets the same again. */
  readonly key: Uint8Array | KeyedHash;
  /** Without it keys of clients are anybody's: for whoever has nobody to convince. */
  readonly reconfigure?: ReconfigureSecret;
};
const NO_SECRET: ReconfigureSecret = { key: new Uint8Array(16), life: 1 };

export class Dhcp6Server {
  readonly #ledger: Ledger;
  readonly #choice: Choice;
  readonly #links = new Links();
  readonly #classes = new ClientClasses();
  readonly #classLifetimes = new ClassLifetimes();
  readonly #hosts = new ReservedHosts();
  readonly #rates: SourceRates;
  readonly #chain = new RelayChain();
  readonly #message = new ClientMessage();
  readonly #answers: Answers;
  readonly #clientNotes = new ClientNotes(this.#message, this.#chain);
  readonly #reconfigure: Reconfigure;
  readonly #refused = new Counters();
  #duid: Uint8Array = new Uint8Array(0);
  #config: LanConfig | undefined;
  #received = 0;

  constructor({ table, offers, key, reconfigure = NO_SECRET }: Dhcp6ServerParts) {
    this.#ledger = new Ledger(table);
    this.#rates = new SourceRates(table.shape.key);
    this.#choice = new Choice(this.#ledger, offers, key instanceof Uint8Array ? new SipHash(key) : key, this.#hosts);
    this.#answers = new Answers(this.#ledger, this.#choice, this.#hosts);
    this.#reconfigure = new Reconfigure({ table, links: this.#links, notes: this.#clientNotes, hosts: this.#hosts, secret: reconfigure });
    this.#ledger.notes = this.#clientNotes;
    this.#answers.reconfigure = this.#reconfigure;
  }

  /** Somebody who writes down what keys had a say in; undefined: nobody. */
  set notes(notes: ChoiceNotes | undefined) {
    this.#choice.notes = notes;
  }

  configure(config: LanConfig): void {
    this.#duid = duidBytes(config.duid);
    this.#classes.configure(config.classes);
    this.#classLifetimes.configure(config.classes);
    this.#hosts.configure(config.hosts);
    this.#links.configure(config);
    this.#ledger.configure(config);
    this.#rates.clear();
    this.#answers.configure(config);
    this.#followPrefixes();
    this.#reconfigure.configure(this.#duid);
    for (const wish of this.#config === undefined ? [] : wishesOf(this.#config, config)) this.#reconfigure.wish(wish);
    this.#config = config;
  }

  /** The interface is there under this index of the kernel's, or gone: 0. Leases stay. */
  setIndex(name: string, index: number): void {
    this.#links.setIndex(name, index);
  }

  /** The addresses an interface holds now. Pools without a place of their own follow from them. */
  setAddresses(name: string, addresses: readonly WatchedAddress[]): void {
    this.#links.setAddresses(name, addresses);
    this.#followPrefixes();
  }

  /** Prefixes that the kernel holds as a whole: what uplinks were delegated. */
  setUplinkPrefixes(prefixes: readonly Ipv6Prefix[]): void {
    this.#links.setUplinkPrefixes(prefixes);
    this.#followPrefixes();
  }

  /** After leases were read into the table. */
  leasesLoaded(): void {
    this.#ledger.recount();
  }

  /**
   * Answers what is in `batch` from `first` on, until `out` has no more room.
   * @returns the first datagram that is not served yet: `batch.count` when all are
   */
  serve(batch: ServedRows, at: ServeMoment, out: ReplyBatch, first = 0): number {
    for (let row = first; row < batch.count; row++) {
      if (!out.hasRoom) return row;
      this.#received++;
      out.begin();
      const refusal = this.#serveOne(batch, row, at.seconds, out);
      if (refusal === undefined) continue;
      out.abandon();
      this.#refused.add(refusal);
    }
    return batch.count;
  }

  /**
   * Ends leases whose time is over, among the next `maxRows` of the table. Routes that end are in `out`; without room for one its
   * lease waits for the next round.
   */
  sweep(at: ServeMoment, maxRows: number, out: ReplyBatch): void {
    const { table } = this.#ledger;
    table.sweep(at.seconds, maxRows, (row) => {
      if (!this.#ledger.isOurs(row) || out.routes.room === 0 || !this.#ledger.expire(row, at.seconds, out)) return;
      const link = this.#links.byNumber(table.link(row));
      if (link !== undefined && link.index !== 0) out.routeEnds(table, row, link.index);
    });
    this.#reconfigure.tick(at.seconds, out);
  }

  /** Whether what is promised can be written down. */
  diskIs(state: DiskState): void {
    this.#ledger.repeatsOnly = state !== "open";
    this.#answers.disk = state;
  }

  /** What an operator wants. @returns an outcome for each; `out` has room for an image of each */
  change(changes: LeaseChanges, at: ServeMoment, out: ReplyBatch): readonly LeaseOutcome[] {
    return new Changes(this.#ledger, this.#links).change(changes, at.seconds, out);
  }

  /** Somebody wants clients to come back: those that accept that are told, a few at a time (RFC 9915 §18.3.11). @returns the number of the round */
  reconfigure(wish: ReconfigureWish): number {
    return this.#reconfigure.wish(wish);
  }

  reconfigured(round: number): { readonly told: number; readonly isOver: boolean } {
    return this.#reconfigure.progress(round);
  }

  /** What an operator says, as a wish, or why there is none. */
  wishOf(request: ReconfigureRequest): ReconfigureWish | "no-link" | "off" {
    return requestedWish(request, this.#links.all());
  }

  /** For a recording that begins in the middle, and for who plays it. */
  reconfiguring(): readonly ReconfigureState[] {
    return this.#reconfigure.states();
  }

  goOnReconfiguring(state: ReconfigureState): void {
    this.#reconfigure.restore(state);
  }

  view(): Dhcp6ServerView {
    return viewOf({
      reconfigure: this.#reconfigure.view(),
      links: this.#links.all(),
      ledger: this.#ledger,
      received: this.#received,
      sent: this.#answers.sent,
      told: this.#answers.told,
      refused: this.#refused,
      limited: this.#ledger.quotas.refused,
    });
  }

  /** What is delegated overlaps neither what is on links nor what is reserved. */
  #followPrefixes(): void {
    const pools = this.#links.all().flatMap(({ prefixPools }) => prefixPools);
    this.#ledger.overlaps.follow(pools, this.#hosts.prefixes, this.#links.inUse);
    this.#reconfigure.look();
  }

  #serveOne(batch: ServedRows, row: number, now: number, out: ReplyBatch): Refusal | undefined {
    const start = batch.offsets[row] ?? 0;
    const length = batch.lengths[row] ?? 0;
    const index = batch.links[row] ?? 0;
    const fromAt = 16 * row;
    if (length > LIMITS.datagramBytes) return "too-long";
    if (batch.addresses[fromAt] === 0xff || allZero(batch.addresses, fromAt, 16)) return "bad-source";
    const chain = this.#chain;
    const message = this.#message;
    const refusal =
      chain.unwrap(batch.bytes, start, start + length) ??
      message.decode(batch.bytes, chain.innerStart, chain.innerEnd) ??
      admit(message, this.#duid, chain.depth > 0 || batch.multicast[row] === 1);
    if (refusal !== undefined) return refusal;
    const link = this.#links.select(chain, index);
    if (link === undefined) return "no-link";
    const { messagesPerSecondPerSource: most } = link.identity.pools.limits;
    if (most !== undefined && !this.#rates.take(most, link.identity.number, chain, batch.addresses, fromAt, now)) return "too-many-messages";
    if (this.#classes.judge(message, chain)) return "class-dropped";
    const direct = chain.depth === 0;
    const viaAt = direct && isLinkLocal(batch.addresses, fromAt) ? fromAt : -1;
    const classes = this.#classes.members;
    const classLifetimes = this.#classLifetimes.of(classes);
    const host = this.#hosts.of(message, 0, chain);
    if (host?.ignored === true) return "host-ignored";
    const via = batch.addresses;
    // Written out: a spread costs a tenth of a microsecond, half of an answer to an Information-request.
    const seeker: Seeker = {
      link,
      message,
      chain,
      ia: 0,
      now,
      direct,
      classes,
      classLifetimes,
      lifetimes: classLifetimes,
      host,
      reserved: host,
      via,
      fromAt,
      viaAt,
    };
    const heardOn = direct ? link.identity.number : this.#links.numberOf(index);
    this.#clientNotes.begin(batch.addresses, fromAt, batch.ports[row] ?? 0, heardOn, link.identity.pools.reconfigure);
    this.#reconfigure.heard(seeker);
    chain.open(out);
    const unanswered = this.#answers.answer(seeker, out);
    if (unanswered !== undefined) return unanswered;
    chain.close(out);
    const port = direct ? PORT.client : chain.ownPort ? (batch.ports[row] ?? 0) : PORT.server;
    out.finish({ link: index, port, held: this.#answers.held }, batch.addresses, fromAt);
    return undefined;
  }
}
