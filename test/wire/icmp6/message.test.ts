import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type WireCode, WireError } from "../../../src/base/errors.ts";
import { bytesOf } from "../../../src/base/hex.ts";
import type { Ipv6Address } from "../../../src/base/ipv6.ts";
import { decodeIcmp6, encodeIcmp6, type Icmp6Header } from "../../../src/wire/icmp6/message.ts";
import { refusesOrReads } from "../../support/codec-properties.ts";
import { anyMessage, HEADER } from "./messages.ts";

const unchecked = { checksum: "offloaded" } as const;
const ip = (text: string): Ipv6Address => text as Ipv6Address;
const read = (hex: string, header: Partial<Icmp6Header> = {}) => decodeIcmp6(bytesOf(hex), { ...HEADER, ...header }, unchecked);

function refused(run: () => unknown, code: WireCode): void {
  assert.throws(run, (error) => error instanceof WireError && error.code === code, `${code} was expected`);
}

const RA = "86 00 0000 40 c8 0708 00000000 00000000";
const RS = "85 00 0000 00000000";
const NS = "87 00 0000 00000000 20010db8000100000000000000000036";
const NA = "88 00 0000 60000000 20010db8000100000000000000000036";
const SOURCE_LINK = "01 01 02005e100001";

test("every message keeps its value through encoding and decoding, with a checksum that holds", () => {
  fc.assert(
    fc.property(anyMessage, (message) => assert.deepEqual(decodeIcmp6(encodeIcmp6(message, HEADER), HEADER, { checksum: "verify" }), message)),
  );
});

test("a flipped bit anywhere breaks the checksum (RFC 4443 §2.3)", () => {
  fc.assert(
    fc.property(anyMessage, fc.nat(), (message, at) => {
      const bytes = encodeIcmp6(message, HEADER);
      const bit = at % (bytes.length * 8);
      const flipped = bytes.map((byte, i) => (i === bit >>> 3 ? byte ^ (1 << (bit & 7)) : byte));
      refused(() => decodeIcmp6(flipped, HEADER, { checksum: "verify" }), "bad-checksum");
      refusesOrReads((frame) => decodeIcmp6(frame, HEADER, unchecked), flipped);
    }),
  );
});

test("no garbage and no cut makes anything but a value or a WireError", () => {
  const header = fc.constantFrom(HEADER, { ...HEADER, source: ip("::") }, { ...HEADER, destination: ip("ff02::1") });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), header, (bytes, head) => refusesOrReads((frame) => decodeIcmp6(frame, head, unchecked), bytes)),
  );
  fc.assert(
    fc.property(anyMessage, fc.nat(), (message, at) => {
      const bytes = encodeIcmp6(message, HEADER);
      refusesOrReads((frame) => decodeIcmp6(frame, HEADER, unchecked), bytes.subarray(0, at % bytes.length));
    }),
  );
});

for (const [name, hex] of [
  ["router solicitation", RS],
  ["router advertisement", RA],
  ["neighbor solicitation", NS],
  ["neighbor advertisement", NA],
] as const) {
  test(`a ${name} that a router passed on, with another code, cut short, or with an option of length 0, is refused (RFC 4861 §6.1, §7.1)`, () => {
    read(hex);
    refused(() => read(hex, { hopLimit: 254 }), "bad-value");
    refused(() => read(`${hex.slice(0, 3)}01${hex.slice(5)}`), "bad-value");
    for (let length = 0; length < bytesOf(hex).length; length++)
      refused(() => decodeIcmp6(bytesOf(hex).subarray(0, length), HEADER, unchecked), "truncated");
    refused(() => read(`${hex} 0100 02005e100001`), "bad-length");
    refused(() => read(`${hex} 0102 02005e100001`), "truncated");
  });
}

test("only a router's link-local address may advertise (RFC 4861 §6.1.2)", () => {
  refused(() => read(RA, { source: ip("2001:db8::1") }), "bad-value");
  refused(() => read(RA, { source: ip("::") }), "bad-value");
});

test("who has no address says no link-layer address, and asks the solicited nodes only (RFC 4861 §6.1.1, §7.1.1)", () => {
  const source = ip("::");
  read(RS, { source });
  refused(() => read(`${RS} ${SOURCE_LINK}`, { source }), "bad-value");
  refused(() => read(`${RS} 01 02 ${"00".repeat(14)}`, { source }), "bad-value");
  read(NS, { source, destination: ip("ff02::1:ff00:36") });
  refused(() => read(NS, { source, destination: ip("ff02::1") }), "bad-value");
  refused(() => read(`${NS} ${SOURCE_LINK}`, { source, destination: ip("ff02::1:ff00:36") }), "bad-value");
});

test("targets are unicast, and nobody was solicited by a multicast (RFC 4861 §7.1)", () => {
  const group = `${NS.slice(0, 19)} ff02${"00".repeat(13)}01`;
  refused(() => read(group), "bad-value");
  refused(() => read(NA, { destination: ip("ff02::1") }), "bad-value");
});

