/** Interface identifiers that no host may have. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ipv6Address, ipv6Bytes } from "../../src/base/ipv6.ts";
import { isReservedIdentifier } from "../../src/services/reserved-identifier.ts";

test("identifiers that stand for routers or groups of servers are no host's (RFC 5453 §3, RFC 4291 §2.6.1)", () => {
  const reserved = (text: string): boolean => isReservedIdentifier(ipv6Bytes(text as Ipv6Address), 0);
  for (const text of [
    "2001:db8::",
    "2001:db8::200:5eff:fe00:5213",
    "2001:db8::200:5eff:fe00:0",
    "2001:db8::fdff:ffff:ffff:ff80",
    "2001:db8::fdff:ffff:ffff:ffff",
  ])
    assert.equal(reserved(text), true, text);
  for (const text of [
    "2001:db8::1",
    "2001:db8::200:5eff:ff00:0",
    "2001:db8::200:5efe:fe00:0",
    "2001:db8::fcff:ffff:ffff:ff80",
    "2001:db8::fdff:ffff:ffff:ff7f",
    "2001:db8::1:0:0:0",
  ])
    assert.equal(reserved(text), false, text);
});
