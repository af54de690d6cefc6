import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Duid, duidEn } from "../../../src/base/duid.ts";
import { type WireCode, WireError } from "../../../src/base/errors.ts";
import { bytesOf } from "../../../src/base/hex.ts";
import { type Ipv6Prefix, ipv6Prefix, parseIpv6, UNSPECIFIED_V6 } from "../../../src/base/ipv6.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { iaPd, iaPrefix } from "../../../src/wire/dhcp6/leases.ts";
import { type Dhcp6ClientMessage, decodeDhcp6, dhcp6, encodeDhcp6, isRelayMessage, kindOf } from "../../../src/wire/dhcp6/message.ts";
import { refusesOrReads } from "../../support/codec-properties.ts";
import { anyMessage, rawRelay, rawReply } from "./messages.ts";

function refused(bytes: Uint8Array, code: WireCode): void {
  assert.throws(
    () => decodeDhcp6(bytes),
    (error) => error instanceof WireError && error.code === code && error.offset >= 0 && error.offset <= bytes.length,
    `${code} was expected`,
  );
}

function reply(options: string): Dhcp6ClientMessage {
  const message = decodeDhcp6(rawReply(options));
  assert.ok(!isRelayMessage(message));
  return message;
}

const PREFERENCE = "0007 0001 ff";
const IA = "00000001 00000000 00000000";

test("every message keeps its value through encoding and decoding", () => {
  fc.assert(fc.property(anyMessage, (message) => assert.deepEqual(decodeDhcp6(encodeDhcp6(message)), message)));
});

test("no garbage makes anything but a value or a WireError", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => refusesOrReads(decodeDhcp6, bytes)));
  const type = fc.integer({ min: 0, max: 40 });
  fc.assert(fc.property(type, fc.uint8Array({ maxLength: 300 }), (first, bytes) => refusesOrReads(decodeDhcp6, Uint8Array.from([first, ...bytes]))));
});

test("a cut or a flipped bit anywhere gives a value that can be kept, or a WireError", () => {
  fc.assert(
    fc.property(anyMessage, fc.nat(), fc.nat(), (message, cut, at) => {
      const bytes = encodeDhcp6(message);
      refusesOrReads(decodeDhcp6, bytes.subarray(0, cut % bytes.length));
      const bit = at % (bytes.length * 8);
      const flipped = bytes.map((byte, i) => (i === bit >>> 3 ? byte ^ (1 << (bit & 7)) : byte));
      refusesOrReads((frame) => {
        const value = decodeDhcp6(frame);
        const again = decodeDhcp6(encodeDhcp6(value));
        assert.deepEqual({ ...again, malformed: [] }, { ...value, malformed: [] });
      }, flipped);
    }),
  );
});

test("32 delegations beside a server identifier of 130 octets are encoded and read: the size follows from the content", () => {
  const prefix = (i: number): Ipv6Prefix => ipv6Prefix(parseIpv6(`2001:db8:${i.toString(16)}::`) ?? UNSPECIFIED_V6, 56);
  const serverId = duidEn(32473, new Uint8Array(124).fill(7));
  const ias = Array.from({ length: 32 }, (_, iaid) => iaPd({ iaid, iaPrefix: [iaPrefix(prefix(iaid), { preferredSeconds: 1, validSeconds: 2 })] }));
  const message = dhcp6({ kind: "reply", transactionId: 1, options: { clientId: "000300010200" as Duid, serverId, iaPd: ias } });
  const bytes = encodeDhcp6(message);
  assert.equal(bytes.length, 4 + 10 + 134 + 32 * 45);
  assert.deepEqual(decodeDhcp6(bytes), message);
});

test("headers cut short are truncated; leasequery and everything unknown is not spoken, and can be told by its number", () => {
  refused(bytesOf(""), "truncated");
  refused(bytesOf("01 1122"), "truncated");
  refused(bytesOf(`0c 00 ${"00".repeat(31)}`), "truncated");
  for (const type of ["00", "0e", "0f", "14", "23", "26", "ff"]) refused(bytesOf(`${type} 112233`), "unsupported");
  assert.deepEqual(
    [kindOf(bytesOf("0e")), kindOf(bytesOf("01")), kindOf(bytesOf("0d")), kindOf(bytesOf("24"))],
    [14, "solicit", "relayReply", "addressRegistrationInform"],
  );
});

for (const [name, options, code] of [
  ["option cut short", "0007 0002 ff", "truncated"],
  ["option header cut short", "0007 00", "truncated"],
  ["client identifier of two octets", "0001 0002 0003", "bad-length"],
  ["server identifier of 131 octets", `0002 0083 ${"03".repeat(131)}`, "bad-length"],
  ["client identifier sent twice", "0001 0003 000301 0001 0003 000302", "bad-value"],
  ["server identifier sent twice", "0002 0003 000301 0002 0003 000301", "bad-value"],
  ["status without a code", "000d 0001 00", "truncated"],
  ["rapid commit with content", "000e 0001 00", "trailing"],
  ["authentication cut short", "000b 0004 03010000", "truncated"],
] as const) {
  test(`a message with a ${name} is refused`, () => refused(rawReply(options), code));
}

