/** `[lan.INTERFACE]`, `[relayed.NAME]`, `[class.NAME]`, `[host.NAME]`: what each key becomes, and what is refused with its place and a hint. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { decodeAll, encodeAll } from "../../src/base/codec.ts";
import type { DomainName } from "../../src/base/domain.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../src/base/ipv6.ts";
import { bytesOf, toHex } from "../../src/base/hex.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { printConfig } from "../../src/config/print.ts";
import { type ReadResult, readConfig } from "../../src/config/read.ts";
import type { Config } from "../../src/config/schema.ts";
import type { Problem } from "../../src/config/toml.ts";
import { lanParts } from "../../src/roles/messages/lan.ts";
import { type ClientClass, type Dhcp6Pools, dhcp6Pools, type ReservedHost, type ServedOption } from "../../src/services/lan/dhcp6-config.ts";
import { everyOption, optionOfCode, OPTIONS, UNASKED_OPTIONS } from "../../src/wire/dhcp6/options.ts";

type Sound = Extract<ReadResult, { readonly config: Config }>;
type Lan = NonNullable<Config["lan"]>;
function sound(text: string): Sound {
  const result = readConfig(text);
  assert.ok("config" in result, "problems" in result ? `${text}\n${result.problems.map((one) => `${one.message}; ${one.hint}`).join("\n")}` : "");
  return result;
}
/** What is printed is read as the same, and travels to the engine as it is. */
function read(text: string): Lan {
  const { config, file } = sound(text);
  assert.deepEqual(sound(printConfig(file)).config, config, "what is printed is read as the same");
  assert.equal(printConfig(sound(printConfig(file)).file), printConfig(file), "printed twice it is the same text");
  assert.ok(config.lan !== undefined);
  assert.deepEqual(decodeAll(lanParts, encodeAll(lanParts, config.lan)), config.lan, "the engine is told the same");
  return config.lan;
}
function pools(keys: string, tables = ""): Dhcp6Pools {
  const dhcp6 = read(`[lan.lan0]\n${keys}\n${tables}`).interfaces[0]?.dhcp6;
  assert.ok(dhcp6?.mode === "server");
  return dhcp6.pools;
}
function only<T>(items: readonly T[]): T {
  const [one] = items;
  assert.ok(one !== undefined && items.length === 1);
  return one;
}
const classOf = (keys: string): ClientClass => only(read(`[lan.lan0]\n[class.phones]\n${keys}\n`).classes);
const hostOf = (keys: string): ReservedHost => only(read(`[lan.lan0]\n[host.printer]\n${keys}\n`).hosts);
function problems(text: string): readonly Problem[] {
  const result = readConfig(text);
  assert.ok("problems" in result, `it is refused: ${text}`);
  assert.ok(result.problems.every(({ hint }) => hint.length > 0));
  return result.problems;
}
const said = (options: readonly ServedOption[]): readonly string[] => options.map(({ code, value }) => `${code} ${toHex(value)}`);
const octets = (hex: string): string => toHex(bytesOf(hex));
const ip = (text: string): Ipv6Address => text as Ipv6Address;
const net = (text: string): Ipv6Prefix => text as Ipv6Prefix;
const domain = (text: string): DomainName => text as DomainName;

test("an empty table serves the link as the engine does where nothing is said", () => assert.deepEqual(pools(""), dhcp6Pools()));

