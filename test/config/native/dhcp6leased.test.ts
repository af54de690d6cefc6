/** dhcp6leased.conf: the grammar, what each statement means, every error with its place and a hint, and what is printed of it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { numberOfName } from "../../../src/base/name-number.ts";
import { printDhcp6leased } from "../../../src/config/native/print6.ts";
import { STATEMENTS_6 } from "../../../src/config/native/dhcp6leased.ts";
import { printConfig } from "../../../src/config/print.ts";
import { type ReadResult, readConfig } from "../../../src/config/read.ts";
import { terse } from "../../../src/config/terse.ts";
import type { Config } from "../../../src/config/schema.ts";
import type { Problem } from "../../../src/config/toml.ts";
import { type DelegationWish, type Uplink6Interface, uplink6 } from "../../../src/services/uplink6/config.ts";

type Sound = Extract<ReadResult, { readonly config: Config }>;
function sound(text: string): Sound {
  const result = readConfig(Buffer.from(text, "utf8").toString("latin1"), { format: "dhcp6leased" });
  assert.ok(
    "config" in result,
    "problems" in result ? `${text}\n${result.problems.map((one) => `${one.line}:${one.column}: ${one.message}`).join("\n")}` : "",
  );
  return result;
}
/** It returns from its own print, with and without comments, and from TOML. */
function read(text: string): Sound {
  const result = sound(text);
  const printed = printDhcp6leased(result.file);
  assert.deepEqual(sound(printed).config, result.config, printed);
  assert.equal(printDhcp6leased(sound(printed).file), printed, "printed twice it is the same text");
  assert.deepEqual(sound(printDhcp6leased(result.file, { places: true })).config, result.config, "comments change nothing");
  const toml = readConfig(printConfig(terse(result.file)) || "[uplink6]");
  assert.ok("config" in toml);
  assert.deepEqual(toml.config, result.config);
  return result;
}
function uplinks(text: string): readonly Uplink6Interface[] {
  return read(text).config.uplink6 ?? [];
}
function problems(text: string): readonly Problem[] {
  const result = readConfig(text, { format: "dhcp6leased" });
  assert.ok("problems" in result, "it is refused");
  assert.ok(result.problems.every(({ hint }) => hint.length > 0));
  return result.problems;
}
const ip = (text: string): never => text as never;
const target = (name: string | undefined, prefixLength = 64, hostPart = "::1") => ({ interface: name, prefixLength, hostPart: ip(hostPart) });
function wish(name: string, targets: DelegationWish["targets"], more: Partial<DelegationWish> = {}): DelegationWish {
  return { iaid: numberOfName(name, 32), targets, ...more };
}

test("an empty file, and one of comments and macros, is a configuration without interfaces", () => {
  for (const text of ["", "\n\n", "# nothing\n", "# nothing", "x = y\n", "interface = y\nhost = z"]) assert.deepEqual(uplinks(text), []);
});

const DELEGATIONS: readonly (readonly [string, readonly DelegationWish[]])[] = [
  ["request prefix delegation on em0 for em1", [wish("em1", [target("em1")])]],
  ["request prefix delegation on em0 for em1/60", [wish("em1", [target("em1", 60)])]],
  ['request prefix delegation on "em0" for "em1/1"', [wish("em1", [target("em1", 1)])]],
  ["request prefix delegation on em0 for { em1 }", [wish("em1", [target("em1")])]],
  [
    "request prefix delegation on em0 for { em1 em2/60 reserve reserve/62 }",
    [wish("em1", [target("em1"), target("em2", 60), target(undefined), target(undefined, 62)])],
  ],
  ["request prefix delegation on em0 for {\n\n em1\n\n em2/128 em3\n}", [wish("em1", [target("em1"), target("em2", 128), target("em3")])]],
  ["request prefix delegation on em0 for { em1\n}", [wish("em1", [target("em1")])]],
  ["request prefix delegation on em0 for { reserve/48\n em1 }", [wish("em1", [target(undefined, 48), target("em1")])]],
  ["request prefix delegation on em0 for reserve", [wish("reserve", [target(undefined)])]],
  ["request prefix delegation on em0 for { reserve/128 em1/128 }", [wish("em1", [target(undefined, 128), target("em1", 128)])]],
  ["request prefix delegation on em0 \\\n for \\\n em1", [wish("em1", [target("em1")])]],
  [
    "request prefix delegation on em0 for { host\n id iaid hint interface }",
    [
      wish(
        "host",
        ["host", "id", "iaid", "hint", "interface"].map((one) => target(one)),
      ),
    ],
  ],
  [
    'request prefix delegation on em0 for { em1 "host" "id" stable }',
    [
      wish(
        "em1",
        ["em1", "host", "id", "stable"].map((one) => target(one)),
      ),
    ],
  ],
  ['request prefix delegation on em0 for { "for" "request/60" }', [wish("for", [target("for"), target("request", 60)])]],
  ["request prefix delegation on em0 iaid 7 for em1", [{ iaid: 7, targets: [target("em1")] }]],
  ["request prefix delegation on em0 hint 2001:db8:7::/56 for em1", [wish("em1", [target("em1")], { hint: ip("2001:db8:7::"), prefixLength: 56 })]],
  ["request prefix delegation on em0 hint ::/56 for em1", [wish("em1", [target("em1")], { prefixLength: 56 })]],
  ["request prefix delegation on em0 hint 2001:db8:7:: iaid 0 for em1", [{ iaid: 0, targets: [target("em1")], hint: ip("2001:db8:7::") }]],
  [
    "request prefix delegation on em0 for { em1 host id stable em2/60 host id eui64\n em3 host id ::3\n em4 }",
    [wish("em1", [target("em1", 64, "stable"), target("em2", 60, "eui64"), target("em3", 64, "::3"), target("em4")])],
  ],
  ["request prefix delegation on em0 for em1 host id ::5", [wish("em1", [target("em1", 64, "::5")])]],
];
for (const [text, wishes] of DELEGATIONS) test(text.replaceAll("\n", " | "), () => assert.deepEqual(uplinks(`${text}\n`), [uplink6("em0", wishes)]));

