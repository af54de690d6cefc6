/** Attribute descriptions (RFC 4512 §2.5): a name or number, options, and the ranges of Active Directory. */

export type AttributeDescription = {
  /** As it was written; compare with `sameAttribute`. */
  readonly name: string;
  /** Without the range. */
  readonly options: readonly string[];
  /** Which values these are, counted from 0; `last` is undefined when no further ones follow (`0-*`). */
  readonly range?: ValueRange;
};
export type ValueRange = { readonly first: number; readonly last?: number };

// An underscore is outside RFC 4512 and in several schemas.
const NUMBER = "(?:0|[1-9][0-9]*)";
const TYPE = `(?:[A-Za-z][A-Za-z0-9_-]*|${NUMBER}(?:\\.${NUMBER})+)`;
const DESCRIPTION = new RegExp(`^${TYPE}(?:;[A-Za-z0-9_-]+)*$`);
const RULE = new RegExp(`^${TYPE}$`);
const RANGE = /^range=(0|[1-9][0-9]{0,8})-(\*|0|[1-9][0-9]{0,8})$/i;

/** A name or number with options, as filters may hold; ranges are not among them. */
export function isAttributeDescription(text: string): boolean {
  return DESCRIPTION.test(text);
}

/** The name or number of a matching rule; in filters `dn` is a word of its own (RFC 4515 §3). */
export function isRule(text: string): boolean {
  return RULE.test(text) && text.toLowerCase() !== "dn";
}

/** @returns undefined when it is none: an empty name, an empty option, two ranges, a range that goes backwards */
export function parseAttributeDescription(text: string): AttributeDescription | undefined {
  const [name = "", ...parts] = text.split(";");
  const ranges = parts.filter((part) => /^range=/i.test(part));
  const options = parts.filter((part) => !ranges.includes(part));
  if (ranges.length > 1 || !isAttributeDescription([name, ...options].join(";"))) return undefined;
  if (ranges[0] === undefined) return { name, options };
  const [, first, last] = RANGE.exec(ranges[0]) ?? [];
  if (first === undefined || last === undefined || (last !== "*" && Number(last) < Number(first))) return undefined;
  return { name, options, range: last === "*" ? { first: Number(first) } : { first: Number(first), last: Number(last) } };
}

/** `member;range=1500-*` asks for everything after what a first answer gave. */
export function printAttributeDescription({ name, options, range }: AttributeDescription): string {
  return [name, ...options, ...(range === undefined ? [] : [`range=${range.first}-${range.last ?? "*"}`])].join(";");
}

/** Names are compared without case. */
export function sameAttribute(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
