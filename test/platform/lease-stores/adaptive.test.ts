/** Who writes a group: we ourselves what is small, while the disk is quick; its thread what is large, and everything when it is slow. */
import assert from "node:assert/strict";
import { openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { AdaptiveWriter, type DurableWriter } from "../../../src/platform/lease-stores/writers.ts";
import { checkMade, native } from "../../../src/platform/native.ts";

const SMALL = 4096;
const path = join(tmpdir(), `lh-adaptive-${process.pid}`);
writeFileSync(path, "");
after(() => rmSync(path));
const fd = openSync(path, "r+");

/** A thread that is done when it is told to be. */
class Told implements DurableWriter {
  readonly pages = new Uint8Array(checkMade(native().pagesNew(16 * SMALL), "mmap"));
  readonly done: (() => void)[] = [];
  write(_fd: number, _length: number, _place: number, done: () => void): void {
    this.done.push(done);
  }
}

const made = (): { thread: Told; writer: AdaptiveWriter; clock: { ms: number; step: number } } => {
  const thread = new Told();
  const clock = { ms: 0, step: 0 };
  const nowMs = (): number => {
    clock.ms += clock.step;
    return clock.ms;
  };
  return { thread, writer: new AdaptiveWriter(thread, nowMs), clock };
};
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a small group is on disk when it is told, on a later turn, and no thread was asked", async () => {
  const { thread, writer } = made();
  writer.pages.fill(0x61, 0, SMALL);
  let isDone = false;
  writer.write(fd, SMALL, SMALL, () => {
    isDone = true;
  });
  assert.equal(isDone, false);
  await turn();
  assert.equal(isDone, true);
  assert.equal(thread.done.length, 0);
  assert.equal(readFileSync(path).subarray(SMALL).toString("latin1"), "a".repeat(SMALL));
});

test("a larger one is the thread's, and done when the thread says so", async () => {
  const { thread, writer } = made();
  let isDone = false;
  writer.write(fd, 2 * SMALL, 0, () => {
    isDone = true;
  });
  await turn();
  assert.deepEqual([isDone, thread.done.length], [false, 1]);
  thread.done[0]?.();
  assert.equal(isDone, true);
});

test("after a slow write small groups are the thread's, until one of its writes was quick again", async () => {
  const { thread, writer, clock } = made();
  clock.step = 5;
  writer.write(fd, SMALL, 0, () => undefined);
  await turn();
  assert.equal(thread.done.length, 0, "nobody knew");
  for (let n = 1; n <= 3; n++) {
    writer.write(fd, SMALL, 0, () => undefined);
    await turn();
    assert.equal(thread.done.length, n);
    if (n === 3) clock.step = 0;
    thread.done[n - 1]?.();
  }
  writer.write(fd, SMALL, 0, () => undefined);
  await turn();
  assert.equal(thread.done.length, 3);
});
