/** A provider that delegates prefixes on a real link, in the test's own process: it is there at once and does what the test says. */
import { type Duid, parseDuid } from "../../src/base/duid.ts";
import type { Ipv6Prefix } from "../../src/base/ipv6.ts";
import { instant } from "../../src/base/time.ts";
import { DatagramSocket } from "../../src/platform/datagram-socket.ts";
import { openDhcp6ServerSocket } from "../../src/platform/inet6-sockets.ts";
import { native } from "../../src/platform/native.ts";
import { KernelNetwork } from "../../src/platform/netlink/kernel-network.ts";
import { PrefixProvider, type Provider6Config, type Provider6Event } from "../../src/sim/actors/dhcp6-provider.ts";
import type { Namespace } from "./namespace.ts";

const SERVER = parseDuid("00:03:00:01:02:00:5e:10:06:01") as Duid;

export type HandMade6 = {
  readonly provider: PrefixProvider;
  /** What it did, in order. */
  readonly did: readonly Provider6Event[];
  close(): void;
};

/** Delegates prefixes of 56 bits out of `pool`. */
export function provide6(ns: Namespace, name: string, pool: string, given: Partial<Provider6Config> = {}): HandMade6 {
  const times = { preferredSeconds: 300, validSeconds: 600, renewSeconds: 200, rebindSeconds: 280 };
  const did: Provider6Event[] = [];
  const config = { serverId: SERVER, pool: { prefix: pool as Ipv6Prefix, delegatedLength: 56 }, ...times, rapidCommit: false, options: {}, ...given };
  const provider = new PrefixProvider(config, (event) => did.push(event));
  const { fd, link } = ns.inside(() => {
    const network = new KernelNetwork();
    const index = network.link(name)?.index ?? 0;
    network.close();
    return { fd: openDhcp6ServerSocket(index, name), link: index };
  });
  const socket = new DatagramSocket(fd, link, (datagrams) => {
    for (const { from, payload } of datagrams)
      for (const said of provider.onDatagram({ from, payload }, instant(native().bootTimeMs()))) socket.send(said.to, said.port, said.payload);
  });
  return { provider, did, close: () => socket.close() };
}
