/** Entries as a recording holds them: in parts that fit one step, and without passwords. */
import { LIMITS } from "../../../base/limits.ts";
import { checkText } from "../check.ts";
import type { EntryBatch, GroupPart } from "../gathering.ts";

/** Characters of the entries of one step, before any of them is escaped. */
const PART_CHARACTERS = 8000;

/** The same entries in several batches: told one after the other they do what the one would have done. */
export function partsOf({ users, groups, ...which }: EntryBatch): readonly EntryBatch[] {
  const parts = [
    ...chunksOf(users).map((some): EntryBatch => ({ ...which, users: some, groups: [] })),
    ...chunksOf(groups.flatMap(partsOfGroup)).map((some): EntryBatch => ({ ...which, users: [], groups: some })),
  ];
  return parts.length === 0 ? [{ ...which, users, groups }] : parts;
}

/** What came as a password, and may be one, is left out; what is refused is refused for the same reason. */
export function withoutPasswords<B extends Pick<EntryBatch, "users" | "groups">>({ users, groups, ...which }: B) {
  return {
    ...which,
    users: users.map((user) => ({ ...user, password: standIn(user.password), sshKeys: "" })),
    groups: groups.map((group) => ({ ...group, password: standIn(group.password) })),
  };
}

function standIn(password: string): string {
  switch (checkText(password)) {
    case undefined:
      return password === "x" ? "x" : "*";
    case "too-long":
      return "*".repeat(LIMITS.directoryFieldBytes + 1);
    case "not-utf8":
      return "\ud800";
    default:
      return ":";
  }
}

function partsOfGroup({ members, more, ...group }: GroupPart): readonly GroupPart[] {
  const parts = chunksOf(members);
  if (parts.length <= 1) return [{ ...group, members, more }];
  return parts.map((some, i) => ({ ...group, members: some, more: more || i < parts.length - 1 }));
}

function chunksOf<T>(items: readonly T[]): readonly (readonly T[])[] {
  const chunks: T[][] = [];
  let characters = PART_CHARACTERS;
  for (const item of items) {
    const own = JSON.stringify(item).length;
    if (characters + own > PART_CHARACTERS) {
      chunks.push([]);
      characters = 0;
    }
    chunks.at(-1)?.push(item);
    characters += own;
  }
  return chunks;
}
