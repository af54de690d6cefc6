/**
 * Clients whose keys collide for who knows the hash's key: all in one segment of the index, and with their homes in a quarter of it, so
 * that they pile up behind one another. Computed as an attacker would, by trying; and what looking one up costs, in entries compared.
 */
import { LeaseKeys } from "../../../src/services/leases/keys.ts";
import { SegmentedIndex } from "../../../src/services/leases/segmented-index.ts";
import { SIPHASH_1_3, SipHash } from "../../../src/services/leases/siphash.ts";

/** A key that an attacker knows: what a program without a secret would hash with. */
export const KNOWN_KEY = new Uint8Array(16);
const SEGMENT_BITS = 9;
const LINK = 1;
const TYPE = 3;
const IAID = 1;
const HEAD_BYTES = 8;
const IDENTIFIER_BYTES = 14;
/** Where the four octets stand that are tried. */
const TRIED_AT = HEAD_BYTES + IDENTIFIER_BYTES - 4;

export type Probes = { readonly mean: number; readonly most: number };

/** DUIDs of 14 octets that collide under `KNOWN_KEY` when all of them are in one index. */
export function collidingIdentifiers(count: number): readonly Uint8Array[] {
  const hash = new SipHash(KNOWN_KEY, SIPHASH_1_3);
  const bytes = new Uint8Array(HEAD_BYTES + IDENTIFIER_BYTES);
  bytes.set([LINK, 0, TYPE, 0, IAID, 0, 0, 0, 0, 1, 0, 1, 0x2a, 0x5b, 0x3c, 0x4d, 2, 0]);
  const quarterAt = SEGMENT_BITS + Math.log2(entriesFor(count)) - 2;
  const mask = ((1 << SEGMENT_BITS) - 1) | (3 << quarterAt);
  const found: Uint8Array[] = [];
  for (let tried = 0; found.length < count; tried++) {
    bytes[TRIED_AT] = tried >>> 24;
    bytes[TRIED_AT + 1] = tried >>> 16;
    bytes[TRIED_AT + 2] = tried >>> 8;
    bytes[TRIED_AT + 3] = tried;
    if ((hash.signed(bytes, 0, bytes.length) & mask) === 0) found.push(bytes.slice(HEAD_BYTES));
  }
  return found;
}

/** As many DUIDs that nobody chose. */
export function otherIdentifiers(count: number): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, n) => Uint8Array.of(0, 1, 0, 1, 0x2a, 0x5b, 0x3c, 0x4d, 4, 0, n >>> 24, n >>> 16, n >>> 8, n));
}

/** What it costs to find each of them in an index that holds them all. */
export function probesFor(identifiers: readonly Uint8Array[], key: Uint8Array): Probes {
  const keys = new LeaseKeys(key);
  const index = new SegmentedIndex();
  const hashes = identifiers.map((identifier) => keys.client(LINK, TYPE, IAID, identifier, 0, identifier.length));
  for (const [row, hash] of hashes.entries()) index.add(hash, row);
  const inSegment = new Map<number, number>();
  for (const hash of hashes) inSegment.set(segmentOf(hash), (inSegment.get(segmentOf(hash)) ?? 0) + 1);
  let sum = 0;
  let most = 0;
  for (const [row, hash] of hashes.entries()) {
    const entries = entriesFor(inSegment.get(segmentOf(hash)) ?? 0);
    const start = index.start(hash);
    let position = index.seek(hash, start);
    while (index.row(hash, position) !== row) position = index.seek(hash, position + 1);
    const probes = 1 + ((position - start + entries) % entries);
    sum += probes;
    most = Math.max(most, probes);
  }
  return { mean: sum / hashes.length, most };
}

function segmentOf(hash: number): number {
  return hash & ((1 << SEGMENT_BITS) - 1);
}

/** Entries of a segment that holds so many: it doubles where more than five of eight would be in use. */
function entriesFor(used: number): number {
  let entries = 16;
  while (used * 8 > entries * 5) entries *= 2;
  return entries;
}
