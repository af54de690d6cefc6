/**
 * From a hash (a signed number of 32 bits) to row numbers: open addressing in 512 segments that double alone, so that no insert ever moves the whole
 * table. Rows with the same hash may stand in it several times; who asks compares the rows.
 */

const SEGMENT_BITS = 9;
const SEGMENTS = 1 << SEGMENT_BITS;
const FIRST_ENTRIES = 16;
/** The fullest a segment gets before it doubles: 5 of 8. Beyond, runs of linear probing grow fast. */
const LOAD_NUMERATOR = 5;
const LOAD_DENOMINATOR = 8;

export class SegmentedIndex {
  /** Entries of two words: the hash, and the row + 1 (0: empty). */
  readonly #segments: Int32Array[] = [];
  readonly #used = new Uint32Array(SEGMENTS);

  constructor() {
    for (let i = 0; i < SEGMENTS; i++) this.#segments.push(new Int32Array(2 * FIRST_ENTRIES));
  }

  /** What the segments take, for the figures. */
  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.byteLength, 0);
  }

  /** The first position from which entries of that hash are found. */
  start(hash: number): number {
    return (hash >>> SEGMENT_BITS) & (this.#segment(hash).length / 2 - 1);
  }

  /** The first position at or behind `position` whose entry has that hash, or -1. Valid until the index changes. */
  seek(hash: number, position: number): number {
    const segment = this.#segment(hash);
    const mask = segment.length / 2 - 1;
    for (let at = position & mask; segment[2 * at + 1] !== 0; at = (at + 1) & mask) {
      if (segment[2 * at] === hash) return at;
    }
    return -1;
  }

  /** How many entries have that hash. */
  entries(hash: number): number {
    let entries = 0;
    for (let position = this.seek(hash, this.start(hash)); position !== -1; entries++) position = this.seek(hash, position + 1);
    return entries;
  }

  /** The row of the entry at a position that `seek` gave. */
  row(hash: number, position: number): number {
    return (this.#segment(hash)[2 * position + 1] ?? 0) - 1;
  }

  add(hash: number, row: number): void {
    const number = hash & (SEGMENTS - 1);
    let segment = this.#segment(hash);
    const used = (this.#used[number] ?? 0) + 1;
    if (used * LOAD_DENOMINATOR > (segment.length / 2) * LOAD_NUMERATOR) segment = this.#double(number, segment);
    place(segment, hash, row + 1);
    this.#used[number] = used;
  }

  /** Takes the entry out; entries of its run move up, so that no grave is left to walk over. False when it is not there. */
  remove(hash: number, row: number): boolean {
    const segment = this.#segment(hash);
    const mask = segment.length / 2 - 1;
    let hole = this.start(hash);
    while (segment[2 * hole + 1] !== row + 1 || segment[2 * hole] !== hash) {
      if (segment[2 * hole + 1] === 0) return false;
      hole = (hole + 1) & mask;
    }
    for (let at = (hole + 1) & mask; segment[2 * at + 1] !== 0; at = (at + 1) & mask) {
      const home = ((segment[2 * at] ?? 0) >>> SEGMENT_BITS) & mask;
      // An entry may move into the hole unless its home lies behind the hole.
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      segment[2 * hole] = segment[2 * at] ?? 0;
      segment[2 * hole + 1] = segment[2 * at + 1] ?? 0;
      hole = at;
    }
    segment[2 * hole + 1] = 0;
    const number = hash & (SEGMENTS - 1);
    this.#used[number] = (this.#used[number] ?? 1) - 1;
    return true;
  }

  #segment(hash: number): Int32Array {
    return this.#segments[hash & (SEGMENTS - 1)] ?? NO_ENTRIES;
  }

  #double(number: number, old: Int32Array): Int32Array {
    const wider = new Int32Array(2 * old.length);
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] !== 0) place(wider, old[at] ?? 0, old[at + 1] ?? 0);
    }
    this.#segments[number] = wider;
    return wider;
  }
}

const NO_ENTRIES = new Int32Array(2);

function place(segment: Int32Array, hash: number, entry: number): void {
  const mask = segment.length / 2 - 1;
  let at = (hash >>> SEGMENT_BITS) & mask;
  while (segment[2 * at + 1] !== 0) at = (at + 1) & mask;
  segment[2 * at] = hash;
  segment[2 * at + 1] = entry;
}
