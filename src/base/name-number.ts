/** Numbers that names stand for where a protocol wants a number. */

/** The same on every machine: FNV-1a. Not against anyone's will, only so that a reordered file changes nothing. */
export function numberOfName(name: string, bits: 16 | 32): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return (bits === 32 ? hash : (hash >>> 16) ^ (hash & 0xffff)) || 1;
}
