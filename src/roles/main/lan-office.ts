/** Main's office for `lan`: server and router sockets, the journal's files, routes to delegated prefixes. */
import { join } from "node:path";
import { encodeAll } from "../../base/codec.ts";
import type { Duid } from "../../base/duid.ts";
import { openDhcp6ServerSocket, openRouterSocket } from "../../platform/inet6-sockets.ts";
import type { Incoming } from "../connection.ts";
import type { Configuration } from "../messages/catalogue.ts";
import { LAN_PART_BYTES, lanConfig } from "../messages/lan.ts";
import type { ChildName } from "./children.ts";
import { DelegatedRoutes } from "./delegated-routes.ts";
import { ownKey } from "./duid-file.ts";
import { nextLife } from "./lives.ts";
import { Retries } from "./failures.ts";
import { isPublic } from "./guard.ts";
import { HostsFiles } from "./hosts-files.ts";
import { JournalFolder } from "./journal-folder.ts";
import { linkRefusal, serveSocketRequest } from "./link-sockets.ts";
import { attempt, type Office, type Tools } from "./office.ts";
import { handRecords, keepRecord } from "./records.ts";
import { StateFolder } from "./state-folder.ts";
import type { UplinkHost } from "./uplink-host.ts";

type Message<K extends Incoming["kind"]> = Extract<Incoming, { readonly kind: K }>;
type LeaseHost = Pick<UplinkHost, "configure" | "happened" | "hasHook">;
type LanParts = NonNullable<Configuration["lan"]>;

/** For one advertisement a link, through engine and frontend. */
const FAREWELL_MS = 200;

export class LanOffice implements Office {
  readonly engine = "engine-lan";
  readonly roles = ["engine-lan"] as const;
  readonly #tools: Tools;
  readonly #duid: Duid;
  readonly #host: LeaseHost | undefined;
  readonly #folder: string;
  readonly #key: Uint8Array;
  readonly #told: StateFolder;
  readonly #retries = new Retries();
  readonly #routes: DelegatedRoutes;
  readonly #names: HostsFiles;
  #journal: JournalFolder | undefined;
  #config: LanParts | undefined;

  /** @param host hears of what happens to leases; undefined: nobody does */
  constructor(tools: Tools, duid: Duid, host?: LeaseHost) {
    this.#host = host;
    this.#tools = tools;
    this.#duid = duid;
    this.#routes = new DelegatedRoutes(tools, this.engine);
    this.#names = new HostsFiles((error) => tools.log.write("error", "hostsFileFailed", { error }));
    this.#folder = join(tools.options["state-dir"], "lan");
    this.#key = ownKey(tools.options["state-dir"], "server-key");
    this.#told = new StateFolder(join(tools.options["state-dir"], "router"));
  }

