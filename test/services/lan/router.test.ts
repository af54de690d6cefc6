import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesOf } from "../../../src/base/hex.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../../src/base/ipv6.ts";
import type { MacAddress } from "../../../src/base/mac.ts";
import { instant } from "../../../src/base/time.ts";
import { routerAdvertiser } from "../../../src/machines/router-advertiser/advertiser.ts";
import type { AdvertiserEvent, AdvertiserState } from "../../../src/machines/router-advertiser/state.ts";
import type { ReceivedDatagram } from "../../../src/ports/datagrams.ts";
import type { AddressFact, RouteFact } from "../../../src/services/addresses.ts";
import { addressKey } from "../../../src/services/addresses.ts";
import type { LanInterface, RouterConfig } from "../../../src/services/lan/config.ts";
import { LanRouter } from "../../../src/services/lan/router/router.ts";
import { decodeRecording, replay } from "../../../src/services/recording.ts";
import { Chance } from "../../../src/sim/chance.ts";
import { SimClock, Timeline } from "../../../src/sim/clock.ts";
import { decodeIcmp6, encodeIcmp6, type RouterAdvertisement } from "../../../src/wire/icmp6/message.ts";
import { mutated } from "../../fuzz/mutate.ts";

const ip = (text: string): Ipv6Address => text as Ipv6Address;
const MAC = "02:00:00:00:00:01" as MacAddress;
const [LAN, WAN] = [2, 3];
const HOST = ip("fe80::c");
const ALL_NODES = "ff02::1";
const CONFIG: RouterConfig = {
  managed: true,
  otherConfig: true,
  autonomous: true,
  lifetimeSeconds: undefined,
  minIntervalSeconds: 200,
  maxIntervalSeconds: 600,
  maxPreferredSeconds: 2700,
  maxValidSeconds: 5400,
  dnsServers: [],
  searchDomains: [],
};
const face = (name: string, router: Partial<RouterConfig> | undefined = {}): LanInterface => {
  return { name, number: 1, router: router === undefined ? undefined : { ...CONFIG, ...router }, dhcp6: { mode: "off" } };
};
const off = (name: string): LanInterface => ({ name, number: 1, router: undefined, dhcp6: { mode: "off" } });
const held = (address: string, given: Partial<AddressFact> = {}): AddressFact => {
  const flags = { tentative: false, dadFailed: false, deprecated: false, temporary: false };
  return { link: LAN, address: ip(address), prefixLength: 64, preferredSeconds: 10_000, validSeconds: 20_000, ...flags, ...given };
};
const DEFAULT: RouteFact = { destination: "::/0" as Ipv6Prefix, leads: "out", metric: 1024, link: WAN, gateway: ip("fe80::99") };
const SOLICITATION = bytesOf("85 00 0000 00000000 01 01 02000000000c");
const solicitation = (given: Partial<ReceivedDatagram> = {}): ReceivedDatagram => {
  return { from: HOST, port: 0, to: ip("ff02::2"), hopLimit: 255, payload: SOLICITATION, ...given };
};

type Sent = { readonly link: number; readonly from: Ipv6Address; readonly to: Ipv6Address; readonly message: RouterAdvertisement };

/** The service with ports that write down what they are asked for. */
function rig() {
  const timeline = new Timeline();
  const asked: string[] = [];
  const sent: Sent[] = [];
  const kept = new Map<string, Uint8Array>();
  const service = new LanRouter({
    clock: new SimClock(timeline, 1),
    datagrams: {
      send: (link, { from, to, port, payload }) => {
        assert.equal(port, 0);
        const message = decodeIcmp6(payload, { source: from, destination: to, hopLimit: 255 }, { checksum: "verify" });
        assert.ok(message.kind === "routerAdvertisement");
        sent.push({ link, from, to, message });
      },
    },
    sockets: { open: (link, name) => void asked.push(`open ${link} ${name}`), close: (link, name) => void asked.push(`close ${link} ${name}`) },
    log: { write: () => undefined },
    records: { save: (name, record) => void kept.set(name, record), remove: (name) => void kept.delete(name) },
  });
  return {
    service,
    kept,
    asked: (): readonly string[] => asked.splice(0),
    /** What went out until so many seconds. */
    until: (seconds: number): readonly Sent[] => {
      timeline.runUntil(instant(seconds * 1000));
      return sent.splice(0);
    },
    link: (index = LAN, name = "lan0"): void => service.linkNews({ index, name, mac: MAC, mtuBytes: 1500, running: true }),
  };
}
/** A router of lan0 that has said its first three. */
function settled() {
  const self = rig();
  const { service, link, until } = self;
  service.configure([face("lan0")]);
  link();
  service.socketReady(LAN);
  for (const address of ["fe80::1", "2001:db8:1::1"]) service.addressIs(held(address));
  service.routeIs(DEFAULT, false);
  assert.deepEqual(
    until(40).map(({ link: on, to }) => `${on} ${to}`),
    Array.from({ length: 3 }, () => `${LAN} ${ALL_NODES}`),
  );
  assert.deepEqual(self.asked(), ["open 2 lan0"]);
  return self;
}

