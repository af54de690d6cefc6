/** The only place that reads or writes bytes by index. Every failure says what and where. Network byte order unless named `host`. */
import { WireError } from "./errors.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const utf8Encoder = new TextEncoder();
/** UTF-8 needs at most three bytes for a unit of a JavaScript string. */
const MOST_BYTES_PER_UNIT = 3;

/** The last words that were read, each in the one place it can have: a stranger's cannot pile up. */
const WORDS = 512;
const MOST_WORD_BYTES = 64;
const words: ({ readonly bytes: Uint8Array; readonly text: string } | undefined)[] = new Array(WORDS).fill(undefined);

/** Reads forward over bytes it does not own. `base` is the offset of the first byte in the whole datagram. */
export class Reader {
  readonly #bytes: Uint8Array;
  /** Of the first byte of `bytes`; where a reader ends, another one's bytes may follow. */
  readonly #base: number;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, base = 0, at = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#base = base;
    this.#at = at;
    this.#end = end;
  }

  /** Bytes not yet read. */
  get remaining(): number {
    return this.#end - this.#at;
  }

  /** Offset of the next byte in the whole datagram. */
  get offset(): number {
    return this.#base + this.#at;
  }

  u8(): number {
    return this.#bytes[this.#take(1)]!;
  }

  /** The next byte, which stays unread. */
  peekU8(): number {
    const value = this.u8();
    this.#at--;
    return value;
  }

  u16(): number {
    const i = this.#take(2);
    return (this.#bytes[i]! << 8) | this.#bytes[i + 1]!;
  }

  u32(): number {
    const i = this.#take(4);
    const b = this.#bytes;
    return ((b[i]! << 24) | (b[i + 1]! << 16) | (b[i + 2]! << 8) | b[i + 3]!) >>> 0;
  }

  /** Host byte order is little-endian on every machine this runs on; netlink uses it. */
  hostU16(): number {
    const i = this.#take(2);
    return this.#bytes[i]! | (this.#bytes[i + 1]! << 8);
  }

  hostU32(): number {
    const i = this.#take(4);
    const b = this.#bytes;
    return (b[i]! | (b[i + 1]! << 8) | (b[i + 2]! << 16) | (b[i + 3]! << 24)) >>> 0;
  }

  f64(): number {
    const i = this.#take(8);
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + i, 8).getFloat64(0);
  }

  /** A copy, so that the value outlives the receive buffer. */
  bytes(count: number): Uint8Array {
    const i = this.#take(count);
    return new Uint8Array(this.#bytes.subarray(i, i + count)); // slice of a Node Buffer would share its memory
  }

  /** A view into the receive buffer: valid only until the buffer is used again. */
  view(count: number): Uint8Array {
    const i = this.#take(count);
    return this.#bytes.subarray(i, i + count);
  }

  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  skip(count: number): void {
    this.#take(count);
  }

  /** A cursor of its own over the next `count` bytes; a decoder cannot read its neighbour's bytes even when wrong. */
  sub(count: number): Reader {
    const i = this.#take(count);
    return new Reader(this.#bytes, this.#base, i, i + count);
  }

  /** UTF-8 text of `count` bytes; anything that is not UTF-8 is a `bad-value`. */
  text(count: number): string {
    const offset = this.offset;
    try {
      return utf8.decode(this.view(count));
    } catch (error) {
      if (error instanceof WireError) throw error;
      throw new WireError("bad-value", offset);
    }
  }

  /** As `text`, where there are few different ones that come again and again: what was read before is not made again. */
  word(count: number): string {
    const at = this.#at;
    if (count > MOST_WORD_BYTES || count > this.remaining) return this.text(count);
    let place = count;
    for (let i = at; i < at + count; i++) place = (place * 31 + this.#bytes[i]!) & (WORDS - 1);
    const known = words[place];
    if (known !== undefined && this.#startsWith(known.bytes, count)) {
      this.#at += count;
      return known.text;
    }
    const text = this.text(count);
    words[place] = { bytes: this.#bytes.slice(at, at + count), text };
    return text;
  }

  /** Throws `trailing` when a byte is left over. */
  finish(): void {
    if (this.remaining !== 0) throw new WireError("trailing", this.offset);
  }

  #startsWith(bytes: Uint8Array, count: number): boolean {
    if (bytes.length !== count) return false;
    for (let i = 0; i < count; i++) if (bytes[i] !== this.#bytes[this.#at + i]) return false;
    return true;
  }

  #take(count: number): number {
    if (count > this.#end - this.#at) throw new WireError("truncated", this.#base + this.#end);
    const at = this.#at;
    this.#at += count;
    return at;
  }
}

/** Writes forward into a buffer that grows. `within` patches lengths, so none is computed by hand. */
export class Writer {
  #bytes: Uint8Array;
  #at = 0;

  constructor(sizeBytes = 256) {
    this.#bytes = new Uint8Array(sizeBytes);
  }

  get length(): number {
    return this.#at;
  }

  u8(value: number): void {
    const i = this.#room(1);
    this.#bytes[i] = value;
  }

  u16(value: number): void {
    const i = this.#room(2);
    this.#bytes[i] = value >>> 8;
    this.#bytes[i + 1] = value;
  }

  u32(value: number): void {
    const i = this.#room(4);
    this.#bytes[i] = value >>> 24;
    this.#bytes[i + 1] = value >>> 16;
    this.#bytes[i + 2] = value >>> 8;
    this.#bytes[i + 3] = value;
  }

  hostU16(value: number): void {
    const i = this.#room(2);
    this.#bytes[i] = value;
    this.#bytes[i + 1] = value >>> 8;
  }

  hostU32(value: number): void {
    const i = this.#room(4);
    this.#bytes[i] = value;
    this.#bytes[i + 1] = value >>> 8;
    this.#bytes[i + 2] = value >>> 16;
    this.#bytes[i + 3] = value >>> 24;
  }

  f64(value: number): void {
    const i = this.#room(8);
    new DataView(this.#bytes.buffer, this.#bytes.byteOffset + i, 8).setFloat64(0, value);
  }

  bytes(value: Uint8Array): void {
    const i = this.#room(value.length);
    this.#bytes.set(value, i);
  }

  text(value: string): void {
    const length = value.length;
    const start = this.#room(length);
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit >= 0x80) return this.#wide(value, start);
      bytes[start + i] = unit;
    }
  }

  /** Text that is not ASCII: so much room as UTF-8 can need, and what was not needed is as it was. */
  #wide(value: string, start: number): void {
    this.#at = start;
    const most = this.#room(MOST_BYTES_PER_UNIT * value.length);
    const { written } = utf8Encoder.encodeInto(value, this.#bytes.subarray(most));
    this.#at = start + written;
  }

  zeros(count: number): void {
    const i = this.#room(count);
    this.#bytes.fill(0, i, i + count);
  }

  /** As new, with the room it has. */
  clear(): void {
    this.#at = 0;
  }

  /** Overwrites what was written at `offset`: lengths and checksums that are known only later. */
  patchU8(offset: number, value: number): void {
    this.#bytes[offset] = value;
  }

  patchU16(offset: number, value: number): void {
    this.#bytes[offset] = value >>> 8;
    this.#bytes[offset + 1] = value;
  }

  patchHostU16(offset: number, value: number): void {
    this.#bytes[offset] = value;
    this.#bytes[offset + 1] = value >>> 8;
  }

  patchHostU32(offset: number, value: number): void {
    this.patchHostU16(offset, value);
    this.patchHostU16(offset + 2, value >>> 16);
  }

  /** What was written from `offset` on, as a view: for checksums over it. */
  written(offset = 0): Uint8Array {
    return this.#bytes.subarray(offset, this.#at);
  }

  /** A copy of everything written. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  #room(count: number): number {
    const at = this.#at;
    const end = at + count;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#at = end;
    return at;
  }
}
