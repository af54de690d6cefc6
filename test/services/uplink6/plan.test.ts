import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Ipv6Prefix, ipv6Covers, splitIpv6Prefix } from "../../../src/base/ipv6.ts";
import { fitted, placesOf, requestedLength, wishOf } from "../../../src/services/uplink6/plan.ts";
import { delegation } from "../../../src/services/uplink6/config.ts";
import { target } from "./rig.ts";

const sixteen = Array.from({ length: 16 }, () => 64);
/** Targets, the length that is asked for, and where they stand in 2001:db8::. */
const TABLE: readonly (readonly [readonly number[], number, readonly string[]])[] = [
  [[64], 64, ["2001:db8::/64"]],
  [[64, 64], 63, ["2001:db8::/64", "2001:db8:0:1::/64"]],
  [[64, 60], 59, ["2001:db8::/64", "2001:db8:0:10::/60"]],
  [[60, 64], 59, ["2001:db8::/60", "2001:db8:0:10::/64"]],
  [[64, 60, 64], 58, ["2001:db8::/64", "2001:db8:0:10::/60", "2001:db8:0:20::/64"]],
  [[64, 64, 64], 62, ["2001:db8::/64", "2001:db8:0:1::/64", "2001:db8:0:2::/64"]],
  [sixteen, 60, sixteen.map((_, i) => (i === 0 ? "2001:db8::/64" : `2001:db8:0:${i.toString(16)}::/64`))],
  [[56, 64, 62], 55, ["2001:db8::/56", "2001:db8:0:100::/64", "2001:db8:0:104::/62"]],
  [[62, 64, 64, 64, 64], 61, ["2001:db8::/62", "2001:db8:0:4::/64", "2001:db8:0:5::/64", "2001:db8:0:6::/64", "2001:db8:0:7::/64"]],
  [[80, 80], 79, ["2001:db8::/80", "2001:db8:0:0:1::/80"]],
  [[64, 80, 64], 62, ["2001:db8::/64", "2001:db8:0:1::/80", "2001:db8:0:2::/64"]],
  [[127, 127], 126, ["2001:db8::/127", "2001:db8::2/127"]],
  [[128, 128], 127, ["2001:db8::/128", "2001:db8::1/128"]],
];

const targetsOf = (lengths: readonly number[]) => lengths.map((length, i) => target(`lan${i}`, length));
const subnets = (lengths: readonly number[], prefix: string, excluded?: string) =>
  fitted(targetsOf(lengths), { prefix: prefix as Ipv6Prefix, excluded: excluded as Ipv6Prefix | undefined }).map(({ subnet }) => subnet);

for (const [lengths, requested, places] of TABLE) {
  test(`targets ${lengths.length === 16 ? "16 x 64" : lengths.join(",")} ask for /${requested} and stand where they should`, () => {
    assert.equal(requestedLength(lengths), requested);
    assert.deepEqual(subnets(lengths, `2001:db8::/${requested}`), places);
    assert.deepEqual(subnets(lengths, "2001:db8::/32"), places);
  });
}

test("a prefix that is smaller than wished for serves those it holds, in their order (B43)", () => {
  assert.deepEqual(subnets([64, 64, 64], "2001:db8:0:8::/63"), ["2001:db8:0:8::/64", "2001:db8:0:9::/64", undefined]);
  assert.deepEqual(subnets([64, 60, 64], "2001:db8:0:8::/64"), ["2001:db8:0:8::/64", undefined, undefined]);
  assert.deepEqual(subnets([64], "2001:db8::/80"), [undefined]);
});

test("a larger prefix than wished for moves nobody", () => {
  assert.deepEqual(subnets([64, 64], "2001:db8:ff00::/40"), ["2001:db8:ff00::/64", "2001:db8:ff00:1::/64"]);
});

test("the part of the prefix that belongs to the upstream link is in no target (RFC 6603 §4.2)", () => {
  assert.deepEqual(subnets([64, 64], "2001:db8::/56", "2001:db8::/64"), ["2001:db8:0:1::/64", "2001:db8:0:2::/64"]);
  assert.deepEqual(subnets([64, 64], "2001:db8::/56", "2001:db8:0:1::/64"), ["2001:db8::/64", "2001:db8:0:2::/64"]);
  assert.deepEqual(subnets([64, 64], "2001:db8::/56", "2001:db8:0:ff::/64"), ["2001:db8::/64", "2001:db8:0:1::/64"]);
  assert.deepEqual(subnets([60], "2001:db8::/56", "2001:db8:0:3::/64"), ["2001:db8:0:10::/60"]);
});

test("an IA_PD wishes for what its targets need, places that are kept free included", () => {
  assert.deepEqual(wishOf(delegation({ iaid: 9, targets: [target("lan0"), target(undefined), target("lan1")] })), {
    kind: "pd",
    iaid: 9,
    prefixLength: 62,
    hint: "::",
  });
});

const lengths = fc.array(fc.integer({ min: 48, max: 128 }), { minLength: 1, maxLength: 24 });

test("no two targets overlap, each is aligned, and the length that is asked for holds them all", () => {
  fc.assert(
    fc.property(lengths, (list) => {
      const requested = requestedLength(list);
      if (requested < 1) return;
      const placed = subnets(list, `2000::/${requested}`);
      placed.forEach((one, i) => {
        assert.ok(one !== undefined, "covered");
        assert.equal(splitIpv6Prefix(one).prefixLength, list[i]);
        const { offset = -1n } = placesOf(list)[i] ?? {};
        assert.equal(offset % (1n << BigInt(128 - (list[i] ?? 0))), 0n, "aligned");
        for (const other of placed.slice(0, i))
          assert.ok(other !== undefined && !ipv6Covers(one, other) && !ipv6Covers(other, one), `${one} and ${other}`);
      });
    }),
  );
});

test("one more target at the end moves nobody, and never asks for less", () => {
  fc.assert(
    fc.property(lengths, fc.integer({ min: 48, max: 128 }), (list, more) => {
      assert.deepEqual(placesOf([...list, more]).slice(0, list.length), placesOf(list));
      assert.ok(requestedLength([...list, more]) <= requestedLength(list), "no longer prefix");
    }),
  );
});

test("what a hole leaves free stays free, and nobody overlaps", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 56, max: 72 }), { minLength: 1, maxLength: 12 }), fc.integer({ min: 0, max: 255 }), (list, hole) => {
      const excluded = (hole === 0 ? "2001:db8::/64" : `2001:db8:0:${hole.toString(16)}::/64`) as Ipv6Prefix;
      const placed = subnets(list, "2001:db8::/40", excluded).filter((one) => one !== undefined);
      assert.equal(placed.length, list.length);
      placed.forEach((one, i) => {
        assert.ok(!ipv6Covers(one, excluded) && !ipv6Covers(excluded, one), `${one} and what is left free`);
        for (const other of placed.slice(0, i)) assert.ok(!ipv6Covers(one, other) && !ipv6Covers(other, one), `${one} and ${other}`);
      });
    }),
  );
});
