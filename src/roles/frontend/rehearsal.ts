/** What the frontend does with a client's first exchange, done before it comes: a house waits for that one. */
import { UNSPECIFIED_V4 } from "../../base/ipv4.ts";
import { UNSPECIFIED_V6 } from "../../base/ipv6.ts";
import { ZERO_MAC } from "../../base/mac.ts";
import { rehearseDatagrams } from "../../platform/datagram-socket.ts";
import { rehearseFrames } from "../../platform/packet-link.ts";
import { encodeUdpFrame } from "../../wire/ip/udp.ts";
import { rehearseMessage } from "../rehearsal.ts";
import type { EngineName } from "../messages/message.ts";

/** Of servers the first exchange may take its milliseconds, and others cost no memory for it. */
const ACTS: { readonly [E in EngineName]?: () => void } = { "engine-uplink4": uplink4, "engine-uplink6": uplink6 };

/** Once: its part is small, and the room for more would cost a megabyte. */
export function rehearse(engine: EngineName): void {
  ACTS[engine]?.();
}

function uplink4(): void {
  const payload = new Uint8Array(300);
  rehearseMessage("broadcast", { link: 0, from: ZERO_MAC, tos: 0, payload });
  const [source, destination] = [UNSPECIFIED_V4, UNSPECIFIED_V4];
  const bytes = encodeUdpFrame({ sourceMac: ZERO_MAC, destinationMac: ZERO_MAC, source, destination, sourcePort: 0, destinationPort: 0, payload });
  rehearseMessage("frames", { link: 0, dropped: 0, frames: [{ checksum: "verify", bytes }] });
  rehearseFrames();
}

function uplink6(): void {
  const datagram = { from: UNSPECIFIED_V6, to: UNSPECIFIED_V6, port: 0, payload: new Uint8Array(1) };
  rehearseMessage("sendDatagram", { purpose: "dhcp6-client", link: 0, ...datagram });
  rehearseMessage("datagrams", { purpose: "dhcp6-client", link: 0, dropped: 0, datagrams: [{ ...datagram, hopLimit: 0 }] });
  rehearseDatagrams();
}
