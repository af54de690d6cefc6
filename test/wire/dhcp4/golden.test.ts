import assert from "node:assert/strict";
import { test } from "node:test";
import { WireError } from "../../../src/base/errors.ts";
import { decodeDhcp4, encodeDhcp4 } from "../../../src/wire/dhcp4/message.ts";
import { decodeUdpFrame } from "../../../src/wire/ip/udp.ts";
import { refusesOrReads } from "../../support/codec-properties.ts";
import { goldenPackets, valueOfFrame } from "./golden.ts";

const packets = goldenPackets();

test("there are golden packets of at least four programs", () => {
  for (const sender of ["dnsmasq", "kea-dhcp4", "dhcpcd", "udhcpc"])
    assert.ok(
      packets.some(({ text }) => text.includes(`sent by ${sender}`) || text.includes(`sent by busybox ${sender}`)),
      sender,
    );
});

for (const { name, text, bytes, expected } of packets) {
  test(`${name} reads as the value beside it`, () => {
    assert.deepEqual(valueOfFrame(bytes, expected.checksum), expected);
    for (const word of ["sent by", "Captured", "Method", "Terms"]) assert.ok(text.includes(word), `${name}.hex does not say: ${word}`);
  });

  test(`${name} keeps its value when we encode it`, () => {
    const { payload } = decodeUdpFrame(bytes, expected);
    const message = decodeDhcp4(payload);
    assert.deepEqual(decodeDhcp4(encodeDhcp4(message)), message);
  });

  test(`${name}: every flipped bit and every shorter frame is read or refused with a WireError`, () => {
    const read = (frame: Uint8Array): unknown => valueOfFrame(frame, "offloaded");
    for (let length = 0; length < bytes.length; length++) refusesOrReads(read, bytes.subarray(0, length));
    for (let bit = 0; bit < bytes.length * 8; bit++)
      refusesOrReads(
        read,
        bytes.map((byte, i) => (i === bit >>> 3 ? byte ^ (1 << (bit & 7)) : byte)),
      );
  });

  if (expected.checksum === "offloaded") {
    test(`${name} has half a checksum and is refused unless the kernel says so (RFC 768)`, () => {
      assert.throws(
        () => decodeUdpFrame(bytes, { checksum: "verify" }),
        (error) => error instanceof WireError && error.code === "bad-checksum",
      );
    });
  }
}
