/** What `show` tells of the directory: plain data; sentences are made of it where people read. */
import { DIRECTORY_LIMITS } from "../../base/limits-directory.ts";
import type { WallClock } from "../../base/time.ts";
import type { Counters } from "../counters.ts";
import type { DirectoryConfig } from "./config.ts";
import { type ChangeCounts, countsOf } from "./difference.ts";
import { type ChangeRow, changesPage, type Compared } from "./difference-rows.ts";
import type { Source, SourceState } from "./source.ts";
import type { Snapshot } from "./snapshot.ts";
import { charactersOf } from "./ssh-keys.ts";
import type { Updates } from "./update.ts";
import type { Ended, UpdatePhase } from "./update-ports.ts";

type Counts = Readonly<Record<string, number>>;
export type DirectoryView = {
  readonly service: "directory";
  readonly domain: string;
  /** null: there is nothing to serve yet. */
  readonly snapshot: SnapshotView | null;
  readonly update: UpdateView;
  readonly sources: readonly SourceView[];
  readonly yp: { readonly port: number; readonly register: string; readonly registered: boolean } | null;
  readonly userdb: UserdbView | null;
  /** Why what is served is not on disk, where something hinders that; else empty. */
  readonly unsaved: string;
  readonly connections: number;
  readonly requests: Counts;
  readonly refused: Counts;
  readonly connectionsEnded: Counts;
  readonly entriesDropped: Counts;
};
export type UpdateView = {
  readonly number: number;
  readonly phase: UpdatePhase;
  /** Names of the sources because of which the last one changed nothing. */
  readonly heldBy: string;
  readonly nextAt: string | null;
  /** The last one that has come to its end. */
  readonly ended: Ended;
  /** What it brought and is not served; null: nothing, or not known yet. */
  readonly heldBack: ChangesView | null;
};
type ChangesView = { readonly users: ChangeCounts; readonly groups: ChangeCounts };
/** `phase`: whether what is held back may still be found out. */
export type DiffView = ChangesView & {
  readonly phase: UpdatePhase;
  readonly update: number;
  readonly rows: readonly ChangeRow[];
  readonly next: number | null;
};
export type UserdbView = {
  readonly service: string;
  readonly enumerate: boolean;
  /** The list of all users is longer than systemd's multiplexer can pass on: asked through it, there seem to be none. */
  readonly tooLongForMultiplexer: boolean;
};
export type SnapshotView = {
  readonly users: number;
  readonly groups: number;
  readonly committedAt: string;
  readonly ageSeconds: number;
  /** Names that a source before had taken, and ids that a name before had. */
  readonly namesTaken: number;
  readonly idsShared: number;
};
export type SourceView = {
  readonly name: string;
  readonly state: SourceState;
  /** Empty, or why it failed or is not believed. */
  readonly reason: string;
  readonly onFailure: string;
  /** Served of it, or last good. */
  readonly users: number;
  readonly groups: number;
  readonly pulledAt: string | null;
  readonly ageSeconds: number | null;
  readonly rejected: Counts;
  /** Cycles for which the same suspicious result has come. */
  readonly suspiciousCycles: number | null;
};

export type Shown = {
  readonly config: DirectoryConfig | undefined;
  readonly updates: Updates;
  readonly now: WallClock;
  readonly port: number;
  readonly registered: boolean;
  readonly unsaved: string;
  readonly connections: number;
  readonly counters: { readonly requests: Counters; readonly refused: Counters; readonly ended: Counters };
};

export function viewOf({ config, updates, now, port, registered, unsaved, connections, counters }: Shown): DirectoryView {
  const { snapshot, sources, update, phase, held, nextAt, ended, pending } = updates;
  return {
    service: "directory",
    domain: config?.domain ?? "",
    snapshot: snapshot === undefined ? null : snapshotView(snapshot, now),
    update: {
      number: update,
      phase,
      heldBy: held,
      nextAt: nextAt === undefined ? null : new Date(nextAt).toISOString(),
      ended,
      heldBack: pending === undefined ? null : changesOf(pending),
    },
    sources: sources.map((source) => sourceView(source, now)),
    yp: config?.yp === undefined ? null : { port, register: config.yp.register, registered },
    userdb: config?.userdb === undefined ? null : { ...config.userdb, tooLongForMultiplexer: config.userdb.enumerate && isLong(snapshot) },
    unsaved,
    connections,
    requests: counters.requests.toJSON(),
    refused: counters.refused.toJSON(),
    connectionsEnded: counters.ended.toJSON(),
    entriesDropped: updates.dropped.toJSON(),
  };
}

/** A page of what is held back. */
export function diffView({ pending, phase, ended }: Updates, from: number): DiffView {
  const none = { added: 0, removed: 0, changed: 0 };
  if (pending === undefined) return { phase, update: ended.update, users: none, groups: none, rows: [], next: null };
  const { rows, next } = changesPage(pending, from);
  return { phase, update: ended.update, ...changesOf(pending), rows, next: next ?? null };
}

function changesOf({ difference: { users, groups } }: Compared): ChangesView {
  return { users: countsOf(users), groups: countsOf(groups) };
}

function snapshotView({ users, groups, committedAt, merged }: Snapshot, now: WallClock): SnapshotView {
  return {
    users: users.count,
    groups: groups.count,
    committedAt: new Date(committedAt).toISOString(),
    ageSeconds: ageSeconds(committedAt, now),
    namesTaken: merged.users.nameTaken + merged.groups.nameTaken,
    idsShared: merged.users.idTaken + merged.groups.idTaken,
  };
}

function sourceView({ settings, state, reason, good, rejected, suspicion }: Source, now: WallClock): SourceView {
  return {
    name: settings.name,
    state,
    reason,
    onFailure: settings.onFailure,
    users: good?.harvest.users.count ?? 0,
    groups: good?.harvest.groups.count ?? 0,
    pulledAt: good === undefined ? null : new Date(good.pulledAt).toISOString(),
    ageSeconds: good === undefined ? null : ageSeconds(good.pulledAt, now),
    rejected,
    suspiciousCycles: suspicion?.cycles ?? null,
  };
}

/** A record is about nine bytes for every four of an item in the table, measured over 100,000; the multiplexer is root, and gets keys too. */
function isLong(snapshot: Snapshot | undefined): boolean {
  if (snapshot === undefined) return false;
  return (snapshot.users.items.length / 4) * 9 + charactersOf(snapshot.sshKeys) > DIRECTORY_LIMITS.userdbMultiplexerBytes;
}

/** Never negative, whatever somebody did to the wall clock. */
function ageSeconds(since: WallClock, now: WallClock): number {
  return Math.max(0, Math.floor((now - since) / 1000));
}
