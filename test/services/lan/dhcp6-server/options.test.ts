/** What clients are told besides leases: by link, class and host, in the order they ask, and nothing else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHex } from "../../../../src/base/hex.ts";
import { LIMITS } from "../../../../src/base/limits.ts";
import type { LanConfig } from "../../../../src/services/lan/config.ts";
import type { BootFile, ServedOption } from "../../../../src/services/lan/dhcp6-config.ts";
import { servedOption } from "../../../../src/services/lan/dhcp6-config.ts";
import { REPLY_BYTES_MAX } from "../../../../src/services/lan/dhcp6-server/batch.ts";
import { iaNa } from "../../../../src/wire/dhcp6/leases.ts";
import { type Dhcp6ClientKind, decodeDhcp6, encodeDhcp6, isRelayMessage } from "../../../../src/wire/dhcp6/message.ts";
import { type Dhcp6Options, OPTIONS, UNASKED_OPTIONS } from "../../../../src/wire/dhcp6/options.ts";
import { Bed, client, ip, LAN_ADDRESS, relayed, said } from "./support.ts";

type Class = LanConfig["classes"][number];
type Host = LanConfig["hosts"][number];
const raw = (code: number, text: string, forced = false): ServedOption => ({ code, value: new TextEncoder().encode(text), forced });
const classOf = (name: string, options: readonly ServedOption[], more: Partial<Class> = {}): Class => ({
  name,
  tests: [{ code: 15, is: "equal", value: new TextEncoder().encode(name) }],
  drop: false,
  lifetimes: undefined,
  options,
  boot: [],
  ...more,
});
const hostOf = (n: number, options: readonly ServedOption[], more: Partial<Host> = {}): Host => ({
  name: `host${n}`,
  identities: [{ is: "duid", duid: client(n).duid, iaid: undefined }],
  addresses: [],
  hostPart: undefined,
  prefixes: [],
  lifetimes: undefined,
  ignored: false,
  options,
  boot: [],
  ...more,
});
/** User Class (15): the client is in the classes of these names. */
const inClasses = (...names: readonly string[]): Dhcp6Options =>
  names.length === 0 ? {} : { userClass: names.map((name) => new TextEncoder().encode(name)) };

/** Options as they stand in an answer, without identifiers, preference, rapid commit and leases. */
function toldIn(bytes: Uint8Array): readonly string[] {
  const told: string[] = [];
  for (let at = 4; at < bytes.length; ) {
    const code = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    const value = bytes.subarray(at + 4, at + 4 + length);
    if (!UNASKED_OPTIONS.has(code)) told.push(`${code} ${new TextDecoder().decode(value)}`);
    at += 4 + length;
  }
  return told;
}
/** Octets of an answer, whatever its options hold. */
function heard(bed: Bed, n: number, kind: Dhcp6ClientKind, options: Dhcp6Options): Uint8Array {
  const bytes = bed.bytesIn(encodeDhcp6(said(n, kind, options)), { from: client(n).address });
  assert.ok(bytes !== undefined, JSON.stringify(bed.refused()));
  return bytes;
}
function told(bed: Bed, n: number, requestedOptions: readonly number[], options: Dhcp6Options = {}): readonly string[] {
  return toldIn(heard(bed, n, "solicit", { requestedOptions, ...options }));
}

test("a client is told what it asks for, in the order in which it asks, each once, and nothing unasked (RFC 9915 §18.3, S9, T5)", () => {
  const bed = new Bed({ pools: { options: [raw(200, "a"), raw(201, "b"), raw(202, "c")] } });
  assert.deepEqual(told(bed, 1, [202, 200, 202, 77, 200, 202]), ["202 c", "200 a"]);
  assert.deepEqual(told(bed, 1, []), []);
  const greedy = Array.from({ length: 4000 }, (_, i) => 200 + (i % 2));
  const answer = bed.ask(1, "solicit", { requestedOptions: greedy.slice(0, 500) });
  assert.deepEqual(toldIn(answer.bytes), ["200 a", "201 b"]);
  assert.equal(bed.ask(1, "solicit", { requestedOptions: [200, 201] }).bytes.length, answer.bytes.length, "an answer does not grow with the request");
});

