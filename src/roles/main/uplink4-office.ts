/** Main's office for `uplink4`: sockets, the leased address and its routes, lease files, what is published, hooks. */
import { join } from "node:path";
import type { Duid } from "../../base/duid.ts";
import { type Ipv4Address, ipv4Contains } from "../../base/ipv4.ts";
import { closeAll } from "../../platform/channel.ts";
import { openArpSocket, openPacketSocket, openSinkSocket, openUnicastSocket } from "../../platform/uplink-sockets.ts";
import { entryFor, isPattern, type Uplink4Interface } from "../../services/uplink4/config.ts";
import type { Incoming } from "../connection.ts";
import type { Configuration } from "../messages/catalogue.ts";
import type { ChildName } from "./children.ts";
import { systemFailure } from "./failures.ts";
import { isOneOf, type Known, refusal, UPLINK4_REQUESTS } from "./guard.ts";
import { hostNameFrom, HostNameWatch, shortHostName, takeHostName } from "./host-name.ts";
import { rehearsed } from "../rehearsal.ts";
import { nameOfLink } from "./link-sockets.ts";
import { attempt, type Office, type Tools } from "./office.ts";
import { handRecords } from "./records.ts";
import { NO_RESOLVERS } from "./resolvers-wanted.ts";
import { ServedLinks } from "./served-links.ts";
import { StateFolder } from "./state-folder.ts";
import type { UplinkHost } from "./uplink-host.ts";
import { UplinkObjects } from "./uplink-kernel.ts";
import { policyOf } from "./uplink-policy.ts";
import { LINK_LOCAL_V4 } from "./uplink-routes.ts";

type Request = Extract<Incoming, { readonly kind: (typeof UPLINK4_REQUESTS)[number] }>;
type Body<K extends Request["kind"]> = Extract<Request, { readonly kind: K }>["body"];

/** Low delay, as clients have always sent (RFC 1349). */
const TOS = 0x10;
/** For the RELEASE of each uplink to leave. */
const FAREWELL_MS = 300;

export class Uplink4Office implements Office {
  readonly engine = "engine-uplink4";
  readonly roles = ["engine-uplink4"] as const;
  readonly #tools: Tools;
  readonly #duid: Duid;
  readonly #objects: UplinkObjects;
  readonly #leases: StateFolder;
  readonly #host: UplinkHost;
  readonly #served: ServedLinks;
  #config: NonNullable<Configuration["uplink4"]> | undefined;

  #hostName: HostNameWatch | undefined;

  constructor(tools: Tools, duid: Duid, host: UplinkHost) {
    this.#tools = tools;
    this.#duid = duid;
    this.#host = host;
    this.#served = new ServedLinks(tools);
    this.#objects = new UplinkObjects(tools.network);
    this.#leases = new StateFolder(join(tools.options["state-dir"], "uplink4"));
  }

