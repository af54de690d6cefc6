/** UDP in IPv4 in Ethernet: whole frames for packet sockets, and what is accepted from them (RFC 768, RFC 1122 §4.1.3.4). */
import { Reader, Writer } from "../../base/cursor.ts";
import { WireError } from "../../base/errors.ts";
import type { Ipv4Address } from "../../base/ipv4.ts";
import { checksum, pseudoHeader } from "./checksum.ts";
import { ETHER_TYPE, type EthernetHeader, readEthernet, writeEthernet } from "./ethernet.ts";
import { PROTOCOL, readIpv4, writeIpv4 } from "./ipv4.ts";

export type UdpFrame = EthernetHeader & {
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Of a decoded frame: a view into the received bytes. */
  readonly payload: Uint8Array;
};

/** A virtual card hands over frames whose sum covers the pseudo header only: the kernel says so, and the sum is not looked at. */
export type ChecksumPolicy = "verify" | "offloaded";

const HEADER_BYTES = 8;
const CHECKSUM_AT = 6;
/** RFC 1349's low delay, as DHCP clients have always sent it. */
const LOW_DELAY = 0x10;
const TTL = 128;

export function encodeUdpFrame(frame: UdpFrame & { readonly tos?: number; readonly ttl?: number }): Uint8Array {
  const { source, destination, tos = LOW_DELAY, ttl = TTL } = frame;
  const writer = new Writer(14 + 20 + HEADER_BYTES + frame.payload.length);
  writeEthernet(writer, frame, ETHER_TYPE.ipv4);
  writeIpv4(writer, { source, destination, protocol: PROTOCOL.udp, tos, ttl }, encodeUdp(frame));
  return writer.take();
}

/** Refusals come in the order of the headers; a frame that is not UDP in IPv4, or is a fragment, is `unsupported`. */
export function decodeUdpFrame(bytes: Uint8Array, policy: { readonly checksum: ChecksumPolicy }): UdpFrame {
  const reader = new Reader(bytes);
  const { destinationMac, sourceMac } = readEthernet(reader, ETHER_TYPE.ipv4);
  const protocolAt = reader.offset + 9;
  const { header, payload } = readIpv4(reader);
  if (header.protocol !== PROTOCOL.udp) throw new WireError("unsupported", protocolAt);
  const { source, destination } = header;
  return { destinationMac, sourceMac, source, destination, ...decodeUdp(payload, { source, destination, policy: policy.checksum }) };
}

function encodeUdp(frame: UdpFrame): Uint8Array {
  const lengthBytes = HEADER_BYTES + frame.payload.length;
  const writer = new Writer(lengthBytes);
  writer.u16(frame.sourcePort);
  writer.u16(frame.destinationPort);
  writer.u16(lengthBytes);
  writer.u16(0);
  writer.bytes(frame.payload);
  const sum = checksum(pseudoHeader({ ...frame, protocol: PROTOCOL.udp, lengthBytes }), writer.written());
  writer.patchU16(CHECKSUM_AT, sum === 0 ? 0xffff : sum); // 0 would say that there is none
  return writer.take();
}

type Sums = { readonly source: Ipv4Address; readonly destination: Ipv4Address; readonly policy: ChecksumPolicy };

function decodeUdp(reader: Reader, { source, destination, policy }: Sums): Pick<UdpFrame, "sourcePort" | "destinationPort" | "payload"> {
  const start = reader.offset;
  const available = reader.view(reader.remaining);
  const fields = new Reader(available, start);
  const sourcePort = fields.u16();
  const destinationPort = fields.u16();
  const lengthBytes = fields.u16();
  const sum = fields.u16();
  if (lengthBytes < HEADER_BYTES) throw new WireError("bad-length", start + 4);
  if (lengthBytes > available.length) throw new WireError("truncated", start + available.length);
  const payload = fields.view(lengthBytes - HEADER_BYTES);
  if (policy === "verify" && sum !== 0) {
    const pseudo = pseudoHeader({ source, destination, protocol: PROTOCOL.udp, lengthBytes });
    if (checksum(pseudo, available.subarray(0, lengthBytes)) !== 0) throw new WireError("bad-checksum", start + CHECKSUM_AT);
  }
  return { sourcePort, destinationPort, payload };
}