test("several options of one code are said one behind the other", () => {
  const bed = new Bed({ pools: { options: [raw(56, "a"), raw(200, "b"), raw(56, "c")] } });
  assert.deepEqual(told(bed, 1, [200, 56]), ["200 b", "56 a", "56 c"]);
});

test("forced ones are said to everyone, behind what was asked for, and once (RFC 9915 §18.3)", () => {
  const bed = new Bed({ pools: { options: [raw(200, "a", true), raw(201, "b"), raw(202, "c", true)] } });
  assert.deepEqual(told(bed, 1, []), ["200 a", "202 c"]);
  assert.deepEqual(told(bed, 1, [202, 201]), ["202 c", "201 b", "200 a"]);
  assert.deepEqual(toldIn(bed.ask(1, "informationRequest", {}).bytes), ["200 a", "202 c"]);
});

test("every answer that gives or offers something says the same: Advertise, Reply, Reply to a rapid Solicit, Renew, Information-request (T10)", () => {
  const bed = new Bed({ pools: { rapidCommit: true, options: [raw(200, "a")] } });
  const asks = { requestedOptions: [200], iaNa: [iaNa({ iaid: 1 })] };
  const answers = [
    bed.ask(1, "solicit", asks),
    bed.ask(1, "solicit", { ...asks, rapidCommit: true }),
    bed.ask(1, "request", asks),
    bed.ask(1, "renew", asks),
    bed.ask(1, "rebind", asks),
    bed.ask(1, "informationRequest", { requestedOptions: [200] }),
  ];
  assert.deepEqual(
    answers.map(({ bytes }) => toldIn(bytes)),
    answers.map(() => ["200 a"]),
  );
});

test("a relayed client is told what it asks for (T4), all of it inside of the envelope and what is the relay's outside (T3)", () => {
  const bed = new Bed({ relayedPools: { options: [raw(56, "a"), raw(144, "b"), raw(103, "c", true)] } });
  const inner = encodeDhcp6(said(1, "solicit", { requestedOptions: [144, 56], iaNa: [iaNa({ iaid: 1 })] }));
  const bytes = bed.bytesIn(relayed(inner, { link: ip("2001:db8:2::1"), interfaceId: Uint8Array.of(9, 9) }));
  assert.ok(bytes !== undefined);
  const envelope = decodeDhcp6(bytes);
  assert.ok(isRelayMessage(envelope));
  const { relayMessage, ...outside } = envelope.options;
  assert.deepEqual([outside, envelope.unknown], [{ interfaceId: Uint8Array.of(9, 9) }, []]);
  assert.deepEqual(toldIn(relayMessage ?? new Uint8Array(0)), ["144 b", "56 a", "103 c"]);
});

test("nothing is made up of what the machine has: what nobody says is not said, and what once was CER-ID is an option by its number (S24)", () => {
  const everything = Array.from({ length: 160 }, (_, code) => code);
  assert.deepEqual(told(new Bed({ pools: { ownResolver: false } }), 1, everything), []);
  assert.deepEqual(told(new Bed({ pools: { ownResolver: false, options: [raw(65_000, "cer")] } }), 1, [65_000]), ["65000 cer"]);
});

test("options that the server writes itself are nobody else's, whoever has them configured", () => {
  const owned = [...UNASKED_OPTIONS, 39].map((code) => raw(code, "x", true));
  const plain = new Bed().ask(1, "solicit", { requestedOptions: [...UNASKED_OPTIONS] }).bytes;
  assert.equal(toHex(new Bed({ pools: { options: owned } }).ask(1, "solicit", { requestedOptions: [...UNASKED_OPTIONS] }).bytes), toHex(plain));
});

