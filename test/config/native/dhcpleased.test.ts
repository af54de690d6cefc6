/** dhcpleased.conf: the characters, the grammar and the meaning of each statement; every error with its place and a hint. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { standardUplink, type Uplink4Interface } from "../../../src/services/uplink4/config.ts";
import { type ReadResult, readConfig, readConfigFile } from "../../../src/config/read.ts";
import type { Config } from "../../../src/config/schema.ts";
import type { Problem } from "../../../src/config/toml.ts";

type Sound = Extract<ReadResult, { readonly config: Config }>;
function sound(text: string): Sound {
  const result = readConfig(text, { format: "dhcpleased" });
  assert.ok("config" in result, "problems" in result ? result.problems.map((one) => `${one.line}:${one.column}: ${one.message}`).join("\n") : "");
  return result;
}
function interfaces(text: string): readonly Uplink4Interface[] {
  return sound(text).config.uplink4?.interfaces ?? [];
}
function problems(text: string): readonly Problem[] {
  const result = readConfig(text, { format: "dhcpleased" });
  assert.ok("problems" in result, "it is refused");
  assert.ok(result.problems.every(({ hint }) => hint.length > 0));
  return result.problems;
}
function places(text: string): readonly string[] {
  return problems(text).map(({ line, column }) => `${line}:${column}`);
}
/** What a statement changes of an entry without any. */
function said(statements: string): Partial<Uplink4Interface> {
  const [before] = interfaces("interface eth0 { }\n");
  const [entry] = interfaces(`interface eth0 {\n${statements}\n}\n`);
  assert.ok(entry !== undefined && before !== undefined);
  return Object.fromEntries(
    Object.entries(entry).filter(([key, value]) => !Object.is(JSON.stringify(value), JSON.stringify(before[key as keyof Uplink4Interface]))),
  );
}
const sent = (code: number, hex: string): Partial<Uplink4Interface> => ({ sendOptions: [{ code, hex }] });

test("an empty file, and one of comments, is a configuration without interfaces: they are attached later", () => {
  for (const text of ["", "\n\n", "# nothing\n", "# nothing", "x = y\n"]) assert.deepEqual(interfaces(text), []);
});
test("an empty block is accepted, as the older grammar did, and is what holds anyway", () => {
  const [one] = interfaces("interface em0 {\n}\n");
  assert.deepEqual({ ...one, hostName: "", systemHostName: false }, standardUplink("em0"));
  assert.equal(one?.systemHostName, true, "the system's name is sent");
});
test("the same statements in TOML are the same configuration", () => {
  const toml = readConfig('[uplink4.em0]\nhost_name = "gw"\nignore_dns = true\nclient_id = "01:02"\n');
  assert.ok("config" in toml);
  assert.deepEqual(sound('interface em0 {\n send host name "gw"\n ignore dns\n send client id "1:2"\n}\n').config, toml.config);
});

