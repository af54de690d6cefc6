import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf } from "../../../src/base/hex.ts";
import type { Ipv4Address } from "../../../src/base/ipv4.ts";
import type { MacAddress } from "../../../src/base/mac.ts";
import { describeDhcp4 } from "../../../src/wire/dhcp4/describe.ts";
import { chaddr } from "../../../src/wire/dhcp4/hardware.ts";
import { decodeDhcp4, dhcp4 } from "../../../src/wire/dhcp4/message.ts";
import { everyOption } from "../../../src/wire/dhcp4/options.ts";
import { rawMessage } from "./messages.ts";

test("a message is one line, and one for each option", () => {
  const message = dhcp4({
    op: "reply",
    xid: 0x11223344,
    secs: 2,
    broadcast: true,
    yiaddr: "192.0.2.10" as Ipv4Address,
    chaddr: chaddr("02:00:5e:00:00:01" as MacAddress),
    file: "pxelinux.0",
    options: { messageType: "offer", routers: ["192.0.2.1" as Ipv4Address], vendorOptions: [{ enterprise: 32473, bytes: bytesOf("0101") }] },
    unknown: [{ code: 224, bytes: bytesOf("aa") }],
  });
  assert.deepEqual(describeDhcp4(message).split("\n"), [
    "OFFER  xid 11223344  from 02:00:5e:00:00:01  secs 2  broadcast  yiaddr 192.0.2.10  file pxelinux.0",
    "  3 routers: 192.0.2.1",
    "  53 message type: offer",
    "  125 vendor-identifying options: {enterprise 32473 bytes 0101}",
    "  224 unknown: aa",
  ]);
});

test("no control or direction character of a peer reaches the reader", () => {
  const hostile = "\u202egnp.exe\u2066"; // direction override and isolate
  const text = describeDhcp4(dhcp4({ op: "reply", xid: 1, sname: hostile, options: { messageType: "nak", message: `${hostile}\n\u001b[2J` } }));
  assert.equal(text.split("\n").length, 3);
  assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
});

test("a malformed option says why, and is shown as bytes", () => {
  const text = describeDhcp4(decodeDhcp4(rawMessage({ options: bytesOf("350105 1a02 0043 ff") })));
  assert.match(text, /\n {2}26 interface MTU \(bad-value\): 0043$/);
});

test("a secret is never printed, not even when it is malformed (RFC 3118)", () => {
  for (const { key, samples } of everyOption().filter((entry) => entry.secret)) {
    for (const { value, hex } of samples) {
      const text = describeDhcp4(dhcp4({ op: "reply", xid: 1, options: { messageType: "ack", [key]: value } }));
      assert.ok(text.includes("(hidden)") && !text.includes(hex.replaceAll(" ", "").slice(-12)), text);
    }
  }
  assert.match(describeDhcp4(decodeDhcp4(rawMessage({ options: bytesOf("350105 5a00 ff") }))), /90 authentication \(bad-length\): \(hidden\)/);
});

test("another hardware type shows its address in hexadecimal", () => {
  assert.match(describeDhcp4(dhcp4({ op: "request", xid: 1, htype: 32, hlen: 0, options: { messageType: "discover" } })), /from hardware 32, /);
});
