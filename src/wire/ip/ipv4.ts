/** IPv4 headers without options or fragments on the way out, with options and trimmed to their length on the way in (RFC 791). */
import { Reader, type Writer } from "../../base/cursor.ts";
import { WireError } from "../../base/errors.ts";
import { type Ipv4Address, ipv4Address } from "../../base/ipv4.ts";
import { checksum } from "./checksum.ts";

export const PROTOCOL = { icmp: 1, udp: 17 } as const;

export type Ipv4Header = {
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  readonly protocol: number;
  readonly tos: number;
  readonly ttl: number;
};

const HEADER_BYTES = 20;
const CHECKSUM_AT = 10;
const VERSION_AND_WORDS = 0x45;
/** More fragments, and the fragment offset. */
const FRAGMENT = 0x3fff;

/** Writes header and payload; identification 0 is right for a packet that is never fragmented on a link (RFC 6864 §4.1). */
export function writeIpv4(writer: Writer, header: Ipv4Header, payload: Uint8Array): void {
  const start = writer.length;
  writer.u8(VERSION_AND_WORDS);
  writer.u8(header.tos);
  writer.u16(HEADER_BYTES + payload.length);
  writer.u32(0); // identification, flags, fragment offset
  writer.u8(header.ttl);
  writer.u8(header.protocol);
  writer.u16(0);
  ipv4Address.encode(writer, header.source);
  ipv4Address.encode(writer, header.destination);
  writer.patchU16(start + CHECKSUM_AT, checksum(writer.written(start)));
  writer.bytes(payload);
}

/** Reads a header and gives a cursor over exactly its payload; what the link padded is cut off by the total length. */
export function readIpv4(reader: Reader): { readonly header: Ipv4Header; readonly payload: Reader } {
  const start = reader.offset;
  const packet = reader.view(reader.remaining);
  const fields = new Reader(packet, start);
  const versionAndWords = fields.u8();
  if (versionAndWords >>> 4 !== 4) throw new WireError("unsupported", start);
  const headerBytes = (versionAndWords & 15) * 4;
  if (headerBytes < HEADER_BYTES) throw new WireError("bad-length", start);
  const tos = fields.u8();
  const totalBytes = fields.u16();
  fields.skip(2); // identification
  const fragment = fields.u16();
  const ttl = fields.u8();
  const protocol = fields.u8();
  fields.skip(2); // checksum, judged over the whole header
  const source = ipv4Address.decode(fields);
  const destination = ipv4Address.decode(fields);
  fields.skip(headerBytes - HEADER_BYTES);
  if (checksum(packet.subarray(0, headerBytes)) !== 0) throw new WireError("bad-checksum", start + CHECKSUM_AT);
  if (totalBytes < headerBytes) throw new WireError("bad-length", start + 2);
  if (totalBytes > packet.length) throw new WireError("truncated", start + packet.length);
  if ((fragment & FRAGMENT) !== 0) throw new WireError("unsupported", start + 6);
  return { header: { source, destination, protocol, tos, ttl }, payload: fields.sub(totalBytes - headerBytes) };
}
