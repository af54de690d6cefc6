/** The journal's system calls: the same checksum as in TypeScript, reads and writes at a place, threads that write. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { checkMade, checkPoll, ERRNO, native } from "../../../src/platform/native.ts";
import { crc32c } from "../../../src/wire/journal/crc32c.ts";

const sys = native();
const folder = mkdtempSync(join(tmpdir(), "leasehold-native-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const PAGE = 4096;

function scratch(name: string, content: string | Uint8Array): { readonly path: string; readonly fd: number } {
  const path = join(folder, name);
  writeFileSync(path, content);
  return { path, fd: openSync(path, "r+") };
}

test("crc32c is that of the codec, for any part of any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), fc.nat(300), (bytes, from, length) => {
      const [offset, wanted] = [Math.min(from, bytes.length), Math.min(length, bytes.length - Math.min(from, bytes.length))];
      assert.equal(sys.crc32c(bytes, offset, wanted), crc32c(bytes, offset, wanted));
    }),
  );
});

test("pread and writeDurably work at a place, on a part of the bytes, and say how far they came", () => {
  const { path, fd } = scratch("places", "0123456789");
  const bytes = new Uint8Array(8);
  assert.equal(sys.pread(fd, bytes, 2, 4, 3), 4);
  assert.equal(Buffer.from(bytes).toString("latin1"), "\0\x003456\0\0");
  assert.equal(sys.pread(fd, bytes, 0, 8, 7), 3);
  assert.equal(sys.pread(fd, bytes, 0, 8, 10), 0);
  assert.equal(sys.writeDurably(fd, new TextEncoder().encode("..ab.."), 2, 2, 12), 2);
  assert.equal(readFileSync(path, "latin1"), "0123456789\0\0ab");
  assert.equal(sys.fdatasync(fd), 0);
  closeSync(fd);
  for (const result of [sys.pread(fd, bytes, 0, 8, 0), sys.writeDurably(fd, bytes, 0, 8, 0), sys.fdatasync(fd)]) assert.equal(result, -ERRNO.EBADF);
});

test("parts out of bounds, places that are none and values of other types are TypeErrors", () => {
  const bytes = new Uint8Array(8);
  const wrong: readonly (() => unknown)[] = [
    () => sys.crc32c(bytes, 4, 5),
    () => sys.crc32c(bytes, 9, 0),
    () => sys.crc32c(bytes, -1, 1),
    () => sys.pread(0, bytes, 0, 9, 0),
    () => sys.pread(0, bytes, 0, 8, -1),
    () => sys.pread(0, bytes, 0, 8, 0.5),
    () => sys.pread(0, bytes, 0, 8, Number.NaN),
    () => sys.writeDurably(1, bytes, 0, 8, 2 ** 53),
    () => sys.writeDurably(1, bytes, 7, 2, 0),
    () => sys.pagesNew(0),
    () => sys.pagesNew(PAGE + 1),
    () => sys.pagesNew(2 ** 27),
    () => sys.committerNew(100),
    () => sys.committerResult(77),
    () => sys.committerSubmit(77, 1, 0, 1, 0),
  ];
  for (const call of wrong) assert.throws(call, TypeError, String(call));
});

test("pages are aligned to pages, zero, and of the size asked for", () => {
  const { fd } = scratch("direct", new Uint8Array(PAGE).fill(5));
  const pages = new Uint8Array(checkMade(sys.pagesNew(2 * PAGE), "mmap"));
  assert.equal(pages.length, 2 * PAGE);
  assert.ok(pages.every((byte) => byte === 0));
  assert.equal(sys.pread(fd, pages, PAGE, PAGE, 0), PAGE);
  assert.ok(pages.subarray(PAGE).every((byte) => byte === 5));
  closeSync(fd);
});

test("a committer writes one part at a time, signals once, and gives its result once", async () => {
  const { path, fd } = scratch("committed", "");
  const { committer, pages, readyFd } = checkMade(sys.committerNew(2 * PAGE), "committerNew");
  new Uint8Array(pages).set(new TextEncoder().encode("one part"), PAGE);
  const result = (): Promise<number> =>
    new Promise((resolve) => {
      const poll = checkPoll(
        sys.pollNew(readyFd, () => {
          sys.pollClose(poll);
          resolve(sys.committerResult(committer));
        }),
      );
    });
  assert.equal(sys.committerResult(committer), -ERRNO.EAGAIN);
  assert.equal(sys.committerSubmit(committer, fd, PAGE, 8, 3), 0);
  assert.equal(sys.committerSubmit(committer, fd, 0, 8, 0), -ERRNO.EBUSY);
  assert.equal(await result(), 8);
  assert.equal(sys.committerResult(committer), -ERRNO.EAGAIN);
  assert.equal(readFileSync(path, "latin1"), "\0\0\0one part");
  for (const [offset, length, place] of [
    [0, 0, 0],
    [1, 2 * PAGE, 0],
    [2 * PAGE, 1, 0],
    [0, 1, -1],
    [0, 1, Number.NaN],
  ] as const)
    assert.equal(sys.committerSubmit(committer, fd, offset, length, place), -ERRNO.EINVAL);
  closeSync(fd);
  const unwritable = openSync(path, "r");
  assert.equal(sys.committerSubmit(committer, unwritable, 0, 8, 0), 0);
  assert.equal(await result(), -ERRNO.EBADF);
  closeSync(unwritable);
});

test("there are four committers and no more", () => {
  let made = 1;
  while (typeof sys.committerNew(PAGE) !== "number") made++;
  assert.equal(made, 4);
  assert.equal(sys.committerNew(PAGE), -24);
});

test("behind the fence of engine+journal a journal is read, written by its threads, and snapshotted", () => {
  const scratchFolder = mkdtempSync(join(folder, "fenced-"));
  const child = fileURLToPath(new URL("fenced.ts", import.meta.url));
  // tsx looks through its cache some time after it compiled a file: behind the fence that would end the process
  const env = { ...process.env, TSX_DISABLE_CACHE: "1" };
  const run = () => spawnSync(process.execPath, ["--import", "tsx", child, scratchFolder], { encoding: "utf8", env });
  const first = run();
  assert.equal(first.stdout, "fenced: found 0 leases, made 50, snapshot of 50 written\n", `${first.signal} ${first.stderr}`);
  const again = run();
  assert.equal(again.stdout, "fenced: found 50 leases, made 50, snapshot of 100 written\n", `${again.signal} ${again.stderr}`);
});
