import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesOf, toHex } from "../../../src/base/hex.ts";
import { type Ipv6Address, UNSPECIFIED_V6 } from "../../../src/base/ipv6.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { instant } from "../../../src/base/time.ts";
import type { ReceivedDatagram } from "../../../src/ports/datagrams.ts";
import type { AddressFact } from "../../../src/services/addresses.ts";
import type { LanInterface, RelayConfig } from "../../../src/services/lan/config.ts";
import type { RelayOutcome, RelayRefusal } from "../../../src/services/lan/dhcp6-relay/outcome.ts";
import { Shares } from "../../../src/services/lan/dhcp6-relay/shares.ts";
import { Dhcp6Relay } from "../../../src/services/lan/dhcp6-relay/relay.ts";
import { Chance } from "../../../src/sim/chance.ts";
import { SimClock, Timeline } from "../../../src/sim/clock.ts";
import { type Dhcp6RelayMessage, decodeDhcp6, dhcp6, encodeDhcp6, isRelayMessage, relay6 } from "../../../src/wire/dhcp6/message.ts";
import { unwrapDhcp6, wrapReply } from "../../../src/wire/dhcp6/relay.ts";
import { mutated } from "../../fuzz/mutate.ts";

const ip = (text: string): Ipv6Address => text as Ipv6Address;
const CLIENT = ip("fe80::c");
const LAN_ADDRESS = ip("2001:db8:1::1");
const UPLINK_ADDRESS = ip("2001:db8:f::2");
const SERVER = ip("2001:db8:f::1");
const ALL_SERVERS = ip("ff05::1:3");
const [LAN, GUEST, WAN, WAN2] = [2, 3, 8, 9];
const SOLICIT = encodeDhcp6(dhcp6({ kind: "solicit", transactionId: 1, options: { elapsedHundredths: 0 } }));
const REPLY = encodeDhcp6(dhcp6({ kind: "reply", transactionId: 1, options: {} }));

const face = (name: string, number: number, relay: Partial<RelayConfig> = {}): LanInterface => ({
  name,
  number,
  router: undefined,
  dhcp6: { mode: "relay", relay: { uplinks: ["wan0"], servers: [], ...relay } },
});
const held = (link: number, address: string, given: Partial<AddressFact> = {}): AddressFact => {
  const flags = { tentative: false, dadFailed: false, deprecated: false, temporary: false };
  return { link, address: ip(address), prefixLength: 64, preferredSeconds: 1800, validSeconds: 3600, ...flags, ...given };
};
const fromClient = (payload: Uint8Array, given: Partial<ReceivedDatagram> = {}): ReceivedDatagram => {
  return { from: CLIENT, port: 546, to: ip("ff02::1:2"), hopLimit: 1, payload, ...given };
};
const fromServer = (payload: Uint8Array, given: Partial<ReceivedDatagram> = {}): ReceivedDatagram => {
  return { from: SERVER, port: 547, to: UPLINK_ADDRESS, hopLimit: 64, payload, ...given };
};

