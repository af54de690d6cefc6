/** `directory`: users and groups from LDAP, served as YP maps and as systemd's user records from one snapshot. */
import { Counters } from "../counters.ts";
import { absurd } from "../../base/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { RpcPurpose } from "../../ports/streams.ts";
import type { AskedDatagram } from "./outlets.ts";
import { RpcRecords } from "../../wire/rpc/records.ts";
import type { SourceChanges } from "./changes.ts";
import type { DirectoryConfig } from "./config.ts";
import type { EntryBatch } from "./gathering.ts";
import { RecordedOutlets } from "./recording/outlets.ts";
import { Registration } from "./registration.ts";
import type { Snapshot } from "./snapshot.ts";
import type { PullResult } from "./source.ts";
import type { StreamEvents, StreamIo } from "./stream.ts";
import { Probes } from "./probe/probes.ts";
import type { ProbeReport } from "./probe/report.ts";
import { type HandedConnection, Streams } from "./streams.ts";
import { type DirectoryView, diffView, viewOf } from "./view.ts";
import { VarlinkFrames } from "../../wire/varlink/frames.ts";
import { RecordedUpdates } from "./recording/updates.ts";
import type { Updates } from "./update.ts";
import type { UpdatePorts } from "./update-ports.ts";

const IGNORING: StreamEvents = { data: () => undefined, drained: () => undefined, closed: () => undefined };

export type DirectoryPorts = UpdatePorts & {
  /** @returns false when there is no fetcher that could be asked */
  readonly prober: { readonly probe: (probe: number, source: number) => boolean };
  /** Somebody connects to rpcbind's socket and hands the connection over, or says that it could not. */
  readonly rpcbind: { readonly connect: () => void };
};

export class Directory {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #registration: Registration;
  readonly #updates: RecordedUpdates;
  readonly #streams: Streams;
  readonly #outlets: RecordedOutlets;
  readonly #probes: Probes;
  readonly ended = new Counters();
  #config: DirectoryConfig | undefined;
  #port = 0;
  /** Why what is served is not on disk; empty: nothing is known against it. */
  #unsaved = "";

  constructor(ports: DirectoryPorts) {
    this.#clock = ports.clock;
    this.#log = ports.log;
    this.#registration = new Registration({ clock: ports.clock, log: ports.log, connect: ports.rpcbind.connect });
    this.#updates = new RecordedUpdates(ports);
    this.#streams = new Streams(ports.clock, this.ended);
    this.#outlets = new RecordedOutlets(() => this.#served(), ports.clock);
    this.#probes = new Probes(ports.prober);
  }

  get updates(): Updates {
    return this.#updates;
  }

  configure(config: DirectoryConfig): void {
    this.#config = config;
    this.#outlets.configure(config);
    this.#updates.configure(config);
    this.#announce();
  }

  /** The port YP is bound to on every configured address; 0: it is bound no more, as before the end, and what was registered goes. */
  listening(port: number): void {
    this.#port = port;
    this.#outlets.listening(port);
    this.#announce();
  }

  /** rpcbind could not be connected to. */
  rpcbindUnreachable(): void {
    this.#registration.connectFailed();
  }

  stored(bytes: Uint8Array): void {
    this.#updates.stored(bytes);
  }

