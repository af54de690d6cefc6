/** What is served: users, groups and who is in which, as they were at one commit. Never changed; a reader keeps the one it began with. */
import type { WallClock } from "../../base/time.ts";
import type { SourceEdits } from "./changes.ts";
import type { Lines } from "./lines.ts";
import { type Memberships, membershipsOf } from "./memberships.ts";
import { editedTexts, mergedTexts, sameTexts, type Texts } from "./by-name.ts";
import type { Sliced } from "./sort.ts";
import { editedTable } from "./table-edits.ts";
import { type MergeCounts, type Table, tableOf } from "./table.ts";

export type Harvest = { readonly users: Lines; readonly groups: Lines; readonly shadows: Texts; readonly sshKeys: Texts };

export type Snapshot = {
  readonly users: Table;
  readonly groups: Table;
  readonly memberships: Memberships;
  /** Empty where no map for root alone is provided. */
  readonly shadows: Texts;
  /** Keys for SSH of every user; empty where none are asked for. */
  readonly sshKeys: Texts;
  readonly committedAt: WallClock;
  /** When the users, and the groups, last became others. */
  readonly usersChangedAt: WallClock;
  readonly groupsChangedAt: WallClock;
  /** What merging found, by reason. */
  readonly merged: { readonly users: MergeCounts; readonly groups: MergeCounts };
};

/** @param harvests in the order of the configuration */
export function* snapshotOf(harvests: readonly Harvest[], before: Snapshot | undefined, now: WallClock): Sliced<Snapshot> {
  const merged = { users: { nameTaken: 0, idTaken: 0 }, groups: { nameTaken: 0, idTaken: 0 } };
  const userLines = harvests.map(({ users }) => users);
  const groupLines = harvests.map(({ groups }) => groups);
  const users = yield* tableOf(userLines, merged.users);
  const groups = yield* tableOf(groupLines, merged.groups);
  const memberships = yield* membershipsOf(groups);
  const shadows = mergedTexts(harvests.map((harvest) => harvest.shadows));
  const sshKeys = mergedTexts(harvests.map((harvest) => harvest.sshKeys));
  const sameTold = before !== undefined && sameTexts(before.shadows, shadows) && sameTexts(before.sshKeys, sshKeys);
  const sameUsers = sameTold && (yield* sameBytes(before.users.items, users.items));
  const sameGroups = before !== undefined && (yield* sameBytes(before.groups.items, groups.items));
  return {
    users,
    groups,
    memberships,
    shadows,
    sshKeys,
    committedAt: now,
    usersChangedAt: sameUsers ? before.usersChangedAt : now,
    groupsChangedAt: sameGroups ? before.groupsChangedAt : now,
    merged,
  };
}

/** With a few lines in other words: for a snapshot of one source, in which no name is there twice. */
export function* editedSnapshot(
  before: Snapshot,
  { users: userEdits, groups: groupEdits, shadows, sshKeys }: SourceEdits,
  now: WallClock,
): Sliced<Snapshot> {
  const users = userEdits.size === 0 ? undefined : yield* editedTable(before.users, userEdits);
  const groups = groupEdits.size === 0 ? undefined : yield* editedTable(before.groups, groupEdits);
  return {
    users: users?.table ?? before.users,
    groups: groups?.table ?? before.groups,
    memberships: groups === undefined ? before.memberships : yield* membershipsOf(groups.table),
    shadows: editedTexts(before.shadows, shadows),
    sshKeys: editedTexts(before.sshKeys, sshKeys),
    committedAt: now,
    usersChangedAt: users === undefined ? before.usersChangedAt : now,
    groupsChangedAt: groups === undefined ? before.groupsChangedAt : now,
    merged: {
      users: { ...before.merged.users, idTaken: users?.idTaken ?? before.merged.users.idTaken },
      groups: { ...before.merged.groups, idTaken: groups?.idTaken ?? before.merged.groups.idTaken },
    },
  };
}

const WORDS_PER_SLICE = 262_144;

/** Items are whole numbers of 32 bits each. */
function* sameBytes(a: Uint8Array, b: Uint8Array): Sliced<boolean> {
  if (a.length !== b.length) return false;
  const [left, right] = [a, b].map(({ buffer, byteOffset, length }) => new Uint32Array(buffer, byteOffset, length / 4));
  for (let i = 0; left !== undefined && right !== undefined && i < left.length; i++) {
    if (left[i] !== right[i]) return false;
    if (i % WORDS_PER_SLICE === 0) yield;
  }
  return true;
}
