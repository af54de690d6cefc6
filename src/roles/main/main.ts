/** Main: rights, configuration, kernel changes, sockets, files, restarts. Parses no packet, and takes no path from anyone but its starter. */
import { mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { KernelError } from "../../base/errors.ts";
import type { Ipv4Address } from "../../base/ipv4.ts";
import { channelPair, closeAll } from "../../platform/channel.ts";
import { LOCK, native } from "../../platform/native.ts";
import { KernelNetwork } from "../../platform/netlink/kernel-network.ts";
import { openMonitor } from "../../platform/netlink/monitor.ts";
import { openPacketSocket, openSinkSocket, openUnicastSocket } from "../../platform/uplink-sockets.ts";
import { LOG_LEVELS, type LogLevel } from "../../ports/log.ts";
import { Counters } from "../../services/counters.ts";
import { GROUP } from "../../wire/netlink/numbers.ts";
import type { Incoming } from "../connection.ts";
import { Children, type ChildName } from "./children.ts";
import { type Configuration, loadConfiguration } from "./configuration.ts";
import { type Accepted, ControlSocket } from "./control-socket.ts";
import { isGuarded, refusal } from "./guard.ts";
import { type Ids, takeIds } from "./ids.ts";
import { openLog } from "./log.ts";
import type { RunOptions } from "./options.ts";
import { childPlans } from "./plans.ts";
import { StateFolder } from "./state-folder.ts";
import { UplinkObjects } from "./uplink-kernel.ts";

type Message<K extends Incoming["kind"]> = Extract<Incoming, { readonly kind: K }>;

export class Main {
  readonly #options: RunOptions;
  readonly #log: ReturnType<typeof openLog>;
  readonly #network = new KernelNetwork();
  readonly #objects = new UplinkObjects(this.#network);
  readonly #leases: StateFolder;
  readonly #ids: Ids | undefined;
  readonly #children: Children;
  readonly #control: ControlSocket;
  readonly #refused = new Counters();
  readonly #lacking = new Set<string>();
  readonly #startedAt = new Date().toISOString();
  /** The link each configured interface was last served on: what may be taken away again. */
  readonly #served = new Map<string, number>();
  /** Connections that wait for the control role to start. */
  readonly #early: Accepted[] = [];
  #configuration: Configuration;
  #generation = 1;

  constructor(options: RunOptions, configuration: Configuration) {
    this.#options = options;
    this.#configuration = configuration;
    this.#log = openLog(LOG_LEVELS.find((level) => level === options["log-level"]) ?? "info");
    mkdirSync(options["runtime-dir"], { recursive: true, mode: 0o755 });
    this.#takeLock();
    this.#leases = new StateFolder(join(options["state-dir"], "uplink4"));
    this.#ids = ownIdsPossible() ? takeIds("/run/leasehold-ids") : undefined;
    if (this.#ids === undefined) this.#lacking.add("own user ids (this user namespace maps only one)");
    const emptyRoot = join(options["runtime-dir"], "empty");
    mkdirSync(emptyRoot, { recursive: true, mode: 0o555 });
    this.#children = new Children(childPlans({ ids: this.#ids, emptyRoot }), {
      onReady: (name) => this.#ready(name),
      onMessage: (name, message) => this.#message(name, message),
      onGone: (name, how) => this.#gone(name, how),
    });
    this.#control = new ControlSocket(join(options["runtime-dir"], "control.sock"), (accepted) => this.#connection(accepted));
  }

  start(): void {
    this.#children.start("frontend");
    this.#children.start("engine-uplink4");
    const main = this.#log.of("main");
    main.write("info", "started", {
      configuration: this.#options.file,
      interfaces: this.#configuration.uplink4.interfaces.map(({ name }) => name).join(" "),
    });
    for (const what of this.#lacking) main.write("warn", "fenceLacking", { what });
  }

  async stop(): Promise<void> {
    this.#control.close();
    await this.#children.stop();
    this.#ids?.release();
    this.#log.of("main").write("info", "stopped", {});
  }

  /** Reads the configuration again; one with errors leaves everything as it is. @returns what an operator is told */
  reload(): { readonly ok: boolean; readonly text: string } {
    const loaded = loadConfiguration(this.#options.file);
    if ("problems" in loaded) {
      this.#log.of("main").write("error", "reloadRefused", { problems: loaded.problems });
      return { ok: false, text: `${loaded.problems}\nnothing was changed` };
    }
    this.#configuration = loaded.configuration;
    this.#generation++;
    this.#sendConfiguration();
    this.#sendLeases(); // of interfaces that are new; where a lease is held the record is passed over
    const names = loaded.configuration.uplink4.interfaces.map(({ name }) => name).join(", ");
    this.#log.of("main").write("info", "reloaded", { generation: this.#generation });
    return { ok: true, text: `reloaded ${this.#options.file}: uplink4 on ${names}` };
  }

  #takeLock(): void {
    const lock = openSync(join(this.#options["runtime-dir"], "lock"), "w", 0o600);
    if (native().flock(lock, LOCK.exclusive | LOCK.nonBlock) < 0)
      throw new Error(`already running: another leasehold holds ${this.#options["runtime-dir"]}/lock`);
  }

  #ready(name: ChildName): void {
    if (name === "frontend") this.#children.to(name)?.send("netlinkSocket", true, { descriptors: [openMonitor([GROUP.link])] });
    if (name === "engine-uplink4") this.#sendConfiguration();
    if (name === "control") for (const accepted of this.#early.splice(0)) this.#hand(accepted);
    if (name !== "control") this.#introduce("frontend", "engine-uplink4");
    if (name !== "frontend") this.#introduce("engine-uplink4", "control");
    if (name === "engine-uplink4") this.#sendLeases();
  }

  #introduce(one: ChildName, other: ChildName): void {
    const [left, right] = [this.#children.to(one), this.#children.to(other)];
    if (left === undefined || right === undefined) return;
    const [a, b] = channelPair();
    left.send("peer", { role: other }, { descriptors: [a] });
    right.send("peer", { role: one }, { descriptors: [b] });
  }

  #sendConfiguration(): void {
    this.#children.to("engine-uplink4")?.send("uplink4Config", this.#configuration.uplink4, { generation: this.#generation });
  }

  #sendLeases(): void {
    for (const { name } of this.#configuration.uplink4.interfaces) {
      const record = this.#leases.load(name);
      if (record !== undefined)
        this.#children.to("engine-uplink4")?.send("storedLease", { name, record: new Uint8Array(record) }, { generation: this.#generation });
    }
  }

  #gone(name: ChildName, how: string): void {
    this.#log.of("main").write(name === "control" && how === "exit code 0" ? "debug" : "error", "roleEnded", { name, how });
    if (name !== "control") return;
    closeAll(this.#early.splice(0).map(({ descriptor }) => descriptor));
    this.#control.allClosed();
  }

  #message(name: ChildName, message: Incoming): void {
    if (message.kind === "ready") {
      for (const what of message.body.lacking) this.#lacking.add(what);
      for (const what of message.body.lacking) this.#log.of(name).write("warn", "fenceLacking", { what });
    } else if (message.kind === "logRecord")
      this.#log
        .of(name)
        .write(message.body.level, message.body.event, Object.fromEntries(message.body.fields.map((field) => [field.name, field.value])));
    else if (isGuarded(message)) this.#request(message);
    else if (message.kind === "mainViewRequest")
      this.#children.to("control")?.send("mainView", { request: message.body.request, json: new TextEncoder().encode(JSON.stringify(this.#view())) });
    else if (message.kind === "command") this.#command(message);
    else if (message.kind === "connectionClosed") this.#control.closed(message.body.connection);
  }

  #request(message: Extract<Incoming, Parameters<typeof refusal>[0]>): void {
    const why = refusal(message, {
      generation: this.#generation,
      interfaces: new Set(this.#configuration.uplink4.interfaces.map(({ name }) => name)),
      nameOfLink: (link) => this.#network.link(link)?.name,
      served: this.#served,
    });
    if (why !== undefined) return this.#refused.add(why);
    try {
      this.#carryOut(message);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#log.of("main").write("error", "kernelRefused", { request: message.kind, interface: message.body.name, error: error.message });
      this.#children
        .to("engine-uplink4")
        ?.send("kernelFailed", { name: message.body.name, what: message.kind, errno: error.errno }, { generation: this.#generation });
    }
  }

  #carryOut(message: Extract<Incoming, Parameters<typeof refusal>[0]>): void {
    const frontend = this.#children.to("frontend");
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
    this.#children.to("frontend")?.send("unicastSocket", { link, address }, { descriptors });
  }

  /** The control role starts with the first connection. */
  #connection(accepted: Accepted): void {
    if (this.#children.to("control") !== undefined) return this.#hand(accepted);
    this.#early.push(accepted);
    this.#children.start("control");
  }

  #hand({ number, uid, descriptor }: Accepted): void {
    this.#children.to("control")?.send("connection", { number, uid }, { descriptors: [descriptor] });
  }

  /** Reads are for whoever may open the socket, writes for root, by the uid main noted itself. */
  #command({ body }: Message<"command">): void {
    const uid = this.#control.uidOf(body.connection);
    const allowed = uid === 0;
    if (!allowed) this.#refused.add(uid === undefined ? "command.connection" : "command.uid");
    const outcome = allowed ? this.#obey(body.verb, body.argument) : { ok: false, text: "only root may do this; use sudo" };
    this.#children.to("control")?.send("outcome", { connection: body.connection, ...outcome });
  }

  #obey(verb: "reload" | "log", argument: string): { readonly ok: boolean; readonly text: string } {
    if (verb === "reload") return this.reload();
    const level = LOG_LEVELS.find((one): one is LogLevel => one === argument);
    if (level === undefined) {
      this.#refused.add("command.argument");
      return { ok: false, text: `log levels are ${LOG_LEVELS.join(", ")}` };
    }
    this.#log.setLevel(level);
    return { ok: true, text: `the log level is ${level}` };
  }

  #view(): unknown {
    const roles = Object.entries(this.#children.pids()).map(([name, pid]) => ({
      name,
      pid,
      restarts: this.#children.restarts.get(name as ChildName) ?? 0,
      jit: name === "control",
      lacking: [],
    }));
    return {
      configuration: this.#options.file,
      generation: this.#generation,
      startedAt: this.#startedAt,
      logLevel: this.#log.level(),
      pid: process.pid,
      roles,
      refused: this.#refused.toJSON(),
      unreadable: this.#children.unreadable(),
      control: { open: this.#control.open, refused: this.#control.refused.toJSON() },
      lacking: [...this.#lacking],
    };
  }
}

/** A user namespace that maps few ids cannot give every role its own. */
function ownIdsPossible(): boolean {
  return readFileSync("/proc/self/uid_map", "utf8")
    .split("\n")
    .some((line) => Number(line.trim().split(/\s+/)[2] ?? 0) > 400_000);
}
