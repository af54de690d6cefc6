/**
 * Clients that are told to come back (RFC 9915 §18.3.11): who accepts that and gets a key, whom it concerns when something changes, and
 * what became of it. Only clients with our key are ever told.
 */
import { type Duid, duidBytes, duidOf } from "../../../base/duid.ts";
import { LIMITS } from "../../../base/limits.ts";
import { macOf } from "../../../base/mac.ts";
import { IDENTIFIER_BYTES } from "../../leases/keys.ts";
import { decodeNote, type Note } from "../../leases/note.ts";
import { type LeaseTable, STATE } from "../../leases/table.ts";
import type { ReplyBatch } from "./batch.ts";
import type { Seeker } from "./seeker.ts";
import { OPTION, TYPE } from "./codes.ts";
import type { ReservedHosts } from "./hosts.ts";
import type { Links } from "./links.ts";
import type { ClientMessage } from "./message.ts";
import type { ClientNotes } from "./notes.ts";
import type { Pool } from "./pools.ts";
import { type Booked, ReconfigureBook } from "./reconfigure-book.ts";
import { ReconfigureKeys, type ReconfigureSecret } from "./reconfigure-keys.ts";
import { sendReconfigure } from "./reconfigure-message.ts";
import { type Clients, type Met, ReconfigureRounds, type ReconfigureWish, type Round } from "./reconfigure-rounds.ts";
import { type ReconfiguredView, ReconfigureShown, type ReconfigureView } from "./reconfigure-shown.ts";
import { keyOf, ReconfigureTries, type Told, type WaitingState } from "./reconfigure-tries.ts";
import { ReconfigureWatch, type Seen } from "./reconfigure-watch.ts";
import type { ServedLink } from "./served-link.ts";

/** Messages that leave in one round of the sweep. */
const SENT_AT_ONCE = 64;
const ANSWERS: readonly number[] = [TYPE.renew, TYPE.rebind, TYPE.informationRequest];

/** A part of all that is under way: small enough to be a step of a recording. */
export type ReconfigureState = {
  readonly isFirst: boolean;
  readonly seen: readonly Seen[];
  readonly rounds: readonly Round[];
  readonly waiting: readonly WaitingState[];
  readonly booked: readonly Booked[];
};
export type ReconfigureParts = {
  readonly table: LeaseTable;
  readonly links: Links;
  readonly notes: ClientNotes;
  readonly hosts: ReservedHosts;
  readonly secret: ReconfigureSecret;
};

export class Reconfigure implements Clients {
  readonly #table: LeaseTable;
  readonly #links: Links;
  readonly #notes: ClientNotes;
  readonly #hosts: ReservedHosts;
  readonly #keys: ReconfigureKeys;
  readonly #tries = new ReconfigureTries();
  readonly #rounds = new ReconfigureRounds();
  readonly #book = new ReconfigureBook();
  /** Clients that were told in the rounds at hand: one with several leases is met several times. */
  readonly #met = new Set<string>();
  readonly #watch = new ReconfigureWatch();
  readonly #shown = new ReconfigureShown();
  readonly #begun = new Map<number, number>();
  readonly #address = new Uint8Array(16);
  readonly #identifier = new Uint8Array(IDENTIFIER_BYTES);
  #server: Uint8Array = new Uint8Array(0);
  #served: ReadonlyMap<number, ServedLink> = new Map();
  #now = 0;
  #booked = 0;

  constructor({ table, links, notes, hosts, secret }: ReconfigureParts) {
    this.#table = table;
    this.#links = links;
    this.#notes = notes;
    this.#hosts = hosts;
    this.#keys = new ReconfigureKeys(secret);
  }

  configure(server: Uint8Array): void {
    this.#server = server;
  }

