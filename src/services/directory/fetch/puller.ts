/**
 * Reads all directories of one update: each exactly once, all at the same time, none waiting for another. What a source gave
 * counts only when `pulled` says that it was everything; the receiver throws away the entries of a source that failed.
 */
import { LIMITS } from "../../../base/limits.ts";
import { after, type Instant } from "../../../base/time.ts";
import type { Failure, Outcome, SessionConfig, SessionSearch } from "../../../machines/ldap-session/state.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Log } from "../../../ports/log.ts";
import type { StreamTarget, TlsStreams } from "../../../ports/tls-streams.ts";
import { type ParsedFilter, parseFilter } from "../../../wire/ldap/filter-text.ts";
import type { FetcherConfig, GroupField, SearchConfig, SourceConfig, UserField } from "../config.ts";
import { type Batch, Batches } from "./batches.ts";
import { Conversation } from "./conversation.ts";
import { describeFailure } from "./failures.ts";
import { attributesOf, Mapping } from "./mapping.ts";
import { type RejectCount, Rejects } from "./rejects.ts";

/** What came of one source; `users` and `groups` are how many entries were sent. */
export type Pulled = {
  readonly update: number;
  /** Its place in the configuration. */
  readonly source: number;
  readonly ok: boolean;
  /** Empty, or why it failed, for an operator. */
  readonly reason: string;
  readonly failure: Failure | undefined;
  readonly users: number;
  readonly groups: number;
  readonly rejects: readonly RejectCount[];
};
export interface PullOutput {
  entries(batch: Batch & { readonly update: number; readonly source: number }): void;
  /** Once for each source of each update. */
  pulled(result: Pulled): void;
}
export type PullerPorts = { readonly clock: Clock; readonly streams: TlsStreams; readonly output: PullOutput; readonly log: Log };

type Pull = { readonly conversation: Conversation; readonly supersede: () => void };

export class Puller {
  readonly #ports: PullerPorts;
  readonly #running = new Map<number, Pull>();
  #config: FetcherConfig | undefined;
  #update = 0;
  #paused = false;

  constructor(ports: PullerPorts) {
    this.#ports = ports;
  }

  /** What is under way goes by the old configuration, and is given up. */
  configure(config: FetcherConfig): void {
    this.#supersede();
    this.#config = config;
  }

  /** Begins an update; one that is still under way is given up. @returns how many sources will answer */
  pull(update: number, withinSeconds: number = LIMITS.pullSeconds): number {
    this.#supersede();
    this.#update = update;
    const endsAt = after(this.#ports.clock.now(), Math.min(withinSeconds, LIMITS.pullSeconds));
    const sources = this.#config?.sources ?? [];
    for (const [index, source] of sources.entries()) this.#begin(index, source, endsAt);
    return sources.length;
  }

  /** The receiver cannot take more: servers wait. */
  pause(): void {
    this.#paused = true;
    for (const { conversation } of this.#running.values()) conversation.pause();
  }

  resume(): void {
    this.#paused = false;
    for (const { conversation } of this.#running.values()) conversation.resume();
  }

  get paused(): boolean {
    return this.#paused;
  }

  #supersede(): void {
    for (const pull of [...this.#running.values()]) pull.supersede();
    this.#running.clear();
  }

  #begin(index: number, source: SourceConfig, endsAt: Instant): void {
    const { output, log, clock, streams } = this.#ports;
    const update = this.#update;
    const config = this.#config;
    const session = sessionOf(source, endsAt);
    const rejects = new Rejects(log, source.name);
    const counts = { users: 0, groups: 0 };
    const tell = (outcome: Outcome | string): void => {
      const failure = typeof outcome !== "string" && !outcome.ok ? outcome.failure : undefined;
      const reason = typeof outcome === "string" ? outcome : failure === undefined ? "" : describeFailure(failure);
      const ok = reason === "";
      if (!ok) log.write("warn", "pullFailed", { source: source.name, update, reason });
      output.pulled({ update, source: index, ok, reason, failure, ...counts, rejects: rejects.table() });
    };
    if (config === undefined || typeof session === "string") return tell(typeof session === "string" ? session : "unconfigured");
    const mapping = new Mapping(source.users, source.groups, config.idFences);
    const batches = new Batches((batch) => output.entries({ update, source: index, ...batch }));
    const conversation = new Conversation({
      clock,
      streams,
      target: targetOf(source, config.resolvers),
      session,
      bindPassword: source.bindPassword,
      entry: (search, entry) => {
        const mapped = search === "users" ? mapping.user(entry) : mapping.group(entry);
        if (!mapped.ok) return rejects.add(search, entry.name, mapped.rejected);
        counts[search]++;
        if ("uid" in mapped.entry) return batches.user(mapped.entry);
        const { unknown, ...group } = mapped.entry;
        rejects.unknownMembers(unknown);
        batches.group(group);
      },
      reference: (search) => rejects.reference(search),
      finished: (outcome) => {
        this.#running.delete(index);
        if (outcome.ok) batches.flush();
        tell(outcome);
      },
    });
    if (this.#paused) conversation.pause();
    const supersede = (): void => {
      conversation.abandon();
      tell("superseded");
    };
    this.#running.set(index, { conversation, supersede });
  }
}

/** @returns or why this source cannot even be asked */
function sessionOf(source: SourceConfig, endsAt: Instant): SessionConfig | string {
  // A name without a password is not a wrong one: servers take it for nobody, and show what anybody may see (RFC 4513 §5.1.2).
  if (source.bindDn !== "" && source.bindPassword === "") return "no-password: a bind name without a password reads as nobody";
  const [users, groups] = [searchOf(source.users), searchOf(source.groups)];
  if (users === undefined || groups === undefined) return "bad-filter";
  return { transport: source.transport, bindDn: source.bindDn, pageSize: source.pageSize, searches: { users, groups }, endsAt };
}

function searchOf(search: SearchConfig<UserField> | SearchConfig<GroupField>): SessionSearch | undefined {
  const parsed: ParsedFilter = parseFilter(search.filter);
  return parsed.ok ? { base: search.base, scope: search.scope, filter: parsed.filter, attributes: attributesOf(search) } : undefined;
}

function targetOf({ servers, trustedPem }: SourceConfig, resolvers: readonly string[]): StreamTarget {
  const [server = { host: "", address: undefined, port: 0 }] = servers;
  return { ...server, trustedPem, resolvers };
}
