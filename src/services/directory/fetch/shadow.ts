/** A user's hash and how it ages, as shadow(5) has them behind the name (RFC 2307 shadowAccount). */
import type { SearchResultEntry } from "../../../wire/ldap/operations.ts";
import { valuesOf } from "./attributes.ts";
import { passwordOf, textOf } from "./rules.ts";

/** Days, in the order of the fields of shadow(5). */
export const AGEING_ATTRIBUTES = ["shadowLastChange", "shadowMin", "shadowMax", "shadowWarning", "shadowInactive", "shadowExpire"] as const;

const CRYPT = /^\{crypt\}/i;
const DAYS = /^[0-9]{1,10}$/;
const MARK_BYTES = 7;
const decoder = new TextDecoder();

/** @throws Reject where what may be a hash is no text for a field */
export function shadowIn(entry: SearchResultEntry, attribute: string): string {
  return [hashIn(entry, attribute), ...AGEING_ATTRIBUTES.map((name) => daysIn(entry, name))].join(":");
}

/** Of several hashes the one that login programs here can read. */
function hashIn(entry: SearchResultEntry, attribute: string): string {
  const values = valuesOf(entry, attribute);
  const chosen = values.find((value) => CRYPT.test(decoder.decode(value.subarray(0, MARK_BYTES)))) ?? values[0];
  return chosen === undefined ? "*" : passwordOf(textOf(chosen, "password"));
}

/** What is no number of days, such as -1 for never, is not said at all. */
function daysIn(entry: SearchResultEntry, name: string): string {
  const [value] = valuesOf(entry, name);
  const text = value === undefined ? "" : decoder.decode(value);
  return DAYS.test(text) ? text : "";
}
