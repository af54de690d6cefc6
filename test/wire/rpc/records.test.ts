import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { WireError } from "../../../src/base/errors.ts";
import { fragmentHeader, RpcRecords, recordOf } from "../../../src/wire/rpc/records.ts";

test("records of any number of fragments come out whole, fed in any chunks", () => {
  const records = fc.array(fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 4 }), { maxLength: 4 });
  fc.assert(
    fc.property(records, fc.integer({ min: 1, max: 40 }), (all, step) => {
      const stream = Buffer.concat(
        all.flatMap((parts) => parts.flatMap((part, i) => [fragmentHeader({ lengthBytes: part.length, last: i === parts.length - 1 }), part])),
      );
      assert.deepEqual(
        fed(stream, step),
        all.map((parts) => Uint8Array.from(Buffer.concat(parts))),
      );
    }),
  );
});

test("one record of one fragment has four bytes in front", () => {
  const record = recordOf(Uint8Array.of(1, 2));
  assert.deepEqual(record, Uint8Array.of(0x80, 0, 0, 2, 1, 2));
  assert.deepEqual(fed(record, 1), [Uint8Array.of(1, 2)]);
});

test("a record over the limit is refused from its header, one in too many pieces before its end", () => {
  assert.throws(() => fed(fragmentHeader({ lengthBytes: 8193, last: true }), 4), WireError);
  const half = Buffer.concat([fragmentHeader({ lengthBytes: 4097, last: false }), new Uint8Array(4097)]);
  assert.throws(() => fed(Buffer.concat([half, half]), 100), WireError);
  const empty = fragmentHeader({ lengthBytes: 0, last: false });
  assert.throws(() => fed(Buffer.concat(Array(65).fill(empty)), 4), WireError);
});

function fed(stream: Uint8Array, step: number): Uint8Array[] {
  const records = new RpcRecords();
  const found: Uint8Array[] = [];
  for (let at = 0; at < stream.length; at += step) {
    const chunk = Uint8Array.from(stream.subarray(at, at + step));
    records.push(chunk);
    for (let record = records.next(); record !== undefined; record = records.next()) found.push(record.slice());
    chunk.fill(0xa5);
  }
  assert.equal(records.pendingBytes, 0);
  return found;
}
