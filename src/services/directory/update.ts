/**
 * One update of the whole directory: every source is pulled once, what is believed is merged, and the result replaces the old one at
 * once or not at all. Entries that are late for their update are dropped by its number.
 */
import { Counters } from "../counters.ts";
import { Entropy } from "../../base/entropy.ts";
import { DIRECTORY_LIMITS } from "../../base/limits-directory.ts";
import { after, type Instant, instant, NEVER, type WallClock } from "../../base/time.ts";
import { Background } from "./background.ts";
import { type Fences, fencesOf } from "./check.ts";
import { keepsShadows } from "./shadows.ts";
import { keepsKeys } from "./ssh-keys.ts";
import type { DirectoryConfig } from "./config.ts";
import { ChangeQueue, type SourceChanges } from "./changes.ts";
import type { Compared } from "./difference-rows.ts";
import { News } from "./events.ts";
import type { EntryBatch } from "./gathering.ts";
import { HeldBack } from "./held-back.ts";
import { changeIn, checked, heldBy, isSame, type MergeJob, merged, mergedChanges, nextChange, servedOf, storedSource } from "./merging.ts";
import { retrySeconds } from "./pace.ts";
import type { Carried, Ended, UpdatePhase, UpdatePorts } from "./update-ports.ts";
import { type PullResult, Source } from "./source.ts";
import type { Snapshot } from "./snapshot.ts";
import { Saving } from "./saving.ts";
import { Wake } from "./wake.ts";
import { decodeState, type StoredSource } from "./snapshot-file.ts";

export class Updates {
  readonly #ports: UpdatePorts;
  readonly #background: Background;
  readonly #heldBack: HeldBack;
  readonly #news: News;
  readonly #wake: Wake;
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
  #saving: Saving;
  readonly #changes = new ChangeQueue();
  /** Somebody asked for an update while another one was under way, or could not begin. */
  #again = false;
  #unread: Uint8Array | undefined; // of the state file: another configuration may come meanwhile
  /** When a shrunken result counts as another one of the same: updates in between prove nothing. */
  #cycleAt: Instant = instant(0);

  constructor(ports: UpdatePorts) {
    this.#ports = ports;
    this.#background = new Background(ports.clock);
    this.#wake = new Wake(ports.clock, () => this.#due());
    this.#saving = new Saving(ports.store);
    this.#heldBack = new HeldBack(ports.clock);
    this.#news = new News(ports);
  }

  get update(): number {
    return this.#update;
  }

