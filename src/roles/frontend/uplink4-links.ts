/** The frontend's half of `uplink4`: frames of packet sockets to the engine, Ethernet, IP and UDP headers on what it sends. */
import { BROADCAST_V4, type Ipv4Address, UNSPECIFIED_V4 } from "../../base/ipv4.ts";
import { LIMITS } from "../../base/limits.ts";
import { BROADCAST_MAC } from "../../base/mac.ts";
import { closeAll } from "../../platform/channel.ts";
import { native } from "../../platform/native.ts";
import { PacketLink, type ReceivedFrame } from "../../platform/packet-link.ts";
import { inetAddress } from "../../platform/uplink-sockets.ts";
import { arpAnnouncement, arpProbe, encodeArpFrame } from "../../wire/ip/arp.ts";
import { encodeUdpFrame } from "../../wire/ip/udp.ts";
import type { Connection, Incoming } from "../connection.ts";
import { batchesOf } from "./batches.ts";

const PORTS = { sourcePort: 68, destinationPort: 67 } as const;
const FRAME_OVERHEAD_BYTES = 3;

type Link = { readonly packets: PacketLink; readonly sink: number; unicast: number | undefined; arp: PacketLink | undefined; dropped: number };

export class Uplink4Links {
  readonly #links = new Map<number, Link>();
  readonly #engine: () => Connection | undefined;

  constructor(engine: () => Connection | undefined) {
    this.#engine = engine;
  }

  /** The engine is a new one. */
  announce(): void {
    for (const link of this.#links.keys()) this.#engine()?.send("socketReady", { link });
  }

  fromMain(message: Incoming): void {
    if (message.kind === "packetSocket") this.#openLink(message.body.link, message.descriptors);
    else if (message.kind === "arpSocket") this.#openArp(message.body.link, message.body.address, message.descriptors[0] ?? -1);
    else if (message.kind === "unicastSocket") this.#setUnicast(message.body.link, message.descriptors[0]);
    else if (message.kind === "closeSockets") {
      if (message.body.unicastOnly) this.#setUnicast(message.body.link, undefined);
      else this.#closeLink(message.body.link);
    }
  }

  fromEngine(message: Incoming): void {
    if (message.kind === "broadcast") {
      const { link, from, tos, payload } = message.body;
      const frame = { sourceMac: from, destinationMac: BROADCAST_MAC, source: UNSPECIFIED_V4, destination: BROADCAST_V4, ...PORTS, tos, payload };
      this.#links.get(link)?.packets.send(encodeUdpFrame(frame));
    } else if (message.kind === "unicast") this.#unicast(message.body);
    else if (message.kind === "sendArp") this.#sendArp(message.body);
    else if (message.kind === "closeArp") this.#closeArp(message.body.link);
  }

  #sendArp({ link, mac, kind, address }: Extract<Incoming, { readonly kind: "sendArp" }>["body"]): void {
    const frame = kind === "probe" ? arpProbe(mac, address) : arpAnnouncement(mac, address);
    this.#links.get(link)?.arp?.send(encodeArpFrame(frame));
  }

  /** One address a link is listened for at a time: the socket's filter knows no other. */
  #openArp(link: number, address: Ipv4Address, fd: number): void {
    const known = this.#links.get(link);
    if (known === undefined) return closeAll([fd]);
    known.arp?.close();
    known.arp = new PacketLink(fd, (frames) => {
      for (const batch of batchesOf(frames, ({ bytes }) => bytes.length + FRAME_OVERHEAD_BYTES))
        this.#engine()?.send("arpFrames", { link, frames: batch.map(({ bytes }) => bytes) });
    });
    this.#engine()?.send("arpReady", { link, address });
  }

  #closeArp(link: number): void {
    const known = this.#links.get(link);
    known?.arp?.close();
    if (known !== undefined) known.arp = undefined;
  }

  #unicast({ link, mac, from, to, tos, direct, payload }: Extract<Incoming, { readonly kind: "unicast" }>["body"]): void {
    const known = this.#links.get(link);
    if (known === undefined) return;
    const frame = { sourceMac: mac, source: from, ...PORTS, tos, payload };
    if (direct !== undefined) return void known.packets.send(encodeUdpFrame({ ...frame, destinationMac: direct, destination: to }));
    if (known.unicast !== undefined && native().sendTo(known.unicast, payload, inetAddress(to, PORTS.destinationPort), 0) >= 0) return;
    known.packets.send(encodeUdpFrame({ ...frame, destinationMac: BROADCAST_MAC, destination: BROADCAST_V4 }));
  }

  #openLink(link: number, [packetFd = -1, sink = -1]: readonly number[]): void {
    this.#closeLink(link);
    const packets = new PacketLink(packetFd, (frames) => this.#received(link, frames));
    this.#links.set(link, { packets, sink, unicast: undefined, arp: undefined, dropped: 0 });
    this.#engine()?.send("socketReady", { link });
  }

  #closeLink(link: number): void {
    const known = this.#links.get(link);
    if (known === undefined) return;
    known.packets.close();
    known.arp?.close();
    closeAll([known.sink, ...(known.unicast === undefined ? [] : [known.unicast])]);
    this.#links.delete(link);
  }

  #setUnicast(link: number, fd: number | undefined): void {
    const known = this.#links.get(link);
    if (known?.unicast !== undefined) closeAll([known.unicast]);
    if (known !== undefined) known.unicast = fd;
    else if (fd !== undefined) closeAll([fd]);
  }

  #received(link: number, frames: readonly ReceivedFrame[]): void {
    const [known, engine] = [this.#links.get(link), this.#engine()];
    if (known === undefined || engine === undefined) return;
    for (const batch of batchesOf(frames, ({ bytes }) => bytes.length + FRAME_OVERHEAD_BYTES)) {
      const late = engine.waiting * LIMITS.channelBatch > LIMITS.framesQueuedPerInterface;
      if (!late && engine.send("frames", { link, dropped: known.dropped, frames: batch })) known.dropped = 0;
      else known.dropped += batch.length;
    }
  }

  /** The engine has caught up: what was dropped is told, though no frame comes after it. */
  tellDropped(): void {
    for (const [link, known] of this.#links) {
      if (known.dropped > 0 && this.#engine()?.send("frames", { link, dropped: known.dropped, frames: [] }) === true) known.dropped = 0;
    }
  }
}
