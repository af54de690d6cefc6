/** A disk without room: what was promised is durable, what is promised next waits, and both go on by themselves when there is room. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { BlockingWriter, type DurableWriter } from "../../../src/platform/lease-stores/writers.ts";
import { IMAGE_BYTES, writeImage } from "../../../src/services/leases/images.ts";
import { insert, leasesIn, nthLease } from "../../services/leases/support.ts";
import { fresh, openStore, type Store, type Writers } from "./folder.ts";

/** Milliseconds of the clock by which the disk is looked at. */
const PAUSE = 5000;
const image = new Uint8Array(IMAGE_BYTES);

/** Says that there is no room as long as it is told to; a part of the bytes may be written all the same. */
class NearlyFull implements DurableWriter {
  readonly #disk = new BlockingWriter();
  isFull = false;
  tries = 0;

  get pages(): Uint8Array {
    return this.#disk.pages;
  }

  write(fd: number, length: number, place: number, done: () => void, noRoom?: () => void): void {
    this.tries++;
    if (!this.isFull || noRoom === undefined) return this.#disk.write(fd, length, place, done, noRoom);
    if (length > 4096) this.#disk.write(fd, 4096, place, () => undefined);
    setImmediate(noRoom);
  }
}

type Scene = { readonly folder: string; readonly disk: NearlyFull; readonly writers: Writers };

const running: Store[] = [];

async function inScene(tell: (scene: Scene) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "leasehold-full-"));
  const disk = new NearlyFull();
  try {
    await tell({ folder, disk, writers: { journal: disk, snapshot: disk, close: () => undefined } });
  } finally {
    for (const store of running.splice(0)) await store.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function opened({ folder, writers }: Scene, later?: Parameters<typeof openStore>[2]): Store {
  const store = openStore(folder, writers, later);
  assert.ok("table" in store, JSON.stringify(store));
  running.push(store);
  return store;
}

function promise({ table, journal }: Store, from: number, count = 1): void {
  for (let n = from; n < from + count; n++) {
    const row = insert(table, nthLease(n));
    assert.ok(typeof row === "number");
    assert.ok(journal.append(image, 0, writeImage(table, row, image, 0)), "room");
  }
}

const settled = (store: Store): Promise<void> => new Promise((resolve) => store.journal.settled(resolve));
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await turn();
}

test("a group for which the disk has no room waits, is written to its place again, and nothing of it is lost", () =>
  inScene(async (scene) => {
    const store = opened(scene);
    promise(store, 0);
    await settled(store);
    assert.equal(store.files.look(0), "open");
    scene.disk.isFull = true;
    promise(store, 1, 200);
    let durable = false;
    store.journal.settled(() => {
      durable = true;
    });
    await turns(5);
    assert.equal(store.files.look(1), "stuck");
    const before = scene.disk.tries;
    assert.equal(store.files.look(PAUSE - 1), "stuck");
    assert.equal(scene.disk.tries, before, "it is tried now and then");
    assert.equal(store.files.look(2 * PAUSE), "stuck");
    assert.equal(scene.disk.tries, before + 1);
    await turns(5);
    assert.equal(durable, false);

    scene.disk.isFull = false;
    assert.equal(store.files.look(3 * PAUSE), "stuck", "known to be written only when it is");
    await turns(5);
    assert.equal(store.files.look(3 * PAUSE + 1), "open");
    assert.equal(durable, true);
    promise(store, 201);
    await settled(store);
    await store.stop();
    assert.equal(leasesIn(opened(scene).table).length, 202);
  }));

test("control: a journal that is read while a group waits has what was promised before it", () =>
  inScene(async (scene) => {
    const store = opened(scene);
    promise(store, 0);
    await settled(store);
    scene.disk.isFull = true;
    promise(store, 1, 200);
    store.journal.settled(() => undefined);
    await turns(5);
    scene.disk.isFull = false;
    await store.stop();
    assert.equal(leasesIn(opened(scene).table).length, 1);
  }));

test("where no further segment can be made, it is said before the last one is used up: all that was promised is durable", () =>
  inScene(async (scene) => {
    const waiting: number[] = [];
    const store: Store = opened(scene, (_answer, kind) => {
      waiting.push(waiting.length + 1);
      if (kind === "segment" && waiting.length > 1) return store.files.refused(); // the first is there
      setImmediate(() => store.files.fresh(kind, fresh(scene.folder, kind, 1)));
    });
    let promised = 0;
    await turns(3);
    while (store.files.look(0) === "open" && promised < 20_000) {
      promise(store, promised, 50);
      promised += 50;
      await settled(store);
    }
    assert.equal(store.files.look(0), "full");
    assert.ok(promised > 0 && promised < 20_000, String(promised));
    await settled(store);

    store.files.fresh("segment", fresh(scene.folder, "segment", 2));
    assert.equal(store.files.look(1), "open");
    promise(store, promised);
    await settled(store);
    await store.stop();
    assert.equal(leasesIn(opened(scene).table).length, promised + 1);
  }));

test("a segment that is on its way is no full disk, until it is later than any disk", () =>
  inScene(async (scene) => {
    const store = opened(scene, () => undefined);
    assert.equal(store.files.look(1000), "open");
    assert.equal(store.files.look(20_999), "open");
    assert.equal(store.files.look(21_000), "full");
    assert.deepEqual(store.told, ["segment 1", "segment 1"], "asked for once more");
    await store.stop();
  }));

test("a snapshot without room is given up, and what it was to stand for stays", () =>
  inScene(async (scene) => {
    let store = opened(scene);
    for (let life = 0; life < 4; life++) {
      promise(store, life);
      await settled(store);
      await store.stop();
      scene.disk.isFull = life === 3;
      store = opened(scene);
      await turns(10);
    }
    assert.ok(store.told.includes("snapshot 2 abandoned"), store.told.join("; "));
    scene.disk.isFull = false;
    promise(store, 4);
    await settled(store);
    await store.stop();
    assert.equal(leasesIn(opened(scene).table).length, 5);
  }));

test("any other failure of a disk still ends the process", () => {
  const disk = new BlockingWriter();
  assert.throws(
    () =>
      disk.write(
        -1,
        4096,
        0,
        () => undefined,
        () => undefined,
      ),
    /cannot be written/,
  );
});
