import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { wallClock } from "../../../src/base/time.ts";
import { groupLine, userLine } from "../../../src/services/directory/check.ts";
import type { GroupEntry, UserEntry } from "../../../src/services/directory/entries.ts";
import { LineGatherer } from "../../../src/services/directory/lines.ts";
import { STANDARD_YP_MAPS } from "../../../src/services/directory/config.ts";
import { ypMaps } from "../../../src/services/directory/maps.ts";
import { type Harvest, type Snapshot, snapshotOf } from "../../../src/services/directory/snapshot.ts";
import { finish, sortedRows } from "../../../src/services/directory/sort.ts";
import { group, textOf, user, utf8 } from "./world.ts";

function harvest(users: readonly UserEntry[], groups: readonly GroupEntry[] = []): Harvest {
  const [people, teams] = [new LineGatherer(), new LineGatherer()];
  for (const one of users) people.add({ name: one.name, id: one.uid, line: userLine(one) });
  for (const one of groups) teams.add({ name: one.name, id: one.gid, line: groupLine(one) });
  return { users: people.take(), groups: teams.take(), shadows: new Map(), sshKeys: new Map() };
}
const snapshot = (...harvests: readonly Harvest[]): Snapshot => finish(snapshotOf(harvests, undefined, wallClock(1_000_000)));
const names = ({ users }: Snapshot): readonly string[] => Array.from({ length: users.count }, (_, row) => textOf(users.name(row)));

const name = fc.stringMatching(/^[a-dA-D._-]{1,4}$/);
const id = fc.integer({ min: 1000, max: 1020 });
const people = fc.array(fc.record({ name, uid: id }), { maxLength: 40 });
const keys = fc.array(fc.oneof(name, fc.string({ maxLength: 5 })), { maxLength: 10 });

test("sorting gives every number once, in order, and leaves equals as they were", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 200 }), (values) => {
      const sorted = finish(sortedRows(values.length, (a, b) => (values[a] ?? 0) < (values[b] ?? 0)));
      const expected = values.map((_, i) => i).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0) || a - b);
      assert.deepEqual([...sorted], expected);
    }),
  );
});

