/** The text of search filters (RFC 4515), complete: escapes, substrings, extensible matches, and the filters of nothing (RFC 4526). */
import { Writer } from "../../base/cursor.ts";
import { absurd } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { isAttributeDescription, isRule } from "./attribute.ts";
import type { Comparison, Extensible, Filter, Substrings } from "./filter.ts";

/** Where a text stops being a filter; columns count characters (UTF-16) from 1. */
export type FilterFault = { readonly column: number; readonly problem: string };
export type ParsedFilter = { readonly ok: true; readonly filter: Filter } | { readonly ok: false; readonly fault: FilterFault };

const OPERATORS: readonly (readonly [text: string, kind: Comparison])[] = [
  ["~=", "approximate"],
  [">=", "greaterOrEqual"],
  ["<=", "lessOrEqual"],
];
const SIGNS: Readonly<Record<Comparison, string>> = { equal: "=", approximate: "~=", greaterOrEqual: ">=", lessOrEqual: "<=" };
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

class Fault extends Error {
  readonly at: number;
  constructor(at: number, problem: string) {
    super(problem);
    this.at = at;
  }
}

/** Reads a whole filter. White space is never skipped: it may be part of a value. */
export function parseFilter(text: string): ParsedFilter {
  const parser = new Parser(text);
  try {
    const filter = parser.filter(0);
    parser.end();
    return { ok: true, filter };
  } catch (error) {
    if (error instanceof Fault) return { ok: false, fault: { column: error.at + 1, problem: error.message } };
    throw error;
  }
}

/** Text that reads back as the same filter. */
export function printFilter(filter: Filter): string {
  switch (filter.kind) {
    case "and":
    case "or":
      return `(${filter.kind === "and" ? "&" : "|"}${filter.filters.map(printFilter).join("")})`;
    case "not":
      return `(!${printFilter(filter.filter)})`;
    case "present":
      return `(${filter.attribute}=*)`;
    case "substrings":
      return `(${filter.attribute}=${[filter.initial, ...filter.any, filter.final].map((part) => (part === undefined ? "" : printValue(part))).join("*")})`;
    case "extensible":
      return `(${filter.attribute ?? ""}${filter.dnAttributes ? ":dn" : ""}${filter.rule === undefined ? "" : `:${filter.rule}`}:=${printValue(filter.value)})`;
    case "equal":
    case "greaterOrEqual":
    case "lessOrEqual":
    case "approximate":
      return `(${filter.attribute}${SIGNS[filter.kind]}${printValue(filter.value)})`;
    default:
      return absurd(filter);
  }
}

/** Control characters are escaped too, so that a filter can stand in a log. */
function printValue(value: Uint8Array): string {
  try {
    return strict.decode(value).replace(/[()*\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) => hexOf(new TextEncoder().encode(char)));
  } catch {
    return Array.from(value, (byte) =>
      byte >= 0x20 && byte < 0x7f && !"()*\\".includes(String.fromCharCode(byte)) ? String.fromCharCode(byte) : hexOf([byte]),
    ).join("");
  }
}