const range = { first: ip("2001:db8:1::100"), last: ip("2001:db8:1::1ff"), class: undefined };
const whole = { first: ip("2001:db8:1:0:1::"), last: ip("2001:db8:1:0:1:ffff:ffff:ffff"), class: undefined };
const cut = { pool: net("2001:db8:100::/40"), shortest: 64, longest: 64, usual: 64, excludedLength: undefined, class: undefined };
const PHONES = "[class.phones]\ntests = [{ option = 16, present = true }]\n";
const KEYS: readonly (readonly [string, Partial<Dhcp6Pools>])[] = [
  ['address_pool = "2001:db8:1:0:1::/80"', { addresses: [whole] }],
  ['address_pool = "2001:DB8:1::100-2001:db8:1::1ff"', { addresses: [range] }],
  ['address_pool = { pool = "2001:db8:1::100 - 2001:db8:1::1ff", class = "phones" }', { addresses: [{ ...range, class: "phones" }] }],
  [
    'address_pool = ["2001:db8:1::100-2001:db8:1::1ff", { pool = "2001:db8:1:0:1::/80", class = "phones" }]',
    { addresses: [range, { ...whole, class: "phones" }] },
  ],
  ["address_pool = []", {}],
  ['prefix_pool = "2001:db8:100::/40"', { prefixes: [cut] }],
  ['prefix_pool = "2001:db8:100::/40"\ndelegated_length = 56', { prefixes: [{ ...cut, shortest: 56, longest: 56, usual: 56 }] }],
  ['prefix_pool = { pool = "2001:db8:100::/40", shortest = 48 }', { prefixes: [{ ...cut, shortest: 48 }] }],
  ['prefix_pool = { pool = "2001:db8:100::/40", longest = 60 }', { prefixes: [{ ...cut, shortest: 60, longest: 60, usual: 60 }] }],
  [
    'prefix_pool = { pool = "2001:db8:100::/40", shortest = 48, longest = 62, usual = 56, exclude = 64 }',
    { prefixes: [{ ...cut, shortest: 48, longest: 62, usual: 56, excludedLength: 64 }] },
  ],
  ['prefix_pool = { pool = "2001:db8:100::/40", shortest = 72 }', { prefixes: [{ ...cut, shortest: 72, longest: 72, usual: 72 }] }],
  [
    'prefix_pool = [{ pool = "2001:db8:100::/40", class = "phones" }, "2001:db8:200::/40"]',
    {
      prefixes: [
        { ...cut, class: "phones" },
        { ...cut, pool: net("2001:db8:200::/40") },
      ],
    },
  ],
  ["uplink_prefixes = true", { uplinkPrefixes: { shortest: 64, longest: 64, usual: 64 } }],
  ["uplink_prefixes = false", {}],
  ["uplink_prefixes = { shortest = 56 }\ndelegated_length = 60", { uplinkPrefixes: { shortest: 56, longest: 60, usual: 60 } }],
  ["assign_addresses = false", { assignAddresses: false }],
  ["known_clients_only = true", { knownClientsOnly: true }],
  ["preferred_seconds = 60\nvalid_seconds = 4294967295", { preferredSeconds: 60, validSeconds: 0xffffffff }],
  ["rapid_commit = true", { rapidCommit: true }],
  ["preference = 255", { preference: 255 }],
  ["t1_permille = 1\nt2_permille = 1000", { t1Permille: 1, t2Permille: 1000 }],
  ["t1_permille = 800", { t1Permille: 800 }],
  ["reconfigure = true", { reconfigure: true }],
  ["own_resolver = false", { ownResolver: false }],
  [
    "leases_per_client = 8\nleases_per_link = 2000000\nleases_per_relay_port = 4\nmessages_per_second_per_source = 50",
    { limits: { leasesPerClient: 8, leasesPerLink: 2_000_000, leasesPerRelayPort: 4, messagesPerSecondPerSource: 50 } },
  ],
];
for (const [text, changed] of KEYS) test(`a link: ${text.replaceAll("\n", ", ")}`, () => assert.deepEqual(pools(text, PHONES), dhcp6Pools(changed)));