test("what a class says goes over the link, a later class over an earlier one, a host over all: by code, all of a code", () => {
  const bed = new Bed({
    pools: { options: [raw(200, "link"), raw(200, "link too"), raw(201, "link"), raw(202, "link"), raw(203, "link")] },
    classes: [
      classOf("one", [raw(200, "one"), raw(201, "one"), raw(202, "one")]),
      classOf("two", [raw(201, "two"), raw(202, "two"), raw(202, "two too")]),
    ],
    hosts: [hostOf(2, [raw(202, "host")])],
  });
  const all = [200, 201, 202, 203];
  assert.deepEqual(told(bed, 1, all), ["200 link", "200 link too", "201 link", "202 link", "203 link"]);
  assert.deepEqual(told(bed, 1, all, inClasses("one")), ["200 one", "201 one", "202 one", "203 link"]);
  assert.deepEqual(told(bed, 1, all, inClasses("two", "one")), ["200 one", "201 two", "202 two", "202 two too", "203 link"]);
  assert.deepEqual(told(bed, 2, all, inClasses("two", "one")), ["200 one", "201 two", "202 host", "203 link"]);
  assert.deepEqual(told(bed, 2, all), ["200 link", "200 link too", "201 link", "202 host", "203 link"]);
});

test("a code that a class forces is said to its clients, and one that it says and does not force is not", () => {
  const bed = new Bed({ pools: { options: [raw(200, "link", true)] }, classes: [classOf("one", [raw(200, "one"), raw(201, "one", true)])] });
  assert.deepEqual([told(bed, 1, []), told(bed, 1, [], inClasses("one"))], [["200 link"], ["201 one"]]);
});

test("resolvers of a class or a host go in place of our own address on the link", () => {
  const own = servedOption(OPTIONS.dnsServers, [ip("2001:db8::53")]);
  const bed = new Bed({ classes: [classOf("one", [own]), classOf("quiet", [raw(200, "x")])] });
  const servers = (options: Dhcp6Options): unknown => bed.ask(1, "solicit", { requestedOptions: [23], ...options }).message.options.dnsServers;
  assert.deepEqual(servers({}), [LAN_ADDRESS.address]);
  assert.deepEqual(servers(inClasses("quiet")), [LAN_ADDRESS.address]);
  assert.deepEqual(servers(inClasses("one")), [ip("2001:db8::53")]);
  bed.server.setAddresses("lan0", [{ ...LAN_ADDRESS, address: ip("2001:db8:7::1") }]);
  assert.deepEqual(servers(inClasses("quiet")), [ip("2001:db8:7::1")], "a set that was made follows the link");
});

test("sets that were made are made anew with another configuration", () => {
  const bed = new Bed({ classes: [classOf("one", [raw(200, "old")])] });
  assert.deepEqual(told(bed, 1, [200], inClasses("one")), ["200 old"]);
  bed.configure({}, {}, { classes: [classOf("one", [raw(200, "new")])] });
  assert.deepEqual(told(bed, 1, [200], inClasses("one")), ["200 new"]);
});

test("more sets at once than are kept are all told right, again and again", () => {
  const count = LIMITS.mergedOptionSets + 500;
  const bed = new Bed({
    classes: [classOf("one", [raw(201, "one")])],
    hosts: Array.from({ length: count }, (_, i) => hostOf(i + 1, [raw(200, `host ${i + 1}`)])),
  });
  for (let round = 0; round < 2; round++) {
    for (let n = 1; n <= count; n++) {
      assert.deepEqual(told(bed, n, [200, 201]), [`200 host ${n}`]);
      if (n % 97 === 0) assert.deepEqual(told(bed, n, [200, 201], inClasses("one")), [`200 host ${n}`, "201 one"]);
    }
  }
});

