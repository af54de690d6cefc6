/** Sockets over IPv6 for datagrams of one link or address, opened by main and bound for good: what they can do is fixed here. */
import { Reader, Writer } from "../base/cursor.ts";
import { type Ipv6Address, IPV6_BYTES, ipv6Address, isLinkLocalV6, isMulticastV6, parseIpv6, UNSPECIFIED_V6 } from "../base/ipv6.ts";
import { AF, check, native, SO, SOCK, SOL } from "./native.ts";

const DHCP6_CLIENT_PORT = 546;
const DHCP6_SERVER_PORT = 547;
const IPPROTO_ICMPV6 = 58;
const ICMP6_FILTER = 1;
const IPV6 = {
  unicastHops: 16,
  multicastInterface: 17,
  multicastHops: 18,
  multicastLoop: 19,
  join: 20,
  v6Only: 26,
  multicastAll: 29,
  receivePacketInfo: 49,
  packetInfo: 50,
  receiveHopLimit: 51,
  hopLimit: 52,
} as const;
export const IPV6_CONTROL = { packetInfo: IPV6.packetInfo, hopLimit: IPV6.hopLimit } as const;
const ALL_ROUTERS = "ff02::2" as Ipv6Address;
/** RFC 9915 §7.1. */
const ALL_RELAY_AGENTS_AND_SERVERS = "ff02::1:2" as Ipv6Address;
const ALL_SERVERS = "ff05::1:3" as Ipv6Address;
/** RFC 4861 §6.1: whatever has crossed a router is not believed. */
const ND_HOPS = 255;
/** Relays send to groups of their site (RFC 9915 §19.1.1). */
const RELAY_HOPS = 8;
const ROUTER_SOLICITATION = 133;
const ROUTER_ADVERTISEMENT = 134;
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/** UDP port 546 of one link (RFC 9915 §7.2). */
export function openDhcp6ClientSocket(link: number, name: string): number {
  return opened(SOCK.dgram, 0, (fd) => {
    onDevice(fd, name);
    set(fd, IPV6.multicastInterface, link);
    set(fd, IPV6.multicastAll, 0); // servers answer one address of ours (RFC 9915 §18.3.10); what floods groups wakes nobody
    check(native().bind(fd, inet6Address(UNSPECIFIED_V6, DHCP6_CLIENT_PORT, link)), "bind");
  });
}

/** UDP port 547 of one link, in the groups that clients and relays send to. */
export function openDhcp6ServerSocket(link: number, name: string): number {
  return opened(SOCK.dgram, 0, (fd) => {
    onDevice(fd, name);
    set(fd, IPV6.multicastInterface, link);
    set(fd, IPV6.multicastHops, RELAY_HOPS);
    set(fd, IPV6.multicastLoop, 0);
    native().setSockOpt(fd, SOL.socket, SO.receiveBufferForce, int(RECEIVE_BUFFER_BYTES));
    check(native().bind(fd, inet6Address(UNSPECIFIED_V6, DHCP6_SERVER_PORT, link)), "bind");
    join(fd, ALL_RELAY_AGENTS_AND_SERVERS, link);
    join(fd, ALL_SERVERS, link);
  });
}

/** A raw ICMPv6 socket of one link that hears Router Solicitations, and sends with hop limit 255 and the kernel's checksum. */
export function openRouterSocket(link: number, name: string): number {
  return discoverySocket({ link, name, hears: ROUTER_SOLICITATION, groups: [ALL_ROUTERS] });
}

/** The same on the host's side: it hears Router Advertisements. To all nodes is to everyone on the link: no group has to be joined. */
export function openSolicitorSocket(link: number, name: string): number {
  return discoverySocket({ link, name, hears: ROUTER_ADVERTISEMENT, groups: [] });
}

type DiscoverySetup = { readonly link: number; readonly name: string; readonly hears: number; readonly groups: readonly Ipv6Address[] };

