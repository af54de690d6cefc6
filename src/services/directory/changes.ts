/** Changes of one source between two updates, as the fetcher tells them: each one behind the other, or none of them. */
import { DIRECTORY_LIMITS } from "../../base/limits-directory.ts";
import { checkUser, type Fences, userLine } from "./check.ts";
import type { UserEntry } from "./entries.ts";
import { Gathering, type GroupPart } from "./gathering.ts";
import { type Lines, lineAt } from "./lines.ts";
import type { TextEdits } from "./by-name.ts";
import { shadowOf } from "./shadows.ts";
import { joinedKeys, keysIn } from "./ssh-keys.ts";

/** Which update of a source is held, and how many changes to it; 0 and 0: none that anybody could build on. */
export type Held = { readonly update: number; readonly change: number };
export const NOTHING_HELD: Held = { update: 0, change: 0 };
/** Names in `gone` are taken away before the others are put in. */
export type SourceChanges = Held & {
  /** Its place in the configuration. */
  readonly source: number;
  readonly users: readonly UserEntry[];
  readonly groups: readonly GroupPart[];
  readonly goneUsers: readonly string[];
  readonly goneGroups: readonly string[];
};
/** Lines that take the place of others of the same name; undefined: the name goes. */
export type Edits = ReadonlyMap<string, Edit | undefined>;
export type Edit = { readonly id: number; readonly line: Uint8Array };
export type SourceEdits = { readonly users: Edits; readonly groups: Edits; readonly shadows: TextEdits; readonly sshKeys: TextEdits };

/** What waits: a change comes whenever it happens, and is put in when nothing else is under way. */
export class ChangeQueue {
  #waiting: SourceChanges[] = [];

  /** @returns false when there are too many: whoever is behind by so much reads everything again */
  add(changes: SourceChanges): boolean {
    if (this.#waiting.length >= DIRECTORY_LIMITS.waitingChanges) return false;
    this.#waiting.push(changes);
    return true;
  }

  /** The source whose turn it is; undefined: nothing waits that is whole. */
  get next(): number | undefined {
    return this.#waiting.find((each) => this.#wholeOf(each.source) > 0)?.source;
  }

  /** Everything that is whole of one source, in its order. */
  take(source: number): readonly SourceChanges[] {
    const whole = this.#wholeOf(source);
    const taken = this.#waiting.filter((each) => each.source === source).slice(0, whole);
    this.#waiting = this.#waiting.filter((each) => !taken.includes(each));
    return taken;
  }

  forget(source?: number): void {
    this.#waiting = source === undefined ? [] : this.#waiting.filter((each) => each.source !== source);
  }

  /** How many there are up to the last one behind which no group is unfinished. */
  #wholeOf(source: number): number {
    const mine = this.#waiting.filter((each) => each.source === source);
    return mine.findLastIndex(({ groups }) => groups.at(-1)?.more !== true) + 1;
  }
}

/** @returns undefined when a group is not whole; an entry that does not pass the checks takes its old line along */
export function editsOf(all: readonly SourceChanges[], fences: Fences, rejected: (name: string) => void): SourceEdits | undefined {
  const users = new Map<string, Edit | undefined>();
  const groups = new Map<string, Edit | undefined>();
  const shadows = new Map<string, string | undefined>();
  const sshKeys = new Map<string, string | undefined>();
  const encoder = new TextEncoder();
  for (const { goneUsers, users: changed } of all) {
    for (const name of goneUsers) {
      users.set(name, undefined);
      if (fences.shadows) shadows.set(name, undefined);
      if (fences.sshKeys) sshKeys.set(name, undefined);
    }
    for (const user of changed) {
      const isSound = checkUser(user, fences) === undefined;
      if (!isSound) rejected(user.name);
      users.set(user.name, isSound ? { id: user.uid, line: encoder.encode(userLine(user)) } : undefined);
      if (fences.shadows) shadows.set(user.name, isSound ? shadowOf(user.password) : undefined);
      if (fences.sshKeys) sshKeys.set(user.name, isSound ? joinedKeys(keysIn(user.sshKeys), () => rejected(user.name)) : undefined);
    }
  }
  const fresh = (): Gathering =>
    new Gathering(fences, ({ name }) => {
      groups.set(name, undefined);
      rejected(name);
    });
  let gathering = fresh();
  for (const { groups: parts, goneGroups } of all) {
    for (const name of goneGroups) groups.set(name, undefined);
    for (const part of parts) gathering.group(part);
    if (parts.at(-1)?.more === true) continue;
    const harvest = gathering.finish(undefined);
    if (typeof harvest === "string") return undefined;
    for (const [name, edit] of linesIn(harvest.groups)) groups.set(name, edit);
    gathering = fresh();
  }
  return { users, groups, shadows, sshKeys };
}

