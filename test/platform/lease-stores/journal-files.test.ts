/** The journal on a real disk: begun, filled, left for the next segment, snapshotted, and read again. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { IMAGE_BYTES, writeImage, writeRemoval } from "../../../src/services/leases/images.ts";
import { bytesOf, insert, leasesIn, nthLease } from "../../services/leases/support.ts";
import { list, openStore, type Store, WRITERS, type WriterKind } from "./folder.ts";

after(() => {
  WRITERS.thread().close();
  WRITERS.adaptive().close();
});

const image = new Uint8Array(IMAGE_BYTES);

async function inScratch(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "leasehold-journal-"));
  try {
    await work(folder);
  } finally {
    await stopAll();
    rmSync(folder, { recursive: true, force: true });
  }
}

const running: Store[] = [];

async function stopAll(): Promise<void> {
  for (const store of running.splice(0)) await store.stop();
}

/** An engine that starts; the one before has ended. */
async function opened(folder: string, kind: WriterKind = "thread", later?: Parameters<typeof openStore>[2]): Promise<Store> {
  await stopAll();
  const store = openStore(folder, WRITERS[kind](), later);
  assert.ok("table" in store, JSON.stringify(store));
  running.push(store);
  return store;
}

function bind({ table, journal }: Store, n: number): void {
  const row = insert(table, nthLease(n));
  assert.ok(typeof row === "number", String(row));
  assert.ok(journal.append(image, 0, writeImage(table, row, image, 0)), "room");
}

function unbind({ table, journal }: Store, n: number): void {
  const row = table.findAddress(bytesOf(nthLease(n).address), 0, 128);
  assert.ok(journal.append(image, 0, writeRemoval(table, row, image, 0)));
  table.remove(row);
}

const settled = (store: Store): Promise<void> => new Promise((resolve) => store.journal.settled(resolve));
const segments = (folder: string): readonly number[] =>
  list(folder)
    .filter(({ kind }) => kind === "segment")
    .map(({ number }) => number)
    .sort((a, b) => a - b);

for (const kind of ["thread", "blocking", "adaptive"] as const) {
  test(`${kind}: what was durable is there after each of three lives, and each life has a segment of its own`, () =>
    inScratch(async (folder) => {
      for (let life = 0; life < 3; life++) {
        const store = await opened(folder, kind);
        assert.equal(store.table.count, 19 * life);
        for (let n = 0; n < 20; n++) bind(store, 100 * life + n);
        await settled(store);
        unbind(store, 100 * life);
        await settled(store);
        assert.equal(store.told[0], `segment ${life + 1}`);
      }
      assert.deepEqual(
        leasesIn((await opened(folder, kind)).table).map(({ iaid }) => iaid),
        [0, 1, 2].flatMap((life) => Array.from({ length: 19 }, (_, i) => 100 * life + i + 1)),
      );
    }));

  test(`${kind}: done is called on a later turn, also by a disk that is faster than we are`, () =>
    inScratch(async (folder) => {
      const store = await opened(folder, kind);
      bind(store, 0);
      await settled(store);
      bind(store, 1);
      let done = false;
      store.journal.settled(() => {
        done = true;
      });
      assert.equal(done, false);
      await settled(store);
      await turn();
      assert.equal(done, true);
    }));
}

test("a change waits for its segment as long as main takes to open it", () =>
  inScratch(async (folder) => {
    const answers: (() => void)[] = [];
    const store = await opened(folder, "thread", (answer) => answers.push(answer));
    bind(store, 1);
    let done = false;
    store.journal.settled(() => {
      done = true;
    });
    for (let i = 0; i < 20; i++) await turn();
    assert.equal(done, false);
    assert.equal(answers.length, 1);
    answers[0]?.();
    await settled(store);
    assert.equal((await opened(folder)).table.count, 1);
  }));

