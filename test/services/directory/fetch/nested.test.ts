/** Groups in groups: everybody who is in one, however deep, once; circles end, and depth and work are bounded. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DIRECTORY_LIMITS } from "../../../../src/base/limits-directory.ts";
import { GroupGraph } from "../../../../src/services/directory/fetch/nested.ts";

const person = (key: string): string | undefined => (key.startsWith("u") ? key : undefined);

function graphOf(groups: Readonly<Record<string, readonly string[]>>): (name: string) => ReturnType<GroupGraph["open"]> {
  const graph = new GroupGraph();
  for (const [dn, members] of Object.entries(groups)) assert.ok(graph.add({ dn, members }));
  return (name) => graph.open({ dn: name, members: groups[name] ?? [] }, person);
}

test("a circle ends, a group is in itself once, and who is nobody is counted", () => {
  const open = graphOf({ ga: ["u1", "gb", "nobody"], gb: ["u2", "gc"], gc: ["ga", "gc", "u1", "u3", "nobody"] });
  assert.deepEqual(open("ga"), { members: ["u1", "u2", "u3"], unknown: 2, tooMany: false });
  assert.deepEqual(open("gc"), { members: ["u1", "u3", "u2"], unknown: 2, tooMany: false });
});

const names = ["ga", "gb", "gc", "gd", "ge", "gf"];
const members = fc.uniqueArray(fc.constantFrom(...names, "u1", "u2", "u3", "u4", "nobody"), { maxLength: 6 });

test("whatever points at whatever: exactly the people that can be reached", () => {
  fc.assert(
    fc.property(fc.array(members, { minLength: names.length, maxLength: names.length }), (lists) => {
      const groups: Readonly<Record<string, readonly string[]>> = Object.fromEntries(names.map((name, i) => [name, lists[i] ?? []]));
      const open = graphOf(groups);
      for (const name of names) {
        const reached = new Set<string>();
        const walk = (each: string): void => {
          if (reached.has(each)) return;
          reached.add(each);
          for (const inner of groups[each] ?? []) walk(inner);
        };
        walk(name);
        const { members: found } = open(name);
        assert.deepEqual([...found].toSorted(), [...reached].filter((each) => each.startsWith("u")).toSorted());
        assert.equal(new Set(found).size, found.length);
      }
    }),
    { numRuns: 500 },
  );
});

test("what lies deeper than anybody nests is left out and counted", () => {
  const chain = Object.fromEntries(Array.from({ length: DIRECTORY_LIMITS.nestedDepth + 5 }, (_, i) => [`g${i}`, [`u${i}`, `g${i + 1}`]]));
  const { members: found, unknown } = graphOf(chain)("g0");
  assert.deepEqual([found.length, unknown], [DIRECTORY_LIMITS.nestedDepth + 1, 2]);
});

test("more members than can be kept, or more steps than anybody waits for, is no half group", () => {
  const graph = new GroupGraph();
  const many = Array.from({ length: DIRECTORY_LIMITS.nestedPairs / 4 }, (_, i) => `u${i % 1000}`);
  for (let i = 0; i < 4; i++) assert.ok(graph.add({ dn: `g${i}`, members: many }));
  assert.equal(graph.add({ dn: "one more", members: ["u1"] }), false);
  const all = { dn: "all", members: ["g0", "g1", "g2", "g3"] };
  let opened = 0;
  while (!graph.open(all, person).tooMany) opened++;
  assert.ok(opened > 0 && opened <= DIRECTORY_LIMITS.nestedWork / DIRECTORY_LIMITS.nestedPairs);
});
