/** Keys for SSH: from the entry to root and to whoever they are of, and to nobody else (directory §6.3, threat: what is privileged gets out). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeAll } from "../../../src/base/codec.ts";
import { DIRECTORY_LIMITS } from "../../../src/base/limits-directory.ts";
import { storedTexts } from "../../../src/services/directory/by-name.ts";
import { fencesOf } from "../../../src/services/directory/check.ts";
import { Gathering } from "../../../src/services/directory/gathering.ts";
import { harvestOf } from "../../../src/services/directory/restore.ts";
import { decodeState } from "../../../src/services/directory/snapshot-file.ts";
import { joinedKeys, type KeyFault, keysIn } from "../../../src/services/directory/ssh-keys.ts";
import { finish } from "../../../src/services/directory/sort.ts";
import { VarlinkFrames } from "../../../src/wire/varlink/frames.ts";
import type { JsonObject } from "../../../src/wire/varlink/json.ts";
import { varlinkReply } from "../../../src/wire/varlink/message.ts";
import { CONFIG, connect, user, utf8, world } from "./world.ts";

const BLOB = "AAAAC3NzaC1lZDI1NTE5AAAAIH3mCs3mmMyxRs2TLqQ1";
const KEY = `ssh-ed25519 ${BLOB} ada@home`;
const SECOND = `from="192.0.2.0/24",restrict ecdsa-sha2-nistp256 ${BLOB}==`;
const SERVICE = "org.example.directory";
const ROOT = 0;
const WITH_KEYS = { ...CONFIG, userdb: { service: SERVICE, enumerate: true, sshKeys: true } };
const ADA = user("ada", 2001, { sshKeys: `${KEY}\t${SECOND}` });
const PEOPLE = [ADA, user("bob", 2002, { sshKeys: KEY }), user("cid", 2003)];

const changedNames = (happened: ReturnType<typeof world>["happened"]): unknown =>
  (happened.at(-1)?.record as { readonly users?: { readonly names?: { readonly changed?: unknown } } } | undefined)?.users?.names?.changed;

type Told = { readonly record: JsonObject; readonly incomplete: boolean };

function serving(users = PEOPLE, config: typeof CONFIG = WITH_KEYS) {
  const self = world(config);
  self.serving({ users });
  const told = (caller: number | undefined, parameters: JsonObject = {}): readonly Told[] => {
    const client = connect(self.service, { purpose: "userdb", peer: "", port: 0, uid: caller });
    const call = { method: "io.systemd.UserDatabase.GetUserRecord", parameters: { service: SERVICE, ...parameters }, more: true };
    client.send(utf8(`${JSON.stringify(call)}\0`));
    const frames = new VarlinkFrames();
    frames.push(client.bytes());
    const all: Told[] = [];
    for (let frame = frames.next(); frame !== undefined; frame = frames.next())
      all.push(decodeAll(varlinkReply, frame).parameters as unknown as Told);
    return all;
  };
  const keysOf = (caller: number | undefined, parameters: JsonObject = { userName: "ada" }): unknown => {
    const [one] = told(caller, parameters);
    return one?.record["privileged"] ?? (one?.incomplete === true ? "withheld" : "none");
  };
  return { ...self, told, keysOf };
}

test("root and the user get the keys, by name and by number; for others the record is incomplete (§6.3)", () => {
  const { keysOf } = serving();
  const keys = { sshAuthorizedKeys: [KEY, SECOND] };
  for (const parameters of [{ userName: "ada" }, { uid: 2001 }, { userName: "ada", uid: 2001 }]) {
    assert.deepEqual(keysOf(ROOT, parameters), keys);
    assert.deepEqual(keysOf(2001, parameters), keys);
    for (const stranger of [2002, 1, 1000, 65_534, 65_535, 0xffffffff, undefined])
      assert.equal(keysOf(stranger, parameters), "withheld", String(stranger));
  }
  assert.equal(keysOf(2002, { userName: "cid" }), "none", "where nothing is held back nothing is missing");
});

test("who lists everybody gets the own keys and no others; root gets all (§6.3)", () => {
  const { told } = serving();
  const shown = (caller: number) => told(caller).map(({ record, incomplete }) => [record["userName"], "privileged" in record, incomplete]);
  assert.deepEqual(shown(ROOT), [
    ["ada", true, false],
    ["bob", true, false],
    ["cid", false, false],
  ]);
  assert.deepEqual(shown(2002), [
    ["ada", false, true],
    ["bob", true, false],
    ["cid", false, false],
  ]);
});

test("a user whom the directory gives the uid of everybody without one here is not served keys as oneself (threat)", () => {
  const { keysOf } = serving([user("eve", 65_534, { sshKeys: KEY }), ...PEOPLE]);
  assert.equal(keysOf(65_534, { userName: "eve" }), "withheld", "any process of another user namespace may have it");
  assert.deepEqual(keysOf(ROOT, { userName: "eve" }), { sshAuthorizedKeys: [KEY] });
});

test("where nobody maps keys none is kept, served or saved, whatever the fetcher sends", () => {
  const { keysOf, saved, service } = serving(PEOPLE, CONFIG);
  assert.equal(keysOf(ROOT), "none");
  assert.equal(service.updates.snapshot?.sshKeys.size, 0);
  assert.ok(saved.length > 0 && saved.every((file) => !Buffer.from(file).includes(BLOB)));
});

test("the engine looks at each key again: what is none is left out and counted, and the user stays", () => {
  const { keysOf, service } = serving([
    user("ada", 2001, { sshKeys: ["no key", KEY, `${KEY}\nssh-rsa ${BLOB}`, KEY].join("\t") }),
    ...PEOPLE.slice(1),
  ]);
  assert.deepEqual(keysOf(ROOT), { sshAuthorizedKeys: [KEY] });
  const [source] = service.updates.sources;
  assert.deepEqual([source?.rejected["key-bad-key"], source?.rejected["key-bad-character"]], [1, 1]);
});

test("a line of authorized_keys is a key; control characters, comments, other texts and too much are not", () => {
  const judged = (...keys: readonly string[]) => {
    const faults: KeyFault[] = [];
    return [keysIn(joinedKeys(keys, (fault) => faults.push(fault))), faults] as const;
  };
  for (const key of [KEY, SECOND, `ssh-rsa ${BLOB}==`, `sk-ssh-ed25519@openssh.com ${BLOB} Jürgen`, `ssh-ed25519-cert-v01@openssh.com ${BLOB}`])
    assert.deepEqual(judged(key), [[key], []], key);
  for (const key of ["", "ssh-rsa", BLOB, `ssh-rsa${BLOB}`, `# ${KEY}`, `ssh-rsa ${BLOB}:`]) assert.deepEqual(judged(key), [[], ["bad-key"]], key);
  for (const sign of ["\n", "\r", "\0", "\t", "\u001b", "\u0085"]) assert.deepEqual(judged(`${KEY}${sign}${KEY}`), [[], ["bad-character"]]);
  assert.deepEqual(judged(`${KEY}\ud800`), [[], ["not-utf8"]]);
  assert.deepEqual(judged(`${KEY}${"x".repeat(DIRECTORY_LIMITS.sshKeyCharacters)}`), [[], ["too-long"]]);
  assert.deepEqual(judged(KEY, KEY), [[KEY], []], "once");
  const many = Array.from({ length: 400 }, (_, i) => `${KEY}${i}`);
  const [kept, faults] = judged(...many);
  assert.ok(kept.length > 100 && kept.length < 300 && kept.length + faults.length === 400);
  assert.ok(new Set(faults).size === 1 && faults[0] === "too-long");
  assert.ok(utf8(joinedKeys(many, () => undefined)).length <= DIRECTORY_LIMITS.sshKeysBytes);
});

test("a source with more keys than there is room for has failed: what was served stays", () => {
  const keys = ["A", "B"].map((letter) => `ssh-rsa ${letter.repeat(8000)}`).join("\t");
  const most = Math.floor(DIRECTORY_LIMITS.sshKeysHeldCharacters / keys.length);
  const gathered = (count: number) => {
    const gathering = new Gathering(fencesOf(CONFIG.idFences, false, true), () => undefined);
    for (let i = 0; i < count; i++) gathering.user(user(`u${i}`, 2000 + i, { sshKeys: keys }));
    const harvest = gathering.finish(undefined);
    return typeof harvest === "string" ? harvest : harvest.sshKeys.size;
  };
  assert.deepEqual([gathered(most), gathered(most + 1)], [most, "too-many"]);
});

test("a source behind another one gives nobody keys who is that one's, also not where it has none (threat)", () => {
  const self = world({ ...WITH_KEYS, sources: ["first", "second"].map((name) => ({ name, onFailure: "hold", shrinkPercent: 30, keepSeconds: 60 })) });
  self.ready();
  self.give({ users: [user("ada", 2001), user("bob", 2002, { sshKeys: KEY })] }, 0);
  self.give({ users: [user("ada", 2001, { sshKeys: KEY }), user("bob", 2002, { sshKeys: SECOND }), user("dan", 2004, { sshKeys: SECOND })] }, 1);
  assert.deepEqual(
    [...(self.service.updates.snapshot?.sshKeys ?? [])],
    [
      ["ada", ""],
      ["bob", KEY],
      ["dan", SECOND],
    ],
  );
});

test("another key of somebody is served and saved, also when it comes as a change (RFC 4533); who goes takes them along", () => {
  const self = serving();
  self.pass(700);
  self.give({ users: [{ ...ADA, sshKeys: SECOND }, ...PEOPLE.slice(1)] });
  assert.deepEqual(self.keysOf(ROOT), { sshAuthorizedKeys: [SECOND] });
  assert.equal(self.saved.length, 2, "although no line is another one");
  assert.deepEqual(changedNames(self.happened), ["ada"], "an operator hears of it");
  const { update } = self.service.updates;
  const change = (number: number, what: object): void => {
    self.service.changes({ update, change: number, source: 0, users: [], groups: [], goneUsers: [], goneGroups: [], ...what });
    self.settle();
  };
  change(1, { users: [{ ...ADA, sshKeys: `${KEY}\tno key` }] });
  assert.deepEqual(self.keysOf(2001), { sshAuthorizedKeys: [KEY] });
  assert.deepEqual(changedNames(self.happened), ["ada"]);
  assert.equal(self.happened.length, 2);
  change(2, { users: [{ ...ADA, sshKeys: "" }] });
  assert.equal(self.keysOf(ROOT), "none");
  change(3, { goneUsers: ["bob"] });
  assert.equal(self.service.updates.snapshot?.sshKeys.has("bob"), false);
  change(4, { users: [user("bob", 2002)] });
  assert.equal(self.keysOf(ROOT, { userName: "bob" }), "none");
});

test("what a held update would change says how many keys, and shows none", () => {
  const self = world({ ...WITH_KEYS, sources: ["first", "second"].map((name) => ({ name, onFailure: "hold", shrinkPercent: 30, keepSeconds: 60 })) });
  self.ready();
  self.give({ users: PEOPLE }, 0);
  self.give({ users: [] }, 1);
  self.pass(700);
  self.give({ users: [{ ...ADA, sshKeys: `${SECOND}\t${KEY}1\t${KEY}2` }, ...PEOPLE.slice(1, 2), { ...user("cid", 2003), sshKeys: KEY }] }, 0);
  self.fail("away", 1);
  const diff = JSON.stringify(self.service.detail("diff", 0));
  assert.ok(diff.includes('{"field":"sshKeys","before":"2","after":"3, 2 new"}') && diff.includes('"before":"0","after":"1, 1 new"'), diff);
  assert.equal(diff.includes(BLOB) || diff.includes('"bob"'), false);
});

test("where keys are kept neither updates nor requests are recorded", () => {
  const { service } = serving();
  assert.deepEqual([service.record("updates", 10), service.record("requests", 10)], [false, false]);
  const without = serving(PEOPLE, CONFIG).service;
  assert.deepEqual([without.record("updates", 10), without.record("requests", 10)], [true, true]);
  assert.equal(JSON.stringify([without.trace("updates"), without.trace("requests")]).includes(BLOB), false);
  const later = serving(PEOPLE, CONFIG);
  assert.deepEqual([later.service.record("updates", 10), later.service.record("requests", 10)], [true, true]);
  later.service.configure(WITH_KEYS);
  later.settle();
  later.keysOf(ROOT);
  const traces = ["updates", "requests"].map((name) => later.service.trace(name)?.join() ?? "");
  assert.ok(
    traces.every((text) => text !== "" && !/sshKeys":true|varlink/.test(text)),
    "a recording under way ends before",
  );
});

test("what was saved brings keys back where they are still wanted", () => {
  const line = utf8("ada:*:2001:2000:Ada:/home/ada:/bin/sh\n");
  const stored = { users: line, groups: utf8(""), sshKeys: storedTexts(new Map([["ada", KEY]])) };
  const restored = (keep: boolean) => [...(finish(harvestOf(stored, fencesOf(CONFIG.idFences, false, keep)))?.sshKeys ?? [])];
  assert.deepEqual(restored(true), [["ada", KEY]]);
  assert.deepEqual(restored(false), []);
  const { saved } = serving();
  const state = finish(decodeState(saved.at(-1) ?? utf8(""), "home"));
  assert.match(new TextDecoder().decode(state?.sources[0]?.sshKeys), /^ada:ssh-ed25519 .*\nbob:ssh-ed25519 .*\ncid:\n$/s);
});
