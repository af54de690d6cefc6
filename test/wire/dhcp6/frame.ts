/** IPv6 in Ethernet, and UDP in it, for captures and the dissector: daemons send and receive these by sockets, never as frames. */
import { Reader, Writer } from "../../../src/base/cursor.ts";
import { WireError } from "../../../src/base/errors.ts";
import { type Ipv6Address, ipv6Address } from "../../../src/base/ipv6.ts";
import { type MacAddress, macAddress } from "../../../src/base/mac.ts";
import { checksum } from "../../../src/wire/ip/checksum.ts";

export const NEXT_HEADER = { udp: 17, icmp6: 58 } as const;
const IPV6 = 0x86dd;
const UDP_BYTES = 8;

export type Ipv6Frame = {
  readonly destinationMac: MacAddress;
  readonly sourceMac: MacAddress;
  readonly source: Ipv6Address;
  readonly destination: Ipv6Address;
  readonly nextHeader: number;
  readonly hopLimit: number;
  readonly payload: Uint8Array;
};
export type UdpDatagram = { readonly sourcePort: number; readonly destinationPort: number; readonly payload: Uint8Array };

export function decodeIpv6Frame(bytes: Uint8Array): Ipv6Frame {
  const reader = new Reader(bytes);
  const destinationMac = macAddress.decode(reader);
  const sourceMac = macAddress.decode(reader);
  if (reader.u16() !== IPV6 || reader.u32() >>> 28 !== 6) throw new WireError("unsupported", 12);
  const length = reader.u16();
  const nextHeader = reader.u8();
  const hopLimit = reader.u8();
  const source = ipv6Address.decode(reader);
  const destination = ipv6Address.decode(reader);
  return { destinationMac, sourceMac, source, destination, nextHeader, hopLimit, payload: reader.bytes(length) };
}

export function encodeIpv6Frame(frame: Ipv6Frame): Uint8Array {
  const writer = new Writer(54 + frame.payload.length);
  macAddress.encode(writer, frame.destinationMac);
  macAddress.encode(writer, frame.sourceMac);
  writer.u16(IPV6);
  writer.u32(0x60000000);
  writer.u16(frame.payload.length);
  writer.u8(frame.nextHeader);
  writer.u8(frame.hopLimit);
  ipv6Address.encode(writer, frame.source);
  ipv6Address.encode(writer, frame.destination);
  writer.bytes(frame.payload);
  return writer.take();
}

export function decodeUdp6(frame: Ipv6Frame, policy: { readonly checksum: "verify" | "offloaded" }): UdpDatagram {
  const reader = new Reader(frame.payload, 54);
  const sourcePort = reader.u16();
  const destinationPort = reader.u16();
  const length = reader.u16();
  reader.skip(2); // checksum, judged over the whole datagram
  if (frame.nextHeader !== NEXT_HEADER.udp) throw new WireError("unsupported", 20);
  if (length !== frame.payload.length) throw new WireError("bad-length", 58);
  if (policy.checksum === "verify" && checksum(pseudoHeader(frame, length), frame.payload) !== 0) throw new WireError("bad-checksum", 60);
  return { sourcePort, destinationPort, payload: reader.rest() };
}

export function encodeUdp6(frame: Omit<Ipv6Frame, "payload" | "nextHeader">, { sourcePort, destinationPort, payload }: UdpDatagram): Uint8Array {
  const length = UDP_BYTES + payload.length;
  const writer = new Writer(length);
  writer.u16(sourcePort);
  writer.u16(destinationPort);
  writer.u16(length);
  writer.u16(0);
  writer.bytes(payload);
  const sum = checksum(pseudoHeader(frame, length), writer.written());
  writer.patchU16(6, sum === 0 ? 0xffff : sum);
  return encodeIpv6Frame({ ...frame, nextHeader: NEXT_HEADER.udp, payload: writer.take() });
}

function pseudoHeader({ source, destination }: Pick<Ipv6Frame, "source" | "destination">, length: number): Uint8Array {
  const writer = new Writer(40);
  ipv6Address.encode(writer, source);
  ipv6Address.encode(writer, destination);
  writer.u32(length);
  writer.u32(NEXT_HEADER.udp);
  return writer.take();
}
