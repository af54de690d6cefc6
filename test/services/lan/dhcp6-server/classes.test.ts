/** Which classes clients are in, by what they and their relays say; and what is done with those that are dropped. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesOf } from "../../../../src/base/hex.ts";
import type { MacAddress } from "../../../../src/base/mac.ts";
import type { ClassTest, ClientClass } from "../../../../src/services/lan/dhcp6-config.ts";
import { ClientClasses } from "../../../../src/services/lan/dhcp6-server/classes.ts";
import { ClientMessage } from "../../../../src/services/lan/dhcp6-server/message.ts";
import { RelayChain } from "../../../../src/services/lan/dhcp6-server/relay-chain.ts";
import { encodeDhcp6, relay6 } from "../../../../src/wire/dhcp6/message.ts";
import type { Dhcp6Options, Dhcp6RelayOptions } from "../../../../src/wire/dhcp6/options.ts";
import { Bed, client, ip, relayed, said } from "./support.ts";

const octets = (text: string): Uint8Array => new TextEncoder().encode(text);
const equal = (code: number, text: string): ClassTest => ({ code, is: "equal", value: octets(text) });
const prefix = (code: number, text: string): ClassTest => ({ code, is: "prefix", value: octets(text) });
const present = (code: number): ClassTest => ({ code, is: "present", value: new Uint8Array(0) });
const classOf = (tests: readonly ClassTest[], more: Partial<ClientClass> = {}): ClientClass => ({
  name: "one",
  tests,
  drop: false,
  lifetimes: undefined,
  options: [],
  boot: [],
  ...more,
});

/** Whether the sender of a datagram is in a class of these tests. */
function isIn(bytes: Uint8Array, ...tests: readonly ClassTest[]): boolean {
  const classes = new ClientClasses();
  const chain = new RelayChain();
  const message = new ClientMessage();
  classes.configure([classOf([present(65_535)]), classOf(tests)]);
  assert.equal(chain.unwrap(bytes, 0, bytes.length) ?? message.decode(bytes, chain.innerStart, chain.innerEnd), undefined);
  assert.equal(classes.judge(message, chain), false);
  assert.equal(classes.members[0], 0);
  return classes.members[1] === 1;
}
const solicit = (options: Dhcp6Options): Uint8Array => encodeDhcp6(said(1, "solicit", options));
const behind = (options: Omit<Dhcp6RelayOptions, "relayMessage">, inner = solicit({})): Uint8Array => relayed(inner, options);

test("of a User Class one item has to fit, whole or from its beginning (RFC 9915 §21.15)", () => {
  const phone = solicit({ userClass: [octets("lab"), octets("phone-7")] });
  assert.equal(isIn(phone, equal(15, "lab")), true);
  assert.equal(isIn(phone, equal(15, "phone-7")), true);
  assert.equal(isIn(phone, prefix(15, "phone")), true);
  for (const wrong of [equal(15, "phone"), equal(15, "la"), prefix(15, "hone"), prefix(15, "phone-77"), equal(15, "\u0000\u0003lab")])
    assert.equal(isIn(phone, wrong), false, JSON.stringify(wrong));
});

test("of a Vendor Class one item has to fit, of any enterprise and any of several options (RFC 9915 §21.16)", () => {
  const vendorClasses = [
    { enterprise: 343, classes: [octets("PXEClient:Arch:00007")] },
    { enterprise: 9, classes: [octets("a"), octets("b")] },
  ];
  const booting = solicit({ vendorClasses });
  assert.equal(isIn(booting, prefix(16, "PXEClient")), true);
  assert.equal(isIn(booting, equal(16, "b")), true);
  assert.equal(isIn(booting, equal(16, "PXEClient")), false);
  assert.equal(isIn(booting, prefix(16, "\u0000\u0000")), false, "neither enterprise nor lengths are compared");
});

test("of any other option the whole value is compared, of any that stands there", () => {
  const asking = solicit({ requestedOptions: [23, 24] });
  assert.equal(isIn(asking, { code: 6, is: "equal", value: bytesOf("0017 0018") }), true);
  assert.equal(isIn(asking, { code: 6, is: "prefix", value: bytesOf("0017") }), true);
  assert.equal(isIn(asking, { code: 6, is: "equal", value: bytesOf("0017") }), false);
  assert.equal(isIn(asking, { code: 6, is: "prefix", value: bytesOf("0018") }), false);
  assert.equal(isIn(asking, present(6), present(1)), true);
  assert.equal(isIn(asking, present(25)), false);
  const twice = Uint8Array.from([...asking, 0, 200, 0, 1, 97, 0, 200, 0, 1, 98]);
  assert.equal(isIn(twice, equal(200, "b")), true);
});

test("all tests have to be true", () => {
  const both = solicit({ userClass: [octets("a")], requestedOptions: [23] });
  assert.equal(isIn(both, equal(15, "a"), present(6)), true);
  assert.equal(isIn(both, equal(15, "a"), present(16)), false);
  assert.equal(isIn(both, equal(15, "b"), present(6)), false);
});

