/** Search filters as a tree, and on the wire (RFC 4511 §4.5.1.7). Their text is in filter-text.ts. */
import type { Codec } from "../../base/codec.ts";
import type { Reader, Writer } from "../../base/cursor.ts";
import { absurd, WireError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { isAttributeDescription, isRule } from "./attribute.ts";
import {
  anyElement,
  booleanOf,
  eachOf,
  element,
  optionalElement,
  TAG,
  textOf,
  viewOf,
  writeBoolean,
  writeBytes,
  writeElement,
  writeText,
} from "./ber.ts";

/** `and` of nothing is true, `or` of nothing is false (RFC 4526). */
export type Filter =
  | { readonly kind: "and" | "or"; readonly filters: readonly Filter[] }
  | { readonly kind: "not"; readonly filter: Filter }
  | { readonly kind: Comparison; readonly attribute: string; readonly value: Uint8Array }
  | Substrings
  | { readonly kind: "present"; readonly attribute: string }
  | Extensible;
export type Comparison = "equal" | "greaterOrEqual" | "lessOrEqual" | "approximate";
/** At least one part, none of them empty. */
export type Substrings = {
  readonly kind: "substrings";
  readonly attribute: string;
  readonly initial?: Uint8Array;
  readonly any: readonly Uint8Array[];
  readonly final?: Uint8Array;
};
/** At least one of `attribute` and `rule`. */
export type Extensible = {
  readonly kind: "extensible";
  readonly attribute?: string;
  readonly rule?: string;
  readonly dnAttributes: boolean;
  readonly value: Uint8Array;
};

const AND = 0xa0;
const OR = 0xa1;
const NOT = 0xa2;
const SUBSTRINGS = 0xa4;
const PRESENT = 0x87;
const EXTENSIBLE = 0xa9;
const COMPARISONS: Readonly<Record<Comparison, number>> = { equal: 0xa3, greaterOrEqual: 0xa5, lessOrEqual: 0xa6, approximate: 0xa8 };
const BY_TAG = new Map(Object.entries(COMPARISONS).map(([kind, tag]) => [tag, kind as Comparison]));
const PART = { initial: 0x80, any: 0x81, final: 0x82 } as const;
const EXT = { rule: 0x81, attribute: 0x82, value: 0x83, dnAttributes: 0x84 } as const;

/** Values are views into the received bytes. */
export const filter: Codec<Filter> = {
  decode: (reader) => readFilter(reader, { depth: 0, items: { left: LIMITS.ldapFilterItems } }),
  encode: writeFilter,
};

type Within = { readonly depth: number; readonly items: { left: number } };

function readFilter(reader: Reader, within: Within): Filter {
  const offset = reader.offset;
  if (within.depth >= LIMITS.ldapFilterDepth || within.items.left-- <= 0) throw new WireError("too-many", offset);
  const deeper = { ...within, depth: within.depth + 1 };
  const { tag, content } = anyElement(reader);
  switch (tag) {
    case AND:
    case OR:
      return { kind: tag === AND ? "and" : "or", filters: eachOf(content, LIMITS.ldapFilterItems, (inner) => readFilter(inner, deeper)) };
    case NOT: {
      const inner = readFilter(content, deeper);
      content.finish();
      return { kind: "not", filter: inner };
    }
    case PRESENT:
      return { kind: "present", attribute: attributeOf(content) };
    case SUBSTRINGS:
      return readSubstrings(content);
    case EXTENSIBLE:
      return readExtensible(content);
    default: {
      const kind = BY_TAG.get(tag);
      if (kind === undefined) throw new WireError("unsupported", offset);
      const comparison = { kind, attribute: attributeOf(element(content, TAG.octetString)), value: viewOf(element(content, TAG.octetString)) };
      content.finish();
      return comparison;
    }
  }
}

function readSubstrings(content: Reader): Substrings {
  const attribute = attributeOf(element(content, TAG.octetString));
  const offset = content.offset;
  const parts = eachOf(element(content, TAG.sequence), LIMITS.ldapFilterItems, (reader) => {
    const at = reader.offset;
    const { tag, content: part } = anyElement(reader);
    if (tag < PART.initial || tag > PART.final) throw new WireError("bad-value", at);
    if (part.remaining === 0) throw new WireError("bad-length", at);
    return { at, tag, bytes: viewOf(part) };
  });
  content.finish();
  if (parts.length === 0) throw new WireError("bad-length", offset);
  for (const [i, { at, tag }] of parts.entries()) {
    if ((tag === PART.initial && i > 0) || (tag === PART.final && i < parts.length - 1)) throw new WireError("bad-value", at);
  }
  const one = (wanted: number): Uint8Array | undefined => parts.find(({ tag }) => tag === wanted)?.bytes;
  const initial = one(PART.initial);
  const final = one(PART.final);
  return {
    kind: "substrings",
    attribute,
    ...(initial === undefined ? {} : { initial }),
    any: parts.filter(({ tag }) => tag === PART.any).map(({ bytes }) => bytes),
    ...(final === undefined ? {} : { final }),
  };
}

function readExtensible(content: Reader): Extensible {
  const offset = content.offset;
  const ruleContent = optionalElement(content, EXT.rule);
  const rule = ruleContent === undefined ? undefined : textOf(ruleContent);
  if (rule !== undefined && !isRule(rule)) throw new WireError("bad-value", offset);
  const attributeContent = optionalElement(content, EXT.attribute);
  const attribute = attributeContent === undefined ? undefined : attributeOf(attributeContent);
  if (rule === undefined && attribute === undefined) throw new WireError("bad-value", offset);
  const value = viewOf(element(content, EXT.value));
  const flag = optionalElement(content, EXT.dnAttributes);
  content.finish();
  return {
    kind: "extensible",
    ...(attribute === undefined ? {} : { attribute }),
    ...(rule === undefined ? {} : { rule }),
    dnAttributes: flag !== undefined && booleanOf(flag),
    value,
  };
}

/** Only a description that can be printed and read again. */
function attributeOf(content: Reader): string {
  const offset = content.offset;
  const text = textOf(content);
  if (!isAttributeDescription(text)) throw new WireError("bad-value", offset);
  return text;
}

function writeFilter(writer: Writer, value: Filter): void {
  switch (value.kind) {
    case "and":
    case "or":
      return writeElement(writer, value.kind === "and" ? AND : OR, (inner) => {
        for (const each of value.filters) writeFilter(inner, each);
      });
    case "not":
      return writeElement(writer, NOT, (inner) => writeFilter(inner, value.filter));
    case "present":
      return writeText(writer, PRESENT, value.attribute);
    case "substrings":
      return writeElement(writer, SUBSTRINGS, (inner) => {
        writeText(inner, TAG.octetString, value.attribute);
        writeElement(inner, TAG.sequence, (parts) => {
          if (value.initial !== undefined) writeBytes(parts, PART.initial, value.initial);
          for (const each of value.any) writeBytes(parts, PART.any, each);
          if (value.final !== undefined) writeBytes(parts, PART.final, value.final);
        });
      });
    case "extensible":
      return writeElement(writer, EXTENSIBLE, (inner) => {
        if (value.rule !== undefined) writeText(inner, EXT.rule, value.rule);
        if (value.attribute !== undefined) writeText(inner, EXT.attribute, value.attribute);
        writeBytes(inner, EXT.value, value.value);
        if (value.dnAttributes) writeBoolean(inner, EXT.dnAttributes, true);
      });
    case "equal":
    case "greaterOrEqual":
    case "lessOrEqual":
    case "approximate":
      return writeElement(writer, COMPARISONS[value.kind], (inner) => {
        writeText(inner, TAG.octetString, value.attribute);
        writeBytes(inner, TAG.octetString, value.value);
      });
    default:
      return absurd(value);
  }
}
