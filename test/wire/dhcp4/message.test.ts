import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type WireCode, WireError } from "../../../src/base/errors.ts";
import { bytesOf, toHex } from "../../../src/base/hex.ts";
import type { Ipv4Address } from "../../../src/base/ipv4.ts";
import type { MacAddress } from "../../../src/base/mac.ts";
import { decodeDhcp4, dhcp4, encodeDhcp4 } from "../../../src/wire/dhcp4/message.ts";
import { clientIdOfMac } from "../../../src/wire/dhcp4/vendor.ts";
import { refusesOrReads } from "../../support/codec-properties.ts";
import { anyMessage, rawMessage } from "./messages.ts";

const ack = (options: string): Uint8Array => rawMessage({ options: bytesOf(`350105 ${options}`) });

function refused(bytes: Uint8Array, code: WireCode): void {
  assert.throws(
    () => decodeDhcp4(bytes),
    (error) => error instanceof WireError && error.code === code && error.offset >= 0 && error.offset <= bytes.length,
    `${code} was expected`,
  );
}

test("every message keeps its value through encoding and decoding", () => {
  fc.assert(fc.property(anyMessage, (message) => assert.deepEqual(decodeDhcp4(encodeDhcp4(message)), message)));
});

test("no garbage makes anything but a value or a WireError", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => refusesOrReads(decodeDhcp4, bytes)));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (options) => refusesOrReads(decodeDhcp4, rawMessage({ options }))),
    { numRuns: 500 },
  );
});

test("a message cut anywhere before its END is refused or lacks only whole options", () => {
  fc.assert(
    fc.property(anyMessage, fc.nat(), (message, at) => {
      const bytes = encodeDhcp4(message, { minimumBytes: 0 });
      refusesOrReads(decodeDhcp4, bytes.subarray(0, at % bytes.length));
    }),
  );
});

test("a fixed header that is too short, or holds a wrong cookie, operation or hardware length, is refused (RFC 2131 §2)", () => {
  const sound = ack("ff");
  const changed = (at: number, value: number): Uint8Array => sound.map((byte, i) => (i === at ? value : byte));
  refused(sound.subarray(0, 239), "truncated");
  refused(changed(236, 0), "bad-value");
  refused(changed(0, 0), "bad-value");
  refused(changed(0, 3), "bad-value");
  refused(changed(2, 17), "bad-length");
});

test("only the broadcast bit of the flags is looked at (RFC 2131 §2)", () => {
  const flags = (high: number, low: number) => decodeDhcp4(ack("ff").map((byte, i) => (i === 10 ? high : i === 11 ? low : byte))).broadcast;
  assert.equal(flags(0x80, 0), true);
  assert.equal(flags(0x7f, 0xff), false);
});

test("the message type stands there exactly once, with one byte (RFC 2132 §9.6)", () => {
  refused(rawMessage({ options: bytesOf("ff") }), "bad-value");
  refused(ack("350105 ff"), "bad-value");
  refused(ack("3500 ff"), "bad-value");
  refused(rawMessage({ options: bytesOf("35020505 ff") }), "trailing");
  refused(rawMessage({ options: bytesOf("3500 ff") }), "truncated");
  refused(rawMessage({ options: bytesOf("350100 ff") }), "bad-value");
  refused(rawMessage({ options: bytesOf("350113 ff") }), "bad-value");
});

test("END stops, what follows it is ignored, a missing END is tolerated, pads are skipped (RFC 2132 §3.1, §3.2)", () => {
  assert.deepEqual(decodeDhcp4(ack("ff 3304")).options, { messageType: "ack" });
  assert.deepEqual(decodeDhcp4(ack("")).options, { messageType: "ack" });
  assert.deepEqual(decodeDhcp4(ack("0000 3304 0000003c 00 ff")).options, { messageType: "ack", leaseSeconds: 60 });
});

test("a length beyond the field is truncated, for unknown options too", () => {
  refused(ack("33"), "truncated");
  refused(ack("e0 05 01020304"), "truncated");
});

test("a subnet mask with holes condemns the datagram (RFC 2132 §3.3)", () => {
  refused(ack("0104 ffff00ff ff"), "bad-value");
  assert.equal(decodeDhcp4(ack("0104 00000000 ff")).options.subnetMask, "0.0.0.0");
});

for (const [name, bytes, code] of [
  ["router list", "0305 c000020100", "bad-length"],
  ["name server list", "0600", "bad-length"],
  ["lease time", "3303 000e10", "truncated"],
  ["server identifier sent twice", "3604 c0000201 3604 c0000201", "trailing"],
  ["client identifier", "3d01 01", "bad-length"],
  ["classless route of 33 bits", "790a 21 c000020100 c0000201", "bad-value"],
  ["classless route cut short", "7906 18 c00002 c000", "truncated"],
  ["empty classless routes", "7900", "bad-length"],
  ["static route cut short", "2104 c0000201", "bad-length"],
] as const) {
  test(`a malformed ${name} condemns the datagram`, () => refused(ack(`${bytes} ff`), code));
}