/** A relay for lan0 and guest0 over wan0, whose links and addresses are there. */
function rig(relay: Partial<RelayConfig> = {}, other: Partial<RelayConfig> = {}) {
  const timeline = new Timeline();
  const service = new Dhcp6Relay(new SimClock(timeline, 1));
  service.configure([face("lan0", 1, relay), face("guest0", 2, other)]);
  for (const [index, name] of [
    [LAN, "lan0"],
    [GUEST, "guest0"],
    [WAN, "wan0"],
    [WAN2, "wan1"],
  ] as const)
    service.linkNews({ index, name, running: true });
  for (const fact of [held(LAN, LAN_ADDRESS), held(LAN, "fe80::1"), held(WAN, UPLINK_ADDRESS)]) service.addressIs(fact);
  return { service, timeline };
}
function passed(outcome: RelayOutcome): Extract<RelayOutcome, { kind: "pass" }> {
  assert.ok(outcome.kind === "pass", `dropped: ${outcome.kind === "drop" ? outcome.reason : ""}`);
  return outcome;
}
function envelopeOf(outcome: RelayOutcome): Dhcp6RelayMessage {
  const message = decodeDhcp6(passed(outcome).payload);
  assert.ok(isRelayMessage(message));
  return message;
}
function drops(outcome: RelayOutcome, reason: RelayRefusal): void {
  assert.deepEqual(outcome, { kind: "drop", reason });
}
/** What a relay nearer to the client sends. */
function forwardOf(inner: Uint8Array, given: Partial<Omit<Dhcp6RelayMessage, "options">> = {}): Uint8Array {
  const message = relay6({
    kind: "relayForward",
    hopCount: 0,
    linkAddress: ip("2001:db8:9::1"),
    peerAddress: CLIENT,
    options: { relayMessage: inner },
    ...given,
  });
  return encodeDhcp6(message);
}
/** What a server answers to what we forwarded. */
function answerTo(outcome: RelayOutcome, change: (envelope: Dhcp6RelayMessage) => Dhcp6RelayMessage = (same) => same): Uint8Array {
  const reply = decodeDhcp6(wrapReply([envelopeOf(outcome)], relayed(outcome)));
  assert.ok(isRelayMessage(reply));
  return encodeDhcp6(change(reply));
}

/** The server's answer to the client, in the envelopes of the relays nearer to it. */
function relayed(outcome: RelayOutcome): Uint8Array {
  const inner = envelopeOf(outcome).options.relayMessage;
  return inner[0] === 12 ? wrapReply(unwrapDhcp6(inner).hops, REPLY) : REPLY;
}

test("a client's message goes whole into an envelope with hop count 0, its address, and the address of its link (RFC 9915 §19.1.1)", () => {
  const outcome = rig().service.fromClient(LAN, fromClient(SOLICIT));
  const { kind, hopCount, linkAddress, peerAddress, options } = envelopeOf(outcome);
  assert.deepEqual([kind, hopCount, linkAddress, peerAddress], ["relayForward", 0, LAN_ADDRESS, CLIENT]);
  assert.equal(toHex(options.relayMessage), toHex(SOLICIT));
  assert.equal(toHex(options.interfaceId ?? bytesOf("")), toHex(new TextEncoder().encode("lan0")));
  assert.equal(options.relayPort, undefined);
});

test("it goes to all servers over the uplink, or to those configured (RFC 9915 §19)", () => {
  assert.deepEqual(passed(rig().service.fromClient(LAN, fromClient(SOLICIT))).sends, [{ link: WAN, to: ALL_SERVERS, port: 547 }]);
  const { service } = rig({ servers: [SERVER, ip("2001:db8:f::9")], uplinks: ["wan0", "wan1"] });
  assert.deepEqual(
    passed(service.fromClient(LAN, fromClient(SOLICIT))).sends.map(({ link, to }) => `${link} ${to}`),
    [`${WAN} ${SERVER}`, `${WAN} 2001:db8:f::9`, `${WAN2} ${SERVER}`, `${WAN2} 2001:db8:f::9`],
  );
});

test("a link without an address of its own is told by its Interface-Id alone, never by an uplink's address (RFC 9915 §19.1.1)", () => {
  const { service } = rig();
  const { linkAddress, options } = envelopeOf(service.fromClient(GUEST, fromClient(SOLICIT)));
  assert.equal(linkAddress, UNSPECIFIED_V6);
  assert.equal(toHex(options.interfaceId ?? bytesOf("")), toHex(new TextEncoder().encode("guest0")));
  service.addressIs(held(GUEST, "fd00:2::1", { tentative: true }));
  assert.equal(envelopeOf(service.fromClient(GUEST, fromClient(SOLICIT))).linkAddress, UNSPECIFIED_V6);
  service.addressIs(held(GUEST, "fd00:2::1"));
  assert.equal(envelopeOf(service.fromClient(GUEST, fromClient(SOLICIT))).linkAddress, "fd00:2::1");
  service.addressGone({ link: GUEST, address: ip("fd00:2::1") });
  assert.equal(envelopeOf(service.fromClient(GUEST, fromClient(SOLICIT))).linkAddress, UNSPECIFIED_V6);
});

