/** `[uplink4.INTERFACE]`, `[system]` and `[hooks]`: what each key becomes, and what is refused, with its place and a hint. */
import assert from "node:assert/strict";
import { hostname } from "node:os";
import { test } from "node:test";
import { decodeAll, encodeAll } from "../../src/base/codec.ts";
import { same } from "../../src/base/same.ts";
import { printConfig } from "../../src/config/print.ts";
import { readConfig } from "../../src/config/read.ts";
import type { Config } from "../../src/config/schema.ts";
import { configuration } from "../../src/roles/messages/catalogue.ts";
import { standardUplink, type Uplink4Interface } from "../../src/services/uplink4/config.ts";

function read(text: string): Config {
  const result = readConfig(text);
  assert.ok("config" in result, "problems" in result ? result.problems.map((one) => `${one.message}; ${one.hint}`).join("\n") : "");
  assert.deepEqual(again(printConfig(result.file)), result.config, "what is printed is read as the same");
  return result.config;
}
function again(text: string): Config | undefined {
  const result = readConfig(text);
  return "config" in result ? result.config : undefined;
}
function entry(keys: string): Uplink4Interface {
  const [only] = read(`[uplink4.eth0]\n${keys}\n`).uplink4?.interfaces ?? [];
  assert.ok(only !== undefined);
  return only;
}
const STANDARD = { ...standardUplink("eth0"), hostName: hostname().split(".")[0] ?? "", systemHostName: true };

test("an empty table is what holds where the operator said nothing, with the system's name", () => assert.deepEqual(entry(""), STANDARD));

const KEYS: readonly (readonly [string, Partial<Uplink4Interface>])[] = [
  ['host_name = "gw"', { hostName: "gw", systemHostName: false }],
  ['host_name = ""', { hostName: "", systemHostName: false }],
  ['fqdn = "gw.home.example"', { fqdn: { name: "gw.home.example", update: "server" }, hostName: "", systemHostName: false }],
  ['fqdn = "gw"\nfqdn_update = "none"', { fqdn: { name: "gw", update: "none" }, hostName: "", systemHostName: false }],
  ['client_id = "mac"', { identity: "mac", clientId: undefined }],
  ['client_id = "duid"', { identity: "duid", clientId: undefined }],
  ['client_id = "01:02:AB"', { identity: "mac", clientId: "0102ab" as NonNullable<Uplink4Interface["clientId"]> }],
  ['vendor_class = "a b"', { sendOptions: [{ code: 60, hex: "612062" }] }],
  ['user_class = ["a", "hex:0001"]', { sendOptions: [{ code: 77, hex: "0161020001" }] }],
  ['mud_url = "https://v.example/m"', { sendOptions: [{ code: 161, hex: "68747470733a2f2f762e6578616d706c652f6d" }] }],
  [
    'vendor_class = "v"\nsend_options = { "43" = "hex:01:02", "161" = "x" }',
    {
      sendOptions: [
        { code: 43, hex: "0102" },
        { code: 60, hex: "76" },
        { code: 161, hex: "78" },
      ],
    },
  ],
  ["request_options = [43, 66]", { requestOptions: [43, 66] }],
  ["no_request_options = [28]", { omitOptions: [28] }],
  ["retransmit_seconds = 0.25", { retransmitSeconds: 0.25 }],
  ["start_delay_seconds = 10", { startDelaySeconds: 10 }],
  ["select_seconds = 1.5", { selectSeconds: 1.5 }],
  ['conflict_detection = "rfc"', { conflictDetection: "rfc" }],
  ['conflict_detection = "off"', { conflictDetection: "off" }],
  ["rapid_commit = true", { rapidCommit: true }],
  ['prefer_ipv6 = "yes"', { preferIpv6: "yes" }],
  ['prefer_ipv6 = "when-connected"', { preferIpv6: "when-connected" }],
  ["fallback_link_local = true", { fallbackLinkLocal: true }],
  ["broadcast_flag = true", { broadcast: true }],
  ["anonymous = true", { anonymous: true, hostName: "", systemHostName: false }],
  ["release_on_stop = true", { releaseOnStop: true }],
  ['inform = "192.0.2.5/24"', { inform: { address: "192.0.2.5" as never, prefixLength: 24 } }],
  ['allow_servers = ["192.0.2.1"]', { allowServers: ["192.0.2.1" as never] }],
  ['ignore_servers = ["192.0.2.1"]', { denyServers: ["192.0.2.1" as never] }],
  ["ignore_dns = true", { ignoreDns: true }],
  ["ignore_routes = true", { ignoreRoutes: "all" }],
  ["ignore_classless_routes = true", { ignoreRoutes: "classless" }],
  ["ignore_routes = true\nignore_classless_routes = true", { ignoreRoutes: "all" }],
  ["metric = 0", { metric: 0 }],
  ["table = 100", { table: 100 }],
  ["use_mtu = true", { mtuMinBytes: 1280 }],
  ["use_mtu = true\nmtu_min = 576", { mtuMinBytes: 576 }],
  ["use_host_name = true", { useHostName: true }],
  ["socket_priority = 6", { socketPriority: 6 }],
  ["dscp = 48", { dscp: 48 }],
];
for (const [keys, fields] of KEYS)
  test(`${keys.replace("\n", ", ")} is nothing but that`, () => assert.deepEqual(entry(keys), { ...STANDARD, ...fields }));

