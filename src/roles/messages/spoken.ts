/**
 * What of the catalogue this process speaks: every role the common part, and its own service's. Tables of codecs cost memory, and a
 * laptop that runs one client should not carry the words of four services.
 */
import type { CATALOGUE } from "./catalogue.ts";
import { COMMON } from "./common.ts";
import type { Catalogue } from "./message.ts";

const spoken: { [name: string]: Catalogue[string] } = { ...COMMON };

/** Adds a service's messages; to be called before the first connection. */
export function speak(part: Catalogue): void {
  Object.assign(spoken, part);
}

/** Messages that were not added are `unsupported` when they come, and an error when they are sent. */
export function spokenCatalogue(): typeof CATALOGUE {
  return spoken as typeof CATALOGUE;
}
