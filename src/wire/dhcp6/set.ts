/** A run of options with 16-bit codes and lengths (RFC 9915 §21.1): in a message, or nested in another option. */
import { type Codec, within } from "../../base/codec.ts";
import { Reader, Writer } from "../../base/cursor.ts";
import { assert, WireError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Malformed, OptionEntry, OptionsOf, RawOption } from "./table.ts";

export type OptionSet<Options> = {
  readonly options: Options;
  /** Options without an entry for this place, and malformed ones, as they came and in their order. */
  readonly unknown: readonly RawOption[];
  readonly malformed: readonly Malformed[];
};

/** An entry whatever its value, under its name. */
export type AnyEntry = OptionEntry<unknown> & { readonly key: string };
export type Table = Readonly<Record<string, AnyTableEntry>>;
type AnyTableEntry = { readonly code: number; readonly codec: { readonly decode: (reader: Reader) => unknown } };

const LENGTH_MAX = 0xffff;

export function entriesOf(table: Table): readonly AnyEntry[] {
  return Object.entries(table).map(([key, entry]) => ({ ...(entry as OptionEntry<unknown>), key }));
}

export function byCodeOf(entries: readonly AnyEntry[]): ReadonlyMap<number, AnyEntry> {
  return new Map(entries.map((entry) => [entry.code, entry]));
}

/** Options nested in another option: exactly the entries of `table` are read there. */
export function nestedOptions<const T extends Table>(table: T): Codec<OptionSet<OptionsOf<T>>> {
  const entries = entriesOf(table);
  const byCode = byCodeOf(entries);
  return {
    decode: (reader) => decodeSet<OptionsOf<T>>(reader, byCode),
    encode: (writer, set) => encodeSet(writer, set, entries),
  };
}

/** Reads to the end. A length that reaches beyond it condemns the whole run: from there on nothing is known to be an option. */
export function decodeSet<Options>(reader: Reader, byCode: ReadonlyMap<number, AnyEntry>): OptionSet<Options> {
  const options: Record<string, unknown> = {};
  const unknown: RawOption[] = [];
  const malformed: Malformed[] = [];
  let count = 0;
  while (reader.remaining > 0) {
    const start = reader.offset;
    if (++count > LIMITS.dhcp6Options) throw new WireError("too-many", start);
    const code = reader.u16();
    const length = reader.u16();
    const offset = reader.offset;
    const bytes = reader.view(length);
    const entry = byCode.get(code);
    if (entry === undefined) {
      unknown.push({ code, bytes: bytes.slice() });
      continue;
    }
    try {
      const value = within(new Reader(bytes, offset), length, entry.codec);
      if (!place(options, entry, value)) throw new WireError("bad-value", start);
    } catch (error) {
      if (!(error instanceof WireError) || entry.essential) throw error;
      malformed.push({ code, reason: error.code });
      unknown.push({ code, bytes: bytes.slice() });
    }
  }
  return { options: options as Options, unknown, malformed };
}

/** Known options in the order of `entries`, then unknown ones. `malformed` is not written; what it speaks of stands in `unknown`. */
export function encodeSet(writer: Writer, set: OptionSet<unknown>, entries: readonly AnyEntry[]): void {
  const values = set.options as Readonly<Record<string, unknown>>;
  for (const entry of entries) {
    const value = values[entry.key];
    if (value === undefined) continue;
    for (const one of entry.repeats ? (value as readonly unknown[]) : [value]) writeOption(writer, entry.code, () => entry.codec.encode(writer, one));
  }
  for (const { code, bytes } of set.unknown) writeOption(writer, code, () => writer.bytes(bytes));
}

/** One option whose length is known when its body is written. */
export function writeOption(writer: Writer, code: number, body: () => void): void {
  writer.u16(code);
  lengthFirst(writer, body);
}

/** What `body` writes, behind its 16-bit length. */
export function lengthFirst(writer: Writer, body: () => void): void {
  const at = writer.length;
  writer.u16(0);
  body();
  const length = writer.length - at - 2;
  assert(length <= LENGTH_MAX, "an option holds at most 65,535 octets");
  writer.patchU16(at, length);
}

/** @returns false when there is one too many: the first one counts */
function place(options: Record<string, unknown>, entry: AnyEntry, value: unknown): boolean {
  const before = options[entry.key];
  if (!entry.repeats) {
    if (before !== undefined) return false;
    options[entry.key] = value;
    return true;
  }
  const list = (before ?? []) as readonly unknown[];
  const { keyOf } = entry;
  if (keyOf !== undefined && list.some((other) => keyOf(other) === keyOf(value))) return false;
  options[entry.key] = [...list, value];
  return true;
}

/** The nested part of a value that has nothing unknown in it. */
export function setOf<Options>(options: Options): OptionSet<Options> {
  return { options, unknown: [], malformed: [] };
}

/** Options whose code space or meaning is another's: kept as they came. */
export const rawOptions: Codec<readonly RawOption[]> = {
  decode: (reader) => decodeSet(reader, new Map()).unknown,
  encode: (writer, options) => {
    for (const { code, bytes } of options) writeOption(writer, code, () => writer.bytes(bytes));
  },
};

/** Encodes options into bytes of their own. */
export function optionBytes(set: OptionSet<unknown>, entries: readonly AnyEntry[]): Uint8Array {
  const writer = new Writer(512);
  encodeSet(writer, set, entries);
  return writer.take();
}
