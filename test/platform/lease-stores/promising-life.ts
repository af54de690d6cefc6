/**
 * A server, its promises and its journal on a disk that the power may leave at any moment; and a book of what was said to whom, so that
 * whoever reads the disk later can be asked whether it is so.
 */
import assert from "node:assert/strict";
import { openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { duidEn } from "../../../src/base/duid.ts";
import { toHex } from "../../../src/base/hex.ts";
import { type Ipv6Address, type Ipv6Prefix, ipv6Bytes, splitIpv6Prefix } from "../../../src/base/ipv6.ts";
import { JournalFiles, type JournalKind } from "../../../src/platform/lease-stores/journal-files.ts";
import { Promises } from "../../../src/roles/engine-lan/promises.ts";
import { applyImage, IMAGE_BYTES, writeImage } from "../../../src/services/leases/images.ts";
import { LeaseJournal } from "../../../src/services/leases/journal.ts";
import { type LeaseTable, STATE } from "../../../src/services/leases/table.ts";
import type { Chance } from "../../../src/sim/chance.ts";
import { iaAddress, iaNa, iaPd, iaPrefix } from "../../../src/wire/dhcp6/leases.ts";
import { type Recovery, recover } from "../../../src/wire/journal/recover.ts";
import { type Answer, Bed, client } from "../../services/lan/dhcp6-server/support.ts";
import { tableOf } from "../../services/leases/support.ts";
import type { Files, VolatileDisk } from "./volatile-disk.ts";

/** Few groups to a segment, so that many are filled. */
const SEGMENT_BYTES = 12 * 4096;
const STAMP = Uint8Array.from([9, 8, 7, 6, 5, 4, 3, 2]);
const KINDS = ["request", "request", "request", "renew", "renew", "release", "decline"] as const;
const CLIENTS = 40;
/** So much later that a Renew is not a repetition. */
const LATER_SECONDS = 1000;

type Entry = { readonly image: Uint8Array; said: boolean };
/** By address or prefix, in the order of time: what was decided, and whether it was said. */
export type Book = Map<string, { readonly what: Uint8Array; readonly length: number; readonly entries: Entry[] }>;

export class PromisingLife {
  readonly bed = new Bed();
  readonly promises: Promises;
  /** Changes of leases that were made. */
  images = 0;
  replies = 0;
  readonly #disk: VolatileDisk;
  readonly #chance: Chance;
  readonly #book: Book;
  readonly #files: JournalFiles;
  readonly #asked: { readonly kind: JournalKind; readonly number: number }[] = [];
  readonly #waiting = new Map<number, readonly Entry[]>();
  readonly #held = new Map<number, { addresses: readonly Ipv6Address[]; prefixes: readonly Ipv6Prefix[] }>();
  #paused = false;
  #nextReply = 1;

  /** @param folder what the disk holds is written there, to be read as an engine that starts does */
  constructor(disk: VolatileDisk, { chance, book, folder, lifetime }: { chance: Chance; book: Book; folder: string; lifetime: number }) {
    this.#disk = disk;
    this.#chance = chance;
    this.#book = book;
    this.bed.now += 10_000 * lifetime;
    this.#nextReply = 1_000_000 * lifetime + 1;
    this.#files = new JournalFiles(
      { journal: disk.writer("segment"), snapshot: disk.writer("snapshot") },
      {
        ask: (kind, number) => this.#asked.push({ kind, number }),
        snapshotWritten: (number, firstSegment) => disk.named(number, firstSegment),
        snapshotAbandoned: () => undefined,
      },
    );
    for (const [name, bytes] of disk.durable) {
      writeFileSync(join(folder, name), bytes);
      this.#files.found(kindOf(name), { number: numberOf(name), fd: openSync(join(folder, name), "r"), bytes: bytes.length });
    }
    const { table } = this.bed;
    const recovery = this.#files.recover((bytes, at, end) => applyImage(table, bytes, at, end));
    assert.ok(recovery.ok, JSON.stringify(recovery));
    this.bed.server.leasesLoaded();
    const journal = new LeaseJournal(table, this.#files.committer, { stamp: recovery.stamp ?? STAMP, sequence: recovery.sequence });
    this.#files.serve(journal);
    const pause = (paused: boolean): void => {
      this.#paused = paused;
    };
    this.promises = new Promises({ pause, descriptor: (reply) => this.#said(reply) }, journal);
  }

  /** Clients ask, the disk works and main answers, in any order, until so many changes were made and all is said. */
  async run(images: number): Promise<void> {
    while (this.images < images || this.#waiting.size > 0 || this.#disk.underWay.length > 0 || this.#asked.length > 0) {
      const toss = this.#chance.below(10);
      if (toss < 6 && this.images < images && !this.#paused) this.#act();
      else if (toss < 8) this.#disk.sync("segment");
      else if (toss < 9) this.#disk.sync("snapshot");
      else this.#answerMain();
      await undefined; // a hasty disk says that it is done on the next turn
    }
  }

  #answerMain(): void {
    const next = this.#asked.shift();
    if (next !== undefined) this.#files.fresh(next.kind, this.#disk.fresh(next.kind, next.number, next.kind === "segment" ? SEGMENT_BYTES : 0));
  }

  #act(): void {
    const n = 1 + this.#chance.below(CLIENTS);
    const holds = this.#held.get(n) ?? { addresses: [], prefixes: [] };
    const wanted = this.#chance.pick(KINDS);
    const kind = holds.addresses.length + holds.prefixes.length === 0 ? "request" : wanted;
    this.bed.now += this.#chance.perMille(500) ? LATER_SECONDS : 1;
    const named = {
      iaNa: [iaNa({ iaid: 1, iaAddress: holds.addresses.map((address) => iaAddress(address)) })],
      iaPd: n % 3 === 0 && kind !== "decline" ? [iaPd({ iaid: 1, iaPrefix: holds.prefixes.map((prefix) => iaPrefix(prefix)) })] : [],
    };
    // Some identifiers are so long that an image takes several blocks.
    const clientId = n % 4 === 0 ? duidEn(9, new Uint8Array(100).fill(n)) : client(n).duid;
    // Some say names that change, so that notes of several lengths are written, with promises that are only repeated too.
    const name = `${"h".repeat(1 + this.#chance.below(63))}.${"x".repeat(1 + this.#chance.below(60))}`;
    const clientFqdn = { serverUpdates: false, overridden: false, noUpdates: true, name, complete: false };
    const answer = this.bed.ask(n, kind, {
      clientId,
      ...(n % 5 === 0 ? { clientFqdn } : {}),
      ...(kind === "request" ? { iaNa: [iaNa({ iaid: 1 })], iaPd: named.iaPd } : named),
    });
    const ends = kind === "release" || kind === "decline";
    const given = ends ? holds : givenIn(answer);
    this.#held.set(n, ends ? { addresses: [], prefixes: [] } : given);
    this.#note(answer, [...given.addresses.map((one) => `${one}/128` as Ipv6Prefix), ...given.prefixes]);
  }

  /** Writes down what the table now says of each, and lets the answer wait for the disk. */
  #note(answer: Answer, given: readonly Ipv6Prefix[]): void {
    const { replies, table } = this.bed;
    this.replies++;
    if (!answer.held) return assert.equal(replies.images, 0, "what changes something waits");
    const entries = given.map((prefix) => {
      const { address, prefixLength: length } = splitIpv6Prefix(prefix);
      const what = ipv6Bytes(address);
      const page = this.#book.get(prefix) ?? { what, length, entries: [] };
      this.#book.set(prefix, page);
      const entry = { image: imageOf(table, what, length), said: false };
      page.entries.push(entry);
      return entry;
    });
    this.images += replies.images;
    const reply = this.#nextReply++;
    this.#waiting.set(reply, entries);
    replies.links[0] = reply; // the descriptor of this link is asked for when the answer leaves
    this.promises.take(replies);
  }

  #said(reply: number): undefined {
    for (const entry of this.#waiting.get(reply) ?? []) entry.said = true;
    this.#waiting.delete(reply);
  }
}

function givenIn({ message }: Answer): { addresses: readonly Ipv6Address[]; prefixes: readonly Ipv6Prefix[] } {
  const { iaNa: nas = [], iaPd: pds = [] } = message.options;
  const addresses = nas.flatMap(({ options }) => options.iaAddress ?? []).filter(({ validSeconds }) => validSeconds > 0);
  const prefixes = pds.flatMap(({ options }) => options.iaPrefix ?? []).filter(({ validSeconds }) => validSeconds > 0);
  return { addresses: addresses.map(({ address }) => address), prefixes: prefixes.map(({ prefix }) => prefix) };
}

/** All that is kept of an address or prefix; nothing when nobody has it. */
function imageOf(table: LeaseTable, what: Uint8Array, length: number): Uint8Array {
  const image = new Uint8Array(IMAGE_BYTES);
  const row = table.findAddress(what, 0, length);
  return row === -1 ? new Uint8Array(0) : image.slice(0, writeImage(table, row, image, 0));
}

/** Made once: an empty one costs more than all that is read into it. */
const reader = tableOf();

/** What an engine that starts with these files would know; until it is asked again. */
export function reread(files: Files): { readonly recovery: Recovery; readonly table: LeaseTable } {
  const of = (kind: JournalKind) =>
    [...files]
      .filter(([name]) => kindOf(name) === kind)
      .map(([name, bytes]) => ({ number: numberOf(name), read: () => bytes }))
      .sort((a, b) => a.number - b.number);
  const table = reader;
  for (let row = 0; row < table.end; row++) if (table.state(row) !== STATE.free) table.remove(row);
  const recovery = recover({ snapshot: of("snapshot").at(-1), segments: of("segment") }, (bytes, at, end) => applyImage(table, bytes, at, end));
  return { recovery, table };
}

/**
 * What was said and is not so. Of each lease the table must hold what was said last, or what was decided later: that may have come to the
 * disk before anybody was told.
 */
export function unhonoured(book: Book, table: LeaseTable): readonly string[] {
  const broken: string[] = [];
  for (const [name, { what, length, entries }] of book) {
    const last = entries.findLastIndex(({ said }) => said);
    if (last === -1) continue;
    const found = imageOf(table, what, length);
    if (!entries.slice(last).some(({ image }) => sameBytes(image, found))) broken.push(`${name}: ${toHex(found)}`);
  }
  return broken;
}

/** What the new life found is what everything after it stands on. */
export function begunWith(book: Book, table: LeaseTable): void {
  for (const { what, length, entries } of book.values()) {
    const found = imageOf(table, what, length);
    const at = entries.findLastIndex(({ image }) => sameBytes(image, found));
    entries.splice(0, entries.length, ...(at === -1 && found.length === 0 ? [] : [{ image: found, said: true }]));
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

const kindOf = (name: string): JournalKind => (name.startsWith("segment") ? "segment" : "snapshot");
const numberOf = (name: string): number => Number(name.split("-")[1]);
