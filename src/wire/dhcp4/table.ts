/** What one DHCPv4 option is: one entry in one table. Types, decoder, encoder, dump, documentation and tests derive from it. */
import type { Codec } from "../../base/codec.ts";

/** An option, or a sub-option, kept as bytes. */
export type RawOption = { readonly code: number; readonly bytes: Uint8Array };

/** A value and its bytes in canonical form; every test of the table walks over these. */
export type Sample<T> = { readonly value: T; readonly hex: string };

export type OptionEntry<T> = {
  readonly code: number;
  /** What people call it. */
  readonly name: string;
  readonly rfc: string;
  readonly codec: Codec<T>;
  readonly samples: readonly Sample<T>[];
  /** Malformed, it condemns the datagram: a lease cannot be judged without it. Any other option is only set aside. */
  readonly essential: boolean;
  /** Never printed. */
  readonly secret: boolean;
};

/** The type comes from the codec alone; samples are checked against it. */
type Given<T> = Omit<OptionEntry<T>, "essential" | "secret" | "samples"> & {
  readonly samples: readonly Sample<NoInfer<T>>[];
  readonly essential?: true;
  readonly secret?: true;
};

export function option<T>(entry: Given<T>): OptionEntry<T> {
  return { ...entry, essential: entry.essential ?? false, secret: entry.secret ?? false };
}

/** The values a table describes, every one of them optional. */
export type OptionsOf<Table> = { readonly [K in keyof Table]?: Table[K] extends OptionEntry<infer T> ? T : never };
