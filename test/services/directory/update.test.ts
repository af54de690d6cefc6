import assert from "node:assert/strict";
import { test } from "node:test";
import type { DirectoryConfig } from "../../../src/services/directory/config.ts";
import type { UserEntry } from "../../../src/services/directory/entries.ts";
import { CONFIG, group, textOf, user, world } from "./world.ts";

const people = (count: number, first = 2001): readonly UserEntry[] => Array.from({ length: count }, (_, i) => user(`u${first + i}`, first + i));
const two = (onFailure: "hold" | "keep" | "drop"): DirectoryConfig => ({
  ...CONFIG,
  sources: [
    { name: "first", onFailure, shrinkPercent: 30, keepSeconds: 86_400 },
    { name: "second", onFailure, shrinkPercent: 30, keepSeconds: 86_400 },
  ],
});
const DAY = 86_400;

test("nothing is pulled before the fetcher is there, and then at once (U7)", () => {
  const { service, pulls, pass, ready } = world();
  pass(3600);
  assert.equal(pulls.length, 0);
  ready();
  assert.deepEqual(pulls, [{ update: 1, at: 3_600_000 }]);
  assert.equal(service.updates.phase, "pulling");
});

test("a commit replaces everything at once, and the next update begins an interval later (U5, U7)", () => {
  const { serving, give, names, pulls, pass, service } = world();
  serving({ users: [user("alice", 2001)] });
  const before = service.updates.snapshot;
  pass(599);
  assert.equal(pulls.length, 1);
  pass(2);
  assert.equal(pulls.length, 2);
  assert.equal(service.updates.snapshot, before, "what is gathered is not served");
  give({ users: [user("bob", 2002), user("alice", 2001)] });
  assert.deepEqual(names(), ["alice", "bob"]);
  assert.equal(before?.users.count, 1, "a reader of the old one still has it");
});

test("each source is pulled once an update, and nothing is committed before the last has answered (U1, defect 5)", () => {
  const { service, ready, give, names, pulls } = world(two("hold"));
  ready();
  give({ users: [user("bob", 2002)] }, 1);
  assert.equal(service.updates.snapshot, undefined);
  give({ users: [user("alice", 2001)] }, 0);
  assert.deepEqual(names(), ["alice", "bob"]);
  assert.equal(pulls.length, 1);
});

test("the order of the configuration decides who has a name, not that of arrival (§4.3)", () => {
  const { service, ready, give } = world(two("hold"));
  ready();
  give({ users: [user("alice", 2009)] }, 1);
  give({ users: [user("alice", 2001)] }, 0);
  assert.equal(service.updates.snapshot?.users.count, 1);
  assert.equal(service.updates.snapshot?.users.id(0), 2001);
  assert.equal(service.view().snapshot?.namesTaken, 1);
});

test("entries and ends that are late for their update, of no source or not awaited change nothing (defect 6)", () => {
  const { service, serving, pass, names } = world();
  serving({ users: [user("alice", 2001)] });
  const late = { update: 1, source: 0, users: [user("mallory", 2666)], groups: [] };
  const end = { update: 1, source: 0, ok: true, reason: "", users: 1, groups: 0, rejects: [] };
  service.entries(late);
  service.pulled(end);
  pass(601);
  service.entries(late);
  service.pulled(end);
  service.entries({ ...late, update: 2, source: 7 });
  service.entries({ ...late, update: 3 });
  pass(1);
  assert.deepEqual(names(), ["alice"]);
  assert.deepEqual(service.view().entriesDropped, { "not-awaited": 1, "old-update": 5 });
  assert.equal(service.updates.phase, "pulling");
});

test("a source that fails after half its entries changes nothing (defects 1, 2 and 4)", () => {
  const { service, serving, pass, fail, names } = world();
  serving({ users: people(3) });
  pass(601);
  service.entries({ update: 2, source: 0, users: [user("half", 2999)], groups: [] });
  fail("users: search-refused 4 (sizeLimitExceeded)");
  assert.deepEqual(names(), ["u2001", "u2002", "u2003"]);
  const [source] = service.view().sources;
  assert.deepEqual([source?.state, source?.reason], ["failed", "users: search-refused 4 (sizeLimitExceeded)"]);
  assert.equal(service.view().update.heldBy, "first");
});

