/** Cuts a stream of users and groups into messages of bounded size; a group with many members goes in parts. */
import { LIMITS } from "../../../base/limits.ts";
import type { GroupEntry, UserEntry } from "../entries.ts";

/** Parts of one group follow each other; the last one has `more` unset. */
export type GroupPart = GroupEntry & { readonly more: boolean };
export type Batch = { readonly users: readonly UserEntry[]; readonly groups: readonly GroupPart[] };

/** UTF-8 needs at most three bytes for one unit of a string. */
const MOST_BYTES = 3;
const LENGTH_BYTES = 2;
/** Numbers and flags of one entry. */
const FIXED_BYTES = 16;

export class Batches {
  readonly #send: (batch: Batch) => void;
  #users: UserEntry[] = [];
  #groups: GroupPart[] = [];
  #bytes = 0;

  constructor(send: (batch: Batch) => void) {
    this.#send = send;
  }

  user(user: UserEntry): void {
    this.#room(sizeOf([user.name, user.password, user.gecos, user.home, user.shell, user.sshKeys]));
    this.#users.push(user);
  }

  group({ members, ...group }: GroupEntry): void {
    const head = sizeOf([group.name, group.password]);
    let first = 0;
    do {
      const next = endOfPart(members, first, LIMITS.directoryBatchBytes - head);
      const part = members.slice(first, next);
      this.#room(head + sizeOf(part));
      this.#groups.push({ ...group, members: part, more: next < members.length });
      first = next;
    } while (first < members.length);
  }

  /** Sends what is left. */
  flush(): void {
    if (this.#users.length + this.#groups.length > 0) this.#send({ users: this.#users, groups: this.#groups });
    this.#users = [];
    this.#groups = [];
    this.#bytes = 0;
  }

  #room(bytes: number): void {
    const full = this.#bytes + bytes > LIMITS.directoryBatchBytes || this.#users.length + this.#groups.length >= LIMITS.entriesPerMessage;
    if (full) this.flush();
    this.#bytes += bytes;
  }
}

function endOfPart(members: readonly string[], first: number, room: number): number {
  let bytes = FIXED_BYTES;
  let end = first;
  for (; end < members.length && end - first < LIMITS.membersPerPart; end++) {
    bytes += LENGTH_BYTES + MOST_BYTES * (members[end] ?? "").length;
    if (bytes > room) break;
  }
  return end;
}

function sizeOf(texts: readonly string[]): number {
  let bytes = FIXED_BYTES;
  for (const text of texts) bytes += LENGTH_BYTES + MOST_BYTES * text.length;
  return bytes;
}
