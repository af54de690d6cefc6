import assert from "node:assert/strict";
import { test } from "node:test";
import type { DomainName } from "../../../src/base/domain.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../../src/base/ipv6.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import type { PrefixInformation } from "../../../src/wire/icmp6/values.ts";
import { ADDRESS, type Given, type Heard, LINK_LOCAL, LOCAL_ADDRESS, MAC, PREFIX, ready, router, settled } from "./timeline.ts";

const OTHER = "2001:db8:2::1" as Ipv6Address;
const pio = (prefix: string, given: Partial<PrefixInformation> = {}): PrefixInformation => {
  const common = { onLink: true, autonomous: true, prefersDelegation: false, preferredSeconds: 2700, validSeconds: 5400 };
  return { prefix: prefix as Ipv6Prefix, ...common, ...given };
};
const said = (addresses: Readonly<Record<string, Given>>, config = {}): Heard => ready(config, addresses).at(0.25).heard();
const prefixes = (addresses: Readonly<Record<string, Given>>, config = {}) => said(addresses, config).options.prefixes;

test("the header says what is configured; a host's hop limit is 64 (RFC 4861 §4.2)", () => {
  const heard = said({ [ADDRESS]: {} }, { managed: true, otherConfig: false });
  const { managed, otherConfiguration, hopLimit, homeAgent, proxy, preference, reachableMilliseconds, retransmitMilliseconds } = heard;
  assert.deepEqual([managed, otherConfiguration, hopLimit, homeAgent, proxy, preference], [true, false, 64, false, false, "medium"]);
  assert.deepEqual([reachableMilliseconds, retransmitMilliseconds], [0, 0]);
});

test("the link's own options: its hardware address, and its MTU where it is known (RFC 4861 §4.6.1, §4.6.4)", () => {
  ready()
    .linkUp(MAC, 1492)
    .at(0.25)
    .advertises({ options: { sourceLinkLayerAddress: MAC, mtu: 1492 } });
  ready()
    .linkUp(MAC, 1279)
    .at(0.25)
    .advertises({ options: { sourceLinkLayerAddress: MAC, mtu: undefined } });
  const tunnel = router()
    .happens({ kind: "link", link: { mac: undefined, mtuBytes: undefined } })
    .addresses({});
  tunnel.at(0.25).advertises({ options: { sourceLinkLayerAddress: undefined, mtu: undefined } });
});

test("every address of ours is a prefix for the hosts, with what is left of it, at most what is configured (RFC 9096 §3.4)", () => {
  assert.deepEqual(prefixes({ [ADDRESS]: {} }), [pio("2001:db8:1::/64")]);
  assert.deepEqual(prefixes({ [ADDRESS]: { preferred: 100, valid: 200 } }), [pio("2001:db8:1::/64", { preferredSeconds: 100, validSeconds: 200 })]);
  assert.deepEqual(prefixes({ [ADDRESS]: {} }, { maxPreferredSeconds: 600, maxValidSeconds: 500 }), [
    pio("2001:db8:1::/64", { preferredSeconds: 500, validSeconds: 500 }),
  ]);
});

test("what is left is counted when it is said, not when it was heard", () => {
  const lan = ready({}, { [ADDRESS]: { preferred: 1000, valid: 1500 } })
    .at(0.25)
    .advertises()
    .at(16.25);
  lan.advertises({ options: { prefixes: [pio(PREFIX, { preferredSeconds: 984, validSeconds: 1484 })] } });
  lan.at(32.25).advertises({ options: { prefixes: [pio(PREFIX, { preferredSeconds: 968, validSeconds: 1468 })] } });
});

test("addresses in one prefix are one prefix, as long as the longest of them", () => {
  assert.deepEqual(prefixes({ [ADDRESS]: { preferred: 100, valid: 300 }, "2001:db8:1::2": { preferred: 200, valid: 250 } }), [
    pio("2001:db8:1::/64", { preferredSeconds: 200, validSeconds: 300 }),
  ]);
});

