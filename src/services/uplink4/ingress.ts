/** From a frame to what it says: everything below the DHCP message is judged here. */
import { WireError } from "../../base/errors.ts";
import { BROADCAST_MAC, type MacAddress } from "../../base/mac.ts";
import type { Answer } from "../../machines/dhcp4-client/judge.ts";
import { decodeDhcp4, withoutSecrets } from "../../wire/dhcp4/message.ts";
import { type ArpPacket, decodeArpFrame } from "../../wire/ip/arp.ts";
import { type ChecksumPolicy, decodeUdpFrame } from "../../wire/ip/udp.ts";
import type { Counters } from "../counters.ts";

export type Checksum = ChecksumPolicy;
/** RFC 2131 §4.1. */
const SERVER_PORT = 67;
const CLIENT_PORT = 68;

/** @returns the reason when it is not for us; @throws WireError when it cannot be read */
export function answerIn(bytes: Uint8Array, checksum: Checksum, own: MacAddress | undefined): Answer | "foreign-hardware-address" | "foreign-port" {
  const packet = decodeUdpFrame(bytes, { checksum });
  if (packet.destinationMac !== BROADCAST_MAC && packet.destinationMac !== own) return "foreign-hardware-address";
  if (packet.destinationPort !== CLIENT_PORT || packet.sourcePort !== SERVER_PORT) return "foreign-port";
  return { message: withoutSecrets(decodeDhcp4(packet.payload)), source: packet.source, sourceMac: packet.sourceMac };
}

/** @throws WireError */
export function neighbourIn(bytes: Uint8Array): ArpPacket {
  return decodeArpFrame(bytes);
}

/** The one place where this service catches errors of packets: what cannot be read is a count under its code. */
export function countedRead<T>(ignored: Counters, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    ignored.add(error.code);
    return undefined;
  }
}
