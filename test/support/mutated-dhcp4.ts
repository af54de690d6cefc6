/**
 * Frames of DHCPv4 answers with a few accidents in them: as they are, or made whole again where a receiver looks first (lengths, sums,
 * hardware address, transaction), so that what was changed further in is reached. And what the socket's filter makes of a frame,
 * reckoned here a second time.
 */
import { bytesOf } from "../../src/base/hex.ts";
import { type Ipv4Address, ipv4Number } from "../../src/base/ipv4.ts";
import { type MacAddress, macBytes } from "../../src/base/mac.ts";
import type { Chance } from "../../src/sim/chance.ts";
import { chaddr } from "../../src/wire/dhcp4/hardware.ts";
import { type Dhcp4Message, dhcp4, encodeDhcp4 } from "../../src/wire/dhcp4/message.ts";
import { everyOption } from "../../src/wire/dhcp4/options.ts";
import { encodeUdpFrame } from "../../src/wire/ip/udp.ts";
import { mutated } from "../fuzz/mutate.ts";

const HEADERS_BYTES = 14 + 20 + 8;
const CHADDR_AT = 28;
const COOKIE_AT = 236;
/** What a link of the usual size carries. */
const FRAME_MOST_BYTES = 1514;
const FRAME_LEAST_BYTES = 14;
const SERVER_MAC = "02:00:5e:10:00:fe" as MacAddress;
const BROADCAST = bytesOf("ffffffffffff");
/** No host's address: what offers one of them is never taken. */
const NOBODY = ["00000000", "7f000001", "e0000001", "ffffffff", "00010203", "f0000001"] as const;

/** What somebody on the link has seen, or guesses. */
export type Known = {
  readonly mac: MacAddress;
  readonly xid: number;
  /** Whom a REQUEST named and what it asked for, once one was seen. */
  readonly asked?: { readonly server: Ipv4Address; readonly address: Ipv4Address } | undefined;
  /** Nothing that is sent may be accepted in SELECTING. */
  readonly hopeless: boolean;
};

/** Answers with every option there is, in several cuts. */
export function dhcp4Answers(mac: MacAddress, server: Ipv4Address, address: Ipv4Address): readonly Uint8Array[] {
  const samples = everyOption().flatMap(({ key, samples: [first] }) => (first === undefined ? [] : [[key, first.value] as const]));
  const usual = { serverId: server, leaseSeconds: 12, subnetMask: "255.255.255.0" as Ipv4Address, routers: [server], domainNameServers: [server] };
  const cuts = [{}, Object.fromEntries(samples.slice(0, samples.length / 2)), Object.fromEntries(samples.slice(samples.length / 2))];
  const types = ["offer", "ack", "nak"] as const;
  return types.flatMap((messageType) =>
    cuts.map((cut) => {
      const { overload: _, clientId: __, ...options } = { ...cut, ...usual, messageType } as Dhcp4Message["options"] & Record<string, unknown>;
      return encodeDhcp4(dhcp4({ op: "reply", xid: 1, yiaddr: address, chaddr: chaddr(mac), sname: "server", file: "boot", options }));
    }),
  );
}

/** A frame as it came out of the accidents: mostly its lengths and sums are wrong. */
export function accident(answers: readonly Uint8Array[], chance: Chance, known: Known): Uint8Array {
  const frames = [framed(chance.some(answers) ?? new Uint8Array(0), known.mac)];
  const bytes = mutated(frames, chance).subarray(0, FRAME_MOST_BYTES);
  return bytes.length < FRAME_LEAST_BYTES ? new Uint8Array(FRAME_LEAST_BYTES) : bytes.slice();
}

/** The same, and then whole again outside: the message is read, and is of our conversation. */
export function repairedAccident(answers: readonly Uint8Array[], chance: Chance, known: Known): Uint8Array {
  return repairedFrame(mutated(answers, chance), chance, known);
}

