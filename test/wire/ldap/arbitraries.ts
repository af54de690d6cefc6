/** Filters and entries of chance, as trees and as text: what any directory may be asked, and may say. */
import fc from "fast-check";
import type { Filter } from "../../../src/wire/ldap/filter.ts";
import type { Attribute } from "../../../src/wire/ldap/operations.ts";
import { utf8 } from "./messages.ts";

/** A filter, and how it may be written (RFC 4515). */
export type Written = { readonly text: string; readonly filter: Filter };
type Value = { readonly text: string; readonly bytes: Uint8Array };

/** Characters that mean something in filters, that are long in UTF-8, and that are neither. */
const CHARACTERS = [..."aAbBzZ019 :=<>~&|!,+/.\\()*\u0000\u001f\u007fé\u00c9\u0161ñ漢\u{1f4d6}"];
const ESCAPED = /[()*\\\0]/;

const character = fc.constantFrom(...CHARACTERS);
/** A character, and whether it is escaped though it need not be, and in which case. */
const piece = fc.tuple(character, fc.nat(31));
/** Some are longer than a length of one, two or three octets tells. */
const pieces = fc.oneof(
  { weight: 1000, arbitrary: fc.array(piece, { maxLength: 8 }) },
  { weight: 40, arbitrary: fc.tuple(piece, fc.integer({ min: 100, max: 300 })).map(([one, times]) => Array<typeof one>(times).fill(one)) },
  { weight: 1, arbitrary: fc.constant(Array<[string, number]>(66_000).fill(["x", 1])) },
);
const value: fc.Arbitrary<Value> = pieces.map((all) => {
  const parts = all.map(([one, chance]) => (ESCAPED.test(one) || (one < "\u0080" && chance >> 1 === 0) ? escaped(one, chance) : one));
  return { text: parts.join(""), bytes: utf8(all.map(([one]) => one).join("")) };
});
const someValue = value.filter(({ text }) => text !== "");

function escaped(one: string, chance: number): string {
  const digits = one.charCodeAt(0).toString(16).padStart(2, "0");
  return `\\${chance % 2 === 0 ? digits : digits.toUpperCase()}`;
}

/** In lower case: ldapts reads names so. */
export const attributeName: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("cn", "sn", "uid", "ou") },
  { weight: 1, arbitrary: fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/) },
);
const rule = fc.constantFrom("caseExactMatch", "2.4.6", "1.2.840.113556.1.4.1941", "2.5.13.2");
const comparison = fc.constantFrom(
  ["equal", "="] as const,
  ["greaterOrEqual", ">="] as const,
  ["lessOrEqual", "<="] as const,
  ["approximate", "~="] as const,
);

const compared: fc.Arbitrary<Written> = fc.tuple(attributeName, comparison, value).map(([attribute, [kind, sign], { text, bytes }]) => ({
  text: `(${attribute}${sign}${text})`,
  filter: { kind, attribute, value: bytes },
}));
const present: fc.Arbitrary<Written> = attributeName.map((attribute) => ({
  text: `(${attribute}=*)`,
  filter: { kind: "present", attribute },
}));
const substrings: fc.Arbitrary<Written> = fc
  .tuple(
    attributeName,
    fc.option(someValue, { nil: undefined, freq: 2 }),
    fc.array(someValue, { maxLength: 3 }),
    fc.option(someValue, { nil: undefined, freq: 2 }),
  )
  .filter(([, initial, any, final]) => initial !== undefined || any.length > 0 || final !== undefined)
  .map(([attribute, initial, any, final]) => ({
    text: `(${attribute}=${[initial, ...any, final].map((part) => part?.text ?? "").join("*")})`,
    filter: {
      kind: "substrings",
      attribute,
      ...(initial === undefined ? {} : { initial: initial.bytes }),
      any: any.map(({ bytes }) => bytes),
      ...(final === undefined ? {} : { final: final.bytes }),
    },
  }));
const extensible: fc.Arbitrary<Written> = fc
  .tuple(fc.option(attributeName, { nil: undefined }), fc.option(rule, { nil: undefined }), fc.boolean(), value)
  .filter(([attribute, named]) => attribute !== undefined || named !== undefined)
  .map(([attribute, named, dnAttributes, { text, bytes }]) => ({
    text: `(${attribute ?? ""}${dnAttributes ? ":dn" : ""}${named === undefined ? "" : `:${named}`}:=${text})`,
    filter: {
      kind: "extensible",
      ...(attribute === undefined ? {} : { attribute }),
      ...(named === undefined ? {} : { rule: named }),
      dnAttributes,
      value: bytes,
    },
  }));

