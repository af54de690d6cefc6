/**
 * `uplink6`: one client for each configured interface that exists, fed with links, datagrams and configuration, and one plan for the
 * kernel out of what all of them hold.
 */
import { same } from "../../base/same.ts";
import { after, type Instant, NEVER } from "../../base/time.ts";
import type { Alarm } from "../../ports/clock.ts";
import type { ReceivedDatagram } from "../../ports/datagrams.ts";
import type { KeyedHash } from "../../ports/secrets.ts";
import { type AddressFact, AddressTable } from "../addresses.ts";
import type { AddressListener, GoneAddress, RouteListener } from "../address-news.ts";
import { Counters } from "../counters.ts";
import type { LinkListener } from "../link-news.ts";
import { type LinkFact, type LinkNews, LinkTable } from "../links.ts";
import { SipHash } from "../leases/siphash.ts";
import { assigned, composed, namesOf } from "./compose.ts";
import type { Uplink6Config } from "./config.ts";
import { type Duplicates, type HostParts, withDuplicate, withoutDuplicates } from "./host-part.ts";
import type { Neighbourhood, Uplink6Ports } from "./ports.ts";
import { Uplink } from "./uplink.ts";
import { type Uplink6View, viewOf } from "./view.ts";

/** What comes together, such as the links of a list and the leases of a folder, becomes one plan. */
const GATHER_SECONDS = 0.02;
/** A plan that the kernel refused is made again, each time a little later. */
const RETRY_FIRST_SECONDS = 2;
const RETRY_MOST_SECONDS = 60;
/** A list of all links that is torn again and again does not keep prefixes from the house for longer than this. */
const PATIENCE_SECONDS = 5;

export class Uplink6 implements LinkListener, AddressListener, RouteListener {
  readonly #ports: Uplink6Ports;
  readonly #uplinks = new Map<string, Uplink>();
  readonly #links = new LinkTable();
  readonly #addresses = new AddressTable();
  readonly #ignored = new Counters();
  readonly #gathering: Alarm;
  readonly #neighbourhood: Neighbourhood;
  #hash: KeyedHash | undefined;
  #duplicates: Duplicates = new Map();
  #retrySeconds = RETRY_FIRST_SECONDS;
  #configured: Uplink6Config | undefined;
  #isGathering = false;
  /** Before all links are known a plan would take away addresses that a restart should leave. */
  #linksKnown = false;
  #applied = false;
  #patientUntil: Instant = NEVER;

  constructor(ports: Uplink6Ports) {
    this.#ports = ports;
    this.#gathering = ports.clock.alarm(() => this.#apply());
    this.#neighbourhood = {
      addressesOf: (link) => this.#addresses.ofLink(link),
      hosts: () => this.#hosts(),
      planChanged: (how) => {
        this.#applied ||= how === "at-once"; // a server has spoken: what it takes away is gone, also what an earlier life of this program left
        if (how === "at-once" && this.#linksKnown) this.#apply();
        else this.#planChanged();
      },
    };
  }

  /** What stable host parts are made of (RFC 7217 §5). */
  secret(key: Uint8Array): void {
    this.#hash = new SipHash(key);
    this.#planChanged();
  }