test("a relay's message is wrapped again with one hop more; one that speaks from a global address has named its link (RFC 9915 §19.1.2)", () => {
  const { service } = rig();
  const near = envelopeOf(service.fromClient(LAN, fromClient(forwardOf(SOLICIT, { hopCount: 3 }), { port: 547 })));
  assert.deepEqual([near.hopCount, near.linkAddress, near.peerAddress], [4, LAN_ADDRESS, CLIENT]);
  const far = envelopeOf(service.fromClient(LAN, fromClient(forwardOf(SOLICIT), { port: 547, from: ip("2001:db8:1::9"), to: LAN_ADDRESS })));
  assert.deepEqual([far.hopCount, far.linkAddress, far.peerAddress], [1, UNSPECIFIED_V6, "2001:db8:1::9"]);
});

test("what has passed 8 relays goes no further (RFC 9915 §19.1.2)", () => {
  const { service } = rig();
  assert.equal(envelopeOf(service.fromClient(LAN, fromClient(forwardOf(SOLICIT, { hopCount: 7 })))).hopCount, 8);
  for (const hopCount of [8, 9, 32, 255]) drops(service.fromClient(LAN, fromClient(forwardOf(SOLICIT, { hopCount }))), "hop-limit");
});

test("1, 2 and 8 relays, and back again: the client's answer is the server's, bit for bit", () => {
  for (const count of [1, 2, 8]) {
    const relays = Array.from({ length: count }, () => rig().service);
    let datagram = fromClient(SOLICIT);
    const outcomes = relays.map((relay) => {
      const outcome = relay.fromClient(LAN, datagram);
      datagram = fromClient(passed(outcome).payload, { from: ip("fe80::a"), port: 547 });
      return outcome;
    });
    let back = answerTo(outcomes.at(-1) ?? assert.fail());
    for (const [i, relay] of relays.toReversed().entries()) {
      const isLast = i === count - 1;
      const { sends, payload } = passed(relay.fromServer(WAN, fromServer(back)));
      assert.deepEqual(sends, [{ link: LAN, to: isLast ? CLIENT : "fe80::a", port: isLast ? 546 : 547 }]);
      back = payload;
    }
    assert.equal(toHex(back), toHex(REPLY));
  }
});

test("a relay nearer to the client that speaks from another port gets its answer there (RFC 8357 §5.2)", () => {
  const { service } = rig();
  const outcome = service.fromClient(LAN, fromClient(forwardOf(SOLICIT), { port: 1000, from: ip("fe80::a") }));
  assert.equal(envelopeOf(outcome).options.relayPort, 1000);
  assert.deepEqual(passed(service.fromServer(WAN, fromServer(answerTo(outcome)))).sends, [{ link: LAN, to: "fe80::a", port: 1000 }]);
});

test("a client's port is no relay's: any is taken, its answer goes to 546 (RFC 9915 §7.2)", () => {
  const { service } = rig();
  const outcome = service.fromClient(LAN, fromClient(SOLICIT, { port: 40_000 }));
  assert.equal(envelopeOf(outcome).options.relayPort, undefined);
  const forged = answerTo(outcome, (envelope) => ({ ...envelope, options: { ...envelope.options, relayPort: 53 } }));
  assert.deepEqual(passed(service.fromServer(WAN, fromServer(forged))).sends, [{ link: LAN, to: CLIENT, port: 546 }]);
});

test("types nobody knows are passed on, both ways (RFC 9915 §19, §19.2)", () => {
  const { service } = rig();
  for (const type of ["0e", "14", "24", "63", "ff"]) {
    const outcome = service.fromClient(LAN, fromClient(bytesOf(`${type}000001`)));
    const back = answerTo(outcome, (envelope) => ({ ...envelope, options: { ...envelope.options, relayMessage: bytesOf(`${type}000002`) } }));
    assert.equal(toHex(passed(service.fromServer(WAN, fromServer(back))).payload), `${type}000002`);
  }
});

