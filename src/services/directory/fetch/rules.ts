/** What a field of a map may hold, judged value by value. A value becomes text, or a reason why the entry is dropped. */
import { LIMITS } from "../../../base/limits.ts";
import type { IdFences } from "../config.ts";

export const REJECT_REASONS = [
  "missing-attribute", // the entry does not have it
  "not-utf8", // a value is no text
  "bad-character", // a colon or a control character, which would move fields or begin new lines; in members also a comma
  "bad-number", // an id that is no decimal number of 32 bits
  "id-out-of-range", // 0, an id that means nobody, or one outside the fences
  "bad-name", // empty, too long, digits only, or with characters that a name may not have
  "bad-path", // a home or a shell that does not begin at the root
  "too-long", // a value longer than a field may be, or a line longer than clients have room for
  "local-name", // a user or group of this machine's own files, or one that is denied
  "name-taken", // an entry before this one in the same directory has the name
] as const;
export type RejectReason = (typeof REJECT_REASONS)[number];

/** Thrown inside the mapping of one entry and caught at its edge. */
export class Reject extends Error {
  readonly reason: RejectReason;
  readonly field: string;
  constructor(reason: RejectReason, field: string) {
    super(`${reason} (${field})`);
    this.reason = reason;
    this.field = field;
  }
}

/** 16 and 32 bits of ones: what system calls take for "nobody" and "no change". */
const NO_ID: readonly number[] = [65_535, 4_294_967_295];
const NAME = /^[A-Za-z0-9_.][A-Za-z0-9_.@-]*\$?$/;
const CONTROL_OR_COLON = /[\u0000-\u001f\u007f:]/;
const CONTROL_OR_COLON_ALL = /[\u0000-\u001f\u007f:]/g;
const MEMBER_FORBIDDEN = /[\u0000-\u001f\u007f:,]/;
const utf8 = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function textOf(
  value: Uint8Array,
  field: string,
  mostBytes: number = field === "name" ? LIMITS.directoryNameBytes : LIMITS.directoryFieldBytes,
): string {
  if (value.length > mostBytes) throw new Reject(mostBytes === LIMITS.directoryNameBytes ? "bad-name" : "too-long", field);
  try {
    return strict.decode(value);
  } catch {
    throw new Reject("not-utf8", field);
  }
}

/** Several values in one field, as the file format has them. */
export function joined(values: readonly string[], field: string): string {
  const text = values.join(",");
  if (utf8.encode(text).length > LIMITS.directoryFieldBytes) throw new Reject("too-long", field);
  return text;
}

/** The name of a user or a group. */
export function nameOf(text: string, local: ReadonlySet<string>): string {
  plain(text, "name");
  const sound = NAME.test(text) && !/^\d+$/.test(text) && text !== "." && text !== "..";
  if (!sound) throw new Reject("bad-name", "name");
  if (text === "root" || local.has(text)) throw new Reject("local-name", "name");
  return text;
}

/** Decimal digits and nothing else; leading zeros do not survive. */
export function idOf(text: string, field: "uid" | "gid", { minUid, maxUid, minGid, maxGid }: IdFences): number {
  const id = Number(text);
  if (!/^[0-9]+$/.test(text) || id > 0xffffffff) throw new Reject("bad-number", field);
  const [least, most] = field === "uid" ? [minUid, maxUid] : [minGid, maxGid];
  if (id === 0 || NO_ID.includes(id) || id < least || id > most) throw new Reject("id-out-of-range", field);
  return id;
}

/** What stands in words about a person: bytes that would harm become blanks. */
export function gecosOf(text: string): string {
  return text.replace(CONTROL_OR_COLON_ALL, " ");
}

/** A home or a shell; the shell may be empty, which means the usual one. */
export function pathOf(text: string, field: "home" | "shell"): string {
  plain(text, field);
  if (!text.startsWith("/") && (field === "home" || text !== "")) throw new Reject("bad-path", field);
  return text;
}

/** A crypted password in the form of crypt(3); a hash of any other scheme is nobody's password. */
export function passwordOf(text: string): string {
  plain(text, "password");
  const scheme = /^\{([^}]*)\}/.exec(text);
  if (scheme === null) return text;
  return scheme[1]?.toUpperCase() === "CRYPT" ? text.slice(scheme[0].length) : "*";
}

export function memberOf(text: string): string {
  if (MEMBER_FORBIDDEN.test(text)) throw new Reject("bad-character", "members");
  if (text === "") throw new Reject("bad-name", "members");
  return text;
}

function plain(text: string, field: string): void {
  if (CONTROL_OR_COLON.test(text)) throw new Reject("bad-character", field);
}
