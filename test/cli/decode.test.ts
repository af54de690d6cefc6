/** `leasehold decode`: captures and hexadecimal octets, what is not DHCP, and what cannot be read. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../../src/base/hex.ts";
import type { Ipv4Address } from "../../src/base/ipv4.ts";
import type { MacAddress } from "../../src/base/mac.ts";
import { decoded } from "../../src/cli/decode.ts";
import { dhcp4, encodeDhcp4 } from "../../src/wire/dhcp4/message.ts";
import { encodeUdpFrame } from "../../src/wire/ip/udp.ts";
import { encodePcap } from "../../src/wire/pcap/pcap.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const MESSAGE = encodeDhcp4(dhcp4({ op: "request", xid: 0x12345678, options: { messageType: "discover", rootPath: "evil\u202e" } }));

function frame(destinationPort = 67): Uint8Array {
  return encodeUdpFrame({
    sourceMac: "02:00:5e:10:00:01" as MacAddress,
    destinationMac: "ff:ff:ff:ff:ff:ff" as MacAddress,
    source: "0.0.0.0" as Ipv4Address,
    destination: "255.255.255.255" as Ipv4Address,
    sourcePort: 68,
    destinationPort,
    payload: MESSAGE,
  });
}

test("each DHCP message of a capture is told with its time, its way and its options, escaped; other frames are passed over", () => {
  const other = encodeUdpFrame({
    sourceMac: "02:00:5e:10:00:01" as MacAddress,
    destinationMac: "ff:ff:ff:ff:ff:ff" as MacAddress,
    source: "192.0.2.1" as Ipv4Address,
    destination: "192.0.2.2" as Ipv4Address,
    sourcePort: 53,
    destinationPort: 4000,
    payload: new Uint8Array(12),
  });
  const texts = decoded(encodePcap([frame(), other, new Uint8Array(3), frame()].map((bytes, i) => ({ atMicroseconds: i * 1_000_000, bytes }))));
  assert.equal(texts.length, 2);
  assert.match(texts[0] ?? "", /^1970-01-01T00:00:00\.000Z 0\.0\.0\.0 port 68 to 255\.255\.255\.255 port 67\nDISCOVER {2}xid 12345678/);
  assert.match(texts[0] ?? "", /17 root path: evil\\u\{202e\}/);
});

test("a wrong UDP checksum is said, and the message is told all the same: captures are taken before cards fill it in", () => {
  const damaged = frame();
  damaged[40] = (damaged[40] ?? 0) ^ 1;
  assert.match(decoded(encodePcap([{ atMicroseconds: 0, bytes: damaged }]))[0] ?? "", /with a wrong UDP checksum\)\nDISCOVER/);
});

test("octets in hexadecimal are a frame or a message, in whatever spacing", () => {
  assert.match(decoded(text(toHex(MESSAGE)))[0] ?? "", /^DISCOVER/);
  assert.match(decoded(text((toHex(frame()).match(/../g) ?? []).join(":\n")))[0] ?? "", /port 67\nDISCOVER/);
  assert.match(decoded(text("01 ab cd ef  0008 0002 0000"))[0] ?? "", /^SOLICIT/i);
});

test("what cannot be read says where; what is neither capture nor octets has nothing in it", () => {
  assert.match(decoded(text("0101"))[0] ?? "", /cannot be read: truncated at octet/);
  assert.deepEqual(decoded(text("hello")), []);
  assert.deepEqual(decoded(new Uint8Array([0xa1, 0xb2, 0xc3, 0xd4, 0, 1])), []);
  assert.deepEqual(decoded(new Uint8Array(0)), []);
});

test("no cut or flipped octet of a capture of IPv4 and IPv6 escapes as anything but text", () => {
  const ipv6 = new Uint8Array(14 + 40 + 8 + 8);
  ipv6.set([0x86, 0xdd, 0x60], 12);
  ipv6.set([17], 20);
  ipv6.set([0x02, 0x22, 0x02, 0x23, 0, 16], 54);
  for (const whole of [frame(), ipv6]) {
    for (let at = 0; at < whole.length; at += 3) {
      const flipped = whole.slice();
      flipped[at] = (flipped[at] ?? 0) ^ 0xff;
      for (const bytes of [flipped, whole.slice(0, at)])
        for (const one of decoded(encodePcap([{ atMicroseconds: 0, bytes }]))) assert.ok(one.length > 0);
    }
  }
});