const STATEMENTS: readonly (readonly [string, Partial<Uplink6Interface>])[] = [
  ["request address", { addressIaid: numberOfName("em0", 32) }],
  ["request address iaid 3", { addressIaid: 3 }],
  ["request address iaid 3\nrequest rapid commit", { addressIaid: 3, rapidCommit: true }],
  ["request option 31 56\nrequest option 7000", { requestOptions: [31, 56, 7000] }],
  ["no request option 23", { omitOptions: [23] }],
  ["send option 16 hex:00007ed9", { sendOptions: [{ code: 16, hex: "00007ed9" }] }],
  ['send option 15 "a b"', { sendOptions: [{ code: 15, hex: "612062" }] }],
  ["unreachable", {}],
  ["blackhole", { aggregateRoute: "blackhole" }],
  ["prohibit", { aggregateRoute: "prohibit" }],
  ["no route", { aggregateRoute: "none" }],
  ["without ra", {}],
  ["with ra", { start: "advertised" }],
  ["pace rfc", { pace: "rfc" }],
  ["pace fast", {}],
  ["no reconfigure", { acceptReconfigure: false }],
  ["register addresses", { registerAddresses: true }],
  ["request address iaid 1\nrelease on stop", { addressIaid: 1, releaseOnStop: true }],
  ["ignore dns", { ignoreDns: true }],
  ["", {}],
];
for (const [statements, fields] of STATEMENTS)
  test(`interface em0 { ${statements.replaceAll("\n", " | ")} }`, () =>
    assert.deepEqual(uplinks(`interface em0 {\n${statements}\n}\n`), [uplink6("em0", [], fields)]));

test("every statement is tried", () => {
  const tried = STATEMENTS.flatMap(([text]) => text.split("\n"));
  for (const { words } of STATEMENTS_6)
    assert.ok(
      tried.some((line) => line === words || line.startsWith(`${words} `)),
      words,
    );
});

test("docs/options.md names every statement, and no other", () => {
  const text = readFileSync(new URL("../../../docs/options.md", import.meta.url), "utf8");
  const section = text.slice(text.indexOf("## dhcp6leased.conf"));
  const block = /^interface \$uplink \{\n((?: .*\n)+)\}$/m.exec(section)?.[1] ?? "";
  assert.deepEqual(
    block
      .trimEnd()
      .split("\n")
      .map((line) => line.trim()),
    STATEMENTS_6.map(({ form }) => form),
  );
});

test("request rapid commit is for every interface, wherever it stands", () => {
  const lines = ["request prefix delegation on em0 for em1\n", "request rapid commit\n", "request prefix delegation on em8 for em1\n"];
  for (const text of [lines.join(""), lines.toReversed().join(""), [...lines, "request rapid commit\n"].join("")]) {
    const { file, config } = read(text);
    assert.deepEqual(
      config.uplink6?.map(({ rapidCommit }) => rapidCommit),
      [true, true],
    );
    assert.match(printDhcp6leased(file), /^request rapid commit$/m);
  }
  const { file } = read(
    "interface em0 { request rapid commit }\nrequest prefix delegation on em0 for em1\nrequest prefix delegation on em8 for em2\n",
  );
  assert.match(printDhcp6leased(file), /^\trequest rapid commit$/m);
});

