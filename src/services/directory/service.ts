/** `directory`: users and groups from LDAP, served as YP maps and as systemd's user records from one snapshot. */
import { Counters } from "../counters.ts";
import { absurd } from "../../base/errors.ts";
import { type Ipv4Address, parseIpv4 } from "../../base/ipv4.ts";
import { type Ipv6Address, parseIpv6 } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import type { YpDatabase, YpMapRows } from "../../machines/yp/database.ts";
import { portmapperProgram } from "../../machines/yp/portmapper.ts";
import type { RpcProgram, Transport } from "../../machines/yp/program.ts";
import { answerRpc, recordPieces } from "../../machines/yp/rpc.ts";
import { ypProgram } from "../../machines/yp/yp.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ReceivedDatagram } from "../../ports/datagrams.ts";
import { rpcMessage } from "../../wire/rpc/message.ts";
import { RpcRecords } from "../../wire/rpc/records.ts";
import { YP } from "../../wire/rpc/yp.ts";
import { encodeAll } from "../../base/codec.ts";
import { type Access, accessOf, isLoopback, mayAsk } from "./access.ts";
import { Allowance } from "./allowance.ts";
import { accountsOf } from "./accounts.ts";
import type { DirectoryConfig } from "./config.ts";
import type { EntryBatch } from "./gathering.ts";
import { ypMaps } from "./maps.ts";
import { Registration } from "./registration.ts";
import type { Snapshot } from "./snapshot.ts";
import type { PullResult } from "./source.ts";
import type { StreamEvents, StreamIo } from "./stream.ts";
import { type HandedConnection, Streams } from "./streams.ts";
import { type DirectoryView, viewOf } from "./view.ts";
import { userdbAnswer } from "./userdb.ts";
import { VarlinkFrames } from "../../wire/varlink/frames.ts";
import { type UpdatePorts, Updates } from "./update.ts";

const IGNORING: StreamEvents = { data: () => undefined, drained: () => undefined, closed: () => undefined };

export type DirectoryPorts = UpdatePorts & {
  /** Somebody connects to rpcbind's socket and hands the connection over, or says that it could not. */
  readonly rpcbind: { readonly connect: () => void };
};

export class Directory {
  readonly #clock: Clock;
  readonly #registration: Registration;
  readonly #updates: Updates;
  readonly #streams: Streams;
  readonly requests = new Counters();
  readonly refused = new Counters();
  readonly ended = new Counters();
  #config: DirectoryConfig | undefined;
  #access: Access = accessOf([]);
  #port = 0;
  readonly #allowance = new Allowance();
  #maps: { readonly of: Snapshot; readonly rows: ReadonlyMap<string, YpMapRows> } | undefined;

  constructor(ports: DirectoryPorts) {
    this.#clock = ports.clock;
    this.#registration = new Registration({ clock: ports.clock, log: ports.log, connect: ports.rpcbind.connect });
    this.#updates = new Updates(ports);
    this.#streams = new Streams(ports.clock, this.ended);
  }

  get updates(): Updates {
    return this.#updates;
  }

  configure(config: DirectoryConfig): void {
    this.#config = config;
    this.#access = accessOf(config.yp?.allow ?? []);
    this.#maps = undefined;
    this.#updates.configure(config);
    this.#announce();
  }

  /** The port YP is bound to on every configured address; 0: it is bound no more, as before the end, and what was registered goes. */
  listening(port: number): void {
    this.#port = port;
    this.#announce();
  }

  /** rpcbind could not be connected to. */
  rpcbindUnreachable(): void {
    this.#registration.connectFailed();
  }

  stored(bytes: Uint8Array): void {
    this.#updates.stored(bytes);
  }

  entries(batch: EntryBatch): void {
    this.#updates.entries(batch);
  }

  pulled(result: PullResult): void {
    this.#updates.pulled(result);
  }

