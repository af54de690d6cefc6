/** What is answered to whom: requests of YP, the portmapper and userdb, by the configuration and the snapshot in force. */
import { encodeAll } from "../../base/codec.ts";
import { type Ipv4Address, parseIpv4 } from "../../base/ipv4.ts";
import { type Ipv6Address, parseIpv6 } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Instant } from "../../base/time.ts";
import type { YpDatabase, YpMapRows } from "../../machines/yp/database.ts";
import { portmapperProgram } from "../../machines/yp/portmapper.ts";
import type { RpcProgram, Transport } from "../../machines/yp/program.ts";
import { answerRpc, type RpcOutcome, recordPieces } from "../../machines/yp/rpc.ts";
import { ypProgram } from "../../machines/yp/yp.ts";
import type { ReceivedDatagram } from "../../ports/datagrams.ts";
import type { RpcPurpose } from "../../ports/streams.ts";
import { rpcMessage } from "../../wire/rpc/message.ts";
import { YP } from "../../wire/rpc/yp.ts";
import { Counters } from "../counters.ts";
import { type Access, accessOf, type Caller, isLoopback, MapRules, mayAsk } from "./access.ts";
import { accountsOf } from "./accounts.ts";
import { Allowance } from "./allowance.ts";
import type { DirectoryConfig } from "./config.ts";
import { ypMaps } from "./maps.ts";
import type { Snapshot } from "./snapshot.ts";
import { userdbAnswer } from "./userdb.ts";

/** What a refusal is told as. The call itself was understood: RFC 5531 §9 has an answer for each. */
const TOLD = {
  rpcMismatch: "wrong-rpc-version",
  authError: "unknown-credential",
  programUnavailable: "unknown-program",
  programMismatch: "unknown-version",
  procedureUnavailable: "unknown-procedure",
  garbageArguments: "bad-arguments",
  systemError: "failed",
} as const;
/** Why a request was refused, with one of the answers of RFC 5531 §9 or in silence. Outlet and transport stand in front. */
export const REQUEST_REFUSALS = [
  "foreign-network",
  "too-long",
  "over-allowance",
  "malformed",
  "not-a-call",
  "foreign-domain",
  "not-ready",
  ...Object.values(TOLD),
] as const;
type RequestRefusal = (typeof REQUEST_REFUSALS)[number];

export type { RpcPurpose };
export type AskedDatagram = Pick<ReceivedDatagram, "from" | "port" | "payload">;

type Judged = { readonly peer: string; readonly mayAsk: boolean; readonly isLoopback: boolean };

export class Outlets {
  readonly requests = new Counters();
  readonly refused = new Counters();
  readonly #snapshot: () => Snapshot | undefined;
  #config: DirectoryConfig | undefined;
  #access: Access = accessOf([]);
  #rules = new MapRules([]);
  #last: Judged | undefined;
  #port = 0;
  #allowance = new Allowance();
  #maps: { readonly of: Snapshot; readonly rows: ReadonlyMap<string, YpMapRows>; readonly areAlike: boolean } | undefined;

  constructor(snapshot: () => Snapshot | undefined) {
    this.#snapshot = snapshot;
  }

  configure(config: DirectoryConfig): void {
    this.#config = config;
    this.#access = accessOf(config.yp?.allow ?? []);
    this.#last = undefined;
    this.#rules = new MapRules(config.yp?.rules ?? []);
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
    return this.#judged(peer).mayAsk;
  }

  /** Who asked last is who asks next: an address is not taken apart for each question. */
  #judged(peer: string): Judged {
    if (this.#last?.peer !== peer) this.#last = { peer, mayAsk: mayAsk(this.#access, peer), isLoopback: isLoopback(peer) };
    return this.#last;
  }