test("what servers say is not taken from clients (RFC 9915 §16)", () => {
  for (const type of ["02", "07", "0a", "0d", "15", "25"]) drops(rig().service.fromClient(LAN, fromClient(bytesOf(`${type}000001`))), "wrong-type");
});

test("a client that speaks to us alone is not heard (RFC 9915 §16)", () => {
  for (const to of [LAN_ADDRESS, ip("ff05::1:3"), ip("fe80::1")])
    drops(rig().service.fromClient(LAN, fromClient(SOLICIT, { to })), "wrong-destination");
});

test("short datagrams are refused by length, before anything in them is believed", () => {
  const { service } = rig();
  for (let length = 0; length < 4; length++) drops(service.fromClient(LAN, fromClient(SOLICIT.slice(0, length))), "truncated");
  const forward = forwardOf(SOLICIT);
  for (let length = 4; length < 34; length++) drops(service.fromClient(LAN, fromClient(forward.slice(0, length))), "truncated");
  const back = answerTo(service.fromClient(LAN, fromClient(SOLICIT)));
  const withoutInterfaceId = back.length - 8; // whole again, and the link-address tells as well
  for (let length = 0; length < back.length; length++) {
    assert.equal(service.fromServer(WAN, fromServer(back.slice(0, length))).kind, length === withoutInterfaceId ? "pass" : "drop", `${length}`);
  }
});

test("a message that no datagram would hold with our envelope is dropped, the longest that fits is not", () => {
  const { service } = rig();
  const long = (bytes: number): Uint8Array => Uint8Array.of(1, ...new Uint8Array(bytes - 1));
  assert.ok(passed(service.fromClient(LAN, fromClient(long(LIMITS.datagramBytes - 128)))).payload.length <= LIMITS.datagramBytes);
  for (const bytes of [LIMITS.datagramBytes, 65_535]) drops(service.fromClient(LAN, fromClient(long(bytes))), "too-long");
  drops(service.fromServer(WAN, fromServer(long(LIMITS.datagramBytes + 1))), "too-long");
});

test("a source that is no host's is refused", () => {
  for (const from of ["::", "::1", "ff02::1"]) drops(rig().service.fromClient(LAN, fromClient(SOLICIT, { from: ip(from) })), "implausible-source");
});

test("without a running uplink nothing is passed on, and nothing goes back over the link it came from", () => {
  const { service } = rig({}, { uplinks: ["guest0"] });
  drops(service.fromClient(GUEST, fromClient(SOLICIT)), "no-uplink");
  service.linkNews({ index: WAN, running: false });
  drops(service.fromClient(LAN, fromClient(SOLICIT)), "no-uplink");
  service.linkNews({ index: WAN, running: true });
  passed(service.fromClient(LAN, fromClient(SOLICIT)));
  service.linkGone(WAN);
  drops(service.fromClient(LAN, fromClient(SOLICIT)), "no-uplink");
});

test("links that are none of the relay's are told apart from both sides", () => {
  const { service } = rig();
  drops(service.fromClient(WAN, fromClient(SOLICIT)), "not-a-relay-link");
  drops(service.fromClient(77, fromClient(SOLICIT)), "not-a-relay-link");
  const back = answerTo(service.fromClient(LAN, fromClient(SOLICIT)));
  drops(service.fromServer(LAN, fromServer(back)), "not-a-relay-link");
  drops(service.fromServer(WAN2, fromServer(back)), "not-a-relay-link");
  assert.equal(service.view().dropped["not-a-relay-link"], 4);
});

