/** The Internet checksum (RFC 1071) over one or more pieces; every piece but the last has an even length. */
import { Writer } from "../../base/cursor.ts";
import { type Ipv4Address, ipv4Address } from "../../base/ipv4.ts";

/** @returns 16 bits to store; over bytes that hold a right checksum it is 0 */
export function checksum(...pieces: readonly Uint8Array[]): number {
  let sum = 0;
  for (const piece of pieces) {
    let high = true;
    for (const byte of piece) {
      sum += high ? byte * 256 : byte;
      high = !high;
    }
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

/** What UDP adds to its sum (RFC 768). */
export function pseudoHeader({
  source,
  destination,
  protocol,
  lengthBytes,
}: {
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  readonly protocol: number;
  readonly lengthBytes: number;
}): Uint8Array {
  const writer = new Writer(12);
  ipv4Address.encode(writer, source);
  ipv4Address.encode(writer, destination);
  writer.u16(protocol);
  writer.u16(lengthBytes);
  return writer.take();
}
