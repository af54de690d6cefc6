/** From a directory's entries to users and groups, by the rules of the configuration. Pure. */
import { fitted } from "../check.ts";
import type { FieldSource, GroupField, IdFences, SearchConfig, UserField } from "../config.ts";
import { LIMITS } from "../../../base/limits.ts";
import type { SearchResultEntry } from "../../../wire/ldap/operations.ts";
import type { GroupEntry, UserEntry } from "../entries.ts";
import { valuesOf } from "./attributes.ts";
import { sshKeysIn } from "./keys.ts";
import type { KeyFault } from "../ssh-keys.ts";
import { keyOf, MemberNames, memberKey } from "./members.ts";
import { AGEING_ATTRIBUTES, shadowIn } from "./shadow.ts";
import { GroupGraph, type RawGroup } from "./nested.ts";
import { gecosOf, idOf, joined, memberOf, nameOf, passwordOf, pathOf, Reject, type RejectReason, textOf } from "./rules.ts";

export type Rejected = { readonly reason: RejectReason; readonly field: string };
export type Mapped<T> = { readonly ok: true; readonly entry: T } | { readonly ok: false; readonly rejected: Rejected };
/** `unknown`: members that are none of the users of this update, and were left out. */
export type MappedGroup = Mapped<GroupEntry & { readonly unknown: number }>;

/** Attributes that a search has to ask for, each once; RFC 4511 §4.5.1.8: `1.1` is none at all. */
export function attributesOf(search: SearchConfig<UserField> | SearchConfig<GroupField>): readonly string[] {
  const wanted = new Map<string, string>();
  for (const { kind, value } of Object.values(search.fields)) {
    if (kind !== "fixed") wanted.set(value.toLowerCase(), value);
    if (kind === "shadow") for (const days of AGEING_ATTRIBUTES) wanted.set(days.toLowerCase(), days);
  }
  return wanted.size === 0 ? ["1.1"] : [...wanted.values()];
}

/** Whether groups wait until all users and groups are there: `named` for their members' names, `nested` for the groups in them too. */
export type GroupWait = "no" | "named" | "nested";

type Head = Omit<GroupEntry, "members">;
type Waiting = { readonly dn: string; readonly head: Head; readonly raw: RawGroup; readonly malformed: number };

/** Maps the entries of one source in one update: a name counts once. */
export class Mapping {
  readonly #users: SearchConfig<UserField>;
  readonly #groups: SearchConfig<GroupField>;
  readonly #fences: IdFences;
  readonly #localUsers: ReadonlySet<string>;
  readonly #localGroups: ReadonlySet<string>;
  readonly #userNames = new Set<string>();
  readonly #groupNames = new Set<string>();
  readonly #memberNames: MemberNames;
  readonly #wait: GroupWait;
  readonly #graph = new GroupGraph();
  #waiting: Waiting[] = [];
  /** What became of keys of the last user that are none. */
  keyFaults: KeyFault[] = [];
  /** More members than can be kept: what is left is not the whole. */
  overfull = false;

  constructor(users: SearchConfig<UserField>, groups: SearchConfig<GroupField>, fences: IdFences, wait: GroupWait = "no") {
    this.#users = users;
    this.#groups = groups;
    this.#fences = fences;
    this.#memberNames = new MemberNames(groups.fields.members);
    this.#wait = this.#memberNames.areDns ? wait : "no";
    this.#localUsers = new Set(fences.localUsers);
    this.#localGroups = new Set(fences.localGroups);
  }

