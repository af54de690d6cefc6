/** The tree of taken prefixes, against a list that is looked through: overlaps, and the smallest free block. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Ipv6Prefix, ipv6Bytes, ipv6Covers, ipv6Of, ipv6Prefix, splitIpv6Prefix } from "../../../../src/base/ipv6.ts";
import { PrefixTree, TAKEN } from "../../../../src/services/lan/dhcp6-server/prefix-tree.ts";
import { net } from "./support.ts";

const POOL = net("2001:db8::/56");
const DEEPEST = 63;

const octets = (prefix: Ipv6Prefix): readonly [Uint8Array, number] => {
  const { address, prefixLength } = splitIpv6Prefix(prefix);
  return [ipv6Bytes(address), prefixLength];
};
/** A prefix near the pool: around it, beside it, or in it. */
const anyPrefix = fc.tuple(fc.nat(511), fc.integer({ min: 50, max: DEEPEST })).map(([number, length]) => {
  const bytes = ipv6Bytes(splitIpv6Prefix(POOL).address);
  bytes[6] = number >>> 8;
  bytes[7] = number & 0xff;
  return ipv6Prefix(ipv6Of(bytes), length);
});
const anyChange = fc.record({ prefix: anyPrefix, add: fc.boolean(), by: fc.constantFrom(TAKEN.lease, TAKEN.fixed) });

const overlaps = (a: Ipv6Prefix, b: Ipv6Prefix): boolean => ipv6Covers(a, b) || ipv6Covers(b, a);

/** The length of the smallest aligned block of the pool that is free as a whole, not longer than `most`, and beside nothing free. */
function smallestFree(taken: readonly Ipv6Prefix[], most: number): number {
  const free = (block: Ipv6Prefix): boolean => !taken.some((one) => overlaps(one, block));
  const blocks = (block: Ipv6Prefix): readonly number[] => {
    const [bytes, length] = octets(block);
    if (free(block)) return [length];
    if (length >= most) return [];
    const right = bytes.slice();
    right[length >>> 3] = (right[length >>> 3] ?? 0) | (0x80 >>> (length & 7));
    return [...blocks(ipv6Prefix(ipv6Of(bytes), length + 1)), ...blocks(ipv6Prefix(ipv6Of(right), length + 1))];
  };
  return Math.max(-1, ...blocks(POOL));
}

test("whatever is put in and taken out, the tree knows what overlaps a prefix, and the smallest free block that holds a piece", () => {
  fc.assert(
    fc.property(fc.array(anyChange, { maxLength: 40 }), fc.array(anyPrefix, { minLength: 1, maxLength: 6 }), (changes, asked) => {
      const tree = new PrefixTree();
      const known = new Map<Ipv6Prefix, number>();
      for (const { prefix, add, by } of changes) {
        const flags = known.get(prefix) ?? 0;
        const after = add ? flags | by : flags & ~by;
        tree[add ? "add" : "remove"](...octets(prefix), by);
        if (after === 0) known.delete(prefix);
        else known.set(prefix, after);
      }
      assert.ok(tree.nodes <= Math.max(0, 2 * known.size - 1), "no node stands for nothing");
      assert.equal(tree.isEmpty, known.size === 0);
      for (const one of asked) {
        const seen = new Map<Ipv6Prefix, number>();
        tree.overlapping(...octets(one), (prefix, length, flags) => {
          seen.set(net(`${ipv6Of(prefix)}/${length}`), flags);
          return true;
        });
        assert.deepEqual([...seen].sort(), [...known].filter(([prefix]) => overlaps(prefix, one)).sort());
      }
      const block = new Uint8Array(16);
      for (let most = 56; most <= DEEPEST; most++) {
        const length = tree.smallest(...octets(POOL), most, block);
        assert.equal(length, smallestFree([...known.keys()], most));
        if (length === -1) continue;
        const found = ipv6Prefix(ipv6Of(block), length);
        assert.equal(`${ipv6Of(block)}/${length}`, found, "it is aligned");
        assert.ok(ipv6Covers(POOL, found) && ![...known.keys()].some((one) => overlaps(one, found)), found);
      }
    }),
    { numRuns: 400 },
  );
});

test("the same prefixes make the same choice, in whichever order they came", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(anyPrefix, { maxLength: 20 }),
      fc.uniqueArray(anyPrefix, { maxLength: 10 }),
      fc.integer({ min: 56, max: DEEPEST }),
      (kept, passing, most) => {
        const [one, other] = [new PrefixTree(), new PrefixTree()];
        for (const prefix of [...kept, ...passing]) one.add(...octets(prefix), TAKEN.lease);
        for (const prefix of passing) if (!kept.includes(prefix)) one.remove(...octets(prefix), TAKEN.lease);
        for (const prefix of kept.toReversed()) other.add(...octets(prefix), TAKEN.lease);
        const [a, b] = [new Uint8Array(16), new Uint8Array(16)];
        assert.equal(one.smallest(...octets(POOL), most, a), other.smallest(...octets(POOL), most, b));
        assert.deepEqual(a, b);
        assert.equal(one.nodes, other.nodes);
      },
    ),
  );
});

test("a prefix of every length from none to all bits is taken and given back, a hundred thousand of them too", () => {
  const tree = new PrefixTree();
  const all = Array.from(
    { length: 129 },
    (_, length) => [ipv6Bytes(splitIpv6Prefix(net("2001:db8:a5a5:5a5a:a5a5:5a5a:a5a5:5a5a/128")).address), length] as const,
  );
  for (const [prefix, length] of all) tree.add(ipv6Bytes(splitIpv6Prefix(ipv6Prefix(ipv6Of(prefix), length)).address), length, TAKEN.lease);
  assert.equal(tree.nodes, 129);
  for (const [prefix, length] of all) tree.remove(ipv6Bytes(splitIpv6Prefix(ipv6Prefix(ipv6Of(prefix), length)).address), length, TAKEN.lease);
  assert.ok(tree.isEmpty);
  const many = (n: number): Uint8Array => Uint8Array.of(0x20, 1, 0xd, 0xb8, n >>> 16, n >>> 8, n, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  for (let n = 0; n < 100_000; n++) tree.add(many((n * 7919) % 100_000), 56, TAKEN.lease);
  const block = new Uint8Array(16);
  assert.equal(tree.smallest(many(0), 32, 56, block), 51); // 100,000 is 32 times 3,125, and 3,125 is odd
  for (let n = 0; n < 100_000; n++) tree.remove(many(n), 56, TAKEN.lease);
  assert.ok(tree.isEmpty);
});
