/** The cursor: what it refuses, and where it says so. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Reader, Writer } from "../../src/base/cursor.ts";
import { WireError } from "../../src/base/errors.ts";

const failsWith = (code: string, offset: number) => (error: unknown) => error instanceof WireError && error.code === code && error.offset === offset;

test("reading past the end says where the bytes ended, counted from the start of the datagram", () => {
  const inner = new Reader(Uint8Array.of(0, 1, 2, 3, 4)).sub(3);
  inner.skip(2);
  assert.throws(() => inner.u16(), failsWith("truncated", 3));
});
test("a nested cursor cannot read its neighbour's bytes", () => {
  const outer = new Reader(Uint8Array.of(1, 2, 3));
  assert.throws(() => outer.sub(2).bytes(3), failsWith("truncated", 2));
  assert.equal(outer.u8(), 3);
});
test("bytes that are left over are an error", () => assert.throws(() => new Reader(Uint8Array.of(7)).finish(), failsWith("trailing", 0)));
test("bytes() is a copy also of a Node Buffer, view() is not", () => {
  const buffer = Buffer.from([1, 2, 3]);
  const copy = new Reader(buffer).bytes(3);
  const view = new Reader(buffer).view(3);
  buffer[0] = 9;
  assert.deepEqual([copy[0], view[0]], [1, 9]);
});
test("a byte order mark in front of a text is part of it: two texts never become one", () => {
  const writer = new Writer(8);
  writer.text("\ufeffroot");
  assert.equal(new Reader(writer.take()).text(7), "\ufeffroot");
});
test("what is written is read back, in both byte orders, past the first size of the buffer", () => {
  const writer = new Writer(1);
  writer.u8(0xab);
  writer.u16(0x1234);
  writer.u32(0xdeadbeef);
  writer.hostU16(0x1234);
  writer.hostU32(0xdeadbeef);
  writer.f64(1.5);
  writer.text("ä");
  const reader = new Reader(writer.take());
  assert.deepEqual(
    [reader.u8(), reader.u16(), reader.u32(), reader.hostU16(), reader.hostU32(), reader.f64(), reader.text(2)],
    [0xab, 0x1234, 0xdeadbeef, 0x1234, 0xdeadbeef, 1.5, "ä"],
  );
});
test("text that is not UTF-8 is a bad value at its first byte", () =>
  assert.throws(() => new Reader(Uint8Array.of(0, 0xff)).sub(2).text(2), failsWith("bad-value", 0)));
