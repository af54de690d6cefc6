import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { WireError } from "../../../src/base/errors.ts";
import { bytesOf, toHex } from "../../../src/base/hex.ts";
import { decodePcap, encodePcap, pcapHeader } from "../../../src/wire/pcap/pcap.ts";
import { refusesOrReads } from "../../support/codec-properties.ts";

test("a capture begins with the classic header for Ethernet, microseconds and network byte order", () => {
  assert.equal(toHex(pcapHeader()), "a1b2c3d4 0002 0004 00000000 00000000 00040000 00000001".replaceAll(" ", ""));
});

test("records keep their time and bytes", () => {
  const record = fc.record(
    { atMicroseconds: fc.integer({ min: 0, max: 0xffffffff * 1_000_000 }), bytes: fc.uint8Array({ maxLength: 64 }) },
    { noNullPrototype: true },
  );
  fc.assert(fc.property(fc.array(record, { maxLength: 4 }), (records) => assert.deepEqual(decodePcap(encodePcap(records)), records)));
});

test("a file written on a little-endian machine is read as well", () => {
  const bytes = bytesOf("d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000  01000000 02000000 01000000 3c000000 aa");
  assert.deepEqual(decodePcap(bytes), [{ atMicroseconds: 1_000_002, bytes: bytesOf("aa") }]);
});

test("other link types and formats are unsupported, cut files are refused", () => {
  const bytes = encodePcap([{ atMicroseconds: 1, bytes: bytesOf("0102") }]);
  assert.throws(() => decodePcap(bytes.map((byte, i) => (i === 23 ? 113 : byte))), WireError);
  assert.throws(() => decodePcap(bytesOf("0a0d0d0a".repeat(8))), WireError);
  for (let length = 25; length < bytes.length; length++) assert.throws(() => decodePcap(bytes.subarray(0, length)), WireError);
  for (let bit = 0; bit < bytes.length * 8; bit++)
    refusesOrReads(
      decodePcap,
      bytes.map((byte, i) => (i === bit >>> 3 ? byte ^ (1 << (bit & 7)) : byte)),
    );
});
