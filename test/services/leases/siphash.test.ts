/** SipHash-2-4 against its authors' vectors, SipHash-1-3 against another program's, and both against the definition in whole 64-bit words. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SIPHASH_1_3, SIPHASH_2_4, SipHash, type SipHashRounds } from "../../../src/services/leases/siphash.ts";

const upTo = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i);

/** For the key 00 01 ... 0f and the messages of 0 to 15 bytes 00 01 02 ..., the lowest byte first. */
const VECTORS = [
  "310e0edd47db6f72",
  "fd67dc93c539f874",
  "5a4fa9d909806c0d",
  "2d7efbd796666785",
  "b7877127e09427cf",
  "8da699cd64557618",
  "cee3fe586e46c9cb",
  "37d1018bf50002ab",
  "6224939a79f5f593",
  "b0e4a90bdf82009e",
  "f3b9dd94c5bb5d7a",
  "a7ad6b22462fb3f4",
  "fbe50e86bc8f1e75",
  "903d84c02756ea14",
  "eef27a8e90ca23f7",
  "e545be4961ca29a1",
];

test("the authors' vectors come out", () => {
  const hash = new SipHash(upTo(16));
  for (const [length, expected] of VECTORS.entries()) {
    assert.equal(hash.hash(upTo(length), 0, length), hash.low);
    const out = Buffer.alloc(8);
    out.writeUInt32LE(hash.low, 0);
    out.writeUInt32LE(hash.high, 4);
    assert.equal(out.toString("hex"), expected, `${length} bytes`);
  }
});

/**
 * SipHash-1-3 as CPython 3.11 hashes bytes (`PYTHONHASHSEED=42 python3 -c "print(hash(bytes(range(8))))"`, a signed number), whose key of
 * 16 bytes comes from the seed by its generator of random bytes. By length of the message 00 01 02 ..., the lowest byte first.
 */
const CPYTHON = {
  key: "af90cd68d34f50dcc1e999fe9fbb20b9",
  hashes: {
    8: "fb6a8c103c6c8660",
    9: "039e46f705408168",
    12: "dd7fef26cae60f55",
    15: "f88cc1684de2ac94",
    16: "05ce59acf3769133",
    17: "f196c214b40627ed",
    24: "8bce01b26f1c43ae",
    31: "611ca7bd51aff306",
    33: "bc395a70fe622f0c",
  },
} as const;

test("with one round a block and three at the end, CPython's hashes come out", () => {
  const hash = new SipHash(Buffer.from(CPYTHON.key, "hex"), SIPHASH_1_3);
  for (const [length, expected] of Object.entries(CPYTHON.hashes)) {
    hash.hash(upTo(Number(length)), 0, Number(length));
    const out = Buffer.alloc(8);
    out.writeUInt32LE(hash.low, 0);
    out.writeUInt32LE(hash.high, 4);
    assert.equal(out.toString("hex"), expected, `${length} bytes`);
  }
});

test("any key, any part of any bytes: the same as in whole words", () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), bytes, fc.nat(300), (key, message, from) => {
      const offset = Math.min(from, message.length);
      for (const rounds of [SIPHASH_2_4, SIPHASH_1_3]) {
        const hash = new SipHash(key, rounds);
        hash.hash(message, offset, message.length - offset);
        assert.equal((BigInt(hash.high) << 32n) | BigInt(hash.low), inWholeWords(key, message.subarray(offset), rounds));
      }
    }),
  );
});

function inWholeWords(key: Uint8Array, message: Uint8Array, { block, final }: SipHashRounds): bigint {
  const word = (bytes: Uint8Array, at: number) => Buffer.from(bytes).readBigUInt64LE(at);
  const rotate = (value: bigint, bits: bigint) => BigInt.asUintN(64, (value << bits) | (value >> (64n - bits)));
  const add = (a: bigint, b: bigint) => BigInt.asUintN(64, a + b);
  const [k0, k1] = [word(key, 0), word(key, 8)];
  let [v0, v1, v2, v3] = [k0 ^ 0x736f6d6570736575n, k1 ^ 0x646f72616e646f6dn, k0 ^ 0x6c7967656e657261n, k1 ^ 0x7465646279746573n];
  const rounds = (count: number) => {
    for (let i = 0; i < count; i++) {
      v0 = add(v0, v1);
      v1 = rotate(v1, 13n) ^ v0;
      v0 = rotate(v0, 32n);
      v2 = add(v2, v3);
      v3 = rotate(v3, 16n) ^ v2;
      v0 = add(v0, v3);
      v3 = rotate(v3, 21n) ^ v0;
      v2 = add(v2, v1);
      v1 = rotate(v1, 17n) ^ v2;
      v2 = rotate(v2, 32n);
    }
  };
  const padded = new Uint8Array((Math.floor(message.length / 8) + 1) * 8);
  padded.set(message);
  padded[padded.length - 1] = message.length & 0xff;
  for (let at = 0; at < padded.length; at += 8) {
    v3 ^= word(padded, at);
    rounds(block);
    v0 ^= word(padded, at);
  }
  v2 ^= 0xffn;
  rounds(final);
  return v0 ^ v1 ^ v2 ^ v3;
}
