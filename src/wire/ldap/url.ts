/** LDAP URLs (RFC 4516), as referrals hold them: where a part of the tree is. What is left out is `undefined`. */
import { parseDn } from "./dn.ts";
import type { Filter } from "./filter.ts";
import { parseFilter, printFilter } from "./filter-text.ts";
import type { SCOPES } from "./operations.ts";

export type LdapUrl = {
  readonly scheme: "ldap" | "ldaps";
  /** A name or an address without brackets; empty where the URL names none. */
  readonly host: string;
  readonly port: number | undefined;
  readonly dn: string | undefined;
  readonly attributes: readonly string[];
  readonly scope: (typeof URL_SCOPES)[number] | undefined;
  readonly filter: Filter | undefined;
};

const URL_SCOPES = ["base", "one", "subtree"] as const satisfies readonly (typeof SCOPES)[number][];
const SCOPE_WORDS: Readonly<Record<string, LdapUrl["scope"]>> = { base: "base", one: "one", sub: "subtree" };
const MOST_CHARACTERS = 8192;
const WHOLE =
  /^(ldaps?):\/\/(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]*))(?::([0-9]{1,5}))?(?:\/([^?#]*)(?:\?([^?#]*)(?:\?([^?#]*)(?:\?([^?#]*)(?:\?([^#]*))?)?)?)?)?$/i;

/** @returns undefined for what is no such URL, and for one with an extension that must be understood (RFC 4516 §2) */
export function parseLdapUrl(text: string): LdapUrl | undefined {
  const match = text.length > MOST_CHARACTERS ? null : WHOLE.exec(text);
  if (match === null) return undefined;
  const [, scheme = "", literal, name = "", port, dn, attributes = "", scope = "", filter = "", extensions = ""] = match;
  const number = port === undefined ? undefined : Number(port);
  if (number !== undefined && (number < 1 || number > 65_535)) return undefined;
  if (extensions.split(",").some((each) => each.startsWith("!"))) return undefined;
  const [base, wanted, list] = [dn ?? "", filter, attributes].map(unescaped);
  if (base === undefined || wanted === undefined || list === undefined || parseDn(base) === undefined) return undefined;
  const parsed = wanted === "" ? undefined : parseFilter(wanted);
  const depth = SCOPE_WORDS[scope.toLowerCase()];
  if (parsed?.ok === false || (scope !== "" && depth === undefined)) return undefined;
  return {
    scheme: scheme.toLowerCase() === "ldaps" ? "ldaps" : "ldap",
    host: literal ?? name,
    port: number,
    dn: base === "" ? undefined : base,
    attributes: list === "" ? [] : list.split(","),
    scope: depth,
    filter: parsed?.filter,
  };
}

/** Text that reads back as the same URL. */
export function printLdapUrl({ scheme, host, port, dn, attributes, scope, filter }: LdapUrl): string {
  const place = `${host.includes(":") ? `[${host}]` : host}${port === undefined ? "" : `:${port}`}`;
  const word = scope === undefined ? "" : scope === "subtree" ? "sub" : scope;
  const parts = [escaped(dn ?? ""), attributes.map(escaped).join(","), word, filter === undefined ? "" : escaped(printFilter(filter))];
  return `${scheme}://${place}/${parts.join("?").replace(/\?+$/, "")}`;
}

function escaped(text: string): string {
  return encodeURIComponent(text).replace(/%(?:2C|3D|2B|3B|40|3A|26)/g, (code) => (code === "%2C" ? "%2C" : decodeURIComponent(code)));
}

function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