function discoverySocket({ link, name, hears, groups }: DiscoverySetup): number {
  return opened(SOCK.raw, IPPROTO_ICMPV6, (fd) => {
    const blocked = new Uint32Array(8).fill(0xffffffff);
    blocked[hears >>> 5] = ~(1 << (hears & 31)) >>> 0;
    check(native().setSockOpt(fd, SOL.icmpv6, ICMP6_FILTER, new Uint8Array(blocked.buffer)), "setsockopt ICMP6_FILTER");
    onDevice(fd, name);
    set(fd, IPV6.multicastInterface, link);
    set(fd, IPV6.multicastHops, ND_HOPS);
    set(fd, IPV6.unicastHops, ND_HOPS);
    set(fd, IPV6.multicastLoop, 0);
    set(fd, IPV6.receiveHopLimit, 1);
    for (const group of groups) join(fd, group, link);
  });
}

/** UDP and TCP on one address, which may be a mapped IPv4 one (RFC 4291 §2.5.5.2). @throws KernelError when it is taken */
export function openServiceSocket(kind: "udp" | "tcp", address: Ipv6Address, port: number): number {
  return opened(kind === "udp" ? SOCK.dgram : SOCK.stream, 0, (fd) => {
    if (kind === "tcp") check(native().setSockOpt(fd, SOL.socket, SO.reuseAddress, int(1)), "setsockopt SO_REUSEADDR");
    else native().setSockOpt(fd, SOL.socket, SO.receiveBufferForce, int(RECEIVE_BUFFER_BYTES));
    check(native().bind(fd, inet6Address(address, port, 0)), "bind");
    if (kind === "tcp") check(native().listen(fd, LISTEN_BACKLOG), "listen");
  });
}
const LISTEN_BACKLOG = 64;

/** struct sockaddr_in6. @param link the zone of addresses that mean something on one link only */
export function inet6Address(address: Ipv6Address, port: number, link: number): Uint8Array {
  const writer = new Writer(SOCKADDR_BYTES);
  writer.hostU16(AF.inet6);
  writer.u16(port);
  writer.zeros(4);
  ipv6Address.encode(writer, address);
  writer.hostU32(isLinkLocalV6(address) || isMulticastV6(address) ? link : 0);
  return writer.take();
}
export const SOCKADDR_BYTES = 28;

/** @returns `::` and port 0 for another family */
export function readInet6Address(bytes: Uint8Array): { readonly address: Ipv6Address; readonly port: number } {
  if (bytes.length < SOCKADDR_BYTES) return { address: UNSPECIFIED_V6, port: 0 };
  const reader = new Reader(bytes);
  if (reader.hostU16() !== AF.inet6) return { address: UNSPECIFIED_V6, port: 0 };
  const port = reader.u16();
  reader.skip(4);
  return { address: ipv6Address.decode(reader), port };
}

/** An IPv4 or IPv6 address as IPv6; undefined when it is neither. */
export function mappedAddress(text: string): Ipv6Address | undefined {
  return parseIpv6(text.includes(":") ? text : `::ffff:${text}`);
}

function opened(type: number, protocol: number, prepare: (fd: number) => void): number {
  const fd = check(native().socket(AF.inet6, type, protocol), "socket");
  try {
    if (type !== SOCK.stream) set(fd, IPV6.receivePacketInfo, 1);
    prepare(fd);
    return fd;
  } catch (error) {
    native().close(fd);
    throw error;
  }
}

function onDevice(fd: number, name: string): void {
  check(native().setSockOpt(fd, SOL.socket, SO.reuseAddress, int(1)), "setsockopt SO_REUSEADDR");
  check(native().setSockOpt(fd, SOL.socket, SO.bindToDevice, new TextEncoder().encode(`${name}\0`)), "setsockopt SO_BINDTODEVICE");
}

/** struct ipv6_mreq */
function join(fd: number, group: Ipv6Address, link: number): void {
  const writer = new Writer(IPV6_BYTES + 4);
  ipv6Address.encode(writer, group);
  writer.hostU32(link);
  check(native().setSockOpt(fd, SOL.ipv6, IPV6.join, writer.take()), "setsockopt IPV6_JOIN_GROUP");
}

function set(fd: number, name: number, value: number): void {
  check(native().setSockOpt(fd, SOL.ipv6, name, int(value)), `setsockopt IPv6 ${name}`);
}

function int(value: number): Uint8Array {
  return new Uint8Array(new Int32Array([value]).buffer);
}
