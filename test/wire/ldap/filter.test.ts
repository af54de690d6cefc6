import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeAll, encodeAll } from "../../../src/base/codec.ts";
import { WireError } from "../../../src/base/errors.ts";
import { bytesOf } from "../../../src/base/hex.ts";
import { type Filter, filter } from "../../../src/wire/ldap/filter.ts";
import { parseFilter, printFilter } from "../../../src/wire/ldap/filter-text.ts";
import { noFlipEscapes, noMisread, roundTrip } from "../../support/codec-properties.ts";
import { utf8 } from "./messages.ts";

/** Text and bytes; examples of RFC 4515 §4 among them. */
const SAMPLES: readonly (readonly [text: string, hex: string])[] = [
  ["(cn=Bob)", "a3 09 04 02 636e 04 03 426f62"],
  ["(!(cn=B))", "a2 09 a3 07 04 02 636e 04 01 42"],
  ["(&(a=*)(|(b>=1)(c<=2)(d~=3)))", "a0 1d 87 01 61 a1 18 a5 06 04 01 62 04 01 31 a6 06 04 01 63 04 01 32 a8 06 04 01 64 04 01 33"],
  ["(o=univ*of*mich*)", "a4 15 04 01 6f 30 10 80 04 756e6976 81 02 6f66 81 04 6d696368"],
  ["(o=*a)", "a4 08 04 01 6f 30 03 82 01 61"],
  ["(seeAlso=)", "a3 0b 04 07 736565416c736f 04 00"],
  ["(cn:caseExactMatch:=F)", "a9 17 81 0e 6361736545786163744d61746368 82 02 636e 83 01 46"],
  ["(o:dn:=A)", "a9 09 82 01 6f 83 01 41 84 01 ff"],
  ["(:dn:2.4.6:=D)", "a9 0d 81 05 322e342e36 83 01 44 84 01 ff"],
  ["(cn:=x)", "a9 07 82 02 636e 83 01 78"],
  ["(&)", "a0 00"],
  ["(|)", "a1 00"],
  ["(o=Parens R Us \\28for all\\29)", "a3 1a 04 01 6f 04 15 506172656e7320522055732028666f7220616c6c29"],
  ["(sn=Lu\u010di\u0107)", "a3 0d 04 02 736e 04 07 4c75c48d69c487"],
  ["(bin=\\00\\ff)", "a3 09 04 03 62696e 04 02 00ff"],
];

for (const [text, hex] of SAMPLES) {
  test(`${text} is read, written and printed again`, () => {
    const value = parsed(text);
    roundTrip(filter, value, bytesOf(hex));
    assert.equal(printFilter(value), text);
    noMisread(filter, bytesOf(hex));
    noFlipEscapes(filter, bytesOf(hex));
  });
}

const FAULTS: readonly (readonly [text: string, column: number])[] = [
  ["", 1],
  ["(", 2],
  ["()", 2],
  ["cn=a", 1],
  ["(cn=a", 6],
  ["(cn=a))", 7],
  ["(cn=a) ", 7],
  ["( cn=a)", 2],
  ["(cn=a\\2)", 6],
  ["(cn=a\\)", 6],
  ["(cn=\\zz)", 5],
  ["(a=**)", 4],
  ["(a=b**c)", 4],
  ["(!)", 3],
  ["(!(a=b)(c=d))", 8],
  ["(=x)", 2],
  ["(:=x)", 2],
  ["(:dn:=x)", 2],
  ["(cn>x)", 4],
  ["(a b=c)", 2],
  ["(cn=\u0000)", 5],
  ["(cn=\ud800)", 5],
  ["(a>=*)", 5],
  ["(cn:a b:=x)", 5],
  ["(2.=x)", 2],
  ["(a;=x)", 2],
];

test("texts that are no filter are refused with the column where they stop being one", () => {
  for (const [text, column] of FAULTS) {
    const result = parseFilter(text);
    assert.ok(!result.ok, text);
    assert.equal(result.fault.column, column, `${text}: ${result.fault.problem}`);
  }
});

test("filters nested deeper than 32 are refused, in text and on the wire", () => {
  const text = (depth: number): string => `${"(!".repeat(depth - 1)}(a=b)${")".repeat(depth - 1)}`;
  assert.ok(parseFilter(text(32)).ok);
  assert.ok(!parseFilter(text(33)).ok);
  assert.ok(!parseFilter("(!".repeat(100_000)).ok);
  const deepest = parsed(text(32));
  assert.deepEqual(decodeAll(filter, encodeAll(filter, deepest)), deepest);
  assert.throws(() => decodeAll(filter, encodeAll(filter, { kind: "not", filter: deepest })), WireError);
  assert.ok(!parseFilter(`(&${"(a=b)".repeat(1024)})`).ok);
});

/** As literals are, so that they can be compared. */
const PLAIN = { noNullPrototype: true };
const attribute = fc.constantFrom("cn", "uid", "2.5.4.3", "sn;lang-de", "x-y", "memberOf");
const value = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  fc.string({ unit: "binary", maxLength: 8 }).map(utf8),
  fc.constantFrom("*", "(", "\\", "\ufeff", "\0").map(utf8),
);
const part = value.filter(({ length }) => length > 0);
const optional = <T>(name: string, of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined }).map((one) => (one === undefined ? {} : { [name]: one }));
const leaf: fc.Arbitrary<Filter> = fc.oneof(
  fc.record({ kind: fc.constantFrom("equal", "greaterOrEqual", "lessOrEqual", "approximate"), attribute, value }, PLAIN),
  fc.record({ kind: fc.constant("present" as const), attribute }, PLAIN),
  fc
    .tuple(attribute, optional("initial", part), fc.array(part, { minLength: 1, maxLength: 3 }), optional("final", part))
    .map(([name, initial, any, final]) => ({ kind: "substrings" as const, attribute: name, ...initial, any, ...final })),
  fc
    .tuple(attribute, optional("rule", fc.constantFrom("caseIgnoreMatch", "1.2.840.113556.1.4.1941")), fc.boolean(), value)
    .map(([name, rule, dnAttributes, of]) => ({ kind: "extensible" as const, attribute: name, ...rule, dnAttributes, value: of })),
);
const anyFilter = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.record({ kind: fc.constantFrom("and", "or"), filters: fc.array(tie("filter"), { maxLength: 3 }) }, PLAIN),
    fc.record({ kind: fc.constant("not" as const), filter: tie("filter") }, PLAIN),
  ),
})).filter;

test("any filter keeps its value as text and on the wire", () => {
  fc.assert(
    fc.property(anyFilter, (any) => {
      assert.deepEqual(parsed(printFilter(any)), any);
      assert.deepEqual(decodeAll(filter, encodeAll(filter, any)), any);
    }),
  );
});

test("any text is a filter or a fault inside it", () => {
  const pieces = fc.array(fc.constantFrom("(", ")", "&", "|", "!", "=", "*", "\\", "2a", ":", ":dn", "~", ">", "<", "cn", "x", "\0", "\u00fc"), {
    maxLength: 16,
  });
  fc.assert(
    fc.property(pieces, (some) => {
      const text = some.join("");
      const result = parseFilter(text);
      if (result.ok) assert.deepEqual(parsed(printFilter(result.filter)), result.filter);
      else assert.ok(result.fault.column >= 1 && result.fault.column <= text.length + 1);
    }),
  );
});

function parsed(text: string): Filter {
  const result = parseFilter(text);
  assert.ok(result.ok, `${text}: ${result.ok ? "" : `${result.fault.column}: ${result.fault.problem}`}`);
  return result.filter;
}
