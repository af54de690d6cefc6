/** Sockets of an uplink that main opens: what they let in is fixed for good, and how what they send is marked. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Ipv4Address } from "../../src/base/ipv4.ts";
import type { MacAddress } from "../../src/base/mac.ts";
import { MSG, native, SO, SOL } from "../../src/platform/native.ts";
import { KernelNetwork } from "../../src/platform/netlink/kernel-network.ts";
import { openArpSocket, openPacketSocket, openUnicastSocket } from "../../src/platform/uplink-sockets.ts";
import { type ArpFrame, arpAnnouncement, arpProbe, decodeArpFrame, encodeArpFrame } from "../../src/wire/ip/arp.ts";
import { Stranger } from "../support/flood.ts";
import { type Namespace, needsRoot, withNamespaces } from "../support/namespace.ts";

const OURS = "192.0.2.10" as Ipv4Address;
const OTHER = "192.0.2.11" as Ipv4Address;
const MAC = "02:00:5e:10:00:77" as MacAddress;
const ALL = "ff:ff:ff:ff:ff:ff" as MacAddress;
const IP_TOS = 1;

function arp(operation: ArpFrame["operation"], senderAddress: Ipv4Address, targetAddress: Ipv4Address): ArpFrame {
  return { sourceMac: MAC, destinationMac: ALL, operation, senderMac: MAC, senderAddress, targetMac: ALL, targetAddress };
}
function changed(frame: Uint8Array, at: number, value: number): Uint8Array {
  const copy = frame.slice();
  copy[at] = value;
  return copy;
}
const linkOf = (ns: Namespace, name: string): number => ns.inside(() => new KernelNetwork().link(name)?.index ?? assert.fail(`no ${name}`));
function option(fd: number, level: number, name: number): number {
  const out = new Int32Array(1);
  native().getSockOpt(fd, level, name, new Uint8Array(out.buffer));
  return out[0] ?? -1;
}

test("RFC 5227 §2.1.1: the ARP socket hears who has the address and who looks for it, and nothing else", needsRoot, () =>
  withNamespaces(["other", "here"], async ({ other, here }) => {
    await other.veth("s0", here, "c0");
    const stranger = new Stranger(other, "s0");
    const link = linkOf(here, "c0");
    const fd = here.inside(() => openArpSocket(link, OURS));
    try {
      const heard: readonly ArpFrame[] = [
        arp("reply", OURS, OTHER), // a holder answers somebody
        arp("request", OURS, OTHER), // a holder asks
        arpAnnouncement(MAC, OURS),
        arpProbe(MAC, OURS), // somebody else is about to take it
      ];
      const whole = encodeArpFrame(arp("reply", OURS, OTHER));
      const unheard: readonly Uint8Array[] = [
        encodeArpFrame(arp("request", OTHER, OURS)), // an ordinary question about us
        encodeArpFrame(arp("reply", OTHER, OURS)),
        encodeArpFrame(arpProbe(MAC, OTHER)),
        encodeArpFrame(arp("reply", "0.0.0.0" as Ipv4Address, OURS)), // no question
        changed(whole, 12, 0x09), // another EtherType
        changed(whole, 15, 6), // other hardware
        changed(whole, 16, 0x86), // another protocol
        changed(whole, 18, 8), // other lengths
        changed(whole, 19, 16),
        whole.slice(0, 30), // cut
      ];
      const frames = [...unheard, ...heard.map(encodeArpFrame), ...unheard];
      assert.equal(await stranger.frameFlood(stranger.frames(), frames), frames.length);
      await delay(50);
      const seen: Uint8Array[] = [];
      const buffer = new Uint8Array(128);
      for (let length = native().recvFrom(fd, buffer, undefined, 0); length >= 0; length = native().recvFrom(fd, buffer, undefined, 0))
        seen.push(buffer.slice(0, length));
      assert.deepEqual(
        seen.map((bytes) => decodeArpFrame(bytes)),
        heard.map((frame) => decodeArpFrame(encodeArpFrame(frame))),
      );
      assert.ok(native().attachFilter(fd, new Uint8Array(8)) < 0, "the filter is locked");
      assert.ok(native().setSockOpt(fd, SOL.socket, SO.detachFilter, new Uint8Array(4)) < 0);
      assert.ok(native().recvFrom(fd, buffer, undefined, MSG.dontWait) < 0);
    } finally {
      native().close(fd);
      stranger.close();
    }
  }),
);

test("SO_PRIORITY and DSCP are on the sockets as the operator says", needsRoot, () =>
  withNamespaces(["here", "other"], async ({ here, other }) => {
    await here.veth("c0", other, "s0");
    await here.ip("addr", "add", "192.0.2.10/24", "dev", "c0");
    const link = linkOf(here, "c0");
    const rows = [
      [6, 46 << 2],
      [undefined, 0x10],
      [0, 0],
    ] as const;
    for (const [priority, tos] of rows) {
      const unicast = here.inside(() => openUnicastSocket("c0", OURS, { priority, tos }));
      const packets = here.inside(() => openPacketSocket(link, MAC, priority));
      assert.equal(option(unicast, SOL.ip, IP_TOS), tos);
      if (priority !== undefined)
        assert.deepEqual(
          [unicast, packets].map((fd) => option(fd, SOL.socket, SO.priority)),
          [priority, priority],
        );
      for (const fd of [unicast, packets]) native().close(fd);
    }
  }),
);
