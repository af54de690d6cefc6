/** Groups whose members may become root, or nearly so: whoever comes into one over a directory is told of by name. */
import { DIRECTORY_LIMITS } from "../../base/limits-directory.ts";
import { PRIVILEGED_GROUPS } from "./config.ts";
import { type Compared, nameAt } from "./difference-rows.ts";

/** `names` are the first ones. */
export type Newcomers = { readonly group: string; readonly count: number; readonly names: readonly string[] };

/** Who is in a privileged group that was not in it before. */
export function newcomersIn({ before, after, difference: { groups } }: Compared): readonly Newcomers[] {
  const rows = [...groups.added.map((row) => [undefined, row] as const), ...pairsOf(groups.changed)];
  return rows.flatMap(([was, is]): readonly Newcomers[] => {
    const group = nameAt(after.groups, is);
    if (!PRIVILEGED_GROUPS.includes(group)) return [];
    const known = new Set(was === undefined ? [] : before.memberships.membersOf(was));
    const names = [...after.memberships.membersOf(is)].filter((name) => !known.has(name));
    return names.length === 0 ? [] : [{ group, count: names.length, names: names.slice(0, DIRECTORY_LIMITS.eventNames) }];
  });
}

/** Rows before and after stand in turn. */
function pairsOf(changed: readonly number[]): readonly (readonly [was: number, is: number])[] {
  return changed.flatMap((row, place) => (place % 2 === 0 ? [[row, changed[place + 1] ?? 0] as const] : []));
}
