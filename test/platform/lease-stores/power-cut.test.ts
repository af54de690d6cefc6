/**
 * The power goes: at every byte of a journal of two hundred changes, over segments and snapshots, with whatever was not synced forgotten,
 * torn or out of order. Every Reply that was sent is so, or the start is refused.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Chance } from "../../../src/sim/chance.ts";
import { type Book, begunWith, PromisingLife, reread, unhonoured } from "./promising-life.ts";
import { anyRest, everyCut, type Files, type Honesty, VolatileDisk } from "./volatile-disk.ts";

const CHANGES = 200;

type Tally = { cuts: number; refused: number; broken: string[]; snapshots: number; segments: number };

async function inScratch(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "leasehold-power-"));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function look(files: Files, book: Book, tally: Tally): void {
  tally.cuts++;
  const { recovery, table } = reread(files);
  if (!recovery.ok) tally.refused++;
  else tally.broken.push(...unhonoured(book, table));
}

/** One life with the power cut at every byte of what is written in it. */
async function livedUnder(honesty: Honesty, seed: number, folder: string, everyByte: boolean): Promise<Tally & { readonly replies: number }> {
  const book: Book = new Map();
  const chance = new Chance(seed, 1);
  const tally: Tally = { cuts: 0, refused: 0, broken: [], snapshots: 0, segments: 0 };
  const disk: VolatileDisk = new VolatileDisk(honesty, () => {
    for (let i = 0; i < 4; i++) look(anyRest(disk, chance), book, tally);
    const [write] = disk.underWay;
    if (everyByte && write?.kind === "segment") everyCut(disk, write, (files) => look(files, book, tally));
    for (const name of disk.durable.keys()) {
      if (name.startsWith("segment")) tally.segments = Math.max(tally.segments, Number(name.split("-")[1]));
      if (name.startsWith("snapshot")) tally.snapshots = Math.max(tally.snapshots, Number(name.split("-")[1]));
    }
  });
  const life = new PromisingLife(disk, { chance: new Chance(seed, 2), book, folder, lifetime: 0 });
  await life.run(CHANGES);
  look(disk.durable, book, tally);
  return { ...tally, replies: life.replies };
}

test("I13: at every byte of a journal of 200 changes, over segments and snapshots: what was said is so, and no such end is refused", () =>
  inScratch(async (folder) => {
    const { cuts, refused, broken, snapshots, segments, replies } = await livedUnder("honest", 1, folder, true);
    assert.deepEqual(broken.slice(0, 5), []);
    assert.equal(refused, 0);
    assert.ok(replies >= 150 && segments >= 3 && snapshots >= 1, JSON.stringify({ replies, segments, snapshots }));
    assert.ok(cuts > 10_000, `${cuts} ends were looked at`);
  }));

test("control: who promises before the sync is found out", () =>
  inScratch(async (folder) => {
    const { broken } = await livedUnder("hasty", 1, folder, false);
    assert.ok(broken.length > 0);
  }));

test("whatever is left of the writes under way, life after life: what was said in any of them is so", async () => {
  for (let seed = 10; seed < 20; seed++)
    await inScratch(async (folder) => {
      const chance = new Chance(seed, 3);
      const book: Book = new Map();
      let rest: Files = new Map();
      for (let lifetime = 0; lifetime < 4; lifetime++) {
        const ends = 1 + chance.below(30);
        let moments = 0;
        const disk: VolatileDisk = new VolatileDisk("honest", () => {
          if (++moments === ends) throw new PowerCut(anyRest(disk, chance));
        });
        for (const [name, bytes] of rest) disk.durable.set(name, bytes);
        const scratch = mkdtempSync(join(folder, "life-"));
        const life = new PromisingLife(disk, { chance: new Chance(seed, 4 + lifetime), book, folder: scratch, lifetime });
        assert.deepEqual(unhonoured(book, life.bed.table), [], `life ${lifetime} of ${seed}`);
        begunWith(book, life.bed.table);
        rest = await life.run(CHANGES).then(
          () => assert.fail("the power never went"),
          (error: unknown) => (error instanceof PowerCut ? error.rest : Promise.reject(error)),
        );
      }
    });
});

class PowerCut extends Error {
  readonly rest: Files;

  constructor(rest: Files) {
    super("the power is gone");
    this.rest = rest;
  }
}

test("a whole group that is not there, before the last: the start is refused, whatever it held", () =>
  inScratch(async (folder) => {
    const book: Book = new Map();
    const disk = new VolatileDisk("honest", () => undefined);
    await new PromisingLife(disk, { chance: new Chance(7, 2), book, folder, lifetime: 0 }).run(60);
    const groups = [...disk.durable].flatMap(([name, bytes]) =>
      name.startsWith("segment") ? Array.from({ length: bytes.length / 4096 }, (_, page) => ({ name, page, bytes })) : [],
    );
    const used = groups.filter(({ bytes, page }) => bytes[4096 * page] !== 0);
    assert.ok(used.length > 10);
    for (const { name, page, bytes } of used.slice(0, -1)) {
      const files = new Map([...disk.durable].filter(([one]) => !one.startsWith("snapshot")));
      files.set(name, bytes.slice().fill(0, 4096 * page, 4096 * (page + 1)));
      assert.equal(reread(files).recovery.ok, false, `${name}, page ${page}`);
    }
  }));