/** A frame around a message that was changed, whole again outside. */
export function repairedFrame(message: Uint8Array, chance: Chance, known: Known): Uint8Array {
  const changed = message.subarray(0, FRAME_MOST_BYTES - HEADERS_BYTES);
  const header = new Uint8Array(Math.max(COOKIE_AT + 4, changed.length));
  header.set(changed);
  repairHeader(header, chance, known);
  const fields = chance.perMille(700) ? repairedOptions(header.subarray(COOKIE_AT + 4), chance, known) : header.slice(COOKIE_AT + 4);
  const payload = new Uint8Array(Math.min(COOKIE_AT + 4 + fields.length, FRAME_MOST_BYTES - HEADERS_BYTES));
  payload.set(header.subarray(0, COOKIE_AT + 4));
  payload.set(fields.subarray(0, payload.length - COOKIE_AT - 4), COOKIE_AT + 4);
  return framed(payload, known.mac);
}

/** One of `dhcp4Answers` as its server would send it. */
export function wholeFrame(answer: Uint8Array, { mac, xid }: Pick<Known, "mac" | "xid">): Uint8Array {
  const message = answer.slice();
  message.set([xid >>> 24, (xid >>> 16) & 255, (xid >>> 8) & 255, xid & 255], 4);
  return framed(message, mac);
}

function framed(payload: Uint8Array, mac: MacAddress): Uint8Array {
  const [source, destination] = ["198.51.100.1" as Ipv4Address, "255.255.255.255" as Ipv4Address];
  const frame = encodeUdpFrame({ destinationMac: mac, sourceMac: SERVER_MAC, source, destination, sourcePort: 67, destinationPort: 68, payload });
  frame.set(BROADCAST);
  return frame;
}

function repairHeader(bytes: Uint8Array, chance: Chance, known: Known): void {
  const put = (at: number, value: number): void => bytes.set([value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255], at);
  bytes.set([2, 1, 6]);
  put(4, known.xid);
  bytes.set(macBytes(known.mac), CHADDR_AT);
  bytes.fill(0, CHADDR_AT + 6, 44);
  put(COOKIE_AT, 0x63825363);
  if (known.hopeless) bytes.set(bytesOf(chance.pick(NOBODY)), 16);
  else if (known.asked !== undefined && chance.perMille(500)) put(16, ipv4Number(known.asked.address));
}

/** Every option is as long as it says; a type and a server in front where chance wants them. */
function repairedOptions(area: Uint8Array, chance: Chance, { asked }: Known): Uint8Array {
  const out: number[] = [];
  const drop = new Set<number>();
  if (chance.perMille(600)) {
    out.push(53, 1, chance.pick([2, 2, 5, 5, 6, 4]));
    drop.add(53);
  }
  if (asked !== undefined && chance.perMille(600)) {
    const server = ipv4Number(asked.server);
    out.push(54, 4, server >>> 24, (server >>> 16) & 255, (server >>> 8) & 255, server & 255);
    drop.add(54);
  }
  for (let at = 0; at < area.length; ) {
    const code = area[at] ?? 0;
    if (code === 0 || code === 255) {
      at++;
      if (code === 0) out.push(0);
      continue;
    }
    const body = area.subarray(at + 2, at + 2 + (area[at + 1] ?? 0));
    if (!drop.has(code)) out.push(code, body.length, ...body);
    at += 2 + body.length;
  }
  out.push(255);
  return Uint8Array.from(out);
}

/** What the kernel shows to the socket: IPv4, UDP, the first fragment, port 68, a reply with DHCP's cookie, to us or to no hardware address. */
export function reachesSocket(frame: Uint8Array, mac: MacAddress): boolean {
  const holds = (at: number, ...bytes: readonly number[]): boolean => at + bytes.length <= frame.length && bytes.every((b, i) => frame[at + i] === b);
  if (!holds(12, 8, 0) || !holds(23, 17)) return false;
  if (frame.length < 22 || (((frame[20] ?? 0) & 0x1f) << 8) + (frame[21] ?? 0) !== 0) return false;
  const udp = 14 + ((frame[14] ?? 0) & 15) * 4;
  const ours = [macBytes(mac), new Uint8Array(6)].some((octets) => holds(udp + 8 + CHADDR_AT, ...octets));
  return holds(udp + 2, 0, 68) && holds(udp + 8, 2) && holds(udp + 8 + COOKIE_AT, 0x63, 0x82, 0x53, 0x63) && ours;
}

/** A tag that the kernel takes off before anybody sees the frame. */
export function isTagged(frame: Uint8Array): boolean {
  const type = ((frame[12] ?? 0) << 8) + (frame[13] ?? 0);
  return type === 0x8100 || type === 0x88a8;
}