  configure({ lan, host }: Configuration): boolean {
    this.#config = lan ?? (this.#config === undefined ? undefined : { interfaces: [], relayedLinks: [], classes: [], hosts: [] });
    if (this.#config === undefined) return false;
    this.#journal ??= new JournalFolder(this.#folder);
    this.#routes.configure(this.#config);
    this.#host?.configure(host);
    this.#names.configure(host.hostsFolder, this.#links());
    return true;
  }

  get serves(): string {
    return `lan on ${(this.#config?.interfaces ?? []).map(({ name }) => name).join(", ") || "nothing"}`;
  }

  /** A new engine gets the journal first: it promises nothing before it knows what was promised. */
  ready(role: ChildName): void {
    const engine = this.#tools.children.to(this.engine);
    if (role !== this.engine || engine === undefined) return;
    this.#retries.forget();
    engine.send("serverKey", { key: this.#key, life: this.#nextLife() });
    attempt(this.#tools, this.engine, { what: "journalListed" }, () => {
      for (const { descriptor, ...file } of this.#journal?.open() ?? []) engine.send("journalFile", file, { descriptors: [descriptor] });
      engine.send("journalListed", true);
    });
    this.reconfigured();
  }

  /** 0 where it cannot be written down: then nobody is told anything that could be taken for old. */
  #nextLife(): number {
    let life: number | undefined;
    const isDone = attempt(this.#tools, this.engine, { what: "serverKey" }, () => {
      life = nextLife(this.#tools.options["state-dir"]);
    });
    if (isDone && life === undefined)
      this.#tools.log.write("error", "livesUnknown", { hint: "write a number into server-life, larger than any before" });
    return life ?? 0;
  }

  reconfigured(): void {
    if (this.#config === undefined) return;
    const whole = encodeAll(lanConfig, { duid: this.#duid, ...this.#config });
    for (let at = 0; at < whole.length; at += LAN_PART_BYTES) {
      const part = { bytes: whole.subarray(at, at + LAN_PART_BYTES), isLast: at + LAN_PART_BYTES >= whole.length };
      this.#tools.children.to(this.engine)?.send("lanConfigPart", part, { generation: this.#tools.generation() });
    }
    this.#tools.children.to(this.engine)?.send("hostNamesWanted", { areWanted: this.#names.areWanted });
    this.#tools.children.to(this.engine)?.send("leaseListeners", { areThere: this.#host?.hasHook === true });
    handRecords(this.#tools, this.engine, this.#told, this.#routers());
  }

  message(_from: ChildName, message: Incoming): void {
    switch (message.kind) {
      case "openServerSocket":
        return this.#openServerSocket(message);
      case "openDatagramSocket":
      case "closeDatagramSocket":
        serveSocketRequest(this.#tools, { engine: this.engine, interfaces: this.#routers(), open: { icmp6: openRouterSocket } }, message);
        return;
      case "openJournalFile":
        return this.#openJournalFile(message);
      case "hostNames":
        return this.#nameHosts(message);
      case "leaseEvents":
        return this.#happened(message);
      case "snapshotAbandoned":
        if (this.#journal?.abandon(message.body.number) !== true) this.#tools.refused.add(`${message.kind}.number`);
        return;
      case "snapshotWritten":
        return this.#finishSnapshot(message);
      case "saveLease":
      case "forgetLease":
        return keepRecord(this.#tools, { engine: this.engine, folder: this.#told, interfaces: this.#routers() }, message);
      case "delegatedRoutes":
        return this.#routes.request(message);
      default:
        return;
    }
  }

  /** Hosts hear it before the sockets close (RFC 4861 §6.2.5). */
  stop(): { readonly patienceMs: number } {
    const told = this.#tools.children.to(this.engine)?.send("farewell", true) === true && this.#routers().size > 0;
    return { patienceMs: told ? FAREWELL_MS : 0 };
  }

  /** Where DHCPv6 is spoken: served links, relayed links, and the uplinks that relays send to. */
  #speakers(): ReadonlySet<string> {
    const links = (this.#config?.interfaces ?? []).filter(({ dhcp6 }) => dhcp6.mode !== "off");
    return new Set(links.flatMap(({ name, dhcp6 }) => [name, ...(dhcp6.mode === "relay" ? dhcp6.relay.uplinks : [])]));
  }

  #routers(): ReadonlySet<string> {
    return new Set((this.#config?.interfaces ?? []).filter(({ router }) => router !== undefined).map(({ name }) => name));
  }

  #openServerSocket(message: Message<"openServerSocket">): void {
    const why = linkRefusal(this.#tools, message, this.#speakers());
    if (why !== undefined) return this.#tools.refused.add(why);
    const { link, name } = message.body;
    attempt(this.#tools, this.engine, { what: message.kind, name }, () => {
      const descriptors = [openDhcp6ServerSocket(link, name)];
      this.#tools.children.to(this.engine)?.send("serverSocket", { link, name }, { descriptors });
    });
  }

  /** The engine asks once: where the disk is full it is tried again until there is room. */
  #openJournalFile(message: Message<"openJournalFile">): void {
    const { kind, number } = message.body;
    const why = this.#retries.waits(kind) ? "count" : this.#journal?.freshRefusal(kind, number);
    if (why !== undefined) return this.#tools.refused.add(`${message.kind}.${why}`);
    const done = attempt(this.#tools, this.engine, { what: message.kind }, () => {
      const file = this.#journal?.fresh(kind, number);
      if (file === undefined) return;
      const { descriptor, ...told } = file;
      this.#tools.children.to(this.engine)?.send("freshJournalFile", told, { descriptors: [descriptor] });
    });
    if (!done) this.#retries.later(kind, () => this.#openJournalFile(message));
  }

  /** Each is judged by itself: what is of no link of ours, or no record, is left out. */
  #happened({ kind, body: { events } }: Message<"leaseEvents">): void {
    for (const { name, event, lease, record } of events) {
      const why = !this.#links().has(name) ? "name" : isPublic(record) ? undefined : "record";
      if (why !== undefined) this.#tools.refused.add(`${kind}.${why}`);
      else this.#host?.happened({ interface: name, event, about: lease, record });
    }
  }

  #nameHosts({ kind, body: { isLast, ...file } }: Message<"hostNames">): void {
    const why = !this.#names.areWanted || !this.#links().has(file.name) ? "name" : this.#names.take(file, isLast);
    if (why !== undefined) this.#tools.refused.add(`${kind}.${why}`);
  }

  #links(): ReadonlySet<string> {
    const { interfaces = [], relayedLinks = [] } = this.#config ?? {};
    return new Set([...interfaces, ...relayedLinks].map(({ name }) => name));
  }

  #finishSnapshot({ kind, body: { number, firstSegment } }: Message<"snapshotWritten">): void {
    const why = this.#journal?.finishRefusal(number, firstSegment);
    if (why !== undefined) return this.#tools.refused.add(`${kind}.${why}`);
    attempt(this.#tools, this.engine, { what: kind }, () => this.#journal?.finish(number, firstSegment));
  }
}
