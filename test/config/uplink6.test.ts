/** `[uplink6.INTERFACE]`: what each key becomes, what is refused with its place and a hint, and what is only warned of. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeAll, encodeAll } from "../../src/base/codec.ts";
import { printConfig } from "../../src/config/print.ts";
import { type ReadResult, readConfig } from "../../src/config/read.ts";
import type { Config } from "../../src/config/schema.ts";
import { terse } from "../../src/config/terse.ts";
import type { Problem } from "../../src/config/toml.ts";
import { configuration } from "../../src/roles/messages/catalogue.ts";
import { type DelegationWish, type Uplink6Interface, uplink6 } from "../../src/services/uplink6/config.ts";

type Sound = Extract<ReadResult, { readonly config: Config }>;
function sound(text: string): Sound {
  const result = readConfig(text);
  assert.ok("config" in result, "problems" in result ? `${text}\n${result.problems.map((one) => `${one.message}; ${one.hint}`).join("\n")}` : "");
  return result;
}
/** What is printed is read as the same, and so is what a person would have written. */
function read(text: string): Sound {
  const result = sound(text);
  assert.deepEqual(sound(printConfig(result.file)).config, result.config, "what is printed is read as the same");
  assert.equal(printConfig(sound(printConfig(result.file)).file), printConfig(result.file), "printed twice it is the same text");
  assert.deepEqual(sound(printConfig(terse(result.file))).config, result.config, "the terse form is read as the same");
  return result;
}
function entry(keys: string): Uplink6Interface {
  const [only] = read(`[uplink6.wan0]\n${keys}\n`).config.uplink6 ?? [];
  assert.ok(only !== undefined);
  return only;
}
function problems(text: string): readonly Problem[] {
  const result = readConfig(text);
  assert.ok("problems" in result, `it is refused: ${text}`);
  assert.ok(result.problems.every(({ hint }) => hint.length > 0));
  return result.problems;
}
const ip = (text: string): never => text as never;
const lan0 = (more: Partial<DelegationWish> = {}): DelegationWish => ({
  iaid: 7,
  targets: [{ interface: "lan0", prefixLength: 64, hostPart: ip("::1") }],
  ...more,
});

test("an empty table asks for other information only, and is what holds where the operator said nothing", () => {
  assert.deepEqual(entry(""), uplink6("wan0", []));
  assert.deepEqual(entry("delegate = []"), uplink6("wan0", []));
});

const KEYS: readonly (readonly [string, Partial<Uplink6Interface>])[] = [
  ['pace = "rfc"', { pace: "rfc" }],
  ['start = "advertised"', { start: "advertised" }],
  ["address = { iaid = 4294967295 }", { addressIaid: 4_294_967_295 }],
  ["address = { iaid = 0 }\nrapid_commit = true", { addressIaid: 0, rapidCommit: true }],
  ["address = false", {}],
  ['aggregate_route = "blackhole"', { aggregateRoute: "blackhole" }],
  ['aggregate_route = "prohibit"', { aggregateRoute: "prohibit" }],
  ['aggregate_route = "none"', { aggregateRoute: "none" }],
  ["request_options = [31, 65535]", { requestOptions: [31, 65_535] }],
  ["no_request_options = [24]", { omitOptions: [24] }],
  [
    'send_options = { "17" = "hex:00:00:7e:d9", "16" = "hex:00007ed9", "65001" = "x" }',
    {
      sendOptions: [
        { code: 16, hex: "00007ed9" },
        { code: 17, hex: "00007ed9" },
        { code: 65_001, hex: "78" },
      ],
    },
  ],
  ["accept_reconfigure = false", { acceptReconfigure: false }],
  ["register_addresses = true", { registerAddresses: true }],
  ["address = { iaid = 1 }\nrelease_on_stop = true", { addressIaid: 1, releaseOnStop: true }],
  ["ignore_dns = true", { ignoreDns: true }],
];
for (const [keys, fields] of KEYS)
  test(`${keys.replaceAll("\n", ", ")} is nothing but that`, () => assert.deepEqual(entry(keys), uplink6("wan0", [], fields)));

