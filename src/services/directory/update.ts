/**
 * One update of the whole directory: every source is pulled once, what is believed is merged, and the result replaces the old one at
 * once or not at all. Entries that are late for their update are dropped by its number.
 */
import { Counters } from "../counters.ts";
import { Entropy } from "../../base/entropy.ts";
import { LIMITS } from "../../base/limits.ts";
import { after, type Instant, NEVER, type WallClock, wallClock } from "../../base/time.ts";
import type { Alarm, Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import { Background } from "./background.ts";
import { type Fences, fencesOf } from "./check.ts";
import type { DirectoryConfig } from "./config.ts";
import type { EntryBatch } from "./gathering.ts";
import { harvestOf } from "./restore.ts";
import { type Good, type PullResult, Source } from "./source.ts";
import { type Harvest, type Snapshot, snapshotOf } from "./snapshot.ts";
import { decodeState, encodeState, type StoredSource, storedLines } from "./snapshot-file.ts";
import type { Sliced } from "./sort.ts";

export type UpdatePorts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly fetcher: { readonly pull: (update: number, withinSeconds: number) => void };
  /** Durable in its own time; replaces what was saved before. */
  readonly store: { readonly save: (bytes: Uint8Array) => void };
};
/** `loading`: what is on disk, or was served before the configuration changed, is checked and merged. */
export type UpdatePhase = "idle" | "loading" | "pulling" | "merging";

/** What goes on under another configuration. */
export type Carried = {
  readonly update: number;
  readonly failures: number;
  readonly fetcherReady: boolean;
  /** What each source gave last. */
  readonly sources: readonly StoredSource[];
};

/** Failed updates: the next one begins after 5 s, 10 s, 20 s ... but never later than after the interval. */
const FIRST_RETRY_SECONDS = 5;
const MOST_DOUBLINGS = 20;
const JITTER = 0.2;

export class Updates {
  readonly #ports: UpdatePorts;
  readonly #background: Background;
  readonly #alarm: Alarm;
  readonly dropped = new Counters();
  sources: readonly Source[] = [];
  snapshot: Snapshot | undefined;
  phase: UpdatePhase = "idle";
  /** Of the last update: empty, or why nothing was committed. */
  held = "";
  #config: DirectoryConfig | undefined;
  #fences: Fences | undefined;
  #update = 0;
  #failures = 0;
  #fetcherReady = false;
  #savedAt = 0;
  #alarmAt: Instant = NEVER;

  constructor(ports: UpdatePorts) {
    this.#ports = ports;
    this.#background = new Background(ports.clock);
    this.#alarm = ports.clock.alarm(() => this.#due());
  }

  get update(): number {
    return this.#update;
  }

  /** When the next update begins, or the one under way must be over; undefined: nothing is planned. */
  get nextAt(): WallClock | undefined {
    const { clock } = this.#ports;
    return this.#alarmAt === NEVER ? undefined : wallClock(clock.wallClock() + (this.#alarmAt - clock.now()));
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

  /** Somebody asks for an update now. */
  refresh(): void {
    if (this.phase === "idle") this.#begin();
  }

  /** What is suspicious of a source is believed at the next pull, which is begun. @returns false for a source that is not there */
  accept(name: string): boolean {
    const source = this.sources.find(({ settings }) => settings.name === name);
    source?.accept();
    this.refresh();
    return source !== undefined;
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
    this.#update++;
    this.phase = "pulling";
    for (const source of this.sources) source.begin(fences);
    const withinSeconds = Math.min(Math.max(1, config.intervalSeconds), LIMITS.updateSeconds);
    this.#wakeAt(after(this.#ports.clock.now(), withinSeconds));
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
    this.#background.run(this.#merged(goods, now), ({ snapshot, file }) => {
      this.#commit(snapshot);
      for (const source of this.sources) source.committed(now);
      if (file !== undefined) this.#ports.store.save(file);
      if (file !== undefined) this.#savedAt = now;
      this.#rest("");
    });
  }

  *#merged(goods: readonly (Good | undefined)[], now: WallClock): Sliced<{ readonly snapshot: Snapshot; readonly file: Uint8Array | undefined }> {
    const snapshot = yield* snapshotOf(harvestsIn(goods), this.snapshot, now);
    const changed = snapshot.usersChangedAt === now || snapshot.groupsChangedAt === now;
    if (!changed && now - this.#savedAt < LIMITS.resaveSeconds * 1000) return { snapshot, file: undefined };
    const sources = this.sources.flatMap(({ settings }, place) => {
      const good = goods[place];
      return good === undefined ? [] : [storedSource(settings.name, good)];
    });
    const file = yield* encodeState({ domain: this.#config?.domain ?? "", committedAt: now, sources });
    return { snapshot, file };
  }

  #load(stored: readonly StoredSource[], committedAt = this.#ports.clock.wallClock()): void {
    const fences = this.#fences;
    if (fences === undefined) return;
    this.phase = "loading";
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

  #rest(held: string): void {
    this.held = held;
    this.phase = "idle";
    const interval = this.#config?.intervalSeconds ?? 0;
    const sound = this.sources.every(({ state }) => state === "ok");
    const { clock } = this.#ports;
    const retry = FIRST_RETRY_SECONDS * 2 ** Math.min(this.#failures, MOST_DOUBLINGS) * new Entropy(clock.entropy()).between(1 - JITTER, 1 + JITTER);
    this.#failures = sound ? 0 : this.#failures + 1;
    this.#wakeAt(after(clock.now(), sound ? interval : Math.min(interval, retry)));
  }
}

/** What is served of a source in this update; undefined: nothing. */
function servedOf({ fresh, good, state, settings }: Source, now: WallClock): Good | undefined {
  if (fresh !== undefined) return { harvest: fresh, pulledAt: now };
  if (good === undefined || state === "suspicious") return good;
  const stale = now - good.pulledAt > LIMITS.keepStaleSeconds * 1000;
  return settings.onFailure === "keep" && !stale ? good : undefined;
}

function harvestsIn(goods: readonly (Good | undefined)[]): readonly Harvest[] {
  return goods.flatMap((good) => (good === undefined ? [] : [good.harvest]));
}

function storedSource(name: string, { harvest: { users, groups }, pulledAt }: Good): StoredSource {
  return { name, pulledAt, userCount: users.count, groupCount: groups.count, users: storedLines(users), groups: storedLines(groups) };
}