test("a prefix shorter than 64 bits is told as one of 64; a longer one makes no addresses; beyond 96 it is no link's (RFC 4862 §5.5.3)", () => {
  assert.deepEqual(prefixes({ "2001:db8:1:2::1": { prefixLength: 48 } }), [pio("2001:db8:1:2::/64")]);
  assert.deepEqual(prefixes({ [ADDRESS]: { prefixLength: 96 } }), [pio("2001:db8:1::/96", { autonomous: false })]);
  assert.equal(prefixes({ [ADDRESS]: { prefixLength: 97 }, "2001:db8:3::1": { prefixLength: 128 } }), undefined);
});

test("without autonomous addresses the prefix is only on the link (RFC 4861 §4.6.2)", () => {
  assert.deepEqual(prefixes({ [ADDRESS]: {} }, { autonomous: false }), [pio("2001:db8:1::/64", { autonomous: false })]);
});

test("a default route and a provider's prefix make a default router, as long as the prefix is preferred at most (RFC 9096 §3.4)", () => {
  assert.equal(said({ [ADDRESS]: {} }).lifetimeSeconds, 2700);
  assert.equal(said({ [LOCAL_ADDRESS]: {} }).lifetimeSeconds, 0);
  assert.equal(ready({}).routes(false).at(0.25).heard().lifetimeSeconds, 0);
  assert.equal(said({ [ADDRESS]: { deprecated: true } }).lifetimeSeconds, 0);
});

test("it is at least the interval, and at most 5,400 s when nobody said more (RFC 4861 §6.2.1)", () => {
  assert.equal(said({ [ADDRESS]: {} }, { maxPreferredSeconds: 100 }).lifetimeSeconds, 600);
  assert.equal(said({ [ADDRESS]: {} }, { maxPreferredSeconds: 0xffffffff }).lifetimeSeconds, 5400);
});

test("what the operator says of it holds without a default route; 0 is never a default router (RFC 4861 §6.2.1, T11)", () => {
  assert.equal(ready({ lifetimeSeconds: 1800 }).routes(false).at(0.25).heard().lifetimeSeconds, 1800);
  assert.equal(said({ [LOCAL_ADDRESS]: {} }, { lifetimeSeconds: 1800 }).lifetimeSeconds, 1800);
  assert.equal(said({ [ADDRESS]: {} }, { lifetimeSeconds: 10 }).lifetimeSeconds, 600);
  assert.equal(said({ [ADDRESS]: {} }, { lifetimeSeconds: 100_000 }).lifetimeSeconds, 65_535);
  assert.equal(said({ [ADDRESS]: {} }, { lifetimeSeconds: 0 }).lifetimeSeconds, 0);
});

test("resolvers live as long as the longest provider's prefix, else as the router, else as any prefix (RFC 8106 §5.1)", () => {
  const servers = ["2001:db8::53", "fd00::53"] as readonly string[] as readonly Ipv6Address[];
  const dns = (addresses: Readonly<Record<string, Given>>, config = {}) => said(addresses, { dnsServers: servers, ...config }).options.resolvers;
  assert.deepEqual(dns({ [ADDRESS]: {}, [OTHER]: { preferred: 50, valid: 100 } }), [{ lifetimeSeconds: 5400, addresses: servers }]);
  assert.deepEqual(dns({ [ADDRESS]: { preferred: 50, valid: 100 } }), [{ lifetimeSeconds: 100, addresses: servers }]);
  assert.deepEqual(dns({ [LOCAL_ADDRESS]: {} }, { lifetimeSeconds: 1800 }), [{ lifetimeSeconds: 1800, addresses: servers }]);
  assert.deepEqual(dns({ [LOCAL_ADDRESS]: {} }), [{ lifetimeSeconds: 5400, addresses: servers }]);
  assert.equal(dns({}), undefined);
});

test("without resolvers configured it is our address on the link: a provider's first, then a local one, then the link-local", () => {
  const own = (addresses: Readonly<Record<string, Given>>, config = {}) => said(addresses, config).options.resolvers?.[0]?.addresses;
  assert.deepEqual(own({ [LOCAL_ADDRESS]: {}, [ADDRESS]: { preferred: 50, valid: 100 }, [OTHER]: { preferred: 60, valid: 100 } }), [OTHER]);
  assert.deepEqual(own({ [LOCAL_ADDRESS]: {}, [ADDRESS]: { deprecated: true } }), [LOCAL_ADDRESS]);
  assert.deepEqual(own({}, { lifetimeSeconds: 1800 }), [LINK_LOCAL]);
});