const target = (name: string | undefined, prefixLength: number, hostPart = "::1") => ({ interface: name, prefixLength, hostPart: ip(hostPart) });
const DELEGATIONS: readonly (readonly [string, DelegationWish])[] = [
  ['{ iaid = 7, to = ["lan0"] }', lan0()],
  ['{ iaid = 7, to = ["lan0/2", "lan1/127", "lan2/128"] }', lan0({ targets: [target("lan0", 2), target("lan1", 127), target("lan2", 128)] })],
  ['{ iaid = 7, to = ["reserve", "reserve/60", "lan0"] }', lan0({ targets: [target(undefined, 64), target(undefined, 60), target("lan0", 64)] })],
  ['{ iaid = 7, to = ["lan0"], host_part = "eui64" }', lan0({ targets: [target("lan0", 64, "eui64")] })],
  ['{ iaid = 7, to = ["lan0/80"], host_part = "stable" }', lan0({ targets: [target("lan0", 80, "stable")] })],
  ['{ iaid = 7, to = ["lan0/127"], host_part = "::" }', lan0({ targets: [target("lan0", 127, "::")] })],
  [
    '{ iaid = 7, to = [{ interface = "lan0" }, { interface = "lan1", length = 62, host_part = "eui64" }, { interface = "reserve", length = 61 }], host_part = "::5" }',
    lan0({ targets: [target("lan0", 64, "::5"), target("lan1", 62, "eui64"), target(undefined, 61, "::5")] }),
  ],
  ['{ iaid = 7, to = ["lan0"], prefix_length = 56, hint = "2001:db8:1::" }', lan0({ prefixLength: 56, hint: ip("2001:db8:1::") })],
  ['{ iaid = 7, to = ["lan0"], hint = "2001:DB8:0:1::" }', lan0({ hint: ip("2001:db8:0:1::") })],
];
for (const [text, wish] of DELEGATIONS)
  test(`delegate = [ ${text} ]`, () => assert.deepEqual(entry(`delegate = [ ${text} ]`), uplink6("wan0", [wish])));

test("the configuration crosses between processes as values, and is the same behind it (B31)", () => {
  const text = `[uplink6.wan0]\naddress = true\nsend_options = { "16" = "x" }\ndelegate = [ ${DELEGATIONS.map(([one], i) =>
    one.replace("iaid = 7", `iaid = ${i}`).replaceAll(/lan(\d)/g, `l${i}n$1`),
  ).join(", ")} ]\n`;
  const { config } = read(text);
  const bytes = encodeAll(configuration, config);
  assert.deepEqual(decodeAll(configuration, bytes), config);
});

test("the numbers of delegations follow names, not places: a file in another order renumbers nothing (B45, RFC 9096 §3.2)", () => {
  const iaids = (...delegations: readonly string[]): readonly number[] =>
    entry(`delegate = [ ${delegations.map((to) => `{ to = [${to}] }`).join(", ")} ]`).delegations.map(({ iaid }) => iaid);
  const [a, b, c] = iaids('"lan0"', '"lan1", "lan2"', '"reserve/60", "lan3"');
  assert.equal(new Set([a, b, c]).size, 3);
  assert.deepEqual(iaids('"reserve/60", "lan3"', '"lan1", "lan2"', '"lan0"'), [c, b, a]);
  assert.deepEqual(iaids('"lan1/60", "lan7"', '"lan8"')[0], b, "the first name alone counts");
  assert.deepEqual(iaids('"lan9"', '"lan3", "reserve"')[1], c);
  const [first, second] = iaids('"reserve"', '"lan0"', '"reserve/60"').filter((_, at) => at !== 1);
  assert.notEqual(first, second);
  assert.deepEqual(iaids('"lan5"', '"reserve/62"', '"reserve"').slice(1), [first, second], "those that only reserve are told apart by their order");
});