test("a pattern is a name like others, and an empty [uplink4] waits for interfaces that are attached", () => {
  assert.deepEqual(
    read('[uplink4."eth*"]\n[uplink4."wl?0"]\n').uplink4?.interfaces.map(({ name }) => name),
    ["eth*", "wl?0"],
  );
  assert.deepEqual(read("[uplink4]\n").uplink4, { interfaces: [] });
});

test("[system] and [hooks] say what concerns the host", () => {
  assert.deepEqual(read("[uplink4.eth0]\n").host, { resolver: "auto", manage: false, hostsFolder: undefined, hook: undefined });
  const { host } = read('[system]\nresolver = "file"\nmanage = true\n[hooks]\nrun = "/etc/leasehold/hook"\nuser = "root"\n[uplink4.eth0]\n');
  assert.deepEqual(host, { resolver: "file", manage: true, hostsFolder: undefined, hook: { run: "/etc/leasehold/hook", user: "root" } });
});

test("B8: files that say the same, in any order, with or without a host name and prefer_ipv6, are the same by value", () => {
  const texts = ['host_name = ""\nprefer_ipv6 = "yes"\nmetric = 1', 'metric = 1\nprefer_ipv6 = "yes"\nhost_name = ""', "", 'prefer_ipv6 = "yes"'];
  const [one, other, plain, wishing] = texts.map(entry);
  assert.ok(same(one, other) && same(plain, entry("")));
  assert.ok(!same(plain, wishing), "a toggled wish is a difference");
});

test("the largest configuration there may be crosses to main as it is", () => {
  const codes = Array.from({ length: 254 }, (_, i) => i + 1).join(", ");
  const servers = Array.from({ length: 64 }, (_, i) => `"192.0.2.${i}"`).join(", ");
  for (const text of [
    `[hooks]\nrun = "/${"a".repeat(4094)}"\n[uplink4."ééééééé*"]\nhost_name = "${"é".repeat(127)}"\nrequest_options = [${codes}]\nclient_id = "${"ab".repeat(255)}"\n`,
    `[uplink4.eth0]\nsend_options = { "43" = "${"a".repeat(900)}" }\nfqdn = "a.b"\nallow_servers = [${servers}]\nmetric = 4294967295\ntable = 1\n`,
    '[uplink4.eth0]\nuse_mtu = true\nmtu_min = 65535\ninform = "192.0.2.5/32"\nstart_delay_seconds = 0.5\nsocket_priority = 0\ndscp = 0\nuser_class = ["a"]\n',
  ]) {
    const config = read(text);
    assert.deepEqual(decodeAll(configuration, encodeAll(configuration, config)), config);
  }
});

test("B50: nothing of the system's make is sent unless the operator says so: no vendor class, no option beside the conversation's own", () => {
  const { sendOptions, requestOptions } = entry("");
  assert.deepEqual([sendOptions, requestOptions], [[], []]);
});

