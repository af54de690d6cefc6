/** Client identifiers that DHCPv4 and DHCPv6 servers know a host by alike. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Duid, duidOf } from "../../../src/base/duid.ts";
import { numberOfName } from "../../../src/base/name-number.ts";
import { clientIdOfDuid } from "../../../src/services/uplink4/identity.ts";
import { clientIdBytes } from "../../../src/wire/dhcp4/vendor.ts";

const DUID = "00040123456789abcdef0123456789abcdef" as Duid;

test("RFC 4361 §6.1: type 255, four octets of IAID, the DUID", () => {
  const id = clientIdOfDuid(DUID, "wan0");
  assert.equal(id, `ff${numberOfName("wan0", 32).toString(16).padStart(8, "0")}${DUID}`);
  assert.equal(clientIdOfDuid(DUID, "wan0"), id, "the same at each start");
});
test("RFC 4361 §6.1: two interfaces of a host have the same DUID and different IAIDs", () => {
  const [one, other] = [clientIdOfDuid(DUID, "wan0"), clientIdOfDuid(DUID, "wan1")];
  assert.equal(one.slice(10), other.slice(10));
  assert.notEqual(one.slice(2, 10), other.slice(2, 10));
});
test("the longest DUID fits in option 61", () => {
  const longest = duidOf(new Uint8Array(130).fill(7));
  assert.ok(longest !== undefined);
  assert.equal(clientIdBytes(clientIdOfDuid(longest, "wan0")).length, 135);
});
