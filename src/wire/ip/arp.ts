/** ARP for IPv4 over Ethernet as whole frames (RFC 826); probes and announcements are RFC 5227's. */
import { type Codec, struct } from "../../base/codec.ts";
import { Reader, Writer } from "../../base/cursor.ts";
import { WireError } from "../../base/errors.ts";
import { type Ipv4Address, ipv4Address, UNSPECIFIED_V4 } from "../../base/ipv4.ts";
import { BROADCAST_MAC, type MacAddress, macAddress, ZERO_MAC } from "../../base/mac.ts";
import { ETHER_TYPE, type EthernetHeader, readEthernet, writeEthernet } from "./ethernet.ts";

export type ArpOperation = "request" | "reply";
export type ArpPacket = {
  readonly operation: ArpOperation;
  readonly senderMac: MacAddress;
  readonly senderAddress: Ipv4Address;
  readonly targetMac: MacAddress;
  readonly targetAddress: Ipv4Address;
};
export type ArpFrame = EthernetHeader & ArpPacket;

const ETHERNET_HARDWARE = 1;
const ADDRESS_SIZES = 0x0604;
const OPERATIONS = { request: 1, reply: 2 } as const;

const operation: Codec<ArpOperation> = {
  decode: (reader) => {
    const offset = reader.offset;
    const value = reader.u16();
    if (value === OPERATIONS.request) return "request";
    if (value === OPERATIONS.reply) return "reply";
    throw new WireError("unsupported", offset);
  },
  encode: (writer, value) => writer.u16(OPERATIONS[value]),
};
const body: Codec<ArpPacket> = struct({
  operation,
  senderMac: macAddress,
  senderAddress: ipv4Address,
  targetMac: macAddress,
  targetAddress: ipv4Address,
});

export function encodeArpFrame(frame: ArpFrame): Uint8Array {
  const writer = new Writer(42);
  writeEthernet(writer, frame, ETHER_TYPE.arp);
  writer.u16(ETHERNET_HARDWARE);
  writer.u16(ETHER_TYPE.ipv4);
  writer.u16(ADDRESS_SIZES);
  body.encode(writer, frame);
  return writer.take();
}

/** Bytes after the packet are the link's padding. Other hardware or protocols are `unsupported`. */
export function decodeArpFrame(bytes: Uint8Array): ArpFrame {
  const reader = new Reader(bytes);
  const ethernet = readEthernet(reader, ETHER_TYPE.arp);
  for (const expected of [ETHERNET_HARDWARE, ETHER_TYPE.ipv4, ADDRESS_SIZES]) {
    const offset = reader.offset;
    if (reader.u16() !== expected) throw new WireError("unsupported", offset);
  }
  return { ...ethernet, ...body.decode(reader) };
}

/** Asks whether anybody holds an address, without saying who asks (RFC 5227 §2.1.1). */
export function arpProbe(mac: MacAddress, address: Ipv4Address): ArpFrame {
  return question(mac, { senderAddress: UNSPECIFIED_V4, targetAddress: address });
}

/** Says that an address is ours now (RFC 5227 §2.3). */
export function arpAnnouncement(mac: MacAddress, address: Ipv4Address): ArpFrame {
  return question(mac, { senderAddress: address, targetAddress: address });
}

function question(mac: MacAddress, addresses: Pick<ArpPacket, "senderAddress" | "targetAddress">): ArpFrame {
  return { destinationMac: BROADCAST_MAC, sourceMac: mac, operation: "request", senderMac: mac, targetMac: ZERO_MAC, ...addresses };
}