const A = "20010db8000000000000000000000001";
const NAME = "04 686f6d65 07 6578616d706c65 00";
const OPTION_KEYS: readonly (readonly [string, readonly string[]])[] = [
  ['dns = ["2001:db8::1"]', [`23 ${A}`]],
  ['search = ["home.example"]', [`24 ${octets(NAME)}`]],
  [
    'ntp = ["2001:db8::1", "ff05::101", "home.example"]',
    [`56 00010010${A}`, "56 00020010ff050000000000000000000000000101", `56 0003000e${octets(NAME)}`],
  ],
  ['sntp = ["2001:db8::1"]', [`31 ${A}`]],
  ['sip_servers = ["2001:db8::1"]', [`22 ${A}`]],
  ['sip_domains = ["home.example."]', [`21 ${octets(NAME)}`]],
  ['timezone_posix = "CET-1CEST"', ["41 4345542d3143455354"]],
  ['timezone = "America/New York"', ["42 416d65726963612f4e65775f596f726b"]],
  ['captive_portal = "https://p.example/"', ["103 68747470733a2f2f702e6578616d706c652f"]],
  ['captive_portal = "urn:ietf:params:capport:unrestricted"', [`103 ${toHex(new TextEncoder().encode("urn:ietf:params:capport:unrestricted"))}`]],
  ['aftr = "home.example"', [`64 ${octets(NAME)}`]],
  ["sol_max_rt_seconds = 60\ninf_max_rt_seconds = 86400", ["82 0000003c", "83 00015180"]],
  [
    'vendor_options = [{ enterprise = 32473, options = { "1" = "hex:01", "300" = "a" } }, { enterprise = 9, options = { "0" = "hex:" } }]',
    ["17 00007ed900010001 01012c000161".replaceAll(" ", "").replace("17", "17 "), "17 0000000900000000"],
  ],
  ['options = { "99" = "hex:01:02", "100" = "text", "101" = "hex:", "32" = "hex:00000e10" }', ["32 00000e10", "99 0102", "100 74657874", "101 "]],
];
for (const [text, expected] of OPTION_KEYS)
  test(`options of a link, a class and a host: ${text.replaceAll("\n", ", ")}`, () => {
    assert.deepEqual(said(pools(text).options), expected);
    assert.deepEqual(said(classOf(`tests = [{ option = 16, present = true }]\n${text}`).options), expected);
    assert.deepEqual(said(hostOf(`mac = "02:00:5e:10:00:01"\n${text}`).options), expected);
  });

test("an encrypted resolver is said as RFC 9463 §4.1 has it, its parameters in the order of their keys", () => {
  const { options } = pools(
    'dnr = [{ priority = 1, name = "home.example", addresses = ["192.0.2.1", "2001:db8::1"], ohttp = true, alpn = ["dot", "h2"], no_default_alpn = true, dohpath = "/q{?dns}", port = 853, mandatory = ["port", "alpn", "key667"], parameters = { "key667" = "hex:", "key9" = "x" } }]',
  );
  assert.deepEqual(decodeAll(OPTIONS.encryptedResolvers.codec, only(options).value), {
    priority: 1,
    authenticationName: domain("home.example"),
    addresses: [ip("2001:db8::1")],
    parameters: [
      { key: 0, value: bytesOf("0001 0003 029b") },
      { key: 1, value: bytesOf("03 646f74 02 6832") },
      { key: 2, value: bytesOf("") },
      { key: 3, value: bytesOf("0355") },
      { key: 7, value: new TextEncoder().encode("/q{?dns}") },
      { key: 8, value: bytesOf("") },
      { key: 9, value: bytesOf("78") },
      { key: 667, value: bytesOf("") },
    ],
  });
});

test("a resolver may be said by its name alone (RFC 9463 §3.1.6), and one of IPv4 alone is not said by DHCPv6", () => {
  const { options } = pools('dnr = [{ priority = 2, name = "home.example" }, { priority = 3, name = "x.example", addresses = ["192.0.2.1"] }]');
  assert.deepEqual(said(options), [`144 ${octets(`0002 000e ${NAME}`)}`]);
});

test("what is booted: an entry for each architecture and one for the others (RFC 5970)", () => {
  const { boot } = pools('boot = [{ architecture = 7, url = "tftp://[2001:db8::69]/a", parameters = ["ro", "q"] }, { url = "http://b.example/" }]');
  assert.deepEqual(
    boot.map(({ architecture, options }) => [architecture, said(options)]),
    [
      [7, ["59 746674703a2f2f5b323030313a6462383a3a36395d2f61", "60 0002726f000171"]],
      [undefined, ["59 687474703a2f2f622e6578616d706c652f"]],
    ],
  );
});

test("forced options are those of the same table, whatever says them", () => {
  const { options, boot } = pools(
    'ntp = ["2001:db8::1", "2001:db8::2"]\nsearch = ["home.example"]\nboot = [{ url = "http://b.example/", parameters = ["x"] }]\noptions = { "99" = "x" }\nforced_options = [56, 60, 99]',
  );
  const forced = (all: readonly ServedOption[]): readonly number[] => all.filter((one) => one.forced).map(({ code }) => code);
  assert.deepEqual([forced(options), boot.map((one) => forced(one.options))], [[56, 56, 99], [[60]]]);
});

