import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ipv6Address } from "../../../src/base/ipv6.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { DIRECTORY_LIMITS } from "../../../src/base/limits-directory.ts";
import { decodeAll, encodeAll } from "../../../src/base/codec.ts";
import { rpcMessage } from "../../../src/wire/rpc/message.ts";
import { fragmentHeader, recordOf } from "../../../src/wire/rpc/records.ts";
import { ypAllItem } from "../../../src/wire/rpc/yp.ts";
import { ask, call, connect, group, replyIn, resultIn, textOf, user, utf8, world } from "./world.ts";

const CONTENTS = { users: [user("carol", 2003), user("alice", 2001), user("bob", 2002)], groups: [group("staff", 3001, ["alice", "bob"])] };
const MAPS = ["passwd.byname", "passwd.byuid", "group.byname", "group.bygid", "netid.byname"];
const NAMES = { "passwd.byname": ["alice", "bob", "carol"], "passwd.byuid": ["2001", "2002", "2003"], "group.byname": ["staff"] };

function served(contents: Parameters<ReturnType<typeof world>["serving"]>[0] = CONTENTS) {
  const self = world();
  self.serving(contents);
  const answered = (bytes: Uint8Array): Uint8Array => {
    const answer = ask(self.service, bytes);
    assert.ok(answer !== undefined, "no answer");
    return answer;
  };
  return { ...self, answered };
}
const match = (map: string, key: string, domain = "home"): Uint8Array => call("match", { domain, map, key: utf8(key) });

test("MATCH finds a user by name and by number, with the seven fields of Linux (§4.1, defect 20)", () => {
  const { answered } = served();
  for (const [map, key] of [
    ["passwd.byname", "alice"],
    ["passwd.byname", "alice\0"],
    ["passwd.byuid", "2001"],
  ] as const) {
    const { status, value } = resultIn("match", answered(match(map, key)));
    assert.equal(status, "true");
    assert.equal(textOf(value), "alice:*:2001:2000:User alice:/home/alice:/bin/sh");
  }
  assert.equal(textOf(resultIn("match", answered(match("group.bygid", "3001"))).value), "staff:*:3001:alice,bob");
});

test("each question that cannot be answered is told why, in the order of §5.2", () => {
  const { answered } = served();
  const status = (bytes: Uint8Array): string => resultIn("match", answered(bytes)).status;
  assert.equal(status(match("passwd.byname", "dave")), "noKey");
  assert.equal(status(match("passwd.byname", "")), "badArguments");
  assert.equal(status(match("passwd.byname", "alice", "away")), "noDomain");
  assert.equal(status(match("", "alice")), "badArguments");
  assert.equal(status(match("a/b", "alice", "away")), "noDomain");
  assert.equal(status(match("a/b", "alice")), "badArguments");
  for (const map of ["shadow.byname", "master.passwd.byname", "hosts.byname"]) assert.equal(status(match(map, "alice")), "noMap", map);
  assert.equal(resultIn("first", answered(call("first", { domain: "away", map: "passwd.byname" }))).status, "noDomain");
});

test("FIRST and NEXT walk every map to its end (§4.2, defect 19)", () => {
  const { answered } = served();
  for (const [map, keys] of Object.entries(NAMES)) {
    const walked: string[] = [];
    let record = resultIn("first", answered(call("first", { domain: "home", map })));
    while (record.status === "true") {
      walked.push(textOf(record.key));
      record = resultIn("next", answered(call("next", { domain: "home", map, key: record.key })));
    }
    assert.equal(record.status, "noMore");
    assert.deepEqual(walked, keys);
  }
});

test("a walk that began before an update goes on behind a key that is gone (defect 30)", () => {
  const { answered, pass, give } = served();
  pass(601);
  give({ users: [user("alice", 2001), user("carol", 2003), user("dora", 2004)] });
  const next = (key: string): string =>
    textOf(resultIn("next", answered(call("next", { domain: "home", map: "passwd.byname", key: utf8(key) }))).key);
  assert.equal(next("bob"), "carol");
});

