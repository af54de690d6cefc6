/**
 * ICMPv6 of hosts and routers: neighbour discovery (RFC 4861 §4) and echo (RFC 4443 §4), from the type on.
 *
 * `decodeIcmp6` throws `WireError` and nothing else. It is as strict as RFC 4861 §6.1 and §7.1 ask: what came over a router, from a
 * wrong address, with a wrong code or checksum, or with an option of length zero, is refused. An option that is malformed itself
 * is listed in `malformed`, kept as bytes, and the rest is read.
 */
import { Reader, Writer } from "../../base/cursor.ts";
import { absurd, WireError } from "../../base/errors.ts";
import { type Ipv6Address, type Ipv6Prefix, ipv6Address, ipv6Contains, isLinkLocalV6, isMulticastV6, UNSPECIFIED_V6 } from "../../base/ipv6.ts";
import { checksum } from "../ip/checksum.ts";
import { decodeNdOptions, encodeNdOptions, type NdOptionSet } from "./options.ts";
import { type Preference, preferenceBits, preferenceOf } from "./values.ts";

export type RouterSolicitation = NdOptionSet & { readonly kind: "routerSolicitation" };
export type RouterAdvertisement = NdOptionSet & {
  readonly kind: "routerAdvertisement";
  /** For packets of hosts; 0 says nothing. */
  readonly hopLimit: number;
  /** M and O: addresses, and other things, are to be had by DHCPv6. */
  readonly managed: boolean;
  readonly otherConfiguration: boolean;
  /** RFC 6275 §7.1. */
  readonly homeAgent: boolean;
  /** RFC 4191 §2.2; the reserved value reads as medium. */
  readonly preference: Preference;
  /** RFC 4389 §4.1.3.3. */
  readonly proxy: boolean;
  /** 0: not a default router. */
  readonly lifetimeSeconds: number;
  readonly reachableMilliseconds: number;
  readonly retransmitMilliseconds: number;
};
export type NeighborSolicitation = NdOptionSet & { readonly kind: "neighborSolicitation"; readonly target: Ipv6Address };
export type NeighborAdvertisement = NdOptionSet & {
  readonly kind: "neighborAdvertisement";
  readonly router: boolean;
  readonly solicited: boolean;
  readonly override: boolean;
  readonly target: Ipv6Address;
};
export type Icmp6Echo = {
  readonly kind: "echoRequest" | "echoReply";
  readonly identifier: number;
  readonly sequence: number;
  readonly data: Uint8Array;
};
export type Icmp6Message = RouterSolicitation | RouterAdvertisement | NeighborSolicitation | NeighborAdvertisement | Icmp6Echo;

/** What the header before the message said. */
export type Icmp6Header = { readonly source: Ipv6Address; readonly destination: Ipv6Address; readonly hopLimit: number };
type Addresses = Omit<Icmp6Header, "hopLimit">;

export const ICMP6_TYPES = {
  echoRequest: 128,
  echoReply: 129,
  routerSolicitation: 133,
  routerAdvertisement: 134,
  neighborSolicitation: 135,
  neighborAdvertisement: 136,
} as const;
/** What neighbour discovery sends, and requires: no router has passed it on. */
export const ND_HOP_LIMIT = 255;

const NEXT_HEADER = 58;
const CHECKSUM_AT = 2;
const SOLICITED_NODES = "ff02::1:ff00:0/104" as Ipv6Prefix;
const M = 0x80;
const O = 0x40;
const H = 0x20;
const PROXY = 0x04;
const ROUTER = 0x80;
const SOLICITED = 0x40;
const OVERRIDE = 0x20;

/** @param policy.checksum "offloaded" when a card or the kernel has judged it already. Other types are `unsupported`. */
export function decodeIcmp6(bytes: Uint8Array, header: Icmp6Header, policy: { readonly checksum: "verify" | "offloaded" }): Icmp6Message {
  const reader = new Reader(bytes);
  const type = reader.u8();
  const code = reader.u8();
  reader.skip(2); // checksum, judged over the whole message
  if (policy.checksum === "verify" && checksum(pseudoHeader(header, bytes.length), bytes) !== 0) throw new WireError("bad-checksum", CHECKSUM_AT);
  if (type === ICMP6_TYPES.echoRequest || type === ICMP6_TYPES.echoReply) {
    if (code !== 0) throw new WireError("bad-value", 1);
    const kind = type === ICMP6_TYPES.echoRequest ? "echoRequest" : "echoReply";
    return { kind, identifier: reader.u16(), sequence: reader.u16(), data: reader.rest() };
  }
  if (type < ICMP6_TYPES.routerSolicitation || type > ICMP6_TYPES.neighborAdvertisement) throw new WireError("unsupported", 0);
  if (code !== 0 || header.hopLimit !== ND_HOP_LIMIT) throw new WireError("bad-value", 1);
  if (type === ICMP6_TYPES.routerSolicitation) return routerSolicitation(reader, header);
  if (type === ICMP6_TYPES.routerAdvertisement) return routerAdvertisement(reader, header);
  if (type === ICMP6_TYPES.neighborSolicitation) return neighborSolicitation(reader, header);
  return neighborAdvertisement(reader, header);
}