test("a link behind relays is told by what they say: one thing or several", () => {
  const [one, two] = read(
    '[lan.lan0]\n[relayed.up]\nlink = "2001:db8:5::/64"\ninterface_id = "eth1"\nrelay_id = ["hex:0001", "x"]\nremote_id = "hex:00007ed901"\n[relayed.down]\nlink = "2001:db8:6::/64"\npreference = 7\n',
  ).relayedLinks;
  assert.deepEqual(
    one?.selectors.map(({ code, value }) => [code, toHex(value)]),
    [
      [18, "65746831"],
      [53, "0001"],
      [53, "78"],
      [37, "00007ed901"],
    ],
  );
  assert.deepEqual([two?.selectors, two?.pools], [[], dhcp6Pools({ preference: 7 })]);
});

test("a class: what it asks, and what its clients get", () => {
  const given = classOf(
    'tests = [{ option = 16, prefix = "PXE" }, { option = 37, equal = "hex:00007ed9" }, { option = 25, present = true }]\npreferred_seconds = 60\nvalid_seconds = 120\ndrop = true\ndns = ["2001:db8::1"]',
  );
  assert.deepEqual(given, {
    name: "phones",
    tests: [
      { code: 16, is: "prefix", value: bytesOf("505845") },
      { code: 37, is: "equal", value: bytesOf("00007ed9") },
      { code: 25, is: "present", value: bytesOf("") },
    ],
    drop: true,
    lifetimes: { preferredSeconds: 60, validSeconds: 120 },
    options: [{ code: 23, value: bytesOf(A), forced: false }],
    boot: [],
  });
  const bare = classOf("tests = [{ option = 1, present = true }]");
  assert.deepEqual([bare.drop, bare.lifetimes, bare.options, bare.boot], [false, undefined, [], []]);
});

test("a host: who it is, and what is reserved for it", () => {
  const given = hostOf(
    'duid = ["00:03:00:01:02:00:5E:10:00:01%0A", "0004-00112233445566778899aabbccddeeff"]\nmac = "02:00:5E:10:00:01"\naddress = ["2001:db8:1::5", "2001:db8:2::5"]\nhost_part = "::5"\nprefix = "2001:db8:5::1/56"\npreferred_seconds = 60\nvalid_seconds = 60\nignored = true\noptions = { "99" = "x" }',
  );
  assert.deepEqual(given, {
    name: "printer",
    identities: [
      { is: "duid", duid: "0003000102005e100001", iaid: 10 },
      { is: "duid", duid: "000400112233445566778899aabbccddeeff", iaid: undefined },
      { is: "mac", mac: "02:00:5e:10:00:01" },
    ],
    addresses: ["2001:db8:1::5", "2001:db8:2::5"],
    hostPart: "::5",
    prefixes: ["2001:db8:5::/56"],
    lifetimes: { preferredSeconds: 60, validSeconds: 60 },
    ignored: true,
    options: [{ code: 99, value: bytesOf("78"), forced: false }],
    boot: [],
  });
  const bare = hostOf('mac = ["02:00:5e:10:00:01", "02:00:5e:10:00:02"]');
  assert.deepEqual([bare.identities.length, bare.addresses, bare.hostPart, bare.prefixes, bare.ignored], [2, [], undefined, [], false]);
});