test("more classes together than are kept at once are all told right, again and again", () => {
  const names = Array.from({ length: 11 }, (_, i) => `c${i}`);
  const bed = new Bed({ classes: names.map((name, i) => classOf(name, [raw(200 + i, name)])) });
  const asked = names.map((_, i) => 200 + i);
  for (let round = 0; round < 2; round++) {
    for (let set = 0; set < 2 ** names.length; set++) {
      const members = names.filter((_, i) => (set & (1 << i)) !== 0);
      const expected = names.flatMap((name, i) => (members.includes(name) ? [`${200 + i} ${name}`] : []));
      assert.deepEqual(told(bed, 1, asked, inClasses(...members)), expected);
    }
  }
});

const boot = (architecture: number | undefined, url: string, parameters?: string, forced = false): BootFile => ({
  architecture,
  options: [raw(59, url, forced), ...(parameters === undefined ? [] : [raw(60, parameters, forced)])],
});
const BOOT = [boot(7, "seven", "params"), boot(11, "eleven"), boot(undefined, "any")];

test("a client boots what there is for the first architecture it names that there is something for, else what is for all others (RFC 5970 §3.3)", () => {
  const bed = new Bed({ pools: { boot: BOOT } });
  const booted = (...clientArchitectures: readonly number[]): readonly string[] =>
    told(bed, 1, [60, 59], clientArchitectures.length === 0 ? {} : { clientArchitectures });
  assert.deepEqual(booted(7), ["60 params", "59 seven"]);
  assert.deepEqual(booted(6, 11, 7), ["59 eleven"]);
  assert.deepEqual(booted(6, 8), ["59 any"]);
  assert.deepEqual(booted(), ["59 any"]);
  assert.deepEqual(told(bed, 1, [], { clientArchitectures: [7] }), [], "unasked it is told nothing");
  assert.deepEqual(told(new Bed({ pools: { boot: BOOT.slice(0, 2) } }), 1, [59], { clientArchitectures: [6] }), []);
});

test("what is booted is said unasked where it is forced, and a class's list goes in place of the link's", () => {
  const bed = new Bed({ pools: { boot: BOOT }, classes: [classOf("one", [], { boot: [boot(undefined, "class", "x", true)] })] });
  assert.deepEqual(told(bed, 1, [], { clientArchitectures: [7], ...inClasses("one") }), ["59 class", "60 x"]);
  assert.deepEqual(told(bed, 1, [59], { clientArchitectures: [7] }), ["59 seven"]);
});

test("the refresh time is what the operator says, in answers to Information-requests alone (RFC 9915 §21.23)", () => {
  const hour = servedOption(OPTIONS.informationRefreshSeconds, 3600);
  const bed = new Bed({ pools: { options: [hour] } });
  assert.equal(bed.ask(1, "informationRequest", { requestedOptions: [32] }).message.options.informationRefreshSeconds, 3600);
  assert.equal(bed.ask(1, "informationRequest", {}).message.options.informationRefreshSeconds, undefined);
  assert.equal(bed.ask(1, "solicit", { requestedOptions: [32] }).message.options.informationRefreshSeconds, undefined);
  const forced = new Bed({ pools: { options: [{ ...hour, forced: true }] } });
  assert.equal(forced.ask(1, "informationRequest", {}).message.options.informationRefreshSeconds, 3600);
  assert.equal(forced.ask(1, "solicit", {}).message.options.informationRefreshSeconds, undefined);
});

test("options beyond what an answer has room for are left out, the link's before the host's", () => {
  const many = (from: number): readonly ServedOption[] => Array.from({ length: 7 }, (_, i) => raw(from + i, "x".repeat(1000)));
  const bed = new Bed({ pools: { options: many(300) }, hosts: [hostOf(2, many(400))] });
  const asked = Array.from({ length: 200 }, (_, i) => 300 + i);
  const codes = (n: number): readonly number[] => told(bed, n, asked).map((one) => Number(one.split(" ")[0]));
  assert.deepEqual(codes(1), [300, 301, 302, 303, 304, 305, 306]);
  assert.deepEqual(codes(2), [300, 400, 401, 402, 403, 404, 405, 406]);
});