test("an option with code 0 hides nothing behind it", () => {
  const message = reply(`0000 0000 ${PREFERENCE}`);
  assert.deepEqual([message.options, message.unknown], [{ preference: 255 }, [{ code: 0, bytes: bytesOf("") }]]);
});

for (const [name, option, code, reason] of [
  ["IA_PD of eleven octets", `0019 000b ${"00".repeat(11)}`, 25, "truncated"],
  ["IA_NA with an option cut short inside", `0003 0010 ${IA} 0005 0018`, 3, "truncated"],
  ["IA_NA whose status has no code", `0003 0011 ${IA} 000d 0001 00`, 3, "truncated"],
  ["address list of seventeen octets", `0017 0011 ${"20".repeat(17)}`, 23, "bad-length"],
  ["empty address list", "0017 0000", 23, "bad-length"],
  ["search list with a pointer", "0018 0002 c000", 24, "bad-pointer"],
  ["search list of the root", "0018 0001 00", 24, "bad-value"],
  ["option request of odd length", "0006 0003 005200", 6, "bad-length"],
  ["captive portal with a NUL", "0067 0002 6100", 103, "bad-value"],
  ["FQDN with S and N (RFC 4704 §4.1)", "0027 0001 05", 39, "bad-value"],
  ["resolver with an address hint (RFC 9463 §3.1.5)", `0090 001f 0001 0005 03646e7300 0010 ${"20".repeat(16)} 0006 0000`, 144, "bad-value"],
  ["resolver of priority 0 (RFC 9463 §3.1.9)", "0090 0009 0000 0005 03646e7300", 144, "bad-value"],
  ["reconfigure message of an unknown kind", "0013 0001 07", 19, "bad-value"],
  ["MAP-E rule of 33 bits of IPv4", `005e 0010 0059 000c 00 10 21 c0000200 20 20010db8`, 94, ""],
] as const) {
  test(`a ${name} is set aside, and the preference beside it survives`, () => {
    const message = reply(`${option} ${PREFERENCE}`);
    assert.equal(message.options.preference, 255);
    if (reason === "") {
      assert.deepEqual(message.options.s46MapE?.malformed, [{ code: 89, reason: "bad-value" }]);
      return;
    }
    assert.deepEqual(message.options, { preference: 255 });
    assert.deepEqual(message.malformed, [{ code, reason }]);
    assert.deepEqual(message.unknown, [{ code, bytes: bytesOf(option).slice(4) }]);
    assert.deepEqual(decodeDhcp6(encodeDhcp6(message)), message);
  });
}

test("the first of two informational options counts, and so does the first IA of an IAID", () => {
  const message = reply(`${PREFERENCE} 0007 0001 00 0019 000c ${IA} 0019 000c 00000001 00000001 00000002 0003 000c ${IA}`);
  assert.equal(message.options.preference, 255);
  assert.deepEqual(message.options.iaPd, [iaPd({ iaid: 1 })]);
  assert.equal(message.options.iaNa?.length, 1);
  assert.deepEqual(message.malformed, [
    { code: 7, reason: "bad-value" },
    { code: 25, reason: "bad-value" },
  ]);
});

test("a prefix longer than 128 bits is set aside inside its IA; bits behind a length are cleared (RFC 9915 §21.22)", () => {
  const prefix = (bits: string): string => `001a 0019 00000001 00000002 ${bits} 20010db8ffffffffffffffffffffffff`;
  const message = reply(`0019 0046 ${IA} ${prefix("81")} ${prefix("2c")}`);
  assert.deepEqual(message.options.iaPd?.[0]?.malformed, [{ code: 26, reason: "bad-value" }]);
  assert.deepEqual(
    message.options.iaPd?.[0]?.options.iaPrefix?.map((one) => one.prefix),
    ["2001:db8:fff0::/44"],
  );
  assert.deepEqual(message.malformed, []);
});

test("an option where it does not belong is kept as bytes and means nothing", () => {
  const message = reply(`001a 0019 ${"00".repeat(25)} 0009 0001 01 0003 0010 ${IA} 0003 0000`);
  assert.deepEqual(
    message.unknown.map(({ code }) => code),
    [26, 9],
  );
  assert.deepEqual(message.options.iaNa?.[0]?.unknown, [{ code: 3, bytes: bytesOf("") }]);
});

test("the text of a status is for people: bytes that are no UTF-8 do not cost the message", () => {
  assert.deepEqual(reply("000d 0004 0002 ff61").options.status, { code: 2, message: "\ufffda" });
});

test("a relay's message holds exactly one message, of at least one octet (RFC 9915 §9)", () => {
  refused(rawRelay(""), "bad-value");
  refused(rawRelay("0009 0000"), "bad-length");
  refused(rawRelay("0009 0001 01 0009 0001 01"), "bad-value");
  assert.equal(decodeDhcp6(rawRelay("0009 0001 01 0012 0000")).kind, "relayForward");
});

test("more options than the limit condemn the level they stand at", () => {
  const many = "ff00 0000".repeat(LIMITS.dhcp6Options);
  reply(many);
  refused(rawReply(`${many} ff00 0000`), "too-many");
});