test("an end that does not fit what came, or comes in the middle of a group, is a failure", () => {
  const { service, serving, pass, names } = world();
  serving({ users: people(3) });
  const end = { source: 0, ok: true, reason: "", users: 1, groups: 0, rejects: [] };
  pass(601);
  service.pulled({ update: 2, ...end });
  assert.equal(service.view().sources[0]?.reason, "count-mismatch");
  pass(601);
  service.entries({ update: 3, source: 0, users: [user("one", 2999)], groups: [{ ...group("g", 3001, ["a"]), more: true }] });
  service.pulled({ update: 3, ...end });
  assert.equal(service.view().sources[0]?.reason, "unfinished-group");
  pass(601);
  service.entries({
    update: 4,
    source: 0,
    users: [user("one", 2999)],
    groups: [
      { ...group("g", 3001, ["a"]), more: true },
      { ...group("h", 3001, ["a"]), more: false },
    ],
  });
  service.pulled({ update: 4, ...end });
  assert.equal(service.view().sources[0]?.reason, "bad-part");
  assert.equal(names().length, 3);
});

test("one dead source holds the update, is kept with its age, or is left out, as the operator says (U3, defect 10)", () => {
  const outcome = { hold: ["a1", "b1"], keep: ["a2", "b1"], drop: ["a2"] };
  for (const onFailure of ["hold", "keep", "drop"] as const) {
    const { service, ready, give, fail, pass, names } = world(two(onFailure));
    ready();
    give({ users: [user("a1", 2001)] }, 0);
    give({ users: [user("b1", 2002)] }, 1);
    pass(601);
    give({ users: [user("a2", 2001)] }, 0);
    fail("connect-timeout", 1);
    assert.deepEqual(names(), outcome[onFailure], onFailure);
    if (onFailure === "keep") assert.equal(service.view().sources[1]?.ageSeconds, 601);
  }
});

test("what is kept of a dead source is kept for a day (U3)", () => {
  const { ready, give, fail, pass, names, service } = world(two("keep"));
  ready();
  give({ users: [user("a", 2001)] }, 0);
  give({ users: [user("b", 2002)] }, 1);
  const until = (seconds: number): void => {
    while (service.view().sources[1]?.ageSeconds !== undefined && (service.view().sources[1]?.ageSeconds ?? 0) < seconds) {
      pass(600);
      if (service.updates.phase !== "pulling") continue;
      give({ users: [user("a", 2001)] }, 0);
      fail("refused", 1);
    }
  };
  until(DAY - 1200);
  assert.deepEqual(names(), ["a", "b"]);
  until(DAY + 1800);
  assert.deepEqual(names(), ["a"]);
});

test("when no source at all can be read, what is served stays, whatever was said of each (§8.2)", () => {
  const { ready, give, fail, pass, names } = world(two("drop"));
  ready();
  give({ users: [user("a", 2001)] }, 0);
  give({ users: [user("b", 2002)] }, 1);
  for (let i = 0; i < 5; i++) {
    pass(601);
    fail("refused", 0);
    fail("refused", 1);
  }
  assert.deepEqual(names(), ["a", "b"]);
});

test("a source that lost a third of its users is suspicious, and nothing is committed (U4, defect 2)", () => {
  const { service, serving, pass, give, names } = world();
  serving({ users: people(100) });
  pass(601);
  give({ users: people(70) });
  assert.equal(names().length, 100);
  assert.equal(service.view().sources[0]?.state, "suspicious");
  assert.equal(service.view().sources[0]?.reason, "users 100 to 70, groups 0 to 0");
  pass(601);
  give({ users: people(71) });
  assert.equal(names().length, 71, "29 percent are believed");
});

test("a few users may go, but not the last, and groups are guarded like users (U4)", () => {
  const { serving, pass, give, names, service } = world();
  serving({ users: people(19), groups: [group("g", 3001)] });
  pass(601);
  give({ users: people(2), groups: [group("g", 3001)] });
  assert.equal(names().length, 2);
  pass(601);
  give({ users: people(2) });
  assert.equal(service.view().sources[0]?.state, "suspicious");
  assert.equal(service.updates.snapshot?.groups.count, 1);
  pass(601);
  give({ groups: [group("g", 3001)] });
  assert.equal(names().length, 2);
});

test("the same suspicious result is believed after three cycles, another one begins anew, and an operator need not wait (U4)", () => {
  const { service, serving, pass, give, names, settle } = world();
  serving({ users: people(100) });
  for (const count of [50, 50, 40, 40, 40]) {
    pass(601);
    give({ users: people(count) });
    assert.equal(names().length, 100, `${count}`);
  }
  pass(601);
  give({ users: people(40) });
  assert.equal(names().length, 40);
  pass(601);
  give({});
  assert.equal(names().length, 40);
  assert.equal(service.updates.accept("nobody"), false);
  assert.equal(service.updates.accept("first"), true);
  settle();
  give({});
  assert.equal(names().length, 0);
});

