/** What a message holds, byte for byte again: for whoever keeps or shows options without knowing them. */
import { encodeAll } from "../../base/codec.ts";
import type { Dhcp4Message } from "./message.ts";
import { everyOption } from "./options.ts";
import type { RawOption } from "./table.ts";

/** Every option in the order of codes, secrets left out; an option that was split is whole (RFC 3396). */
export function rawOptions(message: Dhcp4Message): readonly RawOption[] {
  const values = message.options as Readonly<Record<string, unknown>>;
  const known = everyOption()
    .filter(({ key, secret }) => !secret && values[key] !== undefined)
    .map(({ key, code, codec }) => ({ code, bytes: encodeAll(codec, values[key]) }));
  const secret = new Set(everyOption().flatMap((entry) => (entry.secret ? [entry.code] : [])));
  return [...known, ...message.unknown.filter(({ code }) => !secret.has(code))].sort((a, b) => a.code - b.code);
}
