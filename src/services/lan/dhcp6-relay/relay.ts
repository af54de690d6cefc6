/** The DHCPv6 relay: remembers its links and addresses, decides about datagrams, counts what it decides. It opens and sends nothing. */
import { toHex } from "../../../base/hex.ts";
import { type Ipv6Address, ipv6Contains, ipv6Prefix, UNSPECIFIED_V6 } from "../../../base/ipv6.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { ReceivedDatagram } from "../../../ports/datagrams.ts";
import { kindOf } from "../../../wire/dhcp6/message.ts";
import type { AddressListener } from "../../address-news.ts";
import { type AddressFact, AddressTable, bestAddress } from "../../addresses.ts";
import { Counters } from "../../counters.ts";
import type { LinkListener } from "../../link-news.ts";
import { type LinkFact, type LinkNews, LinkTable } from "../../links.ts";
import type { LanInterface, RelayConfig } from "../config.ts";
import { delivered, type FindLink } from "./deliver.ts";
import { forwarded } from "./forward.ts";
import { drop, type RelayOutcome } from "./outcome.ts";
import { Shares } from "./shares.ts";

/** Either side of the relay, by the interface's name. */
type Side = { readonly shares: Shares; readonly passed: Counters; readonly dropped: Counters };
type ClientSide = { readonly name: string; readonly config: RelayConfig; readonly interfaceId: Uint8Array };

export type RelaySideView = {
  readonly interface: string;
  readonly role: "clients" | "uplink";
  readonly passed: number;
  readonly dropped: Readonly<Record<string, number>>;
};
export type RelayView = { readonly interfaces: readonly RelaySideView[]; readonly dropped: Readonly<Record<string, number>> };

export class Dhcp6Relay implements LinkListener, AddressListener {
  readonly #clock: Clock;
  readonly #links = new LinkTable();
  readonly #addresses = new AddressTable();
  readonly #sides = new Map<string, Side>();
  /** On links that are none of ours. */
  readonly #dropped = new Counters();
  #clients: readonly ClientSide[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  configure(interfaces: readonly LanInterface[]): void {
    this.#clients = interfaces.flatMap(({ name, dhcp6 }): readonly ClientSide[] =>
      dhcp6.mode === "relay" ? [{ name, config: dhcp6.relay, interfaceId: new TextEncoder().encode(name) }] : [],
    );
    const names = new Set(this.#clients.flatMap(({ name, config }) => [name, ...config.uplinks]));
    for (const name of this.#sides.keys()) if (!names.has(name)) this.#sides.delete(name);
    for (const name of names) if (!this.#sides.has(name)) this.#sides.set(name, this.#newSide());
  }

  linkNews(news: LinkNews): void {
    this.#links.merge(news);
  }
  linkGone(index: number): void {
    this.#links.remove(index);
    this.#addresses.removeLink(index);
  }
  linksListed(indexes: ReadonlySet<number>): void {
    for (const { index } of this.#links.keepOnly(indexes)) this.#addresses.removeLink(index);
  }
  addressIs(fact: AddressFact): void {
    if (!this.#addresses.put(fact, this.#clock.now())) this.#dropped.add("too-many-addresses");
  }
  addressGone(which: { readonly link: number; readonly address: Ipv6Address }): void {
    this.#addresses.remove(which);
  }
  addressesListed(keys: ReadonlySet<string>): void {
    this.#addresses.keepOnly(keys);
  }

  /** From a client, or a relay nearer to it, on one of the links we relay for. */
  fromClient(link: number, datagram: ReceivedDatagram): RelayOutcome {
    const name = this.#nameOf(link);
    const client = this.#clients.find((known) => known.name === name);
    if (client === undefined) return this.#counted(undefined, drop("not-a-relay-link"));
    const isRelay = datagram.payload.length > 0 && kindOf(datagram.payload) === "relayForward";
    const within = this.#within(client.name, isRelay ? undefined : datagram.from);
    return this.#counted(name, within ? forwarded(datagram, this.#forwardFacts(client, link)) : drop("rate"));
  }

  /** From a server, on one of the uplinks. */
  fromServer(link: number, datagram: ReceivedDatagram): RelayOutcome {
    const name = this.#nameOf(link);
    const clients = this.#clients.filter(({ config }) => name !== undefined && config.uplinks.includes(name));
    if (name === undefined || clients.length === 0) return this.#counted(undefined, drop("not-a-relay-link"));
    return this.#counted(name, this.#within(name, undefined) ? delivered(datagram, this.#finder(clients)) : drop("rate"));
  }

  view(): RelayView {
    const clients = new Set(this.#clients.map(({ name }) => name));
    const interfaces = [...this.#sides].map(([name, { passed, dropped }]): RelaySideView => {
      return { interface: name, role: clients.has(name) ? "clients" : "uplink", passed: passed.total(), dropped: dropped.toJSON() };
    });
    return { interfaces, dropped: this.#dropped.toJSON() };
  }

  #forwardFacts({ config, interfaceId }: ClientSide, link: number) {
    const uplinks = config.uplinks.flatMap((name) => this.#runningLink(name) ?? []).filter((uplink) => uplink !== link);
    return { linkAddress: this.#bestOf(link), interfaceId, uplinks, servers: config.servers };
  }

  /** Who gave the Interface-Id, or, without one, whose link holds the link-address. A wrong Interface-Id is not guessed at. */
  #finder(clients: readonly ClientSide[]): FindLink {
    return ({ interfaceId, linkAddress }) => {
      const found =
        interfaceId !== undefined
          ? clients.find((client) => toHex(client.interfaceId) === toHex(interfaceId))
          : clients.find(({ name }) => this.#holds(name, linkAddress));
      return found === undefined ? undefined : { link: this.#runningLink(found.name), servers: found.config.servers };
    };
  }

  #holds(name: string, linkAddress: Ipv6Address): boolean {
    const link = this.#linkOf(name);
    if (link === undefined || linkAddress === UNSPECIFIED_V6) return false;
    return this.#addresses.ofLink(link.index).some(({ address, prefixLength }) => ipv6Contains(ipv6Prefix(address, prefixLength), linkAddress));
  }

  #bestOf(link: number): Ipv6Address | undefined {
    return bestAddress(this.#addresses.ofLink(link), this.#clock.now());
  }

  #linkOf(name: string): LinkFact | undefined {
    return this.#links.all().find((fact) => fact.name === name);
  }
  #runningLink(name: string): number | undefined {
    const link = this.#linkOf(name);
    return link?.running === true ? link.index : undefined;
  }
  #nameOf(index: number): string | undefined {
    return this.#links.all().find((fact) => fact.index === index)?.name;
  }

  #newSide(): Side {
    return { shares: new Shares(this.#clock.now()), passed: new Counters(), dropped: new Counters() };
  }
  #within(name: string, client: string | undefined): boolean {
    return this.#sides.get(name)?.shares.take(client, this.#clock.now()) ?? false;
  }
  #counted(name: string | undefined, outcome: RelayOutcome): RelayOutcome {
    const side = name === undefined ? undefined : this.#sides.get(name);
    if (outcome.kind === "drop") (side?.dropped ?? this.#dropped).add(outcome.reason);
    else side?.passed.add("passed");
    return outcome;
  }
}
