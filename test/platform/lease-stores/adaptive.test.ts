/** Who writes a group: we ourselves what is small, while the disk is quick; its thread what is large, and everything when it is slow. */
import assert from "node:assert/strict";
import { openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { GatheringPace } from "../../../src/platform/lease-stores/pace.ts";
import { AdaptiveWriter, type DurableWriter, SMALL_BYTES } from "../../../src/platform/lease-stores/writers.ts";
import { checkMade, native } from "../../../src/platform/native.ts";

const PAGE = 4096;
const path = join(tmpdir(), `lh-adaptive-${process.pid}`);
writeFileSync(path, "");
after(() => rmSync(path));
const fd = openSync(path, "r+");

/** A thread that is done when it is told to be. */
class Told implements DurableWriter {
  readonly pages = new Uint8Array(checkMade(native().pagesNew(16 * PAGE), "mmap"));
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
/** What the writer's pages hold: a group whose head tells that many bytes. */
const hold = (writer: AdaptiveWriter, bytes: number): void => new DataView(writer.pages.buffer, writer.pages.byteOffset).setUint32(8, bytes, true);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a small group is on disk when it is told, on a later turn, and no thread was asked", async () => {
  const { thread, writer } = made();
  writer.pages.fill(0x61, 0, PAGE);
  hold(writer, SMALL_BYTES);
  let isDone = false;
  writer.write(fd, PAGE, PAGE, () => {
    isDone = true;
  });
  assert.equal(isDone, false);
  await turn();
  assert.equal(isDone, true);
  assert.equal(thread.done.length, 0);
  assert.deepEqual(readFileSync(path).subarray(PAGE), Buffer.from(writer.pages.subarray(0, PAGE)));
});

test("a larger one is the thread's, and done when the thread says so", async () => {
  const { thread, writer } = made();
  hold(writer, SMALL_BYTES + 64);
  let isDone = false;
  writer.write(fd, PAGE, 0, () => {
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
  writer.write(fd, PAGE, 0, () => undefined);
  await turn();
  assert.equal(thread.done.length, 0, "nobody knew");
  for (let n = 1; n <= 3; n++) {
    writer.write(fd, PAGE, 0, () => undefined);
    await turn();
    assert.equal(thread.done.length, n);
    if (n === 3) clock.step = 0;
    thread.done[n - 1]?.();
  }
  writer.write(fd, PAGE, 0, () => undefined);
  await turn();
  assert.equal(thread.done.length, 3);
});

test("without load a group is closed at once; under load it waits for more, until it is large enough or the time of a write has passed", async () => {
  let nowMs = 0;
  const pace = new GatheringPace(() => nowMs);
  let [bytes, closed] = [100, 0];
  const wait = (): void =>
    pace.wait(
      () => bytes,
      () => {
        closed++;
      },
    );
  wait();
  assert.equal(closed, 1, "nobody else was there");
  pace.written();
  nowMs += 0.05;
  wait();
  for (let i = 0; i < 5; i++) await turn();
  assert.equal(closed, 1, "it waits");
  bytes = SMALL_BYTES;
  await turn();
  assert.equal(closed, 2, "enough");
  pace.written();
  bytes = 100;
  wait();
  nowMs += 0.2;
  await turn();
  assert.equal(closed, 3, "long enough");
  pace.written();
  nowMs += 2;
  wait();
  assert.equal(closed, 4, "the load is over");
});