test("what is suspicious of one source stays as it was, even where a dead source would be left out (U4)", () => {
  const { ready, give, pass, names } = world(two("drop"));
  ready();
  give({ users: people(50) }, 0);
  give({ users: [user("b", 9001)] }, 1);
  pass(601);
  give({}, 0);
  give({ users: [user("c", 9002)] }, 1);
  assert.equal(names().length, 51);
  assert.ok(names().includes("c"));
});

test("a bad entry is dropped, counted by its reason and named ten times at most; the others are served (U6, defects 14 and 15)", () => {
  const { service, serving, names, logged } = world();
  const bad = Array.from({ length: 30 }, (_, i) => user(`bad${i}`, 5));
  serving({
    users: [...bad, user("alice", 3_000_000_000), user("x:y", 2001), user("b", 2002, { gecos: "a\nb" })],
    groups: [group("sudo", 3001), group("ok", 3002)],
  });
  assert.deepEqual(names(), ["alice"]);
  const rejected = { "group-local-name": 1, "user-bad-char": 1, "user-bad-name": 1, "user-id-range": 30 };
  assert.deepEqual(service.view().sources[0]?.rejected, rejected);
  assert.equal(logged.filter((line) => line.includes("entryRefused") && line.includes("id-range")).length, 10);
});

test("what an entry is called cannot play tricks on the log", () => {
  const { serving, logged } = world();
  serving({ users: [user("ok", 2001), user("\u001b[2J\u202eevil", 2002)] });
  const line = logged.find((line) => line.includes("entryRefused")) ?? "";
  assert.doesNotMatch(line, /[\u001b\u202e]/);
});

