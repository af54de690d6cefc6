/**
 * A table with a few lines in other words: what has not changed is copied in runs. Building it anew costs a third of a second for
 * 100,000 users, and a password that was changed, or a person who was locked out, should not wait for that.
 */
import { compareBytes, firstPlace } from "./bytes.ts";
import type { Edits } from "./changes.ts";
import type { Sliced } from "./sort.ts";
import { itemBytes, orderById, Table, type TableParts, writeItem } from "./table.ts";

/** Rows from `row` to before `until` of the old table, or one new line. */
type Run = { readonly row: number; readonly until: number } | { readonly line: Uint8Array; readonly id: number; readonly nameBytes: number };

/** For the table of one source, whose names are each there once. @returns how many ids have more than one name */
export function* editedTable(table: Table, edits: Edits): Sliced<{ readonly table: Table; readonly idTaken: number }> {
  const parts = laidOut(table, runsOf(table, edits));
  yield;
  const byId = isSimple(table, edits) ? shiftedIds(table, parts) : undefined;
  const counts = { nameTaken: 0, idTaken: 0 };
  const order = byId ?? (yield* orderById(parts.ids, () => 0, counts));
  return { table: new Table({ ...parts, byId: order }), idTaken: counts.idTaken };
}

function runsOf(table: Table, edits: Edits): readonly Run[] {
  const encoder = new TextEncoder();
  const sorted = [...edits].map(([name, edit]) => ({ name: encoder.encode(name), edit })).toSorted((a, b) => compareBytes(a.name, b.name));
  const runs: Run[] = [];
  let row = 0;
  for (const { name, edit } of sorted) {
    const place = firstPlace(table.count, (at) => compareBytes(table.name(at), name) >= 0);
    if (place > row) runs.push({ row, until: place });
    const isThere = place < table.count && compareBytes(table.name(place), name) === 0;
    row = isThere ? place + 1 : Math.max(row, place);
    if (edit !== undefined) runs.push({ line: edit.line, id: edit.id, nameBytes: name.length });
  }
  if (row < table.count) runs.push({ row, until: table.count });
  return runs;
}

function laidOut(table: Table, runs: readonly Run[]): Omit<TableParts, "byId"> {
  const old = table.parts;
  const startOf = (row: number): number => (row < old.count ? (old.starts[row] ?? 0) : old.items.length);
  const count = runs.reduce((sum, run) => sum + ("line" in run ? 1 : run.until - run.row), 0);
  const size = runs.reduce(
    (sum, run) => sum + ("line" in run ? itemBytes(run.line.length, run.nameBytes) : startOf(run.until) - startOf(run.row)),
    0,
  );
  const items = new Uint8Array(size);
  const [starts, valueBytes, ids] = [new Uint32Array(count), new Uint32Array(count), new Uint32Array(count)];
  const nameBytes = new Uint8Array(count);
  let at = 0;
  let row = 0;
  for (const run of runs) {
    if ("line" in run) {
      starts[row] = at;
      valueBytes[row] = run.line.length;
      nameBytes[row] = run.nameBytes;
      ids[row] = run.id;
      writeItem(items, at, run.line, run.nameBytes);
      at += itemBytes(run.line.length, run.nameBytes);
      row++;
      continue;
    }
    const [from, to] = [startOf(run.row), startOf(run.until)];
    items.set(old.items.subarray(from, to), at);
    valueBytes.set(old.valueBytes.subarray(run.row, run.until), row);
    nameBytes.set(old.nameBytes.subarray(run.row, run.until), row);
    ids.set(old.ids.subarray(run.row, run.until), row);
    const shift = at - from;
    for (let each = run.row; each < run.until; each++) starts[row++] = (old.starts[each] ?? 0) + shift;
    at += to - from;
  }
  return { count, items, starts, valueBytes, nameBytes, ids };
}

/** Every line keeps its id and its place: then the order of ids is the same. */
function isSimple(table: Table, edits: Edits): boolean {
  if (table.idCount !== table.count) return false;
  const encoder = new TextEncoder();
  return [...edits].every(([name, edit]) => {
    const row = table.find(encoder.encode(name));
    return edit === undefined ? row === undefined : row !== undefined && table.id(row) === edit.id;
  });
}

function shiftedIds(table: Table, { count }: { readonly count: number }): Uint32Array | undefined {
  return count === table.count ? table.parts.byId : undefined;
}
