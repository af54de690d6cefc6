/** All sources of one update: each once, none waiting for another, and what is half is nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { instant } from "../../../../src/base/time.ts";
import type { LogFields } from "../../../../src/ports/log.ts";
import type { SourceConfig } from "../../../../src/services/directory/config.ts";
import type { Batch } from "../../../../src/services/directory/fetch/batches.ts";
import { Puller, type Pulled } from "../../../../src/services/directory/fetch/puller.ts";
import { LIMITS } from "../../../../src/base/limits.ts";
import { SimClock, Timeline } from "../../../../src/sim/clock.ts";
import { encodeLdap } from "../../../../src/wire/ldap/message.ts";
import type { Operation, SearchResultEntry } from "../../../../src/wire/ldap/operations.ts";
import { type ActedStream, ActedStreams } from "../../../support/acted-streams.ts";
import { FENCES } from "../../../support/pulling.ts";
import { resultOf } from "../../../support/session.ts";

const attribute = (value: string) => ({ kind: "attribute", value }) as const;
const SECRET = "open sesame";

function source(name: string, other: Partial<SourceConfig> = {}): SourceConfig {
  return {
    name,
    servers: [{ host: `${name}.test`, address: undefined, port: 389 }],
    srv: "",
    transport: "plain",
    trustedPem: "",
    clientPem: undefined,
    bind: "simple",
    bindDn: "",
    bindPassword: "",
    authorizationId: "",
    pageSize: 0,
    pagination: "try",
    referrals: "ignore",
    nested: false,
    refresh: "whole",
    reconcileSeconds: 21_600,
    users: {
      base: "ou=people",
      scope: "subtree",
      filter: "(uid=*)",
      fields: {
        name: attribute("uid"),
        password: { kind: "fixed", value: "*" },
        uid: attribute("uidNumber"),
        gid: { kind: "fixed", value: "3000" },
        gecos: { kind: "fixed", value: "" },
        home: { kind: "fixed", value: "/home" },
        shell: { kind: "fixed", value: "" },
        sshKeys: { kind: "fixed", value: "" },
      },
    },
    groups: {
      base: "ou=teams",
      scope: "subtree",
      filter: "(cn=*)",
      fields: {
        name: attribute("cn"),
        password: { kind: "fixed", value: "*" },
        gid: attribute("gidNumber"),
        members: { kind: "list", value: "memberUid" },
      },
    },
    ...other,
  };
}

function entry(name: string, attributes: Readonly<Record<string, readonly string[]>>): SearchResultEntry {
  const utf8 = new TextEncoder();
  return {
    kind: "searchResultEntry",
    name,
    attributes: Object.entries(attributes).map(([description, values]) => ({ description, values: values.map((value) => utf8.encode(value)) })),
  };
}

const DONE: Operation = { kind: "searchResultDone", result: resultOf(0) };
const person = (name: string, uid = 2000): SearchResultEntry => entry(`uid=${name}`, { uid: [name], uidNumber: [String(uid)] });
const team = (name: string): SearchResultEntry => entry(`cn=${name}`, { cn: [name], gidNumber: ["3000"], memberUid: ["ada"] });

class World {
  readonly timeline = new Timeline();
  readonly streams = new ActedStreams();
  readonly batches: (Batch & { readonly update: number; readonly source: number })[] = [];
  readonly results: Pulled[] = [];
  readonly logged: { readonly event: string; readonly fields: LogFields }[] = [];
  readonly puller: Puller;

  constructor(...sources: readonly SourceConfig[]) {
    this.puller = new Puller({
      clock: new SimClock(this.timeline, 1),
      streams: this.streams,
      output: { entries: (batch) => this.batches.push(batch), pulled: (result) => this.results.push(result) },
      log: { write: (_level, event, fields) => this.logged.push({ event, fields }) },
    });
    this.puller.configure({ resolvers: ["192.0.2.53"], idFences: FENCES, sources });
  }

  /** Everything that left for the engine and the log, as text. */
  get told(): string {
    return JSON.stringify([this.batches, this.results, this.logged]);
  }

  get answers(): readonly string[] {
    return this.results.map(({ update, source: index, reason }) => `${update}/${index} ${reason === "" ? "ok" : reason}`);
  }
}