const STATEMENTS: readonly (readonly [string, Partial<Uplink4Interface>])[] = [
  ['send vendor class id "a b"', sent(60, "612062")],
  ['send vendor class id "a\\040b\\0c"', sent(60, "612062")],
  ["send vendor class id plain", sent(60, "706c61696e")],
  ['send vendor class id "hex:41"', sent(60, "6865783a3431")],
  ['send vendor class id "\\^A\\M-a\\M^A\\n\\s\\$\\\\\\E\\^?"', sent(60, "01e1810a205c1b7f")],
  [`send vendor class id "${"a".repeat(255)}"`, sent(60, "61".repeat(255))],
  ['send client id "01:02:3:FF"', { clientId: "010203ff" as never }],
  ["send client id 1:2", { clientId: "0102" as never }],
  ['send client id "\\0foo"', { clientId: "00666f6f" as never }],
  ['send client id "foo"', { clientId: "666f6f" as never }],
  ['send client id "1:2:xx"', { clientId: "313a323a7878" as never }],
  ['send client id "01:100"', { clientId: "30313a313030" as never }],
  ['send client id "a\\000b"', { clientId: "610062" as never }],
  [`send client id "${Array.from({ length: 255 }, () => "ab").join(":")}"`, { clientId: "ab".repeat(255) as never }],
  ["send duid", { identity: "duid" }],
  ['send host name "foo.bar"', { hostName: "foo.bar", systemHostName: false }],
  ["send host name metric", { hostName: "metric", systemHostName: false }],
  ["send host name foo\\ ", { hostName: "foo", systemHostName: false }],
  ['send host name "it\'s"', { hostName: "it's", systemHostName: false }],
  ['send host name "gr\u00c3\u00bcn"', { hostName: "grün", systemHostName: false }],
  ["send no host name", { hostName: "", systemHostName: false }],
  ['send host name ""', { hostName: "", systemHostName: false }],
  ["ignore dns", { ignoreDns: true }],
  ["ignore routes", { ignoreRoutes: "all" }],
  ["ignore dns\nignore routes\nignore dns", { ignoreDns: true, ignoreRoutes: "all" }],
  ["ignore 192.0.2.1", { denyServers: ["192.0.2.1" as never] }],
  ['ignore "192.0.2.1"\nignore 192.0.2.2', { denyServers: ["192.0.2.1" as never, "192.0.2.2" as never] }],
  ["prefer ipv6", { preferIpv6: "yes" }],
  ["prefer ipv6 when connected", { preferIpv6: "when-connected" }],
  ["ignore classless routes", { ignoreRoutes: "classless" }],
  ["allow 192.0.2.1", { allowServers: ["192.0.2.1" as never] }],
  ["metric 7", { metric: 7 }],
  ["table 100", { table: 100 }],
  ["rapid commit", { rapidCommit: true }],
  ["acd yes", {}],
  ["acd rfc", { conflictDetection: "rfc" }],
  ["acd no", { conflictDetection: "off" }],
  ["use mtu", { mtuMinBytes: 1280 }],
  ["use mtu min 576", { mtuMinBytes: 576 }],
  ["use hostname", { useHostName: true }],
  ["release on stop", { releaseOnStop: true }],
  ["fallback link-local", { fallbackLinkLocal: true }],
  ["broadcast flag", { broadcast: true }],
  ["anonymous", { anonymous: true, hostName: "", systemHostName: false }],
  ["priority 6", { socketPriority: 6 }],
  ["dscp 48", { dscp: 48 }],
  ["inform 192.0.2.5/24", { inform: { address: "192.0.2.5" as never, prefixLength: 24 } }],
  ["request option 43 66", { requestOptions: [43, 66] }],
  ["request option 43\nrequest option 66", { requestOptions: [43, 66] }],
  ["no request option 28", { omitOptions: [28] }],
  ["send option 43 hex:0102", sent(43, "0102")],
  ['send option 43 "a b"', sent(43, "612062")],
  ['send user class a "b c"', sent(77, "016103622063")],
  ["send mud url https://v.example/m", sent(161, "68747470733a2f2f762e6578616d706c652f6d")],
  ["send fqdn gw.example", { fqdn: { name: "gw.example", update: "server" }, hostName: "", systemHostName: false }],
  ["send fqdn gw.example update none", { fqdn: { name: "gw.example", update: "none" }, hostName: "", systemHostName: false }],
  ["retransmit 0.5", { retransmitSeconds: 0.5 }],
  ["start delay 10", { startDelaySeconds: 10 }],
  ["select 2", { selectSeconds: 2 }],
];
for (const [statement, fields] of STATEMENTS)
  test(`${statement.slice(0, 60).replaceAll("\n", ", ")} is nothing but that`, () => {
    const { hostName, systemHostName, ...others } = said(statement);
    const { hostName: name, systemHostName: system, ...expected } = fields;
    assert.deepEqual(others, expected);
    if (system !== undefined) {
      const [entry] = interfaces(`interface eth0 {\n${statement}\n}\n`);
      assert.deepEqual([entry?.hostName, entry?.systemHostName], [name, system]);
    } else assert.deepEqual([hostName, systemHostName], [undefined, undefined]);
  });

test("blocks of one name are one entry", () => {
  const [only, ...more] = interfaces(
    "interface em0 { ignore dns }\ninterface em0 {\n\n ignore 192.0.2.1\n}\ninterface em0 {\n ignore 192.0.2.2\n}\n",
  );
  assert.deepEqual([only?.ignoreDns, only?.denyServers, more], [true, ["192.0.2.1", "192.0.2.2"], []]);
});
test("patterns are names, and stay in their order", () => {
  assert.deepEqual(
    interfaces('interface "wl*" { }\ninterface eth? { }\ninterface em0 { }\n').map(({ name }) => name),
    ["wl*", "eth?", "em0"],
  );
});
test("a hook, the way to resolvers and manage system stand outside of blocks", () => {
  const { host } = sound('hook "/etc/hook" user root\nresolver file\nmanage system\ninterface em0 { }\n').config;
  assert.deepEqual(host, { resolver: "file", manage: true, hostsFolder: undefined, hook: { run: "/etc/hook", user: "root" } });
});