test("an answer finds its link by the Interface-Id, and without one by the link-address (RFC 9915 §19.2)", () => {
  const { service } = rig();
  const outcome = service.fromClient(LAN, fromClient(SOLICIT));
  const back = (change: Partial<Dhcp6RelayMessage>, interfaceId?: string): RelayOutcome => {
    const bytes = answerTo(outcome, (envelope) => {
      const { interfaceId: _, ...options } = envelope.options;
      return {
        ...envelope,
        ...change,
        options: interfaceId === undefined ? options : { ...options, interfaceId: new TextEncoder().encode(interfaceId) },
      };
    });
    return service.fromServer(WAN, fromServer(bytes));
  };
  assert.equal(passed(back({}, "guest0")).sends[0]?.link, GUEST);
  assert.equal(passed(back({}, undefined)).sends[0]?.link, LAN);
  assert.equal(passed(back({ linkAddress: ip("2001:db8:1::77") }, undefined)).sends[0]?.link, LAN);
  drops(back({}, "lan1"), "unknown-interface");
  drops(back({}, ""), "unknown-interface");
  drops(back({ linkAddress: UNSPECIFIED_V6 }, undefined), "unknown-interface");
  drops(back({ linkAddress: UPLINK_ADDRESS }, undefined), "unknown-interface");
});

test("an uplink answers only those who asked over it", () => {
  const { service } = rig({ uplinks: ["wan0"] }, { uplinks: ["wan1"] });
  const back = answerTo(service.fromClient(LAN, fromClient(SOLICIT)));
  drops(service.fromServer(WAN2, fromServer(back)), "unknown-interface");
  passed(service.fromServer(WAN, fromServer(back)));
});

test("with servers configured only they are believed; a group of servers is anybody on the uplink", () => {
  const { service } = rig({ servers: [SERVER] }, { servers: [ALL_SERVERS] });
  const [lan, guest] = [LAN, GUEST].map((link) => answerTo(service.fromClient(link, fromClient(SOLICIT))));
  passed(service.fromServer(WAN, fromServer(lan ?? assert.fail())));
  drops(service.fromServer(WAN, fromServer(lan ?? assert.fail(), { from: ip("2001:db8:f::66") })), "foreign-server");
  passed(service.fromServer(WAN, fromServer(guest ?? assert.fail(), { from: ip("2001:db8:f::66") })));
});

test("an answer is for us alone, and is an answer (RFC 9915 §19.2)", () => {
  const { service } = rig();
  const outcome = service.fromClient(LAN, fromClient(SOLICIT));
  drops(service.fromServer(WAN, fromServer(answerTo(outcome), { to: ALL_SERVERS })), "wrong-destination");
  drops(service.fromServer(WAN, fromServer(passed(outcome).payload)), "wrong-type");
  drops(service.fromServer(WAN, fromServer(REPLY)), "wrong-type");
});

test("two Relay Message options, or none, make no answer (RFC 9915 §21.10)", () => {
  const { service } = rig();
  const back = answerTo(service.fromClient(LAN, fromClient(SOLICIT)));
  const second = bytesOf(`0009 0004 ${toHex(REPLY)}`);
  drops(service.fromServer(WAN, fromServer(Uint8Array.of(...back, ...second))), "bad-value");
  drops(service.fromServer(WAN, fromServer(back.slice(0, 34))), "bad-value");
});

test("an answer to nobody, or for a link that is down, is dropped", () => {
  const { service } = rig();
  const outcome = service.fromClient(LAN, fromClient(SOLICIT));
  for (const peer of ["::", "::1", "ff02::1"]) {
    drops(service.fromServer(WAN, fromServer(answerTo(outcome, (envelope) => ({ ...envelope, peerAddress: ip(peer) })))), "implausible-peer");
  }
  const inside = (hex: string): RelayOutcome => {
    const bytes = answerTo(outcome, (envelope) => ({ ...envelope, options: { ...envelope.options, relayMessage: bytesOf(hex) } }));
    return service.fromServer(WAN, fromServer(bytes));
  };
  drops(inside(""), "bad-length");
  drops(inside(`0d ${"00".repeat(32)}`), "truncated");
  passed(inside(`0d ${"00".repeat(33)}`));
  service.linkNews({ index: LAN, running: false });
  drops(service.fromServer(WAN, fromServer(answerTo(outcome))), "link-down");
});