  configure({ uplink4, host }: Configuration): boolean {
    const first = this.#config === undefined;
    this.#config = uplink4 ?? (first ? undefined : { interfaces: [] });
    if (this.#config === undefined) return false;
    this.#host.configure(host);
    if (first) this.#host.forgetOthers("ipv4", (name) => this.#entry(name) !== undefined);
    if (first) rehearsed(() => this.#objects.warmUp());
    for (const name of this.#served.links.keys()) if (this.#entry(name) === undefined) this.#host.withdraw(name, "ipv4");
    this.#hostName ??= this.#watchHostName();
    return true;
  }

  get serves(): string {
    return `uplink4 on ${(this.#config?.interfaces ?? []).map(({ name }) => name).join(", ") || "nothing"}`;
  }

  ready(role: ChildName): void {
    if (role === this.engine) this.reconfigured();
  }

  /** Leases of interfaces that are new; where a lease is held the record is passed over. */
  reconfigured(): void {
    const [engine, generation] = [this.#tools.children.to(this.engine), this.#tools.generation()];
    if (engine === undefined || this.#config === undefined) return;
    engine.send("hostName", { name: shortHostName() }, { generation });
    engine.send("uplink4Config", { duid: this.#duid, interfaces: this.#config.interfaces }, { generation });
    const named = this.#config.interfaces.map(({ name }) => name).filter((name) => !isPattern(name));
    handRecords(this.#tools, this.engine, this.#leases, new Set([...named, ...this.#served.links.keys()]));
  }

  message(_from: ChildName, message: Incoming): void {
    if (!isOneOf(UPLINK4_REQUESTS, message)) return;
    const why = refusal(message, this.#known());
    if (why !== undefined) return this.#tools.refused.add(why);
    this.#attempt(message, () => this.#carryOut(message));
  }

  /** What was configured stays: the address until its lease ends, and what was published with it. */
  stop(): { readonly patienceMs: number } {
    const releases = (this.#config?.interfaces ?? []).some(({ releaseOnStop }) => releaseOnStop);
    const told = releases && this.#tools.children.to(this.engine)?.send("farewell", true) === true;
    return { patienceMs: told ? FAREWELL_MS : 0 };
  }

  #known(): Known {
    return {
      generation: this.#tools.generation(),
      configured: (name) => {
        if (this.#config?.interfaces.some((one) => one.name === name) === true) return "by-name";
        return this.#entry(name) === undefined ? undefined : "by-pattern";
      },
      nameOfLink: (link) => nameOfLink(this.#tools, link),
      served: this.#served.links,
    };
  }

  #entry(name: string): Uplink4Interface | undefined {
    return this.#config === undefined ? undefined : entryFor(this.#config, name);
  }

  #attempt({ kind, body }: Request, act: () => void): boolean {
    return attempt(this.#tools, this.engine, { what: kind, name: body.name }, act);
  }

  #carryOut(message: Request): void {
    const frontend = this.#tools.children.to("frontend");
    switch (message.kind) {
      case "openPacketSocket":
        return this.#openPacket(message.body);
      case "openArpSocket": {
        const { link, address } = message.body;
        return void frontend?.send("arpSocket", { link, address }, { descriptors: [openArpSocket(link, address)] });
      }
      case "closePacketSocket":
        return void frontend?.send("closeSockets", { link: message.body.link, unicastOnly: false });
      case "configureUplink":
        return this.#configure(message);
      case "deconfigureUplink":
        frontend?.send("closeSockets", { link: message.body.link, unicastOnly: true });
        return this.#objects.deconfigure(message.body.link);
      case "publishUplink":
        return this.#publish(message.body);
      case "withdrawUplink":
        return this.#host.withdraw(message.body.name, "ipv4");
      case "uplinkEvent":
        return this.#host.happened({ ...message.body, interface: message.body.name });
      case "saveLease":
        return this.#leases.save(message.body.name, message.body.record);
      case "forgetLease":
        return this.#leases.remove(message.body.name);
    }
  }

  /** What the engine kept of the interface goes to it first: it asks for a socket when it is about to begin. */
  #openPacket({ link, name }: Body<"openPacketSocket">): void {
    this.#served.serve(name, link);
    handRecords(this.#tools, this.engine, this.#leases, [name]);
    const packets = openPacketSocket(link, this.#tools.network.link(link)?.mac, this.#entry(name)?.socketPriority);
    const descriptors = [packets, orClosed(packets, () => openSinkSocket(name))];
    this.#tools.children.to("frontend")?.send("packetSocket", { link }, { descriptors });
  }

  /** The address first: it can be used from then on. A route that the kernel refuses keeps nothing else from being done. */
  #configure(message: Extract<Request, { readonly kind: "configureUplink" }>): void {
    const { link, name, address, routes } = message.body;
    const entry = this.#entry(name);
    const wanted = entry?.ignoreRoutes === "all" ? { ...message.body, routes: [] } : { ...message.body, routes };
    this.#attempt(message, () => this.#objects.configure(link, wanted, policyOf(entry ?? {}, name)));
    if (!ipv4Contains(LINK_LOCAL_V4, address)) this.#openUnicast(link, name, address);
  }

  #publish({ name, nameServers, searchDomains, hostName, record }: Body<"publishUplink">): void {
    const entry = this.#entry(name);
    const resolving = entry?.ignoreDns === true ? NO_RESOLVERS : { nameServers, searchDomains };
    if (entry?.useHostName === true) this.#takeHostName(name, hostName);
    this.#host.publish(name, "ipv4", { resolving, record });
  }

  #takeHostName(from: string, text: string): void {
    const wanted = text === "" ? undefined : hostNameFrom(text);
    if (wanted === undefined) return;
    void takeHostName(wanted).then((why) => {
      if (why !== undefined) this.#tools.log.write("error", "hostNameRefused", { interface: from, name: wanted, error: why });
    });
  }

  /** A name that we took ourselves is told to the engine like any other. */
  #watchHostName(): HostNameWatch | undefined {
    const { log, children, generation } = this.#tools;
    try {
      return new HostNameWatch((name) => void children.to(this.engine)?.send("hostName", { name }, { generation: generation() }));
    } catch (error) {
      const failure = systemFailure(error);
      if (failure === undefined) throw error;
      log.write("warn", "hostNameUnwatched", { error: failure.message });
      return undefined;
    }
  }

  /** Renewals go out by packet socket when this fails: it is said and nothing else. */
  #openUnicast(link: number, name: string, address: Ipv4Address): void {
    const { dscp, socketPriority } = this.#entry(name) ?? {};
    const marks = { priority: socketPriority, tos: dscp === undefined ? TOS : dscp << 2 };
    const descriptors = [openUnicastSocket(name, address, marks)];
    this.#tools.children.to("frontend")?.send("unicastSocket", { link, address }, { descriptors });
  }
}

function orClosed(fd: number, open: () => number): number {
  try {
    return open();
  } catch (error) {
    closeAll([fd]);
    throw error;
  }
}