test("ALL gives every entry of every map over a stream, in order (defect 19)", () => {
  const { service, answered } = served();
  for (const map of MAPS) {
    const client = connect(service);
    client.sendRecord(call("all", { domain: "home", map }));
    const [record] = client.records();
    assert.ok(record !== undefined);
    const entries = resultIn("all", record);
    const walked: string[] = [];
    for (let step = resultIn("first", answered(call("first", { domain: "home", map }))); step.status === "true"; ) {
      walked.push(`${textOf(step.key)} ${textOf(step.value)}`);
      step = resultIn("next", answered(call("next", { domain: "home", map, key: step.key })));
    }
    assert.ok(walked.length > 0);
    assert.deepEqual(
      entries.map(({ key, value }) => `${textOf(key)} ${textOf(value)}`),
      walked,
      map,
    );
  }
});

test("ALL of a map that is not there is one record with the reason, and over UDP it is a system error (§5.2)", () => {
  const { service, answered } = served();
  const client = connect(service);
  client.sendRecord(call("all", { domain: "home", map: "hosts.byname" }));
  const [record] = client.records();
  assert.deepEqual(
    resultIn("all", record ?? utf8("")).map(({ status }) => status),
    ["noMap"],
  );
  assert.equal(replyIn(answered(call("all", { domain: "home", map: "passwd.byname" }))).kind, "systemError");
});

test("DOMAIN, MAPLIST, MASTER and ORDER tell what is served and since when", () => {
  const { service, answered, pass, give, wall } = served();
  assert.equal(resultIn("domain", answered(call("domain", "home"))), true);
  assert.equal(resultIn("domain", answered(call("domain", "away"))), false);
  assert.equal(resultIn("domainNonack", answered(call("domainNonack", "home"))), true);
  assert.equal(ask(service, call("domainNonack", "away")), undefined, "it is broadcast: who does not serve is silent");
  assert.deepEqual(resultIn("mapList", answered(call("mapList", "home"))), { status: "true", maps: MAPS });
  assert.equal(resultIn("mapList", answered(call("mapList", "away"))).status, "noDomain");
  assert.deepEqual(resultIn("master", answered(call("master", { domain: "home", map: "group.byname" }))), { status: "true", peer: "gateway" });
  const order = (map: string): number => resultIn("order", answered(call("order", { domain: "home", map }))).order;
  const before = order("passwd.byname");
  assert.equal(before, wall() / 1000);
  pass(601);
  give({ ...CONTENTS, groups: [group("staff", 3001, ["alice"])] });
  assert.equal(order("passwd.byname"), before, "this map is still the same");
  assert.equal(order("group.byname"), wall() / 1000);
  assert.equal(order("netid.byname"), wall() / 1000);
});

test("before there is anything to serve, callers are told so and not left waiting (U10, defect 17)", () => {
  const { service } = world();
  const answered = (bytes: Uint8Array): Uint8Array => ask(service, bytes) ?? utf8("");
  assert.equal(resultIn("domain", answered(call("domain", "home"))), false);
  assert.equal(ask(service, call("domainNonack", "home")), undefined);
  assert.equal(resultIn("match", answered(match("passwd.byname", "alice"))).status, "error");
  assert.equal(resultIn("first", answered(call("first", { domain: "home", map: "passwd.byname" }))).status, "error");
  assert.equal(resultIn("next", answered(call("next", { domain: "home", map: "passwd.byname", key: utf8("a") }))).status, "error");
  assert.equal(resultIn("mapList", answered(call("mapList", "home"))).status, "error");
  const client = connect(service);
  client.sendRecord(call("all", { domain: "home", map: "passwd.byname" }));
  assert.equal(resultIn("all", client.records()[0] ?? utf8(""))[0]?.status, "error");
});

test("a transfer is refused, CLEAR changes nothing, and NULL is answered (§5.2)", () => {
  const { answered } = served();
  const transfer = { domain: "home", map: "passwd.byname", order: 1, peer: "other", transaction: 77, program: 0x40000000, port: 900 };
  assert.deepEqual(resultIn("transfer", answered(call("transfer", transfer))), { transaction: 77, status: -14 });
  assert.equal(resultIn("clear", answered(call("clear", undefined))), undefined);
  assert.equal(resultIn("null", answered(call("null", undefined))), undefined);
});

