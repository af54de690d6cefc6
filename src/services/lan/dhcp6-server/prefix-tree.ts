/**
 * Prefixes that are taken, as a binary tree in arrays: one node for each, and one wherever two of them part, so never more than twice as
 * many. Every node knows of which lengths there are free blocks below it; so a prefix is cut from the smallest block that holds it, as a
 * buddy allocator does, in steps of the tree's depth, and the same prefixes make the same tree in whichever order they came.
 */
import { FreeLengths } from "./free-lengths.ts";
import { clearHost, copyOctets, putU32, word } from "./octets.ts";

const ADDRESS_BITS = 128;
const FIRST_NODES = 64;
const KEY_WORDS = 4;
const NONE = 0;

/** A prefix may be taken by several at once: a lease, and what is not ours to give. */
export const TAKEN = { lease: 1, fixed: 2 } as const;
export type TakenBy = (typeof TAKEN)[keyof typeof TAKEN];
/** @returns false when nothing more need be shown */
export type PrefixVisitor = (prefix: Uint8Array, prefixLength: number, flags: number) => boolean;

export class PrefixTree {
  #keys = new Int32Array(KEY_WORDS * FIRST_NODES);
  #lengths = new Uint8Array(FIRST_NODES);
  #flags = new Uint8Array(FIRST_NODES);
  #children = new Int32Array(2 * FIRST_NODES);
  /** Of nodes in no use: the next one of those. */
  #parents = new Int32Array(FIRST_NODES);
  readonly #free = new FreeLengths(FIRST_NODES);
  #root = NONE;
  #unused = NONE;
  #end = 1;
  /** Nodes in use. */
  #count = 0;
  readonly #wanted = new Int32Array(KEY_WORDS);
  readonly #shown = new Uint8Array(16);

  get isEmpty(): boolean {
    return this.#root === NONE;
  }

  get nodes(): number {
    return this.#count;
  }

  clear(): void {
    this.#root = NONE;
    this.#unused = NONE;
    this.#end = 1;
    this.#count = 0;
  }

  add(prefix: Uint8Array, prefixLength: number, by: TakenBy): void {
    this.#load(prefix);
    let parent = NONE;
    let node = this.#root;
    while (node !== NONE) {
      const length = this.#lengths[node] ?? 0;
      const common = this.#common(node, Math.min(length, prefixLength));
      if (common < length) {
        this.#refresh(this.#part(parent, node, common, prefixLength, by));
        return;
      }
      if (length === prefixLength) {
        this.#flags[node] = (this.#flags[node] ?? 0) | by;
        this.#refresh(node);
        return;
      }
      parent = node;
      node = this.#children[2 * node + this.#bit(length)] ?? NONE;
    }
    const leaf = this.#make(prefixLength, by);
    this.#link(parent, leaf);
    this.#refresh(leaf);
  }

  remove(prefix: Uint8Array, prefixLength: number, by: TakenBy): void {
    const node = this.#find(prefix, prefixLength);
    if (node === NONE) return;
    this.#flags[node] = (this.#flags[node] ?? 0) & ~by;
    this.#refresh(this.#tidied(node));
  }

