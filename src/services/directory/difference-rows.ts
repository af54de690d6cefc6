/** A difference as people and programs read it: a row for each user and group, with the fields that are others, page by page. */
import { DIRECTORY_LIMITS } from "../../base/limits-directory.ts";
import { GROUP_FIELDS, USER_FIELDS } from "./config.ts";
import type { Difference, TableDifference } from "./difference.ts";
import { NO_TEXTS, type Texts } from "./by-name.ts";
import type { Snapshot } from "./snapshot.ts";
import { keysIn } from "./ssh-keys.ts";
import type { Table } from "./table.ts";

export type FieldChange =
  | { readonly field: string; readonly before: string; readonly after: string }
  | {
      readonly field: "members";
      readonly added: readonly string[];
      readonly removed: readonly string[];
      readonly addedCount: number;
      readonly removedCount: number;
    };
export type ChangeRow = {
  readonly kind: "user" | "group";
  readonly change: "added" | "removed" | "changed";
  readonly name: string;
  readonly fields: readonly FieldChange[];
};
export type Compared = { readonly before: Snapshot; readonly after: Snapshot; readonly difference: Difference };

/** Of one value, and of the members of one group, more is not told. */
const SHOWN_CHARACTERS = 256;
const SHOWN_MEMBERS = 10;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** @param from a number of rows to pass over @returns where the next page begins; undefined behind the last */
export function changesPage(
  { before, after, difference }: Compared,
  from: number,
): { readonly rows: readonly ChangeRow[]; readonly next: number | undefined } {
  const parts = [
    { kind: "user", fields: USER_FIELDS, old: before.users, fresh: after.users, of: difference.users, keys: [before.sshKeys, after.sshKeys] },
    { kind: "group", fields: GROUP_FIELDS, old: before.groups, fresh: after.groups, of: difference.groups, keys: [NO_TEXTS, NO_TEXTS] },
  ] as const;
  const rows: ChangeRow[] = [];
  let characters = 0;
  let passed = 0;
  for (const part of parts) {
    const total = sizeOf(part.of);
    for (let at = Math.max(0, from - passed); at < total; at++) {
      if (characters > DIRECTORY_LIMITS.differencePageCharacters) return { rows, next: passed + at };
      const row = rowAt(part, at);
      characters += JSON.stringify(row).length;
      rows.push(row);
    }
    passed += total;
  }
  return { rows, next: undefined };
}

type Part = {
  readonly kind: "user" | "group";
  readonly fields: readonly string[];
  readonly old: Table;
  readonly fresh: Table;
  readonly of: TableDifference;
  readonly keys: readonly [before: Texts, after: Texts];
};

function sizeOf({ added, removed, changed }: TableDifference): number {
  return added.length + removed.length + changed.length / 2;
}

/** What goes comes first: it is what an operator has to look at. */
function rowAt({ kind, fields, old, fresh, of: { added, removed, changed }, keys }: Part, at: number): ChangeRow {
  if (at < removed.length) return { kind, change: "removed", name: nameAt(old, removed[at]), fields: [] };
  const pair = 2 * (at - removed.length);
  if (pair >= changed.length) return { kind, change: "added", name: nameAt(fresh, added[at - removed.length - changed.length / 2]), fields: [] };
  const [was, is] = [fieldsAt(old, changed[pair]), fieldsAt(fresh, changed[pair + 1])];
  const others = fields.flatMap((field, place): readonly FieldChange[] => {
    const [before = "", after = ""] = [was[place], is[place]];
    if (before === after) return [];
    return [field === "members" ? membersChange(before, after) : { field, before: shown(before), after: shown(after) }];
  });
  const [name = ""] = is;
  return { kind, change: "changed", name, fields: [...others, ...keysChange(name, keys)] };
}

/** How many: the keys themselves are not for everybody who may look. */
function keysChange(name: string, keys: Part["keys"]): readonly FieldChange[] {
  const [was = [], is = []] = keys.map((texts) => keysIn(texts.get(name) ?? ""));
  const fresh = is.filter((key) => !was.includes(key)).length;
  if (fresh === 0 && is.length === was.length) return [];
  return [{ field: "sshKeys", before: String(was.length), after: fresh === 0 ? String(is.length) : `${is.length}, ${fresh} new` }];
}

function membersChange(before: string, after: string): FieldChange {
  const [was, is] = [new Set(membersIn(before)), new Set(membersIn(after))];
  const [added, removed] = [[...is].filter((name) => !was.has(name)), [...was].filter((name) => !is.has(name))];
  const some = (names: readonly string[]): readonly string[] => names.slice(0, SHOWN_MEMBERS).map(shown);
  return { field: "members", added: some(added), removed: some(removed), addedCount: added.length, removedCount: removed.length };
}

function membersIn(text: string): readonly string[] {
  return text === "" ? [] : text.split(",");
}

export function nameAt(table: Table, row = 0): string {
  return decoder.decode(table.name(row));
}

function fieldsAt(table: Table, row = 0): readonly string[] {
  return decoder.decode(table.line(row)).split(":");
}

function shown(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}...` : text;
}
