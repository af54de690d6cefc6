/** Active Directory cuts long attributes: 1,500 values, and the name of the attribute says which. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LIMITS } from "../../../src/base/limits.ts";
import type { SessionEffect } from "../../../src/machines/ldap-session/state.ts";
import { failureIn, kinds, SESSION, searchIn, Talk } from "../../support/session.ts";

const values = (first: number, last: number): readonly string[] => Array.from({ length: last - first + 1 }, (_, i) => `m${first + i}`);

/** In the groups' search. */
function groups(): Talk {
  const talk = new Talk({ pageSize: 0 });
  talk.tell({ kind: "connected" });
  talk.done(0, false);
  return talk;
}

function membersIn(effects: readonly SessionEffect[], name: string): readonly string[] | undefined {
  for (const effect of effects) {
    if (effect.kind !== "entry" || effect.entry.name !== name) continue;
    const members = effect.entry.attributes.filter(({ description }) => description === "member");
    assert.equal(members.length, 1, "the attribute is there once, without its range");
    return members[0]?.values.map((value) => new TextDecoder().decode(value));
  }
  return undefined;
}

test("the rest of a long attribute is asked for until there is none, and only then is the entry given", () => {
  const talk = groups();
  assert.deepEqual(talk.entry("cn=big", { cn: ["big"], member: [], "member;range=0-1499": values(0, 1499) }), []);
  assert.deepEqual(kinds(talk.entry("cn=small", { cn: ["small"] })), ["entry"]);
  const second = searchIn(talk.done(0, false));
  assert.deepEqual([second.request.base, second.request.scope, second.request.attributes], ["cn=big", "base", ["member;range=1500-*"]]);
  talk.entry("CN=big", { "member;range=1500-2999": values(1500, 2999) });
  const third = searchIn(talk.done(0, false));
  assert.deepEqual(third.request.attributes, ["member;range=3000-*"]);
  talk.entry("cn=big", { "member;range=3000-*": values(3000, 3100) });
  const end = talk.done(0, false);
  assert.deepEqual(kinds(end), ["entry", "send", "close", "finished"]);
  assert.deepEqual(membersIn(end, "cn=big"), values(0, 3100));
});

test("several long entries wait their turn, across pages", () => {
  const talk = new Talk();
  talk.tell({ kind: "connected" });
  talk.entry("cn=a", { "member;range=0-0": ["a0"] });
  assert.equal(searchIn(talk.done(0, "more")).cookie, "more");
  talk.entry("cn=b", { "member;range=0-0": ["b0"] });
  assert.equal(searchIn(talk.done()).request.base, "cn=a");
  talk.entry("cn=a", { "member;range=1-*": ["a1"] });
  const first = talk.done(0, false);
  assert.deepEqual(membersIn(first, "cn=a"), ["a0", "a1"]);
  talk.entry("cn=b", { "member;range=1-*": ["b1"] });
  const second = talk.done(0, false);
  assert.deepEqual(membersIn(second, "cn=b"), ["b0", "b1"]);
  assert.equal(searchIn(second).request.base, SESSION.searches[1]?.base);
});

test("a range that is already whole is given at once", () => {
  assert.deepEqual(membersIn(groups().entry("cn=a", { "member;range=0-*": ["x", "y"] }), "cn=a"), ["x", "y"]);
});

test("values are kept when the bytes of their message are used again", () => {
  const talk = groups();
  const bytes = new TextEncoder().encode("first");
  talk.answer({ kind: "searchResultEntry", name: "cn=a", attributes: [{ description: "member;range=0-0", values: [bytes] }] });
  bytes.fill(0x7a);
  talk.done(0, false);
  talk.entry("cn=a", { "member;range=1-*": ["second"] });
  assert.deepEqual(membersIn(talk.done(0, false), "cn=a"), ["first", "second"]);
});

test("values that do not follow on those before, or of another entry, or none, are a failure and no shorter group", () => {
  const wrong: readonly (readonly [string, Readonly<Record<string, readonly string[]>>])[] = [
    ["cn=a", { "member;range=5-*": ["x"] }],
    ["cn=a", { "member;range=0-*": ["x"] }],
    ["cn=a", { "member;range=1-2": [] }],
    ["cn=a", { "owner;range=1-*": ["x"] }],
    ["cn=a", {}],
    ["cn=b", { "member;range=1-*": ["x"] }],
  ];
  for (const [name, attributes] of wrong) {
    const talk = groups();
    talk.entry("cn=a", { "member;range=0-0": ["m0"] });
    talk.done(0, false);
    assert.equal(failureIn(talk.entry(name, attributes)), "bad-range", JSON.stringify(attributes));
  }
  const silent = groups();
  silent.entry("cn=a", { "member;range=0-0": ["m0"] });
  silent.done(0, false);
  assert.equal(failureIn(silent.done(0, false)), "bad-range", "the entry is gone");
  for (const attributes of [
    { "member;range=1-2": ["x"] },
    { "member;range=0-1": [] },
    { "member;range=x": ["x"] },
    { "a;range=0-0": ["x"], "b;range=0-0": ["x"] },
  ]) {
    assert.equal(failureIn(groups().entry("cn=a", attributes as Record<string, readonly string[]>)), "bad-range", JSON.stringify(attributes));
  }
});

test("entries that wait for their rest are limited", () => {
  const talk = groups();
  for (let i = 0; i < LIMITS.ldapPartialEntries; i++) assert.deepEqual(talk.entry(`cn=${i}`, { "member;range=0-0": ["x"] }), []);
  assert.equal(failureIn(talk.entry("cn=one more", { "member;range=0-0": ["x"] })), "bad-range");
});

test("values of one entry are limited, however they come", () => {
  const talk = groups();
  const many = new Uint8Array(1);
  const half = Array.from({ length: LIMITS.ldapValues / 2 }, () => many);
  const part = (first: number, last: number | "*"): readonly SessionEffect[] =>
    talk.answer({ kind: "searchResultEntry", name: "cn=a", attributes: [{ description: `member;range=${first}-${last}`, values: half }] });
  part(0, half.length - 1);
  talk.done(0, false);
  part(half.length, 2 * half.length - 1);
  talk.done(0, false);
  assert.equal(failureIn(part(2 * half.length, "*")), "bad-range");
});
