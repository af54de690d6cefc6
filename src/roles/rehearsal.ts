/** Of messages between roles both halves are compiled before the first one is waited for. */
import { type Codec, decodeAll, encodeAll } from "../base/codec.ts";
import type { CATALOGUE, CatalogueName } from "./messages/catalogue.ts";
import type { BodyOf } from "./messages/message.ts";
import { spokenCatalogue } from "./messages/spoken.ts";

export function rehearseMessage<N extends CatalogueName>(name: N, body: BodyOf<(typeof CATALOGUE)[N]>): void {
  const codec = spokenCatalogue()[name].body as Codec<unknown>;
  decodeAll(codec, encodeAll(codec, body));
}
