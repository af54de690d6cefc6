/**
 * A disk that the power may leave at any moment. What was synced stays. Of what was not, any bytes may be there and any others not: it
 * forgets, tears, and keeps what came later while what came before is lost. Main is played too: it opens files, names a snapshot, removes
 * what that stands for.
 */
import { openSync } from "node:fs";
import { LIMITS } from "../../../src/base/limits.ts";
import type { JournalKind } from "../../../src/platform/lease-stores/journal-files.ts";
import type { DurableWriter } from "../../../src/platform/lease-stores/writers.ts";
import type { Chance } from "../../../src/sim/chance.ts";

export const SECTOR_BYTES = 512;

/** What stands in the folder: by name, `segment-3` or `snapshot-1`. */
export type Files = ReadonlyMap<string, Uint8Array>;
export type Write = { readonly name: string; readonly place: number; readonly bytes: Uint8Array; readonly kind: JournalKind };
/** `honest`: done when it is on disk. `hasty`: done when it has begun, on disk later. */
export type Honesty = "honest" | "hasty";

export class VolatileDisk {
  /** On disk, whatever happens. */
  readonly durable = new Map<string, Uint8Array>();
  /** Begun, and not synced. */
  readonly underWay: Write[] = [];
  /** Removed, and the folder not synced. */
  readonly leaving = new Set<string>();
  readonly #names = new Map<number, { readonly name: string; readonly kind: JournalKind }>();
  readonly #done = new Map<Write, () => void>();
  readonly #honesty: Honesty;
  /** Just before anything becomes durable or is said to be: the worst moment for the power to go. */
  readonly #moment: () => void;

  constructor(honesty: Honesty, moment: () => void) {
    this.#honesty = honesty;
    this.#moment = moment;
  }

  writer(kind: JournalKind): DurableWriter {
    const pages = new Uint8Array(LIMITS.commitBytes);
    return {
      pages,
      write: (fd, length, place, done) => {
        const file = this.#names.get(fd);
        if (file === undefined) throw new Error(`nothing is open as ${fd}`);
        const write: Write = { name: file.name, place, bytes: pages.slice(0, length), kind };
        this.underWay.push(write);
        this.#done.set(write, this.#honesty === "honest" ? done : () => undefined);
        if (this.#honesty === "hasty") queueMicrotask(done);
      },
    };
  }

  /** What main does for a file that is asked for. The descriptor is a real one, for it will be closed. */
  fresh(kind: JournalKind, number: number, bytes: number): { readonly number: number; readonly fd: number; readonly bytes: number } {
    const name = kind === "segment" ? `segment-${number}` : `unfinished-${number}`;
    this.durable.set(name, new Uint8Array(bytes));
    const fd = openSync("/dev/null", "r+");
    this.#names.set(fd, { name, kind });
    return { number, fd, bytes };
  }

  /** The oldest write of a kind is synced. @returns whether there was one */
  sync(kind: JournalKind): boolean {
    const write = this.underWay.find((one) => one.kind === kind);
    if (write === undefined) return false;
    this.#moment();
    this.underWay.splice(this.underWay.indexOf(write), 1);
    this.durable.set(write.name, written(this.durable.get(write.name) ?? new Uint8Array(0), write));
    const done = this.#done.get(write);
    this.#done.delete(write);
    done?.();
    return true;
  }

  /** What main does when a snapshot is whole: the name first and durable, then what it stands for goes, in any order. */
  named(number: number, firstSegment: number): void {
    this.#moment();
    const unfinished = this.durable.get(`unfinished-${number}`);
    if (unfinished === undefined) throw new Error(`no snapshot ${number} was written`);
    this.durable.delete(`unfinished-${number}`);
    this.durable.set(`snapshot-${number}`, unfinished);
    for (const name of this.durable.keys()) {
      const [kind, of] = [name.split("-")[0], Number(name.split("-")[1])];
      if ((kind === "segment" && of < firstSegment) || (kind === "snapshot" && of < number)) this.leaving.add(name);
    }
    this.#moment();
    for (const name of this.leaving) this.durable.delete(name);
    this.leaving.clear();
  }
}

/** The file with the write in it. */
export function written(file: Uint8Array, { place, bytes }: Pick<Write, "place" | "bytes">): Uint8Array {
  const after = new Uint8Array(Math.max(file.length, place + bytes.length));
  after.set(file);
  after.set(bytes, place);
  return after;
}

/** What a folder may hold when the power goes: of each write that was under way, sectors at random, one of them torn. */
export function anyRest({ durable, underWay, leaving }: VolatileDisk, chance: Chance): Files {
  const files = new Map<string, Uint8Array>();
  for (const [name, bytes] of durable) if (!name.startsWith("unfinished") && !(leaving.has(name) && chance.perMille(500))) files.set(name, bytes);
  for (const { name, place, bytes } of underWay) {
    const before = files.get(name);
    if (before === undefined) continue;
    const after = written(before, { place, bytes });
    for (let at = place; at < place + bytes.length; at += SECTOR_BYTES) {
      if (chance.perMille(500)) continue;
      const kept = chance.perMille(200) ? chance.below(SECTOR_BYTES) : 0;
      after.set(before.subarray(at + kept, at + SECTOR_BYTES), at + kept);
    }
    files.set(name, after);
  }
  return files;
}

/**
 * Every way in which one write can have been cut at a byte: what stands before it is on disk and the rest is not, and the other way
 * round; and every choice of its sectors. Where two ways leave the same bytes only one is shown. The bytes are changed in place.
 */
export function everyCut({ durable }: VolatileDisk, { name, place, bytes }: Write, visit: (files: Files) => void): number {
  const before = durable.get(name) ?? new Uint8Array(0);
  const files = new Map([...durable].filter(([one]) => !one.startsWith("unfinished")));
  const rest = written(before, { place, bytes: before.slice(place, place + bytes.length) });
  files.set(name, rest);
  const differing = Array.from({ length: bytes.length }, (_, i) => i).filter((i) => bytes[i] !== (before[place + i] ?? 0));
  let shown = 0;
  const show = (): void => {
    shown++;
    visit(files);
  };
  show();
  for (const order of [differing, differing.toReversed()]) {
    for (const i of order) {
      rest[place + i] = bytes[i] ?? 0;
      show();
    }
    for (const i of differing) rest[place + i] = before[place + i] ?? 0;
  }
  const sectors = [...new Set(differing.map((i) => Math.floor(i / SECTOR_BYTES)))];
  for (let choice = 0; sectors.length <= SECTORS_TRIED && choice < 2 ** sectors.length; choice++) {
    for (const i of differing) {
      const kept = (choice >> sectors.indexOf(Math.floor(i / SECTOR_BYTES))) & 1;
      rest[place + i] = kept === 1 ? (bytes[i] ?? 0) : (before[place + i] ?? 0);
    }
    show();
  }
  return shown;
}

const SECTORS_TRIED = 8;