/** Every one with the line and column it is told at, and what is said. */
const REFUSED: readonly (readonly [string, string, string, RegExp])[] = [
  ["a range that ends before it begins", 'address_pool = "2001:db8::2-2001:db8::1"', "2:1", /no pool of addresses/],
  ["a range of three addresses", 'address_pool = "2001:db8::1-2001:db8::2-2001:db8::3"', "2:1", /no pool of addresses/],
  ["a pool that is none, in a list", 'address_pool = ["2001:db8::/80", "x"]', "2:34", /no pool of addresses/],
  ["an unknown key of a pool", 'address_pool = { pool = "2001:db8::/80", clas = "x" }', "2:42", /"clas" is not known here/],
  ["a pool of groups", 'address_pool = "ff05::/64"', "2:1", /no host may be given/],
  ["prefixes of link-local addresses", 'prefix_pool = "fe80::/64"', "2:1", /no host may be given/],
  ["a pool without its class", 'address_pool = { pool = "2001:db8::/80", class = "x" }', "2:42", /no class "x"/],
  ["two pools that overlap", 'address_pool = ["2001:db8::/80", "2001:db8::1-2001:db8::2"]', "2:34", /two pools of address_pool overlap/],
  [
    "pools of both kinds that overlap",
    'address_pool = "2001:db8::/80"\nprefix_pool = ["2001:db8:1::/48", "2001:db8::/48"]',
    "3:35",
    /address_pool and prefix_pool overlap/,
  ],
  ["shortest that is longer than longest", 'prefix_pool = { pool = "2001:db8::/40", shortest = 60, longest = 56 }', "2:41", /more bits than longest/],
  ["usual that is not in between", "uplink_prefixes = { shortest = 56, longest = 60, usual = 62 }", "2:50", /not between/],
  ["a pool too small for what is taken out of it", 'prefix_pool = { pool = "2001:db8::/56", shortest = 48 }', "2:1", /no prefix of 48 bits/],
  ["what is excluded but no part", 'prefix_pool = { pool = "2001:db8::/40", exclude = 64 }', "2:41", /no part of a delegated prefix/],
  ["T1 later than T2", "t1_permille = 900", "2:1", /T1 is later than T2/],
  ["a preference of more than an octet", "preference = 256", "2:1", /preference/],
  [
    "more pools than a link has",
    `address_pool = [${Array.from({ length: LIMITS.poolsPerLink + 1 }, (_, n) => `"2001:db8:${n + 1}::/80"`).join(", ")}]`,
    "2:1",
    /address_pool/,
  ],
  ["a time server of IPv4", 'ntp = ["192.0.2.1"]', "2:8", /no IPv6 address or name/],
  ["a portal over http", 'captive_portal = "http://p.example/"', "2:1", /captive portal/],
  ["SOL_MAX_RT of less than a minute", "sol_max_rt_seconds = 59", "2:1", /sol_max_rt_seconds/],
  ["a time zone with a NUL", 'timezone = "a\\u0000"', "2:1", /no time zone/],
  ["what is booted from nowhere", 'boot = [{ url = "boot.efi" }]', "2:11", /no URL/],
  [
    "two files for one architecture",
    'boot = [{ architecture = 7, url = "x:a" }, { architecture = 7, url = "x:b" }]',
    "2:44",
    /two entries for architecture 7/,
  ],
  ["two files for every other one", 'boot = [{ url = "x:a" }, { url = "x:b" }]', "2:26", /every other architecture/],
  [
    "two entries of an enterprise",
    "vendor_options = [{ enterprise = 9, options = {} }, { enterprise = 9, options = {} }]",
    "2:53",
    /two entries for enterprise 9/,
  ],
  ["a vendor's option without a code", 'vendor_options = [{ enterprise = 9, options = { "x" = "y" } }]', "2:49", /no code of an option/],
  ["a resolver of priority 0", 'dnr = [{ priority = 0, name = "x.example" }]', "2:10", /priority/],
  ["parameters of a resolver without addresses", 'dnr = [{ priority = 1, name = "x.example", alpn = ["dot"] }]', "2:8", /need addresses/],
  ["HTTPS without a path", 'dnr = [{ priority = 1, name = "x.example", addresses = ["2001:db8::1"], alpn = ["h3"] }]', "2:73", /needs dohpath/],
  [
    "a path without a place for the question",
    'dnr = [{ priority = 1, name = "x.example", addresses = ["2001:db8::1"], dohpath = "/q" }]',
    "2:73",
    /place for the question/,
  ],
  [
    "mandatory and not said",
    'dnr = [{ priority = 1, name = "x.example", addresses = ["2001:db8::1"], mandatory = ["port"] }]',
    "2:86",
    /mandatory and not said/,
  ],
  [
    "mandatory that is mandatory itself",
    'dnr = [{ priority = 1, name = "x.example", addresses = ["2001:db8::1"], mandatory = ["key0"] }]',
    "2:86",
    /no service parameter/,
  ],
  [
    "no default of nothing",
    'dnr = [{ priority = 1, name = "x.example", addresses = ["2001:db8::1"], no_default_alpn = true }]',
    "2:73",
    /needs alpn/,
  ],
  [
    "hints beside addresses",
    'dnr = [{ priority = 1, name = "x.example", addresses = ["2001:db8::1"], parameters = { "key6" = "x" } }]',
    "2:88",
    /no service parameter/,
  ],
  ["a resolver at a group", 'dnr = [{ priority = 1, name = "x.example", addresses = ["ff02::1"] }]', "2:57", /no address of a resolver/],
  ["an option that is none", 'options = { "0" = "x" }', "2:13", /no code of an option/],
  ["an option with a key of its own", 'options = { "23" = "x" }', "2:13", /option 23 is not for an operator/],
  ["an option of the conversation", 'options = { "13" = "hex:0000" }', "2:13", /option 13 is not for an operator/],
  ["an option of clients", 'options = { "61" = "hex:0007" }', "2:13", /option 61 is not for an operator/],
  ["an option of relays", 'options = { "79" = "x" }', "2:13", /option 79 is not for an operator/],
  ["an option that stands in others", 'options = { "67" = "x" }', "2:13", /option 67 is not for an operator/],
  ["octets that clients cannot read", 'options = { "27" = "hex:01" }', "2:13", /no NIS servers/],
  ["a refresh time below 600 seconds (RFC 9915 §21.23)", 'options = { "32" = "hex:00000257" }', "2:13", /no information refresh time/],
  ["an option forced and not said", 'options = { "99" = "x" }\nforced_options = [99, 98]', "3:23", /forced and not said/],
  [
    "an option that is too long",
    `search = [${Array.from({ length: 64 }, (_, n) => `"a-long-name-of-a-host-${n}.example"`).join(", ")}]`,
    "2:1",
    /more than 1024 octets/,
  ],
  [
    "more options than an answer holds",
    `options = { ${Array.from({ length: 65 }, (_, n) => `"${n + 200}" = "x"`).join(", ")} }`,
    "2:",
    /more than 64 options/,
  ],
  [
    "more octets than an answer holds",
    `options = { ${Array.from({ length: 9 }, (_, n) => `"${n + 200}" = "${"x".repeat(1000)}"`).join(", ")} }`,
    "2:",
    /more than 8192 octets/,
  ],
];
for (const [what, keys, place, message] of REFUSED)
  test(`refused: ${what}`, () => {
    const told = problems(`[lan.lan0]\n${keys}\n`).map((one) => `${one.line}:${one.column} ${one.message}; ${one.hint}`);
    assert.ok(told.length === 1 && told[0]?.startsWith(place) && message.test(told[0]), told.join("\n"));
  });