test("what a server says of its failure cannot play tricks on the view or the log either", () => {
  const { service, ready, fail, logged } = world();
  ready();
  fail(`busy\u001b[2J\u202e${"x".repeat(10_000)}`);
  const shown = service.view().sources[0]?.reason ?? "";
  assert.match(shown, /^busy\\u\{1b\}\[2J\\u\{202e\}x/);
  assert.ok(shown.length < 1000);
  assert.ok(logged.every((line) => !line.includes("\u001b") && line.length < 2000));
});

test("after failures the next update comes in 5 s, 10 s, 20 s ... within a fifth, and never later than the interval (U7)", () => {
  const { ready, fail, pulls, pass, service, timeline } = world();
  ready();
  const pauses: number[] = [];
  for (let i = 0; i < 10; i++) {
    const failedAt = timeline.now;
    fail("refused");
    while (service.updates.phase !== "pulling") pass(0.1);
    pauses.push(((pulls.at(-1)?.at ?? 0) - failedAt) / 1000);
  }
  for (const [i, pause] of pauses.entries()) {
    const middle = 5 * 2 ** i;
    if (middle * 0.8 >= 600) assert.ok(Math.abs(pause - 600) < 0.001);
    else assert.ok(pause >= Math.min(600, middle * 0.8) && pause <= Math.min(600, middle * 1.2), `${i}: ${pause}`);
  }
});

test("a source that does not answer has failed at the end of the interval, and its late answer is dropped (U1, defect 10)", () => {
  const { service, serving, pass, pulls, names } = world();
  serving({ users: people(2) });
  pass(601);
  pass(600);
  assert.equal(service.view().sources[0]?.reason, "not in time");
  service.pulled({ update: 2, source: 0, ok: true, reason: "", users: 0, groups: 0, rejects: [] });
  pass(10);
  assert.equal(pulls.length, 3);
  assert.equal(names().length, 2);
});

test("a fetcher that dies fails its update; the next one begins when it is back (U9)", () => {
  const { service, serving, pass, pulls, ready } = world();
  serving({ users: people(2) });
  pass(601);
  service.updates.fetcherLost();
  assert.equal(service.view().sources[0]?.reason, "fetcher lost");
  pass(3600);
  assert.equal(pulls.length, 2);
  ready();
  assert.equal(pulls.length, 3);
});

test("a configuration that comes again while the state file is read loses nothing of it (U8)", () => {
  const first = world();
  first.serving({ users: [user("ada", 2001)] });
  const [bytes = new Uint8Array(0)] = first.saved;
  const next = world();
  next.service.stored(bytes);
  next.service.configure(CONFIG);
  next.service.configure({ ...CONFIG, intervalSeconds: CONFIG.intervalSeconds + 1 });
  next.settle();
  assert.deepEqual(next.names(), ["ada"]);
  const other = world();
  other.service.stored(bytes);
  other.service.configure({ ...CONFIG, domain: "another" });
  other.settle();
  assert.deepEqual(other.names(), [], "of another domain nothing is taken");
});

test("what was saved is served after a start with the network down, and checked again (U8, §9.8 8)", () => {
  const first = world();
  first.serving({ users: [user("alice", 2001), user("bob", 2002)], groups: [group("staff", 3001, ["alice"])] });
  const [bytes] = first.saved;
  assert.ok(bytes !== undefined);
  const next = world();
  next.service.stored(bytes);
  next.settle();
  assert.deepEqual(next.names(), ["alice", "bob"]);
  assert.equal(next.service.updates.snapshot?.memberships.isMember("alice", 0), true);
  const narrow = world({ ...CONFIG, idFences: { ...CONFIG.idFences, localUsers: ["alice"] } });
  narrow.service.stored(bytes);
  narrow.settle();
  assert.deepEqual(narrow.names(), ["bob"]);
  const damaged = world();
  damaged.service.stored(bytes.map((byte, i) => (i === 40 ? byte ^ 1 : byte)));
  damaged.settle();
  assert.equal(damaged.service.updates.snapshot, undefined);
  assert.ok(damaged.logged.some((line) => line.includes("storedDirectoryUnusable")));
});

test("what was saved keeps its age and guards the first pull (U4, U8)", () => {
  const first = world();
  first.serving({ users: people(100) });
  const next = world();
  next.pass(5000);
  next.service.stored(first.saved[0] ?? new Uint8Array(0));
  next.ready();
  assert.equal(next.service.view().snapshot?.ageSeconds, 5000);
  next.give({ users: people(10) });
  assert.equal(next.names().length, 100);
  assert.equal(next.service.view().sources[0]?.state, "suspicious");
});

test("a directory that is the same is written once an hour, one that changed at once (U8)", () => {
  const { serving, give, pass, saved, service } = world();
  serving({ users: people(5) });
  for (let i = 0; i < 5; i++) {
    pass(601);
    give({ users: people(5) });
  }
  assert.equal(saved.length, 1);
  pass(601);
  give({ users: people(5) });
  assert.equal(saved.length, 2);
  pass(601);
  give({ users: people(6) });
  assert.equal(saved.length, 3);
  assert.equal(service.view().snapshot?.users, 6);
});

test("a new configuration checks what is served again, drops the update under way and begins another (U9, defect 26)", () => {
  const { service, serving, pass, settle, names, pulls } = world();
  serving({ users: people(3) });
  pass(601);
  service.configure({ ...CONFIG, idFences: { ...CONFIG.idFences, minUid: 2003 } });
  settle();
  assert.deepEqual(names(), ["u2003"]);
  assert.equal(pulls.length, 3);
  service.pulled({ update: 2, source: 0, ok: true, reason: "", users: 0, groups: 0, rejects: [] });
  assert.equal(service.view().entriesDropped["old-update"], 1);
});

test("a group of 40,000 members comes in parts and is whole (§9.8 6)", () => {
  const { service, ready, settle } = world();
  ready();
  const members = Array.from({ length: 40_000 }, (_, i) => `member${i}`);
  for (let first = 0; first < members.length; first += 1000) {
    const part = { ...group("everybody", 3001, members.slice(first, first + 1000)), more: first + 1000 < members.length };
    service.entries({ update: 1, source: 0, users: [], groups: [part] });
  }
  service.pulled({ update: 1, source: 0, ok: true, reason: "", users: 0, groups: 1, rejects: [] });
  settle();
  const { groups, memberships } = service.updates.snapshot ?? {};
  assert.deepEqual([memberships?.hasMoreMembersThan(39_999, 0), memberships?.hasMoreMembersThan(40_000, 0)], [true, false]);
  assert.equal(textOf(groups?.line(0) ?? new Uint8Array(0)), `everybody:*:3001:${members.join(",")}`);
});

test("without a source nothing is pulled, and nothing is served (defect 32)", () => {
  const { service, ready, pass, pulls } = world({ ...CONFIG, sources: [] });
  ready();
  pass(3600);
  assert.equal(pulls.length, 0);
  assert.equal(service.updates.snapshot, undefined);
});
