/** One source of the directory over many updates: what it gave last, what it gives now, and whether that is believed. */
import { Counters } from "../counters.ts";
import { LIMITS } from "../../base/limits.ts";
import type { WallClock } from "../../base/time.ts";
import type { Log } from "../../ports/log.ts";
import { escapeText } from "../../base/text.ts";
import type { Fences } from "./check.ts";
import type { DirectoryConfig } from "./config.ts";
import { type EntryBatch, Gathering, type Rejected } from "./gathering.ts";
import { type Counts, judgePull, type Suspicion } from "./guard.ts";
import type { Harvest } from "./snapshot.ts";

export type SourceSettings = DirectoryConfig["sources"][number];
/** What the fetcher says of one source of one update. */
export type PullResult = {
  readonly update: number;
  readonly source: number;
  readonly ok: boolean;
  /** Empty, or why it failed. */
  readonly reason: string;
  /** How many entries were sent. */
  readonly users: number;
  readonly groups: number;
  /** What the fetcher itself left out. */
  readonly rejects: readonly { readonly reason: string; readonly count: number; readonly samples: readonly string[] }[];
};
export type Good = { readonly harvest: Harvest; readonly pulledAt: WallClock };
export type SourceState = "never" | "pulling" | "ok" | "failed" | "suspicious";

export class Source {
  readonly settings: SourceSettings;
  readonly #log: Log;
  /** What is served of it, or was last. */
  good: Good | undefined;
  /** What the update under way has brought; undefined while it is awaited, and when it failed. */
  fresh: Harvest | undefined;
  /** What it has brought and is not believed. */
  suspect: Harvest | undefined;
  state: SourceState = "never";
  reason = "";
  /** Of the last pull, here and at the fetcher. */
  rejected: Readonly<Record<string, number>> = {};
  /** Of each reason a few entries by name, fit for a terminal. */
  samples: Readonly<Record<string, readonly string[]>> = {};
  #gathering: Gathering | undefined;
  #suspicion: Suspicion | undefined;
  /** Somebody has looked: the next pull, and then the one under way, is believed whatever it brings. */
  #waved = false;
  #waving = false;
  #isCycle = true;
  #refused = new Map<string, string[]>();

  constructor(settings: SourceSettings, log: Log) {
    this.settings = settings;
    this.#log = log;
  }

  get suspicion(): Suspicion | undefined {
    return this.#suspicion;
  }

  /** The next pull to begin is believed whatever it brings, and no other. */
  accept(): void {
    this.#waved = true;
  }

  /** @param isCycle whether a suspicious result counts as one more of the same */
  begin(fences: Fences, isCycle: boolean): void {
    const logged = new Counters();
    this.fresh = undefined;
    this.suspect = undefined;
    this.#waving = this.#waved;
    this.#waved = false;
    this.#isCycle = isCycle;
    this.#refused = new Map();
    this.state = "pulling";
    this.#gathering = new Gathering(fences, (rejected) => this.#logRejected(rejected, logged));
  }

  entries({ users, groups }: EntryBatch): void {
    for (const user of users) this.#gathering?.user(user);
    for (const group of groups) this.#gathering?.group(group);
  }

  pulled({ ok, reason, users, groups, rejects }: Omit<PullResult, "update" | "source">): void {
    const gathering = this.#gathering;
    this.#gathering = undefined;
    if (gathering === undefined) return;
    const harvest = ok ? gathering.finish({ users, groups }) : reason;
    if (typeof harvest === "string")
      return this.#become("failed", harvest === "" ? "unknown" : escapeText(harvest.slice(0, LIMITS.failureReasonBytes)));
    this.rejected = { ...Object.fromEntries(rejects.map(({ reason, count }) => [reason, count])), ...gathering.rejected.toJSON() };
    const told = rejects.map(({ reason, samples }) => [reason, samples.map(plain)] as const);
    this.samples = Object.fromEntries([...told, ...this.#refused].filter(([, names]) => names.length > 0));
    this.#judge(harvest, gathering.counts);
  }

  /** Its result is what is served now. */
  committed(pulledAt: WallClock): void {
    if (this.fresh !== undefined) this.good = { harvest: this.fresh, pulledAt };
    this.fresh = undefined;
  }

  #judge(harvest: Harvest, counts: Counts): void {
    const before = { users: this.good?.harvest.users.count ?? 0, groups: this.good?.harvest.groups.count ?? 0 };
    const { shrinkPercent } = this.settings;
    const verdict = judgePull(counts, before, { shrinkPercent, suspicion: this.#suspicion, isCycle: this.#isCycle });
    if (verdict.kind === "suspicious" && !this.#waving) {
      this.#suspicion = verdict.suspicion;
      this.suspect = harvest;
      return this.#become("suspicious", `users ${before.users} to ${counts.users}, groups ${before.groups} to ${counts.groups}`);
    }
    this.#suspicion = undefined;
    this.fresh = harvest;
    this.#become("ok", "");
  }

  #become(state: SourceState, reason: string): void {
    this.state = state;
    this.reason = reason;
    if (state !== "ok") this.#log.write("warn", state === "failed" ? "sourceFailed" : "sourceSuspicious", { source: this.settings.name, reason });
  }

  #logRejected({ kind, name, reason }: Rejected, logged: Counters): void {
    const key = `${kind}-${reason}`;
    if (logged.get(key) >= LIMITS.rejectionsLogged) return;
    logged.add(key);
    const shown = escapeText(name.slice(0, LIMITS.directoryNameBytes));
    const names = this.#refused.get(key) ?? [];
    if (names.length < LIMITS.rejectNames) this.#refused.set(key, [...names, shownName(name)]);
    this.#log.write("warn", "entryRefused", { source: this.settings.name, kind, name: shown, reason });
  }
}

/** The fetcher has escaped it; whoever took the fetcher over has not. */
function plain(name: string): string {
  return /^[\x20-\x7e]*$/.test(name) ? name.slice(0, LIMITS.rejectNameBytes) : shownName(name);
}

function shownName(name: string): string {
  return escapeText(name.slice(0, LIMITS.rejectNameBytes)).slice(0, LIMITS.rejectNameBytes);
}
