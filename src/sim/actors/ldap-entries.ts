/** Entries of a directory, and which of them a search finds: base, scope, filter (RFC 4511 §4.5.1). Values are compared without case. */
import type { Filter } from "../../wire/ldap/filter.ts";
import { dnKey, parseDn } from "../../wire/ldap/dn.ts";
import type { SearchRequest, SearchResultEntry } from "../../wire/ldap/operations.ts";

export type DirectoryEntry = { readonly dn: string; readonly attributes: { readonly [name: string]: readonly string[] } };

/** Users and groups as RFC 2307 has them, under ou=people and ou=groups of a base. */
export type Person = { readonly name: string; readonly id: number; readonly group: number; readonly gecos?: string; readonly shell?: string };
export type Team = { readonly name: string; readonly id: number; readonly members: readonly string[] };

export function directoryOf(base: string, people: readonly Person[], teams: readonly Team[]): readonly DirectoryEntry[] {
  const part = /^[a-z]+=([^,]+)/i.exec(base)?.[1] ?? "";
  return [
    { dn: base, attributes: { objectClass: ["top", "domain"], dc: [part] } },
    { dn: `ou=people,${base}`, attributes: { objectClass: ["top", "organizationalUnit"], ou: ["people"] } },
    { dn: `ou=groups,${base}`, attributes: { objectClass: ["top", "organizationalUnit"], ou: ["groups"] } },
    ...people.map((person) => personEntry(base, person)),
    ...teams.map(({ name, id, members }) => ({
      dn: `cn=${name},ou=groups,${base}`,
      attributes: {
        objectClass: ["top", "posixGroup"],
        cn: [name],
        gidNumber: [String(id)],
        ...(members.length === 0 ? {} : { memberUid: members }),
      },
    })),
  ];
}

function personEntry(base: string, { name, id, group, gecos = name, shell = "/bin/bash" }: Person): DirectoryEntry {
  return {
    dn: `uid=${name},ou=people,${base}`,
    attributes: {
      objectClass: ["top", "account", "posixAccount"],
      uid: [name],
      cn: [gecos],
      gecos: [gecos],
      uidNumber: [String(id)],
      gidNumber: [String(group)],
      homeDirectory: [`/home/${name}`],
      loginShell: [shell],
    },
  };
}

export function baseExists(entries: readonly DirectoryEntry[], base: string): boolean {
  const key = keyOf(base);
  return key === "" || entries.some(({ dn }) => keyOf(dn) === key);
}

export function entriesFor(entries: readonly DirectoryEntry[], { base, scope, filter }: SearchRequest): readonly DirectoryEntry[] {
  return entries.filter((entry) => inScope(entry.dn, base, scope) && matches(entry, filter) === true);
}

/** With the attributes that were asked for. */
export function answerOf({ dn, attributes }: DirectoryEntry, { attributes: wanted, typesOnly }: SearchRequest): SearchResultEntry {
  const asked = new Set(wanted.map((name) => name.toLowerCase()));
  const all = wanted.length === 0 || asked.has("*");
  const chosen = Object.entries(attributes).filter(([name]) => all || asked.has(name.toLowerCase()));
  return {
    kind: "searchResultEntry",
    name: dn,
    attributes: chosen.map(([description, values]) => ({
      description,
      values: typesOnly ? [] : values.map((value) => new TextEncoder().encode(value)),
    })),
  };
}

function inScope(dn: string, base: string, scope: SearchRequest["scope"]): boolean {
  const name = parseDn(dn) ?? [];
  const top = parseDn(base) ?? [];
  const depth = name.length - top.length;
  if (depth < 0 || dnKey(name.slice(depth)) !== dnKey(top)) return false;
  return scope === "base" ? depth === 0 : scope === "one" ? depth === 1 : scope === "subtree" ? true : depth > 0;
}

/** @returns undefined for what cannot be told (RFC 4511 §4.5.1.7) */
function matches(entry: DirectoryEntry, filter: Filter): boolean | undefined {
  switch (filter.kind) {
    case "and": {
      const parts = filter.filters.map((part) => matches(entry, part));
      return parts.includes(false) ? false : parts.includes(undefined) ? undefined : true;
    }
    case "or": {
      const parts = filter.filters.map((part) => matches(entry, part));
      return parts.includes(true) ? true : parts.includes(undefined) ? undefined : false;
    }
    case "not": {
      const inner = matches(entry, filter.filter);
      return inner === undefined ? undefined : !inner;
    }
    case "present":
      return valuesOf(entry, filter.attribute).length > 0;
    case "equal":
    case "approximate":
      return valuesOf(entry, filter.attribute).some((value) => value.toLowerCase() === textOf(filter.value));
    case "substrings": {
      const parts = [filter.initial, ...filter.any, filter.final].map((part) => escaped(part));
      const pattern = new RegExp(`^${parts.join(".*")}$`, "s");
      return valuesOf(entry, filter.attribute).some((value) => pattern.test(value.toLowerCase()));
    }
    case "greaterOrEqual":
      return valuesOf(entry, filter.attribute).some((value) => Number(value) >= Number(textOf(filter.value)));
    case "lessOrEqual":
      return valuesOf(entry, filter.attribute).some((value) => Number(value) <= Number(textOf(filter.value)));
    case "extensible":
      return undefined;
  }
}

function valuesOf({ attributes }: DirectoryEntry, attribute: string): readonly string[] {
  return Object.entries(attributes).find(([name]) => name.toLowerCase() === attribute.toLowerCase())?.[1] ?? [];
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).toLowerCase();
}

function escaped(part: Uint8Array | undefined): string {
  return part === undefined ? "" : textOf(part).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function keyOf(dn: string): string {
  return dnKey(parseDn(dn) ?? []);
}
