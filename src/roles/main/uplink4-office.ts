/** Main's office for `uplink4`: packet sockets, the leased address and its routes, lease files. */
import { join } from "node:path";
import type { Duid } from "../../base/duid.ts";
import type { Ipv4Address } from "../../base/ipv4.ts";
import { openPacketSocket, openSinkSocket, openUnicastSocket } from "../../platform/uplink-sockets.ts";
import type { Incoming } from "../connection.ts";
import type { Configuration } from "../messages/catalogue.ts";
import type { ChildName } from "./children.ts";
import { isGuarded, refusal } from "./guard.ts";
import { nameOfLink } from "./link-sockets.ts";
import { attempt, type Office, type Tools } from "./office.ts";
import { handRecords } from "./records.ts";
import { StateFolder } from "./state-folder.ts";
import { UplinkObjects } from "./uplink-kernel.ts";

type Request = Parameters<typeof refusal>[0];

export class Uplink4Office implements Office {
  readonly engine = "engine-uplink4";
  readonly roles = ["engine-uplink4"] as const;
  readonly #tools: Tools;
  readonly #duid: Duid;
  readonly #objects: UplinkObjects;
  readonly #leases: StateFolder;
  /** The link each configured interface was last served on: what may be taken away again. */
  readonly #served = new Map<string, number>();
  #config: NonNullable<Configuration["uplink4"]> | undefined;

  constructor(tools: Tools, duid: Duid) {
    this.#tools = tools;
    this.#duid = duid;
    this.#objects = new UplinkObjects(tools.network);
    this.#leases = new StateFolder(join(tools.options["state-dir"], "uplink4"));
  }

  configure({ uplink4 }: Configuration): boolean {
    this.#config = uplink4 ?? (this.#config === undefined ? undefined : { interfaces: [] });
    return this.#config !== undefined;
  }

  get serves(): string {
    return `uplink4 on ${this.#names().join(", ") || "nothing"}`;
  }

  ready(role: ChildName): void {
    if (role === this.engine) this.reconfigured();
  }

  /** Leases of interfaces that are new; where a lease is held the record is passed over. */
  reconfigured(): void {
    const [engine, generation] = [this.#tools.children.to(this.engine), this.#tools.generation()];
    if (engine === undefined || this.#config === undefined) return;
    engine.send("uplink4Config", { duid: this.#duid, interfaces: this.#config.interfaces }, { generation });
    handRecords(this.#tools, this.engine, this.#leases, this.#names());
  }

  message(_from: ChildName, message: Incoming): void {
    if (!isGuarded(message)) return;
    const why = refusal(message, {
      generation: this.#tools.generation(),
      interfaces: new Set(this.#names()),
      nameOfLink: (link) => nameOfLink(this.#tools, link),
      served: this.#served,
    });
    if (why !== undefined) return this.#tools.refused.add(why);
    attempt(this.#tools, this.engine, { what: message.kind, name: message.body.name }, () => this.#carryOut(message));
  }

  stop(): { readonly patienceMs: number } {
    return { patienceMs: 0 };
  }

  #names(): readonly string[] {
    return (this.#config?.interfaces ?? []).map(({ name }) => name);
  }

  #carryOut(message: Request): void {
    const frontend = this.#tools.children.to("frontend");
    switch (message.kind) {
      case "openPacketSocket": {
        const { link, name } = message.body;
        this.#served.set(name, link);
        frontend?.send("packetSocket", { link }, { descriptors: [openPacketSocket(link), openSinkSocket(name)] });
        return;
      }
      case "closePacketSocket":
        frontend?.send("closeSockets", { link: message.body.link, unicastOnly: false });
        return;
      case "configureUplink":
        this.#objects.configure(message.body.link, message.body);
        return this.#openUnicast(message.body.link, message.body.name, message.body.address);
      case "deconfigureUplink":
        frontend?.send("closeSockets", { link: message.body.link, unicastOnly: true });
        return this.#objects.deconfigure(message.body.link);
      case "saveLease":
        return this.#leases.save(message.body.name, message.body.record);
      case "forgetLease":
        return this.#leases.remove(message.body.name);
    }
  }

  /** Renewals go out by packet socket when this fails: it is said and nothing else. */
  #openUnicast(link: number, name: string, address: Ipv4Address): void {
    const descriptors = [openUnicastSocket(name, address)];
    this.#tools.children.to("frontend")?.send("unicastSocket", { link, address }, { descriptors });
  }
}
