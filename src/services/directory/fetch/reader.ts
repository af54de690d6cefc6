/**
 * One source over many updates: which of its servers is asked, what is left unread because nothing has changed, and what is told as it
 * changes. What was told counts only while the receiver still has it: it says so with each pull.
 */
import { Entropy } from "../../../base/entropy.ts";
import { after, type Instant, instant, NEVER } from "../../../base/time.ts";
import type { Failure } from "../../../machines/ldap-session/state.ts";
import type { Alarm } from "../../../ports/clock.ts";
import type { FetcherConfig, ServerConfig, SourceConfig } from "../config.ts";
import { Attempt, type AttemptEnd } from "./attempt.ts";
import { describeFailure } from "./failures.ts";
import { type Changes, Live } from "./live.ts";
import type { Held, PullerPorts } from "./puller.ts";
import { Reading } from "./reading.ts";
import { fromRecords, isServersFault, Servers } from "./servers.ts";
import { problemOf, sessionOf } from "./sessions.ts";

/** For a change that others hang on everything is read again, but not more often than this. */
const AGAIN_SECONDS = 5;
const NOTHING_READ = { users: 0, groups: 0 } as const;

type Pull = {
  readonly update: number;
  readonly endsAt: Instant;
  readonly held: Held;
  servers: readonly ServerConfig[];
  readonly failures: string[];
};
/** What the receiver has once it has done what was told. */
type Told = { readonly update: number; change: number; readonly mark: string; readonly wholeUntil: Instant };
type Current = { readonly attempt: Attempt; readonly reading: Reading; readonly live: Live | undefined };

export class Reader {
  readonly #ports: PullerPorts;
  readonly #config: FetcherConfig;
  readonly #source: SourceConfig;
  readonly #index: number;
  readonly #servers = new Servers();
  readonly #again: Alarm;
  #pull: Pull | undefined;
  #current: Current | undefined;
  #told: Told | undefined;
  /** The session stays: it has told everything, and tells of changes. */
  #isLive = false;
  #readAt: Instant = instant(0);
  #paused = false;

  constructor(ports: PullerPorts, config: FetcherConfig, { index, source }: { readonly index: number; readonly source: SourceConfig }) {
    this.#ports = ports;
    this.#config = config;
    this.#index = index;
    this.#source = source;
    this.#again = ports.clock.alarm(() => ports.output.stale?.({ source: index }));
  }

  pull(update: number, endsAt: Instant, held: Held): void {
    this.#again.set(NEVER);
    const pull: Pull = { update, endsAt, held, servers: [], failures: [] };
    this.#pull = pull;
    if (this.#isLive && this.#known !== undefined) return this.#current?.attempt.verify();
    this.#leave();
    const problem = problemOf(this.#source);
    if (problem !== undefined) return this.#end(problem, NOTHING_READ);
    this.#find((found) => {
      if (this.#pull !== pull) return;
      pull.servers = this.#servers.inOrder([...this.#source.servers, ...found], this.#ports.clock.now());
      this.#next();
    });
  }

  /** The update under way counts no more. A session that stays is not given up for that. */
  supersede(): void {
    if (this.#pull === undefined) return;
    const counts = this.#isLive ? NOTHING_READ : (this.#current?.reading.counts ?? NOTHING_READ);
    if (!this.#isLive) this.#leave();
    this.#end("superseded", counts, this.#current?.reading);
  }

  close(): void {
    this.supersede();
    this.#leave();
    this.#again.close();
  }

  pause(): void {
    this.#paused = true;
    this.#current?.attempt.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#current?.attempt.resume();
  }

  /** What was told, while the receiver has just that and it is not too old to go without another look. */
  get #known(): Told | undefined {
    const [told, held] = [this.#told, this.#pull?.held];
    if (told === undefined || held === undefined || held.update !== told.update || held.change !== told.change) return undefined;
    return this.#ports.clock.now() < told.wholeUntil ? told : undefined;
  }

  #leave(): void {
    this.#current?.attempt.abandon();
    this.#current = undefined;
    this.#isLive = false;
  }

  /** Servers that DNS names. */
  #find(found: (servers: readonly ServerConfig[]) => void): void {
    const { srv, transport } = this.#source;
    const { clock, names } = this.#ports;
    if (srv === "" || names === undefined) return found([]);
    const service = `${transport === "ldaps" ? "_ldaps" : "_ldap"}._tcp.${srv}`;
    const pull = this.#pull;
    names.records(service, this.#config.resolvers, (answer) => {
      if (typeof answer === "string") pull?.failures.push(`resolve (${service}: ${answer})`);
      found(typeof answer === "string" ? [] : fromRecords(answer, srv, new Entropy(clock.entropy())));
    });
  }

