/** A codec is one value with two functions: neither half can be written, moved or deleted alone. */
import { Reader, Writer } from "./cursor.ts";
import { WireError } from "./errors.ts";

const ROOM_BYTES = 4096;
/** What a longer value has made grow is given back. */
const MOST_ROOM_BYTES = 65_536;

export type Codec<T> = {
  /** Reads one value; throws `WireError` and nothing else. */
  readonly decode: (reader: Reader) => T;
  readonly encode: (writer: Writer, value: T) => void;
};
/** A codec whatever its value. */
export type AnyCodec = { readonly decode: (reader: Reader) => unknown; readonly encode: (writer: Writer, value: never) => void };
export type ValueOf<C extends AnyCodec> = ReturnType<C["decode"]>;

export const u8: Codec<number> = { decode: (reader) => reader.u8(), encode: (writer, value) => writer.u8(value) };
export const u16: Codec<number> = { decode: (reader) => reader.u16(), encode: (writer, value) => writer.u16(value) };
export const u32: Codec<number> = { decode: (reader) => reader.u32(), encode: (writer, value) => writer.u32(value) };
export const f64: Codec<number> = { decode: (reader) => reader.f64(), encode: (writer, value) => writer.f64(value) };

/** One byte, 0 or 1; anything else is a `bad-value`. */
export const flag: Codec<boolean> = {
  decode: (reader) => {
    const offset = reader.offset;
    const value = reader.u8();
    if (value > 1) throw new WireError("bad-value", offset);
    return value === 1;
  },
  encode: (writer, value) => writer.u8(value ? 1 : 0),
};

/** No bytes at all: presence is the value. */
export const empty: Codec<true> = { decode: () => true, encode: () => undefined };

/** Everything that is left. */
export const rest: Codec<Uint8Array> = { decode: (reader) => reader.rest(), encode: (writer, value) => writer.bytes(value) };

/** Decodes a value that must use up exactly the next `length` bytes. */
export function within<T>(reader: Reader, length: number, codec: Codec<T>): T {
  const inner = reader.sub(length);
  const value = codec.decode(inner);
  inner.finish();
  return value;
}

/** Bytes behind a 16-bit length, at most `maxBytes`. */
export function bytes16(maxBytes: number): Codec<Uint8Array> {
  return {
    decode: (reader) => {
      const offset = reader.offset;
      const length = reader.u16();
      if (length > maxBytes) throw new WireError("bad-length", offset);
      return reader.bytes(length);
    },
    encode: (writer, value) => {
      writer.u16(value.length);
      writer.bytes(value);
    },
  };
}

/** UTF-8 text behind a 16-bit length, at most `maxBytes`. */
export function text16(maxBytes: number): Codec<string> {
  return {
    decode: (reader) => {
      const offset = reader.offset;
      const length = reader.u16();
      if (length > maxBytes) throw new WireError("bad-length", offset);
      return reader.text(length);
    },
    encode: (writer, value) => {
      const at = writer.length;
      writer.u16(0);
      writer.text(value);
      writer.patchU16(at, writer.length - at - 2);
    },
  };
}

/** As `text16`, where there are few different ones that come again and again. */
export function word16(maxBytes: number): Codec<string> {
  const { encode } = text16(maxBytes);
  return {
    decode: (reader) => {
      const offset = reader.offset;
      const length = reader.u16();
      if (length > maxBytes) throw new WireError("bad-length", offset);
      return reader.word(length);
    },
    encode,
  };
}

/** Items behind a 16-bit count, at most `maxItems`. */
export function list16<T>(item: Codec<T>, maxItems: number): Codec<readonly T[]> {
  return {
    decode: (reader) => {
      const offset = reader.offset;
      const count = reader.u16();
      if (count > maxItems) throw new WireError("too-many", offset);
      const values: T[] = [];
      for (let i = 0; i < count; i++) values.push(item.decode(reader));
      return values;
    },
    encode: (writer, values) => {
      writer.u16(values.length);
      for (const value of values) item.encode(writer, value);
    },
  };
}

/** Items without a count until the bytes are used up, at most `maxItems`. */
export function until<T>(item: Codec<T>, maxItems: number): Codec<readonly T[]> {
  return {
    decode: (reader) => {
      const values: T[] = [];
      while (reader.remaining > 0) {
        if (values.length >= maxItems) throw new WireError("too-many", reader.offset);
        values.push(item.decode(reader));
      }
      return values;
    },
    encode: (writer, values) => {
      for (const value of values) item.encode(writer, value);
    },
  };
}

/** A flag, then the value when there is one. */
export function optional<T>(codec: Codec<T>): Codec<T | undefined> {
  return {
    decode: (reader) => (flag.decode(reader) ? codec.decode(reader) : undefined),
    encode: (writer, value) => {
      flag.encode(writer, value !== undefined);
      if (value !== undefined) codec.encode(writer, value);
    },
  };
}

/** One of a few names, as one byte: its place in `names`. */
export function choice<const N extends readonly string[]>(names: N): Codec<N[number]> {
  return {
    decode: (reader) => {
      const offset = reader.offset;
      const name = names[reader.u8()];
      if (name === undefined) throw new WireError("bad-value", offset);
      return name;
    },
    encode: (writer, value) => writer.u8(names.indexOf(value)),
  };
}

/** Fields in the order they are named; the type follows from the table. */
export function struct<F extends Record<string, AnyCodec>>(fields: F): Codec<{ readonly [K in keyof F]: ValueOf<F[K]> }> {
  const entries = Object.entries(fields) as [string, Codec<unknown>][];
  return {
    decode: (reader) => {
      const value: Record<string, unknown> = {};
      for (const [name, codec] of entries) value[name] = codec.decode(reader);
      return value as { readonly [K in keyof F]: ValueOf<F[K]> };
    },
    encode: (writer, value) => {
      for (const [name, codec] of entries) codec.encode(writer, (value as Record<string, unknown>)[name]);
    },
  };
}

/** The same bytes as another codec, a different value in memory. `to` throws `WireError` when it refuses. */
export function mapped<A, B>(codec: Codec<A>, to: (value: A, offset: number) => B, from: (value: B) => A): Codec<B> {
  return {
    decode: (reader) => {
      const offset = reader.offset;
      return to(codec.decode(reader), offset);
    },
    encode: (writer, value) => codec.encode(writer, from(value)),
  };
}

/** Decodes one whole value: nothing may be left over. */
export function decodeAll<T>(codec: Codec<T>, bytes: Uint8Array): T {
  return within(new Reader(bytes), bytes.length, codec);
}

/** Room that is used again and again, unless somebody writes there already: making it anew cost more than most values. */
let room = new Writer(ROOM_BYTES);
let isRoomTaken = false;

/** Encodes one value into bytes of its own. */
export function encodeAll<T>(codec: Codec<T>, value: T): Uint8Array {
  if (isRoomTaken) return written(new Writer(), codec, value);
  isRoomTaken = true;
  try {
    return written(room, codec, value);
  } finally {
    if (room.length > MOST_ROOM_BYTES) room = new Writer(ROOM_BYTES);
    room.clear();
    isRoomTaken = false;
  }
}

function written<T>(writer: Writer, codec: Codec<T>, value: T): Uint8Array {
  codec.encode(writer, value);
  return writer.take();
}
