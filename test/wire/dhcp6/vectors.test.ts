import assert from "node:assert/strict";
import { test } from "node:test";
import { duidUuid } from "../../../src/base/duid.ts";
import { bytesOf, toHex } from "../../../src/base/hex.ts";
import type { Ipv6Prefix } from "../../../src/base/ipv6.ts";
import { excludedPrefix, exclusionOf, iaPd, iaPrefix } from "../../../src/wire/dhcp6/leases.ts";
import { decodeDhcp6, dhcp6, encodeDhcp6 } from "../../../src/wire/dhcp6/message.ts";
import { requestCodes } from "../../../src/wire/dhcp6/options.ts";

const SOLICIT = bytesOf(`
  01 a1b2c3                                           # SOLICIT, transaction
  0001 0012 0004 00112233445566778899aabbccddeeff     # client identifier: DUID-UUID
  0019 0029 00000000 00000000 00000000                # IA_PD 0, T1 and T2 left to the server
  001a 0019 00000000 00000000 3b 00000000000000000000000000000000   # any /59
  0006 0004 0052 0053                                 # option request: SOL_MAX_RT, INF_MAX_RT
  0008 0002 0000                                      # elapsed time
  000e 0000                                           # rapid commit`);

const message = dhcp6({
  kind: "solicit",
  transactionId: 0xa1b2c3,
  options: {
    clientId: duidUuid(bytesOf("00112233445566778899aabbccddeeff")),
    iaPd: [iaPd({ iaid: 0, iaPrefix: [iaPrefix("::/59" as Ipv6Prefix)] })],
    requestedOptions: requestCodes(["solMaxRtSeconds", "infMaxRtSeconds"]),
    elapsedHundredths: 0,
    rapidCommit: true,
  },
});

test("a Solicit for a /59 is these 89 bytes (RFC 9915 §18.2.1)", () => {
  const bytes = encodeDhcp6(message, { order: ["clientId", "serverId", "iaPd", "requestedOptions", "elapsedHundredths", "rapidCommit"] });
  assert.equal(bytes.length, 89);
  assert.equal(toHex(bytes), toHex(SOLICIT));
  assert.deepEqual(decodeDhcp6(SOLICIT), message);
});

test("without an order, options go out by code", () => {
  assert.deepEqual(decodeDhcp6(encodeDhcp6(message)), message);
  assert.notEqual(toHex(encodeDhcp6(message)), toHex(SOLICIT));
});

test("the example of RFC 6603 §4.2: beef::/64 stays out of bee0::/59 with the one octet 0x78", () => {
  const delegated = "2001:db8:dead:bee0::/59" as Ipv6Prefix;
  const excluded = "2001:db8:dead:beef::/64" as Ipv6Prefix;
  const exclusion = { prefixLength: 64, subnetId: bytesOf("78") };
  assert.deepEqual(exclusionOf({ delegated, excluded }), exclusion);
  assert.equal(excludedPrefix(delegated, exclusion), excluded);
  assert.equal(excludedPrefix(excluded, exclusion), undefined);
  assert.equal(excludedPrefix(delegated, { prefixLength: 72, subnetId: bytesOf("78") }), undefined);
  assert.equal(exclusionOf({ delegated: excluded, excluded: delegated }), undefined);
  assert.equal(exclusionOf({ delegated, excluded: delegated }), undefined);
});
