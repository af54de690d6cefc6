import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { bytesOf, toHex } from "../../src/base/hex.ts";
import { hmacMd5, md5, sameDigest } from "../../src/base/md5.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

const SUITE: readonly (readonly [string, string])[] = [
  ["", "d41d8cd98f00b204e9800998ecf8427e"],
  ["a", "0cc175b9c0f1b6a831c399e269772661"],
  ["abc", "900150983cd24fb0d6963f7d28e17f72"],
  ["message digest", "f96b697d7cb7938d525a2f31aaf161d0"],
  ["abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"],
  ["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f"],
  ["12345678901234567890123456789012345678901234567890123456789012345678901234567890", "57edf4a22be3c955ac49da2e2107b67a"],
];
for (const [value, digest] of SUITE) {
  test(`MD5 of "${value}" is the digest of the suite (RFC 1321 §A.5)`, () => assert.equal(toHex(md5(text(value))), digest));
}

test("HMAC-MD5 gives the digests of RFC 2104's appendix and RFC 2202 §2", () => {
  const cases: readonly (readonly [Uint8Array, Uint8Array, string])[] = [
    [new Uint8Array(16).fill(0x0b), text("Hi There"), "9294727a3638bb1c13f48ef8158bfc9d"],
    [text("Jefe"), text("what do ya want for nothing?"), "750c783e6ab0b503eaa86e310a5db738"],
    [new Uint8Array(16).fill(0xaa), new Uint8Array(50).fill(0xdd), "56be34521d144c88dbb8c733f0e8b3f6"],
    [bytesOf("0102030405060708090a0b0c0d0e0f10111213141516171819"), new Uint8Array(50).fill(0xcd), "697eaf0aca3a3aea3a75164746ffaa79"],
    [new Uint8Array(80).fill(0xaa), text("Test Using Larger Than Block-Size Key - Hash Key First"), "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd"],
  ];
  for (const [key, message, digest] of cases) assert.equal(toHex(hmacMd5(key, message)), digest);
});

test("whatever the key and the message, the digests are those of OpenSSL", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 130 }), (message, key) => {
      assert.equal(toHex(md5(message)), createHash("md5").update(message).digest("hex"));
      assert.equal(toHex(hmacMd5(key, message)), createHmac("md5", key).update(message).digest("hex"));
    }),
    { numRuns: 500 },
  );
});

test("every length around the ends of blocks is padded right (RFC 1321 §3.1)", () => {
  for (let length = 0; length <= 200; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => i);
    assert.equal(toHex(md5(bytes)), createHash("md5").update(bytes).digest("hex"));
  }
});

test("digests are the same in every octet or not at all", () => {
  const digest = md5(text("a"));
  assert.equal(sameDigest(digest, digest.slice()), true);
  for (let bit = 0; bit < 128; bit++) {
    const other = digest.slice();
    other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.equal(sameDigest(digest, other), false);
  }
  assert.equal(sameDigest(digest, digest.slice(0, 15)), false);
  assert.equal(sameDigest(digest, new Uint8Array(0)), false);
});
