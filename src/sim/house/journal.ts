/** The lease journal's disk: a group is durable after a while. When the power goes, the group under way is lost, or torn. */
import { instant } from "../../base/time.ts";
import type { Committer } from "../../ports/store.ts";
import { applyImage } from "../../services/leases/images.ts";
import type { LeaseTable } from "../../services/leases/table.ts";
import { recover, type Recovery } from "../../wire/journal/recover.ts";
import type { Chance } from "../chance.ts";
import type { Timeline } from "../clock.ts";

const TORN_PER_MILLE = 500;
const PAGE_BYTES = 4096;

export class JournalDisk {
  syncMs = 1;
  /** A planted bug for the tests of the checkers: says "durable" and forgets. */
  lies = false;
  /** Another one: says "durable" when it has only begun. */
  hurries = false;
  readonly #timeline: Timeline;
  readonly #chance: Chance;
  /** One segment for each life; the last one is being written. */
  readonly #segments: Uint8Array[][] = [];
  /** One, unless a disk hurries. */
  #underWay: readonly Uint8Array[] = [];

  constructor(timeline: Timeline, chance: Chance) {
    this.#timeline = timeline;
    this.#chance = chance;
  }

  /** What a program that starts now finds, put into its table. */
  recover(table: LeaseTable): Recovery {
    const segments = this.#segments.map((groups, number) => ({ number, read: () => joined(groups) }));
    return recover({ snapshot: undefined, segments }, (bytes, at, end) => applyImage(table, bytes, at, end));
  }

  /** A new life begins a new segment: nothing is written behind a torn end. */
  open(): Committer {
    this.#segments.push([]);
    const disk = this;
    return {
      get busy() {
        return disk.#underWay.length > 0;
      },
      commit: (bytes, done) => disk.#write(bytes, done),
    };
  }

  cut(): void {
    const [bytes] = this.#underWay;
    this.#underWay = [];
    if (bytes === undefined || !this.#chance.perMille(TORN_PER_MILLE)) return;
    const pages = this.#chance.below(bytes.length / PAGE_BYTES);
    this.#segments.at(-1)?.push(bytes.slice(0, pages * PAGE_BYTES + this.#chance.below(PAGE_BYTES)));
  }

  #write(bytes: Uint8Array, done: () => void): void {
    const write = bytes.slice();
    this.#underWay = [...this.#underWay, write];
    this.#timeline.schedule(instant(this.#timeline.now + this.syncMs), () => {
      if (!this.#underWay.includes(write)) return;
      this.#underWay = this.#underWay.filter((other) => other !== write);
      if (!this.lies) this.#segments.at(-1)?.push(this.hurries ? write : bytes.slice());
      if (!this.hurries) done();
    });
    if (this.hurries) this.#timeline.schedule(this.#timeline.now, done);
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
