/** Mistakes that programs of this kind have made when they read directories, by number; none of them is made here. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { instant } from "../../../../src/base/time.ts";
import type { SourceConfig } from "../../../../src/services/directory/config.ts";
import { Puller, type Pulled } from "../../../../src/services/directory/fetch/puller.ts";
import { SimClock, Timeline } from "../../../../src/sim/clock.ts";
import { parseFilter } from "../../../../src/wire/ldap/filter-text.ts";
import { decodeLdap } from "../../../../src/wire/ldap/message.ts";
import type { Operation } from "../../../../src/wire/ldap/operations.ts";
import { ActedStreams } from "../../../support/acted-streams.ts";
import { FENCES } from "../../../support/pulling.ts";
import { resultOf } from "../../../support/session.ts";
import { Slapd } from "../../../support/slapd.ts";

const SOURCE: SourceConfig = Slapd.prototype.source.call({ address: undefined as never, authorityPem: "" }, "plain", {
  bindDn: "",
  bindPassword: "",
});
const DONE: Operation = { kind: "searchResultDone", result: resultOf(0) };

type Value = string | Uint8Array;

function person(name: string, more: Readonly<Record<string, Value | readonly Value[]>> = {}): Operation {
  const fields = { uid: name, uidNumber: "2001", gidNumber: "2000", cn: name, homeDirectory: "/h", loginShell: "/bin/sh", ...more };
  const bytes = (value: Value): Uint8Array => (typeof value === "string" ? new TextEncoder().encode(value) : value);
  return {
    kind: "searchResultEntry",
    name: `uid=${name}`,
    attributes: Object.entries(fields).map(([description, value]) => ({ description, values: [value].flat().map(bytes) })),
  };
}

function world(...sources: readonly SourceConfig[]) {
  const timeline = new Timeline();
  const streams = new ActedStreams();
  const users: string[] = [];
  const results: Pulled[] = [];
  const puller = new Puller({
    clock: new SimClock(timeline, 1),
    streams,
    output: { entries: (batch) => users.push(...batch.users.map(({ name, uid }) => `${name} ${uid}`)), pulled: (result) => results.push(result) },
    log: { write: () => undefined },
  });
  puller.configure({ resolvers: [], idFences: FENCES, sources: sources.length === 0 ? [SOURCE] : sources });
  puller.pull(1);
  return { timeline, streams, users, results, puller, reasons: () => results.map(({ reason }) => reason) };
}

const named = (name: string, hosts: readonly string[] = [name]): SourceConfig => ({
  ...SOURCE,
  name,
  servers: hosts.map((host) => ({ host, address: undefined, port: 389 })),
});

test("1: what ends in the middle of a search is no success, whether it breaks off or turns to garbage", () => {
  for (const [end, reason] of [
    [(stream: ReturnType<ActedStreams["at"]>) => stream.handlers.closed(), /^users: closed/],
    [(stream: ReturnType<ActedStreams["at"]>) => stream.handlers.received(new Uint8Array([0x30, 0x03, 0x02, 0x01, 0xff])), /^users: undecodable/],
  ] as const) {
    const self = world();
    self.streams.at(0).connect();
    self.streams.at(0).answer(person("ada"));
    end(self.streams.at(0));
    assert.match(self.reasons()[0] ?? "", reason);
  }
});

test("2: a size limit, a wrong base, a busy server and a refusal are no complete and smaller directories", () => {
  for (const code of [3, 4, 10, 11, 32, 50, 51, 52, 53, 80, 4711]) {
    const self = world();
    self.streams.at(0).connect();
    self.streams.at(0).answer(person("ada"), { kind: "searchResultDone", result: resultOf(code) });
    assert.match(self.reasons()[0] ?? "", new RegExp(`^users: search-refused ${code} `));
  }
});

test("3: a server that closes while an answer is awaited is told of once, and not read again for ever", () => {
  const self = world();
  self.streams.at(0).connect();
  self.streams.at(0).handlers.closed();
  self.streams.at(0).handlers.closed();
  self.timeline.runUntil(instant(10_000_000));
  assert.deepEqual([self.reasons(), self.streams.made.length], [["users: closed"], 1]);
});

test("4: a refused bind does not read on as nobody", () => {
  const self = world({ ...SOURCE, bindDn: "cn=reader", bindPassword: "wrong" });
  self.streams.at(0).connect();
  self.streams.at(0).answer({ kind: "bindResponse", result: resultOf(49) });
  assert.deepEqual(
    self.streams.at(0).sent.map(({ operation }) => operation.kind),
    ["bindRequest"],
  );
  assert.match(self.reasons()[0] ?? "", /^bind-refused 49/);
});

test("5: each directory is read once, however many there are and in whatever order they answer", () => {
  const self = world(named("a.test"), named("b.test"), named("c.test"));
  for (const place of [2, 0, 1]) {
    self.streams.at(place).connect();
    self.streams.at(place).answer(DONE);
    self.streams.at(place).answer(DONE);
    self.streams.at(place).answer(DONE);
    self.streams.at(place).answer(DONE);
  }
  assert.deepEqual([self.streams.made.length, self.results.length], [3, 3]);
});

test("6, 7: what comes late over a connection that was given up reaches nobody, and each try has a connection of its own", () => {
  const self = world(named("a", ["one.test", "two.test"]));
  self.streams.at(0).fail("connect");
  assert.deepEqual(
    self.streams.made.map(({ target, closed }) => [target.host, closed]),
    [
      ["one.test", true],
      ["two.test", false],
    ],
  );
  self.streams.at(0).connect();
  self.streams.at(0).handlers.received(new Uint8Array([1, 2, 3]));
  assert.deepEqual([self.streams.at(0).sent.length, self.results.length], [0, 0]);
});

test("8, 31: a server that cannot be reached ends no list, and the list is gone through in its order", () => {
  const self = world(named("a", ["one.test", "two.test", "three.test"]));
  self.streams.at(0).fail("resolve");
  self.streams.at(1).fail("connect");
  assert.deepEqual(
    self.streams.made.map(({ target }) => target.host),
    ["one.test", "two.test", "three.test"],
  );
  self.streams.at(2).fail("tls", "no handshake");
  assert.deepEqual(self.reasons(), ["three.test: tls (no handshake)"]);
});

test("10: one dead server holds up no other directory, and itself fails in its time", () => {
  const self = world(named("dead.test"), named("alive.test"));
  self.streams.at(1).connect();
  for (const stream of [self.streams.at(1), self.streams.at(1)]) {
    stream.answer(DONE);
    stream.answer(DONE);
  }
  assert.deepEqual(
    self.results.map(({ source, ok }) => [source, ok]),
    [[1, true]],
  );
  self.timeline.runUntil(instant(10_001));
  assert.deepEqual(self.reasons(), ["", "connect-timeout"]);
});

test("11: a list that is too long drops its entry: it is never cut, least of all in the middle of a name", () => {
  const lists = { ...SOURCE.users.fields, gecos: { kind: "list", value: "cn" } } as const;
  const self = world({ ...SOURCE, users: { ...SOURCE.users, fields: lists } });
  self.streams.at(0).connect();
  self.streams
    .at(0)
    .answer(
      person("ada", { cn: ["x".repeat(300), "x".repeat(300)] }),
      person("eve", { cn: ["y".repeat(3000), "z".repeat(3000)], uidNumber: "2002" }),
      DONE,
    );
  self.streams.at(0).answer(DONE);
  self.streams.at(0).answer(DONE);
  assert.deepEqual(self.users, ["ada 2001"]);
  assert.deepEqual(
    self.results[0]?.rejects.map(({ reason, count }) => [reason, count]),
    [["users/too-long(gecos)", 1]],
  );
});

test("13: an id that is no number drops the entry, and never becomes 0", () => {
  const self = world();
  self.streams.at(0).connect();
  self.streams
    .at(0)
    .answer(person("ada", { uidNumber: "x2001" }), person("bob", { uidNumber: "4294967297" }), person("eve", { uidNumber: "02002" }), DONE);
  self.streams.at(0).answer(DONE);
  self.streams.at(0).answer(DONE);
  assert.deepEqual(self.users, ["eve 2002"]);
});

test("21: a name that is not UTF-8 is refused and not mended; two names never become one", () => {
  const self = world();
  self.streams.at(0).connect();
  self.streams.at(0).answer(person("ada", { cn: new Uint8Array([0x41, 0xc3]) }), DONE);
  self.streams.at(0).answer(DONE);
  self.streams.at(0).answer(DONE);
  assert.deepEqual(self.users, []);
  assert.equal(self.results[0]?.rejects[0]?.reason, "users/not-utf8(gecos)");
});

test("22: filters: escapes are two hexadecimal digits, a NUL cuts nothing, values may be empty, extensible matches are known", () => {
  for (const text of ["(cn=a\\0)", "(cn=a\\zz)", "(cn=a\\", "(cn=a**b)"]) assert.equal(parseFilter(text).ok, false, text);
  const cut = parseFilter("(cn=a\\00b)");
  assert.deepEqual(cut.ok && cut.filter.kind === "equal" ? [...cut.filter.value] : [], [0x61, 0, 0x62]);
  for (const text of ["(cn=)", "(&)", "(|)", "(cn:dn:2.4.6.8.10:=x)", `(cn=${"w".repeat(4000)})`]) assert.equal(parseFilter(text).ok, true, text);
});

test("23, 24: lengths in long form with zeros are read; nesting, indefinite forms and lengths beyond the message are not", () => {
  const result = [0x0a, 0x01, 0, 0x04, 0x84, 0, 0, 0, 0, 0x04, 0];
  const done = [0x30, 0x84, 0, 0, 0, 0x14, 0x02, 0x01, 0x05, 0x65, 0x84, 0, 0, 0, 0x0b, ...result];
  assert.deepEqual(decodeLdap(Uint8Array.from(done)).operation, { kind: "searchResultDone", result: resultOf(0) });
  for (const bytes of [
    [0x30, 0x80, 0x02, 0x01, 0x05, 0, 0],
    [0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 0x02],
    [0x30, 0x05, 0x02, 0x01, 0x05, 0x65, 0x7f],
  ]) {
    assert.throws(() => decodeLdap(Uint8Array.from(bytes)), { name: "WireError" });
  }
});

test("23: pages have the size that was asked for, and a control that is none is an error of the server, not the end of the list", () => {
  const self = world({ ...SOURCE, pageSize: 7 });
  self.streams.at(0).connect();
  const [request] = self.streams.at(0).sent;
  assert.deepEqual(
    request?.controls.map((control) => (control.kind === "pagedResults" ? control.size : control.kind)),
    [7],
  );
  const result = [0x0a, 0x01, 0, 0x04, 0, 0x04, 0];
  const oid = [...new TextEncoder().encode("1.2.840.113556.1.4.319")];
  for (const value of [[], [0x30, 0x03, 0x02, 0x01, 0x00], [0x30, 0x05, 0x04, 0x03, 0x02, 0x01, 0x00], [0x30, 0x7f]]) {
    const broken = world({ ...SOURCE, pageSize: 7 });
    broken.streams.at(0).connect();
    const control = [0x30, oid.length + value.length + 4, 0x04, oid.length, ...oid, 0x04, value.length, ...value];
    const body = [0x02, 0x01, 0x01, 0x65, result.length, ...result, 0xa0, control.length, ...control];
    broken.streams.at(0).handlers.received(Uint8Array.from([0x30, body.length, ...body]));
    assert.match(broken.reasons()[0] ?? "", /^users: undecodable/, `${value}`);
  }
});

test("24: what is nested deeper than any message of LDAP is refused at a limit, and not followed down", () => {
  const deepFilter = `${"(!".repeat(40)}(cn=x)${")".repeat(40)}`;
  assert.equal(parseFilter(deepFilter).ok, false);
  let nested: readonly number[] = [0x30, 0x00];
  while (nested.length < 100) nested = [0x30, nested.length, ...nested];
  const self = world();
  self.streams.at(0).connect();
  self.streams.at(0).handlers.received(Uint8Array.from(nested));
  assert.match(self.reasons()[0] ?? "", /^users: undecodable/);
});

test("25: a reference to another server does not end the directory", () => {
  const self = world();
  self.streams.at(0).connect();
  self.streams.at(0).answer({ kind: "searchResultReference", uris: ["ldap://elsewhere.test/"] }, person("ada"), DONE);
  self.streams.at(0).answer(DONE);
  self.streams.at(0).answer(DONE);
  assert.deepEqual([self.users, self.reasons()], [["ada 2001"], [""]]);
});