/** Every kind, joined up to three deep. */
export const written: fc.Arbitrary<Written> = joined(fc.oneof({ weight: 4, arbitrary: compared }, present, substrings, extensible));

function joined(item: fc.Arbitrary<Written>): fc.Arbitrary<Written> {
  return fc.letrec<{ readonly whole: Written }>((tie) => {
    const whole = tie("whole");
    const list = fc.array(whole, { minLength: 1, maxLength: 3 });
    return {
      whole: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        { weight: 5, arbitrary: item },
        { weight: 1, arbitrary: fc.tuple(fc.constantFrom("and" as const, "or" as const), list).map(([kind, all]) => both(kind, all)) },
        {
          weight: 1,
          arbitrary: whole.map(({ text, filter }): Written => ({ text: `(!${text})`, filter: { kind: "not", filter } })),
        },
      ),
    };
  }).whole;
}

function both(kind: "and" | "or", all: readonly Written[]): Written {
  return {
    text: `(${kind === "and" ? "&" : "|"}${all.map(({ text }) => text).join("")})`,
    filter: { kind, filters: all.map(({ filter }) => filter) },
  };
}

/** Of people whose values are short and much alike, so that filters meet them: an entry has one value of an attribute. */
const meeting = fc.string({ unit: fc.constantFrom(..."aAbéÉ(*)\\ 1"), maxLength: 4 });
const met: fc.Arbitrary<Value> = meeting.map((text) => ({
  text: text.replace(/[()*\\]/g, (one) => escaped(one, 0)),
  bytes: utf8(text),
}));
const someMet = met.filter(({ text }) => text !== "");
const metText = meeting.filter((text) => text.trim() !== "");
const metName = fc.constantFrom("cn", "sn", "uid");
const metComparison = fc.constantFrom(
  ["equal", "="] as const,
  ["equal", "="] as const,
  ["greaterOrEqual", ">="] as const,
  ["lessOrEqual", "<="] as const,
);

/** Filters that may be true of `person`: what ldapts can decide too, so nothing extensible or approximate. */
export const decidable: fc.Arbitrary<Written> = joined(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.tuple(metName, metComparison, met).map(([attribute, [kind, sign], { text, bytes }]) => ({
        text: `(${attribute}${sign}${text})`,
        filter: { kind, attribute, value: bytes } as const,
      })),
    },
    metName.map((attribute) => ({ text: `(${attribute}=*)`, filter: { kind: "present", attribute } as const })),
    fc.tuple(metName, someMet, someMet).map(([attribute, initial, middle]) => ({
      text: `(${attribute}=${initial.text}*${middle.text}*)`,
      filter: { kind: "substrings", attribute, initial: initial.bytes, any: [middle.bytes] } as const,
    })),
    fc.tuple(metName, someMet).map(([attribute, final]) => ({
      text: `(${attribute}=*${final.text})`,
      filter: { kind: "substrings", attribute, any: [], final: final.bytes } as const,
    })),
  ),
);
export const person: fc.Arbitrary<Readonly<Record<string, string>>> = fc.record(
  { cn: meeting, sn: meeting, uid: meeting },
  { requiredKeys: ["cn"], noNullPrototype: true },
);

/** Fit for a server's schema: everyone has both names, and they are not empty. */
export const people: fc.Arbitrary<readonly Readonly<Record<string, string>>[]> = fc.array(
  fc.record({ cn: metText, sn: metText, description: metText }, { requiredKeys: ["cn", "sn"], noNullPrototype: true }),
  { minLength: 200, maxLength: 200 },
);

const octets = fc.oneof({ weight: 5, arbitrary: value.map(({ bytes }) => bytes) }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }) });
/** Values are text, octets, nothing, and long ones. */
export const attributes: fc.Arbitrary<readonly Attribute[]> = fc.array(
  fc
    .tuple(
      fc.oneof(attributeName, fc.constantFrom("cn;lang-de", "userCertificate;binary", "2.5.4.3", "member;range=0-1499")),
      fc.array(octets, { maxLength: 4 }),
    )
    .map(([description, values]) => ({ description, values })),
  { maxLength: 5 },
);
export const name: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom("", "uid=ada,ou=people,dc=directory,dc=test"),
  fc.array(character, { maxLength: 40 }).map((all) => all.join("")),
);
