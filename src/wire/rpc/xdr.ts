/** XDR (RFC 4506): everything in units of four bytes, and values as ONC RPC programs use them. */
import { type AnyCodec, type Codec, mapped, u32, type ValueOf } from "../../base/codec.ts";
import { WireError } from "../../base/errors.ts";
import { i32 } from "../../base/values.ts";

export const bool: Codec<boolean> = mapped(
  u32,
  (value, offset) => {
    if (value > 1) throw new WireError("bad-value", offset);
    return value === 1;
  },
  (value) => (value ? 1 : 0),
);

/** Nothing: the argument or result of a procedure that has none. */
export const nothing: Codec<undefined> = { decode: () => undefined, encode: () => undefined };

/** Bytes behind their length, at most `maxBytes`, filled up to four. What the filling holds does not count. */
export function opaque(maxBytes: number): Codec<Uint8Array> {
  return {
    decode: (reader) => {
      const offset = reader.offset;
      const length = reader.u32();
      if (length > maxBytes) throw new WireError("bad-length", offset);
      const bytes = reader.bytes(length);
      reader.skip(-length & 3);
      return bytes;
    },
    encode: (writer, value) => {
      writer.u32(value.length);
      writer.bytes(value);
      writer.zeros(-value.length & 3);
    },
  };
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const utf8Encoder = new TextEncoder();

/** Text as `opaque`; what is not UTF-8 or holds a NUL is a `bad-value`. */
export function text(maxBytes: number): Codec<string> {
  return mapped(
    opaque(maxBytes),
    (bytes, offset) => {
      if (bytes.includes(0)) throw new WireError("bad-value", offset);
      try {
        return utf8.decode(bytes);
      } catch {
        throw new WireError("bad-value", offset);
      }
    },
    (value) => utf8Encoder.encode(value),
  );
}

/** A linked list: true before each item, false at the end. */
export function linked<T>(item: Codec<T>, maxItems: number): Codec<readonly T[]> {
  return {
    decode: (reader) => {
      const values: T[] = [];
      while (bool.decode(reader)) {
        if (values.length >= maxItems) throw new WireError("too-many", reader.offset);
        values.push(item.decode(reader));
      }
      return values;
    },
    encode: (writer, values) => {
      for (const value of values) {
        bool.encode(writer, true);
        item.encode(writer, value);
      }
      bool.encode(writer, false);
    },
  };
}

/** Items behind their count. */
export function counted<T>(item: Codec<T>, maxItems: number): Codec<readonly T[]> {
  return {
    decode: (reader) => {
      const offset = reader.offset;
      const count = reader.u32();
      if (count > maxItems) throw new WireError("too-many", offset);
      return Array.from({ length: count }, () => item.decode(reader));
    },
    encode: (writer, values) => {
      writer.u32(values.length);
      for (const value of values) item.encode(writer, value);
    },
  };
}

/** A number that stands for one of a few names; any other is a `bad-value`. */
export function named<const N extends Readonly<Record<string, number>>>(numbers: N): Codec<keyof N & string> {
  const names = new Map(Object.entries(numbers).map(([name, number]) => [number, name as keyof N & string]));
  return {
    decode: (reader) => {
      const offset = reader.offset;
      const name = names.get(i32.decode(reader));
      if (name === undefined) throw new WireError("bad-value", offset);
      return name;
    },
    encode: (writer, value) => i32.encode(writer, Number(numbers[value])),
  };
}

/** What one procedure of an RPC program takes and gives. */
export type Procedure<A extends AnyCodec = AnyCodec, R extends AnyCodec = AnyCodec> = {
  readonly number: number;
  readonly argument: A;
  readonly result: R;
};
export type ArgumentOf<P extends Procedure> = ValueOf<P["argument"]>;
export type ResultOf<P extends Procedure> = ValueOf<P["result"]>;

export function procedure<A extends AnyCodec, R extends AnyCodec>(number: number, argument: A, result: R): Procedure<A, R> {
  return { number, argument, result };
}
