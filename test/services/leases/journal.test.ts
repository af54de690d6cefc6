/** Lease changes on their way to disk, with a disk that takes as long as the test says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LIMITS } from "../../../src/base/limits.ts";
import type { Committer } from "../../../src/ports/store.ts";
import { applyImage, IMAGE_BYTES, writeImage, writeRemoval } from "../../../src/services/leases/images.ts";
import { LeaseJournal } from "../../../src/services/leases/journal.ts";
import type { LeaseTable } from "../../../src/services/leases/table.ts";
import { recover } from "../../../src/wire/journal/recover.ts";
import { bytesOf, insert, type Lease, leasesIn, nthLease, tableOf } from "./support.ts";

/** A disk that is done when `turn` is called. */
class SlowDisk implements Committer {
  readonly groups: Uint8Array[] = [];
  #underWay: { readonly bytes: Uint8Array; readonly done: () => void } | undefined;

  get busy(): boolean {
    return this.#underWay !== undefined;
  }

  commit(bytes: Uint8Array, done: () => void): void {
    assert.ok(!this.busy, "one group at a time");
    this.#underWay = { bytes, done };
  }

  /** The write ends. The bytes must still be what they were. */
  turn(): void {
    const write = this.#underWay;
    assert.ok(write !== undefined, "something is being written");
    this.#underWay = undefined;
    this.groups.push(write.bytes.slice());
    write.done();
  }

  get segment(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.groups));
  }
}

const STAMP = Uint8Array.from([8, 7, 6, 5, 4, 3, 2, 1]);
const image = new Uint8Array(IMAGE_BYTES);

function setUp(): { readonly table: LeaseTable; readonly disk: SlowDisk; readonly journal: LeaseJournal } {
  const table = tableOf();
  const disk = new SlowDisk();
  return { table, disk, journal: new LeaseJournal(table, disk, { stamp: STAMP, sequence: 0 }) };
}

/** Binds, and puts the change into the journal. */
function bind({ table, journal }: ReturnType<typeof setUp>, lease: Lease): void {
  const row = insert(table, lease);
  assert.ok(typeof row === "number", String(row));
  assert.ok(journal.append(image, 0, writeImage(table, row, image, 0)));
}

function unbind({ table, journal }: ReturnType<typeof setUp>, lease: Lease): void {
  const row = table.findAddress(bytesOf(lease.address), 0, lease.prefixLength);
  assert.ok(journal.append(image, 0, writeRemoval(table, row, image, 0)));
  table.remove(row);
}

function recovered(segment: Uint8Array, snapshot?: Uint8Array): LeaseTable {
  const table = tableOf();
  const result = recover({ snapshot: snapshot && { read: () => snapshot }, segments: [{ number: 1, read: () => segment }] }, (bytes, at, end) =>
    applyImage(table, bytes, at, end),
  );
  assert.ok(result.ok, JSON.stringify(result));
  return table;
}

test("who waits for a change is called when it is on disk, not before; who changed nothing is called at once", () => {
  const all = setUp();
  const said: string[] = [];
  all.journal.settled(() => said.push("nothing to wait for"));
  bind(all, nthLease(1));
  all.journal.settled(() => said.push("first"));
  bind(all, nthLease(2));
  all.journal.settled(() => said.push("second"));
  assert.deepEqual(said, ["nothing to wait for"]);
  all.disk.turn();
  assert.deepEqual(said.slice(1), ["first"]);
  all.journal.settled(() => said.push("second too"));
  all.disk.turn();
  assert.deepEqual(said.slice(2), ["second", "second too"]);
  assert.ok(!all.disk.busy);
});

test("what gathers while a group is written goes out as one group", () => {
  const all = setUp();
  let done = 0;
  for (let n = 0; n < 50; n++) {
    bind(all, nthLease(n));
    all.journal.settled(() => done++);
  }
  all.disk.turn();
  assert.equal(done, 1);
  all.disk.turn();
  assert.equal(done, 50);
  assert.equal(all.disk.groups.length, 2);
  assert.deepEqual(leasesIn(recovered(all.disk.segment)), leasesIn(all.table));
});

