import assert from "node:assert/strict";
import { test } from "node:test";
import { WireError } from "../../../src/base/errors.ts";
import { bytesOf, toHex } from "../../../src/base/hex.ts";
import type { Ipv4Address } from "../../../src/base/ipv4.ts";
import type { MacAddress } from "../../../src/base/mac.ts";
import { type ArpFrame, arpAnnouncement, arpProbe, decodeArpFrame, encodeArpFrame } from "../../../src/wire/ip/arp.ts";
import { refusesOrReads } from "../../support/codec-properties.ts";

const MAC = "02:00:5e:00:00:01" as MacAddress;
const ADDRESS = "192.0.2.10" as Ipv4Address;

test("a probe asks for an address and does not say who asks (RFC 5227 §2.1.1)", () => {
  const bytes = bytesOf(`
    ffffffffffff 02005e000001 0806
    0001 0800 06 04 0001             # Ethernet, IPv4, request
    02005e000001 00000000            # sender: our hardware, no address
    000000000000 c000020a            # target`);
  assert.equal(toHex(encodeArpFrame(arpProbe(MAC, ADDRESS))), toHex(bytes));
  assert.deepEqual(decodeArpFrame(bytes), arpProbe(MAC, ADDRESS));
});

test("an announcement names the address as sender and as target (RFC 5227 §2.3)", () => {
  const { senderAddress, targetAddress, operation } = arpAnnouncement(MAC, ADDRESS);
  assert.deepEqual([senderAddress, targetAddress, operation], [ADDRESS, ADDRESS, "request"]);
});

test("a reply is read with the padding of its link (RFC 826)", () => {
  const reply: ArpFrame = { ...arpProbe(MAC, ADDRESS), operation: "reply" };
  const padded = new Uint8Array(60);
  padded.set(encodeArpFrame(reply));
  assert.deepEqual(decodeArpFrame(padded), reply);
});

test("other hardware, protocols, sizes and operations are not ours; nothing shorter is read (RFC 826)", () => {
  const bytes = encodeArpFrame(arpProbe(MAC, ADDRESS));
  for (const [at, value] of [
    [12, 9],
    [15, 6],
    [16, 0x86],
    [18, 8],
    [19, 16],
    [21, 3],
  ] as const) {
    assert.throws(
      () => decodeArpFrame(bytes.map((byte, i) => (i === at ? value : byte))),
      (error) => error instanceof WireError && error.code === "unsupported",
    );
  }
  for (let length = 0; length < bytes.length; length++) assert.throws(() => decodeArpFrame(bytes.subarray(0, length)), WireError);
  for (let bit = 0; bit < bytes.length * 8; bit++)
    refusesOrReads(
      decodeArpFrame,
      bytes.map((byte, i) => (i === bit >>> 3 ? byte ^ (1 << (bit & 7)) : byte)),
    );
});
