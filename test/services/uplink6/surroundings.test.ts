/** What an uplink does beside its leases: routers, addresses of its own and of others, what is published and told, proofs of servers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DomainName } from "../../../src/base/domain.ts";
import { toHex } from "../../../src/base/hex.ts";
import type { Ipv6Address } from "../../../src/base/ipv6.ts";
import { uplink6 } from "../../../src/services/uplink6/config.ts";
import { explain } from "../../../src/services/uplink6/explain.ts";
import { linkLocalOf } from "../../../src/sim/uplink-ports.ts";
import { reconfigureKeyOption } from "../../../src/wire/dhcp6/auth.ts";
import { iaAddress, iaNa } from "../../../src/wire/dhcp6/leases.ts";
import { type Dhcp6ClientMessage, dhcp6, encodeDhcp6 } from "../../../src/wire/dhcp6/message.ts";
import { reconfigureDigest } from "../../../src/wire/dhcp6/reconfigure-digest.ts";
import { encodeIcmp6, type RouterAdvertisement } from "../../../src/wire/icmp6/message.ts";
import { boundRig, DUID, ia, OTHER_PREFIX, PREFIX, rig, SERVER, target, wan } from "./rig.ts";

type Rig = ReturnType<typeof rig>;
const ROUTER = "fe80::ff" as Ipv6Address;
const ALL_NODES = "ff02::1" as Ipv6Address;
const ADDRESS = "2001:db8:1::10" as Ipv6Address;
const LASTING = { preferredSeconds: 3600, validSeconds: 7200, tentative: false, dadFailed: false, deprecated: false, temporary: false };

function advertise(self: Rig, said: Partial<RouterAdvertisement> = {}, header: { readonly hopLimit?: number } = {}): void {
  const message: RouterAdvertisement = {
    kind: "routerAdvertisement",
    ...{ hopLimit: 64, managed: false, otherConfiguration: false, homeAgent: false, preference: "medium", proxy: false },
    ...{ lifetimeSeconds: 1800, reachableMilliseconds: 0, retransmitMilliseconds: 0, options: {}, unknown: [], malformed: [] },
    ...said,
  };
  const payload = encodeIcmp6(message, { source: ROUTER, destination: ALL_NODES });
  self.service.routerDatagram(1, { from: ROUTER, port: 0, to: ALL_NODES, hopLimit: 255, payload, ...header });
}

function up(uplink = wan()): Rig {
  const self = rig();
  self.service.configure({ duid: DUID, interfaces: [uplink] });
  self.links();
  self.service.routerSocketReady(1);
  return self;
}

/** An answer with options of our choice to what was sent last. */
function answered(self: Rig, kind: Dhcp6ClientMessage["kind"], options: Dhcp6ClientMessage["options"]): void {
  const transactionId = self.sent.at(-1)?.message.transactionId ?? 0;
  self.receive(encodeDhcp6(dhcp6({ kind, transactionId, options: { clientId: DUID, serverId: SERVER, ...options } })));
}

test("routers are solicited with the link, again after 4, 8, 16 ... seconds, until one that leads somewhere answers (RFC 4861 §6.3.7, RFC 7559 §2)", () => {
  const self = up();
  assert.equal(self.solicited.length, 0, "servers are asked first");
  self.wait(0.3);
  assert.equal(self.solicited.length, 1);
  self.wait(5);
  assert.equal(self.solicited.length, 2);
  self.wait(9);
  assert.equal(self.solicited.length, 3);
  advertise(self, { lifetimeSeconds: 0 });
  self.wait(20);
  assert.equal(self.solicited.length, 4, "a router that leads nowhere ends nothing");
  advertise(self);
  self.wait(10_000);
  assert.equal(self.solicited.length, 4);
  assert.deepEqual(
    self.service.view().uplinks[0]?.routers.map(({ router, managed, lifetimeSeconds }) => [router, managed, lifetimeSeconds]),
    [[ROUTER, false, 1800]],
  );
});

