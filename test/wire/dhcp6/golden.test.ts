import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeDhcp6, encodeDhcp6 } from "../../../src/wire/dhcp6/message.ts";
import { decodeIcmp6, encodeIcmp6 } from "../../../src/wire/icmp6/message.ts";
import { refusesOrReads } from "../../support/codec-properties.ts";
import { decodeIpv6Frame, decodeUdp6 } from "./frame.ts";
import { goldenPackets, valueOfFrame } from "./golden.ts";

const dhcp = goldenPackets("dhcp6-frame");
const icmp = goldenPackets("icmp6-frame");

test("there are golden packets of seven programs, and of the kernel", () => {
  for (const sender of ["dnsmasq", "kea-dhcp6", "dhcpcd", "dhclient", "dhcrelay", "dibbler-server"])
    assert.ok(
      dhcp.some(({ text }) => text.includes(`sent by ${sender}`)),
      sender,
    );
  for (const sender of ["dnsmasq", "dhcpcd", "radvd", "Linux"])
    assert.ok(
      icmp.some(({ text }) => text.includes(`sent by ${sender}`)),
      sender,
    );
});

test("there is a golden packet of every message type of RFC 9915; address registration is not spoken by any program at hand", () => {
  const types = [...new Set(dhcp.map(({ expected }) => expected.message["kind"]))].toSorted();
  assert.deepEqual(types, [
    ...["advertise", "confirm", "decline", "informationRequest", "rebind", "reconfigure", "relayForward"],
    ...["relayReply", "release", "renew", "reply", "request", "solicit"],
  ]);
});

for (const { name, text, bytes, expected } of [...dhcp, ...icmp]) {
  test(`${name} reads as the value beside it`, () => {
    assert.deepEqual(valueOfFrame(bytes, expected), expected);
    for (const word of ["sent by", "Captured", "Method", "Terms"]) assert.ok(text.includes(word), `${name}.hex does not say: ${word}`);
  });

  test(`${name} keeps its value when we encode it`, () => {
    const frame = decodeIpv6Frame(bytes);
    if (expected.kind === "icmp6-frame") {
      const message = decodeIcmp6(frame.payload, frame, expected);
      assert.deepEqual(decodeIcmp6(encodeIcmp6(message, frame), frame, { checksum: "verify" }), message);
      return;
    }
    const message = decodeDhcp6(decodeUdp6(frame, expected).payload);
    assert.deepEqual(decodeDhcp6(encodeDhcp6(message)), message);
  });

  test(`${name}: every flipped bit and every shorter frame is read or refused with a WireError`, () => {
    const read = (frame: Uint8Array): unknown => valueOfFrame(frame, { kind: expected.kind, checksum: "offloaded" });
    for (let length = 0; length < bytes.length; length++) refusesOrReads(read, bytes.subarray(0, length));
    for (let bit = 0; bit < bytes.length * 8; bit++)
      refusesOrReads(
        read,
        bytes.map((byte, i) => (i === bit >>> 3 ? byte ^ (1 << (bit & 7)) : byte)),
      );
  });
}
