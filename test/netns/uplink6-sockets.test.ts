/** The socket on which an uplink hears its routers: what it lets in, what it tells of that, and how what it sends is marked. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Ipv6Address } from "../../src/base/ipv6.ts";
import { DatagramSocket } from "../../src/platform/datagram-socket.ts";
import { openSolicitorSocket } from "../../src/platform/inet6-sockets.ts";
import { KernelNetwork } from "../../src/platform/netlink/kernel-network.ts";
import { fieldsOf } from "../support/capture.ts";
import { advertiseByHand, linkLocal, wire6 } from "../support/link6.ts";
import { type Namespace, needsRoot, waitFor, withNamespaces } from "../support/namespace.ts";

type Heard = { readonly from: string; readonly to: string; readonly hopLimit: number; readonly type: number };
const ALL_ROUTERS = "ff02::2" as Ipv6Address;
/** RFC 4861 §4.1, without a checksum: the kernel knows the addresses that it covers. */
const SOLICITATION = Uint8Array.of(133, 0, 0, 0, 0, 0, 0, 0);

function listen(ns: Namespace, name: string): { readonly heard: readonly Heard[]; readonly socket: DatagramSocket } {
  const heard: Heard[] = [];
  const socket = ns.inside(() => {
    const network = new KernelNetwork();
    const index = network.link(name)?.index ?? 0;
    network.close();
    return new DatagramSocket(openSolicitorSocket(index, name), index, (datagrams) => {
      for (const { from, to, hopLimit, payload } of datagrams) heard.push({ from, to, hopLimit, type: payload[0] ?? -1 });
    });
  });
  return { heard, socket };
}

test("RFC 4861 §6.1.2: advertisements of this link are heard with hop limit and destination, and nothing else is", needsRoot, () =>
  withNamespaces(["router", "here"], async ({ router, here }) => {
    await wire6(router, "r0", here, "wan0");
    await wire6(router, "r1", here, "wan1");
    const { heard, socket } = listen(here, "wan0");
    try {
      await advertiseByHand(router, "r1", "2001:db8:1::", 600);
      await router.attempt("ping", "-6", "-c", "2", "-i", "0.2", "-w", "2", `ff02::1%r0`);
      await router.exec("python3", "-c", SOLICIT, "r0");
      await advertiseByHand(router, "r0", "2001:db8::", 600);
      await waitFor(() => heard.length > 0, 5000, "an advertisement");
      await delay(200);
      assert.deepEqual(heard, [{ from: await linkLocal(router, "r0"), to: "ff02::1", hopLimit: 255, type: 134 }]);
    } finally {
      socket.close();
    }
  }),
);

test(
  "RFC 4861 §6.1.1: a solicitation leaves with hop limit 255, our link-local address and a sound checksum, and we do not hear ourselves",
  needsRoot,
  () =>
    withNamespaces(["router", "here"], async ({ router, here }) => {
      await wire6(router, "r0", here, "wan0");
      const { heard, socket } = listen(here, "wan0");
      const other = listen(here, "wan0");
      try {
        const capture = await router.capture("r0", "icmp6 and ip6[40] == 133");
        assert.ok(socket.send(ALL_ROUTERS, 0, SOLICITATION));
        await delay(200);
        await capture.stop();
        const sent = await fieldsOf(capture.file, "icmpv6.type == 133", ["ipv6.src", "ipv6.dst", "ipv6.hlim", "icmpv6.checksum.status"]);
        assert.deepEqual(sent, [[await linkLocal(here, "wan0"), "ff02::2", "255", "1"]]);
        assert.deepEqual([...heard, ...other.heard], []);
      } finally {
        socket.close();
        other.socket.close();
      }
    }),
);

test("a link that is gone gives no socket: the kernel says why", needsRoot, () =>
  withNamespaces(["here"], async ({ here }) => {
    assert.throws(() => here.inside(() => openSolicitorSocket(4711, "wan0")), /SO_BINDTODEVICE/);
  }),
);

const SOLICIT = `
import socket, struct, sys
name = sys.argv[1]
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name.encode())
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
for kind in (133, 135, 136, 137, 128):
    s.sendto(struct.pack("!BBHI", kind, 0, 0, 0) + bytes(16), ("ff02::1", 0, 0, socket.if_nametoindex(name)))
`;
