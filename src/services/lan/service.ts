/** `lan`: router advertisements, the DHCPv6 server and the relay on one set of links, fed with what the kernel tells and with datagrams. */
import { UNSPECIFIED_V6 } from "../../base/ipv6.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ArrivedRows, LinkDatagrams, LinkSockets, ReceivedDatagram } from "../../ports/datagrams.ts";
import type { DelegatedRoutes } from "../../ports/kernel.ts";
import type { HostNamesFile, LeaseListeners } from "../../ports/leases.ts";
import type { Log } from "../../ports/log.ts";
import type { LeaseDisk, LeaseRecords } from "../../ports/store.ts";
import type { AddressListener, RouteListener } from "../address-news.ts";
import { type AddressFact, AddressTable, type RouteFact } from "../addresses.ts";
import { Counters } from "../counters.ts";
import type { Offers } from "../leases/offers.ts";
import type { LeaseTable } from "../leases/table.ts";
import type { LinkListener } from "../link-news.ts";
import { type LinkNews, LinkTable } from "../links.ts";
import type { LanConfig } from "./config.ts";
import type { RelayOutcome } from "./dhcp6-relay/outcome.ts";
import { Dhcp6Relay } from "./dhcp6-relay/relay.ts";
import type { ReplyBatch } from "./dhcp6-server/batch.ts";
import type { RecordedDhcp6Server } from "./dhcp6-server/recorder.ts";
import { Dhcp6Service } from "./dhcp6-service.ts";
import { LinkModes } from "./link-modes.ts";
import { LanRouter } from "./router/router.ts";
import { datagramOf } from "./rows.ts";
import type { LanView } from "./view.ts";

export type LanPorts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly router: {
    readonly datagrams: LinkDatagrams;
    readonly sockets: LinkSockets;
    /** What hosts were told: a new life takes it back (RFC 9096 §3.5). */
    readonly records?: LeaseRecords;
  };
  /** UDP port 547 of one link each. `replies` takes all of the batch before it returns; those that are held, after the journal. */
  readonly dhcp6: {
    readonly sockets: LinkSockets;
    readonly replies: (out: ReplyBatch) => void;
    readonly send: LinkDatagrams["send"];
    /** Behind `replies`; undefined: whatever is handed over is durable. */
    readonly disk?: LeaseDisk;
    /** Who hears of what happens to leases; undefined: nobody. */
    readonly listeners?: LeaseListeners;
    /** Who keeps files of names. */
    readonly hostNames?: (file: HostNamesFile) => void;
  };
  readonly routes: DelegatedRoutes;
};
export type LanMemory = {
  readonly table: LeaseTable;
  readonly offers: Offers;
  /** 16 secret bytes that stay the same, and which life of the server this is; without that no client is told to come back. */
  readonly key: Uint8Array;
  readonly life?: number;
};

/** Under this name the DHCPv6 server is recorded. */
const SERVER_NAME = "dhcp6";

export class Lan implements LinkListener, AddressListener, RouteListener {
  readonly #ports: LanPorts;
  readonly #router: LanRouter;
  readonly #relay: Dhcp6Relay;
  readonly dhcp6: Dhcp6Service;
  readonly #server: RecordedDhcp6Server;
  readonly #links = new LinkTable();
  readonly #addresses = new AddressTable();
  readonly #ignored = new Counters();
  readonly #modes = new LinkModes();
  readonly #named = (link: number): string | undefined => this.#nameOf(link);
  /** The kernel has told of all addresses there are. */
  #listed = false;
  /** Links whose server socket was asked for. */
  readonly #asked = new Map<number, string>();