  /** Prefixes or pools are others. */
  look(): void {
    for (const wish of this.#watch.look(this.#links.all())) this.wish(wish);
  }

  /** That we would, if both sides want it (§18.3.9, §18.3.10). @param hasLease the answer promises something */
  accept({ link, message }: Seeker, hasLease: boolean, out: ReplyBatch): void {
    if (!this.#notes.accepts || !this.#notes.canBeReached || !this.#keys.canCount || message.clientIdLength === 0) return;
    const { type } = message;
    if (!hasLease && type !== TYPE.solicit && type !== TYPE.informationRequest) return;
    out.option(OPTION.reconfigureAccept, 0);
    const isKeyed = type === TYPE.request || type === TYPE.informationRequest || (type === TYPE.solicit && hasLease);
    if (!isKeyed) return;
    const { peer, peerAt } = this.#notes;
    const duid = message.bytes.slice(message.clientIdAt, message.clientIdAt + message.clientIdLength);
    this.#keys.writeKey({ link: link.identity.number, peer: peer.slice(peerAt, peerAt + 16), duid }, out);
    if (type === TYPE.informationRequest) this.#write(link, message);
  }

  /** What a client does that was told to: any of these will do (§18.3.11). */
  heard({ link, message }: Seeker): void {
    if (this.#tries.count === 0 || !ANSWERS.includes(message.type)) return;
    const duid = duidIn(message);
    const told = duid === undefined ? undefined : this.#tries.answered(link.identity.number, duid);
    if (told !== undefined) this.#ended(told, "answered");
  }

  /** Somebody or something wants clients to come back. @returns the number of the round */
  wish(wish: ReconfigureWish): number {
    this.#met.clear();
    return this.#rounds.add(wish);
  }

  progress(number: number): { readonly told: number; readonly isOver: boolean } {
    return this.#rounds.progress(number);
  }

  /** Goes on with what is under way; messages are in `out`. */
  tick(now: number, out: ReplyBatch): void {
    this.#now = now;
    if (this.#rounds.count > 0) this.#walk(now);
    if (this.#tries.count === 0) return;
    const most = Math.min(SENT_AT_ONCE, out.slots - out.count);
    this.#tries.due(
      now,
      most,
      (told, tries) => this.#tell(told, tries, out),
      (told) => this.#ended(told, "given up"),
    );
  }

  get rows(): number {
    return this.#table.end;
  }

  get booked(): number {
    return this.#booked;
  }

  row(row: number, wish: ReconfigureWish): Met {
    const table = this.#table;
    if (table.state(row) !== STATE.bound || !table.notes.acceptsReconfigure(row) || table.validUntilSeconds(row) <= this.#now) return "passed";
    const number = table.link(row);
    if (wish.link !== undefined && wish.link !== number) return "passed";
    const link = this.#served.get(number);
    if (link?.identity.pools.reconfigure !== true || (wish.onlyStale && !this.#isStale(row, link))) return "passed";
    if (wish.purpose === TYPE.informationRequest && wish.onlyStale) return "passed";
    const bytes = new Uint8Array(table.identifierLength(row));
    table.copyIdentifier(row, bytes, 0);
    const duid = duidOf(bytes);
    if (duid === undefined || !this.#isNamed(wish, duid, () => table.note(row))) return "passed";
    return this.#begin({ link: number, duid, purpose: wish.purpose ?? TYPE.renew, row });
  }

  place(place: number, wish: ReconfigureWish): Met {
    const booked = this.#book.at(place);
    if (booked === undefined || wish.onlyStale || (wish.link !== undefined && wish.link !== booked.link)) return "passed";
    if (wish.purpose !== undefined && wish.purpose !== TYPE.informationRequest) return "passed";
    if (this.#served.get(booked.link)?.identity.pools.reconfigure !== true) return "passed";
    if (!this.#isNamed(wish, booked.duid, () => decodeNote(booked.note))) return "passed";
    return this.#begin({ link: booked.link, duid: booked.duid, purpose: TYPE.informationRequest, row: -1 });
  }

  view(): ReconfigureView {
    return {
      underWay: this.#tries.count,
      rounds: this.#rounds.count,
      booked: this.#book.size,
      counts: this.#shown.counts.toJSON(),
      latest: this.#shown.latest(),
    };
  }

  /** For a recording, which begins in the middle; which clients a round has met is forgotten with it. */
  states(): readonly ReconfigureState[] {
    this.#met.clear();
    return [
      { isFirst: true, seen: this.#watch.state(), rounds: this.#rounds.state(), waiting: [], booked: [] },
      ...pieces(this.#tries.state()).map((waiting) => ({ isFirst: false, seen: [], rounds: [], waiting, booked: [] })),
      ...pieces(this.#book.all()).map((booked) => ({ isFirst: false, seen: [], rounds: [], waiting: [], booked })),
    ];
  }

  restore({ isFirst, seen, rounds, waiting, booked }: ReconfigureState): void {
    if (isFirst) {
      this.#met.clear();
      this.#tries.clear();
      this.#book.clear();
      this.#watch.restore(seen);
      this.#rounds.restore(rounds);
    }
    this.#tries.restore(waiting);
    for (const one of booked) this.#book.put(one);
  }

  #walk(now: number): void {
    this.#begun.clear();
    this.#booked = this.#book.number();
    this.#served = new Map(this.#links.all().map((link) => [link.identity.number, link]));
    this.#rounds.walk(now, this);
    if (this.#rounds.count === 0) this.#met.clear();
  }

  /** "waits": as many are under way as may be, or as many were begun on the link in this second */
  #begin(told: Told): Met {
    const key = keyOf(told.link, told.duid);
    if (this.#met.has(key)) return "passed";
    const begun = this.#begun.get(told.link) ?? 0;
    if (!this.#tries.hasRoom || begun >= LIMITS.reconfiguresBegun) return "waits";
    this.#begun.set(told.link, begun + 1);
    if (this.#met.size < LIMITS.reconfiguresMet) this.#met.add(key);
    this.#tries.begin(told, this.#now);
    return "told";
  }

  /** @returns false when there is nobody to tell any more */
  #tell(told: Told, tries: number, out: ReplyBatch): boolean {
    const note = told.row === -1 ? this.#book.note(told.link, told.duid) : this.#rowNote(told);
    if (note?.acceptsReconfigure !== true || !this.#keys.canCount) {
      this.#shown.counts.add("gone");
      return false;
    }
    const index = this.#links.byNumber(note.relays.length === 0 ? told.link : (note.source?.link ?? 0))?.index ?? 0;
    if (index !== 0) {
      sendReconfigure({ ...told, server: this.#server, note, index }, this.#keys, out);
      this.#shown.counts.add("sent");
    } else this.#shown.counts.add("link-gone");
    this.#show(told, "told", tries);
    return true;
  }

  #rowNote({ row, link, duid }: Told): Note | undefined {
    const table = this.#table;
    const bytes = duidBytes(duid);
    const isStill =
      row < table.end && table.state(row) === STATE.bound && table.link(row) === link && table.isIdentifier(row, bytes, 0, bytes.length);
    return isStill ? table.note(row) : undefined;
  }

  #write({ identity: { number } }: ServedLink, message: ClientMessage): void {
    const duid = duidIn(message);
    if (duid !== undefined) this.#book.put({ link: number, duid, note: this.#notes.note() });
  }

  #isStale(row: number, link: ServedLink): boolean {
    const table = this.#table;
    table.copyAddress(row, this.#address, 0);
    const length = table.prefixLength(row);
    const pools = table.type(row) === OPTION.iaNa ? link.addressPools : link.prefixPools;
    const fits = (pool: Pool): boolean => pool.usableAt(this.#now) && pool.holds(this.#address, 0, length);
    return !pools.some(fits) && !this.#reservedFor(row, link).some(fits);
  }

  #reservedFor(row: number, link: ServedLink): readonly Pool[] {
    if (this.#hosts.count === 0) return [];
    const table = this.#table;
    const host = this.#hosts.ofLease(this.#identifier, table.copyIdentifier(row, this.#identifier, 0), table.iaid(row));
    if (host === undefined) return [];
    const { addresses, prefixes } = link.reserved(host);
    return table.type(row) === OPTION.iaNa ? addresses.map(({ pool }) => pool) : prefixes;
  }

  #isNamed({ clients }: ReconfigureWish, duid: Duid, note: () => Note | undefined): boolean {
    if (clients === undefined || clients.duids.includes(duid)) return true;
    if (clients.macs.length === 0) return false;
    const linkLayer = note()?.linkLayerAddress;
    return clients.macs.some((mac) => duid.endsWith(mac.replaceAll(":", "")) || (linkLayer?.length === 8 && macOf(linkLayer.slice(2)) === mac));
  }

  #ended(told: WaitingState, how: "answered" | "given up"): void {
    this.#shown.counts.add(how === "answered" ? "answered" : "given-up");
    this.#show(told, how, told.tries);
  }

  #show(told: Told, state: ReconfiguredView["state"], tries: number): void {
    this.#shown.put(told, this.#links.byNumber(told.link)?.identity.name ?? "", tries, state);
  }
}

/** A client takes some 600 characters at most in a recording, one of the book three times that. */
const PIECE = 24;

function pieces<T>(all: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / PIECE) }, (_, i) => all.slice(i * PIECE, (i + 1) * PIECE));
}

function duidIn({ bytes, clientIdAt, clientIdLength }: ClientMessage): Duid | undefined {
  return duidOf(bytes.subarray(clientIdAt, clientIdAt + clientIdLength));
}