  /** Where YP is bound. */
  get addresses(): readonly (Ipv4Address | Ipv6Address)[] {
    return (this.#config?.yp?.listen ?? []).flatMap((text) => parseIpv4(text) ?? parseIpv6(text) ?? []);
  }

  /** @returns the answer, or undefined for silence */
  datagram(purpose: RpcPurpose, { from, port, payload }: AskedDatagram, now: Instant): Uint8Array | undefined {
    if (!this.mayAsk(from)) return this.#refuse(purpose, "udp", "foreign-network");
    if (payload.length > LIMITS.rpcRequestBytes) return this.#refuse(purpose, "udp", "too-long");
    const outcome = this.#answer(purpose, payload, { transport: "udp", caller: { peer: from, port } });
    if (outcome.kind !== "reply") return undefined; // what comes in pieces is for connections only
    const answer = encodeAll(rpcMessage, outcome.reply);
    const tooMuch = !this.#judged(from).isLoopback && !this.#allowance.take(from, answer.length, now);
    return tooMuch ? this.#refuse(purpose, "udp", "over-allowance") : answer;
  }

  /** One record of a connection. @returns pieces of the answer, none for silence; undefined: the connection must end */
  record(purpose: RpcPurpose, request: Uint8Array, caller: Caller): Iterable<Uint8Array> | undefined {
    const outcome = this.#answer(purpose, request, { transport: "tcp", caller });
    if (outcome.kind !== "silence") return recordPieces(outcome);
    return outcome.reason === "foreign-domain" || outcome.reason === "not-ready" ? [] : undefined;
  }

  /** @param caller the uid at the other end, as the kernel says */
  varlink(request: Uint8Array, caller: number | undefined): Iterable<Uint8Array> {
    const { service, enumerate } = this.#config?.userdb ?? { service: "", enumerate: false };
    const snapshot = this.#config?.userdb === undefined ? undefined : this.#snapshot();
    const accounts = snapshot === undefined ? undefined : accountsOf(snapshot);
    return userdbAnswer(request, { accounts, service, enumerate, caller, note: (note) => this.requests.add(`userdb-${note}`) });
  }

  #answer(purpose: RpcPurpose, request: Uint8Array, { transport, caller }: { readonly transport: Transport; readonly caller: Caller }): RpcOutcome {
    const outcome = answerRpc(request, [this.#program(purpose, transport, caller)]);
    if (outcome.kind === "silence") this.#refuse(purpose, transport, outcome.reason);
    if (outcome.kind === "reply" && outcome.reply.kind !== "success") this.#refuse(purpose, transport, TOLD[outcome.reply.kind]);
    return outcome;
  }

  #refuse(purpose: RpcPurpose, transport: Transport, reason: RequestRefusal): undefined {
    this.refused.add(`${purpose}-${transport}-${reason}`);
  }

  #program(purpose: RpcPurpose, transport: Transport, caller: Caller): RpcProgram {
    if (purpose === "portmapper") {
      this.requests.add("portmapper");
      return portmapperProgram(this.#port === 0 ? undefined : { ...YP, port: this.#port, addresses: this.addresses });
    }
    return ypProgram({ database: this.#database(caller), transport, note: (note) => this.requests.add(`yp-${transport}-${note}`) });
  }

  /** A map that a caller may not read is one that is not there: who probes learns nothing. */
  #database(caller: Caller): YpDatabase {
    const { domain, master } = this.#config ?? { domain: "", master: "" };
    const snapshot = this.#snapshot();
    if (snapshot === undefined) return { domain, master, maps: undefined };
    if (this.#maps?.of !== snapshot) {
      const rows = ypMaps({ domain, master, wanted: this.#config?.yp?.maps ?? [] }, snapshot);
      this.#maps = { of: snapshot, rows, areAlike: this.#rules.areAlike(rows.keys()) };
    }
    const { rows, areAlike } = this.#maps;
    return { domain, master, maps: areAlike ? rows : new Map([...rows].filter(([map]) => this.#rules.mayRead(map, caller))) };
  }
}
