/** Netlink attributes: length, type, value, padded to four bytes. A table names those we know; the rest stays raw. */
import { type AnyCodec, type Codec, type ValueOf, within } from "../../base/codec.ts";
import type { Reader, Writer } from "../../base/cursor.ts";
import { WireError } from "../../base/errors.ts";

const HEADER_BYTES = 4;
const NESTED = 0x8000;
/** NLA_F_NESTED and NLA_F_NET_BYTEORDER say how to read a value, not what it is. */
const TYPE_MASK = 0x3fff;

/** One attribute we have no entry for. */
export type RawAttribute = { readonly type: number; readonly bytes: Uint8Array };
export type AttributeEntry<C extends AnyCodec = AnyCodec> = { readonly type: number; readonly codec: C; readonly nested: boolean };
export type AttributeTable = { readonly [name: string]: AttributeEntry };
/** The attributes that were there; of repeated ones the last counts, as in the kernel. */
export type Attributes<T extends AttributeTable> = { readonly [K in keyof T]?: ValueOf<T[K]["codec"]> } & {
  readonly unknown?: readonly RawAttribute[];
};

export function attribute<C extends AnyCodec>(type: number, codec: C): AttributeEntry<C> {
  return { type, codec, nested: false };
}

/** Written with the NESTED bit, which strict kernels ask for; read with or without. */
export function nested<C extends AnyCodec>(type: number, codec: C): AttributeEntry<C> {
  return { type, codec, nested: true };
}

/** Attributes until the bytes are used up. A value that is longer or shorter than its codec says is a `WireError`. */
export function attributeSet<const T extends AttributeTable>(table: T): Codec<Attributes<T>> {
  const entries = Object.entries(table);
  const byType = new Map(entries.map(([name, entry]) => [entry.type, { name, codec: entry.codec as Codec<unknown> }]));
  return {
    decode: (reader) => {
      const found: Record<string, unknown> = {};
      const unknown: RawAttribute[] = [];
      while (reader.remaining > 0) {
        const { type, length } = readHeader(reader);
        const known = byType.get(type);
        if (known === undefined) unknown.push({ type, bytes: reader.bytes(length) });
        else found[known.name] = within(reader, length, known.codec);
        skipPadding(reader, length);
      }
      return { ...found, ...(unknown.length > 0 ? { unknown } : {}) } as Attributes<T>;
    },
    encode: (writer, value) => {
      for (const [name, entry] of entries) {
        const content: unknown = (value as Record<string, unknown>)[name];
        if (content === undefined) continue;
        const codec = entry.codec as Codec<unknown>;
        writeAttribute(writer, entry.nested ? entry.type | NESTED : entry.type, () => codec.encode(writer, content));
      }
      for (const { type, bytes } of value.unknown ?? []) writeAttribute(writer, type, () => writer.bytes(bytes));
    },
  };
}

/** The first attribute of its type; nothing behind it is read. @returns undefined when there is none */
export function findAttribute<T>(reader: Reader, { type: wanted, codec }: AttributeEntry<Codec<T>>): T | undefined {
  while (reader.remaining > 0) {
    const { type, length } = readHeader(reader);
    if (type === wanted) return within(reader, length, codec);
    reader.skip(length);
    skipPadding(reader, length);
  }
  return undefined;
}

/** Bytes that bring a length to a multiple of four. */
export function padding(length: number): number {
  return -length & 3;
}

/** Padding after the last value of a message may be missing. */
export function skipPadding(reader: Reader, length: number): void {
  reader.skip(Math.min(padding(length), reader.remaining));
}

export const hostU16: Codec<number> = { decode: (reader) => reader.hostU16(), encode: (writer, value) => writer.hostU16(value) };
export const hostU32: Codec<number> = { decode: (reader) => reader.hostU32(), encode: (writer, value) => writer.hostU32(value) };

/** Text with the one zero byte at its end. */
export const terminated: Codec<string> = {
  decode: (reader) => {
    const offset = reader.offset;
    const text = reader.text(reader.remaining);
    if (text.indexOf("\0") !== text.length - 1) throw new WireError("bad-value", offset);
    return text.slice(0, -1);
  },
  encode: (writer, value) => writer.text(`${value}\0`),
};

function readHeader(reader: Reader): { readonly type: number; readonly length: number } {
  const offset = reader.offset;
  const length = reader.hostU16() - HEADER_BYTES;
  if (length < 0) throw new WireError("bad-length", offset);
  return { type: reader.hostU16() & TYPE_MASK, length };
}

function writeAttribute(writer: Writer, type: number, content: () => void): void {
  const start = writer.length;
  writer.hostU16(0);
  writer.hostU16(type);
  content();
  const length = writer.length - start;
  writer.patchHostU16(start, length);
  writer.zeros(padding(length));
}
