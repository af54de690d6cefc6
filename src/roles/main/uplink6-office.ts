/** Main's office for `uplink6`: client sockets, addresses from delegated prefixes, lease files, what is published, hooks. */
import { join } from "node:path";
import type { Duid } from "../../base/duid.ts";
import { type Ipv6Address, type Ipv6Prefix, isAssignableV6, isDelegableV6, SHORTEST_DELEGATION } from "../../base/ipv6.ts";
import { openDhcp6ClientSocket, openSolicitorSocket } from "../../platform/inet6-sockets.ts";
import type { Uplink6Interface } from "../../services/uplink6/config.ts";
import type { Incoming } from "../connection.ts";
import type { Configuration } from "../messages/catalogue.ts";
import type { ChildName } from "./children.ts";
import type { PrefixPlan } from "../../ports/kernel.ts";
import { rehearsed, rehearseMessage } from "../rehearsal.ts";
import { ownKey } from "./duid-file.ts";
import { isOneOf, type Known, refusal, UPLINK6_REQUESTS } from "./guard.ts";
import { nameOfLink, serveSocketRequest } from "./link-sockets.ts";
import { attempt, type Office, type Tools } from "./office.ts";
import { PlanObjects, tryAddress } from "./plan-kernel.ts";
import { handRecords, keepRecord } from "./records.ts";
import { NO_RESOLVERS, withZone } from "./resolvers-wanted.ts";
import { ServedLinks } from "./served-links.ts";
import { StateFolder } from "./state-folder.ts";
import type { UplinkHost } from "./uplink-host.ts";

type Message<K extends Incoming["kind"]> = Extract<Incoming, { readonly kind: K }>;
type Request = Message<(typeof UPLINK6_REQUESTS)[number]>;

const SOCKETS = { "dhcp6-client": openDhcp6ClientSocket, "icmp6-uplink": openSolicitorSocket } as const;
/** An address leased as IA_NA says nothing of a prefix. */
const LEASED_BITS = 128;
/** For the Release of each uplink to leave. */
const FAREWELL_MS = 300;

export class Uplink6Office implements Office {
  readonly engine = "engine-uplink6";
  readonly roles = ["engine-uplink6"] as const;
  readonly #tools: Tools;
  readonly #duid: Duid;
  readonly #secret: Uint8Array;
  readonly #objects: PlanObjects;
  readonly #leases: StateFolder;
  readonly #host: UplinkHost;
  readonly #served: ServedLinks;
  #interfaces: NonNullable<Configuration["uplink6"]> | undefined;

  constructor(tools: Tools, duid: Duid, host: UplinkHost) {
    this.#tools = tools;
    this.#duid = duid;
    this.#host = host;
    this.#served = new ServedLinks(tools);
    this.#secret = ownKey(tools.options["state-dir"], "stable-secret");
    this.#objects = new PlanObjects(tools.network);
    rehearsed(() => rehearsePlan(tools));
    this.#leases = new StateFolder(join(tools.options["state-dir"], "uplink6"));
  }

