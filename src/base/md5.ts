/**
 * MD5 (RFC 1321) and HMAC-MD5 (RFC 2104) over whole byte strings: the reconfigure key protocol asks for them (RFC 9915 §20.4). MD5 is
 * broken as a hash and not known to be as a keyed one (RFC 6151 §2.3): nothing else may be built on it.
 */
import { Reader, Writer } from "./cursor.ts";

export const MD5_BYTES = 16;

const BLOCK_BYTES = 64;
const WORDS = BLOCK_BYTES / 4;
/** Where the length in bits stands in the last block (RFC 1321 §3.2). */
const LENGTH_AT = 56;
/** Turns of each of the four rounds, step after step (§3.4). */
const TURNS = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
] as const;
/** The table T of §3.4, made as it is defined. */
const SINES = Uint32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32));
const START = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476] as const;

export function md5(...parts: readonly Uint8Array[]): Uint8Array {
  const blocks = new Reader(padded(parts));
  const state = Uint32Array.from(START);
  while (blocks.remaining > 0) {
    mix(
      state,
      Uint32Array.from({ length: WORDS }, () => blocks.hostU32()),
    );
  }
  const digest = new Writer(MD5_BYTES);
  for (const word of state) digest.hostU32(word);
  return digest.take();
}

export function hmacMd5(key: Uint8Array, message: Uint8Array): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES);
  block.set(key.length > BLOCK_BYTES ? md5(key) : key);
  const inner = md5(
    block.map((byte) => byte ^ 0x36),
    message,
  );
  return md5(
    block.map((byte) => byte ^ 0x5c),
    inner,
  );
}

/** Compares all of both, so that the time it takes does not tell where they differ. */
export function sameDigest(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < MD5_BYTES; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

/** One bit, zeros up to the length, and the length in bits (§3.1, §3.2): a datagram's stays below 2^32. */
function padded(parts: readonly Uint8Array[]): Uint8Array {
  const writer = new Writer(4 * BLOCK_BYTES);
  for (const part of parts) writer.bytes(part);
  const bits = 8 * writer.length;
  writer.u8(0x80);
  writer.zeros((BLOCK_BYTES + LENGTH_AT - (writer.length % BLOCK_BYTES)) % BLOCK_BYTES);
  writer.hostU32(bits);
  writer.zeros(4);
  return writer.take();
}

function mix(state: Uint32Array, block: Uint32Array): void {
  let [a = 0, b = 0, c = 0, d = 0] = state;
  for (let step = 0; step < 64; step++) {
    const round = step >>> 4;
    const word = a + chosen(round, b, c, d) + (block[wordOf(round, step)] ?? 0) + (SINES[step] ?? 0);
    const turn = TURNS[round]?.[step & 3] ?? 0;
    [a, d, c, b] = [d, c, b, (b + turned(word, turn)) | 0];
  }
  [a, b, c, d].forEach((word, i) => {
    state[i] = (state[i] ?? 0) + word;
  });
}

/** F, G, H and I of §3.4. */
function chosen(round: number, x: number, y: number, z: number): number {
  if (round === 0) return (x & y) | (~x & z);
  if (round === 1) return (x & z) | (y & ~z);
  return round === 2 ? x ^ y ^ z : y ^ (x | ~z);
}

function wordOf(round: number, step: number): number {
  if (round === 0) return step;
  if (round === 1) return (5 * step + 1) % WORDS;
  return round === 2 ? (3 * step + 5) % WORDS : (7 * step) % WORDS;
}

function turned(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
