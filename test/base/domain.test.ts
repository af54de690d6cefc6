import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeAll } from "../../src/base/codec.ts";
import { domainName, parseDomainName } from "../../src/base/domain.ts";
import { type WireCode, WireError } from "../../src/base/errors.ts";
import { bytesOf } from "../../src/base/hex.ts";
import { noFlipEscapes, noMisread, roundTrip } from "../support/codec-properties.ts";

test("a name has letters, digits, hyphens inside and underscores; one final dot is taken off (RFC 1123 §2.1)", () => {
  for (const text of ["gw", "a.b", "_ldap._tcp.example.net", "1a", "A-b.example"]) assert.equal(parseDomainName(text), text);
  assert.equal(parseDomainName("example.net."), "example.net");
  for (const text of ["", ".", "..", "a..b", "a.b..", "-a", "a-", "a b", "a\n", "a\0", "ä", "a/b", "../a", "$(a)"])
    assert.equal(parseDomainName(text), undefined, text);
});

test("labels have at most 63 characters, names 253 (RFC 1035 §2.3.4)", () => {
  const label = "a".repeat(63);
  assert.equal(parseDomainName(label), label);
  assert.equal(parseDomainName(`${label}a`), undefined);
  const longest = [label, label, label, "a".repeat(61)].join(".");
  assert.equal(parseDomainName(longest), longest);
  assert.equal(parseDomainName(`${longest}a`), undefined);
});

test("the wire form keeps a name, and has no pointers (RFC 1035 §3.1)", () => {
  const bytes = bytesOf("02 6777 07 6578616d706c65 03 6e6574 00");
  const name = decodeAll(domainName, bytes);
  assert.equal(name, "gw.example.net");
  roundTrip(domainName, name, bytes);
  noMisread(domainName, bytes);
  noFlipEscapes(domainName, bytes);
  const refuses = (hex: string, code: WireCode): void =>
    assert.throws(
      () => decodeAll(domainName, bytesOf(hex)),
      (error) => error instanceof WireError && error.code === code,
      hex,
    );
  refuses("00", "bad-value");
  refuses("02 6777", "truncated");
  refuses("02 6777 c000", "bad-pointer");
  refuses("40 00", "bad-length");
  refuses("03 612e62 00", "bad-value");
  refuses("01 61 00 00", "trailing");
});
