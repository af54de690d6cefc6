/** Every rung that an answer must pass before it counts: who fails on it is counted by its name and changes nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf } from "../../../src/base/hex.ts";
import type { Ipv4Address } from "../../../src/base/ipv4.ts";
import { ADDRESS, face, rig, SERVER, SERVER_MAC } from "./rig.ts";

const DENIED = "192.0.2.66" as Ipv4Address;
const [ETHERNET, IP, UDP] = [14, 20, 8] as const;
const BOOTP = ETHERNET + IP + UDP;
type Rig = ReturnType<typeof rig>;

function selectingRig(): Rig {
  const self = rig();
  self.service.configure({ interfaces: [face("wan0", { denyServers: [DENIED] })] });
  self.link();
  return self;
}
/** The OFFER with some octets set, its sums made right again unless they are what is wrong. */
function patched(self: Rig, octets: Readonly<Record<number, number>>, sums: "right" | "as they are" = "right"): Uint8Array {
  const frame = self.answer("offer");
  for (const [at, value] of Object.entries(octets)) frame[Number(at)] = value;
  if (sums === "as they are") return frame;
  frame.set([0, 0], ETHERNET + 10);
  const sum = sumOf(frame.subarray(ETHERNET, ETHERNET + IP));
  frame.set([sum >>> 8, sum & 255], ETHERNET + 10);
  frame.set([0, 0], ETHERNET + IP + 6); // no UDP checksum
  return frame;
}
function sumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
const offer = (self: Rig, message: NonNullable<Parameters<Rig["answer"]>[1]>["message"]): Uint8Array =>
  self.answer("offer", message === undefined ? {} : { message });
const option = (code: number, hex: string) => ({ unknown: [{ code, bytes: bytesOf(hex) }] });