const anyOption = fc.record({
  code: fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 195, max: 203 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 65 }) },
    fc.integer({ min: 0, max: 65_535 }),
  ),
  value: fc.uint8Array({ maxLength: 12 }),
  forced: fc.boolean(),
});
const anyOptions = fc.array(anyOption, { maxLength: 8 });
const WRITTEN_ELSEWHERE = [...UNASKED_OPTIONS, 32, 39, 59, 60];

test("whatever is configured and asked: each code of the last who says it, all of it once, what is asked first; never one that the server writes itself", () => {
  const anyWorld = fc.record({
    link: anyOptions,
    classes: fc.array(anyOptions, { maxLength: 3 }),
    host: fc.option(anyOptions),
    member: fc.array(fc.nat(2), { maxLength: 3 }),
    asked: fc.array(fc.oneof(fc.integer({ min: 195, max: 203 }), fc.integer({ min: 0, max: 65 })), { maxLength: 20 }),
  });
  let longest = 0;
  fc.assert(
    fc.property(anyWorld, ({ link, classes, host, member, asked }) => {
      const bed = new Bed({
        pools: { options: link, ownResolver: false },
        classes: classes.map((options, i) => classOf(`class${i}`, options)),
        hosts: host === null ? [] : [hostOf(1, host)],
      });
      const members = [...new Set(member)].filter((i) => i < classes.length);
      const bytes = heard(bed, 1, "solicit", { requestedOptions: asked, ...inClasses(...members.map((i) => `class${i}`)) });
      const sets = [link, ...classes.filter((_, i) => members.includes(i)), ...(host === null ? [] : [host])].toReversed();
      const allOf = (code: number): readonly ServedOption[] =>
        sets.map((set) => set.filter((one) => one.code === code)).find((found) => found.length > 0) ?? [];
      const mine = (code: number): boolean => !WRITTEN_ELSEWHERE.includes(code) && allOf(code).length > 0;
      const first = [...new Set(asked)].filter(mine);
      const behind = [...new Set(sets.flat().map(({ code }) => code))].filter(
        (code) => mine(code) && !first.includes(code) && allOf(code).some(({ forced }) => forced),
      );
      const text = (code: number): readonly string[] => allOf(code).map(({ value }) => `${code} ${new TextDecoder().decode(value)}`);
      const answer = toldIn(bytes).filter((one) => !one.startsWith("39 "));
      assert.deepEqual(answer.slice(0, first.flatMap(text).length), first.flatMap(text));
      assert.deepEqual(answer.slice(first.flatMap(text).length).toSorted(), behind.flatMap(text).toSorted());
      longest = Math.max(longest, answer.length);
    }),
    { numRuns: 400 },
  );
  assert.ok(longest > 5);
});

/** A name in the form of RFC 1035 §3.1, as it stands in option 39 behind the flags. */
const wire = (...labels: readonly string[]): Uint8Array =>
  Uint8Array.from(labels.flatMap((label) => [label.length, ...new TextEncoder().encode(label)]));
/** Option 39 of the answer to a message that holds these octets as option 39, if there is one. */
function fqdn(
  value: Uint8Array | undefined,
  { asks = false, host = false, kind = "solicit" as "solicit" | "informationRequest" } = {},
): string | undefined {
  const bed = new Bed({ hosts: host ? [hostOf(1, [], { name: "bobs_phone.-" })] : [] });
  const plain = encodeDhcp6(said(1, kind, asks ? { requestedOptions: [39] } : {}));
  const option = value === undefined ? [] : [0, 39, value.length >>> 8, value.length & 255, ...value];
  const bytes = bed.bytesIn(Uint8Array.from([...plain, ...option]));
  assert.ok(bytes !== undefined, JSON.stringify(bed.refused()));
  const message = decodeDhcp6(bytes);
  assert.ok(!isRelayMessage(message));
  assert.deepEqual(message.malformed, []);
  const found = message.options.clientFqdn;
  return found === undefined
    ? undefined
    : `${found.serverUpdates ? "S" : ""}${found.overridden ? "O" : ""}${found.noUpdates ? "N" : ""} ${found.name}${found.complete ? "." : ""}`;
}

