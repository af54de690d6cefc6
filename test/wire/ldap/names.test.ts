import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesOf } from "../../../src/base/hex.ts";
import { parseAttributeDescription, printAttributeDescription } from "../../../src/wire/ldap/attribute.ts";
import { type Dn, dnKey, parseDn, printDn } from "../../../src/wire/ldap/dn.ts";

test("the examples of RFC 4514 §4 are read and printed again", () => {
  const examples: readonly (readonly [text: string, dn: Dn, printed?: string])[] = [
    ["", []],
    ["UID=jsmith,DC=example,DC=net", [[pair("UID", "jsmith")], [pair("DC", "example")], [pair("DC", "net")]]],
    ["OU=Sales+CN=J.  Smith,DC=net", [[pair("OU", "Sales"), pair("CN", "J.  Smith")], [pair("DC", "net")]]],
    ['CN=James \\"Jim\\" Smith\\, III,DC=net', [[pair("CN", 'James "Jim" Smith, III')], [pair("DC", "net")]]],
    ["CN=Before\\0dAfter,DC=net", [[pair("CN", "Before\rAfter")], [pair("DC", "net")]]],
    ["1.3.6.1.4.1.1466.0=#04024869", [[{ attribute: "1.3.6.1.4.1.1466.0", ber: bytesOf("04024869") }]]],
    ["CN=Lu\\C4\\8Di\\C4\\87", [[pair("CN", "Lu\u010di\u0107")]], "CN=Lu\u010di\u0107"],
    ["cn = a , o=b ", [[pair("cn", "a")], [pair("o", "b")]], "cn=a,o=b"],
    ["cn=\\ a\\ ,o=\\#x", [[pair("cn", " a ")], [pair("o", "#x")]]],
    ["cn=", [[pair("cn", "")]]],
    ["cn=a=b", [[pair("cn", "a=b")]]],
  ];
  for (const [text, dn, printed = text] of examples) {
    assert.deepEqual(parseDn(text), dn, text);
    assert.equal(printDn(dn), printed);
  }
});

test("texts that are no name are refused", () => {
  for (const text of [
    "a",
    "=b",
    "cn=a,",
    "cn=a+",
    ",cn=a",
    "cn=a;o=b",
    'cn="a"',
    "cn=a\\",
    "cn=a\\x",
    "cn=\\ff",
    "cn=#0",
    "cn=#zz",
    "cn=#04 01",
    "cn=a\0",
    "c n=a",
    "cn=a<b",
    "cn=\ud800",
    Array(300).fill("a=b").join(","),
  ])
    assert.equal(parseDn(text), undefined, text);
});

test("names that differ in case, blanks or order inside an RDN have one key", () => {
  const key = (text: string): string => dnKey(parseDn(text) ?? []);
  assert.equal(key("CN=J.  Smith+OU=Sales, DC=Net"), key("ou=sales+cn=j. smith,dc=net"));
  assert.notEqual(key("cn=a\\,b"), key("cn=a,cn=b"));
});

test("any name keeps its value as text", () => {
  const value = fc.oneof(
    fc.string({ unit: "binary", maxLength: 8 }),
    fc.string({ maxLength: 8 }),
    fc.constantFrom(" ", "  ", "#", "\\", "\\ ", " \\", "a ", ",+", "\ufeff", "\u00a0x\u00a0"),
  );
  const any = fc.oneof(
    fc.record({ attribute: fc.constantFrom("cn", "2.5.4.3"), value }, { noNullPrototype: true }),
    fc.record({ attribute: fc.constant("x"), ber: fc.uint8Array({ minLength: 1, maxLength: 5 }) }, { noNullPrototype: true }),
  );
  fc.assert(
    fc.property(fc.array(fc.array(any, { minLength: 1, maxLength: 2 }), { maxLength: 4 }), (dn) => assert.deepEqual(parseDn(printDn(dn)), dn)),
  );
});

test("attribute descriptions give name, options and range", () => {
  assert.deepEqual(parseAttributeDescription("member;range=0-1499"), { name: "member", options: [], range: { first: 0, last: 1499 } });
  assert.deepEqual(parseAttributeDescription("member;Range=1500-*"), { name: "member", options: [], range: { first: 1500 } });
  assert.deepEqual(parseAttributeDescription("cn;lang-de;x-a"), { name: "cn", options: ["lang-de", "x-a"] });
  for (const text of ["", ";x", "a;", "a b", "member;range=", "member;range=5-4", "member;range=0-1;range=2-3", "member;range=-1", "1.", "01.2"])
    assert.equal(parseAttributeDescription(text), undefined, text);
  assert.equal(printAttributeDescription({ name: "member", options: [], range: { first: 1500 } }), "member;range=1500-*");
});

function pair(attribute: string, value: string) {
  return { attribute, value };
}
