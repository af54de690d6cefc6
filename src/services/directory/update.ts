/**
 * One update of the whole directory: every source is pulled once, what is believed is merged, and the result replaces the old one at
 * once or not at all. Entries that are late for their update are dropped by its number.
 */
import { Counters } from "../counters.ts";
import { Entropy } from "../../base/entropy.ts";
import { LIMITS } from "../../base/limits.ts";
import { after, type Instant, instant, NEVER, type WallClock, wallClock } from "../../base/time.ts";
import type { Alarm, Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import { Background } from "./background.ts";
import { type Fences, fencesOf } from "./check.ts";
import type { DirectoryConfig } from "./config.ts";
import { type ChangeCounts, countsOf, differenceOf, isEmpty } from "./difference.ts";
import type { Compared } from "./difference-rows.ts";
import { type EventsPort, News } from "./events.ts";
import type { EntryBatch } from "./gathering.ts";
import { HeldBack } from "./held-back.ts";
import { harvestsIn, servedOf, storedSource, storedSources } from "./merging.ts";
import { retrySeconds } from "./pace.ts";
import { harvestOf } from "./restore.ts";
import { type Good, type PullResult, Source } from "./source.ts";
import { type Snapshot, snapshotOf } from "./snapshot.ts";
import { decodeState, encodeState, type StoredSource } from "./snapshot-file.ts";
import type { Sliced } from "./sort.ts";

export type UpdatePorts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly fetcher: { readonly pull: (update: number, withinSeconds: number) => void };
  /** Durable in its own time; replaces what was saved before. */
  readonly store: { readonly save: (bytes: Uint8Array) => void };
  /** For hooks, and for whoever watches. */
  readonly events: EventsPort;
};
/** `loading`: what is on disk, or was served before the configuration changed, is checked and merged. */
export type UpdatePhase = "idle" | "loading" | "pulling" | "merging";

/** The last update that has ended; `change` where something is served that was not before. */
export type Ended = {
  readonly update: number;
  readonly outcome: "none" | "committed" | "held";
  readonly change: { readonly users: ChangeCounts; readonly groups: ChangeCounts } | undefined;
};
type Merged = { readonly compared: Compared | undefined; readonly snapshot: Snapshot; readonly file: Uint8Array | undefined };

/** What goes on under another configuration. */
export type Carried = {
  readonly update: number;
  readonly failures: number;
  readonly fetcherReady: boolean;
  /** What each source gave last. */
  readonly sources: readonly StoredSource[];
};

export class Updates {
  readonly #ports: UpdatePorts;
  readonly #background: Background;
  readonly #heldBack: HeldBack;
  readonly #news: News;
  readonly #alarm: Alarm;
  readonly dropped = new Counters();
  sources: readonly Source[] = [];
  snapshot: Snapshot | undefined;
  phase: UpdatePhase = "idle";
  /** Of the last update: empty, or why nothing was committed. */
  held = "";
  ended: Ended = { update: 0, outcome: "none", change: undefined };
  #config: DirectoryConfig | undefined;
  #fences: Fences | undefined;
  #update = 0;
  #failures = 0;
  #fetcherReady = false;
  #savedAt = 0;
  #alarmAt: Instant = NEVER;
  /** Somebody asked for an update while another one was under way, or could not begin. */
  #again = false;
  /** When a shrunken result counts as another one of the same: updates in between prove nothing. */
  #cycleAt: Instant = instant(0);

  constructor(ports: UpdatePorts) {
    this.#ports = ports;
    this.#background = new Background(ports.clock);
    this.#alarm = ports.clock.alarm(() => this.#due());
    this.#heldBack = new HeldBack(ports.clock);
    this.#news = new News(ports.events);
  }

  get update(): number {
    return this.#update;
  }

  /** When the next update begins, or the one under way must be over; undefined: nothing is planned. */
  get nextAt(): WallClock | undefined {
    const { clock } = this.#ports;
    return this.#alarmAt === NEVER ? undefined : wallClock(clock.wallClock() + (this.#alarmAt - clock.now()));
  }

  /** What the last update brought and is not served, against what is; undefined while one is under way. */
  get pending(): Compared | undefined {
    return this.#heldBack.compared;
  }

  /** What was served stays until it has passed the new configuration's checks. */
  configure(config: DirectoryConfig): void {
    this.resume(config, this.carried());
  }

