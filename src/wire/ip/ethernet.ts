/** Ethernet II headers: destination, source, type (RFC 894). */
import type { Reader, Writer } from "../../base/cursor.ts";
import { WireError } from "../../base/errors.ts";
import { type MacAddress, macAddress } from "../../base/mac.ts";

export const ETHER_TYPE = { ipv4: 0x0800, arp: 0x0806 } as const;
export type EthernetHeader = { readonly destinationMac: MacAddress; readonly sourceMac: MacAddress };

export function writeEthernet(writer: Writer, header: EthernetHeader, etherType: number): void {
  macAddress.encode(writer, header.destinationMac);
  macAddress.encode(writer, header.sourceMac);
  writer.u16(etherType);
}

/** A frame of another type is `unsupported`. */
export function readEthernet(reader: Reader, etherType: number): EthernetHeader {
  const destinationMac = macAddress.decode(reader);
  const sourceMac = macAddress.decode(reader);
  const offset = reader.offset;
  if (reader.u16() !== etherType) throw new WireError("unsupported", offset);
  return { destinationMac, sourceMac };
}