  /** The next server that was not asked yet. */
  #next(): void {
    const pull = this.#pull;
    const [server, ...others] = pull?.servers ?? [];
    if (pull === undefined) return;
    if (server === undefined) return this.#end(pull.failures.at(-1) ?? "resolve (no server is known)", NOTHING_READ);
    pull.servers = others;
    const session = sessionOf(this.#source, { endsAt: pull.endsAt, knownMark: this.#known?.mark ?? "" });
    if (session === undefined) return this.#end("bad-filter", NOTHING_READ);
    const { output, log, clock, streams } = this.#ports;
    const where = { update: pull.update, source: this.#index };
    const reading = new Reading(this.#source, this.#config, { log, send: (batch) => output.entries({ ...where, ...batch }) });
    const live = session.sync ? new Live(reading, { changes: (changes) => this.#change(changes), stale: () => this.#stale() }) : undefined;
    const attempt = new Attempt({
      clock,
      streams,
      source: this.#source,
      resolvers: this.#config.resolvers,
      server,
      session,
      reading,
      kept:
        live === undefined
          ? undefined
          : {
              learn: ([search, entry, uuid], name) => live.learn(search, uuid, entry.name, name),
              changed: (search, entry, uuid) => live.changed(search, entry, uuid),
              gone: (search, uuids) => live.gone(search, uuids),
              settled: () => live.flush(),
              refreshed: () => this.#refreshed(server, reading, live),
              verified: () => this.#verified(),
            },
      ended: (end) => this.#ended(server, reading, end),
    });
    this.#current = { attempt, reading, live };
    if (this.#paused) attempt.pause();
  }

  #ended(server: ServerConfig, reading: Reading, end: AttemptEnd): void {
    const { clock, log } = this.#ports;
    const wasLive = this.#isLive;
    this.#current = undefined;
    this.#isLive = false;
    if (end.kind === "failed") {
      if (isServersFault(end.failure)) this.#servers.failed(server, clock.now());
      if (wasLive) log.write("warn", "changesLost", { source: this.#source.name, reason: describeFailure(end.failure) });
      return wasLive ? this.#lost() : this.#failed(server, reading, end.failure);
    }
    if (end.kind === "refused") return this.#end(end.reason, reading.counts, reading);
    this.#servers.worked(server);
    if (this.#source.refresh === "sync") log.write("info", "changesNotTold", { source: this.#source.name, server: server.host });
    if (end.kind === "unchanged") return this.#unchanged();
    this.#whole(reading, end.mark, false);
  }

  #failed(server: ServerConfig, reading: Reading, failure: Failure): void {
    const pull = this.#pull;
    const several = this.#source.servers.length > 1 || this.#source.srv !== "";
    const reason = describeFailure(failure);
    pull?.failures.push(several ? `${server.host}: ${reason}` : reason);
    // What has left cannot be taken back in this update: the next one begins elsewhere.
    if (pull !== undefined && isServersFault(failure) && !reading.sent && pull.servers.length > 0) {
      this.#ports.log.write("info", "serverFailed", { source: this.#source.name, server: server.host, reason });
      return this.#next();
    }
    this.#end(pull?.failures.at(-1) ?? reason, reading.counts, reading, failure);
  }

  /** A session that told of changes is gone: another one is looked for now, not at the next update. */
  #lost(): void {
    this.#told = undefined;
    const pull = this.#pull;
    if (pull === undefined) return this.#stale();
    this.pull(pull.update, pull.endsAt, pull.held);
  }

  #refreshed(server: ServerConfig, reading: Reading, live: Live): void {
    this.#servers.worked(server);
    const problem = reading.finish();
    if (problem !== "") {
      this.#leave();
      return this.#end(problem, reading.counts, reading);
    }
    this.#isLive = true;
    this.#whole(reading, "", true);
    live.begin();
  }

  #verified(): void {
    if (this.#pull === undefined) return;
    if (this.#known === undefined) return this.pull(this.#pull.update, this.#pull.endsAt, this.#pull.held);
    this.#unchanged();
  }

  #whole(reading: Reading, mark: string, live: boolean): void {
    const now = this.#ports.clock.now();
    this.#readAt = now;
    this.#told = { update: this.#pull?.update ?? 0, change: 0, mark, wholeUntil: after(now, this.#source.reconcileSeconds) };
    this.#end("", reading.counts, reading, undefined, live);
  }

  /** What the receiver has is all there is; it is told under which update it has it. */
  #unchanged(): void {
    const pull = this.#pull;
    this.#pull = undefined;
    if (pull === undefined) return;
    const { output } = this.#ports;
    output.pulled({
      ...NOTHING_READ,
      update: pull.update,
      source: this.#index,
      ok: true,
      unchanged: true,
      live: this.#isLive,
      reason: "",
      failure: undefined,
      rejects: [],
    });
  }

  #change(changes: Changes): void {
    const told = this.#told;
    if (told === undefined || !this.#isLive) return;
    told.change++;
    this.#ports.output.changes?.({ ...changes, update: told.update, change: told.change, source: this.#index });
  }

  /** What a change means for other entries is found out by reading everything. */
  #stale(): void {
    this.#told = undefined;
    this.#again.set(after(this.#readAt, AGAIN_SECONDS));
  }

  #end(reason: string, counts: { readonly users: number; readonly groups: number }, reading?: Reading, failure?: Failure, live = false): void {
    const pull = this.#pull;
    this.#pull = undefined;
    if (pull === undefined) return;
    const { output, log } = this.#ports;
    const ok = reason === "";
    if (!ok) log.write("warn", "pullFailed", { source: this.#source.name, update: pull.update, reason });
    const rejects = reading?.rejects.table() ?? [];
    output.pulled({ update: pull.update, source: this.#index, ok, unchanged: false, live, reason, failure, ...counts, rejects });
  }
}
