/** The lease table against plain values, through growth, and at its limits. */
import assert from "node:assert/strict";
import { getHeapStatistics } from "node:v8";
import { test } from "node:test";
import fc from "fast-check";
import { applyImage, IMAGE_BYTES, imageBytes, writeImage, writeRemoval } from "../../../src/services/leases/images.ts";
import { type LeaseTable, NEVER, STATE } from "../../../src/services/leases/table.ts";
import { bytesOf, insert, type Lease, leaseAt, leasesIn, nthLease, rowsOfClient, sorted, tableOf } from "./support.ts";

/** A row that must have been made. */
function made(row: ReturnType<LeaseTable["insert"]>): number {
  assert.ok(typeof row === "number", String(row));
  return row;
}

test("a lease is found by client and by address, and neither any more once it is removed", () => {
  const table = tableOf();
  const lease = nthLease(7);
  const row = made(insert(table, lease));
  assert.deepEqual(leaseAt(table, row), lease);
  assert.deepEqual(rowsOfClient(table, lease), [row]);
  assert.equal(table.findAddress(bytesOf(lease.address), 0, 128), row);
  for (const other of [{ link: 2 }, { type: 25 }, { iaid: 8 }, { identifier: `${lease.identifier}00` }, { identifier: lease.identifier.slice(2) }])
    assert.deepEqual(rowsOfClient(table, { ...lease, ...other }), [], JSON.stringify(other));
  assert.equal(table.findAddress(bytesOf(lease.address), 0, 64), -1);
  table.remove(row);
  assert.deepEqual(rowsOfClient(table, lease), []);
  assert.equal(table.findAddress(bytesOf(lease.address), 0, 128), -1);
  assert.equal(table.count, 0);
});

test("an identity association has several addresses; the next is asked for before one is removed", () => {
  const table = tableOf();
  const rows = [1, 2, 3, 4].map((n) => made(insert(table, { ...nthLease(9), address: nthLease(n).address })));
  assert.deepEqual([...rowsOfClient(table, nthLease(9))].sort(), rows);
  const first = rowsOfClient(table, nthLease(9))[0] ?? -1;
  const second = table.next(first);
  table.remove(first);
  assert.equal(rowsOfClient(table, nthLease(9)).length, 3);
  assert.ok(rowsOfClient(table, nthLease(9)).includes(second));
});

test("an address has one lease, whoever asks", () => {
  const table = tableOf();
  made(insert(table, nthLease(1)));
  assert.equal(insert(table, { ...nthLease(2), address: nthLease(1).address }), "address-taken");
  made(insert(table, { ...nthLease(2), address: nthLease(1).address, prefixLength: 64 }));
});

test("a full table, a client with too many addresses and an identifier too long are refused with their reason", () => {
  const table = tableOf({ maxLeases: 3, maxRowsPerClient: 2 });
  made(insert(table, { ...nthLease(1) }));
  made(insert(table, { ...nthLease(1), address: nthLease(2).address }));
  assert.equal(insert(table, { ...nthLease(1), address: nthLease(3).address }), "client-full");
  assert.equal(insert(table, { ...nthLease(3), identifier: "00".repeat(131) }), "bad-identifier");
  made(insert(table, { ...nthLease(3), identifier: "00".repeat(130) }));
  assert.equal(insert(table, nthLease(4)), "leases-full");
  assert.equal(table.count, 3);
});

test("a declined address is nobody's: found by address, by no client, and its place at the client is free again", () => {
  const table = tableOf({ maxRowsPerClient: 1 });
  const row = made(insert(table, { ...nthLease(1), identifier: "ab".repeat(40) }));
  table.disown(row, STATE.declined);
  assert.deepEqual(leaseAt(table, row), { ...nthLease(1), identifier: "", state: STATE.declined });
  assert.deepEqual(rowsOfClient(table, { ...nthLease(1), identifier: "ab".repeat(40) }), []);
  made(insert(table, { ...nthLease(1), identifier: "ab".repeat(40), address: nthLease(2).address }));
  table.remove(row);
  assert.equal(table.findAddress(bytesOf(nthLease(1).address), 0, 128), -1);
});

test("the places of long identifiers are used again", () => {
  const table = tableOf();
  const long = (n: number): Lease => ({ ...nthLease(n), identifier: n.toString(16).padStart(8, "0").repeat(10) });
  made(insert(table, long(0)));
  const before = table.bytes;
  for (let n = 1; n < 10_000; n++) {
    made(insert(table, long(n)));
    table.remove(rowsOfClient(table, long(n - 1))[0] ?? -1);
  }
  assert.equal(table.bytes, before);
  assert.deepEqual(leasesIn(table), [long(9999)]);
});

test("a sweep shows what has ended, so many rows a call, round after round; what never ends is not shown", () => {
  const table = tableOf();
  for (let n = 0; n < 10; n++) made(insert(table, { ...nthLease(n), times: [0, 0, n === 9 ? NEVER : 100 + n] }));
  const shown: number[] = [];
  const show = (row: number) => shown.push(table.iaid(row));
  assert.equal(table.sweep(107, 4, show), 4);
  assert.equal(table.sweep(107, 4, show), 4);
  assert.equal(table.sweep(107, 4, show), 2, "rows 8 and 9 have not ended; 0 and 1 again");
  assert.deepEqual(shown, [0, 1, 2, 3, 4, 5, 6, 7, 0, 1]);
  const removed: number[] = [];
  table.sweep(NEVER - 1, 100, (row) => {
    removed.push(table.iaid(row));
    table.remove(row);
  });
  assert.deepEqual(removed.length, 9);
  assert.deepEqual(
    leasesIn(table).map(({ iaid }) => iaid),
    [9],
  );
  assert.equal(table.sweep(NEVER - 1, 100, show), 0);
});