test("an address and a delegation may have one number: their spaces are apart (RFC 9915 §21.4)", () => {
  const { addressIaid, delegations } = entry('address = { iaid = 1 }\ndelegate = [ { iaid = 1, to = ["lan0"] } ]');
  assert.deepEqual([addressIaid, delegations[0]?.iaid], [1, 1]);
  assert.equal(entry("address = true").addressIaid, entry('address = true\ndelegate = [ { to = ["lan0"] } ]').addressIaid);
});

test("one interface behind two uplinks is multihoming, and accepted", () => {
  const { config } = read('[uplink6.wan0]\ndelegate = [ { to = ["lan0"] } ]\n[uplink6.wan1]\ndelegate = [ { to = ["lan0"] } ]\n');
  assert.equal(config.uplink6?.length, 2);
});

test("32 delegations are as many as may be", () => {
  const some = (count: number): string => Array.from({ length: count }, (_, i) => `{ to = ["lan${i}"] }`).join(", ");
  assert.equal(entry(`delegate = [ ${some(32)} ]`).delegations.length, 32);
  assert.match(problems(`[uplink6.wan0]\ndelegate = [ ${some(33)} ]\n`)[0]?.hint ?? "", /at most 32/);
});

const REFUSED: readonly (readonly [string, string, string, RegExp, RegExp])[] = [
  ["a target of no bits", 'delegate = [ { to = ["lan0/0"] } ]', "2:22", /no interface with a prefix length/, /from 1 to 128/],
  ["a target of 129 bits", 'delegate = [ { to = ["lan0", "lan1/129"] } ]', "2:30", /no interface with a prefix length/, /from 1 to 128/],
  ["a name of 16 bytes", 'delegate = [ { to = ["sixteen-letters-"] } ]', "2:22", /no interface/, /lan0/],
  ["a length that is no number", 'delegate = [ { to = ["lan0/x"] } ]', "2:22", /no interface/, /lan0/],
  ["a target that is neither text nor table", "delegate = [ { to = [ 64 ] } ]", "2:23", /delegate\.0\.to\.0/, /to takes a list/],
  ["a table with a wrong length", 'delegate = [ { to = [ { interface = "lan0", length = 0 } ] } ]', "2:45", /length/, /1 to 128/],
  ["a table with an unknown key", 'delegate = [ { to = [ { interface = "lan0", lenght = 60 } ] } ]', "2:45", /"lenght" is not known/, /"length"/],
  ["a table without a name", "delegate = [ { to = [ { length = 60 } ] } ]", "2:23", /interface/, /interface takes/],
  ["a host part that is none", 'delegate = [ { to = ["lan0"], host_part = "random" } ]', "2:31", /no host part/, /eui64/],
  ["no target", "delegate = [ { to = [] } ]", "2:16", /delegate\.0\.to/, /to takes/],
  ["a delegation without targets", "delegate = [ { iaid = 1 } ]", "2:14", /delegate\.0\.to/, /to takes/],
  ["an iaid beyond 32 bits", 'delegate = [ { iaid = 4294967296, to = ["lan0"] } ]', "2:16", /iaid/, /4294967295/],
  ["the same iaid twice", 'delegate = [ { iaid = 1, to = ["lan0"] }, { iaid = 1, to = ["lan1"] } ]', "2:43", /same iaid, 1/, /another iaid/],
  ["a target named twice", 'delegate = [ { to = ["lan0", "lan0/60"] } ]', "2:30", /lan0 has a place already/, /reserve/],
  ["a target of two delegations", 'delegate = [ { to = ["lan0"] }, { to = ["lan1", "lan0"] } ]', "2:49", /lan0 has a place already/, /once/],
  ["targets that no prefix holds", 'delegate = [ { to = ["lan0/1", "lan1/1"] } ]', "2:16", /no prefix is large enough/, /64 bits/],
  ["eui64 below 80 bits", 'delegate = [ { to = ["lan0/80"], host_part = "eui64" } ]', "2:34", /needs 64 bits/, /stable/],
  ["a host part in the prefix", 'delegate = [ { to = ["lan0"], host_part = "::1:0:0:0:1" } ]', "2:31", /has bits in a prefix of 64/, /::1/],
  ["the address of all routers", 'delegate = [ { to = ["lan0"], host_part = "::" } ]', "2:31", /all routers/, /RFC 4291/],
  [
    "a host part of no bits",
    'delegate = [ { to = [ { interface = "lan0", length = 128, host_part = "::1" } ] } ]',
    "2:23",
    /128 bits leaves none/,
    /away/,
  ],
  ["a hint for any", 'delegate = [ { to = ["lan0"], hint = "::" } ]', "2:31", /no prefix/, /without hint/],
  ["a hint with bits behind", 'delegate = [ { to = ["lan0"], prefix_length = 48, hint = "2001:db8:0:1::" } ]', "2:51", /first 48/, /2001:db8::/],
  ["a hint that is no address", 'delegate = [ { to = ["lan0"], hint = "2001:db8::/56" } ]', "2:31", /no IPv6 address/, /2001:db8::1/],
  ["a number for an address", "address = 7", "2:1", /address/, /true, false, or a table/],
  ["an iaid of an address that is none", "address = { iaid = -1 }", "2:13", /iaid/, /4294967295/],
  ["a start that is none", 'start = "later"', "2:1", /start/, /advertised/],
  ["rapid commit of nothing", "rapid_commit = true", "2:1", /needs a lease/, /delegate or address/],
  ["a release of nothing", "release_on_stop = true", "2:1", /needs a lease/, /delegate or address/],
  ["an option asked for and not", "request_options = [31]\nno_request_options = [23, 31]", "3:27", /option 31 is both/, /one of the two/],
  ["option 0 asked for", "request_options = [0]", "2:20", /request_options/, /1 to 65535/],
  ["identity associations asked for as options", "request_options = [31, 25]", "2:24", /option 25 is not asked for/, /RFC 9915 §21\.7/],
  ["a code that is none", 'send_options = { "65536" = "x" }', "2:18", /no code/, /65535/],
  ["an option without octets", 'send_options = { "16" = "" }', "2:18", /empty/, /hex/],
  ["too much to send", `send_options = { "16" = "${"a".repeat(600)}", "17" = "${"a".repeat(600)}" }`, "2:1", /more than 1024/, /fragments/],
];
for (const [what, keys, place, message, hint] of REFUSED)
  test(`refused: ${what}`, () => {
    const [problem, ...more] = problems(`[uplink6.wan0]\n${keys}\n`);
    assert.deepEqual(more, []);
    assert.match(problem?.message ?? "", message);
    assert.match(problem?.hint ?? "", hint);
    assert.equal(`${problem?.line}:${problem?.column}`, place);
  });