test("each statement is one IA_PD, and its number is of its first name, whatever stands before it (B45, RFC 9096 §3.2)", () => {
  const lines = [
    "request prefix delegation on em0 for { em1 em2 }",
    "request prefix delegation on em0 for reserve/60",
    "request prefix delegation on em0 for { reserve em3/60 }",
    "request prefix delegation on em0 for reserve",
  ];
  const numbers = (order: readonly number[]): readonly (number | undefined)[] => {
    const [uplink] = uplinks(`${order.map((at) => lines[at]).join("\n")}\n`);
    return lines.map((_, at) => uplink?.delegations[order.indexOf(at)]?.iaid);
  };
  const first = numbers([0, 1, 2, 3]);
  assert.equal(new Set(first).size, 4);
  assert.deepEqual(numbers([2, 1, 3, 0]), first);
  assert.deepEqual(numbers([3, 0, 1, 2]).toSpliced(1, 1).toSpliced(2, 1), [first[0], first[2]], "reserving ones are told apart by their order");
});

test("the same in TOML is the same configuration", () => {
  const toml = readConfig('[uplink6.em0]\nrapid_commit = true\ndelegate = [ { to = ["em1", "em2/60"] }, { to = ["reserve"] } ]\n');
  assert.ok("config" in toml);
  const text = "request rapid commit\nrequest prefix delegation on em0 for { em1 em2/60 }\nrequest prefix delegation on em0 for reserve\n";
  assert.deepEqual(sound(text).config, toml.config);
});

test("macros stand for upstreams, targets and parts of them", () => {
  const text = 'up = em0\nlan = em1\nboth = em2 "em3/60"\nrequest prefix delegation on $up for { $lan/62 $both }\n';
  const targets = [target("em1", 62), target("em2"), target("em3", 60)];
  assert.deepEqual(uplinks(text), [uplink6("em0", [wish("em1", targets)])]);
  assert.deepEqual(
    read(`${text}unused = x\n`).macros.map(({ name, used }) => [name, used]),
    [
      ["up", true],
      ["lan", true],
      ["both", true],
      ["unused", false],
    ],
  );
});

test("what concerns the host stands outside, as in dhcpleased.conf", () => {
  const { host } = read('hook "/etc/hook" user root\nresolver none\nmanage system\n').config;
  assert.deepEqual(host, { resolver: "none", manage: true, hostsFolder: undefined, hook: { run: "/etc/hook", user: "root" } });
});