test("what no program, version or procedure of ours is asked for gets the RPC error for it, and is counted (RFC 5531 §9)", () => {
  const { answered, service } = served();
  assert.equal(replyIn(answered(call("null", undefined, { program: 100005 }))).kind, "programUnavailable");
  assert.deepEqual(replyIn(answered(call("null", undefined, { version: 1 }))), {
    kind: "programMismatch",
    xid: 7,
    verifier: { kind: "none" },
    low: 2,
    high: 2,
  });
  const message = decodeAll(rpcMessage, call("match", { domain: "home", map: "passwd.byname", key: utf8("a") }));
  assert.ok(message.kind === "call");
  const changed = (change: object): string => replyIn(answered(encodeAll(rpcMessage, { ...message, ...change }))).kind;
  assert.equal(changed({ procedure: 12 }), "procedureUnavailable");
  assert.equal(changed({ argument: message.argument.subarray(0, 11) }), "garbageArguments");
  assert.equal(changed({ argument: Uint8Array.of(...message.argument, 0) }), "garbageArguments");
  assert.equal(changed({ credential: { kind: "unknown", flavour: 6, body: utf8("") } }), "authError");
  const foreign = encodeAll(rpcMessage, { kind: "foreignCall", xid: 9, rpcVersion: 3, rest: utf8("") });
  assert.deepEqual(replyIn(answered(foreign)), { kind: "rpcMismatch", xid: 9, low: 2, high: 2 });
  assert.deepEqual(service.view().refused, {
    "yp-udp-bad-arguments": 2,
    "yp-udp-unknown-credential": 1,
    "yp-udp-unknown-procedure": 1,
    "yp-udp-unknown-program": 1,
    "yp-udp-unknown-version": 1,
    "yp-udp-wrong-rpc-version": 1,
  });
});

test("what is no call is not answered: an answer could hit somebody else (§5.3)", () => {
  const { service } = served();
  const reply = encodeAll(rpcMessage, { kind: "programUnavailable", xid: 7, verifier: { kind: "none" } });
  for (const bytes of [utf8(""), utf8("abc"), call("null", undefined).subarray(0, 20), reply]) assert.equal(ask(service, bytes), undefined);
  assert.deepEqual(service.view().refused, { "yp-udp-malformed": 3, "yp-udp-not-a-call": 1 });
});

test("only loopback and the networks of the configuration are answered, in whichever way their address is written (§5.7, defect 18)", () => {
  const { service } = served();
  const question = match("passwd.byname", "alice");
  for (const from of ["::ffff:127.0.0.1", "::ffff:127.9.9.9", "::1", "::ffff:192.0.2.77", "2001:db8::5"])
    assert.ok(ask(service, question, from) !== undefined, from);
  for (const from of ["::ffff:192.0.3.1", "::ffff:198.51.100.1", "2001:db9::1", "fe80::1", "::", "::127.0.0.1"])
    assert.equal(ask(service, question, from), undefined, from);
  assert.equal(service.view().refused["yp-udp-foreign-network"], 6);
  for (const peer of ["192.0.2.77", "::ffff:192.0.2.77", "127.0.0.1", "::1"]) assert.equal(connect(service, { peer }).isOpen(), true, peer);
  for (const peer of ["198.51.100.1", "::ffff:198.51.100.1", "2001:db9::1", "", "nonsense"])
    assert.equal(connect(service, { peer }).isOpen(), false, peer);
  assert.equal(service.view().refused["yp-foreign-network"], 5);
});

test("a source that is not loopback gets four megabytes a second over UDP, and not all sources of a network at once (§5.3)", () => {
  const members = Array.from({ length: 80 }, (_, i) => `${i}`.padStart(99, "m"));
  const { service, pass } = served({ groups: [group("g", 3001, members)] });
  const question = match("group.byname", "g");
  const taken = (from: string): number => {
    let bytes = 0;
    for (let i = 0; i < 1000; i++) bytes += ask(service, question, from)?.length ?? 0;
    return bytes;
  };
  assert.ok(taken("::1") > DIRECTORY_LIMITS.datagramBytesPerSecond);
  for (let second = 0; second < 2; second++) {
    const bytes = taken("2001:db8::1");
    assert.ok(bytes <= DIRECTORY_LIMITS.datagramBytesPerSecond && bytes > DIRECTORY_LIMITS.datagramBytesPerSecond - 10_000, `${bytes}`);
    assert.ok(taken("2001:db8::2") > 0);
    pass(1);
  }
  let answered = 0;
  for (let i = 0; i < 5000; i++) if (ask(service, question, `2001:db8::${(i + 16).toString(16)}`) !== undefined) answered++;
  assert.equal(answered, DIRECTORY_LIMITS.datagramSources);
  assert.ok((service.view().refused["yp-udp-over-allowance"] ?? 0) >= 5000 - DIRECTORY_LIMITS.datagramSources);
});

