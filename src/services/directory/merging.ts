/** What of each source an update serves, and what is written down of it. */
import type { WallClock } from "../../base/time.ts";
import type { Harvest } from "./snapshot.ts";
import { type StoredSource, storedLines } from "./snapshot-file.ts";
import type { Good, Source } from "./source.ts";

/** What is served of a source in this update; undefined: nothing. */
export function servedOf({ fresh, good, state, settings }: Source, now: WallClock): Good | undefined {
  if (fresh !== undefined) return { harvest: fresh, pulledAt: now };
  if (good === undefined || state === "suspicious") return good;
  const stale = now - good.pulledAt > settings.keepSeconds * 1000;
  return settings.onFailure === "keep" && !stale ? good : undefined;
}

export function harvestsIn(goods: readonly (Good | undefined)[]): readonly Harvest[] {
  return goods.flatMap((good) => (good === undefined ? [] : [good.harvest]));
}

export function storedSource(name: string, { harvest: { users, groups }, pulledAt }: Good): StoredSource {
  return { name, pulledAt, userCount: users.count, groupCount: groups.count, users: storedLines(users), groups: storedLines(groups) };
}

export function storedSources(sources: readonly Source[], goods: readonly (Good | undefined)[]): readonly StoredSource[] {
  return sources.flatMap(({ settings: { name } }, place) => {
    const good = goods[place];
    return good === undefined ? [] : [storedSource(name, good)];
  });
}
