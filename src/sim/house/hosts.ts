/** Hosts of a simulated house: one that makes addresses and asks for them, and a relay with a link of its own behind it. */
import { duidLl } from "../../base/duid.ts";
import type { Ipv6Address } from "../../base/ipv6.ts";
import type { MacAddress } from "../../base/mac.ts";
import { earliest } from "../../base/time.ts";
import { Dhcp6Host, type Host6Event } from "../actors/dhcp6-host.ts";
import { ALL_AGENTS, ALL_NODES, DHCP6_PORT, type Said } from "../actors/exchange.ts";
import { Relay6 } from "../actors/relay6.ts";
import { SlaacHost } from "../actors/slaac-host.ts";
import type { Chance } from "../chance.ts";
import type { Scheduled, Timeline } from "../clock.ts";
import type { Segment } from "../link.ts";
import { Card } from "./card.ts";
import type { Packet6 } from "./packet.ts";

export type HouseHostOptions = {
  readonly name: string;
  readonly mac: MacAddress;
  readonly timeline: Timeline;
  readonly segment: Segment;
  readonly chance: Chance;
  /** Also asks for a prefix of this length. */
  readonly prefixLength: number | undefined;
  readonly rapidCommit: boolean;
  readonly watch: (event: Host6Event) => void;
};

export class HouseHost {
  readonly name: string;
  readonly card: Card;
  readonly dhcp: Dhcp6Host;
  readonly slaac: SlaacHost;
  readonly #timeline: Timeline;
  #alarm: Scheduled | undefined;
  #on = false;

  constructor({ name, mac, timeline, segment, chance, prefixLength, rapidCommit, watch }: HouseHostOptions) {
    this.name = name;
    this.#timeline = timeline;
    this.slaac = new SlaacHost(mac);
    this.dhcp = new Dhcp6Host({ duid: duidLl(mac), iaid: 1, address: true, prefixLength, rapidCommit }, () => chance.u32(), watch);
    this.card = new Card({ name, mac, segment, groups: [ALL_NODES], addresses: () => [], take: (packet) => this.#take(packet) });
  }

  get on(): boolean {
    return this.#on;
  }

  start(): void {
    if (this.#on) return;
    this.#on = true;
    const { now } = this.#timeline;
    this.#say([...this.slaac.start(now), ...this.dhcp.start(now)]);
  }

  /** The power goes; what was promised is forgotten. */
  stop(): void {
    this.#on = false;
    this.#alarm?.cancel();
    this.dhcp.stop();
    this.slaac.forget();
  }

  /** Gives back what it has, and asks anew later: `start` after `stop`. */
  release(): void {
    if (this.#on) this.#say(this.dhcp.release(this.#timeline.now));
  }

  reconnected(): void {
    const { now } = this.#timeline;
    if (this.#on) this.#say([...this.slaac.start(now), ...this.dhcp.reconnected(now)]);
  }

  #take({ source, destination, hopLimit, ports, payload }: Packet6): void {
    if (!this.#on) return;
    const { now } = this.#timeline;
    if (ports === undefined) this.slaac.heard({ source, destination, hopLimit, payload }, now);
    else if (ports.destination === DHCP6_PORT.client) this.#say(this.dhcp.heard({ from: source, payload }, now));
    this.#arm();
  }

  #say(said: readonly Said[]): void {
    for (const one of said) this.card.say(one, DHCP6_PORT.client);
    this.#arm();
  }

  #arm(): void {
    this.#alarm?.cancel();
    if (!this.#on) return;
    this.#alarm = this.#timeline.schedule(earliest(this.dhcp.deadline, this.slaac.deadline), () => {
      const { now } = this.#timeline;
      this.#say([...this.slaac.tick(now), ...this.dhcp.tick(now)]);
    });
  }
}

/** A relay with one card on either side. */
export function relayBetween(options: {
  readonly name: string;
  readonly macs: readonly [clients: MacAddress, server: MacAddress];
  readonly clients: Segment;
  readonly servers: Segment;
  readonly linkAddress: Ipv6Address;
  readonly server: Ipv6Address;
}): { readonly clients: Card; readonly server: Card } {
  const { name, macs, linkAddress } = options;
  const relay = new Relay6({ linkAddress, server: options.server, interfaceId: new TextEncoder().encode(name) });
  const clients: Card = new Card({
    name: `${name} clients`,
    mac: macs[0],
    segment: options.clients,
    groups: [ALL_AGENTS],
    addresses: () => [],
    take: ({ source, ports, payload }) => {
      const said = ports?.destination === DHCP6_PORT.server ? relay.fromClient({ from: source, payload }) : undefined;
      if (said !== undefined) server.say(said, DHCP6_PORT.server);
    },
  });
  const server: Card = new Card({
    name: `${name} server`,
    mac: macs[1],
    segment: options.servers,
    groups: [],
    addresses: () => [],
    take: ({ source, ports, payload }) => {
      const said = ports?.destination === DHCP6_PORT.server ? relay.fromServer({ from: source, payload }) : undefined;
      if (said !== undefined) clients.say(said, DHCP6_PORT.server);
    },
  });
  return { clients, server };
}