test("for any users: names in byte order, each once, the first source's first; found by exactly their names and ids", () => {
  fc.assert(
    fc.property(people, people, keys, (first, second, others) => {
      const all = [...first, ...second];
      const expected = new Map<string, number>();
      for (const { name, uid } of all) if (!expected.has(name)) expected.set(name, uid);
      const made = snapshot(...[first, second].map((some) => harvest(some.map(({ name, uid }) => user(name, uid)))));
      const inOrder = [...expected.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      assert.deepEqual(names(made), inOrder);
      assert.equal(made.merged.users.nameTaken, all.length - expected.size);
      for (const key of [...expected.keys(), ...others]) {
        const row = made.users.find(utf8(key));
        assert.equal(row === undefined ? undefined : made.users.id(row), expected.get(key), key);
      }
      // An id that several names have belongs to the first source's, and there to the first name.
      const ofFirst = new Set(first.map(({ name }) => name));
      for (let uid = 999; uid <= 1021; uid++) {
        const having = inOrder.filter((name) => expected.get(name) === uid);
        const owner = having.find((name) => ofFirst.has(name)) ?? having[0];
        const row = made.users.findId(uid);
        assert.equal(row === undefined ? undefined : textOf(made.users.name(row)), owner, String(uid));
      }
    }),
  );
});

test("FIRST and NEXT walk every map once in order, and from a key that is gone nothing is skipped (§4.2, defect 30)", () => {
  fc.assert(
    fc.property(people, keys, (some, others) => {
      const made = snapshot(
        harvest(
          some.map(({ name, uid }) => user(name, uid)),
          [group("staff", 3001, ["a"])],
        ),
      );
      for (const [map, rows] of ypMaps({ domain: "home", master: "gateway", wanted: STANDARD_YP_MAPS }, made)) {
        const walked: string[] = [];
        for (let place: number | undefined = 0; place !== undefined && place < rows.count; place = rows.placeAfter(utf8(walked.at(-1) ?? "")))
          walked.push(textOf(rows.at(place).key));
        assert.equal(walked.length, rows.count, map);
        assert.equal(new Set(walked).size, rows.count, map);
        for (const key of walked) assert.deepEqual(rows.match(utf8(key)), rows.at(walked.indexOf(key)).value, `${map} ${key}`);
        const isName = map === "passwd.byname" || map === "group.byname";
        if (!isName) continue;
        for (const gone of others) {
          const next = walked.find((key) => Buffer.compare(Buffer.from(key), Buffer.from(gone)) > 0);
          const place = rows.placeAfter(utf8(gone)) ?? -1;
          assert.equal(place < rows.count ? textOf(rows.at(place).key) : undefined, next, `${map} after ${gone}`);
        }
      }
    }),
  );
});

test("a map by number goes in the order of numbers, and a key that is gone has a successor there too (defect 30)", () => {
  const rows = ypMaps(
    { domain: "home", master: "gateway", wanted: STANDARD_YP_MAPS },
    snapshot(harvest([user("a", 10_000), user("b", 9000), user("c", 3_000_000_000)])),
  ).get("passwd.byuid");
  assert.ok(rows !== undefined);
  assert.deepEqual(
    [0, 1, 2].map((place) => textOf(rows.at(place).key)),
    ["9000", "10000", "3000000000"],
  );
  assert.equal(rows.placeAfter(utf8("9500")), 1);
  assert.equal(rows.placeAfter(utf8("4000000000")), 3);
});

test("what is not the one way to write a number or a netid is no key (defects 13 and 16)", () => {
  const maps = ypMaps({ domain: "home", master: "gateway", wanted: STANDARD_YP_MAPS }, snapshot(harvest([user("a", 2001)])));
  for (const key of ["02001", " 2001", "2001 ", "+2001", "-1", "2e3", "0x7d1", "99999999999", "4294967296", "\xff", "a"]) {
    assert.equal(maps.get("passwd.byuid")?.match(utf8(key)), undefined, key);
    if (key !== "a") assert.equal(maps.get("passwd.byuid")?.placeAfter(utf8(key)), undefined, key);
  }
  const netid = maps.get("netid.byname");
  assert.equal(textOf(netid?.match(utf8("unix.2001@home")) ?? utf8("")), "2001:2000");
  for (const key of [
    "unix.2001",
    "unix.2001@",
    "unix.2001@homes",
    "unix.02001@home",
    "unix.@home",
    "unix@home",
    "2001",
    "@home",
    "",
    "xinu.2001@home",
    "unix.2001@away",
  ])
    assert.equal(netid?.match(utf8(key)), undefined, key);
});

test("netid gives the primary group first, then all others ascending and once, however many they are (defect 14)", () => {
  const groups = Array.from({ length: 1000 }, (_, i) => group(`g${i}`, 5999 - i, i % 2 === 0 ? ["alice", "nobody-here"] : ["nobody-here"]));
  const maps = ypMaps(
    { domain: "home", master: "gateway", wanted: STANDARD_YP_MAPS },
    snapshot(harvest([user("alice", 2001, { gid: 5001 })], [...groups, group("again", 5001, ["alice"])])),
  );
  const [uid, gids = ""] = textOf(maps.get("netid.byname")?.match(utf8("unix.2001@home")) ?? utf8("")).split(":");
  assert.equal(uid, "2001");
  const expected = groups.filter((_, i) => i % 2 === 0).map(({ gid }) => gid);
  assert.deepEqual(gids.split(",").map(Number), [5001, ...expected.filter((gid) => gid !== 5001).sort((a, b) => a - b)]);
});

test("memberships are found from both sides", () => {
  const { memberships, groups } = snapshot(harvest([], [group("b", 3002, ["x", "y"]), group("a", 3001, ["y"]), group("c", 3003)]));
  const of = (member: string): readonly string[] => [...memberships.groupsOf(member)].map((row) => textOf(groups.name(row)));
  assert.deepEqual(of("y"), ["a", "b"]);
  assert.deepEqual(of("x"), ["b"]);
  assert.deepEqual(of("z"), []);
  const counts = [0, 1, 2].map((row) => [0, 1, 2].find((most) => !memberships.hasMoreMembersThan(most, row)));
  assert.deepEqual(counts, [1, 2, 0]);
  assert.deepEqual([...memberships.membersOf(1)], ["x", "y"]);
  assert.equal(memberships.isMember("x", 1), true);
  assert.equal(memberships.isMember("x", 0), false);
});

test("a commit that changes one kind keeps the other one's time of change", () => {
  const before = snapshot(harvest([user("a", 2001)], [group("g", 3001)]));
  const after = finish(snapshotOf([harvest([user("b", 2001)], [group("g", 3001)])], before, wallClock(2_000_000)));
  assert.deepEqual([after.usersChangedAt, after.groupsChangedAt, after.committedAt], [2_000_000, 1_000_000, 2_000_000]);
});
