/**
 * The rows of the lease table: 64 bytes each, in chunks of 1 MiB, no object for any of them. A row is also the image of a
 * lease on disk, so numbers stand in one byte order, the lowest byte first (what all our machines have).
 *
 *   0 hash of the client key   4 IAID   8 link, type, prefix length   12 state, identifier length
 *  14 on disk the blocks of its note   15 spare
 *  16 address   32 valid until   36 preferred until   40 start   44 identifier: 20 bytes, or the slot of a longer one
 */

export const ROW_BYTES = 64;
export const ADDRESS_BYTES = 16;
/** Client identifiers up to this length stand in the row. */
export const INLINE_BYTES = 20;

/** Places of the fields in a row: words (of 4 bytes) for numbers, bytes for the rest. */
export const WORD = { hash: 0, iaid: 1, validUntil: 8, preferredUntil: 9, start: 10, slot: 11, words: 16 } as const;
export const BYTE = { link: 8, type: 10, prefixLength: 11, state: 12, identifierLength: 13, noteBlocks: 14, address: 16, identifier: 44 } as const;

const CHUNK_ROWS = 16_384;
const CHUNK_BITS = 14;
const NONE = 0xffffffff;

export class Rows {
  readonly #words: Uint32Array[] = [];
  readonly #bytes: Uint8Array[] = [];
  #free = NONE;
  /** Rows ever taken: every row in use has a lower number. */
  #end = 0;

  get end(): number {
    return this.#end;
  }

  get bytes(): number {
    return this.#bytes.length * CHUNK_ROWS * ROW_BYTES;
  }

  /** A row of zeros. */
  take(): number {
    if (this.#free !== NONE) {
      const row = this.#free;
      this.#free = this.word(row, WORD.iaid);
      this.setWord(row, WORD.iaid, 0);
      return row;
    }
    if (this.#end === this.#bytes.length * CHUNK_ROWS) {
      const chunk = new ArrayBuffer(CHUNK_ROWS * ROW_BYTES);
      this.#words.push(new Uint32Array(chunk));
      this.#bytes.push(new Uint8Array(chunk));
    }
    return this.#end++;
  }

  /** Rows in no use, in the order in which they are taken again. */
  free(): readonly number[] {
    const rows: number[] = [];
    for (let row = this.#free; row !== NONE; row = this.word(row, WORD.iaid)) rows.push(row);
    return rows;
  }

  /** While none is in use: rows are taken in this order, of every number below its length. */
  arrange(order: readonly number[]): void {
    for (let row = 0; row < order.length; row++) this.take();
    for (const row of order.toReversed()) this.giveBack(row);
  }

  /** Zeroes the row; state 0 then says that it is free. */
  giveBack(row: number): void {
    const from = (row & (CHUNK_ROWS - 1)) * WORD.words;
    this.#wordsOf(row).fill(0, from, from + WORD.words);
    this.setWord(row, WORD.iaid, this.#free);
    this.#free = row;
  }

  word(row: number, field: number): number {
    return this.#wordsOf(row)[(row & (CHUNK_ROWS - 1)) * WORD.words + field] ?? 0;
  }

  /** The same with a sign, which the engine keeps without an object. */
  signedWord(row: number, field: number): number {
    return this.word(row, field) | 0;
  }

  setWord(row: number, field: number, value: number): void {
    this.#wordsOf(row)[(row & (CHUNK_ROWS - 1)) * WORD.words + field] = value;
  }

  byte(row: number, field: number): number {
    return this.chunk(row)[this.at(row) + field] ?? 0;
  }

  setByte(row: number, field: number, value: number): void {
    this.chunk(row)[this.at(row) + field] = value;
  }

  /** The bytes of the chunk that holds the row, and where in it the row starts. */
  chunk(row: number): Uint8Array {
    return this.#bytes[row >>> CHUNK_BITS] ?? NO_BYTES;
  }

  at(row: number): number {
    return (row & (CHUNK_ROWS - 1)) * ROW_BYTES;
  }

  /** Compares or copies `length` bytes of a row from `field` on. */
  same(row: number, field: number, bytes: Uint8Array, at: number, length: number): boolean {
    const chunk = this.chunk(row);
    const from = this.at(row) + field;
    for (let i = 0; i < length; i++) if (chunk[from + i] !== bytes[at + i]) return false;
    return true;
  }

  copy(row: number, field: number, length: number, out: Uint8Array, at: number): void {
    const chunk = this.chunk(row);
    const from = this.at(row) + field;
    for (let i = 0; i < length; i++) out[at + i] = chunk[from + i] ?? 0;
  }

  write(row: number, field: number, bytes: Uint8Array, at: number, length: number): void {
    const chunk = this.chunk(row);
    const to = this.at(row) + field;
    for (let i = 0; i < length; i++) chunk[to + i] = bytes[at + i] ?? 0;
  }

  #wordsOf(row: number): Uint32Array {
    return this.#words[row >>> CHUNK_BITS] ?? NO_WORDS;
  }
}

const NO_BYTES = new Uint8Array(0);
const NO_WORDS = new Uint32Array(0);
