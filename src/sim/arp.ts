/** ARP of a simulated host: its kernel answers for the address it holds, its client hears what concerns the one it watches. */
import { WireError } from "../base/errors.ts";
import type { Ipv4Address } from "../base/ipv4.ts";
import type { MacAddress } from "../base/mac.ts";
import { type ArpFrame, type ArpPacket, decodeArpFrame, encodeArpFrame } from "../wire/ip/arp.ts";
import { ETHER_TYPE } from "../wire/ip/ethernet.ts";

const ETHER_TYPE_AT = 12;

/** @returns undefined for any other frame, and for ARP that cannot be read */
export function arpIn(frame: Uint8Array): ArpFrame | undefined {
  if ((((frame[ETHER_TYPE_AT] ?? 0) << 8) | (frame[ETHER_TYPE_AT + 1] ?? 0)) !== ETHER_TYPE.arp) return undefined;
  try {
    return decodeArpFrame(frame);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/** What a kernel that holds the address says to a question for it (RFC 826). */
export function answerTo(packet: ArpPacket, held: Ipv4Address | undefined, mac: MacAddress): Uint8Array | undefined {
  if (packet.operation !== "request" || packet.targetAddress !== held || packet.senderMac === mac) return undefined;
  const { senderMac, senderAddress } = packet;
  return encodeArpFrame({
    destinationMac: senderMac,
    sourceMac: mac,
    operation: "reply",
    senderMac: mac,
    senderAddress: held,
    targetMac: senderMac,
    targetAddress: senderAddress,
  });
}