test("a value too long for the C library's datagram is refused over UDP and given over TCP; lists go on behind it (§5.6)", () => {
  const members = Array.from({ length: 40_000 }, (_, i) => `member${i}`);
  const { service, answered } = served({ groups: [group("all", 3001, members), group("b", 3002), group("zz", 3003, members)] });
  const first = resultIn("first", answered(call("first", { domain: "home", map: "group.byname" })));
  assert.equal(textOf(first.key), "b");
  assert.equal(resultIn("next", answered(call("next", { domain: "home", map: "group.byname", key: first.key }))).status, "noMore");
  assert.equal(resultIn("match", answered(match("group.byname", "all"))).status, "error");
  assert.equal(service.view().requests["yp-udp-value-too-long-for-datagram"], 3);
  const client = connect(service);
  client.sendRecord(match("group.bygid", "3001"));
  client.sendRecord(call("all", { domain: "home", map: "group.byname" }));
  const [one, all] = client.records();
  assert.equal(textOf(resultIn("match", one ?? utf8("")).value), `all:*:3001:${members.join(",")}`);
  assert.deepEqual(
    resultIn("all", all ?? utf8("")).map(({ key }) => textOf(key)),
    ["all", "b", "zz"],
  );
});

test("the longest value that a datagram may carry makes a reply of at most 8,800 bytes, and one byte more is too long (§5.6)", () => {
  const line = (length: number) => {
    const rest = length - "g:*:3001:".length;
    const members = Array.from({ length: Math.ceil((rest + 1) / 100) }, (_, i) => `${i}`.padStart(3, "m").padEnd(99, "x"));
    const last = rest - members.slice(0, -1).reduce((sum, member) => sum + member.length + 1, 0);
    return [...members.slice(0, -1), "y".repeat(last)];
  };
  for (const [length, status] of [
    [LIMITS.ypDatagramValueBytes, "true"],
    [LIMITS.ypDatagramValueBytes + 1, "error"],
  ] as const) {
    const { answered } = served({ groups: [group("g", 3001, line(length))] });
    const answer = answered(match("group.byname", "g"));
    assert.equal(resultIn("match", answer).status, status);
    assert.ok(answer.length <= 8800);
    if (status === "true") assert.equal(resultIn("match", answer).value.length, length);
  }
});

test("requests in fragments, byte by byte and many at once are answered in order (RFC 5531 §11)", () => {
  const { service } = served();
  const client = connect(service);
  const question = match("passwd.byname", "bob");
  const pieces = [question.subarray(0, 10), question.subarray(10)];
  for (const [i, piece] of pieces.entries()) {
    for (const byte of fragmentHeader({ lengthBytes: piece.length, last: i === 1 })) client.send(Uint8Array.of(byte));
    client.send(piece);
  }
  client.send(Uint8Array.of(...recordOf(match("passwd.byname", "alice")), ...recordOf(match("passwd.byname", "carol"))));
  const found = client.records().map((record) => textOf(resultIn("match", record).value).split(":")[0]);
  assert.deepEqual(found, ["bob", "alice", "carol"]);
});