/** With its checksum, which covers the addresses it will be sent with. */
export function encodeIcmp6(message: Icmp6Message, addresses: Addresses): Uint8Array {
  const writer = new Writer(128);
  writer.u8(ICMP6_TYPES[message.kind]);
  writer.u8(0);
  writer.u16(0);
  writeBody(writer, message);
  writer.patchU16(CHECKSUM_AT, checksum(pseudoHeader(addresses, writer.length), writer.written()));
  return writer.take();
}

/** RFC 4861 §6.1.1. */
function routerSolicitation(reader: Reader, { source }: Icmp6Header): RouterSolicitation {
  reader.skip(4);
  const set = decodeNdOptions(reader);
  if (source === UNSPECIFIED_V6) noSourceLinkLayer(set);
  return { kind: "routerSolicitation", ...set };
}

/** RFC 4861 §6.1.2. */
function routerAdvertisement(reader: Reader, { source }: Icmp6Header): RouterAdvertisement {
  if (!isLinkLocalV6(source)) throw new WireError("bad-value", 0);
  const hopLimit = reader.u8();
  const flags = reader.u8();
  return {
    kind: "routerAdvertisement",
    hopLimit,
    managed: (flags & M) !== 0,
    otherConfiguration: (flags & O) !== 0,
    homeAgent: (flags & H) !== 0,
    preference: preferenceOf(flags) ?? "medium",
    proxy: (flags & PROXY) !== 0,
    lifetimeSeconds: reader.u16(),
    reachableMilliseconds: reader.u32(),
    retransmitMilliseconds: reader.u32(),
    ...decodeNdOptions(reader),
  };
}

/** RFC 4861 §7.1.1. */
function neighborSolicitation(reader: Reader, { source, destination }: Icmp6Header): NeighborSolicitation {
  reader.skip(4);
  const target = unicastTarget(reader);
  const set = decodeNdOptions(reader);
  if (source === UNSPECIFIED_V6) {
    if (!ipv6Contains(SOLICITED_NODES, destination)) throw new WireError("bad-value", 0);
    noSourceLinkLayer(set);
  }
  return { kind: "neighborSolicitation", target, ...set };
}

/** RFC 4861 §7.1.2. */
function neighborAdvertisement(reader: Reader, { destination }: Icmp6Header): NeighborAdvertisement {
  const offset = reader.offset;
  const flags = reader.u8();
  reader.skip(3);
  const solicited = (flags & SOLICITED) !== 0;
  if (solicited && isMulticastV6(destination)) throw new WireError("bad-value", offset);
  const target = unicastTarget(reader);
  return {
    kind: "neighborAdvertisement",
    router: (flags & ROUTER) !== 0,
    solicited,
    override: (flags & OVERRIDE) !== 0,
    target,
    ...decodeNdOptions(reader),
  };
}

function unicastTarget(reader: Reader): Ipv6Address {
  const offset = reader.offset;
  const target = ipv6Address.decode(reader);
  if (isMulticastV6(target)) throw new WireError("bad-value", offset);
  return target;
}

/** Whoever has no address yet cannot be answered at one: also not when the option is malformed. */
function noSourceLinkLayer({ options, unknown }: NdOptionSet): void {
  if (options.sourceLinkLayerAddress !== undefined || unknown.some(({ code }) => code === 1)) throw new WireError("bad-value", 0);
}

function writeBody(writer: Writer, message: Icmp6Message): void {
  switch (message.kind) {
    case "echoRequest":
    case "echoReply":
      writer.u16(message.identifier);
      writer.u16(message.sequence);
      return writer.bytes(message.data);
    case "routerSolicitation":
      writer.zeros(4);
      return encodeNdOptions(writer, message);
    case "routerAdvertisement":
      writer.u8(message.hopLimit);
      writer.u8(
        (message.managed ? M : 0) |
          (message.otherConfiguration ? O : 0) |
          (message.homeAgent ? H : 0) |
          preferenceBits(message.preference) |
          (message.proxy ? PROXY : 0),
      );
      writer.u16(message.lifetimeSeconds);
      writer.u32(message.reachableMilliseconds);
      writer.u32(message.retransmitMilliseconds);
      return encodeNdOptions(writer, message);
    case "neighborSolicitation":
      writer.zeros(4);
      ipv6Address.encode(writer, message.target);
      return encodeNdOptions(writer, message);
    case "neighborAdvertisement":
      writer.u8((message.router ? ROUTER : 0) | (message.solicited ? SOLICITED : 0) | (message.override ? OVERRIDE : 0));
      writer.zeros(3);
      ipv6Address.encode(writer, message.target);
      return encodeNdOptions(writer, message);
    default:
      return absurd(message);
  }
}

/** What every sum over IPv6 begins with (RFC 8200 §8.1). */
function pseudoHeader({ source, destination }: Addresses, lengthBytes: number): Uint8Array {
  const writer = new Writer(40);
  ipv6Address.encode(writer, source);
  ipv6Address.encode(writer, destination);
  writer.u32(lengthBytes);
  writer.u32(NEXT_HEADER);
  return writer.take();
}
