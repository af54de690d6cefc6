/**
 * io.systemd.UserDatabase: users, groups and memberships (systemd's docs/USER_GROUP_API). Records name no members: readers merge those
 * with the memberships in a loop that grows with the square.
 */
import { DIRECTORY_LIMITS } from "../../base/limits-directory.ts";
import { VARLINK_ERROR, type VarlinkCall, type VarlinkReply } from "../../wire/varlink/message.ts";
import type { Json, JsonObject } from "../../wire/varlink/json.ts";
import type { Accounts, GroupAccount, Membership, UserAccount } from "./accounts.ts";

export const USERDB_INTERFACE = "io.systemd.UserDatabase";
const METHODS = ["GetUserRecord", "GetGroupRecord", "GetMemberships"] as const;
type Method = (typeof METHODS)[number];
const utf8 = new TextEncoder();
const ROOT = 0;
/** /proc/sys/kernel/overflowuid (user_namespaces(7)). */
const OVERFLOW_UID = 65_534;
/** Errors of the interface; `ServiceNotAvailable` says that nothing is known, `NoRecordFound` that there is no such record. */
export type UserdbError = "NoRecordFound" | "BadService" | "ServiceNotAvailable" | "ConflictingRecordFound" | "EnumerationNotSupported";
export type UserdbNote = Method | UserdbError | "group-too-large" | "bad-parameter" | "expected-more" | "unknown-method";

export type UserdbAsked = {
  /** undefined until there is something to serve. */
  readonly accounts: Accounts | undefined;
  /** The name of the socket: who asks for another one has come to the wrong place. */
  readonly service: string;
  readonly enumerate: boolean;
  /** The uid at the other end, as the kernel says; undefined: nobody knows. */
  readonly caller: number | undefined;
  readonly note: (note: UserdbNote) => void;
};
type Replies = Iterable<VarlinkReply>;

/** @returns undefined when the method is none of this interface */
export function answerUserdb({ method, parameters, mode }: VarlinkCall, asked: UserdbAsked): Replies | undefined {
  const name = METHODS.find((known) => method === `${USERDB_INTERFACE}.${known}`);
  if (name === undefined) return undefined;
  asked.note(name);
  const wrong = wrongParameter(name, parameters);
  if (wrong !== undefined) {
    asked.note("bad-parameter");
    return [error(VARLINK_ERROR.invalidParameter, { parameter: wrong })];
  }
  if (parameters["service"] !== asked.service) return failure("BadService", asked);
  if (asked.accounts === undefined) return failure("ServiceNotAvailable", asked);
  const accounts = asked.accounts;
  const request = { parameters, more: mode === "more", accounts, asked };
  switch (name) {
    case "GetUserRecord":
      return records(
        request,
        { byName: "userName", byId: "uid" },
        {
          named: (name) => accounts.userByName(name),
          numbered: (uid) => accounts.userById(uid),
          idOf: ({ uid }) => uid,
          all: () => accounts.users(),
          write: (user) => userReply(user, asked),
        },
      );
    case "GetGroupRecord":
      return records(
        request,
        { byName: "groupName", byId: "gid" },
        {
          named: (name) => accounts.groupByName(name),
          numbered: (gid) => accounts.groupById(gid),
          idOf: ({ gid }) => gid,
          all: () => accounts.groups(),
          write: (group) => ({ record: groupRecord(group, asked.service), incomplete: false }),
        },
      );
    case "GetMemberships":
      return memberships(request);
  }
}

type Request = { readonly parameters: JsonObject; readonly more: boolean; readonly accounts: Accounts; readonly asked: UserdbAsked };
type Kind<T> = {
  readonly named: (name: string) => T | undefined;
  readonly numbered: (id: number) => T | undefined;
  readonly idOf: (record: T) => number;
  readonly all: () => Iterable<T>;
  /** A record, and whether something of it is not for the caller. */
  readonly write: (record: T) => JsonObject;
};

function records<T extends { readonly name: string }>(
  { parameters, more, asked }: Request,
  { byName, byId }: { readonly byName: string; readonly byId: string },
  { named, numbered, idOf, all, write }: Kind<T>,
): Replies {
  const name = textIn(parameters[byName]);
  const id = numberIn(parameters[byId]);
  if (name === undefined && id === undefined) {
    if (!asked.enumerate) return failure("EnumerationNotSupported", asked);
    return more ? each(mapEach(all(), write), asked) : expectedMore(asked);
  }
  const left = name === undefined ? undefined : named(name);
  const right = id === undefined ? undefined : numbered(id);
  // An id that two names share belongs to the first of them, and the other one's record still has it.
  const fits = left !== undefined && id !== undefined && idOf(left) === id;
  if (name !== undefined && id !== undefined && !fits && (left ?? right) !== undefined) return failure("ConflictingRecordFound", asked);
  const found = left ?? right;
  return found === undefined ? failure("NoRecordFound", asked) : [{ kind: "reply", parameters: write(found), continues: false }];
}

