/** What one option of neighbour discovery is: one entry in one table (RFC 4861 §4.6). */
import type { Codec } from "../../base/codec.ts";
import type { WireCode } from "../../base/errors.ts";

/** An option kept as bytes: what follows type and length, padding included. */
export type RawNdOption = { readonly code: number; readonly bytes: Uint8Array };
export type MalformedNd = { readonly code: number; readonly reason: WireCode };
export type Sample<T> = { readonly value: T; readonly hex: string };

export type NdOptionEntry<T, R extends boolean = boolean> = {
  readonly code: number;
  readonly name: string;
  readonly rfc: string;
  /** Reads and writes what follows type and length, padding to eight octets included. */
  readonly codec: Codec<T>;
  readonly samples: readonly Sample<T>[];
  /** May stand there more than once: the value is a list. */
  readonly repeats: R;
};

type Given<T> = Omit<NdOptionEntry<T>, "repeats" | "samples"> & { readonly samples: readonly Sample<NoInfer<T>>[] };

export function ndOption<T>(entry: Given<T>): NdOptionEntry<T, false> {
  return { ...entry, repeats: false };
}

export function repeatedNdOption<T>(entry: Given<T>): NdOptionEntry<T, true> {
  return { ...entry, repeats: true };
}

/** The values a table describes, every one of them optional. */
export type NdOptionsOf<Table> = {
  readonly [K in keyof Table]?: Table[K] extends NdOptionEntry<infer T, infer R> ? (R extends true ? readonly T[] : T) : never;
};
