/** Lines of one kind from one source, as they came: bytes behind each other, so that 100,000 cost no more than their text. */
import { LIMITS } from "../../base/limits.ts";

/** `ends[i]` is where line `i` ends; its name stands in front of the first colon and is ASCII. */
export type Lines = {
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
  readonly ids: Uint32Array;
  readonly nameBytes: Uint8Array;
};

const encoder = new TextEncoder();
/** UTF-8 needs at most three bytes for a unit of a JavaScript string. */
const MOST_BYTES_PER_UNIT = 3;

/** One part in so many more than there was last time: what is gathered again is about as much. */
const SPARE = 16;

export class LineGatherer {
  #count = 0;
  #end = 0;
  #bytes: Uint8Array<ArrayBuffer>;
  #ends: Uint32Array<ArrayBuffer>;
  #ids: Uint32Array<ArrayBuffer>;
  #nameBytes: Uint8Array<ArrayBuffer>;

  /** @param last what was gathered last time: then nothing grows, and nothing is copied at the end */
  constructor(last?: Lines) {
    const [bytes, count] = [withSpare(last?.bytes.length ?? 0) + 4096, withSpare(last?.count ?? 0) + 64];
    this.#bytes = new Uint8Array(bytes);
    this.#ends = new Uint32Array(count);
    this.#ids = new Uint32Array(count);
    this.#nameBytes = new Uint8Array(count);
  }

  get count(): number {
    return this.#count;
  }

  /** @returns false when there is no room for it: what is then gathered is not the whole */
  add({ name, id, line }: { readonly name: string; readonly id: number; readonly line: string }): boolean {
    if (this.#count >= LIMITS.directoryEntries || this.#end + line.length * MOST_BYTES_PER_UNIT > LIMITS.directoryBytes) return false;
    this.#bytes = roomFor(this.#bytes, this.#end + line.length * MOST_BYTES_PER_UNIT, (size) => new Uint8Array(size));
    this.#ends = roomFor(this.#ends, this.#count + 1, (size) => new Uint32Array(size));
    this.#ids = roomFor(this.#ids, this.#count + 1, (size) => new Uint32Array(size));
    this.#nameBytes = roomFor(this.#nameBytes, this.#count + 1, (size) => new Uint8Array(size));
    this.#end += encoder.encodeInto(line, this.#bytes.subarray(this.#end)).written;
    this.#ends[this.#count] = this.#end;
    this.#ids[this.#count] = id;
    this.#nameBytes[this.#count] = name.length;
    this.#count++;
    return true;
  }

  /** Of exactly the size, copied where much of the room is not needed; the gatherer is done with. */
  take(): Lines {
    return {
      count: this.#count,
      bytes: fitted(this.#bytes, this.#end),
      ends: fitted(this.#ends, this.#count),
      ids: fitted(this.#ids, this.#count),
      nameBytes: fitted(this.#nameBytes, this.#count),
    };
  }
}

export function lineAt(lines: Lines, row: number): Uint8Array {
  return lines.bytes.subarray(row === 0 ? 0 : lines.ends[row - 1], lines.ends[row]);
}

function withSpare(size: number): number {
  return size + Math.ceil(size / SPARE);
}

function fitted<T extends Uint8Array | Uint32Array>(array: T, size: number): T {
  const spare = array.length - size;
  return (spare * (SPARE / 2) > size ? array.slice(0, size) : array.subarray(0, size)) as T;
}

function roomFor<T extends Uint8Array | Uint32Array>(array: T, size: number, make: (size: number) => T): T {
  if (size <= array.length) return array;
  const larger = make(Math.max(size, 2 * array.length));
  larger.set(array);
  return larger;
}
