/** The directory on its way to the disk, over a writer that does what a test says. */
import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { test } from "node:test";
import { instant } from "../../../src/base/time.ts";
import type { DurableWriter } from "../../../src/platform/lease-stores/writers.ts";
import { SnapshotWriter } from "../../../src/roles/engine-directory/snapshot-writer.ts";
import { SimClock, Timeline } from "../../../src/sim/clock.ts";

const PAGES = 8;

function world() {
  const timeline = new Timeline();
  const told: string[] = [];
  const written: { readonly bytes: Uint8Array; readonly place: number; readonly done: () => void; readonly noRoom: () => void }[] = [];
  const writer: DurableWriter = {
    pages: new Uint8Array(PAGES),
    write: (_, length, place, done, noRoom = () => undefined) => {
      written.push({ bytes: writer.pages.slice(0, length), place, done, noRoom });
    },
  };
  const outlet = {
    open: () => void told.push("open"),
    saved: (bytes: number) => void told.push(`saved ${bytes}`),
    failed: () => void told.push("failed"),
  };
  const snapshots = new SnapshotWriter(writer, outlet, new SimClock(timeline, 1));
  const file = (): number => openSync("/dev/null", "w");
  return { timeline, told, written, snapshots, file, pass: (seconds: number) => timeline.runUntil(instant(timeline.now + seconds * 1000)) };
}

const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

test("a directory is written part by part, and is saved when the last part is on disk", () => {
  const { snapshots, told, written, file } = world();
  snapshots.save(bytes(20, 1));
  assert.deepEqual(told, ["open"]);
  const fd = file();
  snapshots.write(fd);
  for (const place of [0, 8, 16]) {
    assert.equal(written.at(-1)?.place, place);
    assert.deepEqual(told, ["open"]);
    written.at(-1)?.done();
  }
  assert.deepEqual(told, ["open", "saved 20"]);
  assert.throws(() => closeSync(fd), { code: "EBADF" });
});

test("where the disk is full the file is given up and said to be, and the same bytes are written after a pause (directory §1.5 U8)", () => {
  const { snapshots, told, written, file, pass } = world();
  snapshots.save(bytes(20, 1));
  const fd = file();
  snapshots.write(fd);
  written.at(-1)?.done();
  written.at(-1)?.noRoom();
  assert.deepEqual(told, ["open", "failed"]);
  assert.throws(() => closeSync(fd), { code: "EBADF" });
  pass(4.9);
  assert.deepEqual(told, ["open", "failed"]);
  pass(0.2);
  assert.deepEqual(told, ["open", "failed", "open"]);
  snapshots.write(file());
  assert.deepEqual([written.at(-1)?.place, written.at(-1)?.bytes], [0, bytes(8, 1)]);
  for (let part = 0; part < 3; part++) written.at(-1)?.done();
  assert.deepEqual(told, ["open", "failed", "open", "saved 20"]);
});

test("what came while the disk was full is written instead of what had no room", () => {
  const { snapshots, told, written, file, pass } = world();
  snapshots.save(bytes(4, 1));
  snapshots.write(file());
  snapshots.save(bytes(4, 2));
  written.at(-1)?.noRoom();
  pass(6);
  snapshots.write(file());
  assert.deepEqual(written.at(-1)?.bytes, bytes(4, 2));
  written.at(-1)?.done();
  assert.deepEqual(told, ["open", "failed", "open", "saved 4"]);
});