  /** @returns what to tell the connection's reader; the connection may be closed before this returns */
  stream(handed: HandedConnection, io: StreamIo): StreamEvents {
    switch (handed.purpose) {
      case "yp":
      case "portmapper": {
        if (!mayAsk(this.#access, handed.peer)) return this.#turnedAway(handed, io);
        const purpose = handed.purpose;
        return this.#streams.open(handed, io, { requests: new RpcRecords(), answer: (request) => this.#answerRecord(purpose, request) });
      }
      case "userdb":
        return this.#streams.open(handed, io, { requests: new VarlinkFrames(), answer: (request) => this.#answerVarlink(request) });
      case "rpcbind":
        return this.#registration.connected(io);
      default:
        return absurd(handed.purpose);
    }
  }

  /** @returns the answer, or undefined for silence */
  datagram(purpose: "yp" | "portmapper", { from, payload }: ReceivedDatagram): Uint8Array | undefined {
    if (!mayAsk(this.#access, from)) {
      this.refused.add(`${purpose}-udp-foreign-network`);
      return undefined;
    }
    if (payload.length > LIMITS.rpcRequestBytes) {
      this.refused.add(`${purpose}-udp-too-long`);
      return undefined;
    }
    const outcome = answerRpc(payload, [this.#program(purpose, "udp")]);
    const answer = outcome.kind === "reply" ? encodeAll(rpcMessage, outcome.reply) : undefined;
    if (answer === undefined) this.refused.add(`${purpose}-udp-${outcome.kind === "silence" ? outcome.reason : "stream"}`);
    else if (!isLoopback(from) && !this.#allowance.take(from, answer.length, this.#clock.now())) this.refused.add(`${purpose}-udp-over-allowance`);
    else return answer;
    return undefined;
  }

  view(): DirectoryView {
    return viewOf({
      config: this.#config,
      updates: this.#updates,
      now: this.#clock.wallClock(),
      port: this.#port,
      registered: this.#registration.registered,
      connections: this.#streams.count,
      counters: { requests: this.requests, refused: this.refused, ended: this.ended },
    });
  }

  close(): void {
    this.#registration.close();
    this.#streams.close();
    this.#updates.close();
  }

  #answerRecord(purpose: "yp" | "portmapper", request: Uint8Array): Iterable<Uint8Array> | undefined {
    const outcome = answerRpc(request, [this.#program(purpose, "tcp")]);
    if (outcome.kind !== "silence") return recordPieces(outcome);
    this.refused.add(`${purpose}-tcp-${outcome.reason}`);
    return outcome.reason === "foreign-domain" || outcome.reason === "not-ready" ? [] : undefined;
  }

  #program(purpose: "yp" | "portmapper", transport: Transport): RpcProgram {
    if (purpose === "portmapper") {
      this.requests.add("portmapper");
      return portmapperProgram(this.#port === 0 ? undefined : { ...YP, port: this.#port, addresses: this.#addresses() });
    }
    return ypProgram({ database: this.#database(), transport, note: (note) => this.requests.add(`yp-${transport}-${note}`) });
  }

  #answerVarlink(request: Uint8Array): Iterable<Uint8Array> {
    const { service, enumerate } = this.#config?.userdb ?? { service: "", enumerate: false };
    const snapshot = this.#config?.userdb === undefined ? undefined : this.#updates.snapshot;
    const accounts = snapshot === undefined ? undefined : accountsOf(snapshot);
    return userdbAnswer(request, { accounts, service, enumerate, note: (note) => this.requests.add(`userdb-${note}`) });
  }

  #database(): YpDatabase {
    const { domain, master } = this.#config ?? { domain: "", master: "" };
    const { snapshot } = this.#updates;
    if (snapshot !== undefined && this.#maps?.of !== snapshot) this.#maps = { of: snapshot, rows: ypMaps(domain, snapshot) };
    return { domain, master, maps: this.#maps?.rows };
  }

  #addresses(): readonly (Ipv4Address | Ipv6Address)[] {
    return (this.#config?.yp?.listen ?? []).flatMap((text) => parseIpv4(text) ?? parseIpv6(text) ?? []);
  }

  #announce(): void {
    const wanted = this.#port !== 0 && this.#config?.yp?.register === "rpcbind";
    this.#registration.want(wanted ? this.#addresses() : [], this.#port);
  }

  #turnedAway({ purpose }: HandedConnection, io: StreamIo): StreamEvents {
    this.refused.add(`${purpose}-foreign-network`);
    io.close();
    return IGNORING;
  }
}