test("what crossed a router, or is no advertisement, is counted and changes nothing (RFC 4861 §6.1.2)", () => {
  const self = up();
  advertise(self, { managed: true }, { hopLimit: 64 });
  self.service.routerDatagram(1, { from: ROUTER, port: 0, to: ALL_NODES, hopLimit: 255, payload: new Uint8Array(3) });
  const [view] = self.service.view().uplinks;
  assert.deepEqual(view?.routers, []);
  assert.deepEqual(view?.ignoredAdvertisements, { "bad-value": 1, truncated: 1 });
});

for (const [name, said] of [
  ["the M flag", { managed: true }],
  ["the O flag", { otherConfiguration: true }],
  [
    "a prefix with the P flag",
    {
      options: {
        prefixes: [{ prefix: PREFIX, onLink: false, autonomous: true, prefersDelegation: true, validSeconds: 600, preferredSeconds: 600 }],
      },
    },
  ],
] as const)
  test(`start = "advertised": silent until a router sets ${name} (RFC 7084 WPD-4, RFC 9762)`, () => {
    const self = up(uplink6("wan0", [{ iaid: 1, targets: [target("lan0")] }], { start: "advertised" }));
    self.wait(60);
    advertise(self);
    assert.deepEqual([self.sent.length, self.phase()], [0, "waiting"]);
    advertise(self, said);
    assert.equal(self.lastSent(), "solicit");
  });

/** The kernel keeps an address that another host has, if its lifetimes have no end; else it removes it in the same breath. */
const TAKEN: readonly (readonly [string, "addressIs" | "addressGone"])[] = [
  ["kept", "addressIs"],
  ["removed", "addressGone"],
];
for (const [fate, how] of TAKEN)
  test(`an address of an IA_NA is the uplink's own, with 128 bits; one that another host has is declined (RFC 9915 §18.2.8), ${fate} by the kernel`, () => {
    const self = up(uplink6("wan0", [], { addressIaid: 5 }));
    const iaNas = [iaNa({ iaid: 5, iaAddress: [iaAddress(ADDRESS, { preferredSeconds: 1800, validSeconds: 3600 })] })];
    answered(self, "advertise", { iaNa: iaNas });
    answered(self, "reply", { iaNa: iaNas });
    assert.deepEqual(self.plan(), [`wan0 ${ADDRESS}/128 1800/3600`]);
    self.service[how]({ link: 1, address: ADDRESS, prefixLength: 128, ...LASTING, tentative: true, dadFailed: true });
    assert.deepEqual([self.lastSent(), self.phase()], ["decline", "declining"]);
    self.wait(0.1);
    assert.deepEqual(self.plan(), []);
  });

for (const [fate, how] of TAKEN)
  test(`an address behind the uplink that another host has is replaced by the next one, and it is said (RFC 4862 §5.4), ${fate} by the kernel`, () => {
    const self = boundRig();
    assert.equal(self.plan()[0], "lan0 2001:db8:100::1/64 1800/3600");
    self.service[how]({ link: 2, address: "2001:db8:100::1" as Ipv6Address, prefixLength: 64, ...LASTING, tentative: true, dadFailed: true });
    self.wait(1);
    assert.match(self.plan()[0] ?? "", /^lan0 2001:db8:100::2\/64 /);
    assert.ok(self.logged.some((line) => line.startsWith("duplicateAddress")));
  });

test("an address that went because it was taken away is no duplicate", () => {
  const self = boundRig();
  self.service.addressGone({ link: 2, address: "2001:db8:100::1" as Ipv6Address, prefixLength: 64, ...LASTING });
  self.wait(1);
  assert.match(self.plan()[0] ?? "", /^lan0 2001:db8:100::1\/64 /);
});

test("without a link-local address the link is down; when it comes back what is held is asked for", () => {
  const self = boundRig();
  self.service.addressGone({ link: 1, address: linkLocalOf(1).address });
  assert.equal(self.phase(), "down");
  self.service.addressIs(linkLocalOf(1));
  assert.deepEqual([self.phase(), self.lastSent()], ["rebooting", "rebind"]);
});