const PD = "request prefix delegation on em0 for";
const REFUSED: readonly (readonly [string, string, string, RegExp, RegExp])[] = [
  ["a line of nothing known", "foo bar\n", "1:1", /"foo" is not known/, /request prefix delegation on NAME/],
  ["half of a statement", "request prefix\n", "1:15", /"delegation" is needed here, not the end/, /request rapid commit/],
  ["another request", "request foo\n", "1:9", /"prefix" is needed here/, /request rapid commit/],
  ["half of rapid commit", "request rapid\n", "1:14", /"commit" is needed/, /\w/],
  ["something behind rapid commit", "request rapid commit now\n", "1:22", /"now" does not belong/, /\w/],
  ["a keyword in another case", "Request rapid commit\n", "1:1", /"Request" is not known/, /request/],
  ["a keyword for an upstream", "request prefix delegation on for em1\n", "1:30", /the name of an interface is needed/, /in quotes: "for"/],
  ["a number for an upstream", "request prefix delegation on 5 for em1\n", "1:30", /the name of an interface is needed/, /in quotes/],
  ["an upstream of 16 bytes", "request prefix delegation on sixteen-letters- for em1\n", "1:30", /too long/, /15 bytes/],
  ["no target", `${PD}\n`, "1:37", /a target is needed|is needed here/, /\w/],
  ["no target in braces", `${PD} { }\n`, "1:38", /no target/, /lan0/],
  ["two targets without braces", `${PD} em1 em2\n`, "1:42", /in braces/, /for \{/],
  ["a number for a target", `${PD} { em1 64 }\n`, "1:44", /a target is needed here, not "64"/, /quotes/],
  ["a block without an end", `${PD} { em1\n`, "1:38", /does not end/, /\} is missing/],
  ["something behind the block", `${PD} { em1 } em2\n`, "1:46", /"em2" does not belong/, /\w/],
  ["a length of 129", `${PD} { em1 em2/129 }\n`, "1:44", /no interface with a prefix length/, /1 to 128/],
  ["a length of 0", `${PD} em1/0\n`, "1:38", /no interface with a prefix length/, /1 to 128/],
  ["a length that is none", `${PD} em1/x\n`, "1:38", /no interface with a prefix length/, /1 to 128/],
  ["a target of 16 bytes", `${PD} sixteen-letters-/64\n`, "1:38", /no interface/, /lan0/],
  ["a target named twice", `${PD} {\n em1\n em1/60\n}\n`, "3:2", /em1 has a place already/, /reserve/],
  ["a target of two statements", `${PD} em1\n${PD} em1\n`, "2:38", /em1 has a place already/, /reserve/],
  ["an iaid that is none", "request prefix delegation on em0 iaid x for em1\n", "1:39", /a number is needed/, /\w/],
  ["an iaid below 0", "request prefix delegation on em0 iaid -1 for em1\n", "1:34", /iaid/, /4294967295/],
  ["an iaid set twice", "request prefix delegation on em0 iaid 1 iaid 2 for em1\n", "1:41", /iaid was set already/, /away/],
  [
    "the same iaid twice",
    "request prefix delegation on em0 iaid 1 for em1\nrequest prefix delegation on em0 iaid 1 for em2\n",
    "2:1",
    /same iaid/,
    /another/,
  ],
  ["a hint that is none", "request prefix delegation on em0 hint foo/56 for em1\n", "1:34", /no IPv6 address/, /2001:db8/],
  ["a hint of 129 bits", "request prefix delegation on em0 hint 2001:db8::/129 for em1\n", "1:34", /hint/, /1 to 128/],
  ["a hint with bits behind", "request prefix delegation on em0 hint 2001:db8::1/56 for em1\n", "1:34", /behind the first 56/, /2001:db8::/],
  ["a host part that is none", `${PD} { em1 host id random }\n`, "1:52", /"random" is no host part/, /in quotes/],
  ["a host part that is missing", `${PD} em1 host id\n`, "1:47", /nothing is no host part/, /stable/],
  ["an option of nothing known", "interface em0 {\n foo\n}\n", "2:2", /"foo" is no option/, /request, no, send/],
  ["an option of dhcpleased.conf", "interface em0 {\n metric 5\n}\n", "2:2", /"metric" is no option/, /pace/],
  ["two routes", "interface em0 {\n blackhole\n prohibit\n}\n", "3:2", /was set already/, /away/],
  ["rapid commit of nothing", "interface em0 {\n request rapid commit\n}\n", "2:2", /request rapid commit needs a lease/, /\w/],
  ["option 25 to send", "interface em0 {\n send option 25 x\n}\n", "2:2", /not for an operator/, /delegate says it/],
  ["a macro inside of a macro", "a = em0\nb = '$a'\nrequest prefix delegation on $b for em1\n", "3:32", /the name of an interface/, /\w/],
  ["a keyword as a macro's name", "on = x\n", "1:1", /"on" is not known/, /another name/],
];
for (const [what, text, place, message, hint] of REFUSED)
  test(`refused: ${what}`, () => {
    const all = problems(text);
    assert.equal(all.length, 1, all.map((one) => `${one.line}:${one.column}: ${one.message}`).join("\n"));
    assert.match(all[0]?.message ?? "", message);
    assert.match(all[0]?.hint ?? "", hint);
    assert.equal(`${all[0]?.line}:${all[0]?.column}`, place);
  });

test("the 33rd delegation of one upstream is too many, told where it stands; 32 are not", () => {
  const some = (count: number): string => Array.from({ length: count }, (_, i) => `${PD} lan${i}\n`).join("");
  assert.equal(uplinks(some(32))[0]?.delegations.length, 32);
  const [problem, ...more] = problems(some(33));
  assert.deepEqual([problem?.line, problem?.column, more.length], [33, 1, 0]);
  assert.match(problem?.message ?? "", /too many/);
});

test("all errors of a file are told at once, of characters, grammar and meaning, in their order", () => {
  const text = `foo\n${PD} {\n em1/129\n = x\n em2\n 5 }\n${PD} em3/0\nrequest prefix for {\n em4\n}\ninterface em0 {\n bar\n}\n$nope\nrequest prefix delegation on em9 for { em8 em8 }\n`;
  assert.deepEqual(
    problems(text).map(({ line, column }) => `${line}:${column}`),
    ["1:1", "3:2", "4:2", "6:2", "7:38", "8:16", "12:2", "14:1", "15:44"],
  );
});

