/** What is answered to whom: requests of YP, the portmapper and userdb, by the configuration and the snapshot in force. */
import { encodeAll } from "../../base/codec.ts";
import { type Ipv4Address, parseIpv4 } from "../../base/ipv4.ts";
import { type Ipv6Address, parseIpv6 } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Instant } from "../../base/time.ts";
import type { YpDatabase, YpMapRows } from "../../machines/yp/database.ts";
import { portmapperProgram } from "../../machines/yp/portmapper.ts";
import type { RpcProgram, Transport } from "../../machines/yp/program.ts";
import { answerRpc, recordPieces } from "../../machines/yp/rpc.ts";
import { ypProgram } from "../../machines/yp/yp.ts";
import type { ReceivedDatagram } from "../../ports/datagrams.ts";
import { rpcMessage } from "../../wire/rpc/message.ts";
import { YP } from "../../wire/rpc/yp.ts";
import { Counters } from "../counters.ts";
import { type Access, accessOf, isLoopback, mayAsk } from "./access.ts";
import { accountsOf } from "./accounts.ts";
import { Allowance } from "./allowance.ts";
import type { DirectoryConfig } from "./config.ts";
import { ypMaps } from "./maps.ts";
import type { Snapshot } from "./snapshot.ts";
import { userdbAnswer } from "./userdb.ts";

export type RpcPurpose = "yp" | "portmapper";
export type AskedDatagram = Pick<ReceivedDatagram, "from" | "payload">;

export class Outlets {
  readonly requests = new Counters();
  readonly refused = new Counters();
  readonly #snapshot: () => Snapshot | undefined;
  #config: DirectoryConfig | undefined;
  #access: Access = accessOf([]);
  #port = 0;
  #allowance = new Allowance();
  #maps: { readonly of: Snapshot; readonly rows: ReadonlyMap<string, YpMapRows> } | undefined;

  constructor(snapshot: () => Snapshot | undefined) {
    this.#snapshot = snapshot;
  }

  configure(config: DirectoryConfig): void {
    this.#config = config;
    this.#access = accessOf(config.yp?.allow ?? []);
    this.#maps = undefined;
  }

  /** The port of YP; 0: there is none. */
  listening(port: number): void {
    this.#port = port;
  }

  /** Nobody has had any answers yet. */
  restart(): void {
    this.#allowance = new Allowance();
  }

  mayAsk(peer: string): boolean {
    return mayAsk(this.#access, peer);
  }

  /** Where YP is bound. */
  get addresses(): readonly (Ipv4Address | Ipv6Address)[] {
    return (this.#config?.yp?.listen ?? []).flatMap((text) => parseIpv4(text) ?? parseIpv6(text) ?? []);
  }

  /** @returns the answer, or undefined for silence */
  datagram(purpose: RpcPurpose, { from, payload }: AskedDatagram, now: Instant): Uint8Array | undefined {
    if (!this.mayAsk(from)) return this.#refuse(`${purpose}-udp-foreign-network`);
    if (payload.length > LIMITS.rpcRequestBytes) return this.#refuse(`${purpose}-udp-too-long`);
    const outcome = answerRpc(payload, [this.#program(purpose, "udp")]);
    const answer = outcome.kind === "reply" ? encodeAll(rpcMessage, outcome.reply) : undefined;
    if (answer === undefined) return this.#refuse(`${purpose}-udp-${outcome.kind === "silence" ? outcome.reason : "stream"}`);
    const tooMuch = !isLoopback(from) && !this.#allowance.take(from, answer.length, now);
    return tooMuch ? this.#refuse(`${purpose}-udp-over-allowance`) : answer;
  }

  /** One record of a connection. @returns pieces of the answer, none for silence; undefined: the connection must end */
  record(purpose: RpcPurpose, request: Uint8Array): Iterable<Uint8Array> | undefined {
    const outcome = answerRpc(request, [this.#program(purpose, "tcp")]);
    if (outcome.kind !== "silence") return recordPieces(outcome);
    this.refused.add(`${purpose}-tcp-${outcome.reason}`);
    return outcome.reason === "foreign-domain" || outcome.reason === "not-ready" ? [] : undefined;
  }

  varlink(request: Uint8Array): Iterable<Uint8Array> {
    const { service, enumerate } = this.#config?.userdb ?? { service: "", enumerate: false };
    const snapshot = this.#config?.userdb === undefined ? undefined : this.#snapshot();
    const accounts = snapshot === undefined ? undefined : accountsOf(snapshot);
    return userdbAnswer(request, { accounts, service, enumerate, note: (note) => this.requests.add(`userdb-${note}`) });
  }

  #refuse(reason: string): undefined {
    this.refused.add(reason);
  }

  #program(purpose: RpcPurpose, transport: Transport): RpcProgram {
    if (purpose === "portmapper") {
      this.requests.add("portmapper");
      return portmapperProgram(this.#port === 0 ? undefined : { ...YP, port: this.#port, addresses: this.addresses });
    }
    return ypProgram({ database: this.#database(), transport, note: (note) => this.requests.add(`yp-${transport}-${note}`) });
  }

  #database(): YpDatabase {
    const { domain, master } = this.#config ?? { domain: "", master: "" };
    const snapshot = this.#snapshot();
    if (snapshot !== undefined && this.#maps?.of !== snapshot) this.#maps = { of: snapshot, rows: ypMaps(domain, snapshot) };
    return { domain, master, maps: this.#maps?.rows };
  }
}