for (const code of [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 18, 19, 20, 25, 26, 66, 67, 79, 135])
  test(`option ${code} is not for an operator to send`, () => {
    const [problem] = problems(`[uplink6.wan0]\nsend_options = { "${code}" = "x" }\n`);
    assert.match(problem?.message ?? "", new RegExp(`option ${code} is not for an operator`));
  });

test("a pattern is no interface that prefixes could be delegated to", () => {
  assert.match(problems('[uplink6."wan*"]\n')[0]?.message ?? "", /is a pattern/);
});

test("all errors are told at once: of values, between keys, and of other tables", () => {
  const told = problems(
    `[uplink4.eth0]\nmtu_min = 600\n[uplink6.wan0]\nrapid_commit = 1\n[uplink6.wan1]\ndelegate = [ { to = ["b", "b"] }, { to = ["a", "a"] } ]\n[lan.lan0]\nra = 1\n`,
  );
  assert.deepEqual(
    told.map(({ line, column }) => [line, column]),
    [
      [2, 1],
      [4, 1],
      [6, 27],
      [6, 48],
      [8, 1],
    ],
  );
});

test("a prefix that is asked for smaller than its targets need is accepted, and said", () => {
  const { warnings } = read('[uplink6.wan0]\ndelegate = [ { to = ["a", "b", "c"], prefix_length = 63 }, { to = ["d"], prefix_length = 48 } ]\n');
  assert.deepEqual(
    warnings.map(({ line, column, message }) => [line, column, message]),
    [[2, 38, "a prefix of 63 bits holds 2 of 3 targets"]],
  );
  assert.deepEqual(read('[uplink6.wan0]\ndelegate = [ { to = ["a", "b"], prefix_length = 63 } ]\n').warnings, []);
});