test("the flags of an advertisement, and the reserved preference as medium (RFC 4191 §2.2)", () => {
  const message = read(RA);
  assert.ok(message.kind === "routerAdvertisement");
  assert.deepEqual([message.managed, message.otherConfiguration, message.preference, message.lifetimeSeconds], [true, true, "high", 1800]);
  const reserved = read(RA.replace("c8", "10"));
  assert.ok(reserved.kind === "routerAdvertisement" && reserved.preference === "medium");
});

for (const [name, hex, code, reason] of [
  ["prefix of 129 bits", `03 04 81c0 ${"00".repeat(28)}`, 3, "bad-value"],
  ["prefix information of the wrong size", "03 01 40c0 00000000", 3, "truncated"],
  ["route of a reserved preference (RFC 4191 §2.3)", "18 01 0010 00000258", 24, "bad-value"],
  ["route longer than its octets", "18 01 4000 00000258", 24, "bad-length"],
  ["resolver list without resolvers", "19 01 0000 00000258", 25, "bad-length"],
  ["search list that is all padding", "1f 02 0000 00000258 0000000000000000", 31, "bad-length"],
  ["search list with a name behind the padding", "1f 02 0000 00000258 0000000003616200", 31, "bad-value"],
  ["NAT64 prefix of an unknown length", `26 02 0006 ${"00".repeat(12)}`, 38, "bad-value"],
  ["captive portal that is only NULs", "25 01 000000000000", 37, "bad-value"],
] as const) {
  test(`a ${name} is set aside, and the MTU beside it survives`, () => {
    const message = read(`${RA} ${hex} 05 01 0000 000005dc`);
    assert.ok(message.kind === "routerAdvertisement");
    assert.deepEqual(message.options, { mtu: 1500 });
    assert.deepEqual(message.malformed, [{ code, reason }]);
    assert.deepEqual(message.unknown, [{ code, bytes: bytesOf(hex).slice(2) }]);
    assert.deepEqual(decodeIcmp6(encodeIcmp6(message, HEADER), HEADER, unchecked), message);
  });
}

test("a second MTU is one too many: the first one counts", () => {
  const message = read(`${RA} 05 01 0000 000005dc 05 01 0000 00000500`);
  assert.ok(message.kind === "routerAdvertisement");
  assert.deepEqual([message.options.mtu, message.malformed], [1500, [{ code: 5, reason: "bad-value" }]]);
});

test("bits behind a prefix are cleared (RFC 4861 §4.6.2)", () => {
  const message = read(`${RA} 03 04 40c0 00000e10 00000708 00000000 20010db8000100000000000000000001`);
  assert.ok(message.kind === "routerAdvertisement");
  assert.equal(message.options.prefixes?.[0]?.prefix, "2001:db8:1::/64");
});

test("echo needs no hop limit; other types are not spoken", () => {
  assert.deepEqual(read("80 00 0000 0001 0002 6162", { hopLimit: 64 }), { kind: "echoRequest", identifier: 1, sequence: 2, data: bytesOf("6162") });
  refused(() => read("80 01 0000 0001 0002"), "bad-value");
  refused(() => read("8f 00 0000 00000000"), "unsupported");
});

test("an advertisement that is cut anywhere is a WireError; behind an option and with its sum mended it is a shorter one", () => {
  const whole = bytesOf(`${RA} 03 04 40 d0 00000002 00000001 00000000 20010db8000100000000000000000000 05 01 0000 000005dc`);
  const ends = [16, 48, 56];
  for (let length = 0; length <= whole.length; length++) {
    const cut = whole.subarray(0, length);
    assert.throws(() => decodeIcmp6(cut, HEADER, { checksum: "verify" }), WireError, `${length} octets`); // its sum is that of nothing
    if (ends.includes(length)) assert.equal(decodeIcmp6(cut, HEADER, unchecked).kind, "routerAdvertisement");
    else refused(() => decodeIcmp6(cut, HEADER, unchecked), "truncated");
  }
});

test("each flag of an advertisement and of its prefix is read by itself: M, O, L, A and P (RFC 4861 §4.2, §4.6.2, RFC 9762 §4)", () => {
  const flagsOf = (ra: string, pio: string): readonly boolean[] => {
    const hex = `86 00 0000 40 ${ra} 0708 00000000 00000000 03 04 40 ${pio} 00000002 00000001 00000000 20010db8000100000000000000000000`;
    const message = read(hex);
    assert.ok(message.kind === "routerAdvertisement" && message.lifetimeSeconds === 1800, "an advertisement of half an hour");
    const [one] = message.options.prefixes ?? [];
    assert.ok(one !== undefined, "its prefix");
    return [message.managed, message.otherConfiguration, one.onLink, one.autonomous, one.prefersDelegation];
  };
  const alone = (place: number): readonly boolean[] => [0, 1, 2, 3, 4].map((i) => i === place);
  assert.deepEqual(flagsOf("80", "00"), alone(0));
  assert.deepEqual(flagsOf("40", "00"), alone(1));
  assert.deepEqual(flagsOf("00", "80"), alone(2));
  assert.deepEqual(flagsOf("00", "40"), alone(3));
  assert.deepEqual(flagsOf("00", "10"), alone(4));
  assert.deepEqual(flagsOf("3f", "2f"), alone(5));
});
