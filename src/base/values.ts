/** Codecs that several formats build their values from: sizes checked first, bounded numbers, named bytes. */
import { type Codec, mapped, rest, u32, until } from "./codec.ts";
import { WireError } from "./errors.ts";

/** Refuses a whole value by its size, as `bad-length`, before it is read. */
export function sized<T>(codec: Codec<T>, fits: (bytes: number) => boolean): Codec<T> {
  return {
    decode: (reader) => {
      if (!fits(reader.remaining)) throw new WireError("bad-length", reader.offset);
      return codec.decode(reader);
    },
    encode: codec.encode,
  };
}

/** At least one item of `itemBytes` each. An odd size is a `bad-length`, not a list cut short. */
export function listOf<T>(item: Codec<T>, itemBytes: number, maxItems: number): Codec<readonly T[]> {
  return sized(until(item, maxItems), (bytes) => bytes > 0 && bytes % itemBytes === 0);
}

/** One byte or more, whatever they are. */
export const opaque: Codec<Uint8Array> = sized(rest, (bytes) => bytes > 0);

/** A number the format bounds from below, and perhaps from above. */
export function bounded(codec: Codec<number>, least: number, most = Number.POSITIVE_INFINITY): Codec<number> {
  return mapped(
    codec,
    (value, offset) => {
      if (value < least || value > most) throw new WireError("bad-value", offset);
      return value;
    },
    (value) => value,
  );
}

/** Two's complement, 32 bits. */
export const i32: Codec<number> = mapped(
  u32,
  (value) => value | 0,
  (value) => value >>> 0,
);

/** A byte that stands for one of a few names; any other byte is a `bad-value`. */
export function named<N extends string>(names: Readonly<Record<number, N>>): Codec<N> {
  const codes = new Map(Object.entries(names).map(([code, name]) => [name, Number(code)]));
  return {
    decode: (reader) => {
      const offset = reader.offset;
      const name = names[reader.u8()];
      if (name === undefined) throw new WireError("bad-value", offset);
      return name;
    },
    encode: (writer, value) => writer.u8(codes.get(value) ?? 0),
  };
}
