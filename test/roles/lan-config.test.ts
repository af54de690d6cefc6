/** The configuration of `lan` on its way from main to the engine: whole, in pieces, with something in every field. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeAll, encodeAll } from "../../src/base/codec.ts";
import type { DomainName } from "../../src/base/domain.ts";
import type { Duid } from "../../src/base/duid.ts";
import { WireError } from "../../src/base/errors.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../src/base/ipv6.ts";
import type { MacAddress } from "../../src/base/mac.ts";
import { ConfigParts } from "../../src/roles/engine-lan/config-parts.ts";
import { lanConfig } from "../../src/roles/messages/lan.ts";
import type { LanConfig } from "../../src/services/lan/config.ts";
import { dhcp6Pools, type ServedOptions } from "../../src/services/lan/dhcp6-config.ts";

const ip = (text: string): Ipv6Address => text as Ipv6Address;
const net = (text: string): Ipv6Prefix => text as Ipv6Prefix;
const value = Uint8Array.of(1, 2, 3);
const served: ServedOptions = {
  options: [{ code: 23, value, forced: true }],
  boot: [{ architecture: 7, options: [{ code: 59, value, forced: false }] }],
};
const lifetimes = { preferredSeconds: 60, validSeconds: 120 };
const pools = dhcp6Pools({
  ...served,
  assignAddresses: false,
  addresses: [{ first: ip("2001:db8::1"), last: ip("2001:db8::ff"), class: "phones" }],
  prefixes: [{ pool: net("2001:db8:100::/40"), shortest: 48, longest: 64, usual: 56, excludedLength: 64, class: "routers" }],
  uplinkPrefixes: { shortest: 60, longest: 64, usual: 62 },
  knownClientsOnly: true,
  rapidCommit: true,
  preference: 255,
  t1Permille: 400,
  t2Permille: 700,
  reconfigure: true,
  ownResolver: false,
  limits: { leasesPerClient: 8, leasesPerLink: 1000, leasesPerRelayPort: 4, messagesPerSecondPerSource: 50 },
});
const router = {
  ...{ managed: true, otherConfig: true, autonomous: true, lifetimeSeconds: undefined, minIntervalSeconds: 200, maxIntervalSeconds: 600 },
  ...{ maxPreferredSeconds: 2700, maxValidSeconds: 5400, dnsServers: [ip("2001:db8::53")], searchDomains: ["home.example" as DomainName] },
};
const host = (n: number): LanConfig["hosts"][number] => ({
  ...served,
  name: `host${n}`,
  identities: [
    { is: "duid", duid: "00030001020000000001" as Duid, iaid: 7 },
    { is: "mac", mac: "02:00:00:00:00:01" as MacAddress },
  ],
  addresses: [ip("2001:db8::5")],
  hostPart: ip("::5"),
  prefixes: [net("2001:db8:5::/56")],
  lifetimes,
  ignored: true,
});
const config: LanConfig = {
  duid: "00040123456789abcdef0123456789abcdef" as Duid,
  interfaces: [
    { name: "lan0", number: 77, router, dhcp6: { mode: "server", pools } },
    { name: "lan1", number: 78, router: undefined, dhcp6: { mode: "relay", relay: { uplinks: ["wan0"], servers: [ip("2001:db8::547")] } } },
    { name: "lan2", number: 79, router: undefined, dhcp6: { mode: "off" } },
  ],
  relayedLinks: [{ number: 80, name: "upstairs", prefix: net("2001:db8:5::/64"), selectors: [{ code: 37, value }], pools }],
  classes: [{ ...served, name: "phones", tests: [{ code: 16, is: "prefix", value }], drop: true, lifetimes }],
  hosts: Array.from({ length: 50 }, (_, n) => host(n)),
};
const whole = encodeAll(lanConfig, config);

test("what main says of lan is what the engine reads, in every field", () => assert.deepEqual(decodeAll(lanConfig, whole), config));

function pieces(bytes: number): readonly { readonly bytes: Uint8Array; readonly isLast: boolean }[] {
  const starts = Array.from({ length: Math.ceil(whole.length / bytes) }, (_, i) => i * bytes);
  return starts.map((at) => ({ bytes: whole.subarray(at, at + bytes), isLast: at + bytes >= whole.length }));
}

test("in pieces it is the same, and nothing before the last of them", () => {
  const parts = new ConfigParts();
  const read = pieces(100).map((piece) => parts.add(piece, 3));
  assert.ok(read.length > 10);
  assert.deepEqual(read.pop(), config);
  assert.ok(read.every((one) => one === undefined));
});

test("pieces of a generation that was left are forgotten when the next one begins", () => {
  const parts = new ConfigParts();
  const [first, ...others] = pieces(100);
  assert.ok(first !== undefined);
  assert.equal(parts.add(first, 3), undefined);
  assert.deepEqual([first, ...others].map((piece) => parts.add(piece, 4)).pop(), config);
  assert.throws(() => [...others].map((piece) => parts.add(piece, 5)), WireError);
});
