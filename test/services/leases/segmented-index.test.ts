/** The index against a plain list, with hashes chosen to collide. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SegmentedIndex } from "../../../src/services/leases/segmented-index.ts";

/** All rows of one hash, as a caller collects them. */
function rowsOf(index: SegmentedIndex, hash: number): readonly number[] {
  const rows: number[] = [];
  for (let position = index.seek(hash, index.start(hash)); position !== -1; position = index.seek(hash, position + 1))
    rows.push(index.row(hash, position));
  return rows.sort((a, b) => a - b);
}

/** Few hashes in two segments, whose homes lie at the end of a segment and wrap around when it grows. */
const hashes = fc.tuple(fc.constantFrom(0, 511), fc.constantFrom(0, 1, 13, 14, 15, 31, 0x7fffff)).map(([segment, home]) => (home << 9) | segment);

test("whatever is added and taken out, each hash has exactly its rows", () => {
  const step = fc.record({ add: fc.boolean(), hash: hashes, row: fc.nat(2) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 60, maxLength: 120 }), (steps) => {
      const index = new SegmentedIndex();
      const model = new Map<number, Set<number>>();
      for (const { add, hash, row } of steps) {
        const rows = model.get(hash) ?? new Set();
        model.set(hash, rows);
        if (add && !rows.has(row)) index.add(hash, row);
        if (add) rows.add(row);
        else assert.equal(index.remove(hash, row), rows.delete(row));
        for (const [each, expected] of model)
          assert.deepEqual(
            rowsOf(index, each),
            [...expected].sort((a, b) => a - b),
          );
      }
    }),
  );
});

test("a segment grows alone", () => {
  const index = new SegmentedIndex();
  const before = index.bytes;
  for (let row = 0; row < 11; row++) index.add(row << 9, row);
  assert.equal(index.bytes, before + 16 * 8, "one of 512 has doubled from 16 entries");
  for (let row = 0; row < 11; row++) assert.deepEqual(rowsOf(index, row << 9), [row]);
});
