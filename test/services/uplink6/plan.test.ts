import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Ipv6Address, type Ipv6Prefix, ipv6Covers, ipv6Prefix, splitIpv6Prefix } from "../../../src/base/ipv6.ts";
import { fitted, type Place, placesOf, requestedLength, wishOf } from "../../../src/services/uplink6/plan.ts";
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
  assert.deepEqual(subnets([60, 64, 64], "2001:db8:0:8::/63"), [undefined, "2001:db8:0:8::/64", "2001:db8:0:9::/64"]);
  assert.deepEqual(subnets([64, 60, 64, 64], "2001:db8:0:8::/63"), ["2001:db8:0:8::/64", undefined, "2001:db8:0:9::/64", undefined]);
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

/** How targets are placed, and what is asked for: ours, or a wrong one planted below. */
type Planner = {
  readonly placesOf: (lengths: readonly number[]) => readonly Place[];
  readonly requestedLength: (lengths: readonly number[]) => number;
};
const OURS: Planner = { placesOf, requestedLength };
const sizeOf = (length: number): bigint => 1n << BigInt(128 - length);
const WHOLE = sizeOf(0);

/** What is wrong about the places of these targets; undefined: nothing. */
function layoutFault(lengths: readonly number[], places: readonly Place[]): string | undefined {
  if (places.length !== lengths.length || places.some(({ prefixLength }, i) => prefixLength !== lengths[i])) return "a target has no place";
  if (places.some(({ offset, prefixLength }) => offset % sizeOf(prefixLength) !== 0n)) return "not aligned";
  const sorted = places.toSorted((a, b) => (a.offset < b.offset ? -1 : 1));
  const overlap = sorted.some(({ offset, prefixLength }, i) => offset + sizeOf(prefixLength) > (sorted[i + 1]?.offset ?? WHOLE));
  return overlap ? "an overlap" : undefined;
}
function faultOf(lengths: readonly number[], { placesOf, requestedLength }: Planner): string | undefined {
  const places = placesOf(lengths);
  const fault = layoutFault(lengths, places);
  if (fault !== undefined) return fault;
  const covers = (length: number): boolean => places.every(({ offset, prefixLength }) => offset + sizeOf(prefixLength) <= sizeOf(length));
  if (!covers(requestedLength(lengths))) return "not covered";
  if (covers(requestedLength(lengths) + 1)) return "more than needed";
  const before = lengths.slice(0, -1);
  if (placesOf(before).some(({ offset }, i) => offset !== places[i]?.offset)) return "one more at the end moved another";
  return before.length > 0 && requestedLength(before) < requestedLength(lengths) ? "one more at the end asks for less" : undefined;
}

const RUNS = 100_000;
/** Lists of 1 to 16 lengths from 48 to 128; often the usual ones. */
const lists = fc
  .uint8Array({ minLength: 1, maxLength: 16 })
  .map((octets) => Array.from(octets, (octet) => (octet < 162 ? 48 + (octet >>> 1) : ([48, 56, 60, 64][octet & 3] ?? 64))));
const holdsFor = (planner: Planner) => fc.property(lists, (list) => assert.equal(faultOf(list, planner), undefined, list.join(",")));

test(`of ${RUNS} lists of targets no two overlap, each is aligned, what is asked for holds them all, and one more moves nobody`, () => {
  fc.assert(holdsFor(OURS), { numRuns: RUNS });
});

/** One behind the other with nothing between. */
const packed = (lengths: readonly number[]): readonly Place[] => {
  let end = 0n;
  return lengths.map((prefixLength) => {
    const offset = end;
    end += sizeOf(prefixLength);
    return { offset, prefixLength };
  });
};
/** As far apart as the smaller of two neighbours needs. */
const cramped = (lengths: readonly number[]): readonly Place[] => {
  let previous: Place | undefined;
  return lengths.map((prefixLength) => {
    const size = sizeOf(prefixLength);
    const end = previous === undefined ? 0n : previous.offset + size;
    previous = { offset: end - (end % size), prefixLength };
    return previous;
  });
};
const PLANTED: readonly (readonly [string, Partial<Planner>, string])[] = [
  ["packs without alignment", { placesOf: packed }, "not aligned"],
  ["steps by the smaller of two", { placesOf: cramped }, "an overlap"],
  ["puts all at the start", { placesOf: (lengths) => lengths.map((prefixLength) => ({ offset: 0n, prefixLength })) }, "an overlap"],
  ["forgets the last", { placesOf: (lengths) => placesOf(lengths.slice(0, -1)) }, "a target has no place"],
  ["asks for one bit too few", { requestedLength: (lengths) => requestedLength(lengths) + 1 }, "not covered"],
  ["asks for one bit too many", { requestedLength: (lengths) => requestedLength(lengths) - 1 }, "more than needed"],
  ["lays out from the end", { placesOf: (lengths) => placesOf(lengths.toReversed()).toReversed() }, "one more at the end moved another"],
];
for (const [name, wrong, fault] of PLANTED) {
  test(`control: a planner that ${name} is found: ${fault}`, () => {
    const planner = { ...OURS, ...wrong };
    assert.ok(fc.check(holdsFor(planner), { numRuns: 2000, seed: 7 }).failed);
    assert.ok(fc.sample(lists, { numRuns: 2000, seed: 7 }).some((list) => faultOf(list, planner) === fault));
  });
}