  /** Shows what overlaps a prefix: those around it, outermost first, it itself, those in it. @returns false when a visitor had enough */
  overlapping(prefix: Uint8Array, prefixLength: number, visit: PrefixVisitor): boolean {
    this.#load(prefix);
    for (let node = this.#root; node !== NONE; ) {
      const length = this.#lengths[node] ?? 0;
      const common = this.#common(node, Math.min(length, prefixLength));
      if (common < length && common < prefixLength) return true;
      if (length >= prefixLength) return this.#within(node, visit);
      if (!this.#show(node, visit)) return false;
      node = this.#children[2 * node + this.#bit(length)] ?? NONE;
    }
    return true;
  }

  /**
   * Writes where the smallest free block of a prefix begins that holds a piece of this length.
   * @returns the block's length, or -1 when there is none
   */
  smallest(prefix: Uint8Array, prefixLength: number, pieceLength: number, out: Uint8Array): number {
    this.#load(prefix);
    let node = this.#root;
    while (node !== NONE) {
      const length = this.#lengths[node] ?? 0;
      const common = this.#common(node, Math.min(length, prefixLength));
      if (common < length && common < prefixLength) node = NONE;
      else if (length >= prefixLength) break;
      else if (this.#flags[node] !== 0) return -1;
      else node = this.#children[2 * node + this.#bit(length)] ?? NONE;
    }
    if (node === NONE) {
      copyOctets(prefix, 0, out, 0, 16);
      return prefixLength;
    }
    return this.#cut(node, prefixLength, pieceLength, out);
  }

  /** From a node down, whose free blocks are those beside the way from `above` to it and those below it. */
  #cut(top: number, above: number, pieceLength: number, out: Uint8Array): number {
    const free = this.#free;
    free.begin();
    free.range(above + 1, this.#lengths[top] ?? 0);
    free.join(top);
    const best = free.longestUpTo(pieceLength);
    if (best === -1) return -1;
    let node = top;
    let from = above;
    while (best <= from || best > (this.#lengths[node] ?? 0)) {
      from = (this.#lengths[node] ?? 0) + 1;
      const left = this.#children[2 * node] ?? NONE;
      const inLeft = (best > from && best <= (this.#lengths[left] ?? 0)) || free.has(left, best);
      node = inLeft ? left : (this.#children[2 * node + 1] ?? NONE);
    }
    this.#copyKey(node, out);
    clearHost(out, best);
    const octet = (best - 1) >>> 3;
    out[octet] = (out[octet] ?? 0) ^ (0x80 >>> ((best - 1) & 7));
    return best;
  }

  /** Everything from a node down. */
  #within(top: number, visit: PrefixVisitor): boolean {
    const waiting = [top];
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      if (node === NONE) continue;
      if (!this.#show(node, visit)) return false;
      waiting.push(this.#children[2 * node + 1] ?? NONE, this.#children[2 * node] ?? NONE);
    }
    return true;
  }

  #show(node: number, visit: PrefixVisitor): boolean {
    const flags = this.#flags[node] ?? 0;
    if (flags === 0) return true;
    this.#copyKey(node, this.#shown);
    return visit(this.#shown, this.#lengths[node] ?? 0, flags);
  }

  #find(prefix: Uint8Array, prefixLength: number): number {
    this.#load(prefix);
    for (let node = this.#root; node !== NONE; ) {
      const length = this.#lengths[node] ?? 0;
      if (length > prefixLength || this.#common(node, length) < length) return NONE;
      if (length === prefixLength) return node;
      node = this.#children[2 * node + this.#bit(length)] ?? NONE;
    }
    return NONE;
  }

  /** What is wanted does not lie below the node: it stands over it, or beside it under a node where they part. */
  #part(parent: number, node: number, common: number, prefixLength: number, by: TakenBy): number {
    const isOver = common === prefixLength;
    const above = this.#make(common, isOver ? by : 0);
    this.#link(parent, above);
    this.#children[2 * above + this.#bitOf(node, common)] = node;
    this.#parents[node] = above;
    if (!isOver) this.#link(above, this.#make(prefixLength, by));
    return above;
  }

  /** Takes out a node that stands for nothing, and the one above if it parts nothing any more. @returns from where lengths have changed */
  #tidied(node: number): number {
    const left = this.#children[2 * node] ?? NONE;
    const right = this.#children[2 * node + 1] ?? NONE;
    if (this.#flags[node] !== 0 || (left !== NONE && right !== NONE)) return node;
    const parent = this.#parents[node] ?? NONE;
    const below = left !== NONE ? left : right;
    if (below !== NONE) this.#parents[below] = parent;
    if (parent === NONE) this.#root = below;
    else this.#children[2 * parent + (this.#children[2 * parent] === node ? 0 : 1)] = below;
    this.#parents[node] = this.#unused;
    this.#unused = node;
    this.#count--;
    return below === NONE && parent !== NONE ? this.#tidied(parent) : parent;
  }

  /** Lengths of free blocks, from a node up. */
  #refresh(from: number): void {
    const free = this.#free;
    for (let node = from; node !== NONE; node = this.#parents[node] ?? NONE) {
      free.begin();
      if (this.#flags[node] === 0) {
        for (let side = 0; side < 2; side++) {
          const child = this.#children[2 * node + side] ?? NONE;
          free.range((this.#lengths[node] ?? 0) + 2, this.#lengths[child] ?? 0);
          free.join(child);
        }
      }
      free.keep(node);
    }
  }

  #link(parent: number, node: number): void {
    this.#parents[node] = parent;
    if (parent === NONE) this.#root = node;
    else this.#children[2 * parent + this.#bitOf(node, this.#lengths[parent] ?? 0)] = node;
  }

  /** A node for the first bits of what is wanted. */
  #make(length: number, flags: number): number {
    let node = this.#unused;
    if (node !== NONE) this.#unused = this.#parents[node] ?? NONE;
    else {
      if (this.#end === this.#lengths.length) this.#grow();
      node = this.#end++;
    }
    for (let i = 0; i < KEY_WORDS; i++) {
      const bits = Math.min(32, Math.max(0, length - 32 * i));
      this.#keys[KEY_WORDS * node + i] = bits === 0 ? 0 : (this.#wanted[i] ?? 0) & (-1 << (32 - bits));
    }
    this.#lengths[node] = length;
    this.#flags[node] = flags;
    this.#children.fill(NONE, 2 * node, 2 * node + 2);
    this.#free.begin();
    this.#free.keep(node);
    this.#count++;
    return node;
  }

  #grow(): void {
    const nodes = 2 * this.#lengths.length;
    this.#keys = wider(this.#keys, new Int32Array(KEY_WORDS * nodes));
    this.#children = wider(this.#children, new Int32Array(2 * nodes));
    this.#parents = wider(this.#parents, new Int32Array(nodes));
    this.#lengths = wider(this.#lengths, new Uint8Array(nodes));
    this.#flags = wider(this.#flags, new Uint8Array(nodes));
    this.#free.grow(nodes);
  }

  #load(prefix: Uint8Array): void {
    for (let i = 0; i < KEY_WORDS; i++) this.#wanted[i] = word(prefix, 4 * i);
  }

  #copyKey(node: number, out: Uint8Array): void {
    for (let i = 0; i < KEY_WORDS; i++) putU32(out, 4 * i, this.#keys[KEY_WORDS * node + i] ?? 0);
  }

  /** How many of the first `most` bits a node shares with what is wanted. */
  #common(node: number, most: number): number {
    for (let i = 0; 32 * i < most; i++) {
      const difference = (this.#keys[KEY_WORDS * node + i] ?? 0) ^ (this.#wanted[i] ?? 0);
      if (difference !== 0) return Math.min(most, 32 * i + Math.clz32(difference));
    }
    return most;
  }

  /** The bit behind the first `length`. */
  #bit(length: number): number {
    return length === ADDRESS_BITS ? 0 : ((this.#wanted[length >>> 5] ?? 0) >>> (31 - (length & 31))) & 1;
  }

  #bitOf(node: number, length: number): number {
    return ((this.#keys[KEY_WORDS * node + (length >>> 5)] ?? 0) >>> (31 - (length & 31))) & 1;
  }
}

function wider<T extends Int32Array | Uint8Array>(old: T, room: T): T {
  room.set(old);
  return room;
}
