/**
 * Users or groups of a snapshot: their lines in the order of names, found by name and by id. The bytes are laid out as the answer to YP
 * ALL has them, so that the whole map goes out without being written again.
 */
import { compareBytes, firstPlace } from "./bytes.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Lines } from "./lines.ts";
import { firstOfEach, type Sliced, sortedRows } from "./sort.ts";

/** Status, more, and length of the value stand in front of a line; the length of the key stands in front of its name. */
const BEFORE_VALUE = 12;
const BEFORE_KEY = 4;
const FOUND = 1;
/** Longer lines are those of groups with many members. */
const MOST_SHORT_BYTES = 256;
const MORE = 1;

export type TableParts = {
  readonly count: number;
  readonly items: Uint8Array;
  readonly starts: Uint32Array;
  readonly valueBytes: Uint32Array;
  readonly nameBytes: Uint8Array;
  readonly ids: Uint32Array;
  /** Rows in the order of ids; of rows with the same id only the first one's. */
  readonly byId: Uint32Array;
};

export class Table {
  readonly #parts: TableParts;

  constructor(parts: TableParts) {
    this.#parts = parts;
  }

  get count(): number {
    return this.#parts.count;
  }

  /** For whoever makes another table of it; nobody writes there. */
  get parts(): TableParts {
    return this.#parts;
  }

  /** How many ids there are: fewer than rows where one is shared. */
  get idCount(): number {
    return this.#parts.byId.length;
  }

  /** All rows as items of an answer to ALL, in the order of names. */
  get items(): Uint8Array {
    return this.#parts.items;
  }

