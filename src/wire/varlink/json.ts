/** JSON from a stranger: UTF-8, not too deep, only numbers that keep their value, no key that means something to JavaScript. */
import type { Codec } from "../../base/codec.ts";
import { WireError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [name: string]: Json };

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = [0x5b, 0x7b];
const CLOSE = [0x5d, 0x7d];

/** All bytes that are left are one value. */
export const json: Codec<Json> = {
  decode: (reader) => {
    const offset = reader.offset;
    const bytes = reader.view(reader.remaining);
    if (depthOf(bytes) > LIMITS.varlinkDepth) throw new WireError("too-many", offset);
    let value: Json;
    try {
      value = JSON.parse(utf8.decode(bytes)) as Json;
    } catch {
      throw new WireError("bad-value", offset);
    }
    check(value, offset);
    return value;
  },
  encode: (writer, value) => writer.text(JSON.stringify(value)),
};

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Counted before anything is built, so that a parser never goes deep. */
function depthOf(bytes: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  let inText = false;
  let escaped = false;
  for (const byte of bytes) {
    if (inText) {
      if (escaped) escaped = false;
      else if (byte === BACKSLASH) escaped = true;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) inText = true;
    else if (OPEN.includes(byte)) deepest = Math.max(deepest, ++depth);
    else if (CLOSE.includes(byte)) depth--;
  }
  return deepest;
}

/** Infinity cannot be written again, and minus zero would come back as another number. */
function check(value: Json, offset: number): void {
  if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))) throw new WireError("bad-value", offset);
  if (typeof value !== "object" || value === null) return;
  for (const [name, each] of Object.entries(value)) {
    if (name === "__proto__") throw new WireError("bad-value", offset);
    check(each, offset);
  }
}
