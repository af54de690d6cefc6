/** URLs of referrals (RFC 4516): what is read, what is refused, and that printing reads back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printFilter } from "../../../src/wire/ldap/filter-text.ts";
import { type LdapUrl, parseLdapUrl, printLdapUrl } from "../../../src/wire/ldap/url.ts";

const PLAIN: LdapUrl = { scheme: "ldap", host: "", port: undefined, dn: undefined, attributes: [], scope: undefined, filter: undefined };

test("the parts of a URL, with what is left out left out (RFC 4516 §4)", () => {
  const cases: readonly (readonly [string, Partial<LdapUrl>])[] = [
    ["ldap:///o=University%20of%20Michigan,c=US", { dn: "o=University of Michigan,c=US" }],
    ["ldap://ldap1.example.net/o=University%20of%20Michigan,c=US", { host: "ldap1.example.net", dn: "o=University of Michigan,c=US" }],
    ["ldap://ldap1.example.net:6666/", { host: "ldap1.example.net", port: 6666 }],
    ["LDAPS://Host.Example", { scheme: "ldaps", host: "Host.Example" }],
    ["ldap://[2001:db8::7]:389/c=GB?objectClass?one", { host: "2001:db8::7", port: 389, dn: "c=GB", attributes: ["objectClass"], scope: "one" }],
    ["ldap://h/dc=x??sub", { host: "h", dn: "dc=x", scope: "subtree" }],
    ["ldap://h/dc=x??base?", { host: "h", dn: "dc=x", scope: "base" }],
    ["ldap://h/o=An%20Example%5C2C%20Inc.,c=US", { host: "h", dn: "o=An Example\\2C Inc.,c=US" }],
    ["ldap://h/??sub??e-bindname=cn=Manager%2cdc=x", { host: "h", scope: "subtree" }],
  ];
  for (const [text, expected] of cases) assert.deepEqual(parseLdapUrl(text), { ...PLAIN, ...expected }, text);
  const { filter } = parseLdapUrl("ldap://h/dc=x??sub?(cn=Babs%20J*)") ?? PLAIN;
  assert.equal(filter === undefined ? "" : printFilter(filter), "(cn=Babs J*)");
});

test("what is no such URL, or says what we must understand and do not, is refused (RFC 4516 §2)", () => {
  for (const text of [
    "",
    "http://h/",
    "ldap:/h",
    "ldap://h:0/",
    "ldap://h:65536/",
    "ldap://h:port/",
    "ldap://us er@h/",
    "ldap://h/no name",
    "ldap://h/%zz",
    "ldap://h/%ff",
    "ldap://h/dc=x??deep",
    "ldap://h/dc=x??sub?(cn=",
    "ldap://h/dc=x??sub??!e-bindname=cn=x",
    "ldap://h/dc=x#part",
    `ldap://h/cn=${"x".repeat(9000)}`,
  ]) {
    assert.equal(parseLdapUrl(text), undefined, text);
  }
});

const url: fc.Arbitrary<LdapUrl> = fc.record(
  {
    scheme: fc.constantFrom("ldap", "ldaps"),
    host: fc.constantFrom("", "ldap.example.net", "192.0.2.1", "2001:db8::1"),
    port: fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
    dn: fc.option(fc.constantFrom("dc=x", "o=A B,c=US", "cn=a\\,b+uid=c", "cn=Émile?#%&"), { nil: undefined }),
    attributes: fc.array(fc.constantFrom("cn", "uid", "cn;lang-de"), { maxLength: 3 }),
    scope: fc.constantFrom("base", "one", "subtree", undefined),
    filter: fc.option(
      fc.constantFrom<NonNullable<LdapUrl["filter"]>>(
        { kind: "present", attribute: "cn" },
        { kind: "equal", attribute: "cn", value: new Uint8Array([0, 0x28, 0x3f, 0xc3, 0xa9]) },
        { kind: "and", filters: [] },
      ),
      { nil: undefined },
    ),
  },
  { noNullPrototype: true },
);

test("what is printed reads back as the same URL; nothing that comes makes the parser throw", () => {
  fc.assert(
    fc.property(url, (value) => assert.deepEqual(parseLdapUrl(printLdapUrl(value)), value)),
    { numRuns: 1000 },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ maxLength: 60 }),
        fc.string({ maxLength: 60 }).map((rest) => `ldap://h/${rest}`),
      ),
      (text) => {
        const read = parseLdapUrl(text);
        if (read !== undefined) assert.deepEqual(parseLdapUrl(printLdapUrl(read)), read);
      },
    ),
    { numRuns: 5000 },
  );
});
