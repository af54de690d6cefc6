/** A gateway with the real `uplink6` and `lan` on one simulated kernel. Each can be killed alone, or all with the machine. */
import { ALONE, linkLocalOf } from "../uplink-ports.ts";
import { duidLl, type Duid } from "../../base/duid.ts";
import type { Ipv6Address } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import type { MacAddress } from "../../base/mac.ts";
import { instant } from "../../base/time.ts";
import type { ClientEffect, ClientEvent, ClientState } from "../../machines/dhcp6-client/state.ts";
import type { LinkSockets } from "../../ports/datagrams.ts";
import type { Observed } from "../../services/driver.ts";
import type { LanConfig } from "../../services/lan/config.ts";
import { Lan } from "../../services/lan/service.ts";
import { LeaseJournal } from "../../services/leases/journal.ts";
import { Offers } from "../../services/leases/offers.ts";
import { LeaseTable } from "../../services/leases/table.ts";
import type { Uplink6Interface } from "../../services/uplink6/config.ts";
import { Uplink6 } from "../../services/uplink6/service.ts";
import { ALL_AGENTS, ALL_ROUTERS, ALL_SERVERS, DHCP6_PORT } from "../actors/exchange.ts";
import { Chance } from "../chance.ts";
import { clockWhile } from "../mortal-clock.ts";
import { SimClock, type Timeline } from "../clock.ts";
import { SimDisk } from "../disk.ts";
import type { Segment } from "../link.ts";
import { Card } from "./card.ts";
import { JournalDisk } from "./journal.ts";
import { HouseKernel } from "./kernel.ts";
import type { Packet6 } from "./packet.ts";
import { promiser } from "./promises.ts";
import { oneRow } from "./relay.ts";

export type HouseGatewayOptions = {
  readonly name: string;
  readonly macs: readonly [wan: MacAddress, lan: MacAddress];
  readonly timeline: Timeline;
  readonly wan: Segment;
  readonly lan: Segment;
  readonly seed: readonly number[];
  readonly uplink: Uplink6Interface;
  readonly lanConfig: (duid: Duid) => LanConfig;
  readonly provider: Ipv6Address;
  readonly tell: (what: string, words: string) => void;
  readonly observe: (observed: Observed<ClientState, ClientEvent, ClientEffect>) => void;
};
export type ServerKeys = { readonly table: Uint8Array; readonly offers: Uint8Array; readonly server: Uint8Array };
export type Service6 = "uplink6" | "lan";

export const WAN = 1;
export const LAN = 2;
const NAMES = { [WAN]: "wan0", [LAN]: "lan0" } as const;
const SOCKET_MS = 3;

export class HouseGateway {
  readonly name: string;
  readonly duid: Duid;
  readonly kernel: HouseKernel;
  readonly disk: SimDisk;
  readonly journal: JournalDisk;
  readonly wan: Card;
  readonly lanCard: Card;
  readonly #options: HouseGatewayOptions;
  readonly #clock: SimClock;
  readonly #chance: Chance;
  readonly #key: Uint8Array;
  #lives = { uplink6: 0, lan: 0 };
  #uplink: Uplink6 | undefined;
  #lan: Lan | undefined;
  #table: LeaseTable | undefined;
  #keys: ServerKeys | undefined;

  constructor(options: HouseGatewayOptions) {
    const { name, macs, timeline, seed, provider } = options;
    this.#options = options;
    this.name = name;
    this.duid = duidLl(macs[0]);
    this.kernel = new HouseKernel(timeline);
    this.#chance = new Chance(...seed, 1);
    this.#key = this.#chance.bytes(16);
    this.disk = new SimDisk(timeline, new Chance(...seed, 2));
    this.journal = new JournalDisk(timeline, new Chance(...seed, 3));
    this.#clock = new SimClock(timeline, ...seed, 4);
    this.wan = new Card({
      name: `${name} wan`,
      mac: macs[0],
      segment: options.wan,
      groups: [],
      addresses: () => [],
      take: (packet) => this.#fromWan(packet),
    });
    this.lanCard = new Card({
      name: `${name} lan`,
      mac: macs[1],
      segment: options.lan,
      groups: [ALL_AGENTS, ALL_SERVERS, ALL_ROUTERS],
      addresses: () => this.kernel.addressesOf(LAN),
      take: (packet) => this.#fromLan(packet),
    });
    this.kernel.has(WAN, this.wan.linkLocal, 64);
    this.kernel.has(LAN, this.lanCard.linkLocal, 64);
    this.kernel.leadsOut(WAN, provider);
  }

  /** The service as it runs, or undefined while it does not. */
  get uplink(): Uplink6 | undefined {
    return this.#uplink;
  }
  get lan(): Lan | undefined {
    return this.#lan;
  }
  /** The chance of the server that runs: whoever replays it needs the same. */
  get keys(): ServerKeys | undefined {
    return this.#keys;
  }
  /** What the server has promised, as it knows it. */
  get table(): LeaseTable | undefined {
    return this.#table;
  }

  start(): void {
    this.startUplink();
    this.startLan();
  }