function* linesIn(lines: Lines): Generator<readonly [string, Edit]> {
  for (let row = 0; row < lines.count; row++) {
    const line = lineAt(lines, row).slice();
    yield [new TextDecoder().decode(line.subarray(0, lines.nameBytes[row])), { id: lines.ids[row] ?? 0, line }];
  }
}

/** The same lines with some in other words, some gone, and new ones at the end. */
export function editedLines(lines: Lines, edits: Edits): Lines {
  if (edits.size === 0) return lines;
  const wanted = new Wanted(edits);
  const dropped: number[] = [];
  for (let row = 0; row < lines.count; row++) if (wanted.has(lines, row)) dropped.push(row);
  const fresh = [...edits].filter((each): each is [string, Edit] => each[1] !== undefined);
  const startOf = (row: number): number => (row === 0 ? 0 : (lines.ends[row - 1] ?? 0));
  const lost = dropped.reduce((sum, row) => sum + (lines.ends[row] ?? 0) - startOf(row), 0);
  const count = lines.count - dropped.length + fresh.length;
  const bytes = new Uint8Array(fresh.reduce((sum, [, { line }]) => sum + line.length, startOf(lines.count) - lost));
  const [ends, ids, nameBytes] = [new Uint32Array(count), new Uint32Array(count), new Uint8Array(count)];
  let [place, end, row] = [0, 0, 0];
  for (const until of [...dropped, lines.count]) {
    const shift = end - startOf(row);
    bytes.set(lines.bytes.subarray(startOf(row), startOf(until)), end);
    ids.set(lines.ids.subarray(row, until), place);
    nameBytes.set(lines.nameBytes.subarray(row, until), place);
    for (; row < until; row++) ends[place++] = (lines.ends[row] ?? 0) + shift;
    end = startOf(until) + shift;
    row = until + 1;
  }
  for (const [name, { id, line }] of fresh) {
    bytes.set(line, end);
    end += line.length;
    ends[place] = end;
    ids[place] = id;
    nameBytes[place++] = name.length;
  }
  return { count, bytes, ends, ids, nameBytes };
}

/** Finds rows by name without making text of a hundred thousand names. */
class Wanted {
  readonly #byLength = new Map<number, Uint8Array[]>();

  constructor(edits: Edits) {
    for (const name of edits.keys()) {
      const bytes = new TextEncoder().encode(name);
      this.#byLength.set(bytes.length, [...(this.#byLength.get(bytes.length) ?? []), bytes]);
    }
  }

  has({ bytes, ends, nameBytes }: Lines, row: number): boolean {
    const length = nameBytes[row] ?? 0;
    const start = row === 0 ? 0 : (ends[row - 1] ?? 0);
    return this.#byLength.get(length)?.some((name) => isAt(bytes, start, name)) === true;
  }
}

function isAt(bytes: Uint8Array, start: number, name: Uint8Array): boolean {
  for (let i = name.length - 1; i >= 0; i--) if (bytes[start + i] !== name[i]) return false;
  return true;
}
