/** Interface identifiers that no host may have: routers' and other anycast ones, and those of IANA (RFC 5453 §3). */

const IANA_HIGH = 0x02005eff;
const IANA_LOW = 0xfe000000 | 0;
const ANYCAST_HIGH = 0xfdffffff | 0;
const ANYCAST_LOW = 0xffffff80 | 0;

/** @param at where an address of sixteen octets begins in `bytes` */
export function isReservedIdentifier(bytes: Uint8Array, at: number): boolean {
  const high = word(bytes, at + 8);
  const low = word(bytes, at + 12);
  if (high === 0 && low === 0) return true;
  if (high === IANA_HIGH && (low & 0xff000000) === IANA_LOW) return true;
  return high === ANYCAST_HIGH && (low & 0xffffff80) === ANYCAST_LOW;
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
}
