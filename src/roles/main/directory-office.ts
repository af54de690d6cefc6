/** Main's office for `directory`: ports and sockets of its outlets, the snapshot's file; it reads nothing that comes over them. */
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { same } from "../../base/same.ts";
import { mappedAddress } from "../../platform/inet6-sockets.ts";
import type { Incoming } from "../connection.ts";
import type { Configuration } from "../messages/catalogue.ts";
import type { ChildName } from "./children.ts";
import { DirectoryOutlets } from "./directory-outlets.ts";
import { Retries } from "./failures.ts";
import { isPublic } from "./guard.ts";
import { type Accepted, connectUnix, Listeners } from "./listeners.ts";
import { attempt, type Office, type Tools } from "./office.ts";
import { syncFolder } from "./state-folder.ts";
import type { UplinkHost } from "./uplink-host.ts";
import { Watchdog } from "./watchdog.ts";

const RPCBIND_SOCKET = "/run/rpcbind.sock";
const OTHERS_MAY_WRITE = 0o022;
const SNAPSHOT_MAX_BYTES = 1024 * 1024 * 1024;

/** For one conversation with rpcbind, which otherwise names a port of nobody's. */
const FAREWELL_MS = 300;

type Config = NonNullable<Configuration["directory"]>;
/** What is left of a service that was taken out of the file: its roles, which serve nothing. */
const NO_FENCES = { minUid: 0, maxUid: 0, minGid: 0, maxGid: 0, localUsers: [], localGroups: [] };
const NOTHING: Config = {
  engine: { domain: "", master: "", intervalSeconds: 3600, maxStaleSeconds: 0, idFences: NO_FENCES, sources: [], yp: undefined, userdb: undefined },
  fetcher: { resolvers: [], idFences: NO_FENCES, sources: [] },
};

export class DirectoryOffice implements Office {
  readonly engine = "engine-directory";
  readonly roles = ["engine-directory", "fetcher"] as const;
  readonly #tools: Tools;
  readonly #host: Pick<UplinkHost, "configure" | "happened">;
  readonly #folder: string;
  readonly #listeners: Listeners;
  readonly #outlets: DirectoryOutlets;
  readonly #watchdog: Watchdog;
  #config: Config | undefined;
  /** For which all is listened on. */
  #listening: Config["engine"] | undefined;
  /** A new engine knows nothing yet: what was served before comes right behind its configuration. */
  #snapshotDue = false;
  /** The engine writes a snapshot now: one at a time. */
  #writing = false;
  readonly #retries = new Retries();
  /** Once a configuration wanted it: what was registered is taken out again. */
  #usesRpcbind = false;

  constructor(tools: Tools, host: Pick<UplinkHost, "configure" | "happened">) {
    this.#tools = tools;
    this.#host = host;
    this.#folder = join(tools.options["state-dir"], "directory");
    this.#listeners = new Listeners((accepted) => this.#hand(accepted));
    this.#outlets = new DirectoryOutlets(tools, this.#listeners);
    this.#watchdog = new Watchdog({ ask: () => tools.children.to(this.engine)?.send("areYouThere", true) === true, end: () => this.#endEngine() });
  }

  configure({ directory, host }: Configuration): boolean {
    this.#config = directory ?? (this.#config === undefined ? undefined : NOTHING);
    if (this.#config === undefined) return false;
    this.#host.configure(host);
    this.#usesRpcbind ||= this.#config.engine.yp?.register === "rpcbind";
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    return true;
  }

  get serves(): string {
    return `directory ${this.#config?.engine.domain ?? ""}`;
  }

  ready(role: ChildName): void {
    if (role === this.engine) {
      this.#listeners.allClosed();
      this.#outlets.handSockets();
      this.#retries.forget();
      this.#writing = false;
      this.#snapshotDue = true;
      this.#watchdog.begin();
    }
    if (role === "fetcher") this.#tellFetcher();
    if (role === this.engine) this.#tellEngine(); // the frontend has nothing of ours
  }

  reconfigured(): void {
    this.#tellFetcher();
    this.#tellEngine();
  }

  #endEngine(): void {
    this.#tools.log.write("error", "roleHangs", { name: this.engine });
    this.#tools.children.end(this.engine);
  }

