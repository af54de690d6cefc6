/** What of each source an update serves, and what is written down of it. */
import type { WallClock } from "../../base/time.ts";
import { type ChangeQueue, editsOf, type Held, NOTHING_HELD, type SourceEdits } from "./changes.ts";
import type { Fences } from "./check.ts";
import { countsOf, differenceOf, isEmpty } from "./difference.ts";
import type { Compared } from "./difference-rows.ts";
import { harvestOf } from "./restore.ts";
import { editedSnapshot, type Harvest, type Snapshot, snapshotOf } from "./snapshot.ts";
import { storedTexts } from "./by-name.ts";
import { encodeState, type StoredSource, storedLines } from "./snapshot-file.ts";
import type { Sliced } from "./sort.ts";
import type { Good, Source } from "./source.ts";
import type { Ended } from "./update-ports.ts";

/** What is served of a source in this update; undefined: nothing. */
export function servedOf({ fresh, good, state, settings }: Source, now: WallClock): Good | undefined {
  if (fresh !== undefined) return { harvest: fresh, pulledAt: now };
  if (good === undefined || state === "suspicious") return good;
  const stale = now - good.pulledAt > settings.keepSeconds * 1000;
  return settings.onFailure === "keep" && !stale ? good : undefined;
}

/** Names of the sources because of which nothing of an update is served; empty: nothing holds it back. */
export function heldBy(sources: readonly Source[]): string {
  const failed = sources.filter(({ fresh }) => fresh === undefined);
  const holding = failed.filter(({ settings }) => settings.onFailure === "hold");
  const guilty = holding.length > 0 ? holding : failed.length === sources.length ? failed : [];
  return guilty.map(({ settings }) => settings.name).join(", ");
}

/** Whether all of that is what is served already. */
export function isSame(sources: readonly Source[], goods: readonly (Good | undefined)[]): boolean {
  return sources.every(({ good }, place) => good?.harvest === goods[place]?.harvest);
}

export function changeIn(compared: Compared | undefined): Ended["change"] {
  return compared === undefined ? undefined : { users: countsOf(compared.difference.users), groups: countsOf(compared.difference.groups) };
}

export function harvestsIn(goods: readonly (Good | undefined)[]): readonly Harvest[] {
  return goods.flatMap((good) => (good === undefined ? [] : [good.harvest]));
}

export function storedSource(name: string, { harvest: { users, groups, shadows, sshKeys }, pulledAt }: Good): StoredSource {
  const lines = { users: storedLines(users), groups: storedLines(groups), shadows: storedTexts(shadows), sshKeys: storedTexts(sshKeys) };
  return { name, pulledAt, userCount: users.count, groupCount: groups.count, ...lines };
}

export function storedSources(sources: readonly Source[], goods: readonly (Good | undefined)[]): readonly StoredSource[] {
  return sources.flatMap(({ settings: { name } }, place) => {
    const good = goods[place];
    return good === undefined ? [] : [storedSource(name, good)];
  });
}

export type Merged = { readonly compared: Compared | undefined; readonly snapshot: Snapshot; readonly file: Uint8Array | undefined };
export type MergeJob = {
  readonly sources: readonly Source[];
  readonly before: Snapshot | undefined;
  readonly now: WallClock;
  readonly domain: string;
  /** Something is served that is not on disk, or what is there grows old. */
  readonly isSaveDue: boolean;
};

/** Everything that is served, from all sources. @param commit as below */
export function* merged(
  { sources, before, now, domain, isSaveDue }: MergeJob,
  goods: readonly (Good | undefined)[],
  commit: (snapshot: Snapshot) => void,
): Sliced<Merged> {
  const snapshot = yield* snapshotOf(harvestsIn(goods), before, now);
  commit(snapshot);
  const changed = snapshot.usersChangedAt === now || snapshot.groupsChangedAt === now;
  const compared = changed ? yield* comparedWith(before, snapshot) : undefined;
  if (!changed && !isSaveDue) return { snapshot, file: undefined, compared };
  return { snapshot, file: yield* encodeState({ domain, committedAt: now, sources: storedSources(sources, goods) }), compared };
}

/** @param commit is called as soon as it can be served; what has changed is worked out behind that */
export function* mergedChanges(
  { sources, before, now, domain, isSaveDue }: MergeJob & { readonly before: Snapshot },
  { goods, edits }: { readonly goods: readonly (Good | undefined)[]; readonly edits: SourceEdits },
  commit: (snapshot: Snapshot) => void,
): Sliced<Merged> {
  const isPlain = sources.length === 1 && before.merged.users.nameTaken + before.merged.groups.nameTaken === 0;
  const snapshot = isPlain ? yield* editedSnapshot(before, edits, now) : yield* snapshotOf(harvestsIn(goods), before, now);
  commit(snapshot);
  const compared = yield* comparedWith(before, snapshot);
  const file = isSaveDue ? yield* encodeState({ domain, committedAt: now, sources: storedSources(sources, goods) }) : undefined;
  return { snapshot, file, compared };
}

function* comparedWith(before: Snapshot | undefined, after: Snapshot): Sliced<Compared | undefined> {
  if (before === undefined) return undefined;
  const difference = yield* differenceOf(before, after);
  return isEmpty(difference) ? undefined : { before, after, difference };
}

type Checked = { readonly goods: readonly (Good | undefined)[]; readonly snapshot: Snapshot | undefined };

/** What was held before, as far as it passes today's checks. */
export function* checked(
  { sources, before, now }: Pick<MergeJob, "sources" | "before" | "now">,
  stored: readonly StoredSource[],
  fences: Fences,
): Sliced<Checked> {
  const goods: (Good | undefined)[] = [];
  for (const { settings } of sources) {
    const mine = stored.find(({ name }) => name === settings.name);
    const harvest = mine === undefined ? undefined : yield* harvestOf(mine, fences);
    goods.push(mine === undefined || harvest === undefined ? undefined : { harvest, pulledAt: mine.pulledAt });
  }
  const harvests = harvestsIn(goods);
  return { goods, snapshot: harvests.length === 0 ? undefined : yield* snapshotOf(harvests, before, now) };
}

/** One source's changes, ready to be served. */
type NextChange = {
  readonly place: number;
  readonly source: Source;
  readonly edits: SourceEdits;
  readonly harvest: Harvest;
  readonly held: Held;
};

/** What waits, of one source: it has to follow on what is held, step by step. @returns undefined when nothing waits */
export function nextChange(
  queue: ChangeQueue,
  sources: readonly Source[],
  fences: Fences,
  rejected: (name: string) => void,
): NextChange | { readonly place: number; readonly reason: string } | undefined {
  const place = queue.next;
  if (place === undefined) return undefined;
  const waiting = queue.take(place);
  const source = sources[place];
  const { update, change } = source?.held ?? NOTHING_HELD;
  const follow = update > 0 && waiting.every((each, i) => each.update === update && each.change === change + 1 + i);
  if (!follow || source === undefined) return { place, reason: "old-change" };
  const edits = editsOf(waiting, fences, rejected);
  const harvest = edits === undefined ? undefined : source.edited(edits);
  if (edits === undefined || harvest === undefined) return { place, reason: "unbelieved-change" };
  return { place, source, edits, harvest, held: { update, change: change + waiting.length } };
}