test("a group has a limit: what does not fit is refused whole, and fits into the next", () => {
  const all = setUp();
  let taken = 0;
  while (all.journal.append(new Uint8Array(192), 0, 192)) taken++;
  assert.equal(taken, Math.floor((LIMITS.commitBytes - 32) / 192));
  assert.ok(all.journal.room < 192);
  all.journal.settled(() => undefined);
  assert.ok(all.journal.append(new Uint8Array(192), 0, 192));
  all.disk.turn();
  assert.equal(all.disk.groups[0]?.length, LIMITS.commitBytes);
});

test("a snapshot taken while the table changes, with the groups after it, is the table", () => {
  const step = fc.record({ bind: fc.boolean(), n: fc.nat(300), part: fc.boolean(), settle: fc.boolean(), turn: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 200 }), fc.nat(19), (steps, begin) => {
      const all = setUp();
      const parts: Uint8Array[] = [];
      const out = new Uint8Array(4096);
      let snapshot: ReturnType<LeaseJournal["snapshot"]> | undefined;
      const part = () => {
        const bytes = snapshot?.fill(out) ?? 0;
        if (bytes > 0) parts.push(out.slice(0, bytes));
        return bytes > 0;
      };
      for (let n = 1000; n < 1150; n++) bind(all, { ...nthLease(n), identifier: n % 3 === 0 ? "ab".repeat(100) : "cd" });
      for (const [i, { bind: binds, n, part: writes, settle, turn }] of steps.entries()) {
        const lease = nthLease(900 + n);
        const held = all.table.findAddress(bytesOf(lease.address), 0, 128) !== -1;
        if (binds && !held) bind(all, lease);
        if (!binds && held) unbind(all, lease);
        if (i === begin) snapshot = all.journal.snapshot();
        if (writes) part();
        if (settle) all.journal.settled(() => undefined);
        if (turn && all.disk.busy) all.disk.turn();
      }
      while (part());
      all.journal.settled(() => undefined);
      while (all.disk.busy) all.disk.turn();
      const whole = new Uint8Array(Buffer.concat(parts));
      assert.deepEqual(leasesIn(recovered(all.disk.segment, whole)), leasesIn(all.table));
      assert.deepEqual(leasesIn(recovered(all.disk.segment)), leasesIn(all.table));
    }),
    { numRuns: 50 },
  );
});

test("a journal goes on behind the sequence it was found with", () => {
  const table = tableOf();
  const disk = new SlowDisk();
  const journal = new LeaseJournal(table, disk, { stamp: STAMP, sequence: 41 });
  bind({ table, disk, journal }, nthLease(1));
  journal.settled(() => undefined);
  disk.turn();
  assert.equal(disk.groups[0]?.[16], 42);
  assert.equal(journal.liveBytes, 64);
});

test("a group that waits for more takes what comes meanwhile, and nobody is answered before it is closed and durable", () => {
  const closes: (() => void)[] = [];
  const [table, disk] = [tableOf(), new SlowDisk()];
  const pace = { wait: (_bytes: () => number, close: () => void): void => void closes.push(close), written: () => undefined };
  const journal = new LeaseJournal(table, disk, { stamp: STAMP, sequence: 0, pace });
  const it = { table, disk, journal };
  const told: string[] = [];
  for (const [n, name] of ["first", "second"].entries()) {
    bind(it, nthLease(n));
    journal.settled(() => told.push(name));
  }
  assert.deepEqual([closes.length, disk.busy, told], [1, false, []], "asked once, and nothing is written");
  closes[0]?.();
  bind(it, nthLease(2));
  journal.settled(() => told.push("third"));
  assert.deepEqual([closes.length, told], [1, []], "while one is written the next is not asked for");
  disk.turn();
  assert.deepEqual([closes.length, told], [2, ["first", "second"]]);
  closes[1]?.();
  disk.turn();
  assert.deepEqual(told, ["first", "second", "third"]);
  const read = tableOf();
  assert.ok(
    recover({ snapshot: undefined, segments: [{ number: 1, read: () => disk.segment }] }, (bytes, at, end) => applyImage(read, bytes, at, end)).ok,
  );
  assert.deepEqual(leasesIn(read), leasesIn(table));
});