test("what a server tells is published with the lease, withdrawn with the link, and published again with it", () => {
  const self = up();
  const told = { dnsServers: ["2001:db8::53" as Ipv6Address], domainSearch: ["example.net" as DomainName], captivePortal: "https://p.example/" };
  answered(self, "advertise", { iaPd: [ia(1, [PREFIX])] });
  answered(self, "reply", { iaPd: [ia(1, [PREFIX])], ...told });
  const record = self.published.get("wan0");
  assert.deepEqual([record?.["nameServers"], record?.["searchDomains"], record?.["family"]], [["2001:db8::53"], ["example.net"], "ipv6"]);
  assert.deepEqual(record?.["options"], { "103": [toHex(new TextEncoder().encode("https://p.example/"))] });
  self.service.linkNews({ index: 1, running: false });
  assert.equal(self.published.size, 0);
  self.service.linkNews({ index: 1, running: true });
  assert.equal(self.published.size, 1);
});

test("a resolver that is no host is left out, and costs no other", () => {
  const self = up();
  answered(self, "advertise", { iaPd: [ia(1, [PREFIX])] });
  answered(self, "reply", { iaPd: [ia(1, [PREFIX])], dnsServers: ["::1", "ff02::1", "2001:db8::53"].map((text) => text as Ipv6Address) });
  assert.deepEqual(self.published.get("wan0")?.["nameServers"], ["2001:db8::53"]);
});

test("what an earlier life left in the kernel is nobody's when no lease of it is known: it goes after a while, not at once", () => {
  const self = rig();
  self.service.configure({ duid: DUID, interfaces: [wan()] });
  self.links("lan0");
  self.wait(4);
  assert.equal(self.plans.length, 0);
  self.wait(2);
  assert.deepEqual(self.plan(), []);
});

test("ignore_dns: resolvers and search domains are not published", () => {
  const self = up(uplink6("wan0", [{ iaid: 1, targets: [target("lan0")] }], { ignoreDns: true }));
  answered(self, "advertise", { iaPd: [ia(1, [PREFIX])] });
  answered(self, "reply", { iaPd: [ia(1, [PREFIX])], dnsServers: ["2001:db8::53" as Ipv6Address] });
  assert.deepEqual(self.published.get("wan0")?.["nameServers"], []);
});

test("without delegations other information is asked for and published (RFC 9915 §18.2.6)", () => {
  const self = up(uplink6("wan0", []));
  assert.equal(self.lastSent(), "informationRequest");
  answered(self, "reply", { dnsServers: ["2001:db8::53" as Ipv6Address] });
  assert.equal(self.phase(), "informed");
  assert.deepEqual(self.published.get("wan0")?.["nameServers"], ["2001:db8::53"]);
  assert.deepEqual(self.service.view().uplinks[0]?.told?.nameServers, ["2001:db8::53"]);
});

test("events, in their order: what hooks and watchers hear of a life", () => {
  const self = rig();
  self.service.configure({ duid: DUID, interfaces: [wan()] });
  self.links();
  assert.deepEqual(self.told(), ["wan0 carrier", "wan0 preinit"]);
  self.answer("advertise", [ia(1, [PREFIX])]);
  self.answer("reply", [ia(1, [PREFIX])]);
  assert.deepEqual(self.told(), ["wan0 offer", "wan0 bound", "wan0 pd-bound"]);
  self.wait(901);
  self.answer("reply", [ia(1, [PREFIX])]);
  assert.deepEqual(self.told(), ["wan0 renew"]);
  self.wait(901);
  self.answer("reply", [ia(1, [OTHER_PREFIX], [PREFIX, 0, 0])]);
  assert.deepEqual(self.told(), ["wan0 renew", "wan0 change", "wan0 pd-change", "wan0 pd-deprecate"]);
  self.service.command("wan0", "release");
  assert.deepEqual(self.told(), ["wan0 release", "wan0 pd-deprecate"]);
});

test("events: what nobody extends ends, and is said to", () => {
  const self = boundRig();
  self.told();
  self.wait(3601);
  assert.deepEqual(self.told(), ["wan0 expire", "wan0 pd-expire"]);
});

test("explain tells each transition with its reason, and how often was asked", () => {
  const self = boundRig();
  const times = { now: self.clock.now(), wallClock: self.clock.wallClock() };
  const { state, transitions } = explain("wan0", self.service.uplink("wan0")?.recorded() ?? [], times);
  assert.equal(state, "bound");
  assert.deepEqual(
    transitions.map(({ from, to, why, tried }) => [from, to, why, tried]),
    [
      ["down", "soliciting", "link-up", 0],
      ["soliciting", "requesting", "advertise", 1],
      ["requesting", "bound", "reply", 1],
    ],
  );
});

