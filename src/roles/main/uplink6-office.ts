/** Main's office for `uplink6`: client sockets, addresses from delegated prefixes, lease files. */
import { join } from "node:path";
import type { Duid } from "../../base/duid.ts";
import { type Ipv6Address, type Ipv6Prefix, ipv6Contains, isRoutableV6, splitIpv6Prefix } from "../../base/ipv6.ts";
import { openDhcp6ClientSocket } from "../../platform/inet6-sockets.ts";
import type { Incoming } from "../connection.ts";
import type { Configuration } from "../messages/catalogue.ts";
import type { ChildName } from "./children.ts";
import { nameOfLink, serveSocketRequest } from "./link-sockets.ts";
import { attempt, type Office, type Tools } from "./office.ts";
import { PlanObjects } from "./plan-kernel.ts";
import { handRecords, keepRecord } from "./records.ts";
import { StateFolder } from "./state-folder.ts";

type Message<K extends Incoming["kind"]> = Extract<Incoming, { readonly kind: K }>;
/** A delegated prefix is never shorter: half the Internet is not routed into the void. */
const SHORTEST_DELEGATION = 16;
/** Reserved: unspecified, loopback, mapped and translated IPv4 addresses (RFC 4291 §2.4, RFC 6052 §2.1). */
const RESERVED = "::/8" as Ipv6Prefix;

export class Uplink6Office implements Office {
  readonly engine = "engine-uplink6";
  readonly roles = ["engine-uplink6"] as const;
  readonly #tools: Tools;
  readonly #duid: Duid;
  readonly #objects: PlanObjects;
  readonly #leases: StateFolder;
  #interfaces: NonNullable<Configuration["uplink6"]> | undefined;

  constructor(tools: Tools, duid: Duid) {
    this.#tools = tools;
    this.#duid = duid;
    this.#objects = new PlanObjects(tools.network);
    this.#leases = new StateFolder(join(tools.options["state-dir"], "uplink6"));
  }

  configure({ uplink6 }: Configuration): boolean {
    this.#interfaces = uplink6 ?? (this.#interfaces === undefined ? undefined : []);
    return this.#interfaces !== undefined;
  }

  get serves(): string {
    return `uplink6 on ${[...this.#names()].join(", ") || "nothing"}`;
  }

  ready(role: ChildName): void {
    if (role === this.engine) this.reconfigured();
  }

  reconfigured(): void {
    const [engine, generation] = [this.#tools.children.to(this.engine), this.#tools.generation()];
    if (engine === undefined || this.#interfaces === undefined) return;
    engine.send("uplink6Config", { duid: this.#duid, interfaces: this.#interfaces }, { generation });
    handRecords(this.#tools, this.engine, this.#leases, this.#names());
  }

  message(_from: ChildName, message: Incoming): void {
    switch (message.kind) {
      case "openDatagramSocket":
      case "closeDatagramSocket": {
        const rules = { engine: this.engine, interfaces: this.#names(), open: { "dhcp6-client": openDhcp6ClientSocket } } as const;
        return serveSocketRequest(this.#tools, rules, message);
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

  stop(): { readonly patienceMs: number } {
    return { patienceMs: 0 };
  }

  #names(): ReadonlySet<string> {
    return new Set((this.#interfaces ?? []).map(({ name }) => name));
  }

  #plan(message: Message<"configurePlan">): void {
    const why = planRefusal(message, {
      generation: this.#tools.generation(),
      targets: new Set((this.#interfaces ?? []).flatMap(({ delegations }) => delegations.flatMap((one) => one.targets.map((to) => to.interface)))),
      nameOfLink: (link) => nameOfLink(this.#tools, link),
    });
    if (why !== undefined) return this.#tools.refused.add(why);
    attempt(this.#tools, this.engine, { what: message.kind }, () => this.#objects.apply(message.body));
  }
}

type Known = {
  readonly generation: number;
  /** Interfaces that some delegation names. */
  readonly targets: ReadonlySet<string | undefined>;
  readonly nameOfLink: (link: number) => string | undefined;
};

/** @returns the field that is refused, or undefined when the plan may be carried out */
export function planRefusal({ kind, body, generation }: Message<"configurePlan">, known: Known): string | undefined {
  if (generation !== known.generation) return `${kind}.generation`;
  for (const { link, name, address, prefixLength, preferredSeconds, validSeconds } of body.addresses) {
    if (!known.targets.has(name)) return `${kind}.name`;
    if (known.nameOfLink(link) !== name) return `${kind}.link`;
    if (!mayBeDelegated(address)) return `${kind}.address`;
    if (prefixLength < SHORTEST_DELEGATION) return `${kind}.prefixLength`;
    if (validSeconds === 0 || preferredSeconds > validSeconds) return `${kind}.validSeconds`;
  }
  const sound = body.aggregates.every(({ prefix }) => {
    const { address, prefixLength } = splitIpv6Prefix(prefix);
    return mayBeDelegated(address) && prefixLength >= SHORTEST_DELEGATION;
  });
  return sound ? undefined : `${kind}.aggregates`;
}

function mayBeDelegated(address: Ipv6Address): boolean {
  return isRoutableV6(address) && !ipv6Contains(RESERVED, address);
}