  /** Replaces the configuration: only what differs by value is touched; what is held is laid out anew. */
  configure(config: Uplink6Config): void {
    const names = new Set(config.interfaces.map(({ name }) => name));
    for (const [name, uplink] of this.#uplinks) {
      if (names.has(name)) continue;
      uplink.close();
      this.#uplinks.delete(name);
    }
    for (const wanted of config.interfaces) {
      const identity = { duid: config.duid, interface: wanted };
      const known = this.#uplinks.get(wanted.name);
      if (known !== undefined) known.configure(identity);
      else this.#add(new Uplink(identity, this.#ports, this.#neighbourhood));
    }
    if (!same(this.#configured, config)) this.#ports.log.write("info", "configured", { interfaces: config.interfaces.length });
    if (this.#configured === undefined) this.#patientUntil = after(this.#ports.clock.now(), PATIENCE_SECONDS);
    this.#configured = config;
    this.#planChanged();
  }

  stored(name: string, record: Uint8Array): void {
    this.#uplinks.get(name)?.stored(record);
  }

  linkNews(news: LinkNews): void {
    const before = this.#links.all().find(({ index }) => index === news.index);
    const fact = this.#links.merge(news);
    if (fact === undefined) return;
    if (before !== undefined && before.name !== fact.name) this.#uplinks.get(before.name)?.linkGone(before);
    this.#uplinks.get(fact.name)?.linkIs(fact);
    const isNews = before === undefined || before.name !== fact.name || before.running !== fact.running;
    if (isNews && (this.#concerns(fact) || (before !== undefined && this.#concerns(before)))) this.#planChanged();
  }

  linkGone(index: number): void {
    this.#tellGone(this.#links.remove(index));
  }

  /** A list of all links was read to its end. */
  linksListed(indexes: ReadonlySet<number>): void {
    for (const gone of this.#links.keepOnly(indexes)) this.#tellGone(gone);
    this.#linksKnown = true;
    this.#isGathering = false;
    this.#planChanged();
  }

  addressIs(fact: AddressFact): void {
    if (!this.#remember(fact)) return this.#ignored.add("too-many-addresses");
    if (fact.dadFailed) this.#taken(fact);
    this.#of(fact.link)?.addressesChanged();
  }

  addressGone(which: GoneAddress): void {
    if ("dadFailed" in which && which.dadFailed) this.addressIs(which);
    this.#addresses.remove(which);
    this.#of(which.link)?.addressGone(which.address);
  }

  addressesListed(keys: ReadonlySet<string>): void {
    for (const link of this.#addresses.keepOnly(keys)) this.#of(link)?.addressesChanged();
  }

  /** Routes are nothing to this service. */
  routeIs(): void {}
  routeGone(): void {}
  routesListed(): void {}

  socketReady(link: number): void {
    this.#of(link)?.presence.socketReady();
  }

  routerSocketReady(link: number): void {
    this.#of(link)?.presence.routerSocketReady();
  }

  /** An ICMPv6 message of a router. */
  routerDatagram(link: number, datagram: ReceivedDatagram): void {
    const uplink = this.#of(link);
    if (uplink === undefined) this.#ignored.add("unknown-link");
    else uplink.routers.heard(datagram);
  }

  /** Main tried, and the kernel would not: it is tried again. */
  kernelFailed(name: string, what: string): void {
    this.#uplinks.get(name)?.kernelFailed(what);
    if (what !== "configurePlan") return;
    this.#planChanged(this.#retrySeconds);
    this.#retrySeconds = Math.min(RETRY_MOST_SECONDS, this.#retrySeconds * 2);
  }

  command(name: string, verb: "renew" | "release" | "reboot"): void {
    this.#uplinks.get(name)?.handle({ kind: "command", verb });
  }

  /** The host slept: whether every link is what it was nobody knows. */
  resumed(): void {
    for (const uplink of this.#uplinks.values()) uplink.handle({ kind: "resumed" });
  }

  /** The program ends: what is to be given back is. */
  farewell(): void {
    for (const uplink of this.#uplinks.values()) uplink.handle({ kind: "farewell" });
  }

  /** The role that held the sockets is gone. */
  socketsLost(): void {
    for (const uplink of this.#uplinks.values()) uplink.presence.socketsLost();
  }

  datagram(link: number, datagram: ReceivedDatagram): void {
    const uplink = this.#of(link);
    if (uplink === undefined) this.#ignored.add("unknown-link");
    else uplink.datagram(datagram);
  }

  /** Datagrams that were dropped on the way because this service did not keep up. */
  datagramsDropped(link: number, count: number): void {
    const uplink = this.#of(link);
    if (uplink === undefined) this.#ignored.add("queue-full", count);
    else uplink.ingress.dropped(count);
  }

  uplink(name: string): Uplink | undefined {
    return this.#uplinks.get(name);
  }

  view(): Uplink6View {
    return viewOf([...this.#uplinks.values()], { links: this.#links.all(), hosts: this.#hosts(), ignored: this.#ignored, clock: this.#ports.clock });
  }

  /** Addresses of an uplink go before those of links that are no business of ours. */
  #remember(fact: AddressFact): boolean {
    const now = this.#ports.clock.now();
    if (this.#addresses.put(fact, now)) return true;
    const other = this.#of(fact.link) === undefined ? undefined : this.#addresses.all().find(({ link }) => this.#of(link) === undefined);
    if (other === undefined) return false;
    this.#addresses.remove(other);
    return this.#addresses.put(fact, now);
  }

  #planChanged(seconds = GATHER_SECONDS): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    this.#gathering.set(after(this.#ports.clock.now(), seconds));
  }

  #hosts(): HostParts {
    return { links: this.#links.all(), hash: this.#hash, duplicates: this.#duplicates };
  }

  /** Another host has an address of ours behind an uplink: the next one is taken (RFC 4862 §5.4). */
  #taken({ link, address }: AddressFact): void {
    const name = this.#links.all().find(({ index }) => index === link)?.name;
    if (name === undefined) return;
    const own = [...this.#uplinks.values()].flatMap(({ holding }) => assigned(holding.config, holding.held, this.#hosts()));
    const next = withDuplicate(this.#duplicates, own, { name, address });
    if (next === this.#duplicates) return;
    this.#duplicates = next;
    this.#ports.log.write("warn", "duplicateAddress", { interface: name, address });
    this.#planChanged();
  }

  /** Nothing at all is not told at once: what an earlier life of this program left may be ours again in a moment. Later it is nobody's. */
  #apply(): void {
    const now = this.#ports.clock.now();
    if (!this.#linksKnown && now < this.#patientUntil) return this.#gathering.set(this.#patientUntil);
    this.#isGathering = false;
    this.#gathering.set(NEVER);
    const holdings = [...this.#uplinks.values()].map(({ holding }) => holding);
    const plan = composed(holdings, this.#links.all(), now, this.#hosts());
    const isEmpty = plan.addresses.length === 0 && plan.aggregates.length === 0;
    if (!this.#applied && isEmpty && now < this.#patientUntil) return this.#gathering.set(this.#patientUntil);
    this.#applied = true;
    this.#ports.kernel.apply(plan);
  }

  #add(uplink: Uplink): void {
    this.#uplinks.set(uplink.name, uplink);
    const link = this.#links.all().find(({ name }) => name === uplink.name);
    if (link !== undefined) uplink.linkIs(link);
  }

  #concerns({ name }: LinkFact): boolean {
    return [...this.#uplinks.values()].some(({ config }) => namesOf(config).includes(name));
  }

  #tellGone(gone: LinkFact | undefined): void {
    if (gone === undefined) return;
    this.#addresses.removeLink(gone.index);
    this.#duplicates = withoutDuplicates(this.#duplicates, gone.name);
    this.#uplinks.get(gone.name)?.linkGone(gone);
    if (this.#concerns(gone)) this.#planChanged();
  }

  #of(link: number): Uplink | undefined {
    return [...this.#uplinks.values()].find((uplink) => uplink.link?.index === link);
  }
}
