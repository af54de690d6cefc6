/**
 * Octets read and written in place on the packet path: no cursor, no copy, no exception. Whoever calls has compared with the end
 * before (`message.ts`, `relay-chain.ts`), or has asked for the room (`batch.ts`).
 */

export function u16At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** As a signed number: comparing and storing 32 bits needs no more, and nothing is allocated for it. */
export function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
}

export function putU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** A loop is faster than `set` for what identifiers and addresses measure. */
const LOOP_OCTETS = 24;

export function copyOctets(from: Uint8Array, fromAt: number, to: Uint8Array, toAt: number, length: number): void {
  if (length > LOOP_OCTETS) {
    to.set(from.subarray(fromAt, fromAt + length), toAt);
    return;
  }
  for (let i = 0; i < length; i++) to[toAt + i] = from[fromAt + i] ?? 0;
}

/** Below 0: `a` comes first. */
export function compareOctets(a: Uint8Array, b: Uint8Array, length: number): number {
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return (a[i] ?? 0) - (b[i] ?? 0);
  return 0;
}

export function sameOctets(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[aAt + i] !== b[bAt + i]) return false;
  return true;
}

export function allZero(bytes: Uint8Array, at: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[at + i] !== 0) return false;
  return true;
}

/** fe80::/10 (RFC 4291 §2.5.6). */
export function isLinkLocal(bytes: Uint8Array, at: number): boolean {
  return (u16At(bytes, at) & 0xffc0) === 0xfe80;
}

/** Whether the first `bits` are the same. */
export function samePrefix(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, bits: number): boolean {
  const whole = bits >>> 3;
  if (!sameOctets(a, aAt, b, bAt, whole)) return false;
  const mask = (0xff00 >>> (bits & 7)) & 0xff;
  return mask === 0 || (((a[aAt + whole] ?? 0) ^ (b[bAt + whole] ?? 0)) & mask) === 0;
}

/** Clears every bit behind the first `bits` of sixteen octets. */
export function clearHost(bytes: Uint8Array, bits: number): void {
  const whole = bits >>> 3;
  if (whole > 15) return;
  bytes[whole] = (bytes[whole] ?? 0) & (0xff00 >>> (bits & 7));
  bytes.fill(0, whole + 1, 16);
}

/** Clears the first `bits` of sixteen octets. */
export function clearNetwork(bytes: Uint8Array, bits: number): void {
  const whole = bits >>> 3;
  bytes.fill(0, 0, whole);
  if (whole < 16) bytes[whole] = (bytes[whole] ?? 0) & (0xff >>> (bits & 7));
}

/** Whether every bit behind the first `bits` of sixteen octets is zero. */
export function hostIsZero(bytes: Uint8Array, at: number, bits: number): boolean {
  const whole = bits >>> 3;
  if (whole < 16 && ((bytes[at + whole] ?? 0) & (0xff >>> (bits & 7))) !== 0) return false;
  return allZero(bytes, at + whole + 1, 15 - whole);
}
