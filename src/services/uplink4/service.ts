/** `uplink4`: one client for each configured interface that exists, fed with links, frames and configuration. */
import { same } from "../../base/same.ts";
import { type LinkFact, type LinkNews, LinkTable } from "../links.ts";
import { Counters } from "../counters.ts";
import type { Uplink4Config } from "./config.ts";
import { Uplink, type UplinkPorts } from "./uplink.ts";
import { type Uplink4View, viewOf } from "./view.ts";

export class Uplink4 {
  readonly #ports: UplinkPorts;
  readonly #uplinks = new Map<string, Uplink>();
  readonly #links = new LinkTable();
  readonly #ignored = new Counters();
  #config: Uplink4Config = { interfaces: [] };

  constructor(ports: UplinkPorts) {
    this.#ports = ports;
  }

  /** Replaces the configuration: only what differs by value is touched; what is held is applied again. */
  configure(config: Uplink4Config): void {
    const names = new Set(config.interfaces.map(({ name }) => name));
    for (const [name, uplink] of this.#uplinks) {
      if (names.has(name)) continue;
      uplink.close();
      this.#uplinks.delete(name);
    }
    for (const wanted of config.interfaces) {
      const known = this.#uplinks.get(wanted.name);
      if (known !== undefined) known.configure(wanted);
      else this.#add(new Uplink(wanted, this.#ports));
    }
    if (!same(this.#config, config)) this.#ports.log.write("info", "configured", { interfaces: config.interfaces.length });
    this.#config = config;
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

  /** The role that held the sockets is gone. */
  socketsLost(): void {
    for (const uplink of this.#uplinks.values()) uplink.socketsLost();
  }

  frame(link: number, bytes: Uint8Array, checksum: "verify" | "offloaded"): void {
    const uplink = this.#of(link);
    if (uplink === undefined) this.#ignored.add("unknown-link");
    else uplink.frame(bytes, checksum);
  }

  /** Frames that were dropped on the way because this service did not keep up. */
  framesDropped(link: number, count: number): void {
    (this.#of(link)?.ignored ?? this.#ignored).add("queue-full", count);
  }

  uplink(name: string): Uplink | undefined {
    return this.#uplinks.get(name);
  }

  view(): Uplink4View {
    return viewOf([...this.#uplinks.values()], this.#ignored, this.#ports.clock);
  }

  #add(uplink: Uplink): void {
    this.#uplinks.set(uplink.name, uplink);
    const link = this.#links.all().find(({ name }) => name === uplink.name);
    if (link !== undefined) uplink.linkIs(link);
  }

  #tellGone(gone: LinkFact | undefined): void {
    if (gone !== undefined) this.#uplinks.get(gone.name)?.linkGone(gone);
  }

  #of(link: number): Uplink | undefined {
    return [...this.#uplinks.values()].find((uplink) => uplink.link?.index === link);
  }
}
