/** Numbers to count by: alike for the same octets, another key another number, and no chain in a map for who chooses the octets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Fingerprint } from "../../../src/services/leases/fingerprint.ts";
import { KEY } from "./support.ts";

const CHUNK = 136;

test("the same octets make the same number, and others another, however long they are and wherever they stand", () => {
  const print = new Fingerprint(KEY);
  const of = (number: number, bytes: Uint8Array): number => print.begin(number).add(bytes, 0, bytes.length).value;
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 3 * CHUNK }), fc.nat(0xffff), fc.nat(), (bytes, number, at) => {
      const before = of(number, bytes);
      assert.ok(Number.isSafeInteger(before) && before >= 0);
      const moved = new Uint8Array(bytes.length + 7);
      moved.set(bytes, 5);
      assert.equal(print.begin(number).add(moved, 5, bytes.length).value, before);
      const other = bytes.slice();
      other[at % other.length] = (other[at % other.length] ?? 0) ^ 1;
      assert.notEqual(of(number, other), before);
      assert.notEqual(of(number + 1, bytes), before);
      assert.notEqual(of(number, Uint8Array.of(...bytes, 0)), before);
    }),
  );
});

test("two parts make another number than one, and the order counts", () => {
  const print = new Fingerprint(KEY);
  const [a, b] = [Uint8Array.of(1, 2), Uint8Array.of(3)];
  const twice = print.begin(0).add(a, 0, 2).add(b, 0, 1).value;
  assert.notEqual(twice, print.begin(0).add(b, 0, 1).add(a, 0, 2).value);
});

/** What the engine makes of a number that is a key of a map (V8, ComputeLongHash of its bits): known to all. */
function chainOf(value: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const mask = (1n << 64n) - 1n;
  let hash = view.getBigUint64(0);
  hash = (~hash + (hash << 18n)) & mask;
  hash ^= hash >> 31n;
  hash = (hash * 21n) & mask;
  hash ^= hash >> 11n;
  hash = (hash + (hash << 6n)) & mask;
  hash ^= hash >> 22n;
  return Number(hash & 0xffn);
}

test("octets that were chosen so that their numbers fall into one chain of 256 fall into all of them under another key", () => {
  const octets = (n: number): Uint8Array => Uint8Array.of(0xfe, 0x80, n >>> 24, n >>> 16, n >>> 8, n);
  const known = new Fingerprint(new Uint8Array(16));
  const chosen: Uint8Array[] = [];
  for (let n = 0; chosen.length < 300; n++) if (chainOf(known.begin(7).add(octets(n), 0, 6).value) === 5) chosen.push(octets(n));
  const longest = (print: Fingerprint): number => {
    const chains = new Uint32Array(256);
    for (const one of chosen) {
      const chain = chainOf(print.begin(7).add(one, 0, one.length).value);
      chains[chain] = (chains[chain] ?? 0) + 1;
    }
    return Math.max(...chains);
  };
  assert.ok(longest(new Fingerprint(KEY)) < 12);
  assert.equal(longest(known), 300, "control: under the key they were made for they are in one");
});
