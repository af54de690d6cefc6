/** Lines that were served before, read as entries again: they must pass today's checks, as if they had just come. */
import type { Sliced } from "./sort.ts";
import { Gathering } from "./gathering.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Fences } from "./check.ts";
import type { GroupEntry, UserEntry } from "./entries.ts";
import { NO_TEXTS, type Texts, textsIn } from "./by-name.ts";
import { passwordFrom } from "./shadows.ts";
import type { Harvest } from "./snapshot.ts";
import type { StoredSource } from "./snapshot-file.ts";

const LINE_FEED = 0x0a;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const DECIMAL = /^[0-9]{1,10}$/;

/** @returns undefined when a line is none of ours: then nothing of this is believed */
export function* harvestOf(
  { users, groups, shadows, sshKeys }: Pick<StoredSource, "users" | "groups"> & Partial<StoredSource>,
  fences: Fences,
): Sliced<Harvest | undefined> {
  const gathering = new Gathering(fences, () => undefined);
  const hidden = fences.shadows && shadows !== undefined ? yield* textsIn(shadows) : NO_TEXTS;
  const keys = fences.sshKeys && sshKeys !== undefined ? yield* textsIn(sshKeys) : NO_TEXTS;
  const sound =
    (yield* each(users, 7, (fields) => gathering.user(userOf(fields, hidden, keys)))) &&
    (yield* each(groups, 4, (fields) => gathering.group({ ...groupOf(fields), more: false })));
  const harvest = gathering.finish(undefined);
  return sound && typeof harvest === "object" ? harvest : undefined;
}

function* each(bytes: Uint8Array, fieldCount: number, take: (fields: readonly string[]) => void): Sliced<boolean> {
  let count = 0;
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(LINE_FEED, start);
    const fields = end === -1 ? [] : fieldsOf(bytes.subarray(start, end));
    if (fields.length !== fieldCount) return false;
    take(fields);
    start = end + 1;
    if (++count % LIMITS.directorySliceRows === 0) yield;
  }
  return true;
}

function fieldsOf(line: Uint8Array): readonly string[] {
  try {
    return decoder.decode(line).split(":");
  } catch {
    return [];
  }
}

function userOf(
  [name = "", shown = "", uid = "", gid = "", gecos = "", home = "", shell = ""]: readonly string[],
  shadows: Texts,
  keys: Texts,
): UserEntry {
  const password = passwordFrom(shown, shadows.get(name));
  return { name, password, uid: numberIn(uid), gid: numberIn(gid), gecos, home, shell, sshKeys: keys.get(name) ?? "" };
}

function groupOf([name = "", password = "", gid = "", members = ""]: readonly string[]): GroupEntry {
  return { name, password, gid: numberIn(gid), members: members === "" ? [] : members.split(",") };
}

/** What is no number becomes one that no check lets pass. */
function numberIn(text: string): number {
  return DECIMAL.test(text) ? Number(text) : -1;
}