function hexOf(bytes: Iterable<number>): string {
  return Array.from(bytes, (byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
}

class Parser {
  readonly #text: string;
  #at = 0;
  #items = 0;

  constructor(text: string) {
    this.#text = text;
  }

  end(): void {
    if (this.#at < this.#text.length) throw new Fault(this.#at, "text after the end of the filter");
  }

  filter(depth: number): Filter {
    if (depth >= LIMITS.ldapFilterDepth) throw new Fault(this.#at, `nested deeper than ${LIMITS.ldapFilterDepth}`);
    if (++this.#items > LIMITS.ldapFilterItems) throw new Fault(this.#at, `more than ${LIMITS.ldapFilterItems} parts`);
    this.#expect("(");
    const filter = this.#inside(depth);
    this.#expect(")");
    return filter;
  }

  #inside(depth: number): Filter {
    if (this.#skip("!")) return { kind: "not", filter: this.filter(depth + 1) };
    const kind = this.#skip("&") ? "and" : this.#skip("|") ? "or" : undefined;
    if (kind === undefined) return this.#item();
    const filters: Filter[] = [];
    while (this.#text[this.#at] === "(") filters.push(this.filter(depth + 1));
    return { kind, filters };
  }

  #item(): Filter {
    const start = this.#at;
    const name = this.#until(/[=~<>:()*\\\0]/g);
    if (this.#text[this.#at] === ":") return this.#extensible(start, name);
    if (!isAttributeDescription(name))
      throw new Fault(start, name === "" ? "an attribute is missing" : `${JSON.stringify(name)} is not an attribute`);
    for (const [sign, kind] of OPERATORS) {
      if (this.#skip(sign)) return { kind, attribute: name, value: this.#value() };
    }
    this.#expect("=");
    return this.#equality(name);
  }

  #equality(attribute: string): Filter {
    const start = this.#at;
    const parts = [this.#value()];
    while (this.#skip("*")) parts.push(this.#value());
    const [initial, ...others] = parts;
    const final = others.pop();
    if (initial === undefined || final === undefined) return { kind: "equal", attribute, value: parts[0] ?? new Uint8Array(0) };
    if (others.some((part) => part.length === 0)) throw new Fault(start, "two asterisks with nothing between them");
    if (others.length === 0 && initial.length === 0 && final.length === 0) return { kind: "present", attribute };
    const substrings: Substrings = {
      kind: "substrings",
      attribute,
      ...(initial.length === 0 ? {} : { initial }),
      any: others,
      ...(final.length === 0 ? {} : { final }),
    };
    return substrings;
  }

  #extensible(start: number, name: string): Extensible {
    if (name !== "" && !isAttributeDescription(name)) throw new Fault(start, `${JSON.stringify(name)} is not an attribute`);
    const dnAttributes = /^:dn:/i.test(this.#text.slice(this.#at, this.#at + 4));
    if (dnAttributes) this.#at += 3;
    this.#expect(":");
    const ruleAt = this.#at;
    const rule = this.#text[this.#at] === "=" ? undefined : this.#until(/[=:()*\\\0]/g);
    if (rule !== undefined) {
      if (!isRule(rule)) throw new Fault(ruleAt, `${JSON.stringify(rule)} is not a matching rule`);
      this.#expect(":");
    } else if (name === "") throw new Fault(start, "an attribute or a matching rule is missing");
    this.#expect("=");
    return {
      kind: "extensible",
      ...(name === "" ? {} : { attribute: name }),
      ...(rule === undefined ? {} : { rule }),
      dnAttributes,
      value: this.#value(),
    };
  }

  #value(): Uint8Array {
    const writer = new Writer(32);
    for (;;) {
      const start = this.#at;
      const plain = this.#until(/[()*\\\0]/g);
      if (/\p{Cs}/u.test(plain)) throw new Fault(start, "half a surrogate pair");
      writer.text(plain);
      if (!this.#skip("\\")) return writer.take();
      const digits = this.#text.slice(this.#at, this.#at + 2);
      if (!/^[0-9A-Fa-f]{2}$/.test(digits)) throw new Fault(this.#at - 1, "a backslash is followed by two hexadecimal digits");
      writer.u8(Number.parseInt(digits, 16));
      this.#at += 2;
    }
  }

  #until(stop: RegExp): string {
    const start = this.#at;
    stop.lastIndex = start;
    this.#at = stop.exec(this.#text)?.index ?? this.#text.length;
    return this.#text.slice(start, this.#at);
  }

  #skip(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #expect(text: string): void {
    if (this.#skip(text)) return;
    const found = this.#text[this.#at];
    throw new Fault(this.#at, `${JSON.stringify(text)} is missing${found === undefined ? " at the end" : ` before ${JSON.stringify(found)}`}`);
  }
}