  line(row: number): Uint8Array {
    const start = (this.#parts.starts[row] ?? 0) + BEFORE_VALUE;
    return this.#parts.items.subarray(start, start + (this.#parts.valueBytes[row] ?? 0));
  }

  name(row: number): Uint8Array {
    const start = (this.#parts.starts[row] ?? 0) + BEFORE_VALUE;
    return this.#parts.items.subarray(start, start + (this.#parts.nameBytes[row] ?? 0));
  }

  id(row: number): number {
    return this.#parts.ids[row] ?? 0;
  }

  /** The row of the id at a place in the order of ids. */
  rowOfId(place: number): number {
    return this.#parts.byId[place] ?? 0;
  }

  /** @returns a row, or undefined */
  find(name: Uint8Array): number | undefined {
    const row = firstPlace(this.count, (at) => compareBytes(this.name(at), name) >= 0);
    return row < this.count && compareBytes(this.name(row), name) === 0 ? row : undefined;
  }

  /** The first row whose name comes behind this one, whether that is there or not; `count` behind the last. */
  after(name: Uint8Array): number {
    return firstPlace(this.count, (at) => compareBytes(this.name(at), name) > 0);
  }

  findId(id: number): number | undefined {
    const place = firstPlace(this.idCount, (at) => this.id(this.rowOfId(at)) >= id);
    const row = this.rowOfId(place);
    return place < this.idCount && this.id(row) === id ? row : undefined;
  }

  /** The place, in the order of ids, of the first one above this one. */
  afterId(id: number): number {
    return firstPlace(this.idCount, (at) => this.id(this.rowOfId(at)) > id);
  }
}

/** What merging leaves out, or keeps from one of its maps. */
export type MergeCounts = { nameTaken: number; idTaken: number };

/** Sources in the order of the configuration: of the same name, and of the same id, the first one wins, whenever it came. */
export function* tableOf(sources: readonly Lines[], counts: MergeCounts): Sliced<Table> {
  const total = sources.reduce((sum, { count }) => sum + count, 0);
  const places = new Uint32Array(total * 2);
  let entry = 0;
  for (const [source, lines] of sources.entries()) {
    for (let row = 0; row < lines.count; row++) {
      places[2 * entry] = source;
      places[2 * entry + 1] = row;
      if (++entry % LIMITS.directorySliceRows === 0) yield;
    }
  }
  const compare = (a: number, b: number): number => compareNames(sources, places, a, b);
  const sorted = yield* sortedRows(total, (a, b) => compare(a, b) < 0);
  const kept = yield* firstOfEach(sorted, (a, b) => compare(a, b) === 0);
  counts.nameTaken += total - kept.length;
  const parts = yield* laidOut(sources, kept, places);
  return new Table({ ...parts, byId: yield* orderById(parts.ids, (row) => places[2 * (kept[row] ?? 0)] ?? 0, counts) });
}

type PartsByName = Omit<TableParts, "byId">;

function* laidOut(sources: readonly Lines[], kept: Uint32Array, places: Uint32Array): Sliced<PartsByName> {
  const count = kept.length;
  const [starts, valueBytes, ids] = [new Uint32Array(count), new Uint32Array(count), new Uint32Array(count)];
  const nameBytes = new Uint8Array(count);
  let size = 0;
  for (let row = 0; row < count; row++) {
    const entry = kept[row] ?? 0;
    const lines = sources[places[2 * entry] ?? 0];
    const at = places[2 * entry + 1] ?? 0;
    if (lines === undefined) continue;
    starts[row] = size;
    valueBytes[row] = (lines.ends[at] ?? 0) - startOf(lines, at);
    nameBytes[row] = lines.nameBytes[at] ?? 0;
    ids[row] = lines.ids[at] ?? 0;
    size += itemBytes(valueBytes[row] ?? 0, nameBytes[row] ?? 0);
    if (row % LIMITS.directorySliceRows === 0) yield;
  }
  const items = new Uint8Array(size);
  for (let row = 0; row < count; row++) {
    const entry = kept[row] ?? 0;
    const lines = sources[places[2 * entry] ?? 0];
    if (lines === undefined) continue;
    const at = places[2 * entry + 1] ?? 0;
    putItem(items, starts[row] ?? 0, { bytes: lines.bytes, start: startOf(lines, at), length: valueBytes[row] ?? 0 }, nameBytes[row] ?? 0);
    if (row % LIMITS.directorySliceRows === 0) yield;
  }
  return { count, items, starts, valueBytes, nameBytes, ids };
}

export function itemBytes(valueBytes: number, nameBytes: number): number {
  return BEFORE_VALUE + padded(valueBytes) + BEFORE_KEY + padded(nameBytes);
}

export function writeItem(items: Uint8Array, start: number, line: Uint8Array, nameBytes: number): void {
  putItem(items, start, { bytes: line, start: 0, length: line.length }, nameBytes);
}

type Part = { readonly bytes: Uint8Array; readonly start: number; readonly length: number };

/** Octet by octet: lines are short, and a view of each would cost more than copying it. */
function putItem(items: Uint8Array, start: number, { bytes, start: from, length }: Part, nameBytes: number): void {
  putU32(items, start, MORE);
  putU32(items, start + 4, FOUND);
  putU32(items, start + 8, length);
  const value = start + BEFORE_VALUE;
  if (length > MOST_SHORT_BYTES) items.set(bytes.subarray(from, from + length), value);
  else for (let i = 0; i < length; i++) items[value + i] = bytes[from + i] ?? 0;
  const key = value + padded(length);
  putU32(items, key, nameBytes);
  for (let i = 0; i < nameBytes; i++) items[key + BEFORE_KEY + i] = bytes[from + i] ?? 0;
}

/** Rows in the order of ids; of those with the same id the first one of the first source. */
export function* orderById(ids: Uint32Array, sourceOf: (row: number) => number, counts: MergeCounts): Sliced<Uint32Array> {
  const order = yield* sortedRows(ids.length, (a, b) => {
    const left = ids[a] ?? 0;
    const right = ids[b] ?? 0;
    return left !== right ? left < right : sourceOf(a) < sourceOf(b);
  });
  const byId = yield* firstOfEach(order, (a, b) => ids[a] === ids[b]);
  counts.idTaken += ids.length - byId.length;
  return byId;
}

/** Names where they stand: as text a hundred thousand of them would take more room than the lines. */
function compareNames(sources: readonly Lines[], places: Uint32Array, a: number, b: number): number {
  const left = sources[places[2 * a] ?? 0];
  const right = sources[places[2 * b] ?? 0];
  if (left === undefined || right === undefined) return 0;
  const [leftRow, rightRow] = [places[2 * a + 1] ?? 0, places[2 * b + 1] ?? 0];
  const [leftAt, rightAt] = [startOf(left, leftRow), startOf(right, rightRow)];
  const [leftBytes, rightBytes] = [left.nameBytes[leftRow] ?? 0, right.nameBytes[rightRow] ?? 0];
  const shorter = Math.min(leftBytes, rightBytes);
  for (let i = 0; i < shorter; i++) {
    const difference = (left.bytes[leftAt + i] ?? 0) - (right.bytes[rightAt + i] ?? 0);
    if (difference !== 0) return difference;
  }
  return leftBytes - rightBytes;
}

function startOf({ ends }: Lines, row: number): number {
  return row === 0 ? 0 : (ends[row - 1] ?? 0);
}

function padded(length: number): number {
  return length + (-length & 3);
}

function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