test("a target that is the uplink itself may get a part that the provider excludes for it, and nothing else; that is said (RFC 9915 §6.3, RFC 6603)", () => {
  const { warnings, config } = read('[uplink6.wan0]\ndelegate = [ { to = ["lan0", "wan0"] }, { to = ["lan1"] } ]\n');
  assert.deepEqual(
    warnings.map(({ line, column }) => [line, column]),
    [[2, 30]],
  );
  assert.match(warnings[0]?.message ?? "", /wan0 it gets itself only what the provider excludes/);
  assert.equal(config.uplink6?.[0]?.delegations[0]?.targets[1]?.interface, "wan0");
});

test("import prints what differs from the defaults, and nothing else", () => {
  const text =
    '[uplink6.wan0]\nrapid_commit = true\ndelegate = [{ to = ["lan0", "lan1/60"] }, { iaid = 5, to = ["reserve"], host_part = "stable" }]\n';
  assert.equal(printConfig(terse(sound(text).file)), text);
});

const name = fc.constantFrom("lan0", "lan1", "br-lan", "eth0.7", "wg0", "x", "reserve", "host");
const part = fc.constantFrom("::1", "::ffff", "stable", "eui64");
const toml = (value: unknown): string => JSON.stringify(value);
const someTarget = fc.record({ one: name, length: fc.integer({ min: 40, max: 64 }), host: fc.option(part), table: fc.boolean() });
const someTargets = fc.uniqueArray(someTarget, { minLength: 1, maxLength: 5, selector: ({ one }) => one });
function written(
  targets: readonly { readonly one: string; readonly length: number; readonly host: string | null; readonly table: boolean }[],
  at: number,
) {
  return targets.map(({ one, length, host, table }) => {
    const own = one === "reserve" ? one : `${one}-${at}`;
    const hostPart = host === null ? "" : `, host_part = ${toml(host)}`;
    return table ? `{ interface = ${toml(own)}, length = ${length}${hostPart} }` : toml(length === 64 ? own : `${own}/${length}`);
  });
}
const someDelegation = fc.record({
  to: someTargets,
  host: fc.option(part),
  hint: fc.boolean(),
  length: fc.option(fc.integer({ min: 32, max: 64 })),
  iaid: fc.boolean(),
});
type SomeDelegation = typeof someDelegation extends fc.Arbitrary<infer T> ? T : never;
function delegationText({ to, host, hint, length, iaid }: SomeDelegation, at: number): string {
  const keys = [
    `to = [${written(to, at).join(", ")}]`,
    ...(host === null ? [] : [`host_part = ${toml(host)}`]),
    ...(hint ? ['hint = "2001:db8::"'] : []),
    ...(length === null ? [] : [`prefix_length = ${length}`]),
    ...(iaid ? [`iaid = ${at}`] : []),
  ];
  return `{ ${keys.join(", ")} }`;
}
const someEntry = fc.tuple(
  fc.subarray([
    'pace = "rfc"',
    'start = "advertised"',
    "address = true",
    'aggregate_route = "none"',
    "request_options = [31]",
    'send_options = { "15" = "hex:0001ff" }',
    "accept_reconfigure = false",
    "register_addresses = true",
    "ignore_dns = true",
  ]),
  fc.array(someDelegation, { maxLength: 4 }),
);

test("any configuration is printed so that it is read as the same, also in its terse form", () => {
  fc.assert(
    fc.property(fc.array(someEntry, { minLength: 1, maxLength: 3 }), (entries) => {
      const tables = entries.map(([keys, delegations], at) => {
        const all = delegations.map(delegationText).join(", ");
        return `[uplink6.wan${at}]\n${keys.join("\n")}\ndelegate = [ ${all} ]\n`;
      });
      read(tables.join(""));
    }),
    { numRuns: 300 },
  );
});
