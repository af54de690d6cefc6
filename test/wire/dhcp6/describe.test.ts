import assert from "node:assert/strict";
import { test } from "node:test";
import { describeDuid, duidEn, duidLl, duidLlt, duidOf, duidUuid, parseDuid } from "../../../src/base/duid.ts";
import { bytesOf, toHex } from "../../../src/base/hex.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../../src/base/ipv6.ts";
import type { MacAddress } from "../../../src/base/mac.ts";
import { reconfigureKeyOf, reconfigureKeyOption } from "../../../src/wire/dhcp6/auth.ts";
import { describeDhcp6, withoutSecrets } from "../../../src/wire/dhcp6/describe.ts";
import { iaPd, iaPrefix } from "../../../src/wire/dhcp6/leases.ts";
import { decodeDhcp6, dhcp6, encodeDhcp6, relay6 } from "../../../src/wire/dhcp6/message.ts";
import { rawReply } from "./messages.ts";

const MAC = "02:00:5e:10:00:01" as MacAddress;
const KEY = bytesOf("5ec2e75ec2e75ec2e75ec2e75ec2e75e");
const authentication = reconfigureKeyOption({ kind: "key", replayDetection: "0000000000000001", bytes: KEY });
const keyed = dhcp6({ kind: "reply", transactionId: 1, options: { authentication } });
const relayed = relay6({
  kind: "relayReply",
  hopCount: 0,
  linkAddress: "2001:db8::1" as Ipv6Address,
  peerAddress: "fe80::2" as Ipv6Address,
  options: { relayMessage: encodeDhcp6(keyed) },
});

test("a message is one line, and one for each option; a relay's holds the lines of the message inside", () => {
  const prefix = iaPrefix("2001:db8:1200::/56" as Ipv6Prefix, { preferredSeconds: 1800, validSeconds: 3600 });
  const message = {
    ...dhcp6({
      kind: "informationRequest",
      transactionId: 0x4a1f3c,
      options: { clientId: duidLl(MAC), iaPd: [iaPd({ iaid: 7, iaPrefix: [prefix] })] },
    }),
    unknown: [{ code: 65001, bytes: bytesOf("aa") }],
  };
  const inner = [
    "INFORMATION-REQUEST  transaction 4a1f3c",
    "  1 client identifier: LL 02:00:5e:10:00:01",
    "  25 IA_PD: {iaid 7 renewSeconds 0 rebindSeconds 0 iaPrefix {preferredSeconds 1800 validSeconds 3600 prefix 2001:db8:1200::/56}}",
    "  65001 unknown: aa",
  ];
  assert.deepEqual(describeDhcp6(decodeDhcp6(encodeDhcp6(message))).split("\n"), inner);
  const envelope = describeDhcp6({ ...relayed, options: { relayMessage: encodeDhcp6(message) } }).split("\n");
  assert.deepEqual(envelope, ["RELAY-REPLY  hop 0  link 2001:db8::1  peer fe80::2", "  9 relay message:", ...inner.map((line) => `    ${line}`)]);
});

test("a malformed option says why, at its own level", () => {
  assert.match(describeDhcp6(decodeDhcp6(rawReply("0017 0001 20"))), /\n {2}23 DNS servers \(bad-length\): 20$/);
  assert.match(describeDhcp6(decodeDhcp6(rawReply("0019 0011 00000001 00000000 00000000 001a 0001 20"))), /\[26 IA prefix \(truncated\): 20\]/);
});

test("no control or direction character of a peer reaches the reader", () => {
  const text = describeDhcp6(dhcp6({ kind: "reply", transactionId: 1, options: { status: { code: 1, message: "\u202egnp.exe\n\u001b[2J" } } }));
  assert.equal(text.split("\n").length, 2);
  assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
});

test("a secret is never printed: not directly, not misplaced, not inside a relay's message, readable or not (RFC 9915 §20.4)", () => {
  const broken = { ...relayed, options: { relayMessage: encodeDhcp6(keyed).subarray(0, 30) } };
  const misplaced = { ...dhcp6({ kind: "reply", transactionId: 1, options: {} }), unknown: [{ code: 9, bytes: KEY }] };
  for (const message of [keyed, relayed, broken, misplaced]) {
    assert.doesNotMatch(describeDhcp6(message), /5ec2e7/);
    assert.doesNotMatch(toHex(encodeDhcp6(withoutSecrets(message))), /5ec2e7/);
  }
  assert.match(describeDhcp6(relayed), /11 authentication: \(hidden\)/);
});

test("the reconfigure key protocol is read in its own form only (RFC 9915 §20.4.1)", () => {
  assert.deepEqual(reconfigureKeyOf(authentication), { kind: "key", replayDetection: "0000000000000001", bytes: KEY });
  assert.equal(encodeDhcp6(keyed).length, 4 + 4 + 28);
  for (const other of [
    { protocol: 2 },
    { algorithm: 2 },
    { replayMethod: 1 },
    { information: bytesOf("01") },
    { information: bytesOf(`03${toHex(KEY)}`) },
  ]) {
    assert.equal(reconfigureKeyOf({ ...authentication, ...other }), undefined);
  }
});

test("identifiers are made of their octets, 3 to 130 of them (RFC 9915 §11)", () => {
  assert.equal(duidLl(MAC), "0003000102005e100001");
  assert.equal(duidLlt(MAC, 0x01020304), "000100010102030402005e100001");
  assert.equal(duidEn(32473, bytesOf("aabb")), "000200007ed9aabb");
  const uuid = duidUuid(bytesOf("00112233445566778899aabbccddeeff"));
  assert.equal(describeDuid(uuid), "UUID 00112233-4455-6677-8899-aabbccddeeff");
  assert.equal(describeDuid(duidLlt(MAC, 5)), "LLT 02:00:5e:10:00:01 at 5");
  assert.equal(describeDuid(duidEn(32473, bytesOf("aabb"))), "EN 32473 aabb");
  assert.equal(parseDuid("00:03:00:01:02:00:5E:10:00:01"), duidLl(MAC));
  assert.deepEqual([parseDuid("0003"), parseDuid("zz0000"), duidOf(new Uint8Array(131))], [undefined, undefined, undefined]);
  assert.equal(duidOf(new Uint8Array(130))?.length, 260);
  const odd = duidOf(bytesOf("0003 0001 02")) ?? uuid;
  assert.equal(describeDuid(odd), "0003000102");
});