const SPELLINGS: readonly (readonly [string, string, string])[] = [
  ["a backslash before the end of a line joins lines", "interface \\\n em0 \\\n { send host \\\nname a }\n", "a"],
  ["it does in a comment too", "# a \\\n interface x {\ninterface em0 { send host name a }\n", "a"],
  ["elsewhere outside of quotes it is left out", "inter\\face em0 { send host name \\a\\b }\n", "ab"],
  ["a comment ends a statement", "interface em0 {# x\n send host name a# y\n}# z\n", "a"],
  ["the last line needs no end", "interface em0 { send host name a }", "a"],
  ["single quotes are quotes", "interface em0 { send host name 'a\"b' }\n", 'a"b'],
  ["a quote, a blank and a tab can be escaped in quotes", 'interface em0 { send host name "a\\"b\\ c" }\n', 'a"b c'],
  ["the end of a line is left out in quotes", 'interface em0 { send host name "a\nb\\\nc" }\n', "abc"],
  ["# is no comment in quotes", 'interface em0 { send host name "a#b" }\n', "a#b"],
  ["a word holds punctuation", "interface em0 { send host name a-b_c.d:e;f }\n", "a-b_c.d:e;f"],
  ["what begins like a number and goes on is a word", "interface em0 { send host name 2001:db8:: }\n", "2001:db8::"],
  ["a macro of several words is joined by blanks, and read again", 'm = "send" "host"\ninterface em0 { $m name a }\n', "a"],
  ["a macro is expanded outside of quotes only", 'm = x\ninterface em0 { send host name "$m" }\n', "$m"],
  ["a macro defined again is the later one", "m = x\nm = y\ninterface em0 { send host name $m }\n", "y"],
  ["a macro may hold a quoted text", "m = '\"a b\"'\ninterface em0 { send host name $m }\n", "a b"],
  ["a word goes on behind a macro", "m = x\ninterface em0 { send host name $m.y }\n", "x.y"],
  ["a macro may have a name that a younger statement begins with", "hook = x\nmetric = y\ninterface em0 { send host name $hook }\n", "x"],
  ["younger words are text to older statements", "interface em0 { send host name anonymous }\n", "anonymous"],
  ["the brace may stand on the next line", "interface em0\n\n{\n send host name a\n}\n", "a"],
  ["options may share a line", "interface em0 { ignore dns send host name a }\n", "a"],
];
for (const [what, text, name] of SPELLINGS)
  test(what, () =>
    assert.deepEqual(
      interfaces(text).map((one) => [one.name, one.hostName]),
      [["em0", name]],
    ),
  );

test("macros are told, with whether they were used", () => {
  assert.deepEqual(sound('a = "x y" z\nb = em0\ninterface $b { }\n').macros, [
    { name: "a", value: "x y z", used: false },
    { name: "b", value: "em0", used: true },
  ]);
});