test("a reader that stops keeps its snapshot, gets no more than it takes, and the rest when it reads on (U5, §5.3)", () => {
  const many = Array.from({ length: 20_000 }, (_, i) => user(`user${String(i).padStart(5, "0")}`, 2001 + i));
  const { service, pass, give } = served({ users: many });
  const client = connect(service, {}, 1);
  client.sendRecord(call("all", { domain: "home", map: "passwd.byname" }));
  const firstPiece = client.receivedBytes();
  assert.ok(firstPiece > 0 && firstPiece <= LIMITS.rpcFragmentBytes + 4, `${firstPiece}`);
  pass(1);
  assert.equal(client.receivedBytes(), firstPiece, "nothing more before it reads");
  service.updates.refresh();
  give({ users: many.map((one) => ({ ...one, shell: "/bin/zsh" })) });
  const reads = () => {
    const before = client.receivedBytes();
    client.read(1);
    return client.receivedBytes() - before;
  };
  while (reads() > 0) assert.ok(client.isOpen());
  const entries = resultIn("all", client.records()[0] ?? utf8(""));
  assert.equal(entries.length, 20_000);
  assert.ok(entries.every(({ value }) => textOf(value).endsWith(":/bin/sh")));
  const after = ask(service, match("passwd.byname", "user00000"));
  assert.ok(textOf(resultIn("match", after ?? utf8("")).value).endsWith("/bin/zsh"));
});

test("a connection is closed when it is silent for a minute, or leaves an answer unread for half of one (§5.3)", () => {
  const { service, pass } = served();
  const silent = connect(service);
  const stalled = connect(service, {}, 1);
  const busy = connect(service);
  stalled.sendRecord(match("passwd.byname", "alice"));
  pass(25);
  assert.ok(stalled.isOpen() && silent.isOpen());
  pass(10);
  assert.equal(stalled.isOpen(), false);
  assert.equal(stalled.wasAborted(), true, "what it has not read will never be read");
  busy.sendRecord(match("passwd.byname", "alice"));
  pass(30);
  assert.deepEqual([silent.isOpen(), silent.wasAborted()], [false, false]);
  assert.equal(busy.isOpen(), true);
  assert.deepEqual(service.view().connectionsEnded, { "yp-idle": 1, "yp-stalled": 1 });
});

test("who writes on without reading, sends what is no record or what is no call is cut off (§5.3)", () => {
  const { service } = served();
  const greedy = connect(service, {}, 1);
  let sent = 0;
  while (greedy.isOpen() && sent < 1e7) {
    const record = recordOf(match("passwd.byname", "alice"));
    greedy.send(record);
    sent += record.length;
  }
  assert.ok(sent < 2 * DIRECTORY_LIMITS.directoryWaitingBytes);
  const long = connect(service);
  long.send(fragmentHeader({ lengthBytes: 100_000, last: true }));
  assert.equal(long.isOpen(), false);
  const garbage = connect(service);
  garbage.sendRecord(utf8("none"));
  assert.equal(garbage.isOpen(), false);
  const ended = { "yp-malformed": 1, "yp-silenced": 1, "yp-too-much-waiting": 1 };
  assert.deepEqual(service.view().connectionsEnded, ended);
  assert.equal(service.view().connections, 0);
});

test("one address may hold 64 connections, and all together 1,024 (§5.3)", () => {
  const { service } = served();
  const mine = Array.from({ length: 65 }, () => connect(service));
  assert.equal(mine.filter((client) => client.isOpen()).length, 64);
  mine[0]?.events.closed();
  assert.equal(connect(service).isOpen(), true);
  const others = Array.from({ length: 1200 }, (_, i) => connect(service, { peer: `192.0.2.${i % 250}` }));
  assert.equal(others.filter((client) => client.isOpen()).length, 1024 - 64);
  assert.equal(service.view().connections, 1024);
});

test("the items of a map by name are laid out as our own codec writes them", () => {
  const { service } = served();
  const { users } = service.updates.snapshot ?? {};
  assert.ok(users !== undefined);
  const items = [0, 1, 2].map((row) => encodeAll(ypAllItem, { status: "true" as const, key: users.name(row), value: users.line(row) }));
  assert.deepEqual(
    [...users.items],
    items.flatMap((item) => [...item]),
  );
});

test("a question too long for any key is not looked at", () => {
  const { service } = served();
  const payload = new Uint8Array(LIMITS.rpcRequestBytes + 1);
  const to = "::1" as Ipv6Address;
  assert.equal(service.datagram("yp", { from: to, port: 1, payload }), undefined);
  assert.deepEqual(service.view().refused, { "yp-udp-too-long": 1 });
});