test("the search list lives as long as the resolvers (RFC 8106 §5.2)", () => {
  const names = ["home.example", "example.net"] as readonly string[] as readonly DomainName[];
  assert.deepEqual(said({ [ADDRESS]: {} }, { searchDomains: names }).options.searchLists, [{ lifetimeSeconds: 5400, names }]);
});

test("the prefix we were delegated as a whole leads over us, as long as what we use of it (RFC 4191 §2.3, RFC 7084 L-3)", () => {
  const lan = ready({}, { [ADDRESS]: { preferred: 300, valid: 400 } }).routes(true, "2001:db8::/56", "2001:db8:1::/48", "2001:db8:f::/48");
  lan.at(0.25).advertises({ options: { routes: [{ prefix: "2001:db8:1::/48" as Ipv6Prefix, preference: "medium", lifetimeSeconds: 400 }] } });
});

test("a prefix that is gone is told with lifetimes 0 and unchanged flags, for as long as hosts may believe it (RFC 9096 §3.5)", () => {
  const lan = settled({ minIntervalSeconds: 1800, maxIntervalSeconds: 1800 }); // 0.75 of it at least: RFC 4861 §6.2.1
  lan.addresses({ [OTHER]: {} }).at(101);
  const gone = pio(PREFIX, { preferredSeconds: 0, validSeconds: 0 });
  lan.advertises({ options: { prefixes: [pio("2001:db8:2::/64"), gone] } });
  lan.at(1676).advertises({ options: { prefixes: [pio("2001:db8:2::/64"), gone] } });
  lan.at(3251).advertises({ options: { prefixes: [pio("2001:db8:2::/64"), gone] } });
  lan.at(4826).advertises({ options: { prefixes: [pio("2001:db8:2::/64"), gone] } });
  lan.at(6401).advertises({ options: { prefixes: [pio("2001:db8:2::/64")] } });
});

test("a deprecated prefix is over for hosts, though the kernel still holds it (RFC 9096 §3.5)", () => {
  const lan = settled().addresses({ [ADDRESS]: { deprecated: true, preferred: 0, valid: 1000 } });
  lan.at(101).advertises({ lifetimeSeconds: 0, options: { prefixes: [pio(PREFIX, { preferredSeconds: 0, validSeconds: 0 })] } });
});

test("a prefix that comes back is believed again", () => {
  const lan = settled()
    .addresses({})
    .at(101)
    .advertises({ options: { prefixes: [pio(PREFIX, { preferredSeconds: 0, validSeconds: 0 })] } });
  lan
    .addresses({ [ADDRESS]: {} })
    .at(104)
    .advertises({ options: { prefixes: [pio(PREFIX)] } });
  assert.deepEqual(lan.state.withdrawn, []);
});

test("resolvers and routes that are gone are told with lifetime 0 too (RFC 8106 §5.1, RFC 4191 §2.3)", () => {
  const lan = settled().routes(true, "2001:db8:1::/48").at(101).advertises();
  lan
    .at(200)
    .addresses({ [OTHER]: {} })
    .at(201);
  lan.advertises({
    options: {
      routes: [{ prefix: "2001:db8:1::/48" as Ipv6Prefix, preference: "medium", lifetimeSeconds: 0 }],
      resolvers: [
        { lifetimeSeconds: 5400, addresses: [OTHER] },
        { lifetimeSeconds: 0, addresses: [ADDRESS] },
      ],
    },
  });
});

test("what went while the link was down is told when it is back", () => {
  const lan = settled()
    .linkDown()
    .addresses({ [OTHER]: {} })
    .at(200)
    .linkUp();
  lan.at(200.25).advertises({ options: { prefixes: [pio("2001:db8:2::/64"), pio(PREFIX, { preferredSeconds: 0, validSeconds: 0 })] } });
});