const REFUSED: readonly (readonly [string, string, string, RegExp, RegExp])[] = [
  ["a line of nothing known", "foo bar\n", "1:1", /"foo" is not known/, /interface NAME/],
  ["a statement outside of a block", "send no host name\n", "1:1", /"send" is not known/, /inside of interface/],
  ["an option of nothing known", "interface em0 {\n foo\n}\n", "2:2", /"foo" is no option/, /send, request/],
  ["half of an option", "interface em0 {\n send vendor id x\n}\n", "2:14", /"id" does not belong behind "send vendor"/, /send vendor class id/],
  ["a keyword in another case", "interface em0 {\n Ignore dns\n}\n", "2:2", /"Ignore" is no option/, /ignore/],
  ["a quoted keyword", 'interface em0 {\n "ignore" dns\n}\n', "2:2", /is no option/, /ignore/],
  ["a keyword where text is needed", "interface em0 {\n send host name name\n}\n", "2:17", /a host name is needed/, /in quotes: "name"/],
  ["a number where text is needed", "interface em0 {\n send host name 12\n}\n", "2:17", /a host name is needed/, /in quotes: "12"/],
  ["a negative number where text is needed", "interface em0 {\n send host name -12\n}\n", "2:17", /a host name is needed/, /in quotes/],
  ["text where a number is needed", "interface em0 {\n metric 5x\n}\n", "2:9", /a number is needed/, /whole number/],
  ["a number of more than 64 bits", "interface em0 {\n metric 9223372036854775808\n}\n", "2:9", /64 bits/, /smaller/],
  ["a metric of more than 32 bits", "interface em0 {\n metric 9223372036854775807\n}\n", "2:2", /metric/, /0 to 4294967295/],
  ["a block without its brace", "interface em0 ignore\n", "1:15", /\{ is needed/, /interface NAME \{/],
  ["something behind the block", "interface em0 { } foo\n", "1:19", /"foo" does not belong/, /end before it/],
  ["a block without an end", "interface em0 {\n ignore dns\n", "1:11", /does not end/, /\} is missing/],
  ["a string without an end", 'x = "a\n', "1:5", /does not end/, /" is missing/],
  ["a NUL in quotes", 'interface em0 {\n send host name "a\0b"\n}\n', "2:17", /NUL/, /text file/],
  ["a token of 8096 bytes", `interface em0 {\n send host name "${"a".repeat(8096)}"\n}\n`, "2:17", /too long/, /8095/],
  ["a word of 8096 bytes", `interface em0 {\n send host name ${"a".repeat(8096)}\n}\n`, "2:17", /too long/, /8095/],
  ["a macro that is not defined", "interface $x { }\n", "1:11", /"x" is not defined/, /x = "value"/],
  ["a macro inside of a macro", "a = em0\nb = '$a'\ninterface $b { }\n", "3:13", /the name of an interface/, /quotes/],
  ["a macro's name with a blank", '"a b" = x\n', "1:1", /no blanks/, /letters/],
  ["a keyword as a macro's name", "id = x\n", "1:1", /"id" is not known/, /another name/],
  ["a macro of a number", "a = 5\n", "1:5", /the value of a macro/, /in quotes/],
  ["a name of 16 bytes before a block", "interface sixteen-letters- { }\n", "1:11", /too long/, /15 bytes/],
  ["a name that is none", 'interface "a/b" { }\n', "1:11", /no name of an interface/, /15 characters/],
  [
    "a vendor class set twice",
    "interface em0 {\n send vendor class id a\n send vendor class id a\n}\n",
    "3:2",
    /vendor class id was set already/,
    /away/,
  ],
  [
    "a client id set twice",
    "interface em0 {\n send client id ab:cd\n}\ninterface em0 {\n send client id ab:cd\n}\n",
    "5:2",
    /client id was set already/,
    /away/,
  ],
  ["a host name set twice", "interface em0 {\n send host name a\n send no host name\n}\n", "3:2", /host name was set already/, /away/],
  ["no host name set twice", "interface em0 {\n send no host name\n send no host name\n}\n", "3:2", /host name was set already/, /away/],
  ["an escape that is none", 'interface em0 {\n send vendor class id "\\q"\n}\n', "2:23", /escape/, /vis\(3\)/],
  ["an escape that is none, of a client id", 'interface em0 {\n send client id "\\x41"\n}\n', "2:17", /escape/, /vis\(3\)/],
  ["a vendor class of 256 octets", `interface em0 {\n send vendor class id "${"a".repeat(256)}"\n}\n`, "2:23", /longer than 255/, /no more/],
  ["an empty vendor class", 'interface em0 {\n send vendor class id "\\0a"\n}\n', "2:23", /shorter/, /RFC 2132/],
  ["a client id of 256 characters", `interface em0 {\n send client id "${"x".repeat(256)}"\n}\n`, "2:17", /longer than 255/, /no more/],
  [
    "B26: a client id of exactly 256 hexadecimal octets",
    `interface em0 {\n send client id "${"ab:".repeat(255)}ab"\n}\n`,
    "2:17",
    /longer than 255/,
    /no more/,
  ],
  ["a client id of one octet", "interface em0 {\n send client id a\n}\n", "2:17", /shorter than 2/, /RFC 2132/],
  ["a host name of 256 octets", `interface em0 {\n send host name "${"a".repeat(256)}"\n}\n`, "2:2", /at most 255/, /letters/],
  ["B34: a host name that begins with a dot", "interface em0 {\n send host name '.example'\n}\n", "2:2", /begin with a dot/, /letters/],
  ["a host name that is not UTF-8", 'interface em0 {\n send host name "\xff"\n}\n', "2:17", /not UTF-8/, /UTF-8/],
  ["a server that is none", "interface em0 {\n ignore 192.0.2.256\n}\n", "2:2", /no IPv4 address/, /192\.0\.2\.1/],
  ["a number of a host for a server", "interface em0 {\n ignore host\n}\n", "2:9", /is needed here|does not belong/, /\w/],
  [
    "17 servers that are ignored",
    `interface em0 {\n${Array.from({ length: 17 }, (_, i) => ` ignore 192.0.2.${i + 1}\n`).join("")}}\n`,
    "18:2",
    /more than 16/,
    /allow/,
  ],
  ["a hook that is not absolute", "hook hook\n", "1:1", /not absolute/, /whole path/],
  ["two hooks", 'hook "/a"\nhook "/b"\n', "2:1", /hook was set already/, /all interfaces/],
  ["a way to resolvers that is none", "resolver dns\n", "1:10", /"dns" does not belong/, /resolvectl/],
  ["anonymous with a name", "interface em0 {\n send host name a\n anonymous\n}\n", "2:2", /host name tells who/, /RFC 7844/],
  ["anonymous with a vendor class", "interface em0 {\n anonymous\n send vendor class id a\n}\n", "3:2", /vendor class id tells/, /RFC 7844/],
  ["inform with rapid commit", "interface em0 {\n inform 192.0.2.5/24\n rapid commit\n}\n", "3:2", /no address is asked for/, /rapid commit/],
  ["inform for a pattern", 'interface "em*" {\n inform 192.0.2.5/24\n}\n', "2:2", /several interfaces/, /own name/],
  ["a server allowed and ignored", "interface em0 {\n allow 192.0.2.1\n ignore 192.0.2.1\n}\n", "3:2", /both allowed and ignored/, /allow names any/],
  ["a priority beyond 15", "interface em0 {\n priority 16\n}\n", "2:2", /priority/, /0 to 15/],
  ["option 53 to send", "interface em0 {\n send option 53 x\n}\n", "2:2", /not for an operator/, /\w/],
  ["option -1 to send", "interface em0 {\n send option -1 x\n}\n", "2:2", /no code of an option/, /1 to 254/],
  ["option 43 twice", "interface em0 {\n send option 43 x\n send option 43 x\n}\n", "3:2", /send option 43 was set already/, /away/],
  ["a way to detect conflicts that is none", "interface em0 {\n acd maybe\n}\n", "2:6", /"maybe" does not belong/, /yes, fast, rfc, no/],
];
for (const [what, text, place, message, hint] of REFUSED)
  test(`refused: ${what}`, () => {
    const all = problems(text);
    assert.equal(all.length, 1, all.map((one) => `${one.line}:${one.column}: ${one.message}`).join("\n"));
    const [problem] = all;
    assert.match(problem?.message ?? "", message);
    assert.match(problem?.hint ?? "", hint);
    assert.equal(`${problem?.line}:${problem?.column}`, place);
  });

test("all errors of a file are told at once, of characters, grammar and meaning, in their order", () => {
  const text =
    'foo\ninterface em0 {\n dscp 64\n send client id "\\q"\n $nope\n ignore 1.2.3\n bar }\ninterface em1 {\n metric x\n ignore dns\n}\nhook = 5\n';
  assert.deepEqual(places(text), ["1:1", "3:2", "4:17", "5:2", "6:2", "7:2", "9:9", "12:8"]);
});
test("a block whose first line is wrong does not make errors of the lines in it", () => {
  assert.deepEqual(places("interface 5 {\n ignore dns\n foo\n}\ninterface em0 { ignore dns }\n"), ["1:11", "3:2"]);
});
test("a file of another kind is told in at most two hundred errors", () => assert.equal(problems("foo\n".repeat(10_000)).length, 200));
test("macros that come to more than a file may be are refused, not expanded", () => {
  const line = `m = ${Array.from({ length: 100 }, () => "a".repeat(8000)).join(" ")}\n`;
  assert.match(problems(`${line}${"$m = x\n".repeat(1000)}`).at(-1)?.message ?? "", /macros come to more than|not known/);
  assert.ok(problems(`${line}${"$m = x\n".repeat(1000)}`).some(({ message }) => /macros come to more than/.test(message)));
});

test("a file that is not there is an empty one where that is said, and an error where -f named it", () => {
  const empty = readConfigFile("/nowhere/dhcpleased.conf", { absent: "empty" });
  assert.ok("config" in empty);
  assert.deepEqual(empty.config.uplink4, { interfaces: [] });
  const result = readConfigFile("/nowhere/dhcpleased.conf");
  assert.ok("problems" in result && /cannot be read/.test(result.problems[0]?.message ?? "") && /-f/.test(result.problems[0]?.hint ?? ""));
  assert.ok("problems" in readConfigFile("/", { format: "dhcpleased", absent: "empty" }), "a folder is no file");
});