const HOST = '[host.a]\nmac = "02:00:5e:10:00:01"\n';
const REFUSED_WHOLE: readonly (readonly [string, string, string, RegExp])[] = [
  ["a class that asks nothing", "[class.a]\n", "2:2", /tests/],
  ["a test that asks two things", '[class.a]\ntests = [{ option = 1, equal = "x", present = true }]\n', "3:10", /one thing/],
  ["a test that asks nothing", "[class.a]\ntests = [{ option = 1 }]\n", "3:10", /one thing/],
  [
    "one lifetime without the other",
    "[class.a]\ntests = [{ option = 1, present = true }]\nvalid_seconds = 60\n",
    "4:1",
    /preferred_seconds is missing/,
  ],
  [
    "lifetimes of a class that contradict",
    "[class.a]\ntests = [{ option = 1, present = true }]\npreferred_seconds = 61\nvalid_seconds = 60\n",
    "4:1",
    /longer than the valid/,
  ],
  [
    "a class that is none beside one that is",
    'prefix_pool = { pool = "2001:db8::/40", class = "b" }\n[class.a]\ntests = [{ option = 1, present = true }]\n',
    "2:41",
    /no class "b"; known are: a/,
  ],
  ["a prefix nobody may have", `${HOST}prefix = "fe80::/56"\n`, "4:1", /no prefix a host/],
  ["a host nobody knows", '[host.a]\naddress = "2001:db8::1"\n', "2:2", /nobody knows/],
  ["a DUID of two octets", '[host.a]\nduid = "0001"\n', "3:1", /no DUID/],
  ["an IAID of nine digits", '[host.a]\nduid = "0003000102005e100001%123456789"\n', "3:1", /no DUID/],
  ["a host part with a prefix in it", `${HOST}host_part = "2001:db8::1"\n`, "4:1", /no host part/],
  ["an address nobody may have", `${HOST}address = "::1"\n`, "4:1", /no address a host/],
  ["two hosts of one Ethernet address", `${HOST}[host.b]\nmac = ["02:00:5e:10:00:02", "02:00:5E:10:00:01"]\n`, "5:1", /is a's already/],
  ["two hosts of one DUID and IAID", '[host.a]\nduid = "00030001%1"\n[host.b]\nduid = "00030001%01"\n', "5:1", /is a's already/],
  ["one thing twice", '[host.a]\nduid = ["00030001", "00:03:00:01"]\n', "3:1", /stands here twice/],
  [
    "two hosts of one address",
    `${HOST}address = "2001:db8::1"\n[host.b]\nmac = "02:00:5e:10:00:02"\naddress = "2001:DB8::1"\n`,
    "7:1",
    /is a's already/,
  ],
  ["two hosts of one host part", `${HOST}host_part = "::1"\n[host.b]\nmac = "02:00:5e:10:00:02"\nhost_part = "::1"\n`, "7:1", /is a's already/],
  [
    "prefixes of two hosts that overlap",
    `${HOST}prefix = "2001:db8:0:8::/64"\n[host.b]\nmac = "02:00:5e:10:00:02"\nprefix = ["2001:db8:1::/48", "2001:db8::/56"]\n`,
    "7:1",
    /overlaps a's 2001:db8:0:8::\/64/,
  ],
  [
    "two links whose relays say the same",
    '[relayed.a]\nlink = "2001:db8:1::/64"\ninterface_id = ["x", "y"]\n[relayed.b]\nlink = "2001:db8:2::/64"\ninterface_id = "hex:79"\n',
    "7:1",
    /relays of a say the same/,
  ],
  ["a class whose name is none", '[class."a b"]\ntests = [{ option = 1, present = true }]\n', "2:2", /no name of a class/],
  ["a host whose name is none", `[host."-"]\nmac = "02:00:5e:10:00:01"\n`, "2:2", /no name of a host/],
];
for (const [what, tables, place, message] of REFUSED_WHOLE)
  test(`refused: ${what}`, () => {
    const told = problems(`[lan.lan0]\n${tables}`).map((one) => `${one.line}:${one.column} ${one.message}; ${one.hint}`);
    assert.ok(told.length === 1 && told[0]?.startsWith(`${place} `) && message.test(told[0]), told.join("\n"));
  });

test("a prefix is compared with every one before it, however many lie in between", () => {
  const host = (n: number, prefix: string): string => `[host.h${n}]\nmac = "02:00:5e:10:00:0${n}"\nprefix = "${prefix}"\n`;
  const told = problems(
    `[lan.lan0]\n${host(1, "2001:db8::/40")}${host(2, "2001:db8:1::/48")}${host(3, "2001:db8:2::/48")}${host(4, "2001:db8:100::/48")}`,
  );
  assert.deepEqual(
    told.map(({ line }) => line),
    [7, 10],
  );
});

test("hosts that differ in their IAID alone, and pools of different links that are the same, stand beside each other", () => {
  read(
    '[lan.lan0]\nprefix_pool = "2001:db8::/40"\n[lan.lan1]\nprefix_pool = "2001:db8::/40"\n[host.a]\nduid = "00030001%1"\n[host.b]\nduid = ["00030001%2", "00030001"]\n',
  );
});

test("everything that is wrong is told at once, in tables that are right beside those that are not; what hangs on a table that is wrong is not", () => {
  const told = problems(
    '[lan.lan0]\naddress_pool = { pool = "2001:db8::/80", class = "phones" }\nt1_permille = 900\n[lan.lan1]\npreference = 999\n[class.phones]\ntests = []\n[host.a]\nduid = "x"\n[host.b]\naddress = "::1"\n',
  );
  assert.deepEqual(
    told.map(({ line }) => line),
    [3, 5, 7, 9, 10, 11],
  );
});

const WARNED: readonly (readonly [string, string, RegExp])[] = [
  ["classes while nobody is served", '[lan.lan0]\ndhcpv6 = "off"\n[class.a]\ntests = [{ option = 1, present = true }]\n', /nobody is served/],
  ["an address on no link", `[lan.lan0]\naddress_pool = "2001:db8:1::/80"\n${HOST}address = "2001:db8:2::1"\n`, /on no link that is served/],
  ["a resolver of IPv4 alone", '[lan.lan0]\ndnr = [{ priority = 1, name = "x.example", addresses = ["192.0.2.1"] }]\n', /no IPv6 address/],
  [
    "a resolver of which nobody knows how to ask it",
    '[lan.lan0]\ndnr = [{ priority = 1, name = "x.example", addresses = ["2001:db8::1"] }]\n',
    /how to speak/,
  ],
  ["two links of one prefix", '[lan.lan0]\n[relayed.a]\nlink = "2001:db8::/64"\n[relayed.b]\nlink = "2001:db8::/64"\n', /a has the same prefix/],
];
for (const [what, text, message] of WARNED) test(`warned of: ${what}`, () => assert.match(only(sound(text).warnings).message, message));

test("an address beside a pool of its link, on a link behind relays, or where the kernel's prefixes are not known, is no surprise", () => {
  for (const text of [
    `[lan.lan0]\naddress_pool = "2001:db8:1::100-2001:db8:1::1ff"\n${HOST}address = "2001:db8:1::5"\n`,
    `[lan.lan0]\naddress_pool = "2001:db8:1::/80"\n[relayed.a]\nlink = "2001:db8:2::/64"\n${HOST}address = "2001:db8:2::1"\n`,
    `[lan.lan0]\n${HOST}address = "2001:db8:2::1"\n`,
  ])
    assert.deepEqual(sound(text).warnings, []);
});

test("whatever code and octets stand in options: what the server writes itself is refused, and what is read is as it stands", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 65_535 }),
      fc.oneof(
        { weight: 3, arbitrary: fc.uint8Array({ maxLength: 40 }) },
        fc.constantFrom(...everyOption().flatMap(({ samples }) => samples.map(({ hex }) => bytesOf(hex)))),
      ),
      (code, value) => {
        const result = readConfig(`[lan.lan0]\noptions = { "${code}" = "hex:${toHex(value)}" }\n`);
        const entry = optionOfCode(code);
        if ("problems" in result) return assert.ok(entry !== undefined || code === 148, `option ${code} is nobody's`);
        assert.ok(!UNASKED_OPTIONS.has(code) && (entry === undefined || entry.at.includes("message")));
        const dhcp6 = result.config.lan?.interfaces[0]?.dhcp6;
        assert.deepEqual(dhcp6?.mode === "server" && dhcp6.pools.options, [{ code, value, forced: false }]);
      },
    ),
    { numRuns: 300 },
  );
});

test("a list of tables that would be a long line is printed with a line for each", () => {
  const text = printConfig(
    sound(
      '[lan.lan0]\nboot = [{ architecture = 7, url = "tftp://[2001:db8::69]/boot.efi" }, { url = "tftp://[2001:db8::69]/other.efi", parameters = ["ro"] }]\n',
    ).file,
  );
  assert.match(text, /^boot = \[\n {2}\{ architecture = 7, url = "[^"]+" \},\n {2}\{ url = "[^"]+", parameters = \["ro"\] \},\n\]$/m);
});

test("the example in docs/options.md is read as it stands, without a warning", () => {
  const [, example = ""] =
    /^## Clients of the DHCPv6 server$[\s\S]*?```toml\n([\s\S]*?)```/m.exec(
      readFileSync(new URL("../../docs/options.md", import.meta.url), "utf8"),
    ) ?? [];
  const { config, warnings } = sound(example);
  assert.deepEqual(warnings, []);
  assert.deepEqual([config.lan?.classes.length, config.lan?.hosts.length], [2, 2]);
});