  /** When the next update begins, or the one under way must be over; undefined: nothing is planned. */
  get nextAt(): WallClock | undefined {
    return this.#wake.wallClock;
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
    const [update, failures, fetcherReady, cycleAt, again] = [this.#update, this.#failures, this.#fetcherReady, this.#cycleAt, this.#again];
    return { update, failures, fetcherReady, cycleAt, again, told: this.#news.told, sources };
  }

  resume(config: DirectoryConfig, { update, failures, fetcherReady, cycleAt, again, told, sources }: Carried): void {
    [this.#update, this.#failures, this.#fetcherReady, this.#cycleAt, this.#again] = [update, failures, fetcherReady, cycleAt, again];
    this.#news.told = told;
    this.#config = config;
    this.#saving = new Saving(this.#ports.store);
    this.#fences = fencesOf(config.idFences, keepsShadows(config.yp), keepsKeys(config));
    this.sources = config.sources.slice(0, DIRECTORY_LIMITS.directorySources).map((settings) => new Source(settings, this.#ports.log));
    this.#load(sources, this.snapshot?.committedAt);
    if (this.#unread !== undefined) this.stored(this.#unread);
  }

  /** What was saved before this process began. Comes behind the configuration; later it is not news any more. */
  stored(bytes: Uint8Array): void {
    const domain = this.#config?.domain;
    if (domain === undefined || this.snapshot !== undefined) return;
    this.#unread = bytes;
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
    this.stale();
  }

  fetcherLost(): void {
    this.#fetcherReady = false;
    if (this.phase === "pulling") this.#giveUp("fetcher lost");
  }

  /** Somebody asks for an update that begins now, or right behind the one under way. */
  refresh(): void {
    for (const source of this.sources) source.forget();
    this.stale();
  }

  /** The fetcher says that a source should be read before its time. */
  stale(): void {
    this.#again = true;
    if (this.phase === "idle") this.#begin();
  }

  changes(changes: SourceChanges): void {
    if (!this.#changes.add(changes)) this.#lose(changes.source, "too-many-changes");
    else if (this.phase === "idle") this.#change();
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
    for (const each of [this.#background, this.#heldBack, this.#wake]) each.close();
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
    else this.stale();
  }

  /** What cannot be put in is read again as a whole. */
  #lose(place: number, reason: string): void {
    this.dropped.add(reason);
    this.#changes.forget(place);
    this.sources[place]?.forget();
    this.stale();
  }

  #change(): void {
    const [before, fences] = [this.snapshot, this.#fences];
    if (before === undefined || fences === undefined) return this.#changes.forget();
    const next = nextChange(this.#changes, this.sources, fences, () => this.dropped.add("changed-entry"));
    if (next === undefined) return;
    if ("reason" in next) return this.#lose(next.place, next.reason);
    const now = this.#ports.clock.wallClock();
    const good = { harvest: next.harvest, pulledAt: now };
    const job = { ...this.#job(now, this.#saving.isDueAmongChanges(now)), before };
    const goods = this.sources.map((source) => (source === next.source ? good : source.good));
    const commit = (snapshot: Snapshot): void => {
      this.#commit(snapshot);
      next.source.edit(good, next.held);
      this.#saving.isBehind = true;
    };
    this.phase = "merging";
    this.#background.run(mergedChanges(job, { goods, edits: next.edits }, commit), ({ file, compared }) => {
      this.#saving.save(file, now);
      this.#tell(compared);
      this.phase = "idle";
      if (this.#again) this.#begin();
      else this.#change();
    });
  }

  #job(now: WallClock, isSaveDue: boolean): MergeJob {
    return { sources: this.sources, before: this.snapshot, now, domain: this.#config?.domain ?? "", isSaveDue };
  }

  #begin(): void {
    const [config, fences] = [this.#config, this.#fences];
    if (config === undefined || fences === undefined || !this.#fetcherReady || this.sources.length === 0) return;
    const [now, held] = [this.#ports.clock.now(), this.sources.map((source) => source.held)];
    const isCycle = now >= this.#cycleAt;
    if (isCycle) this.#cycleAt = after(now, config.intervalSeconds);
    this.#again = false;
    this.#heldBack.forget();
    this.#update++;
    this.phase = "pulling";
    for (const source of this.sources) source.begin(fences, isCycle);
    const withinSeconds = Math.min(Math.max(1, config.intervalSeconds), DIRECTORY_LIMITS.updateSeconds);
    this.#wake.set(after(now, withinSeconds));
    this.#ports.fetcher.pull(this.#update, withinSeconds, held);
  }

  /** Whoever has not answered has failed. */
  #giveUp(reason: string): void {
    for (const source of this.sources) source.pulled({ update: this.#update, ok: false, reason, users: 0, groups: 0, rejects: [] });
    this.#conclude();
  }

  #conclude(): void {
    const names = heldBy(this.sources);
    if (names !== "") this.#ports.log.write("warn", "updateHeld", { update: this.#update, sources: names });
    if (names !== "") return this.#rest(names);
    const now = this.#ports.clock.wallClock();
    const goods = this.sources.map((source) => servedOf(source, now));
    if (this.snapshot !== undefined && isSame(this.sources, goods) && !this.#saving.isDue(now)) {
      this.snapshot = { ...this.snapshot, committedAt: now };
      for (const source of this.sources) source.committed(now);
      return this.#rest("");
    }
    this.phase = "merging";
    this.#wake.set(NEVER);
    const commit = (snapshot: Snapshot): void => {
      this.#commit(snapshot);
      for (const source of this.sources) source.committed(now);
    };
    this.#background.run(merged(this.#job(now, this.#saving.isDue(now)), goods, commit), ({ file, compared }) => {
      this.#saving.save(file, now);
      this.#rest("", compared);
    });
  }

  #load(stored: readonly StoredSource[], committedAt = this.#ports.clock.wallClock()): void {
    const fences = this.#fences;
    if (fences === undefined) return;
    this.phase = "loading";
    this.#heldBack.forget();
    this.#wake.set(NEVER);
    this.#changes.forget();
    const { sources, snapshot: before } = this;
    this.#background.run(checked({ sources, before, now: committedAt }, stored, fences), ({ goods, snapshot }) => {
      this.#unread = undefined;
      for (const [place, source] of this.sources.entries()) source.good = goods[place];
      if (snapshot !== undefined) this.#commit(snapshot);
      this.phase = "idle";
      this.#begin();
    });
  }

  #commit(snapshot: Snapshot): void {
    this.snapshot = snapshot;
    this.#ports.log.write("info", "directoryCommitted", { update: this.#update, users: snapshot.users.count, groups: snapshot.groups.count });
  }

  /** @param compared what is served now against what was; undefined: nothing is another one */
  #rest(names: string, compared?: Compared): void {
    this.held = names;
    this.phase = "idle";
    this.ended = { update: this.#update, outcome: names === "" ? "committed" : "held", change: changeIn(compared) };
    this.#tell(compared);
    if (this.#again) return this.#begin();
    if (this.snapshot !== undefined) this.#heldBack.compare(this.sources, this.snapshot);
    const [interval, { clock }] = [this.#config?.intervalSeconds ?? 0, this.#ports];
    const failed = this.sources.some(({ state }) => state === "failed");
    const retry = retrySeconds(this.#failures, new Entropy(clock.entropy()));
    this.#failures = failed ? this.#failures + 1 : 0;
    this.#wake.set(after(clock.now(), failed ? Math.min(interval, retry) : interval));
    this.#change();
  }

  #tell(compared: Compared | undefined): void {
    const where = { domain: this.#config?.domain ?? "", update: this.#update, at: this.#ports.clock.wallClock() };
    this.#news.ended(where, { compared, sources: this.sources });
  }
}
