/**
 * Notes beside leases, in blocks of 64 octets that are chained by number: no object for any of them, nothing lost to sizes that do not
 * fit, and a lease without a note takes nothing. Which block a row's note begins with stands in chunks that are made with the first
 * note among their rows.
 */
import { LIMITS } from "../../base/limits.ts";
import { acceptsReconfigureIn, isPeerIn, NOTE_BLOCK_BYTES } from "./note.ts";

const CHUNK_BITS = 14;
const CHUNK_ROWS = 1 << CHUNK_BITS;
const SLAB_BITS = 12;
const SLAB_BLOCKS = 1 << SLAB_BITS;
const BLOCKS_MAX = LIMITS.notesBytes / NOTE_BLOCK_BYTES;

export class Notes {
  /** The first block + 1 of each row's note; 0: none. */
  readonly #firsts: (Uint32Array | undefined)[] = [];
  readonly #slabs: Uint8Array[] = [];
  /** The next block + 1 of the same note, or of the list of free ones; 0: there is none. */
  readonly #nexts: Uint32Array[] = [];
  #free = 0;
  #taken = 0;
  #inUse = 0;

  /** Blocks that notes have together. */
  get blocksInUse(): number {
    return this.#inUse;
  }

  get bytes(): number {
    const chunks = this.#firsts.reduce((sum, chunk) => sum + (chunk?.byteLength ?? 0), 0);
    return chunks + this.#slabs.length * SLAB_BLOCKS * (NOTE_BLOCK_BYTES + 4);
  }

  has(row: number): boolean {
    return this.#first(row) !== 0;
  }

  /** Blocks of the row's note. */
  blocks(row: number): number {
    let blocks = 0;
    for (let block = this.#first(row); block !== 0 && blocks < LIMITS.noteBlocks; block = this.#next(block)) blocks++;
    return blocks;
  }

  /** Copies the row's note to `at`. @returns its octets */
  copy(row: number, out: Uint8Array, at: number): number {
    let end = at;
    for (let block = this.#first(row); block !== 0; block = this.#next(block)) {
      const slab = this.#slab(block);
      const from = placeOf(block);
      for (let i = 0; i < NOTE_BLOCK_BYTES; i++) out[end + i] = slab[from + i] ?? 0;
      end += NOTE_BLOCK_BYTES;
    }
    return end - at;
  }

  /** Whether the row's note is the one of `blocks` blocks at `at`. */
  same(row: number, bytes: Uint8Array, at: number, blocks: number): boolean {
    let compared = 0;
    for (let block = this.#first(row); block !== 0; block = this.#next(block)) {
      const slab = this.#slab(block);
      const [from, to] = [placeOf(block), at + compared * NOTE_BLOCK_BYTES];
      if (++compared > blocks) return false;
      for (let i = 0; i < NOTE_BLOCK_BYTES; i++) if (slab[from + i] !== bytes[to + i]) return false;
    }
    return compared === blocks;
  }

  /** @returns false when there is no room for it: the row then has none */
  set(row: number, bytes: Uint8Array, at: number, blocks: number): boolean {
    this.drop(row);
    if (blocks === 0 || blocks > LIMITS.noteBlocks || this.#inUse + blocks > BLOCKS_MAX) return false;
    let next = 0;
    for (let i = blocks - 1; i >= 0; i--) {
      const block = this.#take();
      const slab = this.#slab(block);
      const [to, from] = [placeOf(block), at + i * NOTE_BLOCK_BYTES];
      for (let octet = 0; octet < NOTE_BLOCK_BYTES; octet++) slab[to + octet] = bytes[from + octet] ?? 0;
      this.#link(block, next);
      next = block;
    }
    this.#firstsOf(row >>> CHUNK_BITS)[row & (CHUNK_ROWS - 1)] = next;
    return true;
  }

  drop(row: number): void {
    const first = this.#first(row);
    if (first === 0) return;
    for (let block = first; block !== 0; ) {
      const next = this.#next(block);
      this.#link(block, this.#free);
      this.#free = block;
      this.#inUse--;
      block = next;
    }
    const firsts = this.#firsts[row >>> CHUNK_BITS];
    if (firsts !== undefined) firsts[row & (CHUNK_ROWS - 1)] = 0;
  }

  /** Whether the row's client has our key and would obey a Reconfigure. */
  acceptsReconfigure(row: number): boolean {
    const first = this.#first(row);
    return first !== 0 && acceptsReconfigureIn(this.#slab(first), placeOf(first));
  }

  /** Whether the row's client was last heard from this address. */
  isPeer(row: number, address: Uint8Array, at: number): boolean {
    const first = this.#first(row);
    return first !== 0 && isPeerIn(this.#slab(first), placeOf(first), address, at);
  }

  /** Chunks are asked for only up to the last: an engine reads what is not there slowly. */
  #first(row: number): number {
    const chunk = row >>> CHUNK_BITS;
    return chunk < this.#firsts.length ? (this.#firsts[chunk]?.[row & (CHUNK_ROWS - 1)] ?? 0) : 0;
  }

  #firstsOf(chunk: number): Uint32Array {
    while (this.#firsts.length <= chunk) this.#firsts.push(undefined);
    const firsts = this.#firsts[chunk] ?? new Uint32Array(CHUNK_ROWS);
    this.#firsts[chunk] = firsts;
    return firsts;
  }

  #next(block: number): number {
    return this.#nexts[(block - 1) >>> SLAB_BITS]?.[(block - 1) & (SLAB_BLOCKS - 1)] ?? 0;
  }

  #link(block: number, next: number): void {
    const nexts = this.#nexts[(block - 1) >>> SLAB_BITS];
    if (nexts !== undefined) nexts[(block - 1) & (SLAB_BLOCKS - 1)] = next;
  }

  #slab(block: number): Uint8Array {
    return this.#slabs[(block - 1) >>> SLAB_BITS] ?? NO_BYTES;
  }

  #take(): number {
    this.#inUse++;
    if (this.#free !== 0) {
      const block = this.#free;
      this.#free = this.#next(block);
      return block;
    }
    if (this.#taken === this.#slabs.length * SLAB_BLOCKS) {
      this.#slabs.push(new Uint8Array(SLAB_BLOCKS * NOTE_BLOCK_BYTES));
      this.#nexts.push(new Uint32Array(SLAB_BLOCKS));
    }
    return ++this.#taken;
  }
}

const NO_BYTES = new Uint8Array(0);

function placeOf(block: number): number {
  return ((block - 1) & (SLAB_BLOCKS - 1)) * NOTE_BLOCK_BYTES;
}