test("one interface cannot take the others' share: so many at once, so many a second", () => {
  const { service, timeline } = rig();
  const next = (
    (count) => () =>
      fromClient(SOLICIT, { from: ip(`fe80::${(++count).toString(16)}`) })
  )(0x1000);
  for (let i = 0; i < LIMITS.relayedBurst; i++) passed(service.fromClient(LAN, next()));
  drops(service.fromClient(LAN, next()), "rate");
  passed(service.fromClient(GUEST, next()));
  timeline.runUntil(instant(100));
  for (let i = 0; i < LIMITS.relayedPerSecond / 10; i++) passed(service.fromClient(LAN, next()));
  drops(service.fromClient(LAN, next()), "rate");
});

test("one client cannot take the others' share of its interface; a relay speaks for many", () => {
  const { service, timeline } = rig();
  for (let i = 0; i < LIMITS.relayedPerClientBurst; i++) passed(service.fromClient(LAN, fromClient(SOLICIT)));
  drops(service.fromClient(LAN, fromClient(SOLICIT)), "rate");
  passed(service.fromClient(LAN, fromClient(SOLICIT, { from: ip("fe80::d") })));
  for (let i = 0; i < 2 * LIMITS.relayedPerClientBurst; i++) passed(service.fromClient(LAN, fromClient(forwardOf(SOLICIT))));
  timeline.runUntil(instant(1000));
  for (let i = 0; i < LIMITS.relayedPerClientPerSecond; i++) passed(service.fromClient(LAN, fromClient(SOLICIT)));
  drops(service.fromClient(LAN, fromClient(SOLICIT)), "rate");
});

test("no more clients are remembered than may be: the one heard longest ago is forgotten", () => {
  const shares = new Shares(instant(0));
  for (const client of ["first", "second"]) for (let i = 0; i < LIMITS.relayedPerClientBurst; i++) assert.ok(shares.take(client, instant(0)));
  assert.equal(shares.take("first", instant(0)), false);
  for (let i = 0; i < LIMITS.relayClients - 1; i++) shares.take(`other ${i}`, instant(0));
  assert.equal(shares.take("first", instant(50)), false, "heard after the second one, it is still known");
  assert.equal(shares.take("second", instant(50)), true, "it is a new one");
});

test("another configuration takes effect at once and keeps the counts of what stays", () => {
  const { service } = rig();
  passed(service.fromClient(LAN, fromClient(SOLICIT)));
  drops(service.fromClient(LAN, fromClient(REPLY)), "wrong-type");
  service.configure([face("lan0", 1, { uplinks: ["wan1"] })]);
  assert.equal(passed(service.fromClient(LAN, fromClient(SOLICIT))).sends[0]?.link, WAN2);
  drops(service.fromClient(GUEST, fromClient(SOLICIT)), "not-a-relay-link");
  const lan = service.view().interfaces.find((side) => side.interface === "lan0");
  assert.deepEqual(lan, { interface: "lan0", role: "clients", passed: 2, dropped: { "wrong-type": 1 } });
  assert.deepEqual(
    service.view().interfaces.map((side) => `${side.interface} ${side.role}`),
    ["lan0 clients", "wan1 uplink"],
  );
});

test("whatever comes, from either side, is passed on whole or dropped; nothing throws and nothing grows", () => {
  const { service } = rig();
  const outcome = service.fromClient(LAN, fromClient(SOLICIT));
  const samples = [SOLICIT, REPLY, forwardOf(SOLICIT), forwardOf(forwardOf(SOLICIT, { hopCount: 7 })), passed(outcome).payload, answerTo(outcome)];
  const seen = new Set<string>();
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const { service: fresh } = rig();
      const payload = mutated(samples, new Chance(seed));
      const there = fresh.fromClient(LAN, fromClient(payload));
      if (there.kind === "pass") assert.equal(toHex(envelopeOf(there).options.relayMessage), toHex(payload));
      const back = fresh.fromServer(WAN, fromServer(payload));
      if (back.kind === "pass") assert.ok(toHex(payload).includes(toHex(back.payload)));
      for (const { kind, ...rest } of [there, back]) seen.add("reason" in rest ? rest.reason : kind);
    }),
    { numRuns: 3000 },
  );
  for (const reason of ["pass", "truncated", "wrong-type"]) assert.ok(seen.has(reason), `${reason} is not among ${[...seen].join(" ")}`);
});
