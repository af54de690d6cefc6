/** The sockets of a DHCPv4 client on one link, opened by main and bound for good: what they can do is fixed here. */
import { Reader, Writer } from "../base/cursor.ts";
import { type Ipv4Address, ipv4Address, ipv4Number, UNSPECIFIED_V4 } from "../base/ipv4.ts";
import { type MacAddress, macBytes } from "../base/mac.ts";
import { AF, check, MSG, native, SO, SOCK, SOL } from "./native.ts";

const ETHER_TYPE = { ipv4: 0x0800, arp: 0x0806 } as const;
/** Ethernet, IPv4; addresses of six and of four octets (RFC 826). */
const ARP_FORM = { types: 0x0001_0800, lengths: 0x0604 } as const;
const ARP_REQUEST = 1;
const IP_TOS = 1;
const CLIENT_PORT = 68;
const PACKET_AUXDATA = 8;
const SO_RCVBUF_BYTES = 1024 * 1024;
const ONE = new Uint8Array(new Int32Array([1]).buffer);

/** Classic BPF: code, jump if true, jump if false, operand. Jumps count instructions, or go to one of the two ends. */
type Instruction = readonly [code: number, jt: number | End, jf: number | End, k: number];
type End = "accept" | "drop";

/**
 * Lets through IPv4, UDP, no fragment but the first, to port 68, BOOTREPLY with the DHCP cookie (RFC 2131 §3). The source port is
 * judged, and counted, by the engine.
 */
const DHCP4_CLIENT_FILTER: readonly Instruction[] = [
  [0x28, 0, 0, 12], // A = EtherType
  [0x15, 0, "drop", ETHER_TYPE.ipv4],
  [0x30, 0, 0, 23], // A = IP protocol
  [0x15, 0, "drop", 17],
  [0x28, 0, 0, 20], // A = flags and fragment offset
  [0x45, "drop", 0, 0x1fff],
  [0xb1, 0, 0, 14], // X = IP header length
  [0x48, 0, 0, 16], // A = UDP destination port
  [0x15, 0, "drop", CLIENT_PORT],
  [0x50, 0, 0, 22], // A = BOOTP op
  [0x15, 0, "drop", 2],
  [0x40, 0, 0, 22 + 236], // A = cookie
  [0x15, 0, "drop", 0x63825363],
];

const ACCEPT: Instruction = [0x06, 0, 0, 0x40000];
const DROP: Instruction = [0x06, 0, 0, 0];
const NOTHING: readonly Instruction[] = [DROP];

/**
 * Answers to others end in the kernel: on a busy link they are most of what comes, and reading one costs some 0.1 ms. A server that leaves
 * the hardware address out is let through, to be judged.
 */
function hardwareFilter(mac: MacAddress): readonly Instruction[] {
  const octets = new Reader(macBytes(mac));
  return [
    [0x40, 0, 0, 22 + 28], // A = first four octets of chaddr
    [0x15, 0, 2, 0],
    [0x48, 0, 0, 22 + 32], // A = the other two
    [0x15, "accept", 0, 0],
    [0x40, 0, 0, 22 + 28],
    [0x15, 0, "drop", octets.u32()],
    [0x48, 0, 0, 22 + 32],
    [0x15, 0, "drop", octets.u16()],
  ];
}

/**
 * A packet socket that sees only DHCP answers of this link. Its filter cannot be changed any more.
 * @param mac of the link: answers to other hardware addresses are not seen either; a link that gets another address needs another socket
 */
export function openPacketSocket(link: number, mac?: MacAddress, priority?: number): number {
  const fd = check(native().socket(AF.packet, SOCK.raw, 0), "socket");
  return closedOnError(fd, () => {
    lockFilter(fd, [...DHCP4_CLIENT_FILTER, ...(mac === undefined ? [] : hardwareFilter(mac))]);
    check(native().setSockOpt(fd, SOL.packet, PACKET_AUXDATA, ONE), "setsockopt PACKET_AUXDATA");
    native().setSockOpt(fd, SOL.socket, SO.receiveBufferForce, int32(SO_RCVBUF_BYTES));
    prioritize(fd, priority);
    check(native().bind(fd, linkAddress(link, ETHER_TYPE.ipv4)), "bind");
  });
}

/** A UDP socket on port 68 that takes nothing in: it keeps the kernel from answering servers with ICMP port unreachable. */
export function openSinkSocket(name: string): number {
  const fd = check(native().socket(AF.inet, SOCK.dgram, 0), "socket");
  return closedOnError(fd, () => {
    lockFilter(fd, NOTHING);
    bindTo(fd, name, UNSPECIFIED_V4);
  });
}

