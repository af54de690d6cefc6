/**
 * Delegated prefixes that another one could overlap without having its very length and place, where the table of leases finds it: those
 * of pools with several lengths, those promised under an earlier configuration; and prefixes that are not ours to delegate, on links or
 * reserved. All other leases are left out, so that a pool of one length costs nothing here.
 */
import { LIMITS } from "../../../base/limits.ts";
import { type LeaseTable, STATE } from "../../leases/table.ts";
import type { ReplyBatch } from "./batch.ts";
import { OPTION } from "./codes.ts";
import { samePrefix } from "./octets.ts";
import type { Pool } from "./pools.ts";
import { PrefixTree, type PrefixVisitor, TAKEN } from "./prefix-tree.ts";

export type FixedPrefix = { readonly prefix: Uint8Array; readonly prefixLength: number };
/** What the tree does not know of leases. */
export type Leases = {
  readonly table: LeaseTable;
  isLive(row: number, now: number): boolean;
  forget(row: number, out: ReplyBatch): void;
};

export class Overlaps {
  readonly #tree = new PrefixTree();
  readonly #leases: Leases;
  /** One pool of each shape there is. */
  #shapes: readonly Pool[] = [];
  #signature = "";
  #reserved: readonly FixedPrefix[] = [];
  /** Shapes of pools that other leases may lie across. */
  #entangled: ReadonlySet<string> = new Set();
  #fixed: readonly FixedPrefix[] = [];
  readonly #address = new Uint8Array(16);
  /** Leases that may still be forgotten for the message at hand: so much room there is for it in the journal. */
  #mayForget = 0;

  constructor(leases: Leases) {
    this.#leases = leases;
  }

  /** Pools or what is not ours to delegate may have changed; reserved prefixes are others when the list is another. The whole table is looked through only when pools are others than before. */
  follow(pools: readonly Pool[], reserved: readonly FixedPrefix[], onLinks: readonly FixedPrefix[]): void {
    const byShape = new Map<string, Pool>();
    for (const pool of pools) if (!byShape.has(shapeOf(pool))) byShape.set(shapeOf(pool), pool);
    this.#shapes = [...byShape.values()];
    const signature = [...byShape.keys()].join(" ");
    const isNew = signature !== this.#signature || reserved !== this.#reserved;
    if (isNew) this.#entangled = new Set([...byShape].filter(([, pool]) => isEntangled(pool, this.#shapes, reserved)).map(([shape]) => shape));
    for (const pool of pools) pool.isEntangled = this.#entangled.has(shapeOf(pool));
    this.#setFixed([...reserved, ...onLinks.filter((one) => this.#shapes.some((pool) => overlap(pool.shape, one)))]);
    this.#signature = signature;
    this.#reserved = reserved;
    if (isNew) this.reload();
  }

  /** Another message. */
  begin(): void {
    this.#mayForget = LIMITS.leasesPerMessage;
  }