  user(entry: SearchResultEntry): Mapped<UserEntry> {
    const text = (field: UserField): string => oneOf(entry, this.#users.fields[field], field);
    return judged(() => {
      const user: UserEntry = {
        name: nameOf(text("name"), this.#localUsers),
        password: this.#password(entry),
        uid: idOf(text("uid"), "uid", this.#fences),
        gid: idOf(text("gid"), "gid", this.#fences),
        gecos: gecosOf(text("gecos")),
        home: pathOf(text("home"), "home"),
        shell: pathOf(text("shell"), "shell"),
        sshKeys: this.#keys(entry),
      };
      const line = fitted(user);
      if (line === undefined) throw new Reject("too-long", "line");
      taken(this.#userNames, user.name);
      this.#memberNames.learn(entry.name, user.name);
      return line;
    });
  }

  #keys(entry: SearchResultEntry): string {
    this.keyFaults = [];
    const source = this.#users.fields.sshKeys;
    return source.kind === "fixed" && source.value === "" ? "" : sshKeysIn(entry, source, (fault) => this.keyFaults.push(fault));
  }

  #password(entry: SearchResultEntry): string {
    const source = this.#users.fields.password;
    return source.kind === "shadow" ? shadowIn(entry, source.value) : passwordOf(oneOf(entry, source, "password"));
  }

  /** @returns undefined for a group that waits for the rest of the directory */
  group(entry: SearchResultEntry): MappedGroup | undefined {
    const source = this.#groups.fields.members;
    if (this.#wait !== "no") return this.#keep(entry, source);
    return judged(() => {
      const group = { ...this.#head(entry), ...membersOf(entry, source, this.#memberNames) };
      taken(this.#groupNames, group.name);
      return group;
    });
  }

  /** Those that waited, in the order in which they came. */
  *rest(): Generator<{ readonly dn: string; readonly mapped: MappedGroup }> {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { dn, head, raw, malformed } of waiting) {
      const { members, unknown, tooMany } = this.#graph.open(raw, (key) => this.#memberNames.named(key));
      const mapped = judged(() => {
        if (tooMany) throw new Reject("too-long", "members");
        return { ...head, members: members.map(memberOf), unknown: unknown + malformed };
      });
      yield { dn, mapped };
    }
  }

  /** The entry that had this name is another one now, or gone. */
  release(search: "users" | "groups", name: string): void {
    (search === "users" ? this.#userNames : this.#groupNames).delete(name);
  }

  /** Whether a user's other name is a change of groups. */
  get membersAreDns(): boolean {
    return this.#memberNames.areDns;
  }

  /** Whether one group's change can be another one's. */
  get groupsAreTied(): boolean {
    return this.#wait !== "no";
  }

  #head(entry: SearchResultEntry): Head {
    const text = (field: GroupField): string => oneOf(entry, this.#groups.fields[field], field);
    return { name: nameOf(text("name"), this.#localGroups), password: passwordOf(text("password")), gid: idOf(text("gid"), "gid", this.#fences) };
  }

  /** A group that is not served passes on its members all the same: whoever nests groups need not give each an id. */
  #keep(entry: SearchResultEntry, source: FieldSource): MappedGroup | undefined {
    const texts = judged(() => memberTexts(entry, source, this.#memberNames));
    const keys = texts.ok ? texts.entry.map(memberKey) : [];
    const members = keys.filter((key) => key !== undefined);
    const raw = { dn: this.#wait === "nested" ? keyOf(entry.name) : undefined, members };
    if (!this.#graph.add(raw)) this.overfull = true;
    if (!texts.ok) return texts;
    const head = judged(() => {
      const made = this.#head(entry);
      taken(this.#groupNames, made.name);
      return made;
    });
    if (!head.ok) return head;
    if (!this.overfull) this.#waiting.push({ dn: entry.name, head: head.entry, raw, malformed: keys.length - members.length });
    return undefined;
  }
}

function oneOf(entry: SearchResultEntry, source: FieldSource, field: UserField | GroupField): string {
  if (source.kind === "fixed") return source.value;
  const values = valuesOf(entry, source.value);
  if (source.kind === "list") {
    return joined(
      values.map((value) => textOf(value, field)),
      field,
    );
  }
  const [first] = values;
  if (first === undefined && source.kind === "optional") return "";
  if (first === undefined) throw new Reject("missing-attribute", field);
  return textOf(first, field);
}

/** Each member once. */
function membersOf(
  entry: SearchResultEntry,
  source: FieldSource,
  names: MemberNames,
): { readonly members: readonly string[]; readonly unknown: number } {
  const members = new Set<string>();
  let unknown = 0;
  for (const text of memberTexts(entry, source, names)) {
    const name = names.nameOf(text);
    if (name === undefined) unknown++;
    else members.add(memberOf(name));
  }
  return { members: [...members], unknown };
}

function memberTexts(entry: SearchResultEntry, source: FieldSource, names: MemberNames): readonly string[] {
  if (source.kind === "fixed") return source.value === "" ? [] : source.value.split(",");
  const values = valuesOf(entry, source.value);
  if (source.kind === "attribute" && values.length === 0) throw new Reject("missing-attribute", "members");
  const wanted = source.kind === "list" ? values : values.slice(0, 1);
  return wanted.map((value) => textOf(value, "members", names.areDns ? LIMITS.directoryFieldBytes : LIMITS.directoryNameBytes));
}

function taken(names: Set<string>, name: string): void {
  if (names.has(name)) throw new Reject("name-taken", "name");
  names.add(name);
}

function judged<T>(work: () => T): Mapped<T> {
  try {
    return { ok: true, entry: work() };
  } catch (error) {
    if (!(error instanceof Reject)) throw error;
    return { ok: false, rejected: { reason: error.reason, field: error.field } };
  }
}