const RUNGS: readonly (readonly [rung: string, reason: string, frame: (self: Rig) => Uint8Array])[] = [
  ["an Ethernet header is there", "truncated", (self) => self.answer("offer").slice(0, 13)],
  ["it holds IPv4", "unsupported", (self) => patched(self, { 12: 0x86, 13: 0xdd })],
  ["it is for us or for all", "foreign-hardware-address", (self) => self.answer("offer", { mac: SERVER_MAC })],
  ["an IP header is there", "truncated", (self) => self.answer("offer").slice(0, ETHERNET + 19)],
  ["the version is 4", "unsupported", (self) => patched(self, { [ETHERNET]: 0x65 })],
  ["the header has a length", "bad-length", (self) => patched(self, { [ETHERNET]: 0x44 })],
  ["the header's sum is right", "bad-checksum", (self) => patched(self, { [ETHERNET + 8]: 1 }, "as they are")],
  ["it is as long as it says", "truncated", (self) => patched(self, { [ETHERNET + 2]: 0x05 })],
  ["it is UDP", "unsupported", (self) => patched(self, { [ETHERNET + 9]: 6 })],
  ["it is no fragment", "unsupported", (self) => patched(self, { [ETHERNET + 6]: 0x20 })],
  ["the datagram fits", "truncated", (self) => patched(self, { [ETHERNET + IP + 4]: 0x7f })],
  ["the datagram has a header", "bad-length", (self) => patched(self, { [ETHERNET + IP + 4]: 0, [ETHERNET + IP + 5]: 7 })],
  ["its sum is right", "bad-checksum", (self) => patched(self, { [BOOTP + 4 + 40]: 9 }, "as they are")],
  ["it is for port 68", "foreign-port", (self) => self.answer("offer", { destinationPort: 69 })],
  ["it is from port 67", "foreign-port", (self) => self.answer("offer", { sourcePort: 6767 })],
  ["a whole BOOTP header is there", "truncated", (self) => self.answer("offer", { payload: bytesOf("02010600") })],
  ["it is an answer", "not-a-reply", (self) => offer(self, { op: "request" })],
  ["op is known", "bad-value", (self) => patched(self, { [BOOTP]: 3 })],
  ["it belongs to our conversation", "xid-mismatch", (self) => offer(self, { xid: 1 })],
  ["it is for our hardware", "hardware-address-mismatch", (self) => patched(self, { [BOOTP + 28]: 6 })],
  ["it is for Ethernet", "hardware-address-mismatch", (self) => offer(self, { htype: 6 })],
  ["the cookie is there", "bad-value", (self) => patched(self, { [BOOTP + 236]: 0 })],
  ["an option ends in the message", "truncated", (self) => patched(self, { [BOOTP + 241]: 0xff })],
  [
    "the server's identifier has four octets",
    "truncated",
    (self) => offer(self, { options: { messageType: "offer", serverId: undefined } as never, ...option(54, "c00002") }),
  ],
  [
    "a lease time has four octets",
    "truncated",
    (self) => offer(self, { options: { messageType: "offer", leaseSeconds: undefined } as never, ...option(51, "000e10") }),
  ],
  ["a mask is a mask", "bad-value", (self) => offer(self, option(1, "ff00ff00"))],
  ["routers are whole addresses", "bad-length", (self) => offer(self, option(3, "c0000201c0"))],
  ["a classless route has a length up to 32", "bad-value", (self) => offer(self, option(121, "21c0000201c0000201"))],
  ["the message says what it is, once", "bad-value", (self) => offer(self, option(53, "02"))],
  ["the server is known", "server-id-missing", (self) => offer(self, { options: { messageType: "offer", serverId: undefined } as never })],
  ["the server's packet is not from a denied address", "server-denied", (self) => self.answer("offer", { source: DENIED })],
  ["the client's identifier is ours", "client-id-mismatch", (self) => offer(self, option(61, "0102000000009f"))],
  ["it is an OFFER", "unexpected-type", (self) => self.answer("ack")],
  ["the address is a host's", "implausible-address", (self) => offer(self, { yiaddr: "127.0.0.1" as Ipv4Address })],
  ["the address is not the router's", "implausible-address", (self) => offer(self, { options: { messageType: "offer", routers: [ADDRESS] } })],
  [
    "the server's identifier is a host's",
    "implausible-server",
    (self) => offer(self, { options: { messageType: "offer", serverId: "0.0.0.0" as Ipv4Address } }),
  ],
];

for (const [rung, reason, frame] of RUNGS) {
  test(`an OFFER counts if ${rung}: else ${reason}`, () => {
    const self = selectingRig();
    const uplink = self.service.uplink("wan0");
    const [state, sent] = [uplink?.state, self.sent.length];
    self.service.frame(1, frame(self), "verify");
    assert.deepEqual(self.service.view().uplinks[0]?.ignored, { [reason]: 1 });
    assert.equal(uplink?.state, state);
    assert.deepEqual([uplink?.received, uplink?.accepted, self.sent.length], [1, 0, sent]);
    self.service.frame(1, self.answer("offer"), "verify");
    assert.equal(self.phase(), "requesting", "and the next one counts");
  });
}

test("the ladder has no rung too many: an OFFER with every octet that may differ is taken", () => {
  for (const [message, change] of [
    [{}, { destination: "255.255.255.255" as Ipv4Address }],
    [{ hops: 4, giaddr: "192.0.2.254" as Ipv4Address, broadcast: true, secs: 9 }, { source: "192.0.2.254" as Ipv4Address }],
    [{ options: { messageType: "offer", serverId: SERVER }, ...option(224, "00") } as const, {}],
    [option(12, "0a0b"), {}], // a name that is none is left out, the rest counts
    [{ sname: "boot", file: "pxelinux.0" }, {}],
  ] as const) {
    const self = selectingRig();
    self.service.frame(1, self.answer("offer", { ...change, message }), "verify");
    assert.equal(self.phase(), "requesting");
  }
});