test("what relays say is asked of every relay, and never of the client (RFC 9915 §21.18, RFC 4649, RFC 4580, RFC 5460, RFC 6939)", () => {
  const clientLinkLayerAddress = { type: 1, address: bytesOf("02005e100001") };
  const inner = behind({ interfaceId: octets("eth1"), remoteId: { enterprise: 9, id: octets("x") }, clientLinkLayerAddress });
  const outer = encodeDhcp6(
    relay6({
      kind: "relayForward",
      hopCount: 1,
      linkAddress: ip("::"),
      peerAddress: ip("fe80::9"),
      options: { relayMessage: inner, subscriberId: octets("ada") },
    }),
  );
  assert.equal(isIn(outer, equal(18, "eth1"), prefix(38, "ad"), present(79)), true);
  assert.equal(isIn(outer, { code: 37, is: "equal", value: bytesOf("00000009 78") }), true);
  assert.equal(isIn(outer, { code: 79, is: "equal", value: bytesOf("0001 02005e100001") }), true);
  assert.equal(isIn(outer, equal(18, "eth2")), false);
  assert.equal(isIn(inner, present(38)), false);
  assert.equal(isIn(outer, present(53)), false);
  const forged = Uint8Array.from([
    ...solicit({ remoteId: { enterprise: 9, id: octets("x") } }),
    0,
    18,
    0,
    4,
    ...octets("eth1"),
    0,
    79,
    0,
    8,
    0,
    1,
    2,
    0,
    94,
    16,
    0,
    1,
  ]);
  for (const code of [18, 37, 79]) assert.equal(isIn(forged, present(code)), false, `a client says ${code}`);
});

test("a list whose items reach beyond it ends there, and says nothing wrong", () => {
  const plain = solicit({});
  const list = (code: number, ...value: readonly number[]): Uint8Array => Uint8Array.from([...plain, 0, code, 0, value.length, ...value]);
  assert.equal(isIn(list(15, 0, 1, 97, 0, 9, 98), equal(15, "a")), true);
  assert.equal(isIn(list(15, 0, 1, 97, 0, 9, 98), equal(15, "b")), false);
  const nextBeginsWithA = Uint8Array.from([...list(15, 0, 2, 97), 97, 97, 0, 0]);
  assert.equal(isIn(nextBeginsWithA, equal(15, "aa")), false);
  assert.equal(isIn(list(16, 0, 0), prefix(16, "a")), false);
  assert.equal(isIn(list(16, 0, 0), present(16)), true);
});

/** Octets that are lengths, and those that lists and tests hold: so that they meet. */
const meeting = (maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc.array(fc.constantFrom(0, 1, 2, 97), { maxLength }).map((octetsOf) => Uint8Array.from(octetsOf));

test("whatever the options hold, a class is judged without a look beyond them", () => {
  const anyTests = fc.array(
    fc.record({
      code: fc.constantFrom(1, 6, 15, 16, 18, 37, 200),
      is: fc.constantFrom("present", "equal", "prefix"),
      value: meeting(3),
    }),
    { maxLength: 3 },
  );
  const anyOptions = fc.array(fc.record({ code: fc.constantFrom(15, 16, 200), value: meeting(8) }), { maxLength: 5 });
  fc.assert(
    fc.property(anyTests, anyOptions, (tests, options) => {
      const bytes = Uint8Array.from([...solicit({}), ...options.flatMap(({ code, value }) => [0, code, 0, value.length, ...value])]);
      const room = Uint8Array.from([...bytes, ...bytesOf("61 61 61 0001 61 0002 6161")]);
      const chain = new RelayChain();
      const message = new ClientMessage();
      const classes = new ClientClasses();
      classes.configure([classOf(tests)]);
      assert.equal(chain.unwrap(room, 0, bytes.length) ?? message.decode(room, 0, bytes.length), undefined);
      classes.judge(message, chain);
      assert.equal(classes.members[0] === 1, isIn(bytes, ...tests), "what stands behind the message changes nothing");
    }),
    { numRuns: 500 },
  );
});

test("clients of a class that is dropped are not answered, and counted; all others are", () => {
  const bed = new Bed({ classes: [classOf([equal(15, "bad")], { drop: true }), classOf([equal(15, "good")], { name: "two" })] });
  assert.equal(bed.hear(1, "solicit", { userClass: [octets("bad")] }), undefined);
  assert.equal(bed.hear(1, "informationRequest", { userClass: [octets("good"), octets("bad")] }), undefined);
  assert.deepEqual(bed.refused(), { "class-dropped": 2 });
  bed.ask(1, "solicit", { userClass: [octets("good")] });
  bed.ask(2, "solicit", {});
  assert.deepEqual(bed.refused(), { "class-dropped": 2 });
});

test("whom a relay heard by its Ethernet address may be dropped by it (RFC 6939)", () => {
  const mac = "02:00:5e:10:00:09" as MacAddress;
  const test: ClassTest = { code: 79, is: "equal", value: bytesOf(`0001 ${mac.replaceAll(":", "")}`) };
  const bed = new Bed({ classes: [classOf([test], { drop: true })] });
  const from = (hex: string): Uint8Array | undefined =>
    bed.bytesIn(behind({ clientLinkLayerAddress: { type: 1, address: bytesOf(hex) } }, encodeDhcp6(said(3, "solicit", {}))), {
      from: client(9).address,
    });
  assert.equal(from("02005e100009"), undefined);
  assert.ok(from("02005e100008") !== undefined);
});