/** A server that has one user and one team. */
function serve(stream: ActedStream, name = "ada"): void {
  stream.connect();
  assert.equal(stream.base, "ou=people");
  stream.answer(person(name), DONE);
  assert.equal(stream.base, "ou=teams");
  stream.answer(team(`${name}s`), DONE);
}

test("every source is asked exactly once for each update, and answered for exactly once", () => {
  const world = new World(source("first"), source("second"), source("third"));
  assert.equal(world.puller.pull(7), 3);
  assert.deepEqual(
    world.streams.made.map(({ target }) => [target.host, target.port, target.resolvers]),
    ["first", "second", "third"].map((name) => [`${name}.test`, 389, ["192.0.2.53"]]),
  );
  for (const i of [2, 0, 1]) serve(world.streams.at(i), `user${i}`);
  assert.deepEqual(world.answers, ["7/2 ok", "7/0 ok", "7/1 ok"]);
  assert.equal(world.streams.made.length, 3);
  assert.deepEqual(
    world.batches.map(({ update, source: index, users, groups }) => [update, index, users.map(({ name }) => name), groups.map(({ name }) => name)]),
    [2, 0, 1].map((i) => [7, i, [`user${i}`], [`user${i}s`]]),
  );
  assert.deepEqual([world.results[0]?.users, world.results[0]?.groups], [1, 1]);
  assert.ok(world.streams.made.every(({ closed, sent }) => closed && sent.at(-1)?.operation.kind === "unbindRequest"));
  for (const stream of world.streams.made) stream.handlers.closed();
  world.timeline.runUntil(instant(100_000_000));
  assert.equal(world.results.length, 3, "nothing more, however long one waits");
});

test("a source that is silent keeps no other waiting, and fails after its time", () => {
  const world = new World(source("silent"), source("mute"), source("good"));
  world.puller.pull(1);
  world.streams.at(1).connect();
  serve(world.streams.at(2));
  assert.deepEqual(world.answers, ["1/2 ok"]);
  world.timeline.runUntil(instant(10_000));
  assert.deepEqual(world.answers, ["1/2 ok", "1/0 connect-timeout"]);
  world.timeline.runUntil(instant(30_000));
  assert.deepEqual(world.answers, ["1/2 ok", "1/0 connect-timeout", "1/1 users: idle-timeout"]);
});

test("an update ends in its time, whatever a server still has to say", () => {
  const world = new World(source("slow"));
  world.puller.pull(1, 60);
  const stream = world.streams.at(0);
  stream.connect();
  for (let second = 1; second < 60; second++) {
    world.timeline.runUntil(instant(second * 1000));
    stream.answer(person(`user${second}`));
  }
  assert.deepEqual(world.answers, []);
  world.timeline.runUntil(instant(60_000));
  assert.deepEqual(world.answers, ["1/0 users: update-timeout"]);
  assert.ok(stream.closed);
});

test("no entry is sent after a source has failed, and what was sent before is not said to be all", () => {
  const world = new World(source("one"));
  world.puller.pull(1);
  const stream = world.streams.at(0);
  stream.connect();
  stream.answer(person("ada"), { kind: "searchResultDone", result: resultOf(4) }, person("late"));
  assert.deepEqual(world.answers, ["1/0 users: search-refused 4 (sizeLimitExceeded)"]);
  assert.deepEqual(world.batches, []);
  assert.deepEqual(world.logged.at(-1), {
    event: "pullFailed",
    fields: { source: "one", update: 1, reason: "users: search-refused 4 (sizeLimitExceeded)" },
  });
});

test("the next update gives up the one under way, whose late answers count for nothing", () => {
  const world = new World(source("one"));
  world.puller.pull(1);
  const old = world.streams.at(0);
  old.connect();
  world.puller.pull(2);
  assert.deepEqual(world.answers, ["1/0 superseded"]);
  assert.ok(old.closed);
  old.answer(person("old"), DONE);
  old.handlers.closed();
  serve(world.streams.at(1));
  assert.deepEqual(world.answers, ["1/0 superseded", "2/0 ok"]);
  assert.ok(world.batches.every(({ update }) => update === 2));
});

