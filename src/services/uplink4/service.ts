/** `uplink4`: one client for each configured interface that exists, fed with links, frames and configuration. */
import type { Duid } from "../../base/duid.ts";
import type { Ipv4Address } from "../../base/ipv4.ts";
import { LIMITS } from "../../base/limits.ts";
import { same } from "../../base/same.ts";
import type { Instant } from "../../base/time.ts";
import { type LinkFact, type LinkNews, LinkTable } from "../links.ts";
import { Counters } from "../counters.ts";
import { entryFor, isPattern, type Uplink4Config, type Uplink4Interface } from "./config.ts";
import { clientIdOfDuid } from "./identity.ts";
import type { Checksum } from "./ingress.ts";
import type { Neighbourhood, UplinkPorts } from "./ports.ts";
import { Uplink } from "./uplink.ts";
import { type Uplink4View, viewOf } from "./view.ts";

/** More links than this coming up within a second each wait a moment by chance (RFC 2131 §4.4.1 has a delay for the same reason). */
const CROWD = 4;
const CROWD_MS = 1000;

export class Uplink4 {
  readonly #ports: UplinkPorts;
  readonly #uplinks = new Map<string, Uplink>();
  readonly #links = new LinkTable();
  readonly #ignored = new Counters();
  readonly #neighbourhood: Neighbourhood;
  #config: Uplink4Config = { interfaces: [] };
  #duid: Duid | undefined;
  #hostName: string | undefined;
  #arrivals: readonly Instant[] = [];

  constructor(ports: UplinkPorts) {
    this.#ports = ports;
    this.#neighbourhood = {
      isOwn: (mac) => this.#links.all().some((link) => link.mac === mac),
      crowded: () => {
        const now = ports.clock.now();
        this.#arrivals = [...this.#arrivals.filter((at) => now - at < CROWD_MS), now].slice(-CROWD - 1);
        return this.#arrivals.length > CROWD;
      },
    };
  }

  /** Replaces the configuration: only what differs by value is touched; what is held is applied again. */
  configure(config: Uplink4Config, duid: Duid | undefined = this.#duid): void {
    const differs = !same(this.#config, config);
    this.#config = config;
    this.#duid = duid;
    for (const [name, uplink] of this.#uplinks) {
      const entry = this.#entryFor(name);
      if (entry === undefined) this.#close(name, uplink);
      else uplink.configure(entry);
    }
    for (const { name } of config.interfaces) if (!isPattern(name)) this.#serve(name);
    for (const { name } of this.#links.all()) this.#serve(name);
    if (differs) this.#ports.log.write("info", "configured", { interfaces: config.interfaces.length });
  }

  /** The system's own name. */
  hostNamed(name: string): void {
    this.#hostName = name;
    for (const uplink of this.#uplinks.values()) uplink.hostNamed(name);
  }

  stored(name: string, record: Uint8Array): void {
    this.#uplinks.get(name)?.stored(record);
  }

  linkNews(news: LinkNews): void {
    const before = this.#links.all().find(({ index }) => index === news.index);
    const fact = this.#links.merge(news);
    if (fact === undefined) return;
    if (before !== undefined && before.name !== fact.name) this.#tellGone(before);
    this.#serve(fact.name);
    this.#uplinks.get(fact.name)?.linkIs(fact);
  }

  linkGone(index: number): void {
    this.#tellGone(this.#links.remove(index));
  }

  /** A list of all links was read to its end. */
  linksListed(indexes: ReadonlySet<number>): void {
    for (const gone of this.#links.keepOnly(indexes)) this.#tellGone(gone);
  }

  socketReady(link: number): void {
    this.#of(link)?.socketReady();
  }

  arpReady(link: number, address: Ipv4Address): void {
    this.#of(link)?.arpReady(address);
  }

  /** The role that held the sockets is gone. */
  socketsLost(): void {
    for (const uplink of this.#uplinks.values()) uplink.socketsLost();
  }

  frame(link: number, bytes: Uint8Array, checksum: Checksum): void {
    const uplink = this.#of(link);
    if (uplink === undefined) this.#ignored.add("unknown-link");
    else uplink.frame(bytes, checksum);
  }

  arpFrame(link: number, bytes: Uint8Array): void {
    const uplink = this.#of(link);
    if (uplink === undefined) this.#ignored.add("unknown-link");
    else uplink.arpFrame(bytes);
  }

  /** Frames that were dropped on the way because this service did not keep up. */
  framesDropped(link: number, count: number): void {
    (this.#of(link)?.ignored ?? this.#ignored).add("queue-full", count);
  }

  /** IPv6 leads somewhere on this link, or no longer does. */
  ipv6(link: number, connected: boolean): void {
    const uplink = this.#of(link);
    if (uplink !== undefined && uplink.state.ipv6Connected !== connected) uplink.handle({ kind: "ipv6", connected });
  }

  /** The host slept: what every link was before says nothing. */
  resumed(): void {
    for (const uplink of this.#uplinks.values()) uplink.handle({ kind: "resumed" });
  }

  kernelFailed(name: string, what: string): void {
    this.#uplinks.get(name)?.kernelFailed(what);
  }

  command(name: string, verb: "renew" | "release" | "reboot"): void {
    this.#uplinks.get(name)?.handle({ kind: "command", verb });
  }

  /** The program ends: what is to be given back is. */
  farewell(): void {
    for (const uplink of this.#uplinks.values()) uplink.handle({ kind: "farewell" });
  }

  uplink(name: string): Uplink | undefined {
    return this.#uplinks.get(name);
  }
  /** Links that are served now. */
  servedLinks(): readonly LinkFact[] {
    return [...this.#uplinks.values()].flatMap(({ link }) => (link === undefined ? [] : [link]));
  }
  get config(): Uplink4Config {
    return this.#config;
  }

  view(): Uplink4View {
    return viewOf([...this.#uplinks.values()], this.#ignored, this.#ports.clock);
  }

  #entryFor(name: string): Uplink4Interface | undefined {
    const entry = entryFor(this.#config, name);
    if (entry === undefined) return undefined;
    const hostName = entry.systemHostName && this.#hostName !== undefined ? this.#hostName : entry.hostName;
    const ownDuid = entry.identity === "duid" ? this.#duid : undefined;
    return { ...entry, hostName, clientId: entry.clientId ?? (ownDuid === undefined ? undefined : clientIdOfDuid(ownDuid, name)) };
  }

  #serve(name: string): void {
    if (this.#uplinks.has(name)) return;
    const entry = this.#entryFor(name);
    if (entry === undefined) return;
    if (this.#uplinks.size >= LIMITS.interfaces) return this.#ignored.add("too-many-links");
    const uplink = new Uplink(entry, this.#ports, this.#neighbourhood);
    this.#uplinks.set(name, uplink);
    const link = this.#links.all().find((one) => one.name === name);
    if (link !== undefined) uplink.linkIs(link);
  }

  #close(name: string, uplink: Uplink): void {
    uplink.close();
    this.#uplinks.delete(name);
  }

  /** An interface that only a pattern names is forgotten with its link. */
  #tellGone(gone: LinkFact | undefined): void {
    const uplink = gone === undefined ? undefined : this.#uplinks.get(gone.name);
    if (gone === undefined || uplink === undefined) return;
    uplink.linkGone(gone);
    if (!this.#config.interfaces.some(({ name }) => name === gone.name)) this.#close(gone.name, uplink);
  }

  #of(link: number): Uplink | undefined {
    return [...this.#uplinks.values()].find((uplink) => uplink.link?.index === link);
  }
}