test("nothing is said before link, socket and link-local address are there", () => {
  const { service, link, until, asked } = rig();
  service.configure([face("lan0")]);
  link();
  assert.deepEqual(asked(), ["open 2 lan0"]);
  service.addressIs(held("fe80::1", { tentative: true }));
  service.socketReady(LAN);
  assert.deepEqual(until(10), []);
  service.addressIs(held("fe80::1", { tentative: true, dadFailed: true }));
  assert.deepEqual(until(20), []);
  service.addressIs(held("fe80::1"));
  assert.equal(until(21).length, 1);
});

test("what was known before the configuration came counts", () => {
  const { service, link, until } = rig();
  link();
  for (const address of ["fe80::1", "2001:db8:1::1"]) service.addressIs(held(address));
  service.routeIs(DEFAULT, false);
  service.configure([face("lan0")]);
  service.socketReady(LAN);
  const [first] = until(1);
  assert.equal(first?.message.lifetimeSeconds, 2700);
  assert.equal(first?.message.options.prefixes?.[0]?.prefix, "2001:db8:1::/64");
});

test("an interface without router configuration is left alone", () => {
  const { service, link, until, asked } = rig();
  service.configure([off("lan0")]);
  link();
  assert.deepEqual(asked(), []);
  service.addressIs(held("fe80::1"));
  assert.deepEqual(until(100), []);
  service.datagram(LAN, solicitation());
  assert.deepEqual(service.view().ignored, { "unknown-link": 1 });
});

test("an address of ours becomes a prefix with what is left of it, seen from now (RFC 9096 §3.3)", () => {
  const { service, until } = settled();
  service.addressIs(held("2001:db8:2::1", { preferredSeconds: 50, validSeconds: 100 }));
  const prefixes = until(45).at(-1)?.message.options.prefixes;
  const { preferredSeconds, validSeconds } = prefixes?.find(({ prefix }) => prefix === "2001:db8:2::/64") ?? assert.fail();
  assert.deepEqual([preferredSeconds, validSeconds], [49, 99]);
  service.addressIs(held("2001:db8:3::1"));
  const later = until(49)
    .at(-1)
    ?.message.options.prefixes?.find(({ prefix }) => prefix === "2001:db8:2::/64");
  assert.ok((later?.validSeconds ?? 200) < 99, "news of another address made it no younger");
});

test("a default route that leads back over the link makes no router of us; one beside it does (RFC 4861 §6.2.3)", () => {
  const { service, until } = settled();
  service.routeGone(DEFAULT);
  service.routeIs({ ...DEFAULT, link: LAN }, false);
  assert.equal(until(50).at(-1)?.message.lifetimeSeconds, 0);
  service.routeIs({ ...DEFAULT, metric: 1 }, false);
  assert.equal(until(60).at(-1)?.message.lifetimeSeconds, 2700);
  service.linkGone(WAN);
  assert.equal(until(70).at(-1)?.message.lifetimeSeconds, 0);
  service.routeIs(DEFAULT, false);
  service.routesListed(new Set());
  assert.equal(until(80).at(-1)?.message.lifetimeSeconds ?? 0, 0);
});

test("a prefix that was delegated as a whole is a route over us (RFC 4191 §2.3)", () => {
  const { service, until } = settled();
  service.routeIs({ destination: "2001:db8::/40" as Ipv6Prefix, leads: "nowhere", metric: 1024, link: undefined, gateway: undefined }, false);
  assert.deepEqual(until(45).at(-1)?.message.options.routes, [{ prefix: "2001:db8::/40", preference: "medium", lifetimeSeconds: 5400 }]);
});