/** How what is sent is marked for queues and routers; undefined leaves it to the kernel. */
export type Marks = { readonly priority: number | undefined; readonly tos: number };

/** A UDP socket from the leased address to servers: for renewals. Answers are read from the packet socket. */
export function openUnicastSocket(name: string, address: Ipv4Address, { priority, tos }: Marks): number {
  const fd = check(native().socket(AF.inet, SOCK.dgram, 0), "socket");
  return closedOnError(fd, () => {
    lockFilter(fd, NOTHING);
    // the kernel makes a priority of the type of service, so ours comes after it
    check(native().setSockOpt(fd, SOL.ip, IP_TOS, int32(tos)), "setsockopt IP_TOS");
    prioritize(fd, priority);
    bindTo(fd, name, address);
  });
}

/**
 * A packet socket that hears what others on the link say of one address (RFC 5227 §2.1.1): that they have it, or that they look whether
 * anybody has. Its filter cannot be changed any more.
 */
export function openArpSocket(link: number, address: Ipv4Address): number {
  const fd = check(native().socket(AF.packet, SOCK.raw, 0), "socket");
  return closedOnError(fd, () => {
    lockFilter(fd, arpFilter(ipv4Number(address)));
    check(native().bind(fd, linkAddress(link, ETHER_TYPE.arp)), "bind");
  });
}

function arpFilter(address: number): readonly Instruction[] {
  return [
    [0x28, 0, 0, 12], // A = EtherType
    [0x15, 0, "drop", ETHER_TYPE.arp],
    [0x20, 0, 0, 14], // A = hardware and protocol type
    [0x15, 0, "drop", ARP_FORM.types],
    [0x28, 0, 0, 18], // A = their lengths
    [0x15, 0, "drop", ARP_FORM.lengths],
    [0x20, 0, 0, 28], // A = sender's protocol address
    [0x15, "accept", 0, address],
    [0x15, 0, "drop", 0],
    [0x28, 0, 0, 20], // A = operation
    [0x15, 0, "drop", ARP_REQUEST],
    [0x20, 0, 0, 38], // A = target's protocol address
    [0x15, 0, "drop", address],
  ];
}

function prioritize(fd: number, priority: number | undefined): void {
  if (priority !== undefined) check(native().setSockOpt(fd, SOL.socket, SO.priority, int32(priority)), "setsockopt SO_PRIORITY");
}

function int32(value: number): Uint8Array {
  return new Uint8Array(new Int32Array([value]).buffer);
}

function bindTo(fd: number, name: string, address: Ipv4Address): void {
  check(native().setSockOpt(fd, SOL.socket, SO.reuseAddress, ONE), "setsockopt SO_REUSEADDR");
  check(native().setSockOpt(fd, SOL.socket, SO.bindToDevice, new TextEncoder().encode(`${name}\0`)), "setsockopt SO_BINDTODEVICE");
  check(native().bind(fd, inetAddress(address, CLIENT_PORT)), "bind");
}

/** What no instruction decides is accepted. */
function lockFilter(fd: number, instructions: readonly Instruction[]): void {
  const length = instructions.length + 2;
  const writer = new Writer(length * 8);
  const jump = (to: number | End, from: number): number => (to === "accept" ? length - 3 - from : to === "drop" ? length - 2 - from : to);
  for (const [i, [code, jt, jf, k]] of [...instructions, ACCEPT, DROP].entries()) {
    writer.hostU16(code);
    writer.u8(jump(jt, i));
    writer.u8(jump(jf, i));
    writer.hostU32(k);
  }
  check(native().attachFilter(fd, writer.take()), "setsockopt SO_ATTACH_FILTER");
  check(native().setSockOpt(fd, SOL.socket, SO.lockFilter, ONE), "setsockopt SO_LOCK_FILTER");
  const scratch = new Uint8Array(1);
  while (native().recvFrom(fd, scratch, undefined, MSG.truncated) >= 0); // what came before the filter stood
}

/** struct sockaddr_ll */
function linkAddress(link: number, etherType: number): Uint8Array {
  const writer = new Writer(20);
  writer.hostU16(AF.packet);
  writer.u16(etherType);
  writer.hostU32(link);
  writer.zeros(12);
  return writer.take();
}

/** struct sockaddr_in */
export function inetAddress(address: Ipv4Address, port: number): Uint8Array {
  const writer = new Writer(16);
  writer.hostU16(AF.inet);
  writer.u16(port);
  ipv4Address.encode(writer, address);
  writer.zeros(8);
  return writer.take();
}

function closedOnError(fd: number, set: () => void): number {
  try {
    set();
    return fd;
  } catch (error) {
    native().close(fd);
    throw error;
  }
}
