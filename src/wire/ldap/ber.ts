/**
 * BER as LDAP restricts it (RFC 4511 §5.1): one-byte tags, definite lengths. Every legal definite length is read, leading zeros
 * included, because Active Directory writes `84 00 00 00 nn` everywhere; the shortest form is written.
 */
import { Reader, Writer } from "../../base/cursor.ts";
import { WireError } from "../../base/errors.ts";

/** Universal tags. */
export const TAG = { boolean: 0x01, integer: 0x02, octetString: 0x04, enumerated: 0x0a, sequence: 0x30, set: 0x31 } as const;

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
const MOST_LENGTH_BYTES = 126;
const MOST_LENGTH = 0x7fffffff;

/** An element with its content as bytes. */
export type Element = { readonly tag: number; readonly content: Reader };

/** The next element whatever its tag. */
export function anyElement(reader: Reader): Element {
  const offset = reader.offset;
  const tag = reader.u8();
  if ((tag & 0x1f) === 0x1f) throw new WireError("unsupported", offset);
  return { tag, content: reader.sub(readLength(reader)) };
}

/** The content of the next element, which must have this tag; anything else is a `bad-value`. */
export function element(reader: Reader, tag: number): Reader {
  const offset = reader.offset;
  const found = anyElement(reader);
  if (found.tag !== tag) throw new WireError("bad-value", offset);
  return found.content;
}

/** The content of the next element when it has this tag; otherwise nothing is read. */
export function optionalElement(reader: Reader, tag: number): Reader | undefined {
  return nextTag(reader) === tag ? element(reader, tag) : undefined;
}

/** What the next element is, without reading it. */
export function nextTag(reader: Reader): number | undefined {
  return reader.remaining === 0 ? undefined : reader.peekU8();
}

/** Elements after the last one we know, where the format leaves room for later versions (RFC 4511 §4); they must still be elements. */
export function skipExtensions(reader: Reader): void {
  while (reader.remaining > 0) anyElement(reader);
}

/** Writes an element; `content` writes into a writer of its own. */
export function writeElement(writer: Writer, tag: number, content: (inner: Writer) => void): void {
  const inner = new Writer();
  content(inner);
  writeBytes(writer, tag, inner.written());
}

export function writeBytes(writer: Writer, tag: number, bytes: Uint8Array): void {
  writer.u8(tag);
  const length = bytes.length;
  if (length < 0x80) writer.u8(length);
  else {
    const count = length < 0x100 ? 1 : length < 0x10000 ? 2 : length < 0x1000000 ? 3 : 4;
    writer.u8(0x80 | count);
    for (let shift = 8 * (count - 1); shift >= 0; shift -= 8) writer.u8(length >>> shift);
  }
  writer.bytes(bytes);
}

export function writeText(writer: Writer, tag: number, text: string): void {
  writeElement(writer, tag, (inner) => inner.text(text));
}

export function writeInteger(writer: Writer, tag: number, value: number): void {
  let count = 1;
  while (count < 4 && (value << (32 - 8 * count)) >> (32 - 8 * count) !== value) count++;
  writer.u8(tag);
  writer.u8(count);
  for (let shift = 8 * (count - 1); shift >= 0; shift -= 8) writer.u8(value >> shift);
}

export function writeBoolean(writer: Writer, tag: number, value: boolean): void {
  writer.u8(tag);
  writer.u8(1);
  writer.u8(value ? 0xff : 0);
}

/** The rest as a number of 32 bits with sign. */
export function integerOf(content: Reader): number {
  const count = content.remaining;
  if (count < 1 || count > 4) throw new WireError("bad-length", content.offset);
  let value = (content.u8() << 24) >> 24;
  for (let i = 1; i < count; i++) value = (value << 8) | content.u8();
  return value;
}

/** The rest as a number from 0 to 2^31-1, as `INTEGER (0 .. maxInt)`. */
export function countOf(content: Reader): number {
  const offset = content.offset;
  const value = integerOf(content);
  if (value < 0) throw new WireError("bad-value", offset);
  return value;
}

/** Anything but zero is true, as other programs read it. */
export function booleanOf(content: Reader): boolean {
  if (content.remaining !== 1) throw new WireError("bad-length", content.offset);
  return content.u8() !== 0;
}

/** The rest as a view into the received bytes. */
export function viewOf(content: Reader): Uint8Array {
  return content.view(content.remaining);
}

/** The rest as text; anything that is not UTF-8 is a `bad-value`. */
export function textOf(content: Reader): string {
  const offset = content.offset;
  const bytes = viewOf(content);
  try {
    return strict.decode(bytes);
  } catch {
    throw new WireError("bad-value", offset);
  }
}

/** The rest as text of which there are few different ones: names of attributes. */
export function wordOf(content: Reader): string {
  return content.word(content.remaining);
}

/** The rest as text for people to read: a byte that is not UTF-8 must not hide the rest. */
export function wordsOf(content: Reader): string {
  return lenient.decode(viewOf(content));
}

/** Elements of one kind until the content is used up. */
export function eachOf<T>(content: Reader, most: number, read: (reader: Reader) => T): readonly T[] {
  const all: T[] = [];
  while (content.remaining > 0) {
    if (all.length >= most) throw new WireError("too-many", content.offset);
    all.push(read(content));
  }
  return all;
}

/**
 * Bytes of the first element with its header, as far as it can be told from what is there.
 * @returns undefined while the header is not whole; throws `WireError` when it never can be
 */
export function elementBytes(bytes: Uint8Array): number | undefined {
  // Every chunk ends in the middle of a message: an error a chunk would cost more than the messages.
  if (bytes.length < 2) return undefined;
  const reader = new Reader(bytes);
  try {
    reader.u8();
    const length = readLength(reader);
    return reader.offset + length;
  } catch (error) {
    if (error instanceof WireError && error.code === "truncated") return undefined;
    throw error;
  }
}

function readLength(reader: Reader): number {
  const offset = reader.offset;
  const first = reader.u8();
  if (first < 0x80) return first;
  const count = first & 0x7f;
  if (count === 0) throw new WireError("unsupported", offset); // indefinite
  if (count > MOST_LENGTH_BYTES) throw new WireError("bad-length", offset);
  let length = 0;
  for (let i = 0; i < count; i++) {
    length = length * 0x100 + reader.u8();
    if (length > MOST_LENGTH) throw new WireError("bad-length", offset);
  }
  return length;
}