test("-n -v prints each delegation in block form with lengths, and request rapid commit; -vv what is asked for and what each target gets of it", () => {
  const { file } = read(
    "request rapid commit\nrequest prefix delegation on em0 for { em1 em2/60 reserve }\nrequest prefix delegation on em0 for em3\n",
  );
  assert.equal(
    printDhcp6leased(file),
    "request rapid commit\nrequest prefix delegation on em0 for {\n\tem1/64\n\tem2/60\n\treserve/64\n}\nrequest prefix delegation on em0 for {\n\tem3/64\n}\n",
  );
  assert.equal(
    printDhcp6leased(file, { places: true }),
    "request rapid commit\nrequest prefix delegation on em0 for {\t# prefix length 58\n\tem1/64\t# 2001:db8::/64\n\tem2/60\t# 2001:db8:0:10::/60\n" +
      "\treserve/64\t# 2001:db8:0:20::/64\n}\nrequest prefix delegation on em0 for {\t# prefix length 64\n\tem3/64\t# 2001:db8::/64\n}\n",
  );
  assert.doesNotMatch(printDhcp6leased(read(`${PD} { em1/32 em2/32 }\n`).file, { places: true }), /#/, "nothing of less than 32 bits");
  assert.match(printDhcp6leased(read(`${PD} em1/32\n`).file, { places: true }), /# prefix length 32\n\tem1\/32\t# 2001:db8::\/32/);
  assert.match(printDhcp6leased(read(`request prefix delegation on em0 hint ::/64 for { em1 em2 }\n`).file, { places: true }), /em2\/64\t# no room/);
});

const name = fc.constantFrom("em0", "interface", "for", "5", "4g0", "a\\b", "x\\", "-x", "0x1", "é0", "host", "id", "reserve", 'q"', "on");
const quoted = (text: string): string => `"${text.replace(/"|(?<=\\)[ \t]/g, "\\$&")}"`;
const escaped = (text: string): string => (text.endsWith("\\") ? text.replaceAll("\\", "\\\\") : quoted(text));
const someTarget = fc
  .record({
    one: name,
    length: fc.option(fc.integer({ min: 40, max: 64 })),
    host: fc.constantFrom("", " host id stable", " host id ::7", " host id eui64"),
  })
  .map(({ one, length, host }) => ({ one, text: `${length === null ? escaped(one) : quoted(`${one}/${length}`)}${host}` }));
const someTargets = fc.uniqueArray(someTarget, { minLength: 1, maxLength: 6, selector: ({ one }) => one });
const someStatement = fc.record({
  hint: fc.constantFrom("", " hint 2001:db8::/32", " hint ::/60", " hint 2001:db8:1::"),
  numbered: fc.boolean(),
  lines: fc.boolean(),
  targets: someTargets,
});
const someOptions = fc.subarray(
  STATEMENTS.map(([text]) => text).filter((text) => text !== "" && !/\n|^(?:un|blackh|proh|no ro|with|request address|pace)/.test(text)),
);
const someUplink = fc.record({ delegations: fc.array(someStatement, { maxLength: 4 }), options: fc.option(someOptions), global: fc.boolean() });

test("any file is printed so that it is read as the same, natively and as TOML", () => {
  const written = fc.array(someUplink, { maxLength: 3 }).map((all) =>
    all
      .map(({ delegations, options, global }, at) => {
        const up = `up${at}`;
        const lines = delegations.slice(0, 1).map(({ hint, numbered, lines: apart, targets }, index) => {
          const texts = targets.map(({ text }) => text).join(apart ? "\n" : " ");
          return `request prefix delegation on ${up}${numbered ? ` iaid ${index}` : ""}${hint} for { ${texts} }\n`;
        });
        const more = delegations
          .slice(1)
          .map((_, index) => `request prefix delegation on ${up} for ${index % 2 === 0 ? `own${at}x${index}` : "reserve/60"}\n`);
        const block = options === null ? "" : `interface ${up} {\nrequest address\n${options.join("\n")}\n}\n`;
        return `${lines.join("")}${block}${global ? "request rapid commit\n" : ""}${more.join("")}`;
      })
      .join(""),
  );
  fc.assert(
    fc.property(written, (text) => {
      const needsLease = readConfig(Buffer.from(text, "utf8").toString("latin1"), { format: "dhcp6leased" });
      fc.pre("config" in needsLease || !needsLease.problems.every(({ message }) => /needs a lease|was set already/.test(message)));
      read(text);
    }),
    { numRuns: 300 },
  );
});
