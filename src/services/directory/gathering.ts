/** One pull of one source: entries in batches, checked and written down as lines. A group may come in parts. */
import { Counters } from "../counters.ts";
import { LIMITS } from "../../base/limits.ts";
import { DIRECTORY_LIMITS } from "../../base/limits-directory.ts";
import { checkGroupHead, checkMembers, checkUser, type Fences, groupLine, type Rejection, userLine } from "./check.ts";
import type { GroupEntry, UserEntry } from "./entries.ts";
import { LineGatherer } from "./lines.ts";
import { joinedKeys, keysIn } from "./ssh-keys.ts";
import { shadowOf } from "./shadows.ts";
import type { Harvest } from "./snapshot.ts";

/** `more`: further members follow in the next part, which repeats everything else. */
export type GroupPart = GroupEntry & { readonly more: boolean };
/** One message of entries from one source, for one update. */
export type EntryBatch = {
  readonly update: number;
  /** Its place in the configuration. */
  readonly source: number;
  readonly users: readonly UserEntry[];
  readonly groups: readonly GroupPart[];
};
/** Why what was gathered is not the whole: the pull counts as failed. */
export const GATHERING_FAULTS = ["too-many", "bad-part", "unfinished-group", "count-mismatch"] as const;
export type GatheringFault = (typeof GATHERING_FAULTS)[number];

export type Rejected = { readonly kind: "user" | "group"; readonly name: string; readonly reason: Rejection };

export class Gathering {
  readonly #fences: Fences;
  readonly #onRejected: (rejected: Rejected) => void;
  readonly #users: LineGatherer;
  readonly #groups: LineGatherer;
  readonly #shadows = new Map<string, string>();
  readonly #sshKeys = new Map<string, string>();
  #keyCharacters = 0;
  readonly rejected = new Counters();
  #open: { readonly entry: GroupEntry; readonly members: string[]; reason: Rejection | undefined } | undefined;
  #received = { users: 0, groups: 0 };
  #fault: GatheringFault | undefined;

  /** @param last what came last time, and is about as much */
  constructor(fences: Fences, onRejected: (rejected: Rejected) => void, last?: Harvest) {
    this.#users = new LineGatherer(last?.users);
    this.#groups = new LineGatherer(last?.groups);
    this.#fences = fences;
    this.#onRejected = onRejected;
  }

  get counts(): { readonly users: number; readonly groups: number } {
    return { users: this.#users.count, groups: this.#groups.count };
  }

  user(user: UserEntry): void {
    this.#received.users++;
    const reason = checkUser(user, this.#fences);
    if (reason !== undefined) this.#reject({ kind: "user", name: user.name, reason });
    else if (!this.#users.add({ name: user.name, id: user.uid, line: userLine(user) })) this.#fault ??= "too-many";
    else if (this.#fences.shadows && !this.#shadows.has(user.name)) this.#shadows.set(user.name, shadowOf(user.password));
    if (reason === undefined && this.#fences.sshKeys && !this.#sshKeys.has(user.name)) this.#keepKeys(user);
  }

  /** Of everybody, also of whoever has none: a source behind this one gives nobody keys who is this one's. */
  #keepKeys({ name, sshKeys }: UserEntry): void {
    const text = joinedKeys(keysIn(sshKeys), (fault) => this.rejected.add(`key-${fault}`));
    this.#keyCharacters += text.length;
    if (this.#keyCharacters > DIRECTORY_LIMITS.sshKeysHeldCharacters) this.#fault ??= "too-many";
    else this.#sshKeys.set(name, text);
  }

  group({ more, ...part }: GroupPart): void {
    const open = this.#open ?? { entry: part, members: [], reason: checkGroupHead(part, this.#fences) };
    if (open.entry.name !== part.name || open.entry.gid !== part.gid) {
      this.#fault ??= "bad-part";
      return;
    }
    // Checked part by part, so that a large group costs no packet its turn. What is rejected already need not be kept.
    open.reason ??= open.members.length + part.members.length > LIMITS.directoryMembers ? "too-long" : checkMembers(part.members);
    if (open.reason === undefined) for (const member of part.members) open.members.push(member);
    this.#open = more ? open : undefined;
    if (!more) this.#whole({ ...open.entry, members: open.members }, open.reason);
  }

  /** @param sent what the other side says it has sent; undefined where nobody counted */
  finish(sent: { readonly users: number; readonly groups: number } | undefined): Harvest | GatheringFault {
    if (this.#open !== undefined) this.#fault ??= "unfinished-group";
    const { users, groups } = this.#received;
    if (sent !== undefined && (sent.users !== users || sent.groups !== groups)) this.#fault ??= "count-mismatch";
    return this.#fault ?? { users: this.#users.take(), groups: this.#groups.take(), shadows: this.#shadows, sshKeys: this.#sshKeys };
  }

  #whole(group: GroupEntry, reason: Rejection | undefined): void {
    this.#received.groups++;
    if (reason !== undefined) this.#reject({ kind: "group", name: group.name, reason });
    else if (!this.#groups.add({ name: group.name, id: group.gid, line: groupLine(group) })) this.#fault ??= "too-many";
  }

  #reject(rejected: Rejected): void {
    this.rejected.add(`${rejected.kind}-${rejected.reason}`);
    this.#onRejected(rejected);
  }
}
