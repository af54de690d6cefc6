/** What a directory may give: every entry is looked at here again, whoever has looked before. An entry is taken whole or not at all. */
import { LIMITS } from "../../base/limits.ts";
import { DIRECTORY_LIMITS } from "../../base/limits-directory.ts";
import type { IdFences } from "./config.ts";
import type { GroupEntry, UserEntry } from "./entries.ts";
import { isElsewhere } from "./shadows.ts";

export const REJECTIONS = ["bad-name", "bad-char", "bad-number", "bad-path", "id-range", "local-name", "not-utf8", "too-long"] as const;
export type Rejection = (typeof REJECTIONS)[number];
/** The fences, with names ready to be looked up; and whether hashes are kept. */
export type Fences = {
  readonly ids: IdFences;
  readonly localUsers: ReadonlySet<string>;
  readonly localGroups: ReadonlySet<string>;
  readonly shadows: boolean;
  /** Whether keys for SSH are. */
  readonly sshKeys: boolean;
};

/** The 16-bit and the 32-bit "no id" of system calls, and root: no directory gives these, whatever the fences are. */
const NEVER_IDS: readonly number[] = [0, 0xffff, 0xffffffff];
/** No sign in front that clients of old take for an order, nothing that separates fields or members, no byte beyond ASCII. */
const NAME = /^[A-Za-z0-9_.][A-Za-z0-9_.@-]*\$?$/;
const SEPARATORS = /[\0\n\r:]/;
const SURROGATES = /\p{Cs}/u;
/** Six colons, a password and two ids. */
const REST_BYTES = 27;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export function fencesOf(ids: IdFences, shadows = false, sshKeys = false): Fences {
  return { ids, localUsers: new Set(ids.localUsers), localGroups: new Set(ids.localGroups), shadows, sshKeys };
}

export function checkUser(user: UserEntry, { ids, localUsers, shadows }: Fences): Rejection | undefined {
  return (
    checkName(user.name, localUsers) ??
    checkId(user.uid, { lowest: ids.minUid, highest: ids.maxUid }) ??
    checkId(user.gid, { lowest: ids.minGid, highest: ids.maxGid }) ??
    checkText(shadows ? user.password.replaceAll(":", "") : user.password) ??
    firstOf([user.gecos, user.home, user.shell], checkText) ??
    checkPath(user.home) ??
    (user.shell === "" ? undefined : checkPath(user.shell)) ??
    (fits(user) ? undefined : "too-long")
  );
}

/** All of a group but its members, who may come in parts. */
export function checkGroupHead({ name, gid, password }: Omit<GroupEntry, "members">, { ids, localGroups }: Fences): Rejection | undefined {
  return checkName(name, localGroups) ?? checkId(gid, { lowest: ids.minGid, highest: ids.maxGid }) ?? checkText(password);
}

export function checkMembers(members: readonly string[]): Rejection | undefined {
  return members.length > LIMITS.directoryMembers ? "too-long" : firstOf(members, checkMember);
}

/** The seven fields that Linux reads. BSD's three others would end up in the shell of every user there. */
export function userLine({ name, password, uid, gid, gecos, home, shell }: UserEntry): string {
  return `${name}:${shownPassword(password)}:${uid}:${gid}:${gecos}:${home}:${shell}`;
}

/** With fewer words about the person where the line would be too long. @returns undefined where it still is */
export function fitted(user: UserEntry): UserEntry | undefined {
  if (fits(user)) return user;
  const room = DIRECTORY_LIMITS.passwdLineBytes - encoder.encode(userLine({ ...user, gecos: "" })).length;
  return room < 0 ? undefined : { ...user, gecos: firstBytes(user.gecos, room) };
}

/** A member that stands there twice is written once. */
export function groupLine({ name, password, gid, members }: GroupEntry): string {
  return `${name}:${shownPassword(password)}:${gid}:${[...new Set(members)].join(",")}`;
}

/**
 * No hash is in what everybody may read, and an empty field would let everybody in without one. `x`: it stands elsewhere, in the directory's
 * own words, or because it is kept for root.
 */
function shownPassword(password: string): string {
  return password === "x" || isElsewhere(password) ? "x" : "*";
}

function checkName(name: string, local: ReadonlySet<string>): Rejection | undefined {
  if (name.length > LIMITS.directoryNameBytes) return "too-long";
  if (!NAME.test(name) || /^[0-9]+$/.test(name) || name === "." || name === "..") return "bad-name";
  return name === "root" || local.has(name) ? "local-name" : undefined;
}

function checkId(id: number, { lowest, highest }: { readonly lowest: number; readonly highest: number }): Rejection | undefined {
  if (!Number.isInteger(id) || id < 0 || id > 0xffffffff) return "bad-number";
  return NEVER_IDS.includes(id) || id < lowest || id > highest ? "id-range" : undefined;
}

export function checkText(text: string): Rejection | undefined {
  if (text.length > LIMITS.directoryFieldBytes) return "too-long";
  if (SURROGATES.test(text)) return "not-utf8";
  return SEPARATORS.test(text) ? "bad-char" : undefined;
}

function checkMember(name: string): Rejection | undefined {
  if (name.length > LIMITS.directoryNameBytes) return "too-long";
  return name === "" || name.includes(",") ? "bad-char" : checkText(name);
}

/** Of most it is plain without writing the line: a character of UTF-16 is three bytes of UTF-8 at most. */
function fits(user: UserEntry): boolean {
  const { name, gecos, home, shell } = user;
  const most = 3 * (name.length + gecos.length + home.length + shell.length) + REST_BYTES;
  return most <= DIRECTORY_LIMITS.passwdLineBytes || encoder.encode(userLine(user)).length <= DIRECTORY_LIMITS.passwdLineBytes;
}

/** As much of a text as has room, in whole characters. */
function firstBytes(text: string, most: number): string {
  const bytes = encoder.encode(text);
  let end = Math.min(most, bytes.length);
  while (end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return decoder.decode(bytes.subarray(0, end));
}

function checkPath(path: string): Rejection | undefined {
  return path.startsWith("/") ? undefined : "bad-path";
}

function firstOf(texts: readonly string[], check: (text: string) => Rejection | undefined): Rejection | undefined {
  for (const text of texts) {
    const reason = check(text);
    if (reason !== undefined) return reason;
  }
  return undefined;
}