  constructor(ports: LanPorts, memory: LanMemory) {
    this.#ports = ports;
    const { clock, log } = ports;
    this.#router = new LanRouter({ clock, log, ...ports.router });
    this.#relay = new Dhcp6Relay(clock);
    this.dhcp6 = new Dhcp6Service({ ...ports, nameOf: this.#named }, memory);
    this.#server = this.dhcp6.server;
  }

  configure(config: LanConfig): void {
    this.#modes.configure(config);
    this.dhcp6.configure(config);
    this.#relay.configure(config.interfaces);
    this.#router.configure(config.interfaces);
    for (const { index } of this.#links.all()) this.#meets(index);
  }

  linkNews(news: LinkNews): void {
    this.#modes.forget();
    const before = this.#links.all().find(({ index }) => index === news.index);
    const fact = this.#links.merge(news);
    this.#relay.linkNews(news);
    this.#router.linkNews(news);
    if (before !== undefined && before.name !== fact?.name) this.#leaves(before.index, before.name);
    if (fact !== undefined) this.#meets(fact.index);
  }

  linkGone(index: number): void {
    this.#modes.forget();
    const gone = this.#links.remove(index);
    this.#addresses.removeLink(index);
    this.#relay.linkGone(index);
    this.#router.linkGone(index);
    if (gone !== undefined) this.#leaves(index, gone.name);
  }

  linksListed(indexes: ReadonlySet<number>): void {
    for (const { index } of this.#links.all()) if (!indexes.has(index)) this.linkGone(index);
  }

  addressIs(fact: AddressFact): void {
    if (!this.#addresses.put(fact, this.#ports.clock.now())) this.#ignored.add("too-many-addresses");
    this.#relay.addressIs(fact);
    this.#router.addressIs(fact);
    this.#tellAddresses(fact.link);
  }

  addressGone(which: Parameters<AddressListener["addressGone"]>[0]): void {
    this.#addresses.remove(which);
    this.#relay.addressGone(which);
    this.#router.addressGone(which);
    this.#tellAddresses(which.link);
  }

  addressesListed(keys: ReadonlySet<string>): void {
    this.#listed = true;
    for (const link of this.#addresses.keepOnly(keys)) this.#tellAddresses(link);
    this.#relay.addressesListed(keys);
    this.#router.addressesListed(keys);
  }

  routeIs(fact: RouteFact, replaces: boolean): void {
    this.#router.routeIs(fact, replaces);
    this.#server.setUplinkPrefixes(this.#router.refusing);
  }

  routeGone(fact: RouteFact): void {
    this.#router.routeGone(fact);
    this.#server.setUplinkPrefixes(this.#router.refusing);
  }

  routesListed(keys: ReadonlySet<string>): void {
    this.#listed = true;
    this.#router.routesListed(keys);
    this.#server.setUplinkPrefixes(this.#router.refusing);
  }

  /** What hosts of an interface were told in an earlier life. */
  stored(name: string, record: Uint8Array): void {
    this.#router.stored(name, record);
  }

  routerSocketReady(link: number): void {
    this.#router.socketReady(link);
  }

  routerSocketsLost(): void {
    this.#router.socketsLost();
  }

  icmp6(link: number, datagram: ReceivedDatagram): void {
    this.#router.datagram(link, datagram);
  }

  /** ICMPv6 messages that were dropped on the way because this service did not keep up. */
  icmp6Dropped(link: number, count: number): void {
    this.#router.datagramsDropped(link, count);
  }

  /** What came in on port 547 of a link. */
  arrived(link: number, rows: ArrivedRows): void {
    const mode = this.#modes.of(link, this.#named);
    if (mode === "server") {
      if (!this.#knows(link)) return this.#ignored.add("starting", rows.count);
      const left = this.dhcp6.serve(rows);
      if (left > 0) this.#ignored.add("disk-behind", left);
      return;
    }
    if (mode === "off") return this.#ignored.add("unserved-link", rows.count);
    for (let row = 0; row < rows.count; row++) {
      const datagram = datagramOf(rows, row);
      this.#pass(mode === "relay" ? this.#relay.fromClient(link, datagram) : this.#relay.fromServer(link, datagram));
    }
  }

  /** A socket for port 547 could not be opened: it is asked for again when the link is told anew. */
  socketFailed(name: string): void {
    for (const [index, asked] of this.#asked) if (asked === name) this.#asked.delete(index);
  }

  stop(): void {
    this.#router.stop();
  }

  /** Begins to write down what is only recorded while asked to. @returns false when it cannot be */
  record(name: string, seconds: number): boolean {
    return name === SERVER_NAME && this.#server.record(seconds);
  }

  trace(name: string): readonly string[] | undefined {
    return (name === SERVER_NAME ? this.#server.take() : undefined) ?? this.#router.router(name)?.trace();
  }

  view(): LanView {
    const [router, server, relay] = [this.#router.view(), this.#server.view(), this.#relay.view()];
    const { disk, events } = this.dhcp6;
    return { router, server, relay, disk, eventsLost: events.lost, ignored: this.#ignored.toJSON() };
  }

  #pass(outcome: RelayOutcome): void {
    if (outcome.kind === "drop") return;
    for (const { link, to, port } of outcome.sends) this.#ports.dhcp6.send(link, { from: UNSPECIFIED_V6, to, port, payload: outcome.payload });
  }

  /** The link may be one that the configuration names. */
  #meets(index: number): void {
    const name = this.#nameOf(index) ?? "";
    const mode = this.#modes.ofName(name);
    if (mode === "server") this.#server.setIndex(name, index);
    if (mode !== "off" && this.#asked.get(index) !== name) {
      this.#asked.set(index, name);
      this.#ports.dhcp6.sockets.open(index, name);
    } else if (mode === "off" && this.#asked.has(index)) this.#closeSocket(index, name);
    this.#tellAddresses(index);
  }

  #leaves(index: number, name: string): void {
    this.#server.setIndex(name, 0);
    this.#server.setAddresses(name, []);
    if (this.#asked.has(index)) this.#closeSocket(index, name);
  }

  #closeSocket(index: number, name: string): void {
    this.#asked.delete(index);
    this.#ports.dhcp6.sockets.close(index, name);
  }

  /** Pools follow from lasting addresses that are ours. */
  #tellAddresses(link: number): void {
    const name = this.#nameOf(link);
    if (name === undefined) return;
    const fit = this.#addresses.ofLink(link).filter(({ tentative, dadFailed, temporary }) => !tentative && !dadFailed && !temporary);
    this.#server.setAddresses(
      name,
      fit.map(({ address, prefixLength, preferredUntil, validUntil }) => ({
        address,
        prefixLength,
        preferredUntil: this.dhcp6.wall.of(preferredUntil),
        validUntil: this.dhcp6.wall.of(validUntil),
      })),
    );
  }

  /** Before the kernel has said what is on a link, leases of it would be taken back as if their prefix had gone. */
  #knows(link: number): boolean {
    return this.#listed || this.#addresses.ofLink(link).length > 0;
  }

  #nameOf(index: number): string | undefined {
    return this.#links.all().find((link) => link.index === index)?.name;
  }
}