const REFUSED: readonly (readonly [string, string, RegExp, RegExp])[] = [
  ["B34: a host name that begins with a dot, of which an empty option would be made", 'host_name = ".example"', /begin with a dot/, /letters/],
  ["a host name with a control character", 'host_name = "a\\u001bb"', /control/, /letters/],
  ["a host name of 256 octets", `host_name = "${"a".repeat(256)}"`, /at most 255/, /letters/],
  ["a name that is none", 'fqdn = "a..b"', /no domain name/, /home\.example/],
  ["an update by nobody we know", 'fqdn = "a"\nfqdn_update = "me"', /fqdn_update/, /"server", "client" or "none"/],
  ["an update of no name", 'fqdn_update = "none"', /needs fqdn/, /gw\.home/],
  ["a client identifier of one octet", 'client_id = "01"', /no client identifier/, /two to 255/],
  ["a client identifier of 256 octets (B26)", `client_id = "${"00".repeat(256)}"`, /no client identifier/, /two to 255/],
  ["an empty vendor class", 'vendor_class = ""', /empty/, /hex:/],
  ["a vendor class of 256 octets", `vendor_class = "${"a".repeat(256)}"`, /longer than 255/, /hex:/],
  ["hexadecimal that is none", 'vendor_class = "hex:xy"', /hexadecimal/, /hex:/],
  ["an empty user class", 'user_class = ["a", ""]', /empty/, /hex:/],
  ["a MUD URL that is not https", 'mud_url = "http://x/"', /no MUD URL/, /RFC 8520/],
  ["option 0", "request_options = [0]", /request_options/, /1 to 254/],
  ["option 255", "no_request_options = [255]", /no_request_options/, /1 to 254/],
  ["a code asked for and not", "request_options = [43]\nno_request_options = [28, 43]", /option 43 is both/, /one of the two lists/],
  ...[0, 255, 256].map((code) => [`option ${code} to send`, `send_options = { "${code}" = "x" }`, /no code of an option/, /1 to 254/] as const),
  ["an option without a number", 'send_options = { "vendor" = "x" }', /no code of an option/, /1 to 254/],
  ...[12, 50, 51, 52, 53, 54, 55, 57, 61, 80, 81, 82].map(
    (code) => [`option ${code}, which the client sets itself`, `send_options = { "${code}" = "x" }`, /not for an operator to send/, /\w/] as const,
  ),
  ["an empty option", 'send_options = { "43" = "hex:" }', /empty/, /hex:/],
  ["an option of 1021 octets", `send_options = { "43" = "${"a".repeat(1021)}" }`, /longer than 1020/, /hex:/],
  [
    "user classes of more than 1020 octets",
    `user_class = [${Array.from({ length: 5 }, () => `"${"a".repeat(250)}"`).join(", ")}]`,
    /longer than 1020/,
    /1472/,
  ],
  [
    "options that no message can carry",
    `host_name = "${"a".repeat(200)}"\nsend_options = { "43" = "${"a".repeat(1000)}" }`,
    /messages too long/,
    /1472/,
  ],
  ["option 60 twice", 'vendor_class = "a"\nsend_options = { "60" = "b" }', /sends option 60 already/, /vendor_class/],
  ["option 77 twice", 'user_class = ["a"]\nsend_options = { "77" = "b" }', /sends option 77 already/, /user_class/],
  ["option 161 twice", 'mud_url = "https://a/"\nsend_options = { "161" = "b" }', /sends option 161 already/, /mud_url/],
  ["a pause of nothing", "retransmit_seconds = 0", /retransmit_seconds/, /0\.25 to 64/],
  ["a delay beyond ten minutes", "start_delay_seconds = 601", /start_delay_seconds/, /0 to 600/],
  ["a choice beyond a minute", "select_seconds = 61", /select_seconds/, /0 to 60/],
  ["a way of asking that is none", 'conflict_detection = "slow"', /conflict_detection/, /"fast", "rfc" or "off"/],
  ["a preference that is none", 'prefer_ipv6 = "always"', /prefer_ipv6/, /when-connected/],
  ["a number where yes or no is asked for", "rapid_commit = 1", /rapid_commit/, /true or false/],
  ["an address without a length", 'inform = "192.0.2.5"', /prefix length/, /192\.0\.2\.5\/24/],
  ["an address of a group", 'inform = "224.0.0.1/24"', /prefix length/, /192\.0\.2\.5\/24/],
  ["a server that is none", 'allow_servers = ["x"]', /no IPv4 address/, /192\.0\.2\.1/],
  [
    "a server allowed and ignored",
    'allow_servers = ["192.0.2.1"]\nignore_servers = ["192.0.2.2", "192.0.2.1"]',
    /both allowed and ignored/,
    /ignored anyway/,
  ],
  ["a negative metric", "metric = -1", /metric/, /0 to 4294967295/],
  ["table 0", "table = 0", /table/, /1 to 4294967295/],
  ["the kernel's own table", "table = 255", /kernel/, /not 255/],
  ["an MTU below what every host takes", "use_mtu = true\nmtu_min = 575", /mtu_min/, /576 to 65535/],
  ["the least MTU of none", "mtu_min = 1280", /needs use_mtu/, /use_mtu = true/],
  ["a priority beyond 15", "socket_priority = 16", /socket_priority/, /0 to 15/],
  ["a code point beyond 63", "dscp = 64", /dscp/, /0 to 63/],
  ["anonymous with fqdn", 'anonymous = true\nfqdn = "a"', /who an anonymous client is/, /RFC 7844/],
  ["anonymous with host_name", 'anonymous = true\nhost_name = "a"', /who an anonymous client is/, /RFC 7844/],
  ["anonymous with a client identifier", 'anonymous = true\nclient_id = "duid"', /who an anonymous client is/, /RFC 7844/],
  ["anonymous with send_options", 'anonymous = true\nsend_options = { "43" = "a" }', /anonymous client from others/, /RFC 7844/],
  ["anonymous with vendor_class", 'anonymous = true\nvendor_class = "a"', /anonymous client from others/, /RFC 7844/],
  ["anonymous with user_class", 'anonymous = true\nuser_class = ["a"]', /anonymous client from others/, /RFC 7844/],
  ["anonymous with mud_url", 'anonymous = true\nmud_url = "https://a/"', /anonymous client from others/, /RFC 7844/],
  ["fqdn with host_name", 'host_name = "a"\nfqdn = "a"', /both given/, /RFC 4702/],
  ["inform with rapid_commit", 'inform = "192.0.2.5/24"\nrapid_commit = true', /no address is asked for/, /rapid_commit/],
  ["inform with fallback_link_local", 'inform = "192.0.2.5/24"\nfallback_link_local = true', /set by hand/, /fallback_link_local/],
  ["inform with release_on_stop", 'inform = "192.0.2.5/24"\nrelease_on_stop = true', /no lease/, /release_on_stop/],
];
for (const [what, keys, message, hint] of REFUSED) {
  test(`refused: ${what}`, () => {
    const text = `\n[uplink4.eth0]\n${keys}\n`;
    const result = readConfig(text);
    assert.ok("problems" in result, "it is refused");
    assert.deepEqual(result.problems.length, 1, result.problems.map((one) => one.message).join("; "));
    const [problem] = result.problems;
    assert.match(problem?.message ?? "", message);
    assert.match(problem?.hint ?? "", hint);
    assert.ok((problem?.line ?? 0) >= 3 && (problem?.column ?? 0) >= 1, `it stands at ${problem?.line}:${problem?.column}`);
  });
}
for (const [what, text, message] of [
  ["inform for a pattern", '[uplink4."eth*"]\ninform = "192.0.2.5/24"\n', /several interfaces/],
  ["a hook whose path is not absolute", '[uplink4.eth0]\n[hooks]\nrun = "hook"\n', /not absolute/],
  ["a hook that is a folder", '[uplink4.eth0]\n[hooks]\nrun = "/etc/"\n', /no path of a file/],
  ["hooks without a program", '[uplink4.eth0]\n[hooks]\nuser = "root"\n', /hooks\.run/],
  ["a user who cannot be", '[uplink4.eth0]\n[hooks]\nrun = "/h"\nuser = "a b"\n', /no name of a user/],
  ["a way to resolvers that is none", '[uplink4.eth0]\n[system]\nresolver = "dns"\n', /system\.resolver/],
  ["a folder's name for an interface", '[uplink4.".."]\n', /no name of an interface/],
] as const) {
  test(`refused: ${what}`, () => {
    const result = readConfig(text);
    assert.ok("problems" in result && result.problems.length === 1);
    assert.match(result.problems[0]?.message ?? "", message);
    assert.ok((result.problems[0]?.hint ?? "").length > 0);
  });
}