  carried(): Carried {
    const sources = this.sources.flatMap(({ settings: { name }, good }) => (good === undefined ? [] : [storedSource(name, good)]));
    return { update: this.#update, failures: this.#failures, fetcherReady: this.#fetcherReady, sources };
  }

  resume(config: DirectoryConfig, { update, failures, fetcherReady, sources }: Carried): void {
    this.#update = update;
    this.#failures = failures;
    this.#fetcherReady = fetcherReady;
    this.#config = config;
    this.#savedAt = 0;
    this.#fences = fencesOf(config.idFences);
    this.sources = config.sources.slice(0, LIMITS.directorySources).map((settings) => new Source(settings, this.#ports.log));
    this.#load(sources, this.snapshot?.committedAt);
  }

  /** What was saved before this process began. Comes behind the configuration; later it is not news any more. */
  stored(bytes: Uint8Array): void {
    const domain = this.#config?.domain;
    if (domain === undefined || this.snapshot !== undefined) return;
    this.phase = "loading";
    this.#background.run(decodeState(bytes, domain), (state) => {
      if (state === undefined) this.#ports.log.write("warn", "storedDirectoryUnusable", { bytes: bytes.length });
      this.#load(state?.sources ?? [], state?.committedAt);
    });
  }

  /** The fetcher is there, with the same configuration: pulls at once. */
  fetcherReady(): void {
    this.#fetcherReady = true;
    if (this.phase === "pulling") this.#giveUp("fetcher restarted");
    if (this.phase === "idle") this.#begin();
  }

  fetcherLost(): void {
    this.#fetcherReady = false;
    if (this.phase === "pulling") this.#giveUp("fetcher lost");
  }

  /** Somebody asks for an update that begins now, or right behind the one under way. */
  refresh(): void {
    this.#again = true;
    if (this.phase === "idle") this.#begin();
  }

  /** What is suspicious of a source, or of any (""), is believed in the update that begins now. @returns false for a source that is not there */
  accept(name: string): boolean {
    const meant = this.sources.filter(({ settings }) => name === "" || settings.name === name);
    for (const source of meant) source.accept();
    if (meant.length > 0) this.refresh();
    return meant.length > 0;
  }

  entries(batch: EntryBatch): void {
    this.#awaited(batch)?.entries(batch);
  }

  pulled(result: PullResult): void {
    const source = this.#awaited(result);
    if (source === undefined) return;
    source.pulled(result);
    if (this.sources.every(({ state }) => state !== "pulling")) this.#conclude();
  }

  close(): void {
    this.#background.close();
    this.#heldBack.close();
    this.#alarm.close();
  }

  #awaited({ update, source: place }: { readonly update: number; readonly source: number }): Source | undefined {
    const source = this.sources[place];
    const reason = update !== this.#update || this.phase !== "pulling" ? "old-update" : source?.state !== "pulling" ? "not-awaited" : undefined;
    if (reason === undefined) return source;
    this.dropped.add(reason);
    return undefined;
  }

