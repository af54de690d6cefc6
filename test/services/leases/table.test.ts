/** The lease table against a plain Map, through growth, and at its limits. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LeaseTable, STATE } from "../../../src/services/leases/table.ts";

const KEY = new Uint8Array(16).map((_, i) => i);
const SHAPE = { key: KEY, maxLeases: 1000, maxRowsPerClient: 8 };

const duid = (n: number, length = 14): Uint8Array => new Uint8Array(length).map((_, i) => (n >>> (8 * (i % 4))) & 0xff);
const address = (n: number): Uint8Array => {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(12, n);
  return bytes;
};

test("a lease is found by client and by address, and neither any more once it is removed", () => {
  const table = new LeaseTable(SHAPE);
  const row = table.insert(1, 3, 7, duid(9), 0, 14, address(5), 0, 128, STATE.bound);
  assert.ok(typeof row === "number");
  table.setLifetimes(row, 10, 20, 30);
  assert.equal(table.find(1, 3, 7, duid(9), 0, 14), row);
  assert.equal(table.findAddress(address(5), 0, 128), row);
  assert.equal(table.find(1, 25, 7, duid(9), 0, 14), -1);
  assert.equal(table.findAddress(address(5), 0, 64), -1);
  assert.deepEqual([table.startSeconds(row), table.preferredUntilSeconds(row), table.validUntilSeconds(row)], [10, 20, 30]);
  table.remove(row);
  assert.equal(table.find(1, 3, 7, duid(9), 0, 14), -1);
  assert.equal(table.findAddress(address(5), 0, 128), -1);
  assert.equal(table.count, 0);
});
