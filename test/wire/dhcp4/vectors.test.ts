import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, toHex } from "../../../src/base/hex.ts";
import { BROADCAST_V4, type Ipv4Address, UNSPECIFIED_V4 } from "../../../src/base/ipv4.ts";
import { BROADCAST_MAC, type MacAddress } from "../../../src/base/mac.ts";
import { chaddr, macOfChaddr } from "../../../src/wire/dhcp4/hardware.ts";
import { type Dhcp4Message, decodeDhcp4, dhcp4, encodeDhcp4 } from "../../../src/wire/dhcp4/message.ts";
import type { Dhcp4OptionName } from "../../../src/wire/dhcp4/options.ts";
import { clientIdOfMac } from "../../../src/wire/dhcp4/vendor.ts";
import { decodeUdpFrame, encodeUdpFrame } from "../../../src/wire/ip/udp.ts";
import type { DomainName } from "../../../src/base/domain.ts";

const MAC = "02:00:00:00:00:01" as MacAddress;
const ORDER: readonly Dhcp4OptionName[] = [
  "messageType",
  "hostName",
  "clientId",
  "vendorClass",
  "parameterRequestList",
  "requestedAddress",
  "serverId",
];

function clientMessage(options: Dhcp4Message["options"]): Dhcp4Message {
  const common = { hostName: "gw" as DomainName, clientId: clientIdOfMac(MAC), parameterRequestList: [1, 3, 6, 12, 15, 28, 119, 121] };
  return dhcp4({ op: "request", xid: 0x11223344, chaddr: chaddr(MAC), options: { ...common, ...options } });
}

const VECTORS = [
  {
    name: "DISCOVER",
    message: clientMessage({ messageType: "discover" }),
    options: "63825363 350101 0c026777 3d0701020000000001 37080103060c0f1c7779 ff",
    udpChecksum: "7c50",
  },
  {
    name: "REQUEST for the offered address",
    message: clientMessage({ messageType: "request", requestedAddress: "192.0.2.10" as Ipv4Address, serverId: "192.0.2.1" as Ipv4Address }),
    options: "63825363 350103 0c026777 3d0701020000000001 37080103060c0f1c7779 3204c000020a 3604c0000201 ff",
    udpChecksum: "8e3b",
  },
] as const;

for (const { name, message, options, udpChecksum } of VECTORS) {
  const payload = encodeDhcp4(message, { order: ORDER });
  const frame = encodeUdpFrame({
    sourceMac: MAC,
    destinationMac: BROADCAST_MAC,
    source: UNSPECIFIED_V4,
    destination: BROADCAST_V4,
    sourcePort: 68,
    destinationPort: 67,
    payload,
  });

  test(`${name} is these bytes, padded to 300 (RFC 2131 §2, RFC 1542 §2.1)`, () => {
    const expected = bytesOf(`
      01 01 06 00 11223344            # BOOTREQUEST, Ethernet, six octets, no hops, xid
      0000 0000                       # secs, flags
      00000000 00000000 00000000 00000000
      020000000001 00000000000000000000
      ${"00".repeat(64)} ${"00".repeat(128)}
      ${options}`);
    assert.equal(toHex(payload), toHex(expected).padEnd(600, "0"));
    assert.deepEqual(decodeDhcp4(payload), message);
    assert.equal(macOfChaddr(message), MAC);
  });

  test(`${name} leaves in a frame with these headers and checksums (RFC 791, RFC 768)`, () => {
    const headers = bytesOf(`
      ffffffffffff 020000000001 0800
      45 10 0148 0000 0000 80 11 3996 00000000 ffffffff
      0044 0043 0134 ${udpChecksum}`);
    assert.equal(toHex(frame.subarray(0, 42)), toHex(headers));
    assert.deepEqual(decodeUdpFrame(frame, { checksum: "verify" }).payload, payload);
  });
}
