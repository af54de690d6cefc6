/** From a directory's entries to users and groups, by the rules of the configuration. Pure. */
import type { FieldSource, GroupField, IdFences, SearchConfig, UserField } from "../config.ts";
import { LIMITS } from "../../../base/limits.ts";
import type { SearchResultEntry } from "../../../wire/ldap/operations.ts";
import type { GroupEntry, UserEntry } from "../entries.ts";
import { valuesOf } from "./attributes.ts";
import { MemberNames } from "./members.ts";
import { gecosOf, idOf, joined, memberOf, nameOf, passwordOf, pathOf, Reject, type RejectReason, textOf } from "./rules.ts";

export type Rejected = { readonly reason: RejectReason; readonly field: string };
export type Mapped<T> = { readonly ok: true; readonly entry: T } | { readonly ok: false; readonly rejected: Rejected };
/** `unknown`: members that are none of the users of this update, and were left out. */
export type MappedGroup = Mapped<GroupEntry & { readonly unknown: number }>;

/** Attributes that a search has to ask for, each once; RFC 4511 §4.5.1.8: `1.1` is none at all. */
export function attributesOf(search: SearchConfig<UserField> | SearchConfig<GroupField>): readonly string[] {
  const wanted = new Map<string, string>();
  for (const { kind, value } of Object.values(search.fields)) if (kind !== "fixed") wanted.set(value.toLowerCase(), value);
  return wanted.size === 0 ? ["1.1"] : [...wanted.values()];
}

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

  constructor(users: SearchConfig<UserField>, groups: SearchConfig<GroupField>, fences: IdFences) {
    this.#users = users;
    this.#groups = groups;
    this.#fences = fences;
    this.#memberNames = new MemberNames(groups.fields.members);
    this.#localUsers = new Set(fences.localUsers);
    this.#localGroups = new Set(fences.localGroups);
  }

  user(entry: SearchResultEntry): Mapped<UserEntry> {
    const text = (field: UserField): string => oneOf(entry, this.#users.fields[field], field);
    return judged(() => {
      const user: UserEntry = {
        name: nameOf(text("name"), this.#localUsers),
        password: passwordOf(text("password")),
        uid: idOf(text("uid"), "uid", this.#fences),
        gid: idOf(text("gid"), "gid", this.#fences),
        gecos: gecosOf(text("gecos")),
        home: pathOf(text("home"), "home"),
        shell: pathOf(text("shell"), "shell"),
      };
      taken(this.#userNames, user.name);
      this.#memberNames.learn(entry.name, user.name);
      return user;
    });
  }

  group(entry: SearchResultEntry): MappedGroup {
    const text = (field: GroupField): string => oneOf(entry, this.#groups.fields[field], field);
    return judged(() => {
      const group = {
        name: nameOf(text("name"), this.#localGroups),
        password: passwordOf(text("password")),
        gid: idOf(text("gid"), "gid", this.#fences),
        ...membersOf(entry, this.#groups.fields.members, this.#memberNames),
      };
      taken(this.#groupNames, group.name);
      return group;
    });
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
