/** A stranger on a link of a namespace: sends whatever it is given as fast as the kernel takes it, and counts what the kernel took. */
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { Writer } from "../../src/base/cursor.ts";
import { type Ipv6Address, UNSPECIFIED_V6 } from "../../src/base/ipv6.ts";
import type { MacAddress } from "../../src/base/mac.ts";
import { inet6Address } from "../../src/platform/inet6-sockets.ts";
import { AF, check, ERRNO, native, SO, SOCK, SOL } from "../../src/platform/native.ts";
import { KernelNetwork } from "../../src/platform/netlink/kernel-network.ts";
import type { Namespace } from "./namespace.ts";

/** So many at once, then a pause: receivers keep up, so that everything sent can be accounted for. */
const BURST = 100;
const PAUSE_MS = 3;
const IPPROTO_ICMPV6 = 58;
const IPV6_UNICAST_HOPS = 16;
const IPV6_MULTICAST_HOPS = 18;

export type Aim = { readonly to: Ipv6Address; readonly port: number; readonly from?: Ipv6Address };

export class Stranger {
  readonly #ns: Namespace;
  readonly #open: number[] = [];
  /** Of the interface in its namespace. */
  readonly link: { readonly index: number; readonly mac: MacAddress };
  readonly #name: string;

  constructor(ns: Namespace, name: string) {
    this.#ns = ns;
    this.#name = name;
    const found = name === "lo" ? { index: 1, mac: "00:00:00:00:00:00" as MacAddress } : ns.inside(() => new KernelNetwork().link(name));
    if (found?.mac === undefined) throw new Error(`${ns.name} has no ${name}`);
    this.link = { index: found.index, mac: found.mac };
  }

  /** UDP sockets on ports that the kernel chooses. @param from bound to this address */
  udp(from: Ipv6Address = UNSPECIFIED_V6): number {
    return this.#socket(SOCK.dgram, 0, from);
  }

  /** Sends ICMPv6 with the kernel's checksum and this hop limit. */
  icmp6(hopLimit = 255): number {
    const fd = this.#socket(SOCK.raw, IPPROTO_ICMPV6, UNSPECIFIED_V6);
    for (const option of [IPV6_UNICAST_HOPS, IPV6_MULTICAST_HOPS]) check(native().setSockOpt(fd, SOL.ipv6, option, int(hopLimit)), "setsockopt");
    return fd;
  }

  /** Sends frames as they are. */
  frames(): number {
    const fd = this.#ns.inside(() => check(native().socket(AF.packet, SOCK.raw, 0), "socket"));
    this.#open.push(fd);
    return fd;
  }

  /** @returns how many the kernel took */
  async flood(fd: number, count: number, next: (i: number) => { readonly aim: Aim; readonly bytes: Uint8Array }): Promise<number> {
    let taken = 0;
    for (let i = 0; i < count; i++) {
      const { aim, bytes } = next(i);
      taken += await this.#sent(fd, bytes, inet6Address(aim.to, aim.port, this.link.index));
      if (i % BURST === BURST - 1) await delay(PAUSE_MS);
    }
    return taken;
  }

  /** @returns how many the kernel took */
  async frameFlood(fd: number, frames: readonly Uint8Array[]): Promise<number> {
    let taken = 0;
    for (const frame of frames) taken += await this.#sent(fd, frame, linkAddress(this.link.index, frame));
    return taken;
  }

  close(): void {
    for (const fd of this.#open.splice(0)) native().close(fd);
  }

  async #sent(fd: number, bytes: Uint8Array, address: Uint8Array): Promise<number> {
    for (let tries = 0; tries < 100; tries++) {
      const result = native().sendTo(fd, bytes, address, 0);
      if (result >= 0) return 1;
      if (result !== -ERRNO.EAGAIN && result !== -ERRNO.ENOBUFS) return 0;
      await delay(1);
    }
    return 0;
  }

  #socket(type: number, protocol: number, from: Ipv6Address): number {
    const fd = this.#ns.inside(() => check(native().socket(AF.inet6, type, protocol), "socket"));
    this.#open.push(fd);
    if (this.#name !== "lo") check(native().setSockOpt(fd, SOL.socket, SO.bindToDevice, new TextEncoder().encode(`${this.#name}\0`)), "setsockopt");
    if (type === SOCK.dgram) check(native().bind(fd, inet6Address(from, 0, this.link.index)), "bind");
    return fd;
  }
}

/** Datagrams that the kernel dropped at sockets on this UDP port of a namespace: full buffers and bad sums. */
export function droppedAt(pid: number, port: number, table: "udp6" | "raw6" = "udp6"): number {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  const rows = readFileSync(`/proc/${pid}/net/${table}`, "utf8").trim().split("\n").slice(1);
  const ours = rows.map((row) => row.trim().split(/\s+/)).filter(([, local]) => local?.endsWith(`:${wanted}`));
  return ours.reduce((sum, fields) => sum + Number(fields.at(-1)), 0);
}

/** struct sockaddr_ll, to where the frame says. */
function linkAddress(index: number, frame: Uint8Array): Uint8Array {
  const writer = new Writer(20);
  writer.hostU16(AF.packet);
  writer.u16(0x86dd);
  writer.hostU32(index);
  writer.zeros(3);
  writer.u8(6);
  writer.bytes(frame.subarray(0, 6));
  writer.zeros(2);
  return writer.take();
}

function int(value: number): Uint8Array {
  return new Uint8Array(new Int32Array([value]).buffer);
}