test("who stops says so once: lifetime 0, and every prefix, resolver and name too (RFC 4861 §6.2.5)", () => {
  const lan = settled({ searchDomains: ["example.net" as DomainName] })
    .stopped()
    .becomes("silent")
    .nextAt("never");
  lan
    .advertises({
      lifetimeSeconds: 0,
      options: {
        prefixes: [pio(PREFIX, { preferredSeconds: 0, validSeconds: 0 })],
        resolvers: [{ lifetimeSeconds: 0, addresses: [ADDRESS] }],
        searchLists: [{ lifetimeSeconds: 0, names: ["example.net" as DomainName] }],
      },
    })
    .silent();
});

test("who stops before a word was said stays silent; so does one whose link is down", () => {
  router().stopped().silent().nextAt("never");
  settled().linkDown().stopped().silent();
});

test("who begins again keeps to the 3 s, and takes nothing back that is true again", () => {
  const lan = settled().stopped().advertises().configured({}).becomes("advertising");
  lan
    .nextAt(103)
    .at(103)
    .advertises({ lifetimeSeconds: 2700, options: { prefixes: [pio(PREFIX)] } });
});

test("what hosts were told before a restart and is no longer so is taken back (RFC 9096 §3.5)", () => {
  const lan = router().remembers({ kind: "prefix", value: PREFIX }, { kind: "prefix", value: "2001:db8:2::/64" as Ipv6Prefix });
  lan
    .linkUp()
    .addresses({ [OTHER]: {} })
    .routes(true)
    .at(0.25);
  lan.advertises({ options: { prefixes: [pio("2001:db8:2::/64"), pio(PREFIX, { preferredSeconds: 0, validSeconds: 0 })] } });
});

test("what hosts are told is kept before they hear it, and again only when it changes", () => {
  const lan = settled();
  assert.deepEqual(lan.kept, [["prefix 2001:db8:1::/64", "resolver 2001:db8:1::1"]]);
  lan.addresses({}).at(101).advertises();
  assert.deepEqual(lan.kept.at(-1), ["prefix 2001:db8:1::/64", "resolver 2001:db8:1::1"]);
  assert.equal(lan.kept.length, 1);
  lan
    .addresses({ [OTHER]: {} })
    .at(104)
    .advertises();
  assert.deepEqual(lan.kept.at(-1), ["prefix 2001:db8:1::/64", "resolver 2001:db8:1::1", "prefix 2001:db8:2::/64", "resolver 2001:db8:2::1"]);
  lan.hears(5800);
  assert.deepEqual(lan.kept.at(-1), ["prefix 2001:db8:2::/64", "resolver 2001:db8:2::1"]);
  assert.equal(lan.kept.length, 3);
});

test("what is kept over a stop is what hosts may not have heard the end of", () => {
  const lan = settled().stopped().advertises();
  assert.deepEqual(lan.kept.at(-1), ["prefix 2001:db8:1::/64", "resolver 2001:db8:1::1"]);
});

test("more than one datagram holds goes out in several, nothing is left out (RFC 4861 §6.2.3)", () => {
  const addresses = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`2001:db8:${(i + 1).toString(16)}::1`, {}]));
  const searchDomains = Array.from({ length: 40 }, (_, i) => `${"long".repeat(10)}${i}.example.net` as DomainName);
  const parts = ready({ searchDomains }, addresses).hears(0.25);
  assert.ok(parts.length > 2 && parts.every(({ lifetimeSeconds, options }) => lifetimeSeconds === 2700 && options.sourceLinkLayerAddress === MAC));
  assert.equal(new Set(parts.flatMap(({ options }) => options.prefixes ?? []).map(({ prefix }) => prefix)).size, 50);
  assert.deepEqual(
    parts.flatMap(({ options }) => options.searchLists ?? []).flatMap(({ names }) => names),
    searchDomains,
  );
});

test("what hosts must forget is bounded: the oldest goes first", () => {
  const lan = ready({ dnsServers: ["fd00::53" as Ipv6Address] }, {});
  for (let i = 1; i <= LIMITS.withdrawnItems + 5; i++) lan.addresses({ [`2001:db8:${i.toString(16)}::1`]: {} }).hears(5 * i);
  assert.equal(lan.state.withdrawn.length, LIMITS.withdrawnItems);
  assert.deepEqual(lan.state.withdrawn[0]?.item, { kind: "prefix", value: "2001:db8:5::/64" });
});
