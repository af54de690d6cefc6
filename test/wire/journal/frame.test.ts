/** Frames: what was sealed is read, and nothing else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { crc32c } from "../../../src/wire/journal/crc32c.ts";
import { FRAME_HEAD_BYTES, KIND, paddedBytes, PAGE_BYTES, readFrame, sealFrame } from "../../../src/wire/journal/frame.ts";
import { frame, STAMP } from "./support.ts";

test("CRC-32C is that of RFC 3720, appendix B.4", () => {
  const of = (bytes: Uint8Array) => crc32c(bytes, 0, bytes.length).toString(16);
  assert.equal(of(new TextEncoder().encode("123456789")), "e3069283");
  assert.equal(of(new Uint8Array(32)), "8a9136aa");
  assert.equal(of(new Uint8Array(32).fill(0xff)), "62a8ab43");
  assert.equal(of(Uint8Array.from({ length: 32 }, (_, i) => i)), "46dd794e");
  assert.equal(crc32c(new TextEncoder().encode("..123456789.."), 2, 9).toString(16), "e3069283");
});

test("a frame is what it was sealed as, wherever it stands, and fills whole pages", () => {
  const blocks = fc.array(fc.uint8Array({ minLength: 64, maxLength: 64 }), { maxLength: 130 });
  const sequence = fc.oneof(fc.nat(), fc.maxSafeNat());
  const stamp = fc.uint8Array({ minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(KIND)), blocks, sequence, stamp, fc.nat(100), (kind, images, number, mark, at) => {
      const bytes = new Uint8Array(at + paddedBytes(images.length) + 3).fill(0xaa);
      for (const [i, image] of images.entries()) bytes.set(image, at + FRAME_HEAD_BYTES + 64 * i);
      const padded = sealFrame(bytes, at, { kind, blocks: images.length, sequence: number, stamp: mark });
      assert.equal(padded % PAGE_BYTES, 0);
      const found = readFrame(bytes, at);
      assert.ok(found !== undefined);
      assert.deepEqual([found.kind, found.sequence, found.next], [kind, number, at + padded]);
      assert.deepEqual([...found.stamp], [...mark]);
      assert.deepEqual(Buffer.from(bytes.subarray(found.from, found.to)), Buffer.concat(images));
      assert.ok(bytes.subarray(found.to, found.next).every((byte) => byte === 0));
      assert.deepEqual([...bytes.subarray(at + padded)], [0xaa, 0xaa, 0xaa]);
    }),
  );
});

test("a frame with any bit turned is none, and neither is one cut short", () => {
  const whole = frame(5, [1, 2]);
  const length = FRAME_HEAD_BYTES + 2 * 64;
  for (let bit = 0; bit < 8 * length; bit++) {
    const bent = whole.slice();
    bent[bit >> 3] = (bent[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.equal(readFrame(bent, 0), undefined, `bit ${bit}`);
  }
  for (let end = 0; end < length; end++) assert.equal(readFrame(whole.subarray(0, end), 0), undefined, `${end} bytes`);
  assert.equal(readFrame(whole.subarray(0, length), 0)?.sequence, 5);
});

test("a frame whose sequence no number can hold is none", () => {
  const bytes = frame(1, []);
  bytes[23] = 0x7f;
  new DataView(bytes.buffer).setUint32(4, crc32c(bytes, 8, 24), true);
  assert.equal(readFrame(bytes, 0), undefined);
});

test("garbage is read as nothing or as a frame inside its bytes, and never throws", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(210), (bytes, at) => {
      assert.equal(readFrame(bytes, at), undefined);
    }),
  );
  assert.deepEqual([...STAMP], [...(readFrame(frame(1, []), 0)?.stamp ?? [])]);
});
