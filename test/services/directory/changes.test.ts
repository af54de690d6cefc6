/** Changes between two updates: put in one behind the other, the same as if everything had come again; or not at all. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DIRECTORY_LIMITS } from "../../../src/base/limits-directory.ts";
import { type Edit, editedLines, type Held, type SourceChanges } from "../../../src/services/directory/changes.ts";
import { editedTable } from "../../../src/services/directory/table-edits.ts";
import { LineGatherer } from "../../../src/services/directory/lines.ts";
import { finish } from "../../../src/services/directory/sort.ts";
import { tableOf } from "../../../src/services/directory/table.ts";
import type { UserEntry } from "../../../src/services/directory/entries.ts";
import { CONFIG, group, textOf, user, utf8, world } from "./world.ts";

const ADA = user("ada", 2001);
const BOB = user("bob", 2002);
const NOTHING: Omit<SourceChanges, "update" | "change" | "source"> = { users: [], groups: [], goneUsers: [], goneGroups: [] };

function serving(users: readonly UserEntry[] = [ADA, BOB], groups = [group("staff", 3001, ["ada"])]) {
  const self = world();
  self.serving({ users, groups });
  const line = (name: string): string | undefined => {
    const table = self.service.updates.snapshot?.users;
    const row = table?.find(utf8(name));
    return row === undefined || table === undefined ? undefined : textOf(table.line(row));
  };
  const held = (): Held | undefined => self.service.updates.sources[0]?.held;
  const change = (number: number, what: Partial<typeof NOTHING>, update = 1): void => {
    self.service.changes({ update, change: number, source: 0, ...NOTHING, ...what });
    self.settle();
  };
  return { ...self, line, held, change };
}

test("a single changed user is served at once, without another update (RFC 4533)", () => {
  const { change, line, service, pulls, happened, held } = serving();
  assert.deepEqual(held(), { update: 1, change: 0 });
  change(1, { users: [{ ...ADA, shell: "/bin/false" }] });
  assert.match(line("ada") ?? "", /:\/bin\/false$/);
  assert.match(line("bob") ?? "", /:\/bin\/sh$/);
  assert.deepEqual([held(), pulls.length, service.updates.phase], [{ update: 1, change: 1 }, 1, "idle"]);
  assert.equal(happened.length > 0, true, "it is news");
});

test("users and groups come, go and are renamed; members are known by their new groups", () => {
  const { change, names, service } = serving([ADA, BOB], [group("staff", 3001, ["ada"]), group("zoo", 3002)]);
  change(1, { goneUsers: ["ada"], users: [user("eve", 2003)] });
  change(2, { groups: [{ ...group("staff", 3001, ["bob", "eve"]), more: false }] });
  assert.deepEqual(names(), ["bob", "eve"]);
  const snapshot = service.updates.snapshot;
  assert.deepEqual([...(snapshot?.memberships.groupsOf("eve") ?? [])], [0]);
  assert.deepEqual([...(snapshot?.memberships.groupsOf("ada") ?? [])], []);
  assert.equal(snapshot?.users.findId(2003), 1);
  assert.equal(snapshot?.users.findId(2001), undefined);
  change(3, { goneGroups: ["staff"] });
  assert.equal(service.updates.snapshot?.groups.count, 1);
});

test("a change that does not follow on what is held is not put in: everything is read again", () => {
  for (const [number, update] of [
    [2, 1],
    [1, 2],
    [0, 1],
  ] as const) {
    const { change, line, pulls, held, service } = serving();
    change(number, { users: [{ ...ADA, shell: "/bin/false" }] }, update);
    assert.match(line("ada") ?? "", /:\/bin\/sh$/);
    assert.deepEqual(held(), { update: 0, change: 0 });
    assert.equal(pulls.length, 2);
    assert.deepEqual(service.updates.dropped.toJSON(), { "old-change": 1 });
  }
});

test("changes that come while an update is under way wait for its end", () => {
  const self = serving();
  self.service.updates.stale();
  self.settle();
  self.change(1, { users: [{ ...ADA, shell: "/bin/false" }] });
  assert.match(self.line("ada") ?? "", /:\/bin\/sh$/);
  self.service.pulled({ update: 2, source: 0, ok: true, unchanged: true, live: true, reason: "", users: 0, groups: 0, rejects: [] });
  self.settle();
  assert.match(self.line("ada") ?? "", /:\/bin\/false$/);
  assert.deepEqual(self.held(), { update: 1, change: 1 }, "it is still the first update that is built on");
});

test("more changes than can wait are forgotten, and everything is read again", () => {
  const self = serving();
  self.service.updates.stale();
  self.settle();
  for (let i = 1; i <= DIRECTORY_LIMITS.waitingChanges + 1; i++)
    self.service.changes({ update: 1, change: i, source: 0, ...NOTHING, goneUsers: [`u${i}`] });
  assert.deepEqual([self.held()?.update, self.service.updates.dropped.toJSON()], [0, { "too-many-changes": 1 }]);
});

test("an unchanged source stays as it is, younger; one that was never read cannot be unchanged (directory 3.6)", () => {
  const self = serving();
  const before = self.service.updates.snapshot;
  self.pass(600);
  self.service.pulled({ update: 2, source: 0, ok: true, unchanged: true, reason: "", users: 0, groups: 0, rejects: [] });
  self.settle();
  assert.deepEqual([self.service.updates.phase, self.service.updates.held], ["idle", ""]);
  assert.equal(self.service.updates.snapshot?.users, before?.users);
  assert.ok((self.service.updates.snapshot?.committedAt ?? 0) > (before?.committedAt ?? 0));
  const fresh = world();
  fresh.ready();
  fresh.service.pulled({ update: 1, source: 0, ok: true, unchanged: true, reason: "", users: 0, groups: 0, rejects: [] });
  fresh.settle();
  assert.equal(fresh.service.updates.sources[0]?.state, "failed");
});

test("who asks for an update gets a whole one; an interval that passes does not forget what is held", () => {
  const self = serving();
  self.pass(600);
  assert.deepEqual(self.held(), { update: 1, change: 0 });
  self.service.updates.refresh();
  assert.deepEqual(self.held(), { update: 0, change: 0 });
});

test("a source is not emptied one change at a time: where it shrinks by too much, a whole reading is judged (directory U4)", () => {
  const many = Array.from({ length: 100 }, (_, i) => user(`user${i}`, 3000 + i));
  const self = serving(many);
  for (let i = 0; i < 29; i++) self.change(i + 1, { goneUsers: [`user${i}`] });
  assert.equal(self.service.updates.snapshot?.users.count, 71);
  self.change(30, { goneUsers: ["user29"] });
  assert.deepEqual([self.service.updates.snapshot?.users.count, self.pulls.length], [71, 2]);
  assert.deepEqual(self.service.updates.dropped.toJSON(), { "unbelieved-change": 1 });
});

test("what a change brings is checked like everything else: a line that breaks a rule goes, and is not served (directory 3.5)", () => {
  const self = serving([ADA, BOB, user("eve", 2003)]);
  self.change(1, { users: [{ ...ADA, uid: 0 }] });
  assert.deepEqual([self.line("ada"), self.service.updates.dropped.toJSON()], [undefined, { "changed-entry": 1 }]);
  self.change(2, { users: [{ ...BOB, gecos: "x:0:0" }] });
  assert.equal(self.line("bob"), undefined);
  self.change(3, { users: [user("daemon", 5000)] });
  assert.equal(self.line("daemon"), undefined, "a name of this machine's");
});

test("a group that comes in parts is put in when it is whole", () => {
  const self = serving();
  self.change(1, { groups: [{ ...group("big", 3002, ["ada"]), more: true }] });
  assert.equal(self.service.updates.snapshot?.groups.count, 1);
  self.change(2, { groups: [{ ...group("big", 3002, ["bob"]), more: false }] });
  const groups = self.service.updates.snapshot?.groups;
  assert.equal(textOf(groups?.line(0) ?? new Uint8Array(0)), "big:*:3002:ada,bob");
});

test("where several sources overlap, a change is merged as an update would be: the first one's names stay", () => {
  const [first] = CONFIG.sources;
  assert.ok(first !== undefined);
  const self = world({ ...CONFIG, sources: [first, { ...first, name: "second" }] });
  self.ready();
  self.give({ users: [ADA] });
  self.give({ users: [user("ada", 2777), BOB] }, 1);
  self.service.changes({ update: 1, change: 1, source: 1, ...NOTHING, users: [user("ada", 2778), user("bob", 2779)] });
  self.settle();
  const table = self.service.updates.snapshot?.users;
  assert.deepEqual([table?.findId(2001), table?.findId(2778), table?.findId(2779)], [0, undefined, 1]);
});

const name = fc.stringMatching(/^[a-c]{1,3}$/);
const line = fc.record({ name, id: fc.integer({ min: 1, max: 9 }), text: fc.stringMatching(/^[x-z]{0,5}$/) });
const lineOf = ({ name: own, id, text }: { readonly name: string; readonly id: number; readonly text: string }): Edit => ({
  id,
  line: utf8(`${own}:*:${id}:${text}`),
});

test("a table with edits is, byte for byte, the table of the edited lines", () => {
  let shared = 0;
  fc.assert(
    fc.property(fc.uniqueArray(line, { selector: (each) => each.name }), fc.array(fc.tuple(line, fc.boolean())), (start, changes) => {
      const gatherer = new LineGatherer();
      for (const each of start) gatherer.add({ name: each.name, id: each.id, line: textOf(lineOf(each).line) });
      const lines = gatherer.take();
      const edits = new Map(changes.map(([each, stays]) => [each.name, stays ? lineOf(each) : undefined]));
      const edited = finish(editedTable(finish(tableOf([lines], { nameTaken: 0, idTaken: 0 })), edits));
      const counts = { nameTaken: 0, idTaken: 0 };
      const built = finish(tableOf([editedLines(lines, edits)], counts));
      assert.deepEqual(edited.table.parts, built.parts);
      assert.equal(edited.idTaken, counts.idTaken);
      shared += counts.idTaken;
    }),
    { numRuns: 1000 },
  );
  assert.ok(shared > 0, "some ids had two names");
});