function memberships({ parameters, more, accounts, asked }: Request): Replies {
  const userName = textIn(parameters["userName"]);
  const groupName = textIn(parameters["groupName"]);
  if (userName !== undefined && groupName !== undefined) {
    const membership = { userName, groupName };
    return accounts.isMember(membership) ? [{ kind: "reply", parameters: membership, continues: false }] : failure("NoRecordFound", asked);
  }
  if (userName === undefined && groupName === undefined && !asked.enumerate) return failure("EnumerationNotSupported", asked);
  if (!more) return expectedMore(asked);
  return each(membershipsOf({ userName, groupName }, accounts, asked), asked);
}

type Either = { readonly userName: string | undefined; readonly groupName: string | undefined };

function* membershipsOf({ userName, groupName }: Either, accounts: Accounts, asked: UserdbAsked): Generator<Membership> {
  if (userName !== undefined) {
    for (const groupName of accounts.groupsOf(userName)) yield { userName, groupName };
    return;
  }
  const groups = groupName === undefined ? mapEach(accounts.groups(), ({ name }) => name) : [groupName];
  for (const groupName of groups) {
    const members = accounts.membersOf(groupName);
    if (members === undefined) asked.note("group-too-large");
    for (const userName of members ?? []) if (isUserdbName(userName)) yield { userName, groupName };
  }
}

/** One behind: only what is followed by another says so. */
function* each(all: Iterable<JsonObject>, asked: UserdbAsked): Generator<VarlinkReply> {
  let waiting: JsonObject | undefined;
  for (const parameters of all) {
    if (waiting !== undefined) yield { kind: "reply", parameters: waiting, continues: true };
    waiting = parameters;
  }
  if (waiting === undefined) yield* failure("NoRecordFound", asked);
  else yield { kind: "reply", parameters: waiting, continues: false };
}

function* mapEach<A, B>(all: Iterable<A>, map: (value: A) => B): Generator<B> {
  for (const value of all) yield map(value);
}

/** What is privileged is for root and for whoever it is of; others are told that there is more. */
function userReply(user: UserAccount, { service, caller }: UserdbAsked): JsonObject {
  const record = userRecord(user, service);
  if (user.sshKeys.length === 0) return { record, incomplete: false };
  if (!mayRead(user, caller)) return { record, incomplete: true };
  return { record: { ...record, privileged: { sshAuthorizedKeys: [...user.sshKeys] } }, incomplete: false };
}

/** Everybody of another user namespace who is nobody here comes with the same uid: that proves nothing. */
function mayRead({ uid }: UserAccount, caller: number | undefined): boolean {
  return caller === ROOT || (caller === uid && caller !== OVERFLOW_UID);
}

/** Readers refuse a whole record for one path they do not like, and one without `service`. */
function userRecord({ name, uid, gid, gecos, home, shell }: UserAccount, service: string): JsonObject {
  const [fullName = ""] = gecos.split(",");
  const realName = fullName.replace(/\p{Cc}/gu, " ").trim();
  return {
    userName: name,
    uid,
    gid,
    ...(realName === "" ? {} : { realName }),
    ...(isNormalPath(home) ? { homeDirectory: home } : {}),
    shell: isNormalPath(shell) ? shell : "/bin/sh",
    disposition: "regular",
    service,
  };
}

function groupRecord({ name, gid }: GroupAccount, service: string): JsonObject {
  return { groupName: name, gid, disposition: "regular", service };
}

/** Absolute, without empty parts and without dots that lead elsewhere. */
function isNormalPath(path: string): boolean {
  const [first, ...parts] = path.split("/");
  return path === "/" || (first === "" && parts.length > 0 && parts.every(isNormalPart));
}

function isNormalPart(part: string): boolean {
  return part !== "" && part !== "." && part !== ".." && utf8.encode(part).length <= DIRECTORY_LIMITS.userdbPathPartBytes;
}

/** What readers take for a name: for one they do not, they refuse the whole list. */
function isUserdbName(name: string): boolean {
  return !/[\p{Cc}:/]/u.test(name) && !/^-?[0-9]*$/.test(name) && name.trim() === name && name !== "." && name !== "..";
}

const PARAMETERS: { readonly [method in Method]: { readonly [name: string]: "text" | "id" } } = {
  GetUserRecord: { userName: "text", uid: "id", service: "text" },
  GetGroupRecord: { groupName: "text", gid: "id", service: "text" },
  GetMemberships: { userName: "text", groupName: "text", service: "text" },
};

/** A parameter we do not know is refused by name: readers then ask without it and choose themselves. */
function wrongParameter(method: Method, parameters: JsonObject): string | undefined {
  return Object.entries(parameters).find(
    ([name, value]) => !isOfType(Object.hasOwn(PARAMETERS[method], name) ? PARAMETERS[method][name] : undefined, value),
  )?.[0];
}

function isOfType(type: "text" | "id" | undefined, value: Json): boolean {
  if (type === undefined) return false;
  if (value === null) return true;
  return type === "text" ? typeof value === "string" : typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0xffffffff;
}

function textIn(value: Json | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function numberIn(value: Json | undefined): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function expectedMore({ note }: UserdbAsked): Replies {
  note("expected-more");
  return [error(VARLINK_ERROR.expectedMore)];
}

function failure(name: UserdbError, { note }: UserdbAsked): readonly VarlinkReply[] {
  note(name);
  return [error(`${USERDB_INTERFACE}.${name}`)];
}

function error(name: string, parameters: JsonObject = {}): VarlinkReply {
  return { kind: "error", error: name, parameters };
}
