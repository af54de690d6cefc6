/** `directory`: users and groups from LDAP, served as YP maps and as systemd's user records from one snapshot. */
import { Counters } from "../counters.ts";
import { parseIpv4 } from "../../base/ipv4.ts";
import { parseIpv6 } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import type { YpDatabase, YpMapRows } from "../../machines/yp/database.ts";
import { type Mapped, portmapperProgram } from "../../machines/yp/portmapper.ts";
import type { RpcProgram, Transport } from "../../machines/yp/program.ts";
import { answerRpc, recordPieces } from "../../machines/yp/rpc.ts";
import { ypProgram } from "../../machines/yp/yp.ts";
import type { ReceivedDatagram } from "../../ports/datagrams.ts";
import { rpcMessage } from "../../wire/rpc/message.ts";
import { RpcRecords } from "../../wire/rpc/records.ts";
import { YP } from "../../wire/rpc/yp.ts";
import { encodeAll } from "../../base/codec.ts";
import { type Access, accessOf, mayAsk } from "./access.ts";
import type { DirectoryConfig } from "./config.ts";
import type { EntryBatch } from "./gathering.ts";
import { ypMaps } from "./maps.ts";
import type { Snapshot } from "./snapshot.ts";
import type { PullResult } from "./source.ts";
import type { StreamEvents, StreamIo } from "./stream.ts";
import { type HandedConnection, Streams } from "./streams.ts";
import { type UpdatePorts, Updates } from "./update.ts";

const IGNORING: StreamEvents = { data: () => undefined, drained: () => undefined, closed: () => undefined };

export class Directory {
  readonly #updates: Updates;
  readonly #streams: Streams;
  readonly requests = new Counters();
  readonly refused = new Counters();
  readonly ended = new Counters();
  #config: DirectoryConfig | undefined;
  #access: Access = accessOf([]);
  #mapped: Mapped | undefined;
  #maps: { readonly of: Snapshot; readonly rows: ReadonlyMap<string, YpMapRows> } | undefined;

  constructor(ports: UpdatePorts) {
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
  }

  /** The port main has bound YP to; 0: it is bound no more. */
  listening(port: number): void {
    const addresses = (this.#config?.yp?.listen ?? []).flatMap((text) => parseIpv4(text) ?? parseIpv6(text) ?? []);
    this.#mapped = port === 0 ? undefined : { program: YP.program, version: YP.version, port, addresses };
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
      default:
        return this.#turnedAway(handed, io);
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
    if (outcome.kind === "reply") return encodeAll(rpcMessage, outcome.reply);
    this.refused.add(`${purpose}-udp-${outcome.kind === "silence" ? outcome.reason : "stream"}`);
    return undefined;
  }

  close(): void {
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
      return portmapperProgram(this.#mapped);
    }
    return ypProgram({ database: this.#database(), transport, note: (note) => this.requests.add(`yp-${transport}-${note}`) });
  }

  #database(): YpDatabase {
    const { domain, master } = this.#config ?? { domain: "", master: "" };
    const { snapshot } = this.#updates;
    if (snapshot !== undefined && this.#maps?.of !== snapshot) this.#maps = { of: snapshot, rows: ypMaps(domain, snapshot) };
    return { domain, master, maps: this.#maps?.rows };
  }

  #turnedAway({ purpose }: HandedConnection, io: StreamIo): StreamEvents {
    this.refused.add(`${purpose}-foreign-network`);
    io.close();
    return IGNORING;
  }
}
