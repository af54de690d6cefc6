/** What an operator may ask for: an update now, to believe what looks suspicious, what would change, and a probe. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DirectoryConfig } from "../../../src/services/directory/config.ts";
import { NOTHING_YET } from "../../../src/services/directory/probe/report.ts";
import type { DiffView } from "../../../src/services/directory/view.ts";
import { CONFIG, group, user, world } from "./world.ts";

const people = (count: number) => Array.from({ length: count }, (_, i) => user(`u${2001 + i}`, 2001 + i));
const TWO: DirectoryConfig = {
  ...CONFIG,
  sources: [
    { name: "first", onFailure: "hold", shrinkPercent: 30, keepSeconds: 86_400 },
    { name: "second", onFailure: "hold", shrinkPercent: 30, keepSeconds: 86_400 },
  ],
};
const EMPTY = { added: 0, removed: 0, changed: 0 };

test("refresh begins an update at once, and one behind that under way when there is one: what it reads is never older than the question", () => {
  const { service, serving, give, pulls, pass } = world();
  serving({ users: people(3) });
  pass(10);
  service.command("refresh", "");
  assert.equal(pulls.length, 2);
  service.command("refresh", "");
  service.command("refresh", "");
  assert.equal(pulls.length, 2, "one is under way");
  give({ users: people(4) });
  assert.equal(pulls.length, 3);
  assert.deepEqual(service.view().update.ended, {
    update: 2,
    outcome: "committed",
    change: { users: { added: 1, removed: 0, changed: 0 }, groups: EMPTY },
  });
  give({ users: people(4) });
  assert.equal(pulls.length, 3, "both were answered by one");
  assert.deepEqual(service.view().update.ended, { update: 3, outcome: "committed", change: undefined });
});

test("accept lets a suspicious result through once: the next one is judged again, and so is one that was under way (U4)", () => {
  const { service, serving, give, pass, names } = world();
  serving({ users: people(100) });
  pass(601);
  service.command("accept", "first");
  give({ users: people(10) });
  assert.equal(names().length, 100, "it had begun before somebody looked");
  give({ users: people(10) });
  assert.equal(names().length, 10);
  pass(601);
  give({});
  assert.equal(names().length, 10);
  assert.equal(service.view().sources[0]?.state, "suspicious");
});

test("what was accepted and then failed is not accepted later (U4)", () => {
  const { service, serving, give, fail, pass, names } = world();
  serving({ users: people(100) });
  service.command("accept", "");
  fail("connect");
  pass(10);
  give({ users: people(10) });
  assert.equal(names().length, 100);
});

test("three equal results count only an interval apart: retries and refreshes in between prove nothing (U4)", () => {
  const { service, serving, give, pass, names } = world();
  serving({ users: people(100) });
  for (let i = 0; i < 20; i++) {
    service.command("refresh", "");
    give({ users: people(10) });
  }
  assert.equal(names().length, 100);
  for (let cycle = 0; cycle < 4; cycle++) {
    pass(601);
    give({ users: people(10) });
  }
  assert.equal(names().length, 10);
});

test("a suspicious source is asked again after an interval, not after seconds (U7)", () => {
  const { serving, give, pass, pulls } = world();
  serving({ users: people(100) });
  pass(601);
  give({ users: people(10) });
  pass(590);
  assert.equal(pulls.length, 2);
  pass(11);
  assert.equal(pulls.length, 3);
});

test("diff tells what a suspicious result would change, and nothing while an update is under way", () => {
  const { service, serving, give, pass, settle } = world();
  const staff = group("staff", 3001, ["u2001", "u2002"]);
  serving({ users: people(30), groups: [staff] });
  assert.deepEqual((service.detail("diff", 0) as DiffView).rows, []);
  pass(601);
  assert.equal((service.detail("diff", 0) as DiffView).phase, "pulling");
  give({ users: [user("u2001", 2001, { shell: "/bin/zsh" }), user("zoe", 2100)], groups: [group("staff", 3001, ["u2001", "zoe"])] });
  settle();
  const view = service.detail("diff", 0) as DiffView;
  assert.deepEqual(
    [view.users, view.groups],
    [
      { added: 1, removed: 29, changed: 1 },
      { added: 0, removed: 0, changed: 1 },
    ],
  );
  assert.deepEqual(view.rows[0], { kind: "user", change: "removed", name: "u2002", fields: [] });
  assert.deepEqual(view.rows.slice(29), [
    { kind: "user", change: "changed", name: "u2001", fields: [{ field: "shell", before: "/bin/sh", after: "/bin/zsh" }] },
    { kind: "user", change: "added", name: "zoe", fields: [] },
    {
      kind: "group",
      change: "changed",
      name: "staff",
      fields: [{ field: "members", added: ["zoe"], removed: ["u2002"], addedCount: 1, removedCount: 1 }],
    },
  ]);
  assert.deepEqual(service.view().update.heldBack, { users: view.users, groups: view.groups });
});

test("diff goes page by page, and every row stands on exactly one", () => {
  const { service, serving, give, pass, settle } = world();
  const long = (uid: number) => user(`u${uid}`, uid, { gecos: "x".repeat(1000) });
  serving({ users: people(2000) });
  pass(601);
  give({ users: Array.from({ length: 300 }, (_, i) => long(2001 + i)) });
  settle();
  const seen: string[] = [];
  let pages = 0;
  for (let after: number | null = 0; after !== null; pages++) {
    const { rows, next }: DiffView = service.detail("diff", after) as DiffView;
    assert.ok(JSON.stringify(rows).length < 30_000);
    seen.push(...rows.map(({ change, name }) => `${change} ${name}`));
    after = next;
  }
  assert.ok(pages > 3);
  assert.equal(seen.length, 2000);
  assert.equal(new Set(seen).size, 2000);
  assert.deepEqual((service.detail("diff", 5000) as DiffView).rows, []);
});

test("what a sound source brought is held back too while another one holds the update (U3)", () => {
  const { service, ready, give, fail, pass, settle } = world(TWO);
  ready();
  give({ users: [user("a", 2001)] }, 0);
  give({ users: [user("b", 2002)] }, 1);
  pass(601);
  give({ users: [user("a", 2001), user("new", 2003)] }, 0);
  fail("connect", 1);
  settle();
  const view = service.detail("diff", 0) as DiffView;
  assert.deepEqual(view.rows, [{ kind: "user", change: "added", name: "new", fields: [] }]);
  assert.deepEqual(service.view().update.ended, { update: 2, outcome: "held", change: undefined });
});

test("a change is an event with counts of all and names of a few; the first directory and one that is the same are none", () => {
  const { serving, give, pass, happened } = world();
  serving({ users: people(50), groups: [group("staff", 3001)] });
  pass(601);
  give({ users: people(50), groups: [group("staff", 3001)] });
  assert.equal(happened.length, 0);
  pass(601);
  give({ users: [...people(45), user("zoe", 2999)], groups: [group("staff", 3001, ["zoe"])] });
  const [change, ...others] = happened;
  assert.deepEqual(others, []);
  assert.equal(change?.event, "users-change");
  const record = change.record as { readonly [key: string]: unknown };
  assert.deepEqual([record["event"], record["domain"], record["update"]], ["users-change", "home", 3]);
  assert.deepEqual(record["users"], {
    added: 1,
    removed: 5,
    changed: 0,
    names: { added: ["zoe"], removed: ["u2046", "u2047", "u2048", "u2049", "u2050"], changed: [] },
  });
  assert.deepEqual(record["groups"], { added: 0, removed: 0, changed: 1, names: { added: [], removed: [], changed: ["staff"] } });
});

test("a source that is not believed is an event once, not at each retry, and again once it was sound in between", () => {
  const { serving, give, fail, pass, happened } = world();
  serving({ users: people(5) });
  pass(601);
  for (let i = 0; i < 5; i++) {
    fail("refused");
    pass(601);
  }
  assert.deepEqual(
    happened.map(({ event }) => event),
    ["users-held"],
  );
  const [first] = happened;
  assert.ok(first !== undefined && "sources" in first.record);
  assert.deepEqual(first.record.sources, [{ source: "first", state: "failed", reason: "refused" }]);
  give({ users: people(5) });
  pass(601);
  fail("refused");
  assert.equal(happened.length, 2);
});

test("rejected entries are counted by reason, and some of each are named, from the fetcher and from here", () => {
  const { service, ready, settle } = world();
  ready();
  const bad = Array.from({ length: 5 }, (_, i) => user(`bad${i}`, 5));
  service.entries({ update: 1, source: 0, users: [...bad, user("fine", 2001)], groups: [] });
  const samples = ["uid=a,dc=x", "uid=\u001b[2J"];
  service.pulled({
    update: 1,
    source: 0,
    ok: true,
    reason: "",
    users: 6,
    groups: 0,
    rejects: [{ reason: "users/bad-name(name)", count: 9, samples }],
  });
  settle();
  assert.deepEqual(service.detail("0", 0), {
    name: "first",
    rejected: { "users/bad-name(name)": 9, "user-id-range": 5 },
    samples: { "users/bad-name(name)": ["uid=a,dc=x", "uid=\\u{1b}[2J"], "user-id-range": ["bad0", "bad1", "bad2"] },
  });
  assert.equal(service.detail("1", 0), undefined);
  assert.equal(service.detail("nonsense", 0), undefined);
});

test("a probe is a question to the fetcher; its report grows, late ones of an older probe are dropped, and nothing is served", () => {
  const { service, probes, names } = world(TWO);
  service.command("probe", "second");
  assert.deepEqual(probes, [{ probe: 1, source: 1 }]);
  service.command("probe", "");
  assert.deepEqual(probes[1], { probe: 2, source: 0 });
  service.probed(1, { ...NOTHING_YET, done: true, reason: "old" });
  const step = { step: "connect", ok: true, ms: 3, detail: "ldap, port 636" } as const;
  service.probed(2, { ...NOTHING_YET, steps: [step] });
  assert.deepEqual(service.detail("probe", 0), { ...NOTHING_YET, steps: [step], number: 2, source: "" });
  service.probed(2, { ...NOTHING_YET, done: true, users: 5 });
  service.probed(2, { ...NOTHING_YET, done: true, users: 7 });
  assert.equal((service.detail("probe", 0) as { users: number }).users, 5);
  assert.deepEqual(names(), []);
  service.command("probe", "first");
  service.fetcherLost();
  const lost = service.detail("probe", 0) as { readonly done: boolean; readonly reason: string };
  assert.deepEqual([lost.done, lost.reason], [true, "the fetcher ended; its log says why"]);
});