  /** The table was filled from elsewhere. */
  reload(): void {
    this.#tree.clear();
    const fixed = this.#fixed;
    this.#fixed = [];
    this.#setFixed(fixed);
    const { table } = this.#leases;
    for (let row = 0; row < table.end; row++) if (this.#isRelevant(row)) this.#add(row);
  }

  /** A lease was taken. @param pool undefined: it was chosen by somebody else */
  taken(row: number, pool: Pool | undefined): void {
    if (pool === undefined ? this.#isRelevant(row) : pool.isEntangled) this.#add(row);
  }

  /** A row is about to be removed. */
  gone(row: number): void {
    const { table } = this.#leases;
    if (this.#tree.isEmpty || table.type(row) !== OPTION.iaPd) return;
    table.copyAddress(row, this.#address, 0);
    this.#tree.remove(this.#address, table.prefixLength(row), TAKEN.lease);
  }

  /**
   * Whether a prefix is free as far as the tree knows; a lease of the very same one is in the table and the caller's to judge.
   * @param pressed what ended and is kept for its client does not count @param own nor does that this very prefix is reserved
   */
  isFree(prefix: Uint8Array, prefixLength: number, now: number, pressed: boolean, own: boolean): boolean {
    if (this.#tree.isEmpty) return true;
    let over = 0;
    return this.#tree.overlapping(prefix, prefixLength, (other, length, flags) => {
      const isSame = length === prefixLength;
      if ((flags & TAKEN.fixed) !== 0 && !(own && isSame)) return false;
      if ((flags & TAKEN.lease) === 0 || isSame) return true;
      if (!pressed || ++over > this.#mayForget) return false;
      const row = this.#leases.table.findAddress(other, 0, length);
      return row === -1 || !this.#leases.isLive(row, now);
    });
  }

  /** Forgets leases whose time is over and that a prefix overlaps which is given now. */
  clear(prefix: Uint8Array, prefixLength: number, out: ReplyBatch): void {
    if (this.#tree.isEmpty) return;
    const rows: number[] = [];
    const collect: PrefixVisitor = (other, length, flags) => {
      const row = (flags & TAKEN.lease) === 0 || length === prefixLength ? -1 : this.#leases.table.findAddress(other, 0, length);
      if (row !== -1) rows.push(row);
      return true;
    };
    this.#tree.overlapping(prefix, prefixLength, collect);
    for (const row of rows) this.#leases.forget(row, out);
    this.#mayForget -= rows.length;
  }

  /** Writes where the smallest free block of a pool begins that has room for a piece. @returns its length, or -1 */
  smallest({ shape }: Pool, pieceLength: number, out: Uint8Array): number {
    return this.#tree.smallest(shape.prefix, shape.prefixLength, pieceLength, out);
  }

  #setFixed(fixed: readonly FixedPrefix[]): void {
    for (const { prefix, prefixLength } of this.#fixed) this.#tree.remove(prefix, prefixLength, TAKEN.fixed);
    this.#fixed = fixed;
    for (const { prefix, prefixLength } of fixed) this.#tree.add(prefix, prefixLength, TAKEN.fixed);
  }

  #add(row: number): void {
    const { table } = this.#leases;
    table.copyAddress(row, this.#address, 0);
    this.#tree.add(this.#address, table.prefixLength(row), TAKEN.lease);
  }

  #isRelevant(row: number): boolean {
    const { table } = this.#leases;
    if (table.state(row) === STATE.free || table.type(row) !== OPTION.iaPd) return false;
    const prefixLength = table.prefixLength(row);
    table.copyAddress(row, this.#address, 0);
    const lease = { prefix: this.#address, prefixLength };
    if (this.#shapes.some((pool) => overlap(pool.shape, lease) && (pool.isEntangled || pool.shape.pieceLength !== prefixLength))) return true;
    return !this.#tree.overlapping(this.#address, prefixLength, (_prefix, _length, flags) => (flags & TAKEN.fixed) === 0);
  }
}

/** Whether leases of other lengths than a pool's, or a reserved prefix of another, may lie across its pieces. */
function isEntangled(pool: Pool, shapes: readonly Pool[], reserved: readonly FixedPrefix[]): boolean {
  const { pieceLength } = pool.shape;
  if (pool.isMixed || reserved.some((one) => one.prefixLength !== pieceLength && overlap(pool.shape, one))) return true;
  return shapes.some((other) => (other.isMixed || other.shape.pieceLength !== pieceLength) && overlap(pool.shape, other.shape));
}

function overlap(a: FixedPrefix, b: FixedPrefix): boolean {
  return samePrefix(a.prefix, 0, b.prefix, 0, Math.min(a.prefixLength, b.prefixLength));
}

function shapeOf({ shape }: Pool): string {
  return `${shape.prefix.join()}/${shape.prefixLength}:${shape.shortest}-${shape.longest}`;
}
