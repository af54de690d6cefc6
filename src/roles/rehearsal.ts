/** What somebody waits for is done a few times before: a client's first exchange, with the messages between roles that carry it. */
import { type Codec, decodeAll, encodeAll } from "../base/codec.ts";
import type { CATALOGUE, CatalogueName } from "./messages/catalogue.ts";
import type { BodyOf } from "./messages/message.ts";
import { spokenCatalogue } from "./messages/spoken.ts";

/** Each round makes the first exchange faster; after two what it costs in memory grows sooner than that. */
const TIMES = 2;

/** Room is made before each round: a heap that grew for a rehearsal would stay a megabyte larger. */
export function rehearsed(act: () => void): void {
  for (let i = 0; i < TIMES; i++) {
    globalThis.gc?.();
    act();
  }
}

/** Both halves of a message are compiled. */
export function rehearseMessage<N extends CatalogueName>(name: N, body: BodyOf<(typeof CATALOGUE)[N]>): void {
  const codec = spokenCatalogue()[name].body as Codec<unknown>;
  decodeAll(codec, encodeAll(codec, body));
}
