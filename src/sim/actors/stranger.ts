/** A host that answers every DHCP message it hears with something a client must not take: one flaw an answer, all else right. */
import { WireError } from "../../base/errors.ts";
import { BROADCAST_V4, type Ipv4Address } from "../../base/ipv4.ts";
import { BROADCAST_MAC, type MacAddress } from "../../base/mac.ts";
import { chaddr } from "../../wire/dhcp4/hardware.ts";
import { type Dhcp4Message, decodeDhcp4, dhcp4, encodeDhcp4 } from "../../wire/dhcp4/message.ts";
import type { ClientId } from "../../wire/dhcp4/vendor.ts";
import { decodeUdpFrame, encodeUdpFrame } from "../../wire/ip/udp.ts";

const STRANGER_MAC = "02:00:5e:00:00:66" as MacAddress;
/** Clients are told to ignore this server. */
export const DENIED_SERVER = "198.18.0.66" as Ipv4Address;
const NOBODY = "198.18.250.1" as Ipv4Address;
const LEASE_SECONDS = 3600;

/** @param server the provider whose answers are imitated */
export function strangerAnswers(bytes: Uint8Array, server: Ipv4Address): readonly Uint8Array[] {
  const asked = askedIn(bytes);
  return asked === undefined ? [] : wrongAnswers(asked, server).map((answer) => framed(answer, server));
}

function wrongAnswers(asked: Dhcp4Message, server: Ipv4Address): readonly Dhcp4Message[] {
  const { options } = asked;
  const discover = options.messageType === "discover";
  const address = options.requestedAddress ?? NOBODY;
  const right = dhcp4({
    op: "reply",
    xid: asked.xid,
    chaddr: asked.chaddr,
    yiaddr: address,
    options: { messageType: discover ? "offer" : "ack", serverId: options.serverId ?? server, leaseSeconds: LEASE_SECONDS },
  });
  const { serverId: _, ...unsigned } = right.options;
  const { leaseSeconds: __, ...endless } = right.options;
  const flawed: Dhcp4Message[] = [
    { ...right, op: "request" },
    { ...right, xid: (right.xid + 1) >>> 0 },
    { ...right, chaddr: chaddr(STRANGER_MAC) },
    { ...right, options: { ...right.options, clientId: "01025e00000066" as ClientId } },
    { ...right, options: unsigned },
    { ...right, options: { ...right.options, serverId: BROADCAST_V4 } },
    { ...right, options: { ...right.options, serverId: DENIED_SERVER } },
    { ...right, yiaddr: BROADCAST_V4, ...(options.requestedAddress === undefined ? {} : { yiaddr: NOBODY }) },
  ];
  if (!discover) flawed.push({ ...right, options: endless });
  if (options.serverId !== undefined) flawed.push({ ...right, options: { messageType: "nak", serverId: NOBODY } });
  return flawed;
}

function framed(message: Dhcp4Message, source: Ipv4Address): Uint8Array {
  return encodeUdpFrame({
    destinationMac: BROADCAST_MAC,
    sourceMac: STRANGER_MAC,
    source,
    destination: BROADCAST_V4,
    sourcePort: 67,
    destinationPort: 68,
    payload: encodeDhcp4(message),
  });
}

function askedIn(bytes: Uint8Array): Dhcp4Message | undefined {
  try {
    const frame = decodeUdpFrame(bytes, { checksum: "verify" });
    const message = frame.destinationPort === 67 ? decodeDhcp4(frame.payload) : undefined;
    return message?.op === "request" ? message : undefined;
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