test("control: a planner that asks for less with one more target is found", () => {
  const shrinking: Planner = { placesOf, requestedLength: (lengths) => (lengths.length === 1 ? 59 : requestedLength(lengths)) };
  assert.equal(faultOf([60, 64], shrinking), undefined);
  assert.equal(faultOf([64, 64], shrinking), "one more at the end asks for less");
});

test("in a prefix of the length that is asked for every target has its piece", () => {
  fc.assert(
    fc.property(lists, fc.integer({ min: 0, max: 0xffff }), (list, n) => {
      const prefix = ipv6Prefix(`2001:${n.toString(16)}:ffff:ffff::` as Ipv6Address, requestedLength(list));
      for (const [i, one] of subnets(list, prefix).entries()) {
        assert.ok(one !== undefined && ipv6Covers(prefix, one), `${one} in ${prefix}`);
        assert.equal(splitIpv6Prefix(one).prefixLength, list[i]);
      }
    }),
  );
});

test("of a prefix that is too small whoever can be served is, in order, as if those without a piece were not there (B43)", () => {
  fc.assert(
    fc.property(lists, fc.integer({ min: 0, max: 12 }), (list, bits) => {
      const prefix = `2001:db8::/${Math.min(128, requestedLength(list) + bits)}`;
      const served: number[] = [];
      const pieces = subnets(list, prefix);
      pieces.forEach((one, i) => {
        const alone = subnets([...served, list[i] ?? 0], prefix);
        assert.equal(alone.at(-1), one, "behind those that are served");
        if (one !== undefined) served.push(list[i] ?? 0);
      });
      const given = pieces.filter((one) => one !== undefined);
      assert.deepEqual(subnets(served, prefix), given);
      for (const [i, one] of given.entries()) {
        assert.ok(ipv6Covers(prefix as Ipv6Prefix, one));
        for (const other of given.slice(0, i)) assert.ok(!ipv6Covers(one, other) && !ipv6Covers(other, one), `${one} and ${other}`);
      }
    }),
  );
});

const holes = fc.record({ length: fc.integer({ min: 49, max: 80 }), number: fc.bigInt({ min: 0n, max: 400n }) }).map(({ length, number }) => {
  const first = number * sizeOf(length);
  return { first, end: first + sizeOf(length) };
});
type Hole = Parameters<typeof placesOf>[1];

/** What is wrong about a plan around a part that is not ours to give (RFC 6603 §4.2). */
function faultAround(lengths: readonly number[], hole: NonNullable<Hole>, place: typeof placesOf): string | undefined {
  const places = place(lengths, hole);
  const fault = layoutFault(lengths, places);
  if (fault !== undefined) return fault;
  if (places.some(({ offset, prefixLength }) => offset < hole.end && offset + sizeOf(prefixLength) > hole.first)) return "the hole is filled";
  if (place(lengths.slice(0, -1), hole).some(({ offset }, i) => offset !== places[i]?.offset)) return "one more at the end moved another";
  const plain = placesOf(lengths);
  const clash = plain.findIndex(({ offset, prefixLength }) => offset < hole.end && offset + sizeOf(prefixLength) > hole.first);
  const untouched = plain.slice(0, clash < 0 ? plain.length : clash);
  return untouched.some(({ offset }, i) => offset !== places[i]?.offset) ? "one before the hole moved" : undefined;
}
const holdsAround = (place: typeof placesOf) =>
  fc.property(lists, holes, (list, hole) => assert.equal(faultAround(list, hole, place), undefined, `${list.join(",")} around ${hole.first}`));

test("what belongs to the upstream link stays free: those before it stay, those behind follow in order, and one more moves nobody", () => {
  fc.assert(holdsAround(placesOf), { numRuns: RUNS });
});

const SHIFTED: readonly (readonly [string, typeof placesOf, string])[] = [
  ["does not see the hole", (lengths) => placesOf(lengths), "the hole is filled"],
  [
    "puts everything behind the hole",
    (lengths, hole) => {
      const start = ((hole?.end ?? 0n) / sizeOf(48) + 1n) * sizeOf(48);
      return placesOf(lengths).map((one) => ({ ...one, offset: one.offset + start }));
    },
    "one before the hole moved",
  ],
];
for (const [name, wrong, fault] of SHIFTED) {
  test(`control: a planner that ${name} is found`, () => {
    assert.ok(fc.check(holdsAround(wrong), { numRuns: 2000, seed: 7 }).failed);
    assert.ok(fc.sample(fc.tuple(lists, holes), { numRuns: 2000, seed: 7 }).some(([list, hole]) => faultAround(list, hole, wrong) === fault));
  });
}
