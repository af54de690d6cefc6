/** Distinguished names as text (RFC 4514): parts, escapes, and a form in which equal names are equal text. */
import { Writer } from "../../base/cursor.ts";
import { fromHex, toHex } from "../../base/hex.ts";
import { LIMITS } from "../../base/limits.ts";
import { isRule } from "./attribute.ts";

/** The entry itself first, the root last; the empty name is the root. */
export type Dn = readonly Rdn[];
/** Usually one pair; `cn=a+uid=b` has two. */
export type Rdn = readonly AttributeValue[];
/** `ber` is a value that was given as `#` and hexadecimal digits. */
export type AttributeValue = { readonly attribute: string; readonly value: string } | { readonly attribute: string; readonly ber: Uint8Array };

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const ATTRIBUTE = / *([A-Za-z0-9._-]+) *= */y;
const HEX = /#((?:[0-9A-Fa-f]{2})+) */y;
/** Characters for themselves, and escapes: of a special character or of one byte. */
const PLAIN = /[^\0"+,;<>\\]+/y;
const ESCAPE = /\\(?:([0-9A-Fa-f]{2})|([ "#+,;<=>\\]))/y;

/** @returns undefined when the text is no name, or has more parts than anybody needs */
export function parseDn(text: string): Dn | undefined {
  if (/^ *$/.test(text)) return [];
  const rdns: AttributeValue[][] = [[]];
  let at = 0;
  for (let parts = 0; parts < LIMITS.dnParts; parts++) {
    const pair = readPair(text, at);
    if (pair === undefined) return undefined;
    rdns.at(-1)?.push(pair.pair);
    at = pair.end;
    if (at === text.length) return rdns;
    const separator = text[at++];
    if (separator === ",") rdns.push([]);
    else if (separator !== "+") return undefined;
  }
  return undefined;
}

/** Text that reads back as the same name. */
export function printDn(dn: Dn): string {
  return dn
    .map((rdn) => rdn.map((pair) => `${pair.attribute}=${"ber" in pair ? `#${toHex(pair.ber)}` : escapeValue(pair.value)}`).join("+"))
    .join(",");
}

/**
 * Names that most directories treat as equal give the same text: case and runs of blanks do not count (caseIgnoreMatch), nor does
 * the order inside an RDN. For finding entries again, never for deciding who may do what.
 */
export function dnKey(dn: Dn): string {
  const folded = dn.map((rdn) =>
    rdn
      .map((pair): AttributeValue => {
        const attribute = pair.attribute.toLowerCase();
        return "ber" in pair
          ? { attribute, ber: pair.ber }
          : { attribute, value: pair.value.normalize("NFKC").toLowerCase().trim().replace(/\s+/g, " ") };
      })
      .toSorted((a, b) => (printDn([[a]]) < printDn([[b]]) ? -1 : 1)),
  );
  return printDn(folded);
}

function readPair(text: string, start: number): { readonly pair: AttributeValue; readonly end: number } | undefined {
  const named = matchAt(ATTRIBUTE, text, start);
  const attribute = named?.[1]?.replace(/^oid\./i, "");
  if (named === undefined || attribute === undefined || !isRule(attribute)) return undefined;
  const at = start + named[0].length;
  if (text[at] === "#") {
    const hex = matchAt(HEX, text, at);
    const ber = fromHex(hex?.[1] ?? "");
    return hex === undefined || ber === undefined ? undefined : { pair: { attribute, ber }, end: at + hex[0].length };
  }
  const read = readValue(text, at);
  return read === undefined ? undefined : { pair: { attribute, value: read.value }, end: read.end };
}

/** Blanks at the end do not count unless the last one is escaped. */
function readValue(text: string, start: number): { readonly value: string; readonly end: number } | undefined {
  const writer = new Writer(64);
  let at = start;
  let solid = 0;
  for (;;) {
    const plain = matchAt(PLAIN, text, at)?.[0];
    if (plain !== undefined) {
      if (/\p{Cs}/u.test(plain)) return undefined;
      const body = plain.replace(/ +$/, "");
      writer.text(body);
      if (body !== "") solid = writer.length;
      writer.text(plain.slice(body.length));
      at += plain.length;
      continue;
    }
    const escaped = matchAt(ESCAPE, text, at);
    if (escaped === undefined) break;
    if (escaped[1] !== undefined) writer.u8(Number.parseInt(escaped[1], 16));
    else writer.text(escaped[2] ?? "");
    solid = writer.length;
    at += escaped[0].length;
  }
  if (text[at] !== undefined && text[at] !== "," && text[at] !== "+") return undefined;
  try {
    return { value: strict.decode(writer.written().subarray(0, solid)), end: at };
  } catch {
    return undefined;
  }
}

function escapeValue(value: string): string {
  return value
    .replace(/["+,;<>\\]/g, "\\$&")
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, (char) =>
      Array.from(new TextEncoder().encode(char), (byte) => `\\${byte.toString(16).padStart(2, "0")}`).join(""),
    )
    .replace(/^[ #]/, "\\$&")
    .replace(/ $/, (blank, at: number, whole: string) => (whole === "\\ " ? blank : at > 0 ? "\\ " : blank));
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}