const KEY = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const keyed = (replayDetection: string) => ({ authentication: reconfigureKeyOption({ kind: "key", replayDetection, bytes: KEY }) });

function reconfigure(self: Rig, replayDetection: string, key = KEY): void {
  const digestOf = (bytes: Uint8Array): Uint8Array =>
    encodeDhcp6(
      dhcp6({
        kind: "reconfigure",
        transactionId: 0,
        options: {
          clientId: DUID,
          serverId: SERVER,
          reconfigureMessage: "renew",
          authentication: reconfigureKeyOption({ kind: "digest", replayDetection, bytes }),
        },
      }),
    );
  const digest = reconfigureDigest(digestOf(new Uint8Array(16)), key) ?? assert.fail("no digest");
  self.receive(digestOf(digest));
}

test("Reconfigure: only with the key the server gave, each proof once; the key is on disk and in no view or trace (RFC 9915 §20.4)", () => {
  const self = up();
  answered(self, "advertise", { iaPd: [ia(1, [PREFIX])] });
  answered(self, "reply", { iaPd: [ia(1, [PREFIX])], ...keyed("0000000000000001") });
  reconfigure(self, "0000000000000002", new Uint8Array(16));
  assert.equal(self.phase(), "bound");
  reconfigure(self, "0000000000000002");
  assert.deepEqual([self.phase(), self.lastSent()], ["renewing", "renew"]);
  self.answer("reply", [ia(1, [PREFIX])]);
  reconfigure(self, "0000000000000002");
  assert.equal(self.phase(), "bound", "the same proof again");
  const [view] = self.service.view().uplinks;
  assert.deepEqual(view?.ignored, { "reconfigure-forged": 1, "reconfigure-replayed": 1 });
  assert.equal(view?.acceptsReconfigure, true);
  assert.equal(view?.received, (view?.accepted ?? 0) + 2);
  const told = JSON.stringify([self.service.view(), self.service.uplink("wan0")?.trace(), self.logged]);
  assert.equal(told.includes(toHex(KEY)), false);
  assert.ok(new TextDecoder().decode(self.disk.load("wan0") ?? new Uint8Array()).includes(toHex(KEY)));
});

test("a proof that was heard is not believed by the next life of the program either", () => {
  const self = up();
  answered(self, "advertise", { iaPd: [ia(1, [PREFIX])] });
  answered(self, "reply", { iaPd: [ia(1, [PREFIX])], ...keyed("0000000000000001") });
  reconfigure(self, "0000000000000005");
  const next = rig();
  next.service.configure({ duid: DUID, interfaces: [wan()] });
  next.service.stored("wan0", self.disk.load("wan0") ?? assert.fail("nothing on disk"));
  next.links();
  next.answer("reply", [ia(1, [PREFIX])]);
  assert.equal(next.phase(), "bound");
  reconfigure(next, "0000000000000005");
  assert.equal(next.phase(), "bound");
  assert.deepEqual(next.service.view().uplinks[0]?.ignored, { "reconfigure-replayed": 1 });
  reconfigure(next, "0000000000000006");
  assert.equal(next.phase(), "renewing");
});

test("addresses that the host made itself are told to a server that asks for it, each from itself (RFC 9686 §4.2)", () => {
  const self = up(uplink6("wan0", [], { registerAddresses: true }));
  self.service.addressIs({ link: 1, address: ADDRESS, prefixLength: 64, ...LASTING });
  assert.ok(self.sent.at(-1)?.message.options.requestedOptions?.includes(148));
  answered(self, "reply", { addressRegistration: true });
  self.wait(10);
  const inform = self.sent.find(({ message }) => message.kind === "addressRegistrationInform");
  assert.deepEqual(
    inform?.message.options.iaAddress?.map(({ address }) => address),
    [ADDRESS],
  );
});

test("a release on command: nothing of it is used from that moment on, and the record goes", () => {
  const self = boundRig();
  self.service.command("wan0", "release");
  assert.deepEqual([self.phase(), self.lastSent(), self.disk.load("wan0")], ["releasing", "release", undefined]);
  self.wait(0.1);
  assert.deepEqual(self.plan(), []);
});
