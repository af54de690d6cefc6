/** Is a pull that succeeded to be believed? A size limit, a new access rule and a wrong base all look like a directory that shrank. */
import { DIRECTORY_LIMITS } from "../../base/limits-directory.ts";

export type Counts = { readonly users: number; readonly groups: number };
/** What was not believed, and for how many cycles the same has come since. */
export type Suspicion = Counts & { readonly cycles: number };
export type Verdict = { readonly kind: "believed" } | { readonly kind: "suspicious"; readonly suspicion: Suspicion };

/**
 * The same result, cycle after cycle, is let through in the end: somebody meant it.
 * @param isCycle whether an interval has passed since the last that counted
 */
export function judgePull(
  now: Counts,
  before: Counts,
  { shrinkPercent, suspicion, isCycle }: { readonly shrinkPercent: number; readonly suspicion: Suspicion | undefined; readonly isCycle: boolean },
): Verdict {
  if (!shrank(now.users, before.users, shrinkPercent) && !shrank(now.groups, before.groups, shrinkPercent)) return { kind: "believed" };
  const again = suspicion !== undefined && suspicion.users === now.users && suspicion.groups === now.groups;
  const cycles = again ? suspicion.cycles + (isCycle ? 1 : 0) : 0;
  return cycles >= DIRECTORY_LIMITS.suspiciousCycles ? { kind: "believed" } : { kind: "suspicious", suspicion: { ...now, cycles } };
}

/** Few entries may go away by all means, but not the last one. */
function shrank(now: number, before: number, percent: number): boolean {
  if (before > 0 && now === 0) return true;
  return before >= DIRECTORY_LIMITS.shrinkGuardEntries && now < before && (before - now) * 100 >= before * percent;
}
