/** Main: rights, configuration, kernel changes, sockets, files, restarts. Parses no packet, and takes no path from anyone but its starter. */
import { mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { channelPair } from "../../platform/channel.ts";
import { LOCK, native } from "../../platform/native.ts";
import { KernelNetwork } from "../../platform/netlink/kernel-network.ts";
import { openMonitor } from "../../platform/netlink/monitor.ts";
import { LOG_LEVELS, type LogLevel } from "../../ports/log.ts";
import { Counters } from "../../services/counters.ts";
import { GROUP } from "../../wire/netlink/numbers.ts";
import type { Incoming } from "../connection.ts";
import { CATALOGUE, type Configuration } from "../messages/catalogue.ts";
import { ENGINES } from "../messages/message.ts";
import { speak } from "../messages/spoken.ts";
import { AttachedInterfaces } from "./attached.ts";
import { Children, type ChildName } from "./children.ts";
import { again, inPlaceOf, type Loaded, loadConfiguration } from "./configuration.ts";
import { ControlRole } from "./control-role.ts";
import { ControlSocket } from "./control-socket.ts";
import { directoryCommand, isOfDirectory } from "./directory-commands.ts";
import { DirectoryOffice } from "./directory-office.ts";
import { ownDuid } from "./duid-file.ts";
import { systemFailure } from "./failures.ts";
import { type Ids, takeIds } from "./ids.ts";
import { InterfaceCommands, type Outcome } from "./interface-commands.ts";
import { LanOffice } from "./lan-office.ts";
import { openLog } from "./log.ts";
import { ManagedSettings } from "./managed-settings.ts";
import type { Office, Tools } from "./office.ts";
import { controlSocketOf, type RunOptions } from "./options.ts";
import { childPlans, JIT_ROLES } from "./plans.ts";
import { Uplink4Office } from "./uplink4-office.ts";
import { Uplink6Office } from "./uplink6-office.ts";
import { UplinkHost } from "./uplink-host.ts";

type Message<K extends Incoming["kind"]> = Extract<Incoming, { readonly kind: K }>;
speak(CATALOGUE);

/** Kinds of missing fences that are shown: a role that says another one at each start says nothing new. */
const LACKING_MAX = 64;

/** What the frontend listens to for all engines. */
const KERNEL_NEWS = [GROUP.link, GROUP.ipv6Address, GROUP.ipv6Route] as const;
/** Roles that speak with each other, beside main with all. */
const PAIRS: readonly (readonly [ChildName, ChildName])[] = [
  ...ENGINES.flatMap((engine) => [["frontend", engine] as const, [engine, "control"] as const]),
  ["engine-directory", "fetcher"],
];

export class Main {
  readonly #options: RunOptions;
  readonly #log: ReturnType<typeof openLog>;
  readonly #ids: Ids | undefined;
  readonly #children: Children;
  readonly #tools: Tools;
  readonly #offices: readonly Office[];
  readonly #control: ControlSocket;
  readonly #controlRole: ControlRole;
  readonly #commands: InterfaceCommands;
  readonly #attached: AttachedInterfaces;
  readonly #managed: ManagedSettings;
  readonly #refused = new Counters();
  readonly #lacking = new Set<string>();
  readonly #startedAt = new Date().toISOString();
  /** Offices whose service is configured, or was. */
  #active: readonly Office[];
  #generation = 1;
  #loaded: Loaded;

  constructor(options: RunOptions, loaded: Loaded) {
    this.#options = options;
    this.#log = openLog(LOG_LEVELS.find((level) => level === options["log-level"]) ?? "info");
    mkdirSync(options["runtime-dir"], { recursive: true, mode: 0o755 });
    mkdirSync(options["state-dir"], { recursive: true, mode: 0o700 });
    this.#takeLock();
    this.#ids = ownIdsPossible() ? takeIds("/run/leasehold-ids") : undefined;
    if (this.#ids === undefined) this.#lacking.add("own user ids (this user namespace maps only one)");
    const emptyRoot = join(options["runtime-dir"], "empty");
    mkdirSync(emptyRoot, { recursive: true, mode: 0o555 });
    this.#children = new Children(childPlans({ ids: this.#ids, emptyRoot }), {
      onReady: (name) => this.#ready(name),
      onMessage: (name, message) => this.#message(name, message),
      onGone: (name, how) => this.#gone(name, how),
    });
    const tools = this.#openTools();
    this.#tools = tools;
    this.#offices = this.#openOffices(tools);
    this.#loaded = loaded;
    this.#attached = new AttachedInterfaces(options["runtime-dir"]);
    const inForce = (): Configuration => this.#attached.into(this.#loaded.configuration);
    this.#commands = new InterfaceCommands({ tools, attached: this.#attached, configuration: inForce, apply: () => this.#apply() });
    this.#managed = new ManagedSettings({ folder: options["runtime-dir"], network: tools.network, log: tools.log });
    this.#managed.configure(inForce());
    this.#active = this.#offices.filter((office) => office.configure(inForce()));
    this.#control = new ControlSocket(controlSocketOf(options), (accepted) => this.#controlRole.accepted(accepted));
    this.#controlRole = new ControlRole(this.#children, () => this.#control);
  }

  start(): void {
    this.#children.start("frontend");
    for (const role of this.#active.flatMap(({ roles }) => roles)) this.#children.start(role);
    const main = this.#log.of("main");
    main.write("info", "started", { configuration: this.#options.file, serves: this.#serves() });
    for (const what of this.#lacking) main.write("warn", "fenceLacking", { what });
  }

  async stop(): Promise<void> {
    this.#control.close();
    const patienceMs = Math.max(...this.#offices.map((office) => office.stop().patienceMs));
    if (patienceMs > 0) await new Promise((resolve) => setTimeout(resolve, patienceMs));
    await this.#children.stop();
    this.#managed.putBack();
    this.#ids?.release();
    this.#log.of("main").write("info", "stopped", {});
  }

  /** Reads the configuration again; one with errors leaves everything as it is. @returns what an operator is told */
  reload(): Outcome {
    const loaded = loadConfiguration(this.#options);
    if ("problems" in loaded) {
      this.#log.of("main").write("error", "reloadRefused", { problems: loaded.problems });
      return { result: "failed", text: `${loaded.problems}\nnothing was changed` };
    }
    this.#loaded = inPlaceOf(this.#loaded, loaded);
    const failure = this.#apply();
    return failure === undefined
      ? { result: "done", text: `reloaded ${this.#options.file}: ${this.#serves()}` }
      : { result: "failed", text: `the new configuration could not be put in force whole: ${failure}` };
  }

  /** Puts the configuration in force, with what is attached. @returns what the system refused */
  #apply(): string | undefined {
    this.#generation++;
    try {
      const configuration = this.#attached.into(this.#loaded.configuration);
      this.#managed.configure(configuration);
      this.#active = this.#offices.filter((office) => office.configure(configuration));
      for (const office of this.#active) office.reconfigured();
    } catch (error) {
      const failure = systemFailure(error);
      if (failure === undefined) throw error;
      this.#log.of("main").write("error", "reloadFailed", { error: failure.message });
      return failure.message;
    }
    for (const role of this.#active.flatMap(({ roles }) => roles)) this.#children.start(role);
    this.#log.of("main").write("info", "reloaded", { generation: this.#generation });
    return undefined;
  }

  #openTools(): Tools {
    return {
      options: this.#options,
      children: this.#children,
      network: new KernelNetwork(),
      refused: this.#refused,
      log: this.#log.of("main"),
      idOf: (role) => this.#ids?.of(role),
      generation: () => this.#generation,
      secrets: () => again(this.#loaded.secrets),
    };
  }

  #openOffices(tools: Tools): readonly Office[] {
    const duid = ownDuid(this.#options["state-dir"]);
    const hook = this.#ids?.of("hooks");
    const host = new UplinkHost(tools, hook === undefined ? undefined : { uid: hook, gid: hook });
    return [
      new Uplink4Office(tools, duid, host),
      new Uplink6Office(tools, duid, host),
      new LanOffice(tools, duid, host),
      new DirectoryOffice(tools, host),
    ];
  }

  #serves(): string {
    return this.#active.map(({ serves }) => serves).join("; ");
  }

  #takeLock(): void {
    const lock = openSync(join(this.#options["runtime-dir"], "lock"), "w", 0o600);
    if (native().flock(lock, LOCK.exclusive | LOCK.nonBlock) < 0)
      throw new Error(`already running: another leasehold holds ${this.#options["runtime-dir"]}/lock`);
  }

  #ready(name: ChildName): void {
    if (name === "frontend") this.#children.to(name)?.send("netlinkSocket", true, { descriptors: [openMonitor(KERNEL_NEWS)] });
    if (name === "control") return this.#controlRole.ready(() => this.#introduceAll(name));
    const office = this.#active.find(({ roles }) => roles.includes(name));
    office?.ready(name);
    this.#introduceAll(name);
    if (name === "frontend") for (const one of this.#active) one.ready(name);
  }

  #introduceAll(name: ChildName): void {
    for (const [one, other] of PAIRS) if (one === name || other === name) this.#introduce(one, other);
  }

  #introduce(one: ChildName, other: ChildName): void {
    const [left, right] = [this.#children.to(one), this.#children.to(other)];
    if (left === undefined || right === undefined) return;
    const [a, b] = channelPair();
    left.send("peer", { role: other }, { descriptors: [a] });
    right.send("peer", { role: one }, { descriptors: [b] });
  }

  #gone(name: ChildName, how: string): void {
    if (name === "control" && this.#controlRole.gone()) return;
    this.#log.of("main").write("error", "roleEnded", { name, how });
  }

  #message(name: ChildName, message: Incoming): void {
    if (message.kind === "ready") {
      for (const what of message.body.lacking) if (this.#lacking.size < LACKING_MAX) this.#lacking.add(what);
      for (const what of message.body.lacking) this.#log.of(name).write("warn", "fenceLacking", { what });
    } else if (message.kind === "logRecord")
      this.#log
        .of(name)
        .write(message.body.level, message.body.event, Object.fromEntries(message.body.fields.map((field) => [field.name, field.value])));
    else if (message.kind === "mainViewRequest")
      this.#children.to("control")?.send("mainView", { request: message.body.request, json: new TextEncoder().encode(JSON.stringify(this.#view())) });
    else if (message.kind === "command") this.#command(message);
    else if (message.kind === "leasesCommand") this.#changeLeases(message);
    else if (message.kind === "reconfigureCommand") this.#reconfigure(message);
    else if (message.kind === "connectionClosed") this.#controlRole.closed(message.body.connection);
    else {
      if (message.kind === "openPacketSocket" || message.kind === "openDatagramSocket") this.#managed.apply(); // a link came
      this.#active.find(({ roles }) => roles.includes(name))?.message(name, message);
    }
  }

  /** Reads are for whoever may open the socket, writes for root, by the uid main noted itself. */
  #command({ body }: Message<"command">): void {
    const outcome: Outcome = this.#mayWrite(body.connection) ? this.#obey(body) : { result: "denied", text: "only root may do this; use sudo" };
    this.#children.to("control")?.send("outcome", { connection: body.connection, ...outcome });
  }

  /** The engine answers whoever asked, once it is durable. */
  #changeLeases({ body: { connection, request, ...changes } }: Message<"leasesCommand">): void {
    const allowed = this.#mayWrite(connection);
    if (allowed && this.#children.to("engine-lan")?.send("changeLeases", { request, ...changes }) === true) return;
    this.#children.to("control")?.send("leasesChanged", { request, result: allowed ? "absent" : "denied", outcomes: [] });
  }

  #reconfigure({ body: { connection, request, ...wanted } }: Message<"reconfigureCommand">): void {
    const allowed = this.#mayWrite(connection);
    if (allowed && this.#children.to("engine-lan")?.send("reconfigureClients", { request, ...wanted }) === true) return;
    this.#children.to("control")?.send("clientsReconfigured", { request, outcome: allowed ? "not-running" : "denied", clients: 0 });
  }

  #mayWrite(connection: number): boolean {
    const uid = this.#control.uidOf(connection);
    if (uid !== 0) this.#refused.add(uid === undefined ? "command.connection" : "command.uid");
    return uid === 0;
  }

  #obey({ service, verb, argument }: Message<"command">["body"]): Outcome {
    if (verb === "reload") return this.reload();
    if (isOfDirectory(verb)) return directoryCommand(this.#tools, this.#loaded.configuration, verb, argument);
    if (verb !== "log") return this.#commands.obey(verb, argument, service);
    const level = LOG_LEVELS.find((one): one is LogLevel => one === argument);
    if (level === undefined) {
      this.#refused.add("command.argument");
      return { result: "failed", text: `log levels are ${LOG_LEVELS.join(", ")}` };
    }
    this.#log.setLevel(level);
    return { result: "done", text: `the log level is ${level}` };
  }

  #view(): unknown {
    const roles = this.#children.running().map((role) => ({ ...role, jit: (JIT_ROLES as readonly string[]).includes(role.name) }));
    return {
      configuration: this.#options.file,
      generation: this.#generation,
      startedAt: this.#startedAt,
      logLevel: this.#log.level(),
      pid: process.pid,
      services: this.#active.map(({ engine }) => engine.replace(/^engine-/, "")),
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
