/** Router advertisements on every configured link. News of links, addresses and routes come in; what goes out goes through the ports. */
import type { Ipv6Address, Ipv6Prefix } from "../../../base/ipv6.ts";
import { same } from "../../../base/same.ts";
import type { ReceivedDatagram } from "../../../ports/datagrams.ts";
import type { AddressListener, RouteListener } from "../../address-news.ts";
import { type AddressFact, AddressTable, type RouteFact, RouteTable } from "../../addresses.ts";
import { Counters } from "../../counters.ts";
import type { LinkListener } from "../../link-news.ts";
import { type LinkFact, type LinkNews, LinkTable } from "../../links.ts";
import type { LanInterface } from "../config.ts";
import { RouterInterface, type RouterPorts } from "./interface.ts";
import { type RouterView, viewOf } from "./view.ts";

export class LanRouter implements LinkListener, AddressListener, RouteListener {
  readonly #ports: RouterPorts;
  readonly #interfaces = new Map<string, RouterInterface>();
  readonly #links = new LinkTable();
  readonly #addresses = new AddressTable();
  readonly #routes = new RouteTable();
  readonly #ignored = new Counters();

  constructor(ports: RouterPorts) {
    this.#ports = ports;
  }

  /** Replaces the configuration: those no longer to be served say so to their hosts; only what differs by value is touched. */
  configure(interfaces: readonly LanInterface[]): void {
    const wanted = new Map(interfaces.flatMap(({ name, router }) => (router === undefined ? [] : [[name, router] as const])));
    for (const [name, known] of this.#interfaces) {
      if (wanted.has(name)) continue;
      known.close();
      this.#interfaces.delete(name);
    }
    for (const [name, config] of wanted) {
      const known = this.#interfaces.get(name) ?? this.#added(name);
      if (!same(known.state.config, config)) known.configure(config);
    }
  }

  /** A record of an earlier life of the program; comes after the configuration. */
  stored(name: string, record: Uint8Array): void {
    this.#interfaces.get(name)?.stored(record);
  }

  linkNews(news: LinkNews): void {
    const before = this.#links.all().find(({ index }) => index === news.index);
    const fact = this.#links.merge(news);
    if (fact === undefined) return;
    if (before !== undefined && before.name !== fact.name) this.#interfaces.get(before.name)?.linkGone(before);
    this.#meets(fact);
  }

  linkGone(index: number): void {
    const gone = this.#links.remove(index);
    this.#addresses.removeLink(index);
    this.#routes.removeLink(index);
    if (gone !== undefined) this.#interfaces.get(gone.name)?.linkGone(gone);
    this.#tellRoutes();
  }

  linksListed(indexes: ReadonlySet<number>): void {
    for (const { index } of this.#links.all()) if (!indexes.has(index)) this.linkGone(index);
  }

  addressIs(fact: AddressFact): void {
    if (this.#addresses.put(fact, this.#ports.clock.now())) this.#tellAddresses(fact.link);
    else this.#ignored.add("too-many-addresses");
  }

  addressGone(which: { readonly link: number; readonly address: Ipv6Address }): void {
    this.#addresses.remove(which);
    this.#tellAddresses(which.link);
  }

  addressesListed(keys: ReadonlySet<string>): void {
    for (const link of this.#addresses.keepOnly(keys)) this.#tellAddresses(link);
  }

  routeIs(fact: RouteFact, replaces: boolean): void {
    if (!this.#routes.put(fact, replaces)) this.#ignored.add("too-many-routes");
    this.#tellRoutes();
  }

  /** Prefixes that the kernel holds as a whole, as far as its routes say so. */
  get refusing(): readonly Ipv6Prefix[] {
    return this.#routes.refusing();
  }

  routeGone(fact: RouteFact): void {
    this.#routes.remove(fact);
    this.#tellRoutes();
  }

  routesListed(keys: ReadonlySet<string>): void {
    this.#routes.keepOnly(keys);
    this.#tellRoutes();
  }

  socketReady(link: number): void {
    this.#of(link)?.socketReady();
  }

  /** The role that held the sockets is gone. */
  socketsLost(): void {
    for (const known of this.#interfaces.values()) known.socketsLost();
  }

  /** An ICMPv6 message that came in on the link. */
  datagram(link: number, datagram: ReceivedDatagram): void {
    const known = this.#of(link);
    if (known === undefined) this.#ignored.add("unknown-link");
    else known.datagram(datagram);
  }

  /** Messages that were dropped on the way because this service did not keep up. */
  datagramsDropped(link: number, count: number): void {
    (this.#of(link)?.ignored ?? this.#ignored).add("queue-full", count);
  }

  /** The program ends: hosts hear it from us. */
  stop(): void {
    for (const known of this.#interfaces.values()) known.stop();
  }

  router(name: string): RouterInterface | undefined {
    return this.#interfaces.get(name);
  }

  view(): RouterView {
    return viewOf([...this.#interfaces.values()], this.#ignored, this.#ports.clock);
  }

  #added(name: string): RouterInterface {
    const added = new RouterInterface(name, this.#ports);
    this.#interfaces.set(name, added);
    const link = this.#links.all().find((known) => known.name === name);
    if (link !== undefined) this.#meets(link);
    return added;
  }

  #meets(fact: LinkFact): void {
    const known = this.#interfaces.get(fact.name);
    if (known === undefined) return;
    const isNew = known.link?.index !== fact.index;
    known.linkIs(fact);
    if (!isNew) return;
    this.#tellAddresses(fact.index);
    this.#tellRoutes();
  }

  #tellAddresses(link: number): void {
    this.#of(link)?.addressesAre(this.#addresses.ofLink(link));
  }

  #tellRoutes(): void {
    const delegated = this.#routes.refusing();
    for (const known of this.#interfaces.values()) {
      if (known.link !== undefined) known.routesAre(this.#routes.hasDefaultBeside(known.link.index), delegated);
    }
  }

  #of(link: number): RouterInterface | undefined {
    return [...this.#interfaces.values()].find((known) => known.link?.index === link);
  }
}
