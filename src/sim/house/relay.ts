/** The real `lan` as a relay between two links, without memory: what it knows it is told by its kernel. It can be killed. */
import { duidLl } from "../../base/duid.ts";
import { type Ipv6Address, ipv6Bytes, isMulticastV6 } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import type { MacAddress } from "../../base/mac.ts";
import type { ArrivedRows } from "../../ports/datagrams.ts";
import { PacketBatch } from "../../services/lan/dhcp6-server/batch.ts";
import type { LanConfig } from "../../services/lan/config.ts";
import { Lan } from "../../services/lan/service.ts";
import { Offers } from "../../services/leases/offers.ts";
import { LeaseTable } from "../../services/leases/table.ts";
import { ALL_AGENTS, DHCP6_PORT } from "../actors/exchange.ts";
import { Chance } from "../chance.ts";
import { clockWhile } from "../mortal-clock.ts";
import { SimClock, type Timeline } from "../clock.ts";
import type { Segment } from "../link.ts";
import { Card } from "./card.ts";
import { HouseKernel } from "./kernel.ts";
import type { Packet6 } from "./packet.ts";

export type HouseRelayOptions = {
  readonly macs: readonly [clients: MacAddress, server: MacAddress];
  readonly timeline: Timeline;
  readonly clients: Segment;
  readonly servers: Segment;
  readonly linkAddress: Ipv6Address;
  readonly seed: readonly number[];
};

const FAR = 1;
const UP = 2;
const NOTHING = { open: () => undefined, close: () => undefined, send: () => undefined };

export class HouseRelay {
  readonly #options: HouseRelayOptions;
  readonly #clock: SimClock;
  readonly #kernel: HouseKernel;
  readonly #cards: Readonly<Record<number, Card>>;
  #life = 0;
  #lan: Lan | undefined;

  constructor(options: HouseRelayOptions) {
    const { macs, timeline, clients, servers, linkAddress, seed } = options;
    this.#options = options;
    this.#clock = new SimClock(timeline, ...seed, 1);
    this.#kernel = new HouseKernel(timeline);
    const card = (link: number, mac: MacAddress, segment: Segment, groups: readonly Ipv6Address[]): Card =>
      new Card({ name: `relay ${link}`, mac, segment, groups, addresses: () => [], take: (packet) => this.#take(link, packet) });
    this.#cards = { [FAR]: card(FAR, macs[0], clients, [ALL_AGENTS]), [UP]: card(UP, macs[1], servers, []) };
    this.#kernel.has(FAR, linkAddress, 64);
    for (const link of [FAR, UP]) this.#kernel.has(link, this.#cards[link]?.linkLocal ?? linkAddress, 64);
  }

  start(): void {
    if (this.#lan !== undefined) return;
    const life = ++this.#life;
    const chance = new Chance(...this.#options.seed, 2, life);
    const lan = new Lan(
      {
        clock: clockWhile(() => life === this.#life, this.#clock),
        log: { write: () => undefined },
        router: { datagrams: NOTHING, sockets: NOTHING },
        dhcp6: {
          sockets: NOTHING,
          replies: () => undefined,
          send: (link, { to, port, payload }) => this.#cards[link]?.send({ to, ports: { source: DHCP6_PORT.server, destination: port }, payload }),
        },
        routes: { add: () => undefined, remove: () => undefined },
      },
      {
        table: new LeaseTable({ key: chance.bytes(16), maxLeases: 1, maxRowsPerClient: LIMITS.leasesPerClient }),
        offers: new Offers(chance.bytes(16)),
        key: chance.bytes(16),
      },
    );
    this.#lan = lan;
    lan.configure(configOf(this.#options.macs[1]));
    for (const [index, name] of [
      [FAR, "far0"],
      [UP, "up0"],
    ] as const)
      lan.linkNews({ index, name, mac: this.#options.macs[index === FAR ? 0 : 1], mtuBytes: 1500, running: true });
    lan.linksListed(new Set([FAR, UP]));
    this.#kernel.list(lan);
  }

  kill(): void {
    this.#life++;
    this.#lan = undefined;
    this.#kernel.listener = undefined;
  }

  #take(link: number, packet: Packet6): void {
    if (packet.ports?.destination === DHCP6_PORT.server) this.#lan?.arrived(link, oneRow(link, packet));
  }
}

/** One datagram as a socket would hand it over. */
export function oneRow(link: number, { source, destination, ports, payload }: Packet6): ArrivedRows {
  const rows = new PacketBatch({ slots: 1, arenaBytes: Math.max(1, payload.length) });
  rows.add(payload, { link, address: ipv6Bytes(source), port: ports?.source ?? 0, multicast: isMulticastV6(destination) });
  return Object.assign(rows, { destinations: ipv6Bytes(destination) });
}

function configOf(mac: MacAddress): LanConfig {
  const relay = { uplinks: ["up0"], servers: [] };
  return {
    duid: duidLl(mac),
    interfaces: [{ name: "far0", number: 1, router: undefined, dhcp6: { mode: "relay", relay } }],
    relayedLinks: [],
    classes: [],
    hosts: [],
  };
}
