import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { WireError } from "../../../src/base/errors.ts";
import { bytesOf, toHex } from "../../../src/base/hex.ts";
import { checksum } from "../../../src/wire/ip/checksum.ts";
import { decodeEcho, encodeEcho } from "../../../src/wire/ip/icmp.ts";

test("an echo request has type 8 and a checksum over all of it (RFC 792)", () => {
  const bytes = encodeEcho({ kind: "echoRequest", identifier: 0x1234, sequence: 1, data: bytesOf("6162") });
  assert.equal(toHex(bytes), "08008468123400016162");
});

test("any echo keeps its value", () => {
  const u16 = fc.integer({ min: 0, max: 0xffff });
  const echo = fc.record(
    { kind: fc.constantFrom("echoRequest" as const, "echoReply" as const), identifier: u16, sequence: u16, data: fc.uint8Array({ maxLength: 64 }) },
    { noNullPrototype: true },
  );
  fc.assert(fc.property(echo, (value) => assert.deepEqual(decodeEcho(encodeEcho(value)), value)));
});

test("a wrong checksum, another type or code, and fewer than eight bytes are refused (RFC 792)", () => {
  const code = (hex: string) => (error: unknown) => error instanceof WireError && error.code === hex;
  assert.throws(() => decodeEcho(bytesOf("08008469123400016162")), code("bad-checksum"));
  assert.throws(() => decodeEcho(bytesOf("0300fcff00000000")), code("unsupported"));
  assert.throws(() => decodeEcho(bytesOf("0801f7fe00000000")), code("unsupported"));
  assert.throws(() => decodeEcho(bytesOf("0800")), code("truncated"));
});

test("the checksum is the one of RFC 1071 §3, and is zero over bytes that hold it", () => {
  assert.equal(checksum(bytesOf("0001 f203 f4f5 f6f7")), ~0xddf2 & 0xffff);
  assert.equal(checksum(bytesOf("0001 f203 f4f5 f6f7 220d")), 0);
  assert.equal(checksum(bytesOf("ff")), 0x00ff);
  assert.equal(checksum(), 0xffff);
});
