/** One source of the directory over many updates: what it gave last, what it gives now, and whether that is believed. */
import { Counters } from "../counters.ts";
import { LIMITS } from "../../base/limits.ts";
import { DIRECTORY_LIMITS } from "../../base/limits-directory.ts";
import type { WallClock } from "../../base/time.ts";
import type { Log } from "../../ports/log.ts";
import { escapeText } from "../../base/text.ts";
import type { Fences } from "./check.ts";
import { editedLines, type Held, NOTHING_HELD, type SourceEdits } from "./changes.ts";
import type { DirectoryConfig } from "./config.ts";
import { type EntryBatch, Gathering, type Rejected } from "./gathering.ts";
import { type Counts, judgePull, type Suspicion } from "./guard.ts";
import { editedTexts } from "./by-name.ts";
import type { Harvest } from "./snapshot.ts";
import { charactersOf } from "./ssh-keys.ts";

export type SourceSettings = DirectoryConfig["sources"][number];
/** What the fetcher says of one source of one update. */
export type PullResult = {
  readonly update: number;
  readonly source: number;
  readonly ok: boolean;
  /** What is held of it is all there is: nothing was sent. */
  readonly unchanged?: boolean;
  /** It tells of changes from here on. */
  readonly live?: boolean;
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
  /** Which update it is of, and the changes since. */
  held: Held = NOTHING_HELD;
  /** It tells of changes as they happen. */
  isLive = false;
  #freshHeld: Held = NOTHING_HELD;
  #whole: Counts = { users: 0, groups: 0 };
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
    this.#gathering = new Gathering(fences, (rejected) => this.#logRejected(rejected, logged), this.good?.harvest);
  }

  entries({ users, groups }: EntryBatch): void {
    for (const user of users) this.#gathering?.user(user);
    for (const group of groups) this.#gathering?.group(group);
  }

  pulled({ ok, reason, users, groups, rejects, unchanged = false, live = false, update }: Omit<PullResult, "source">): void {
    const gathering = this.#gathering;
    this.#gathering = undefined;
    if (gathering === undefined) return;
    this.isLive = ok && live;
    if (ok && unchanged) return this.#stand();
    this.#freshHeld = { update, change: 0 };
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
    if (this.fresh !== undefined) {
      this.good = { harvest: this.fresh, pulledAt };
      this.held = this.#freshHeld;
      this.#whole = countsIn(this.fresh);
    }
    this.fresh = undefined;
  }

  /** What is held is not built on: all of it comes again. */
  forget(): void {
    this.held = NOTHING_HELD;
  }

  edit(good: Good, held: Held): void {
    this.good = good;
    this.held = held;
  }

  /** What changes make of it. @returns undefined where that is hard to believe: a source is not emptied one change at a time */
  edited({ users, groups, shadows, sshKeys }: SourceEdits): Harvest | undefined {
    if (this.good === undefined) return undefined;
    const { harvest } = this.good;
    const edited = {
      users: editedLines(harvest.users, users),
      groups: editedLines(harvest.groups, groups),
      shadows: editedTexts(harvest.shadows, shadows),
      sshKeys: editedTexts(harvest.sshKeys, sshKeys),
    };
    if (edited.sshKeys !== harvest.sshKeys && charactersOf(edited.sshKeys) > DIRECTORY_LIMITS.sshKeysHeldCharacters) return undefined;
    const verdict = judgePull(countsIn(edited), this.#whole, { shrinkPercent: this.settings.shrinkPercent, suspicion: undefined, isCycle: false });
    return verdict.kind === "believed" ? edited : undefined;
  }

  /** What was held is all there is, as whoever reads it says. */
  #stand(): void {
    if (this.good === undefined || this.held.update === 0) return this.#become("failed", "unchanged since nothing");
    this.fresh = this.good.harvest;
    this.#freshHeld = this.held;
    this.#suspicion = undefined;
    this.#become("ok", "");
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
    if (logged.get(key) >= DIRECTORY_LIMITS.rejectionsLogged) return;
    logged.add(key);
    const shown = escapeText(name.slice(0, LIMITS.directoryNameBytes));
    const names = this.#refused.get(key) ?? [];
    if (names.length < DIRECTORY_LIMITS.rejectNames) this.#refused.set(key, [...names, shownName(name)]);
    this.#log.write("warn", "entryRefused", { source: this.settings.name, kind, name: shown, reason });
  }
}

function countsIn({ users, groups }: Harvest): Counts {
  return { users: users.count, groups: groups.count };
}

/** The fetcher has escaped it; whoever took the fetcher over has not. */
function plain(name: string): string {
  return /^[\x20-\x7e]*$/.test(name) ? name.slice(0, DIRECTORY_LIMITS.rejectNameBytes) : shownName(name);
}

function shownName(name: string): string {
  return escapeText(name.slice(0, DIRECTORY_LIMITS.rejectNameBytes)).slice(0, DIRECTORY_LIMITS.rejectNameBytes);
}
