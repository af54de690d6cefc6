/** Sets of prefix lengths, one for each node of a tree: 128 bits in four words, of which those of one node are made at a time. */

const WORDS = 4;
const LENGTHS_PER_WORD = 32;

export class FreeLengths {
  #kept: Int32Array;
  /** The set that is being made. */
  readonly #made = new Int32Array(WORDS);

  constructor(nodes: number) {
    this.#kept = new Int32Array(WORDS * nodes);
  }

  grow(nodes: number): void {
    const wider = new Int32Array(WORDS * nodes);
    wider.set(this.#kept);
    this.#kept = wider;
  }

  begin(): void {
    this.#made.fill(0);
  }

  /** Puts in every length from one to another; none where the second is the smaller. */
  range(first: number, last: number): void {
    for (let length = first; length <= last; length++) {
      const at = (length - 1) >>> 5;
      this.#made[at] = (this.#made[at] ?? 0) | (1 << ((length - 1) & 31));
    }
  }

  /** Puts in what another node has. */
  join(node: number): void {
    for (let i = 0; i < WORDS; i++) this.#made[i] = (this.#made[i] ?? 0) | (this.#kept[WORDS * node + i] ?? 0);
  }

  /** What was made is the node's. */
  keep(node: number): void {
    for (let i = 0; i < WORDS; i++) this.#kept[WORDS * node + i] = this.#made[i] ?? 0;
  }

  has(node: number, length: number): boolean {
    return ((this.#kept[WORDS * node + ((length - 1) >>> 5)] ?? 0) & (1 << ((length - 1) & 31))) !== 0;
  }

  /** Of what was made, the longest that is not longer than `most`; -1 when there is none. */
  longestUpTo(most: number): number {
    const last = (most - 1) >>> 5;
    for (let i = last; i >= 0; i--) {
      const used = most - LENGTHS_PER_WORD * i;
      const within = used >= LENGTHS_PER_WORD ? -1 : (1 << used) - 1;
      const bits = (this.#made[i] ?? 0) & within;
      if (bits !== 0) return LENGTHS_PER_WORD * i + LENGTHS_PER_WORD - Math.clz32(bits);
    }
    return -1;
  }
}