test("the next segment is asked for when half of one is full, once; a full one is left for it", () =>
  inScratch(async (folder) => {
    const store = await opened(folder);
    const asked = () => store.told.filter((line) => line.startsWith("segment"));
    let n = 0;
    for (let group = 1; group <= 64; group++) {
      bind(store, n++);
      await settled(store);
    }
    assert.deepEqual(asked(), ["segment 1"], "64 pages of 128");
    for (let group = 65; group <= 130; group++) {
      bind(store, n++);
      await settled(store);
    }
    assert.deepEqual(asked(), ["segment 1", "segment 2"]);
    assert.deepEqual(segments(folder), [1, 2]);
    assert.equal((await opened(folder)).table.count, 130);
  }));

test("a journal longer than what it is worth becomes a snapshot, and what that stands for goes", () =>
  inScratch(async (folder) => {
    const store = await opened(folder);
    for (let n = 0; n < 1000; n++) {
      bind(store, n);
      if (n >= 100) unbind(store, n - 100);
      await settled(store);
    }
    const done = store.told.filter((line) => line.startsWith("snapshot") && line.includes("done"));
    assert.ok(done.length >= 2, store.told.join());
    assert.equal(list(folder).filter(({ kind }) => kind === "snapshot").length, 1);
    assert.ok(segments(folder).length <= 4, segments(folder).join());
    const again = await opened(folder);
    assert.deepEqual(leasesIn(again.table), leasesIn(store.table));
    assert.equal(again.table.count, 100);
  }));

test("a snapshot's file asked for and never opened holds nothing up, and is asked for again by the next life", () =>
  inScratch(async (folder) => {
    const store = await opened(folder, "thread", (answer, kind) => {
      if (kind === "segment") setImmediate(answer);
    });
    for (let n = 0; n < 600; n++) {
      bind(store, n);
      await settled(store);
    }
    assert.deepEqual(
      store.told.filter((line) => line.startsWith("snapshot")),
      ["snapshot 1"],
    );
    const next = await opened(folder);
    assert.equal(next.table.count, 600);
    assert.ok(next.told.includes("snapshot 1"));
  }));

test("a damaged journal is refused, with the segment, the place and the reason", () =>
  inScratch(async (folder) => {
    const store = await opened(folder);
    for (let n = 0; n < 3; n++) {
      bind(store, n);
      await settled(store);
    }
    const path = join(folder, "segment-1");
    const bytes = readFileSync(path);
    bytes[4096 + 50] = 0xff;
    writeFileSync(path, bytes);
    assert.deepEqual(openStore(folder, WRITERS.thread()), { ok: false, reason: "frame-behind-damage", segment: 1, offset: 4096 });
  }));

for (const writer of ["WriterThread", "BlockingWriter", "AdaptiveWriter"])
  test(`${writer}: a write that fails or falls short ends the process, and nobody is told that it was done`, () =>
    inScratch(async (folder) => {
      const writers = fileURLToPath(new URL("../../../src/platform/lease-stores/writers.ts", import.meta.url));
      const script = (file: string) => `
        import { execFileSync } from "node:child_process";
        import { openSync } from "node:fs";
        import { ${writer} } from ${JSON.stringify(writers)};
        execFileSync("prlimit", ["--pid", process.pid, "--fsize=4096"]);
        new ${writer}().write(openSync(${JSON.stringify(file)}, "r+"), 8192, 0, () => console.log("done"));`;
      const file = join(folder, "limited");
      writeFileSync(file, "");
      for (const [path, said] of [
        [file, /KernelError: pwritev2: .*the journal cannot be written: 4096 of 8192 bytes/],
        ["/dev/full", /KernelError: pwritev2: errno \d+ .*the journal cannot be written: -\d+ of 8192 bytes/],
      ] as const) {
        const end = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script(path)], { encoding: "utf8" });
        assert.notEqual(end.status, 0);
        assert.equal(end.stdout, "");
        assert.match(end.stderr, said);
      }
    }));
