/** The frontend: every datagram, packet and netlink-event socket. Moves bytes, adds Ethernet, IP and UDP headers, decides nothing. */
import "./first.ts";
import { startRole } from "./role.ts";
import { BROADCAST_V4, UNSPECIFIED_V4 } from "../base/ipv4.ts";
import { BROADCAST_MAC } from "../base/mac.ts";
import { LIMITS } from "../base/limits.ts";
import { closeAll } from "../platform/channel.ts";
import { native } from "../platform/native.ts";
import { EventSocket } from "../platform/netlink/event-socket.ts";
import { PacketLink, type ReceivedFrame } from "../platform/packet-link.ts";
import { inetAddress } from "../platform/uplink-sockets.ts";
import { encodeUdpFrame } from "../wire/ip/udp.ts";
import { Connection, type Incoming } from "./connection.ts";

const SERVER_PORT = 67;
const CLIENT_PORT = 68;
/** Of one message: what the channel takes, less its own fields. */
const BATCH_BYTES = LIMITS.channelFrameBytes - 1024;
const FRAME_OVERHEAD_BYTES = 3;

type Link = { readonly packets: PacketLink; readonly sink: number; unicast: number | undefined; dropped: number };

const links = new Map<number, Link>();
let engine: Connection | undefined;
let events: EventSocket | undefined;

startRole({ role: "frontend", profile: "frontend", prepare: () => fromMain });

function fromMain(message: Incoming): void {
  switch (message.kind) {
    case "peer":
      return meetEngine(message.descriptors);
    case "netlinkSocket":
      return watchLinks(message.descriptors);
    case "packetSocket":
      return openLink(message.body.link, message.descriptors);
    case "unicastSocket":
      return setUnicast(message.body.link, message.descriptors[0]);
    case "closeSockets":
      return message.body.unicastOnly ? setUnicast(message.body.link, undefined) : closeLink(message.body.link);
    default:
      return;
  }
}

function meetEngine([fd = -1]: readonly number[]): void {
  engine?.close();
  engine = new Connection(fd, "frontend", "engine-uplink4", { onMessage: fromEngine, onEnd: () => undefined });
  for (const link of links.keys()) engine.send("socketReady", { link });
  if (events !== undefined) engine.send("netlinkOverrun", true);
}

function watchLinks([fd = -1]: readonly number[]): void {
  events?.close();
  events = new EventSocket(fd, {
    onDatagram: (datagram) => engine?.send("netlink", { datagram }),
    onOverrun: () => engine?.send("netlinkOverrun", true),
  });
  engine?.send("netlinkOverrun", true);
}

function openLink(link: number, [packetFd = -1, sink = -1]: readonly number[]): void {
  closeLink(link);
  const packets = new PacketLink(packetFd, (frames) => received(link, frames));
  links.set(link, { packets, sink, unicast: undefined, dropped: 0 });
  engine?.send("socketReady", { link });
}

function closeLink(link: number): void {
  const known = links.get(link);
  if (known === undefined) return;
  known.packets.close();
  closeAll([known.sink, ...(known.unicast === undefined ? [] : [known.unicast])]);
  links.delete(link);
}

function setUnicast(link: number, fd: number | undefined): void {
  const known = links.get(link);
  if (known?.unicast !== undefined) closeAll([known.unicast]);
  if (known !== undefined) known.unicast = fd;
  else if (fd !== undefined) closeAll([fd]);
}

function received(link: number, frames: readonly ReceivedFrame[]): void {
  const known = links.get(link);
  if (known === undefined || engine === undefined) return;
  for (const batch of batchesOf(frames)) {
    const late = engine.waiting * LIMITS.channelBatch > LIMITS.framesQueuedPerInterface;
    if (!late && engine.send("frames", { link, dropped: known.dropped, frames: batch })) known.dropped = 0;
    else known.dropped += batch.length;
  }
}

/** What fits one message to the engine: a batch of long frames is cut into several. */
function batchesOf(frames: readonly ReceivedFrame[]): readonly (readonly ReceivedFrame[])[] {
  const batches: ReceivedFrame[][] = [];
  let roomBytes = 0;
  for (const frame of frames) {
    if (frame.bytes.length > roomBytes) {
      batches.push([]);
      roomBytes = BATCH_BYTES;
    }
    batches.at(-1)?.push(frame);
    roomBytes -= frame.bytes.length + FRAME_OVERHEAD_BYTES;
  }
  return batches;
}

function fromEngine(message: Incoming): void {
  switch (message.kind) {
    case "listLinks":
      events?.listLinks();
      return;
    case "broadcast": {
      const { link, from, payload } = message.body;
      const ports = { sourcePort: CLIENT_PORT, destinationPort: SERVER_PORT };
      const frame = { sourceMac: from, destinationMac: BROADCAST_MAC, source: UNSPECIFIED_V4, destination: BROADCAST_V4, ...ports, payload };
      links.get(link)?.packets.send(encodeUdpFrame(frame));
      return;
    }
    case "unicast": {
      const { link, mac, from, to, payload } = message.body;
      const known = links.get(link);
      if (known === undefined) return;
      if (known.unicast !== undefined && native().sendTo(known.unicast, payload, inetAddress(to, SERVER_PORT), 0) >= 0) return;
      const ports = { sourcePort: CLIENT_PORT, destinationPort: SERVER_PORT };
      known.packets.send(
        encodeUdpFrame({ sourceMac: mac, destinationMac: BROADCAST_MAC, source: from, destination: BROADCAST_V4, ...ports, payload }),
      );
      return;
    }
    default:
      return;
  }
}
