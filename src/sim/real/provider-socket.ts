/** The DHCPv4 provider of the simulator on a real link. Only the files of this folder touch the system. */
import { Writer } from "../../base/cursor.ts";
import { type Ipv4Address, UNSPECIFIED_V4 } from "../../base/ipv4.ts";
import { instant } from "../../base/time.ts";
import { AF, check, native, SO, SOCK, SOL } from "../../platform/native.ts";
import { KernelNetwork } from "../../platform/netlink/kernel-network.ts";
import { PacketLink } from "../../platform/packet-link.ts";
import { inetAddress } from "../../platform/uplink-sockets.ts";
import { Provider, type ProviderEvent } from "../actors/dhcp4-provider.ts";

export type LinkProvider = {
  readonly address: Ipv4Address;
  readonly prefixLength: number;
  readonly poolFirst: Ipv4Address;
  readonly poolLast: Ipv4Address;
  readonly leaseSeconds: number;
  /** T1; undefined leaves it to the client. */
  readonly renewalSeconds?: number;
};
/** One line of what a provider did, for whoever checks its side. */
export type ProviderLine = {
  readonly event: "offer" | "ack" | "nak" | "release" | "decline";
  readonly address: string;
  readonly mac: string;
  readonly client: string;
  /** The client had the address already. */
  readonly renewal: boolean;
  /** Wall-clock times, ISO 8601. */
  readonly at: string;
  readonly until: string;
};

const ETHER_TYPE_IPV4 = 0x0800;
const PACKET_AUXDATA = 8;
const SERVER_PORT = 67;
const ONE = new Uint8Array(new Int32Array([1]).buffer);
const EVENTS = { offered: "offer", leased: "ack", refused: "nak", released: "release", declined: "decline" } as const satisfies Record<
  ProviderEvent["kind"],
  ProviderLine["event"]
>;

/** Answers on a link of this network namespace until closed. The address must stand on it: the kernel answers ARP. */
export function serveOnLink(options: {
  readonly interface: string;
  readonly provider: LinkProvider;
  readonly onEvent: (line: ProviderLine) => void;
}): { close(): void } {
  const { poolFirst, poolLast, renewalSeconds, address, ...rest } = options.provider;
  const link = new KernelNetwork().links().find(({ name }) => name === options.interface);
  if (link?.mac === undefined) throw new Error(`no Ethernet link "${options.interface}"`);
  const config = {
    ...rest,
    address,
    mac: link.mac,
    pool: { first: poolFirst, last: poolLast },
    ...(renewalSeconds === undefined ? {} : { renewSeconds: renewalSeconds }),
    options: { routers: [address], domainNameServers: [address] },
  };
  const now = () => instant(native().bootTimeMs());
  const provider = new Provider(config, (event) => options.onEvent(lineOf(event, now())));
  const sink = openSink(options.interface);
  const socket = new PacketLink(openServerSocket(link.index), (frames) => {
    for (const { bytes, checksum } of frames) {
      for (const { frame, afterMs } of provider.onFrame(bytes, now(), checksum)) {
        if (afterMs === 0) socket.send(frame);
        else setTimeout(() => socket.send(frame), afterMs);
      }
    }
  });
  return {
    close: () => {
      socket.close();
      native().close(sink);
    },
  };
}

function lineOf({ kind, address, mac, client, renewal, until }: ProviderEvent, now: number): ProviderLine {
  const wall = Date.now();
  return {
    event: EVENTS[kind],
    address,
    mac,
    client,
    renewal,
    at: new Date(wall).toISOString(),
    until: until === Number.POSITIVE_INFINITY ? "never" : new Date(wall + until - now).toISOString(),
  };
}

/** A packet socket that sees every IPv4 frame of the link, with what the kernel knows of its checksum. */
function openServerSocket(index: number): number {
  const fd = check(native().socket(AF.packet, SOCK.raw, 0), "socket");
  check(native().setSockOpt(fd, SOL.packet, PACKET_AUXDATA, ONE), "setsockopt PACKET_AUXDATA");
  const writer = new Writer(20);
  writer.hostU16(AF.packet);
  writer.u16(ETHER_TYPE_IPV4);
  writer.hostU32(index);
  writer.zeros(12);
  check(native().bind(fd, writer.take()), "bind");
  return fd;
}

/** Keeps the kernel from answering renewals with ICMP port unreachable; what it takes in is never read. */
function openSink(name: string): number {
  const fd = check(native().socket(AF.inet, SOCK.dgram, 0), "socket");
  check(native().setSockOpt(fd, SOL.socket, SO.reuseAddress, ONE), "setsockopt SO_REUSEADDR");
  check(native().setSockOpt(fd, SOL.socket, SO.bindToDevice, new TextEncoder().encode(`${name}\0`)), "setsockopt SO_BINDTODEVICE");
  check(native().bind(fd, inetAddress(UNSPECIFIED_V4, SERVER_PORT)), "bind");
  return fd;
}