test("a new configuration gives up what goes by the old one", () => {
  const world = new World(source("one"));
  world.puller.pull(1);
  world.puller.configure({ resolvers: [], idFences: FENCES, sources: [source("other"), source("more")] });
  assert.deepEqual(world.answers, ["1/0 superseded"]);
  assert.equal(world.puller.pull(2), 2);
});

test("the bind secret is in one request and nowhere else (RFC 4511 §4.2)", () => {
  const world = new World(source("one", { bindDn: "cn=reader", bindPassword: SECRET }));
  world.puller.pull(1);
  const stream = world.streams.at(0);
  stream.connect();
  const holds = (bytes: Uint8Array): boolean => Buffer.from(bytes).includes(SECRET);
  assert.deepEqual(stream.bytes.map(holds), [true]);
  stream.answer({ kind: "bindResponse", result: resultOf(49, `no such password: ${"x".repeat(50)}`) });
  assert.deepEqual(stream.bytes.map(holds), [true]);
  assert.ok(!world.told.includes(SECRET));
  assert.match(world.answers[0] ?? "", /^1\/0 bind-refused 49 \(invalidCredentials: no such password/);
});

test("a name without its secret is not used: servers would take it for nobody (RFC 4513 §5.1.2)", () => {
  const world = new World(source("one", { bindDn: "cn=reader" }));
  world.puller.pull(1);
  assert.equal(world.streams.made.length, 0);
  assert.match(world.answers[0] ?? "", /^1\/0 no-password/);
});

test("a filter that is none is said to be so", () => {
  const bad = source("one");
  const world = new World({ ...bad, users: { ...bad.users, filter: "(uid=" } });
  world.puller.pull(1);
  assert.deepEqual(world.answers, ["1/0 bad-filter"]);
});

test("dropped entries are counted by reason, and ten of each are named", () => {
  const world = new World(source("one"));
  world.puller.pull(1);
  const stream = world.streams.at(0);
  stream.connect();
  const bad = Array.from({ length: 25 }, (_, i) => person(`bad${i}`, 0));
  stream.answer(person("ada"), ...bad, person("ada"), { kind: "searchResultReference", uris: ["ldap://x"] }, DONE);
  stream.answer(entry("cn=\u001b[2Jx", { cn: ["x y"] }), DONE);
  assert.deepEqual(
    world.results[0]?.rejects.map(({ reason, count }) => ({ reason, count })),
    [
      { reason: "groups/bad-name(name)", count: 1 },
      { reason: "users/id-out-of-range(uid)", count: 25 },
      { reason: "users/name-taken(name)", count: 1 },
      { reason: "users/reference", count: 1 },
    ],
  );
  const named = world.logged.filter(({ event }) => event === "entryRejected").map(({ fields }) => fields["entry"]);
  assert.equal(named.length, LIMITS.rejectSamples + 2);
  assert.ok(named.includes("cn=\\u{1b}[2Jx"), "fit for a terminal");
});

test("messages are the same however the stream is cut", () => {
  const id = (n: number) => ({ id: n, controls: [] });
  const users = [person("ada"), person("bob", 2001)].map((operation) => encodeLdap({ ...id(1), operation }));
  const bytes = Buffer.concat([...users, encodeLdap({ ...id(1), operation: DONE })]);
  for (const size of [1, 2, 3, 7, 50, bytes.length]) {
    const world = new World(source("one"));
    world.puller.pull(1);
    const stream = world.streams.at(0);
    stream.connect();
    for (let at = 0; at < bytes.length; at += size) {
      const chunk = Uint8Array.from(bytes.subarray(at, at + size));
      stream.handlers.received(chunk);
      chunk.fill(0xaa); // its owner uses it again
    }
    stream.answer(team("all"), DONE);
    assert.deepEqual([world.answers, world.results[0]?.users], [["1/0 ok"], 2], `chunks of ${size}`);
  }
});

test("what is no LDAP ends that source and nothing else", () => {
  for (const garbage of ["HTTP/1.1 400\r\n", "\u0030\u0003\u0002\u0001", "0\u0084\u007f\u007f\u007f\u007f", "\u0030\u0000"]) {
    const world = new World(source("bad"), source("good"));
    world.puller.pull(1);
    world.streams.at(0).connect();
    world.streams.at(0).handlers.received(Buffer.from(garbage, "latin1"));
    world.streams.at(0).handlers.closed();
    serve(world.streams.at(1));
    assert.match(world.answers[0] ?? "", /^1\/0 users: (undecodable|closed)/);
    assert.equal(world.answers[1], "1/1 ok");
  }
});

test("whatever bytes a server sends, a source is answered for once and another goes well", () => {
  const users = [person("ada"), person("bob", 2001), { kind: "searchResultReference", uris: ["ldap://x/"] } as const, DONE];
  const story = Buffer.concat(users.map((operation) => encodeLdap({ id: 1, operation, controls: [] })));
  const byte = fc.record({ at: fc.nat({ max: story.length - 1 }), value: fc.nat({ max: 255 }) });
  const reasons = new Set<string>();
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 4 }), fc.nat({ max: story.length }), (changes, cut) => {
      const world = new World(source("bad"), source("good"));
      world.puller.pull(1);
      const bad = world.streams.at(0);
      bad.connect();
      const bytes = Uint8Array.from(story);
      for (const { at, value } of changes) bytes[at] = value;
      bad.handlers.received(bytes.slice(0, cut));
      bad.handlers.received(bytes.slice(cut));
      bad.handlers.closed();
      serve(world.streams.at(1));
      assert.deepEqual(world.results.map(({ source: index, ok }) => `${index} ${ok}`).sort(), ["0 false", "1 true"]);
      reasons.add(world.results.find(({ ok }) => !ok)?.failure?.reason ?? "");
    }),
    { numRuns: 500 },
  );
  for (const reason of ["undecodable", "unexpected-message", "closed"]) assert.ok(reasons.has(reason), reason);
});

