/** Main's office for `lan`: server and router sockets, the journal's files, routes to delegated prefixes. */
import { join } from "node:path";
import type { Duid } from "../../base/duid.ts";
import { KernelError } from "../../base/errors.ts";
import { ipv6Covers, isLinkLocalV6, splitIpv6Prefix } from "../../base/ipv6.ts";
import { openDhcp6ServerSocket, openRouterSocket } from "../../platform/inet6-sockets.ts";
import { type Ipv6Route, routeWith } from "../../wire/netlink/route.ts";
import type { Incoming } from "../connection.ts";
import type { Configuration } from "../messages/catalogue.ts";
import type { ChildName } from "./children.ts";
import { ownKey } from "./duid-file.ts";
import { JournalFolder } from "./journal-folder.ts";
import { linkRefusal, serveSocketRequest } from "./link-sockets.ts";
import { attempt, type Office, type Tools } from "./office.ts";
import { handRecords, keepRecord } from "./records.ts";
import { StateFolder } from "./state-folder.ts";

type Message<K extends Incoming["kind"]> = Extract<Incoming, { readonly kind: K }>;
type LanParts = NonNullable<Configuration["lan"]>;
type RouteWish = Message<"delegatedRoutes">["body"]["routes"][number];

/** Ours among routes: others with this number are told apart by nothing, so nobody else should use it (rtnetlink's free range). */
const ROUTE_PROTOCOL_LAN = 157;
const METRIC = 1024;
/** For one advertisement a link, through engine and frontend. */
const FAREWELL_MS = 200;
/** ESRCH, ENODEV: gone already. */
const GONE: readonly number[] = [3, 19];

export class LanOffice implements Office {
  readonly engine = "engine-lan";
  readonly roles = ["engine-lan"] as const;
  readonly #tools: Tools;
  readonly #duid: Duid;
  readonly #folder: string;
  readonly #told: StateFolder;
  #journal: JournalFolder | undefined;
  #config: LanParts | undefined;

  constructor(tools: Tools, duid: Duid) {
    this.#tools = tools;
    this.#duid = duid;
    this.#folder = join(tools.options["state-dir"], "lan");
    this.#told = new StateFolder(join(tools.options["state-dir"], "router"));
  }

  configure({ lan }: Configuration): boolean {
    this.#config = lan ?? (this.#config === undefined ? undefined : { interfaces: [], relayedLinks: [] });
    if (this.#config !== undefined) this.#journal ??= new JournalFolder(this.#folder);
    return this.#config !== undefined;
  }

  get serves(): string {
    return `lan on ${(this.#config?.interfaces ?? []).map(({ name }) => name).join(", ") || "nothing"}`;
  }

  /** A new engine gets the journal first: it promises nothing before it knows what was promised. */
  ready(role: ChildName): void {
    const engine = this.#tools.children.to(this.engine);
    if (role !== this.engine || engine === undefined) return;
    engine.send("serverKey", { key: ownKey(this.#tools.options["state-dir"]) });
    for (const { descriptor, ...file } of this.#journal?.open() ?? []) engine.send("journalFile", file, { descriptors: [descriptor] });
    engine.send("journalListed", true);
    this.reconfigured();
  }

  reconfigured(): void {
    if (this.#config === undefined) return;
    this.#tools.children.to(this.engine)?.send("lanConfig", { duid: this.#duid, ...this.#config }, { generation: this.#tools.generation() });
    handRecords(this.#tools, this.engine, this.#told, this.#routers());
  }

  message(_from: ChildName, message: Incoming): void {
    switch (message.kind) {
      case "openServerSocket":
        return this.#openServerSocket(message);
      case "openDatagramSocket":
      case "closeDatagramSocket":
        return serveSocketRequest(this.#tools, { engine: this.engine, interfaces: this.#routers(), open: { icmp6: openRouterSocket } }, message);
      case "openJournalFile":
        return this.#openJournalFile(message);
      case "snapshotWritten":
        return this.#journal?.finish(message.body.number, message.body.firstSegment);
      case "saveLease":
      case "forgetLease":
        return keepRecord(this.#tools, this.#told, this.#routers(), message);
      case "delegatedRoutes":
        for (const wish of message.body.routes) this.#route(message, wish);
        return;
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

  #openJournalFile({ body }: Message<"openJournalFile">): void {
    const file = this.#journal?.fresh(body.kind, body.number);
    if (file === undefined) return;
    const { descriptor, ...told } = file;
    this.#tools.children.to(this.engine)?.send("freshJournalFile", told, { descriptors: [descriptor] });
  }

  /** The kernel may have lost the link meanwhile, and with it the route. */
  #route(message: Message<"delegatedRoutes">, wish: RouteWish): void {
    const why = routeRefusal(message, wish, this.#config?.interfaces ?? []);
    if (why !== undefined) return this.#tools.refused.add(why);
    const { add, link, name, prefix, via } = wish;
    const route = routeWith<Ipv6Route>({
      family: "ipv6",
      destination: prefix,
      outInterface: link,
      gateway: via,
      metric: METRIC,
      protocol: ROUTE_PROTOCOL_LAN,
    });
    if (add) return attempt(this.#tools, this.engine, { what: message.kind, name }, () => this.#tools.network.replaceRoute(route));
    try {
      this.#tools.network.removeRoute(route);
    } catch (error) {
      if (!(error instanceof KernelError) || !GONE.includes(error.errno)) throw error;
    }
  }
}

/** @returns the field that is refused: a route leads to a prefix of the link's own pool, over a host of that link */
export function routeRefusal(
  { kind }: Pick<Message<"delegatedRoutes">, "kind">,
  { name, prefix, via }: RouteWish,
  interfaces: LanParts["interfaces"],
): string | undefined {
  const served = interfaces.find((one) => one.name === name)?.dhcp6;
  if (served?.mode !== "server" || served.pools.prefixes === undefined) return `${kind}.name`;
  const { pool, delegatedLength } = served.pools.prefixes;
  if (!ipv6Covers(pool, prefix) || splitIpv6Prefix(prefix).prefixLength !== delegatedLength) return `${kind}.prefix`;
  return isLinkLocalV6(via) ? undefined : `${kind}.via`;
}
