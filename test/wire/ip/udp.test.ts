import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type WireCode, WireError } from "../../../src/base/errors.ts";
import { bytesOf, toHex } from "../../../src/base/hex.ts";
import type { Ipv4Address } from "../../../src/base/ipv4.ts";
import { BROADCAST_MAC, type MacAddress } from "../../../src/base/mac.ts";
import { checksum } from "../../../src/wire/ip/checksum.ts";
import { decodeUdpFrame, encodeUdpFrame, type UdpFrame } from "../../../src/wire/ip/udp.ts";
import { refusesOrReads } from "../../support/codec-properties.ts";

const FRAME: UdpFrame = {
  destinationMac: BROADCAST_MAC,
  sourceMac: "02:00:5e:00:00:01" as MacAddress,
  source: "192.0.2.1" as Ipv4Address,
  destination: "192.0.2.10" as Ipv4Address,
  sourcePort: 67,
  destinationPort: 68,
  payload: bytesOf("0102030405"),
};
const VERIFY = { checksum: "verify" } as const;
const IP = 14;
const UDP = 34;

/** The frame with bytes replaced, and its IPv4 header checksum made right again. */
function forged(at: number, hex: string): Uint8Array {
  const bytes = encodeUdpFrame(FRAME);
  bytes.set(bytesOf(hex), at);
  bytes.set([0, 0], IP + 10);
  const headerBytes = ((bytes.at(IP) ?? 0) & 15) * 4;
  const sum = checksum(bytes.subarray(IP, IP + headerBytes));
  bytes.set([sum >>> 8, sum & 255], IP + 10);
  return bytes;
}

function refused(bytes: Uint8Array, code: WireCode, offset: number): void {
  assert.throws(
    () => decodeUdpFrame(bytes, VERIFY),
    (error) => error instanceof WireError && error.code === code && error.offset === offset,
    `${code} at ${offset} was expected`,
  );
}

test("any payload arrives as it was sent, odd lengths included", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1472 }), (payload) => {
      const frame = { ...FRAME, payload };
      assert.deepEqual(decodeUdpFrame(encodeUdpFrame(frame), VERIFY), frame);
    }),
  );
});

test("type of service and time to live are the caller's to choose", () => {
  const bytes = encodeUdpFrame({ ...FRAME, tos: 0xc0, ttl: 1 });
  assert.equal(toHex(bytes.subarray(IP, IP + 9)), "45c000210000000001");
});

test("every flipped bit and every shorter frame is read or refused", () => {
  const bytes = encodeUdpFrame(FRAME);
  for (const policy of ["verify", "offloaded"] as const) {
    const read = (frame: Uint8Array): unknown => decodeUdpFrame(frame, { checksum: policy });
    for (let length = 0; length < bytes.length; length++) assert.throws(() => read(bytes.subarray(0, length)), WireError);
    for (let bit = 0; bit < bytes.length * 8; bit++)
      refusesOrReads(
        read,
        bytes.map((byte, i) => (i === bit >>> 3 ? byte ^ (1 << (bit & 7)) : byte)),
      );
  }
});

test("what a link padded is cut off by the total length (RFC 894)", () => {
  const padded = new Uint8Array(60);
  padded.set(encodeUdpFrame(FRAME));
  assert.deepEqual(decodeUdpFrame(padded, VERIFY).payload, FRAME.payload);
});

test("what the datagram holds behind the UDP length is cut off (RFC 768)", () => {
  const bytes = forged(UDP + 4, "000a");
  assert.deepEqual(decodeUdpFrame(bytes, { checksum: "offloaded" }).payload, bytesOf("0102"));
});

test("IPv4 options are stepped over (RFC 791 §3.1)", () => {
  const plain = encodeUdpFrame(FRAME);
  const bytes = new Uint8Array(plain.length + 4);
  bytes.set(plain.subarray(0, UDP));
  bytes.set(bytesOf("01010100"), UDP);
  bytes.set(plain.subarray(UDP), UDP + 4);
  bytes.set(bytesOf("4610 0025"), IP);
  bytes.set([0, 0], IP + 10);
  const sum = checksum(bytes.subarray(IP, UDP + 4));
  bytes.set([sum >>> 8, sum & 255], IP + 10);
  assert.deepEqual(decodeUdpFrame(bytes, VERIFY), FRAME);
});

test("another Ethernet type, version, protocol or a fragment is not ours (RFC 791 §3.1)", () => {
  refused(forged(12, "86dd"), "unsupported", 12);
  refused(forged(IP, "65"), "unsupported", IP);
  refused(forged(IP + 9, "06"), "unsupported", IP + 9);
  refused(forged(IP + 6, "2000"), "unsupported", IP + 6);
  refused(forged(IP + 6, "0001"), "unsupported", IP + 6);
});

test("a packet that may not be fragmented is accepted (RFC 791 §3.1)", () => {
  assert.deepEqual(decodeUdpFrame(forged(IP + 6, "4000"), VERIFY), FRAME);
});

test("lengths that contradict each other are refused", () => {
  refused(forged(IP, "44"), "bad-length", IP);
  refused(forged(IP + 2, "0013"), "bad-length", IP + 2);
  refused(forged(IP + 2, "0022"), "truncated", 47);
  refused(forged(UDP + 4, "0007"), "bad-length", UDP + 4);
  refused(forged(UDP + 4, "000e"), "truncated", 47);
});

test("a wrong IPv4 header checksum is refused even when UDP's is offloaded (RFC 1122 §3.2.1.2)", () => {
  const bytes = encodeUdpFrame(FRAME);
  bytes.set([1], IP + 8);
  for (const policy of ["verify", "offloaded"] as const) assert.throws(() => decodeUdpFrame(bytes, { checksum: policy }), WireError);
});

test("a wrong UDP checksum is refused, unless it is offloaded; zero means that there is none (RFC 768)", () => {
  refused(forged(UDP + 6, "1234"), "bad-checksum", UDP + 6);
  assert.deepEqual(decodeUdpFrame(forged(UDP + 6, "1234"), { checksum: "offloaded" }), FRAME);
  assert.deepEqual(decodeUdpFrame(forged(UDP + 6, "0000"), VERIFY), FRAME);
});

test("a checksum that comes out as zero is sent as all ones (RFC 768)", () => {
  const zero = { ...FRAME, payload: bytesOf("0000") };
  const sum = encodeUdpFrame(zero).subarray(UDP + 6, UDP + 8);
  const even = { ...FRAME, payload: sum.slice() };
  const bytes = encodeUdpFrame(even);
  assert.equal(toHex(bytes.subarray(UDP + 6, UDP + 8)), "ffff");
  assert.deepEqual(decodeUdpFrame(bytes, VERIFY), even);
});