test("half a message at the end is a closed connection, not an end", () => {
  const world = new World(source("one"));
  world.puller.pull(1);
  const stream = world.streams.at(0);
  stream.connect();
  const whole = encodeLdap({ id: 1, operation: DONE, controls: [] });
  stream.handlers.received(whole.subarray(0, -1));
  stream.handlers.closed();
  assert.deepEqual(world.answers, ["1/0 users: closed"]);
});

test("bytes that stand before the handshake are nobody's (RFC 4511 §4.14.1)", () => {
  const accepted = encodeLdap({ id: 1, operation: { kind: "extendedResponse", result: resultOf(0) }, controls: [] });
  const forged = encodeLdap({ id: 2, operation: { kind: "searchResultDone", result: resultOf(0) }, controls: [] });
  for (const length of [1, forged.length]) {
    const world = new World(source("one", { transport: "starttls" }));
    world.puller.pull(1);
    const stream = world.streams.at(0);
    stream.connect();
    stream.handlers.received(Buffer.concat([accepted, forged.subarray(0, length)]));
    assert.deepEqual(world.answers, ["1/0 tls (bytes before the handshake)"]);
    assert.ok(stream.closed);
  }
});

test("TLS comes before the secret, and the certificates of a source are its own", () => {
  const world = new World(source("one", { transport: "ldaps", trustedPem: "PEM", bindDn: "cn=reader", bindPassword: SECRET }));
  world.puller.pull(1);
  const stream = world.streams.at(0);
  assert.equal(stream.target.trustedPem, "PEM");
  stream.connect();
  assert.deepEqual([stream.tls, stream.sent.length], [true, 0]);
  stream.handlers.secured();
  assert.equal(stream.sent[0]?.operation.kind, "bindRequest");
});

test("a receiver that is full stops every server, those that come to speak later too", () => {
  const world = new World(source("one"), source("two"));
  world.puller.pause();
  world.puller.pull(1);
  assert.deepEqual(
    world.streams.made.map(({ paused }) => paused),
    [true, true],
  );
  world.puller.resume();
  assert.deepEqual(
    world.streams.made.map(({ paused }) => paused),
    [false, false],
  );
});

test("without sources an update asks nobody", () => {
  assert.equal(new World().puller.pull(1), 0);
});
