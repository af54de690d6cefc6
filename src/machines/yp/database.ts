/** What the YP service needs of the maps it serves. */

export type YpEntry = { readonly key: Uint8Array; readonly value: Uint8Array };

/** Entries have places from 0 to `count` - 1, in an order that depends on the keys alone. */
export interface YpMapRows {
  readonly count: number;
  /** Unix time of the last change. */
  readonly orderSeconds: number;
  match(key: Uint8Array): Uint8Array | undefined;
  at(place: number): YpEntry;
  /** The first place behind a key, be it there or not; undefined for what cannot be a key of this map. */
  placeAfter(key: Uint8Array): number | undefined;
  /** The map as items of an answer to ALL, without the end, in pieces that may be cut anywhere. */
  items(): Iterable<Uint8Array>;
}

export type YpDatabase = {
  readonly domain: string;
  /** This host. */
  readonly master: string;
  /** undefined until there is something to serve. */
  readonly maps: ReadonlyMap<string, YpMapRows> | undefined;
};