test("an address that is not in a fresh list is taken back (RFC 9096 §3.5)", () => {
  const { service, until } = settled();
  service.addressesListed(new Set([addressKey(held("fe80::1"))]));
  const prefixes = until(45).at(-1)?.message.options.prefixes;
  assert.deepEqual(
    prefixes?.map(({ prefix, validSeconds }) => [prefix, validSeconds]),
    [["2001:db8:1::/64", 0]],
  );
});

test("the same news twice is no event, and nothing that goes out", () => {
  const { service, until } = settled();
  const steps = service.router("lan0")?.trace().length;
  service.routeIs(DEFAULT, false);
  service.routeIs({ ...DEFAULT, destination: "::/0" as Ipv6Prefix, link: 9 }, false);
  service.addressIs(held("2001:db8:9::1", { link: 9 }));
  assert.equal(service.router("lan0")?.trace().length, steps);
  assert.deepEqual(until(45), []);
});

test("a host that asks is answered alone from our link-local address (RFC 4861 §6.2.6)", () => {
  const { service, until } = settled();
  service.datagram(LAN, solicitation());
  const [answer, ...more] = until(41);
  assert.deepEqual([answer?.link, answer?.from, answer?.to, more.length], [LAN, "fe80::1", HOST, 0]);
});

test("solicitations that RFC 4861 §6.1.1 forbids are counted by reason, and not answered", () => {
  const { service, until } = settled();
  const refused: readonly (readonly [string, ReceivedDatagram])[] = [
    ["bad-value", solicitation({ hopLimit: 254 })],
    ["bad-value", solicitation({ payload: bytesOf("85 01 0000 00000000") })],
    ["truncated", solicitation({ payload: bytesOf("85 00 0000 000000") })],
    ["truncated", solicitation({ payload: bytesOf("85 00 0000 00000000 01 02 02000000000c") })],
    ["bad-length", solicitation({ payload: bytesOf("85 00 0000 00000000 01 00 02000000000c") })],
    ["bad-value", solicitation({ from: ip("::") })],
    ["implausible-source", solicitation({ from: ip("ff02::1") })],
    ["own-address", solicitation({ from: ip("fe80::1") })],
    [
      "unexpected-type",
      solicitation({
        payload: encodeIcmp6({ kind: "echoRequest", identifier: 1, sequence: 1, data: bytesOf("") }, { source: HOST, destination: HOST }),
      }),
    ],
    ["unsupported", solicitation({ payload: bytesOf("8f 00 0000 00000000") })],
    ["truncated", solicitation({ payload: bytesOf("") })],
  ];
  for (const [reason, datagram] of refused) {
    const before = service.router("lan0")?.ignored.get(reason) ?? 0;
    service.datagram(LAN, datagram);
    assert.equal(service.router("lan0")?.ignored.get(reason), before + 1, `${reason} for ${JSON.stringify(datagram)}`);
  }
  assert.deepEqual(until(60), []);
  assert.equal(service.view().interfaces[0]?.received, refused.length);
});

test("a solicitation without an address or options is answered to all (RFC 4861 §6.2.6)", () => {
  const { service, until } = settled();
  service.datagram(LAN, solicitation({ from: ip("::"), payload: bytesOf("85 00 0000 00000000") }));
  assert.equal(until(41)[0]?.to, ALL_NODES);
});

test("whatever comes as a solicitation, the service counts it and goes on", () => {
  const { service, until } = settled();
  const samples = [SOLICITATION, bytesOf("85 00 0000 00000000"), bytesOf("87 00 0000 00000000 fe800000000000000000000000000001 01 01 02000000000c")];
  let count = 0;
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      count++;
      service.datagram(LAN, solicitation({ payload: mutated(samples, new Chance(seed)) }));
    }),
    { numRuns: 2000 },
  );
  assert.equal(service.view().interfaces[0]?.received, count);
  assert.ok((service.router("lan0")?.ignored.total() ?? 0) > 100);
  assert.equal(until(41).length, 1, "one host, one answer");
});

test("an interface that is taken out of service says so to its hosts, then closes its socket (RFC 4861 §6.2.5)", () => {
  const { service, until, asked } = settled();
  service.configure([off("lan0")]);
  const [farewell] = until(40);
  assert.equal(farewell?.message.lifetimeSeconds, 0);
  assert.deepEqual(
    farewell?.message.options.prefixes?.map(({ validSeconds }) => validSeconds),
    [0],
  );
  assert.deepEqual(asked(), ["close 2 lan0"]);
  assert.deepEqual(until(2000), []);
});

