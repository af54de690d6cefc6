/** CRC-32C (Castagnoli; RFC 3720 appendix B.4), a byte at a time. The native layer has a faster one of the same result. */

/** The checksum of `length` bytes from `offset`, unsigned. */
export type Checksum = (bytes: Uint8Array, offset: number, length: number) => number;

const REVERSED_POLYNOMIAL = 0x82f63b78;

const TABLE = new Uint32Array(256).map((_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 0 ? value >>> 1 : (value >>> 1) ^ REVERSED_POLYNOMIAL;
  return value;
});

export const crc32c: Checksum = (bytes, offset, length) => {
  let value = 0xffffffff;
  for (let at = offset; at < offset + length; at++) value = (TABLE[(value ^ (bytes[at] ?? 0)) & 0xff] ?? 0) ^ (value >>> 8);
  return ~value >>> 0;
};