  /** What became of writing down what is served. @param trouble empty: it is on disk */
  saved(trouble: string): void {
    if (trouble !== this.#unsaved)
      this.#log.write(trouble === "" ? "info" : "warn", trouble === "" ? "directorySaved" : "directoryUnsaved", { trouble });
    this.#unsaved = trouble;
  }

  entries(batch: EntryBatch): void {
    this.#updates.entries(batch);
  }

  pulled(result: PullResult): void {
    this.#updates.pulled(result);
  }

  changes(changes: SourceChanges): void {
    this.#updates.changes(changes);
  }

  /** A source should be read before its time. */
  stale(): void {
    this.#updates.stale();
  }

  /** @returns what to tell the connection's reader; the connection may be closed before this returns */
  stream(handed: HandedConnection, io: StreamIo): StreamEvents {
    switch (handed.purpose) {
      case "yp":
      case "portmapper": {
        if (!this.#outlets.mayAsk(handed.peer)) return this.#turnedAway(handed, io);
        const { purpose, peer, port } = handed;
        const answer = (request: Uint8Array): ReturnType<RecordedOutlets["record"]> => this.#outlets.record(purpose, request, { peer, port });
        return this.#streams.open(handed, io, { requests: new RpcRecords(), answer });
      }
      case "userdb":
        return this.#streams.open(handed, io, { requests: new VarlinkFrames(), answer: (request) => this.#outlets.varlink(request, handed.uid) });
      case "rpcbind":
        return this.#registration.connected(io);
      default:
        return absurd(handed.purpose);
    }
  }

  /** @returns the answer, or undefined for silence */
  datagram(purpose: RpcPurpose, datagram: AskedDatagram): Uint8Array | undefined {
    return this.#outlets.datagram(purpose, datagram, this.#clock.now());
  }

  /** What an operator asks for; what comes of it is in the view. @param source its name; "" for all */
  command(verb: "refresh" | "accept" | "probe", source: string): void {
    if (verb === "refresh") return this.#updates.refresh();
    if (verb === "accept") return void this.#updates.accept(source);
    const names = this.#updates.sources.map(({ settings: { name } }) => name);
    return this.#probes.begin(source, source === "" ? 0 : names.indexOf(source));
  }

  /** It ended, and what it was asked for with it. */
  fetcherLost(): void {
    this.#updates.fetcherLost();
    this.#probes.lost();
  }

  probed(probe: number, report: ProbeReport): void {
    this.#probes.tell(probe, report);
  }

  /** More of one thing than the view has: "diff", from a row on, "probe", or a source by its place. @returns undefined for nothing of that name */
  detail(name: string, after: number): unknown {
    if (name === "probe") return this.#probes.view;
    if (name === "diff") return diffView(this.#updates, after);
    const source = /^[0-9]+$/.test(name) ? this.#updates.sources[Number(name)] : undefined;
    return source === undefined ? undefined : { name: source.settings.name, rejected: source.rejected, samples: source.samples };
  }

  /** Begins to write down what is only recorded while asked to. @returns false when it cannot be */
  record(name: string, seconds: number): boolean {
    if (name === "updates") return this.#updates.recordUpdates(seconds);
    return name === "requests" && this.#outlets.recordRequests(seconds);
  }

  trace(name: string): readonly string[] | undefined {
    return name === "updates" ? this.#updates.take() : name === "requests" ? this.#outlets.take() : undefined;
  }

  view(): DirectoryView {
    return viewOf({
      config: this.#config,
      updates: this.#updates,
      now: this.#clock.wallClock(),
      port: this.#port,
      registered: this.#registration.registered,
      unsaved: this.#unsaved,
      connections: this.#streams.count,
      counters: { requests: this.#outlets.requests, refused: this.#outlets.refused, ended: this.ended },
    });
  }

  close(): void {
    this.#registration.close();
    this.#outlets.close();
    this.#streams.close();
    this.#updates.close();
  }

  #announce(): void {
    const wanted = this.#port !== 0 && this.#config?.yp?.register === "rpcbind";
    this.#registration.want(wanted ? this.#outlets.addresses : [], this.#port);
  }

  /** What is too old is not there: the clients ask another server, or say that there is none. */
  #served(): Snapshot | undefined {
    const { snapshot } = this.#updates;
    const seconds = this.#config?.maxStaleSeconds ?? 0;
    const isTooOld = snapshot !== undefined && seconds > 0 && this.#clock.wallClock() - snapshot.committedAt > seconds * 1000;
    return isTooOld ? undefined : snapshot;
  }

  #turnedAway({ purpose }: HandedConnection, io: StreamIo): StreamEvents {
    this.#outlets.refused.add(`${purpose}-foreign-network`);
    io.close();
    return IGNORING;
  }
}