test("a program that ends says so on every link, once", () => {
  const { service, until } = settled();
  service.stop();
  service.stop();
  assert.deepEqual(
    until(2000).map(({ message }) => message.lifetimeSeconds),
    [0],
  );
});

test("a reload with the same configuration says nothing; another one is said in a second", () => {
  const { service, until } = settled();
  service.configure([face("lan0")]);
  assert.deepEqual(until(45), []);
  service.configure([face("lan0", { managed: false })]);
  assert.equal(until(46.5)[0]?.message.managed, false);
});

test("a carrier that is lost ends it, and brings the first three when it is back", () => {
  const { service, until, link } = settled();
  service.linkNews({ index: LAN, running: false });
  assert.deepEqual(until(1000), []);
  link();
  assert.equal(until(1040).length, 3);
});

test("sockets that went with their role are asked for again, and used when they are there", () => {
  const { service, until, asked } = settled();
  service.socketsLost();
  assert.deepEqual(asked(), ["open 2 lan0"]);
  assert.deepEqual(until(1000), []);
  service.socketReady(LAN);
  assert.equal(until(1001).length, 1);
});

test("a link that is made again under another index is the same interface", () => {
  const { service, until, link, asked } = settled();
  service.linkGone(LAN);
  assert.deepEqual(asked(), ["close 2 lan0"]);
  link(7);
  assert.deepEqual(asked(), ["open 7 lan0"]);
  service.addressIs(held("fe80::1", { link: 7 }));
  service.socketReady(7);
  assert.equal(until(45)[0]?.link, 7);
});

test("what hosts were told outlives the program, so that another life takes back what is no longer so (RFC 9096 §3.5)", () => {
  const { kept } = settled();
  const record = kept.get("lan0") ?? assert.fail();
  const { service, link, until } = rig();
  service.configure([face("lan0")]);
  service.stored("lan0", record);
  link();
  service.socketReady(LAN);
  for (const address of ["fe80::1", "2001:db8:2::1"]) service.addressIs(held(address));
  const prefixes = until(1)[0]?.message.options.prefixes ?? [];
  assert.deepEqual(
    prefixes.map(({ prefix, validSeconds }) => [prefix, validSeconds]),
    [
      ["2001:db8:2::/64", 5400],
      ["2001:db8:1::/64", 0],
    ],
  );
});

test("a record that is corrupt, foreign or of another interface is as if there was none", () => {
  const { kept } = settled();
  const good = new TextDecoder().decode(kept.get("lan0") ?? assert.fail());
  for (const bad of [
    "",
    "{",
    "null",
    "[]",
    good.replace("lan0", "lan1"),
    good.replace('"version": 1', '"version": 2'),
    good.replace("::/64", "::/640"),
    good.replace('"prefix"', '"else"'),
  ]) {
    const { service, link, until } = rig();
    service.configure([face("lan0")]);
    service.stored("lan0", new TextEncoder().encode(bad));
    service.stored("else0", new TextEncoder().encode(good));
    link();
    service.socketReady(LAN);
    service.addressIs(held("fe80::1"));
    const [first] = until(1);
    assert.ok(first !== undefined && first.message.options.prefixes === undefined, bad);
  }
});

test("the view tells what hosts were told; the trace replays (RFC 9096 §3.5)", () => {
  const { service, until } = settled();
  service.addressGone({ link: LAN, address: ip("2001:db8:1::1") });
  until(50);
  const [lan] = service.view().interfaces;
  assert.deepEqual(
    [lan?.interface, lan?.state, lan?.source, lan?.defaultRoute, lan?.told, lan?.withdrawn, lan?.sent],
    ["lan0", "advertising", "fe80::1", true, [], ["prefix 2001:db8:1::/64", "resolver 2001:db8:1::1"], { multicast: 4 }],
  );
  const recording = decodeRecording<AdvertiserState, AdvertiserEvent>(service.router("lan0")?.trace().join("\n") ?? "");
  assert.ok(recording.steps.length > 5);
  assert.equal(replay(routerAdvertiser, recording).differs, undefined);
});

test("messages that were dropped on the way are counted where they were going, or for nobody", () => {
  const { service } = settled();
  service.datagramsDropped(LAN, 7);
  service.datagramsDropped(99, 2);
  assert.deepEqual([service.view().interfaces[0]?.ignored["queue-full"], service.view().ignored["queue-full"]], [7, 2]);
});
