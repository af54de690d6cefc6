/** IPv6 packets of a simulated link: header, then UDP or ICMPv6 with its sum. What the sum refuses, a kernel would drop (RFC 8200 §3, §8.1). */
import { Reader, Writer } from "../../base/cursor.ts";
import { WireError } from "../../base/errors.ts";
import { type Ipv6Address, ipv6Address } from "../../base/ipv6.ts";
import { checksum } from "../../wire/ip/checksum.ts";

export type Packet6 = {
  readonly source: Ipv6Address;
  readonly destination: Ipv6Address;
  readonly hopLimit: number;
  /** undefined: ICMPv6. */
  readonly ports: { readonly source: number; readonly destination: number } | undefined;
  readonly payload: Uint8Array;
};

const UDP = 17;
const ICMPV6 = 58;
const VERSION = 0x60;
const UDP_HEADER_BYTES = 8;
const ICMPV6_SUM_AT = 2;
const UDP_SUM_AT = 6;

export function encodePacket({ source, destination, hopLimit, ports, payload }: Packet6): Uint8Array {
  const body = new Writer(UDP_HEADER_BYTES + payload.length);
  if (ports !== undefined) {
    body.u16(ports.source);
    body.u16(ports.destination);
    body.u16(UDP_HEADER_BYTES + payload.length);
    body.u16(0);
  }
  body.bytes(payload);
  const sumAt = ports === undefined ? ICMPV6_SUM_AT : UDP_SUM_AT;
  body.patchU16(sumAt, 0);
  const next = ports === undefined ? ICMPV6 : UDP;
  body.patchU16(sumAt, checksum(pseudoHeader(source, destination, next, body.length), body.written()));
  const writer = new Writer(40 + body.length);
  writer.u8(VERSION);
  writer.zeros(3);
  writer.u16(body.length);
  writer.u8(next);
  writer.u8(hopLimit);
  ipv6Address.encode(writer, source);
  ipv6Address.encode(writer, destination);
  writer.bytes(body.take());
  return writer.take();
}

/** @returns undefined for what no socket would get to see */
export function packetIn(bytes: Uint8Array): Packet6 | undefined {
  try {
    const reader = new Reader(bytes);
    if (reader.u8() !== VERSION) return undefined;
    reader.skip(3);
    const length = reader.u16();
    const next = reader.u8();
    const hopLimit = reader.u8();
    const source = ipv6Address.decode(reader);
    const destination = ipv6Address.decode(reader);
    const body = reader.view(length);
    if (reader.remaining > 0 || checksum(pseudoHeader(source, destination, next, length), body) !== 0) return undefined;
    if (next === ICMPV6) return { source, destination, hopLimit, ports: undefined, payload: body.slice() };
    const udp = new Reader(body);
    const ports = { source: udp.u16(), destination: udp.u16() };
    udp.skip(4);
    return next === UDP ? { source, destination, hopLimit, ports, payload: udp.rest() } : undefined;
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

function pseudoHeader(source: Ipv6Address, destination: Ipv6Address, next: number, lengthBytes: number): Uint8Array {
  const writer = new Writer(40);
  ipv6Address.encode(writer, source);
  ipv6Address.encode(writer, destination);
  writer.u32(lengthBytes);
  writer.u32(next);
  return writer.take();
}