  startUplink(): void {
    if (this.#uplink !== undefined) return;
    const alive = this.#life("uplink6");
    const { tell, observe, uplink } = this.#options;
    const service: Uplink6 = new Uplink6({
      clock: clockWhile(alive, this.#clock),
      datagrams: {
        send: (_link, { from, to, port, payload }) => this.wan.send({ from, to, ports: { source: DHCP6_PORT.client, destination: port }, payload }),
      },
      kernel: { apply: (plan) => this.kernel.apply(plan) },
      ...ALONE,
      records: this.disk,
      sockets: this.#sockets(alive, (link) => service.socketReady(link)),
      log: { write: (_level, event, fields) => tell("uplink6", `${event} ${JSON.stringify(fields)}`) },
      observe: (_name, observed) => observe(observed),
    });
    this.#uplink = service;
    service.configure({ duid: this.duid, interfaces: [uplink] });
    const record = this.disk.load(uplink.name);
    if (record !== undefined) service.stored(uplink.name, record);
    this.#tellLinks(service);
  }

  /** The journal is read before anything is served, as the engine does it. */
  startLan(): void {
    if (this.#lan !== undefined) return;
    const alive = this.#life("lan");
    const keys = { table: this.#chance.bytes(16), offers: this.#chance.bytes(16), server: this.#key };
    const table = new LeaseTable({ key: keys.table, maxLeases: LIMITS.leases, maxRowsPerClient: LIMITS.leasesPerClient });
    const recovery = this.journal.recover(table);
    if (!recovery.ok) throw new Error(`${this.name}: the journal is damaged: ${recovery.reason}`);
    const journal = new LeaseJournal(table, this.journal.open(), { stamp: recovery.stamp ?? this.#chance.bytes(8), sequence: recovery.sequence });
    const lan: Lan = new Lan(
      {
        clock: clockWhile(alive, this.#clock),
        log: { write: (_level, event, fields) => this.#options.tell("lan", `${event} ${JSON.stringify(fields)}`) },
        router: {
          datagrams: { send: (_link, { from, to, payload }) => this.lanCard.send({ from, to, ports: undefined, payload }) },
          sockets: this.#sockets(alive, (link) => lan.routerSocketReady(link)),
        },
        dhcp6: {
          sockets: { open: () => undefined, close: () => undefined },
          replies: promiser(journal, (answer) => {
            if (alive()) this.#answer(answer);
          }),
          send: (link, { to, port, payload }) => this.#answer({ link, to, port, payload }),
        },
        routes: this.kernel,
      },
      { table, offers: new Offers(keys.offers), key: keys.server },
    );
    this.#lan = lan;
    this.#table = table;
    this.#keys = keys;
    lan.configure(this.#options.lanConfig(this.duid));
    this.#tellLinks(lan);
    this.kernel.list(lan);
  }

  /** One engine dies: the kernel keeps what it was told, the disk what was written. */
  kill(which: Service6): void {
    this.#lives[which]++;
    if (which === "uplink6") this.#uplink = undefined;
    else {
      this.#lan = undefined;
      this.#table = undefined;
      this.kernel.listener = undefined;
      this.journal.cut();
    }
  }

  /** The machine loses its power. */
  powerCut(): void {
    this.kill("uplink6");
    this.kill("lan");
    this.disk.powerCut();
    this.kernel.clear();
  }

  /** The cable of the uplink. */
  setCable(running: boolean): void {
    this.wan.running = running;
    this.#uplink?.linkNews({ index: WAN, running });
    this.#lan?.linkNews({ index: WAN, running });
  }

  loseSockets(): void {
    this.#uplink?.socketsLost();
    this.#lan?.routerSocketsLost();
  }

  #tellLinks(service: Uplink6 | Lan): void {
    for (const [index, card] of [
      [WAN, this.wan],
      [LAN, this.lanCard],
    ] as const)
      service.linkNews({ index, name: NAMES[index], mac: card.mac, mtuBytes: 1500, running: card.running });
    if (service instanceof Uplink6) service.addressIs(linkLocalOf(WAN, this.wan.linkLocal));
    service.linksListed(new Set([WAN, LAN]));
  }

  #fromWan({ source, destination, hopLimit, ports, payload }: Packet6): void {
    if (ports?.destination !== DHCP6_PORT.client) return;
    this.#uplink?.datagram(WAN, { from: source, port: ports.source, to: destination, hopLimit, payload });
  }

  #fromLan({ source, destination, hopLimit, ports, payload }: Packet6): void {
    if (ports === undefined) this.#lan?.icmp6(LAN, { from: source, port: 0, to: destination, hopLimit, payload });
    else if (ports.destination === DHCP6_PORT.server) this.#lan?.arrived(LAN, oneRow(LAN, { source, destination, hopLimit, ports, payload }));
  }

  #answer({
    link,
    to,
    port,
    payload,
  }: {
    readonly link: number;
    readonly to: Ipv6Address;
    readonly port: number;
    readonly payload: Uint8Array;
  }): void {
    if (link === LAN) this.lanCard.send({ to, ports: { source: DHCP6_PORT.server, destination: port }, payload });
  }

  #life(which: Service6): () => boolean {
    const life = ++this.#lives[which];
    return () => this.#lives[which] === life;
  }

  #sockets(alive: () => boolean, ready: (link: number) => void): LinkSockets {
    const { timeline } = this.#options;
    return {
      open: (link) => {
        timeline.schedule(instant(timeline.now + SOCKET_MS), () => {
          if (alive()) ready(link);
        });
      },
      close: () => undefined,
    };
  }
}