const identifier = fc
  .tuple(fc.constantFrom(1, 14, 20, 21, 84, 85, 130), fc.constantFrom("0a", "0b", "ff"))
  .map(([length, octet]) => octet.repeat(length));
const number32 = fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, NEVER);
const lease: fc.Arbitrary<Lease> = fc.record(
  {
    link: fc.constantFrom(1, 65535),
    type: fc.constantFrom(3, 25),
    iaid: fc.constantFrom(0, NEVER),
    identifier,
    address: fc.nat(11).map((n) => nthLease(n).address),
    prefixLength: fc.constantFrom(56, 128),
    state: fc.constantFrom(STATE.bound, STATE.released, STATE.reserved),
    times: fc.tuple(number32, number32, number32),
  },
  { noNullPrototype: true },
);
const step = fc.record({ does: fc.constantFrom("insert", "insert", "insert", "remove", "disown", "touch"), lease });

test("whatever is done to it, the table holds what a plain Map holds, and its images make the same table again", () => {
  const key = ({ address, prefixLength }: Lease) => `${address}/${prefixLength}`;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const table = tableOf();
      const replayed = tableOf();
      const model = new Map<string, Lease>();
      const image = new Uint8Array(IMAGE_BYTES + 8);
      for (const { does, lease: wanted } of steps) {
        const row = table.findAddress(bytesOf(wanted.address), 0, wanted.prefixLength);
        assert.equal(row !== -1, model.has(key(wanted)));
        let changed = row;
        if (does === "insert") {
          const result = insert(table, wanted);
          if (row !== -1) assert.equal(result, "address-taken");
          else model.set(key(wanted), wanted);
          if (row === -1) changed = made(result);
        } else if (row !== -1) {
          const held = leaseAt(table, row);
          if (does === "remove") {
            assert.equal(writeRemoval(table, row, image, 8), 64);
            table.remove(row);
            model.delete(key(wanted));
          } else if (does === "disown") {
            table.disown(row, STATE.declined);
            model.set(key(wanted), { ...held, identifier: "", state: STATE.declined });
          } else {
            table.setLifetimes(row, ...wanted.times);
            table.setState(row, wanted.state);
            model.set(key(wanted), { ...held, times: wanted.times, state: wanted.state });
          }
        }
        if (changed === -1) continue;
        if (does !== "remove") assert.equal(writeImage(table, changed, image, 8), imageBytes(table.identifierLength(changed)));
        assert.ok(applyImage(replayed, image, 8, image.length) > 0);
      }
      assert.deepEqual(leasesIn(table), sorted([...model.values()]));
      assert.deepEqual(leasesIn(replayed), leasesIn(table));
      assert.equal(table.count, model.size);
      for (const held of model.values()) {
        const same = [...model.values()].filter(
          (other) =>
            other.link === held.link &&
            other.type === held.type &&
            other.iaid === held.iaid &&
            other.identifier === held.identifier &&
            held.identifier !== "",
        );
        assert.deepEqual(sorted(rowsOfClient(table, held).map((row) => leaseAt(table, row))), sorted(same));
      }
    }),
    { numRuns: 300 },
  );
});

test("an image of no lease is not taken in: a state, a length or an end that cannot be", () => {
  const table = tableOf();
  const image = new Uint8Array(IMAGE_BYTES);
  const length = writeImage(table, made(insert(table, { ...nthLease(1), identifier: "ab".repeat(90) })), image, 0);
  const target = tableOf();
  assert.equal(applyImage(target, image, 0, length - 1), 0);
  for (const [at, value] of [
    [11, 129],
    [12, 5],
    [13, 131],
  ] as const)
    assert.equal(applyImage(target, image.with(at, value), 0, length), 0, `byte ${at}`);
  assert.equal(target.count, 0);
  assert.equal(applyImage(target, image, 0, length), length);
});

test("100,000 leases: each is found, none takes more than 130 bytes, and finding them makes no garbage", () => {
  const table = tableOf();
  const address = new Uint8Array(16);
  const duid = bytesOf(nthLease(0).identifier);
  const setTo = (n: number) => {
    for (let i = 0; i < 4; i++) duid[10 + i] = address[12 + i] = n >>> (8 * i);
  };
  for (let n = 0; n < 100_000; n++) {
    setTo(n);
    made(table.insert(1, 3, n, duid, 0, duid.length, address, 0, 128, STATE.bound));
  }
  let found = 0;
  const lookAll = () => {
    for (let n = 0; n < 100_000; n++) {
      setTo(n);
      if (table.find(1, 3, n, duid, 0, duid.length) === n && table.findAddress(address, 0, 128) === n) found++;
    }
  };
  lookAll();
  // Some rounds are the compiler's and the collector's; an object a lookup would show in every one.
  const quiet = [1, 2, 3, 4, 5, 6].filter(() => {
    const before = getHeapStatistics().used_heap_size;
    lookAll();
    return Math.abs(getHeapStatistics().used_heap_size - before) < 500_000;
  });
  assert.equal(found, 700_000);
  assert.ok(table.bytes / table.count <= 130, `${table.bytes / table.count} bytes a lease`);
  assert.ok(quiet.length >= 3, `of 6 rounds of 200,000 lookups ${quiet.length} made no garbage`);
});
