/** What one DHCPv6 option is: one entry in one table. Types, decoder, encoder, dump, documentation and tests derive from it. */
import type { Codec } from "../../base/codec.ts";
import type { WireCode } from "../../base/errors.ts";

/** An option, or a sub-option, kept as bytes. */
export type RawOption = { readonly code: number; readonly bytes: Uint8Array };
/** An option that was set aside, and why. Its bytes stand in `unknown`. */
export type Malformed = { readonly code: number; readonly reason: WireCode };
/** A value and its bytes in canonical form; every test of the table walks over these. */
export type Sample<T> = { readonly value: T; readonly hex: string };

/** Where an option may stand: in a message of clients and servers, in a relay's message, inside other options. */
export type Place = "message" | "relay" | "nested";

export type OptionEntry<T, P extends Place = Place, R extends boolean = boolean> = {
  readonly code: number;
  /** What people call it. */
  readonly name: string;
  /** A bare section is one of RFC 9915. */
  readonly rfc: string;
  /** Reads and writes one instance. */
  readonly codec: Codec<T>;
  readonly samples: readonly Sample<T>[];
  /** Anywhere else it is kept as bytes, as an unknown option is. */
  readonly at: readonly P[];
  /** May stand there more than once: the value is a list. */
  readonly repeats: R;
  /** Of what repeats: two instances with one key are one too many; the second is set aside. */
  readonly keyOf: ((value: T) => string | number) | undefined;
  /** Malformed, or there twice, it condemns what it stands in. Any other option is only set aside. */
  readonly essential: boolean;
  /** Never printed. */
  readonly secret: boolean;
};

type Given<T, P extends Place> = {
  readonly code: number;
  readonly name: string;
  readonly rfc: string;
  readonly codec: Codec<T>;
  readonly samples: readonly Sample<NoInfer<T>>[];
  readonly at?: readonly P[];
  readonly essential?: true;
  readonly secret?: true;
};

/** An option that stands there once; without `at`, in messages of clients and servers only. */
export function option<T, const P extends Place = "message">(entry: Given<T, P>): OptionEntry<T, P, false> {
  return { ...filled(entry), repeats: false, keyOf: undefined };
}

/** An option of which there may be several. */
export function repeated<T, const P extends Place = "message">(
  entry: Given<T, P> & { readonly keyOf?: (value: NoInfer<T>) => string | number },
): OptionEntry<T, P, true> {
  return { ...filled(entry), repeats: true, keyOf: entry.keyOf };
}

function filled<T, P extends Place>(entry: Given<T, P>) {
  const { code, name, rfc, codec, samples, at = ["message" as P], essential = false, secret = false } = entry;
  return { code, name, rfc, codec, samples, at, essential, secret };
}

type ValueIn<E> = E extends OptionEntry<infer T, infer _, infer R> ? (R extends true ? readonly T[] : T) : never;
type PlaceIn<E> = E extends { readonly at: readonly (infer P)[] } ? P : never;

/** The values that the entries of a table describe for one place, every one of them optional. */
export type OptionsAt<Table, P extends Place> = {
  readonly [K in keyof Table as P extends PlaceIn<Table[K]> ? K : never]?: ValueIn<Table[K]>;
};
/** The values of every entry of a table, wherever they stand. */
export type OptionsOf<Table> = { readonly [K in keyof Table]?: ValueIn<Table[K]> };
