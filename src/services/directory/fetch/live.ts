/**
 * A source that tells of changes as they happen (RFC 4533): which entry gave which line, so that one that changes, is renamed or goes
 * takes its old line along. What one entry's change may mean for others is not worked out here: then everything is read again.
 */
import { LIMITS } from "../../../base/limits.ts";
import { DIRECTORY_LIMITS } from "../../../base/limits-directory.ts";
import type { SearchName } from "../../../machines/ldap-session/state.ts";
import type { SearchResultEntry } from "../../../wire/ldap/operations.ts";
import { type Batch, Batches, type GroupPart } from "./batches.ts";
import type { Reading } from "./reading.ts";
import type { UserEntry } from "../entries.ts";

/** One step from what was told before; names in `gone` are taken away before the others are put in. */
export type Changes = {
  readonly users: readonly UserEntry[];
  readonly groups: readonly GroupPart[];
  readonly goneUsers: readonly string[];
  readonly goneGroups: readonly string[];
};
export interface LiveOutput {
  changes(changes: Changes): void;
  /** What is known here is no longer what a whole reading would give. */
  stale(): void;
}
type Line = { readonly name: string; readonly dn: string };

export class Live {
  readonly #reading: Reading;
  readonly #output: LiveOutput;
  readonly #lines: Readonly<Record<SearchName, Map<string, Line>>> = { users: new Map(), groups: new Map() };
  readonly #gone: Readonly<Record<SearchName, Set<string>>> = { users: new Set(), groups: new Set() };
  readonly #news = { users: new Map<string, UserEntry>(), groups: new Map<string, Batch["groups"]>() };
  #early: (() => void)[] | undefined = [];
  #isStale = false;

  constructor(reading: Reading, output: LiveOutput) {
    this.#reading = reading;
    this.#output = output;
  }

  /** Of the first stage. */
  learn(search: SearchName, uuid: Uint8Array, dn: string, name: string | undefined): void {
    if (name !== undefined) this.#lines[search].set(textOf(uuid), { name, dn });
  }

  /** The first stage is told: what has changed meanwhile follows. */
  begin(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const happen of early) happen();
    this.flush();
  }

  changed(search: SearchName, entry: SearchResultEntry, uuid: Uint8Array): void {
    const key = textOf(uuid);
    if (this.#early === undefined) return this.#change(search, entry, key);
    const kept = { ...entry, attributes: entry.attributes.map((each) => ({ ...each, values: each.values.map((value) => value.slice()) })) };
    this.#later(() => this.#change(search, kept, key));
  }

  gone(search: SearchName, uuids: readonly Uint8Array[]): void {
    for (const key of uuids.map(textOf)) {
      if (this.#early === undefined) this.#take(search, key);
      else this.#later(() => this.#take(search, key));
    }
  }

  /** Tells what has changed since it was told last, the last state of each entry once. */
  flush(): void {
    if (this.#early !== undefined || this.#isStale) return;
    const { users, groups } = this.#news;
    const [goneUsers, goneGroups] = [[...this.#gone.users], [...this.#gone.groups]];
    if (users.size + groups.size + goneUsers.length + goneGroups.length === 0) return;
    // Names that go are told first, in pieces that fit; then lines, cut as those of an update are.
    for (const [gone, of] of [
      [goneUsers, "goneUsers"],
      [goneGroups, "goneGroups"],
    ] as const) {
      for (let first = 0; first < gone.length; first += LIMITS.entriesPerMessage) {
        this.#output.changes({ ...NOTHING, [of]: gone.slice(first, first + LIMITS.entriesPerMessage) });
      }
    }
    const batches = new Batches((batch) => this.#output.changes({ ...NOTHING, ...batch }));
    for (const user of users.values()) batches.user(user);
    for (const parts of groups.values()) for (const { more: _, ...group } of parts) batches.group(group);
    batches.flush();
    for (const each of [users, groups, this.#gone.users, this.#gone.groups]) each.clear();
  }

  #later(happen: () => void): void {
    if ((this.#early?.length ?? 0) >= DIRECTORY_LIMITS.earlyChanges) this.#grow();
    else this.#early?.push(happen);
  }

  #change(search: SearchName, entry: SearchResultEntry, key: string): void {
    const before = this.#lines[search].get(key);
    if (before !== undefined) this.#reading.mapping.release(search, before.name);
    const mapped = this.#reading.mapped(search, entry);
    const now = mapped === undefined ? undefined : { name: mapped.name, dn: entry.name };
    if (this.#isTied(search, before, now)) this.#grow();
    if (before !== undefined && before.name !== mapped?.name) this.#forget(search, before.name);
    if (mapped === undefined || now === undefined) {
      this.#lines[search].delete(key);
      return;
    }
    this.#lines[search].set(key, now);
    this.#gone[search].delete(mapped.name);
    if ("uid" in mapped) this.#news.users.set(mapped.name, mapped);
    else this.#news.groups.set(mapped.name, [{ ...mapped, more: false }]);
  }

  #take(search: SearchName, key: string): void {
    const before = this.#lines[search].get(key);
    if (this.#isTied(search, before, undefined)) this.#grow();
    if (before === undefined) return;
    this.#lines[search].delete(key);
    this.#reading.mapping.release(search, before.name);
    this.#forget(search, before.name);
  }

  /** Whether other entries' lines hang on this change: groups name people by their distinguished names, or hold groups. */
  #isTied(search: SearchName, before: Line | undefined, now: Line | undefined): boolean {
    const { groupsAreTied, membersAreDns } = this.#reading.mapping;
    if (search === "groups") return groupsAreTied;
    return membersAreDns && (before?.name !== now?.name || before?.dn !== now?.dn);
  }

  #forget(search: SearchName, name: string): void {
    this.#news[search].delete(name);
    this.#gone[search].add(name);
  }

  #grow(): void {
    if (this.#isStale) return;
    this.#isStale = true;
    this.#output.stale();
  }
}

const NOTHING: Changes = { users: [], groups: [], goneUsers: [], goneGroups: [] };

function textOf(uuid: Uint8Array): string {
  return String.fromCharCode(...uuid);
}