test("a client's name is told back to it: nobody is updated, and who wanted the server to do it is overridden (RFC 4704 §6)", () => {
  assert.equal(fqdn(Uint8Array.of(0, ...wire("gw"))), "N gw");
  assert.equal(fqdn(Uint8Array.of(1, ...wire("gw", "example", "net"), 0)), "ON gw.example.net.");
  assert.equal(fqdn(Uint8Array.of(4, ...wire("gw"))), "N gw");
  assert.equal(fqdn(Uint8Array.of(0)), "N ");
  assert.equal(fqdn(undefined, { asks: true }), undefined, "nobody knows a name");
  assert.equal(fqdn(Uint8Array.of(0, ...wire("gw")), { kind: "informationRequest" }), undefined, "§5: not for Information-requests");
});

test("a host that is known is told its name where it has none", () => {
  assert.equal(fqdn(undefined, { asks: true, host: true }), "N bobs-phone");
  assert.equal(fqdn(Uint8Array.of(1), { host: true }), "ON bobs-phone");
  assert.equal(fqdn(Uint8Array.of(0, ...wire("gw")), { host: true }), "N gw");
  assert.equal(fqdn(undefined, { host: true }), undefined);
});

test("of a name only letters, digits and hyphens come back", () => {
  assert.equal(fqdn(Uint8Array.of(0, ...wire("Bob's i_Phone!", "\u0000\u0001", "-a-"))), "N Bob-s-i-Phone.a");
  assert.equal(fqdn(Uint8Array.of(0, ...wire("--"), 0)), "N ");
});

test("a name that is none is not told back, and costs nothing else: a label of more than 63 octets, a pointer, one cut short (CVE-2022-2929)", () => {
  for (const value of [
    [],
    [5, 1, 97],
    [0, 64, ...new Array<number>(64).fill(97)],
    [0, 0xc0, 12],
    [0, 3, 97],
    [0, 1, 97, 0, 1, 97],
    [0, 0],
    [0, ...wire(..."abcd".repeat(64))],
  ])
    assert.equal(fqdn(Uint8Array.from(value)), undefined, String(value));
});

test("whatever stands in option 39: the answer can be read, and what comes back is a name", () => {
  const anyValue = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc
      .array(fc.string({ maxLength: 20 }), { maxLength: 6 })
      .map((labels) => Uint8Array.of(0, ...wire(...labels.map((one) => one.replace(/[^\x20-\x7e]/g, "")).filter((one) => one !== "")))),
  );
  fc.assert(
    fc.property(anyValue, (value) => assert.match(fqdn(value) ?? "N ", /^O?N (?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.|$))*$/)),
    { numRuns: 300 },
  );
});

test("the longest answer fits the room that is kept for it", () => {
  const long = (from: number): readonly ServedOption[] => Array.from({ length: 64 }, (_, i) => raw(from + i, "x".repeat(1024), true));
  const everyClass = Array.from({ length: 64 }, (_, i) =>
    classOf(`c${i}`, long(1000 + 64 * i), { boot: [boot(undefined, "x".repeat(1024), "x".repeat(1024), true)] }),
  );
  const bed = new Bed({ pools: { options: long(300) }, classes: everyClass.map((one) => ({ ...one, tests: [] })), hosts: [hostOf(1, long(8000))] });
  const bytes = heard(bed, 1, "request", { iaNa: Array.from({ length: 64 }, (_, iaid) => iaNa({ iaid })) });
  assert.ok(
    bytes.length > LIMITS.servedOctets && bytes.length < LIMITS.servedOctets + 16_384 && bytes.length < REPLY_BYTES_MAX,
    String(bytes.length),
  );
});