  #due(): void {
    if (this.phase === "pulling") this.#giveUp("not in time");
    else if (this.phase === "idle") this.#begin();
  }

  #begin(): void {
    const [config, fences] = [this.#config, this.#fences];
    if (config === undefined || fences === undefined || !this.#fetcherReady || this.sources.length === 0) return;
    const now = this.#ports.clock.now();
    const isCycle = now >= this.#cycleAt;
    if (isCycle) this.#cycleAt = after(now, config.intervalSeconds);
    this.#again = false;
    this.#heldBack.forget();
    this.#update++;
    this.phase = "pulling";
    for (const source of this.sources) source.begin(fences, isCycle);
    const withinSeconds = Math.min(Math.max(1, config.intervalSeconds), LIMITS.updateSeconds);
    this.#wakeAt(after(now, withinSeconds));
    this.#ports.fetcher.pull(this.#update, withinSeconds);
  }

  /** Whoever has not answered has failed. */
  #giveUp(reason: string): void {
    for (const source of this.sources) source.pulled({ ok: false, reason, users: 0, groups: 0, rejects: [] });
    this.#conclude();
  }

  #conclude(): void {
    const failed = this.sources.filter(({ fresh }) => fresh === undefined);
    const holding = failed.filter(({ settings }) => settings.onFailure === "hold");
    if (failed.length === this.sources.length || holding.length > 0) {
      const names = (holding.length > 0 ? holding : failed).map(({ settings }) => settings.name).join(", ");
      this.#ports.log.write("warn", "updateHeld", { update: this.#update, sources: names });
      return this.#rest(names);
    }
    const now = this.#ports.clock.wallClock();
    const goods = this.sources.map((source) => servedOf(source, now));
    this.phase = "merging";
    this.#wakeAt(NEVER);
    this.#background.run(this.#merged(goods, now), ({ snapshot, file, compared }) => {
      this.#commit(snapshot);
      for (const source of this.sources) source.committed(now);
      if (file !== undefined) this.#ports.store.save(file);
      if (file !== undefined) this.#savedAt = now;
      this.#rest("", compared);
    });
  }

  *#merged(goods: readonly (Good | undefined)[], now: WallClock): Sliced<Merged> {
    const before = this.snapshot;
    const snapshot = yield* snapshotOf(harvestsIn(goods), before, now);
    const changed = snapshot.usersChangedAt === now || snapshot.groupsChangedAt === now;
    const difference = changed && before !== undefined ? yield* differenceOf(before, snapshot) : undefined;
    const compared = before === undefined || difference === undefined || isEmpty(difference) ? undefined : { before, after: snapshot, difference };
    if (!changed && now - this.#savedAt < LIMITS.resaveSeconds * 1000) return { snapshot, file: undefined, compared };
    const file = yield* encodeState({ domain: this.#config?.domain ?? "", committedAt: now, sources: storedSources(this.sources, goods) });
    return { snapshot, file, compared };
  }

  #load(stored: readonly StoredSource[], committedAt = this.#ports.clock.wallClock()): void {
    const fences = this.#fences;
    if (fences === undefined) return;
    this.phase = "loading";
    this.#heldBack.forget();
    this.#wakeAt(NEVER);
    this.#background.run(this.#checked(stored, fences, committedAt), ({ goods, snapshot }) => {
      for (const [place, source] of this.sources.entries()) source.good = goods[place];
      if (snapshot !== undefined) this.#commit(snapshot);
      this.phase = "idle";
      this.#begin();
    });
  }

  *#checked(stored: readonly StoredSource[], fences: Fences, at: WallClock): Sliced<{ goods: (Good | undefined)[]; snapshot: Snapshot | undefined }> {
    const goods: (Good | undefined)[] = [];
    for (const { settings } of this.sources) {
      const mine = stored.find(({ name }) => name === settings.name);
      const harvest = mine === undefined ? undefined : yield* harvestOf(mine, fences);
      goods.push(mine === undefined || harvest === undefined ? undefined : { harvest, pulledAt: mine.pulledAt });
    }
    const harvests = harvestsIn(goods);
    return { goods, snapshot: harvests.length === 0 ? undefined : yield* snapshotOf(harvests, this.snapshot, at) };
  }

  #wakeAt(at: Instant): void {
    this.#alarmAt = at;
    this.#alarm.set(at);
  }

  #commit(snapshot: Snapshot): void {
    this.snapshot = snapshot;
    const { users, groups } = snapshot;
    this.#ports.log.write("info", "directoryCommitted", { update: this.#update, users: users.count, groups: groups.count });
  }

  /** @param compared what is served now against what was; undefined: nothing is another one */
  #rest(names: string, compared?: Compared): void {
    this.held = names;
    this.phase = "idle";
    const change = compared === undefined ? undefined : { users: countsOf(compared.difference.users), groups: countsOf(compared.difference.groups) };
    this.ended = { update: this.#update, outcome: names === "" ? "committed" : "held", change };
    const where = { domain: this.#config?.domain ?? "", update: this.#update, at: this.#ports.clock.wallClock() };
    this.#news.ended(where, { compared, sources: this.sources });
    if (this.#again) return this.#begin();
    if (this.snapshot !== undefined) this.#heldBack.compare(this.sources, this.snapshot);
    const interval = this.#config?.intervalSeconds ?? 0;
    const failed = this.sources.some(({ state }) => state === "failed");
    const { clock } = this.#ports;
    const retry = retrySeconds(this.#failures, new Entropy(clock.entropy()));
    this.#failures = failed ? this.#failures + 1 : 0;
    this.#wakeAt(after(clock.now(), failed ? Math.min(interval, retry) : interval));
  }
}