for (const [name, bytes, code, reason] of [
  ["host name with a blank", "0c03 612062", 12, "bad-value"],
  ["host name with a line break", "0c03 610a62", 12, "bad-value"],
  ["empty host name", "0c00", 12, "bad-length"],
  ["host name of NULs", "0c02 0000", 12, "bad-length"],
  ["domain name with an empty label", "0f04 612e2e62", 15, "bad-value"],
  ["domain name that is not UTF-8", "0f02 ff61", 15, "bad-value"],
  ["MTU below 68 (RFC 2132 §5.1)", "1a02 0043", 26, "bad-value"],
  ["captive portal with a control character", "7203 610162", 114, "bad-value"],
  ["search list that points at itself", "7702 c000", 119, "bad-pointer"],
  ["search list that points forwards", "7704 c002 0161", 119, "bad-pointer"],
  ["search list that points behind its end", "7704 0161 c0ff", 119, "bad-pointer"],
  ["search list of the root alone", "7701 00", 119, "bad-value"],
  ["FQDN with S and N (RFC 4702 §2.1)", "5103 0d0000", 81, "bad-value"],
  ["resolver without a name (RFC 9463 §5.1)", "a205 0003 0001 00", 162, "truncated"],
] as const) {
  test(`a ${name} is set aside, and the lease beside it survives`, () => {
    const message = decodeDhcp4(ack(`${bytes} 3304 0000003c ff`));
    assert.deepEqual(message.options, { messageType: "ack", leaseSeconds: 60 });
    assert.deepEqual(message.malformed, [{ code, reason }]);
    assert.deepEqual(message.unknown, [{ code, bytes: bytesOf(bytes).slice(2) }]);
    assert.deepEqual(decodeDhcp4(encodeDhcp4(message)), message);
  });
}

test("NULs at the end of text are taken off (RFC 2132 §2)", () => {
  assert.equal(decodeDhcp4(ack("0f0c 6578616d706c652e6e657400 ff")).options.domainName, "example.net");
});

test("host bits of a classless route are cleared, a gateway of zero is kept (RFC 3442)", () => {
  const { classlessRoutes } = decodeDhcp4(ack("7908 18 c000ff 00000000 ff 00")).options;
  assert.deepEqual(classlessRoutes, [{ destination: "192.0.255.0/24", gateway: "0.0.0.0" }]);
  const odd = decodeDhcp4(ack("7908 14 0affff c0000201 ff")).options.classlessRoutes;
  assert.deepEqual(odd, [{ destination: "10.255.240.0/20", gateway: "192.0.2.1" }]);
});

test("text in sname and file ends at the first NUL; text that is none is listed and becomes empty (RFC 2131 §2)", () => {
  const options = bytesOf("350105 ff");
  assert.equal(decodeDhcp4(rawMessage({ options, sname: bytesOf("6200 ff") })).sname, "b");
  const broken = decodeDhcp4(rawMessage({ options, sname: bytesOf("61".repeat(64)), file: bytesOf("0a") }));
  assert.deepEqual([broken.sname, broken.file], ["", ""]);
  assert.deepEqual(broken.malformed, [
    { code: "sname", reason: "bad-length" },
    { code: "file", reason: "bad-value" },
  ]);
});

test("a user class that is no list of classes is kept as it came (RFC 3004; iPXE sends bare text)", () => {
  assert.deepEqual(decodeDhcp4(ack("4d04 69505845 ff")).options.userClass, { kind: "raw", bytes: bytesOf("69505845") });
});

test("options go out in the order asked for, then by code; what a relay added goes last (RFC 3046 §2.1)", () => {
  const options = {
    messageType: "ack",
    leaseSeconds: 60,
    clientId: clientIdOfMac("02:00:5e:00:00:01" as MacAddress),
    subnetMask: "255.255.255.0" as Ipv4Address,
    relayAgentInformation: [{ code: 1, bytes: bytesOf("07") }],
  } as const;
  const message = dhcp4({ op: "reply", xid: 1, options, unknown: [{ code: 224, bytes: bytesOf("aa") }] });
  const area = (bytes: Uint8Array): string => toHex(bytes.subarray(240));
  assert.equal(
    area(encodeDhcp4(message, { minimumBytes: 0 })),
    toHex(bytesOf("350105 0104ffffff00 33040000003c 3d070102005e000001 e001aa 5203010107 ff")),
  );
  assert.equal(
    area(encodeDhcp4(message, { minimumBytes: 0, order: ["leaseSeconds", "messageType"] })),
    toHex(bytesOf("33040000003c 350105 0104ffffff00 3d070102005e000001 e001aa 5203010107 ff")),
  );
  assert.equal(encodeDhcp4(message).length, 300);
});
