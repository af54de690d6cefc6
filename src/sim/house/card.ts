/** A network card with IPv6: it hears its own addresses and the groups it joined, and sends from its link-local address. */
import { type Ipv6Address, type Ipv6Prefix, isMulticastV6, UNSPECIFIED_V6 } from "../../base/ipv6.ts";
import type { MacAddress } from "../../base/mac.ts";
import type { Said } from "../actors/exchange.ts";
import { addressIn } from "../actors/slaac-host.ts";
import type { Port, Segment } from "../link.ts";
import { encodePacket, type Packet6, packetIn } from "./packet.ts";

export type CardOptions = {
  readonly name: string;
  readonly mac: MacAddress;
  readonly segment: Segment;
  readonly groups: readonly Ipv6Address[];
  /** Beside the link-local one. */
  readonly addresses: () => readonly Ipv6Address[];
  readonly take: (packet: Packet6) => void;
};

const HOP_LIMIT = 255;

export class Card {
  readonly mac: MacAddress;
  readonly linkLocal: Ipv6Address;
  readonly port: Port;
  /** The cable is in and the link is up. */
  running = true;
  readonly #segment: Segment;

  constructor({ name, mac, segment, groups, addresses, take }: CardOptions) {
    this.mac = mac;
    this.#segment = segment;
    const linkLocal = addressIn("fe80::/64" as Ipv6Prefix, mac);
    this.linkLocal = linkLocal;
    const isOurs = (to: Ipv6Address): boolean => (isMulticastV6(to) ? groups.includes(to) : to === linkLocal || addresses().includes(to));
    this.port = segment.attach({
      name,
      cut: false,
      take: (frame) => {
        const packet = this.running ? packetIn(frame) : undefined;
        if (packet !== undefined && isOurs(packet.destination)) take(packet);
      },
      resolve: () => undefined,
    });
  }

  send({
    from = UNSPECIFIED_V6,
    to,
    ports,
    payload,
  }: { readonly from?: Ipv6Address; readonly to: Ipv6Address } & Pick<Packet6, "ports" | "payload">): void {
    if (!this.running) return;
    const source = from === UNSPECIFIED_V6 ? this.linkLocal : from;
    this.#segment.send(this.port, encodePacket({ source, destination: to, hopLimit: HOP_LIMIT, ports, payload }));
  }

  /** What an actor said: UDP from `sourcePort`, or ICMPv6 where it names no port. */
  say({ to, port, payload }: Said, sourcePort: number): void {
    this.send({ to, ports: port === 0 ? undefined : { source: sourcePort, destination: port }, payload });
  }
}