  #tellFetcher(): void {
    if (this.#config === undefined) return;
    const [fetcher, generation] = [this.#tools.children.to("fetcher"), this.#tools.generation()];
    fetcher?.send("fetcherConfig", this.#config.fetcher, { generation, descriptors: [this.#tools.secrets()] });
  }

  #tellEngine(): void {
    if (this.#config === undefined) return;
    if (this.#tools.children.to(this.engine) === undefined) return;
    if (!same(this.#listening, this.#config.engine)) this.#listen(this.#config.engine);
    this.#tellPort(this.#config.engine);
    if (this.#snapshotDue) this.#handSnapshot();
    this.#snapshotDue = false;
  }

  message(from: ChildName, message: Incoming): void {
    if (from === "fetcher" && message.kind === "connectLdapi") return this.#connectLdapi(message.body);
    if (from !== this.engine) return;
    this.#watchdog.heard();
    switch (message.kind) {
      case "openSnapshot":
        return this.#openSnapshot();
      case "snapshotSaved":
        return this.#nameSnapshot(message.body.bytes);
      case "snapshotFailed":
        return this.#dropSnapshot();
      case "streamClosed":
        return this.#listeners.closed(message.body.number) ? undefined : this.#tools.refused.add("streamClosed.number");
      case "directoryEvent":
        return this.#happened(message.body);
      case "connectRpcbind":
        return this.#connectRpcbind();
      default:
        return;
    }
  }

  stop(): { readonly patienceMs: number } {
    this.#outlets.close();
    const told = this.#usesRpcbind && this.#tools.children.to(this.engine)?.send("farewell", true) === true;
    return { patienceMs: told ? FAREWELL_MS : 0 };
  }

  /** What is taken, or not there yet, may be had later. */
  #listen(engine: Config["engine"]): void {
    const isWhole = this.#outlets.listen(engine);
    this.#listening = isWhole ? engine : undefined;
    if (!isWhole) this.#retries.later("listen", () => this.#listenAgain());
  }

  #listenAgain(): void {
    const [engine, before] = [this.#config?.engine, this.#outlets.port];
    if (engine === undefined) return;
    this.#listen(engine);
    if (this.#outlets.port !== before) this.#tellPort(engine);
  }

  #tellPort(config: Config["engine"]): boolean | undefined {
    const port = this.#outlets.port;
    return this.#tools.children.to(this.engine)?.send("directoryConfig", { config, port }, { generation: this.#tools.generation() });
  }

  #hand({ descriptor, ...who }: Accepted): void {
    const sent = this.#tools.children.to(this.engine)?.send("stream", who, { descriptors: [descriptor] });
    if (sent !== true) this.#listeners.closed(who.number);
    if (sent === undefined) closeSync(descriptor);
  }

  #happened({ event, record }: Extract<Incoming, { readonly kind: "directoryEvent" }>["body"]): void {
    if (isPublic(record)) this.#host.happened({ interface: "", event, record });
    else this.#tools.refused.add("directoryEvent.record");
  }

  /** Rpcbind obeys whoever is root, and such a connection is: it is made only where the configuration wants one, or did. */
  #connectRpcbind(): void {
    if (!this.#usesRpcbind) return this.#tools.refused.add("connectRpcbind.register");
    const number = this.#listeners.note("rpcbind");
    if (number === undefined) return this.#tools.refused.add("connectRpcbind.count");
    const descriptor = connectUnix(RPCBIND_SOCKET);
    if (descriptor >= 0) return this.#hand({ number, purpose: "rpcbind", peer: LOCAL, port: 0, uid: 0, descriptor });
    this.#listeners.closed(number);
    this.#tools.children.to(this.engine)?.send("kernelFailed", { name: "", what: "connectRpcbind", errno: Math.abs(descriptor) });
  }

  /** To sockets that sources name, and as the fetcher: the server is to see a reader, not root. */
  #connectLdapi({ request, path }: { readonly request: number; readonly path: string }): void {
    const fetcher = this.#tools.children.to("fetcher");
    const named = this.#config?.fetcher.sources.some(({ transport, servers }) => transport === "ldapi" && servers.some(({ host }) => host === path));
    if (named !== true) this.#tools.refused.add("connectLdapi.path");
    const descriptor = named === true ? asUser(this.#tools.idOf?.("fetcher"), () => connectUnix(path)) : -EACCES;
    if (descriptor < 0) return void fetcher?.send("ldapiFailed", { request, errno: -descriptor });
    if (fetcher?.send("ldapiStream", { request }, { descriptors: [descriptor] }) === undefined) closeSync(descriptor);
  }

  #handSnapshot(): void {
    const path = join(this.#folder, "snapshot");
    attempt(this.#tools, this.engine, { what: "storedSnapshot" }, () => {
      if (!existsSync(path)) return;
      const descriptor = openSync(path, "r");
      const { size: bytes } = fstatSync(descriptor);
      const fault = foreign(fstatSync(descriptor)) ?? (bytes > SNAPSHOT_MAX_BYTES ? "too large" : undefined);
      if (fault === undefined) return void this.#tools.children.to(this.engine)?.send("storedSnapshot", { bytes }, { descriptors: [descriptor] });
      closeSync(descriptor);
      this.#tools.log.write("error", "snapshotRefused", { file: path, fault });
    });
  }

  /** The engine asks once: where it fails it is tried again. */
  #openSnapshot(): void {
    if (this.#writing || this.#retries.waits("snapshot")) return this.#tools.refused.add("openSnapshot.count");
    this.#writing = attempt(this.#tools, this.engine, { what: "openSnapshot" }, () => {
      const descriptors = [openSync(this.#unfinished, "w", 0o600)];
      this.#tools.children.to(this.engine)?.send("freshSnapshot", true, { descriptors });
    });
    if (!this.#writing) this.#retries.later("snapshot", () => this.#openSnapshot());
  }

  /** It is the engine that synced it; a name is given to what has the size it told. */
  #nameSnapshot(bytes: number): void {
    if (!this.#writing) return this.#tools.refused.add("snapshotSaved.count");
    this.#writing = false;
    attempt(this.#tools, this.engine, { what: "snapshotSaved" }, () => {
      if (statSync(this.#unfinished).size === bytes) {
        renameSync(this.#unfinished, join(this.#folder, "snapshot"));
        return syncFolder(this.#folder);
      }
      this.#tools.refused.add("snapshotSaved.bytes");
      rmSync(this.#unfinished);
    });
  }

  #dropSnapshot(): void {
    if (!this.#writing) return this.#tools.refused.add("snapshotFailed.count");
    this.#writing = false;
    attempt(this.#tools, this.engine, { what: "snapshotFailed" }, () => rmSync(this.#unfinished, { force: true }));
  }

  get #unfinished(): string {
    return join(this.#folder, "snapshot.new");
  }
}

const LOCAL = mappedAddress("::1") as NonNullable<ReturnType<typeof mappedAddress>>;

const EACCES = 13;

/** What the kernel writes down about who connects is written down now. */
function asUser(id: number | undefined, act: () => number): number {
  const { geteuid, getegid, seteuid, setegid } = process;
  if (id === undefined || !geteuid || !getegid || !seteuid || !setegid) return act();
  const [uid, gid] = [geteuid(), getegid()];
  setegid(id);
  try {
    seteuid(id);
    return act();
  } finally {
    seteuid(uid);
    setegid(gid);
  }
}

/** Whoever may write users to this file may be anybody. @returns what is wrong with it */
function foreign({ uid, mode }: Stats): string | undefined {
  if (uid !== process.geteuid?.()) return `it belongs to user ${uid}`;
  return (mode & OTHERS_MAY_WRITE) === 0 ? undefined : "group or others may write it";
}
