/** What one snapshot has that another has not: one walk over both in the order of names. */
import { compareBytes } from "./bytes.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Texts } from "./by-name.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Sliced } from "./sort.ts";
import type { Table } from "./table.ts";

/** Rows: `added` of the table after, `removed` of the one before, `changed` of both, before and after in turn. */
export type TableDifference = { readonly added: readonly number[]; readonly removed: readonly number[]; readonly changed: readonly number[] };
export type Difference = { readonly users: TableDifference; readonly groups: TableDifference };
export type ChangeCounts = { readonly added: number; readonly removed: number; readonly changed: number };

export function* differenceOf(before: Snapshot, after: Snapshot): Sliced<Difference> {
  const hasOtherKeys = otherKeys(before.sshKeys, after.sshKeys);
  return { users: yield* tableDifference(before.users, after.users, hasOtherKeys), groups: yield* tableDifference(before.groups, after.groups) };
}

export function countsOf({ added, removed, changed }: TableDifference): ChangeCounts {
  return { added: added.length, removed: removed.length, changed: changed.length / 2 };
}

export function isEmpty({ users, groups }: Difference): boolean {
  return [users, groups].every(({ added, removed, changed }) => added.length + removed.length + changed.length === 0);
}

/** Keys stand in no line, and yet whose are others is another user to sshd. */
function otherKeys(before: Texts, after: Texts): (name: Uint8Array) => boolean {
  if (before === after) return () => false;
  const decoder = new TextDecoder();
  return (bytes) => {
    const name = decoder.decode(bytes);
    return (before.get(name) ?? "") !== (after.get(name) ?? "");
  };
}

function* tableDifference(before: Table, after: Table, isOther = (_: Uint8Array): boolean => false): Sliced<TableDifference> {
  const [added, removed, changed]: [number[], number[], number[]] = [[], [], []];
  for (let old = 0, fresh = 0, steps = 1; old < before.count || fresh < after.count; steps++) {
    const order = orderOf(before, old, after, fresh);
    if (order < 0) removed.push(old);
    else if (order > 0) added.push(fresh);
    else if (compareBytes(before.line(old), after.line(fresh)) !== 0 || isOther(after.name(fresh))) changed.push(old, fresh);
    if (order <= 0) old++;
    if (order >= 0) fresh++;
    if (steps % LIMITS.directorySliceRows === 0) yield;
  }
  return { added, removed, changed };
}

/** Whatever has ended comes last. */
function orderOf(before: Table, old: number, after: Table, fresh: number): number {
  if (old >= before.count) return 1;
  return fresh >= after.count ? -1 : compareBytes(before.name(old), after.name(fresh));
}