  configure({ uplink6, host }: Configuration): boolean {
    const first = this.#interfaces === undefined;
    this.#interfaces = uplink6 ?? (first ? undefined : []);
    if (this.#interfaces === undefined) return false;
    this.#host.configure(host);
    if (first) this.#host.forgetOthers("ipv6", (name) => this.#entry(name) !== undefined);
    for (const name of this.#served.links.keys()) if (this.#entry(name) === undefined) this.#host.withdraw(name, "ipv6");
    return true;
  }

  get serves(): string {
    return `uplink6 on ${[...this.#names()].join(", ") || "nothing"}`;
  }

  ready(role: ChildName): void {
    if (role !== this.engine) return;
    this.#tools.children.to(this.engine)?.send("stableSecret", { key: this.#secret });
    this.reconfigured();
  }

  reconfigured(): void {
    const [engine, generation] = [this.#tools.children.to(this.engine), this.#tools.generation()];
    if (engine === undefined || this.#interfaces === undefined) return;
    engine.send("uplink6Config", { duid: this.#duid, interfaces: this.#interfaces }, { generation });
    handRecords(this.#tools, this.engine, this.#leases, this.#names());
  }

  message(_from: ChildName, message: Incoming): void {
    if (isOneOf(UPLINK6_REQUESTS, message)) return this.#request(message);
    switch (message.kind) {
      case "openDatagramSocket":
      case "closeDatagramSocket": {
        const opened = serveSocketRequest(this.#tools, { engine: this.engine, interfaces: this.#names(), open: SOCKETS }, message);
        if (opened) this.#served.serve(message.body.name, message.body.link);
        return;
      }
      case "configurePlan":
        return this.#plan(message);
      case "saveLease":
      case "forgetLease":
        return keepRecord(this.#tools, { engine: this.engine, folder: this.#leases, interfaces: this.#names() }, message);
      default:
        return;
    }
  }

  /** What was configured stays: addresses until their leases end, and what was published with them (RFC 9096 §3.1). */
  stop(): { readonly patienceMs: number } {
    const releases = (this.#interfaces ?? []).some(({ releaseOnStop }) => releaseOnStop);
    const told = releases && this.#tools.children.to(this.engine)?.send("farewell", true) === true;
    return { patienceMs: told ? FAREWELL_MS : 0 };
  }

  #names(): ReadonlySet<string> {
    return new Set((this.#interfaces ?? []).map(({ name }) => name));
  }

  #entry(name: string): Uplink6Interface | undefined {
    return this.#interfaces?.find((one) => one.name === name);
  }

  #known(): Known {
    return {
      generation: this.#tools.generation(),
      configured: (name) => (this.#entry(name) === undefined ? undefined : "by-name"),
      nameOfLink: (link) => nameOfLink(this.#tools, link),
      served: this.#served.links,
    };
  }

  #request(message: Request): void {
    const why = refusal(message, this.#known());
    if (why !== undefined) return this.#tools.refused.add(why);
    attempt(this.#tools, this.engine, { what: message.kind, name: message.body.name }, () => this.#carryOut(message));
  }

  #carryOut(message: Request): void {
    switch (message.kind) {
      case "publishUplink6":
        return this.#publish(message.body);
      case "withdrawUplink":
        return this.#host.withdraw(message.body.name, "ipv6");
      case "uplinkEvent":
        return this.#host.happened({ ...message.body, interface: message.body.name });
    }
  }

  #publish({ name, nameServers, searchDomains, record }: Message<"publishUplink6">["body"]): void {
    const told = { nameServers: nameServers.map((address) => withZone(address, name)), searchDomains };
    this.#host.publish(name, "ipv6", { resolving: this.#entry(name)?.ignoreDns === true ? NO_RESOLVERS : told, record });
  }

  #plan(message: Message<"configurePlan">): void {
    const interfaces = this.#interfaces ?? [];
    const why = planRefusal(message, {
      generation: this.#tools.generation(),
      targets: new Set(interfaces.flatMap(({ delegations }) => delegations.flatMap((one) => one.targets.map((to) => to.interface)))),
      addressed: new Set(interfaces.filter(({ addressIaid }) => addressIaid !== undefined).map(({ name }) => name)),
      nameOfLink: (link) => nameOfLink(this.#tools, link),
    });
    if (why !== undefined) return this.#tools.refused.add(why);
    attempt(this.#tools, this.engine, { what: message.kind }, () => this.#objects.apply(message.body));
  }
}

/** What the first plan needs is compiled before it comes; there is no such link. */
function rehearsePlan({ network }: Tools): void {
  const link = 0x7fff_ffff;
  const address = { link, name: "rehearsal0", address: "2001:db8::1" as Ipv6Address, prefixLength: 64, preferredSeconds: 1, validSeconds: 1 };
  const body: PrefixPlan = { addresses: [address], aggregates: [{ prefix: "2001:db8::/56" as Ipv6Prefix, route: "unreachable" }] };
  rehearseMessage("configurePlan", body);
  const known = {
    generation: 0,
    targets: new Set([address.name]),
    addressed: new Set<string>(),
    nameOfLink: (of: number) => nameOfLink({ network }, of),
  };
  planRefusal({ kind: "configurePlan", generation: 0, body, descriptors: [] }, known);
  tryAddress(network, address);
}

type PlanKnown = {
  readonly generation: number;
  /** Interfaces that some delegation names. */
  readonly targets: ReadonlySet<string | undefined>;
  /** Uplinks that ask for an address of their own. */
  readonly addressed: ReadonlySet<string>;
  readonly nameOfLink: (link: number) => string | undefined;
};

/**
 * The uplink's own address comes without a prefix: what is on the link is said by routers (RFC 5942 §4).
 * @returns the field that is refused, or undefined when the plan may be carried out
 */
export function planRefusal({ kind, body, generation }: Message<"configurePlan">, known: PlanKnown): string | undefined {
  if (generation !== known.generation) return `${kind}.generation`;
  for (const { link, name, address, prefixLength, preferredSeconds, validSeconds } of body.addresses) {
    const leased = known.addressed.has(name) && prefixLength === LEASED_BITS;
    if (!leased && !known.targets.has(name)) return `${kind}.name`;
    if (known.nameOfLink(link) !== name) return `${kind}.link`;
    if (!isAssignableV6(address)) return `${kind}.address`;
    if (prefixLength < SHORTEST_DELEGATION) return `${kind}.prefixLength`;
    if (validSeconds === 0 || preferredSeconds > validSeconds) return `${kind}.validSeconds`;
  }
  return body.aggregates.every(({ prefix }) => isDelegableV6(prefix)) ? undefined : `${kind}.aggregates`;
}
