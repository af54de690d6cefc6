/** Whether a filter is true of an entry, as ldapts decides it: every attribute without case, and one that is missing makes it false. */
import type { Filter } from "../../../src/wire/ldap/filter.ts";
import type { SearchResultEntry } from "../../../src/wire/ldap/operations.ts";

const decoder = new TextDecoder();

export function isTrueOf(filter: Filter, entry: SearchResultEntry): boolean {
  switch (filter.kind) {
    case "and":
      return filter.filters.every((each) => isTrueOf(each, entry));
    case "or":
      return filter.filters.some((each) => isTrueOf(each, entry));
    case "not":
      return !isTrueOf(filter.filter, entry);
    case "present":
      return firstOf(entry, filter.attribute) !== undefined;
    case "equal":
      return compared(entry, filter, (value, wanted) => value === wanted);
    case "greaterOrEqual":
      return compared(entry, filter, (value, wanted) => value >= wanted);
    case "lessOrEqual":
      return compared(entry, filter, (value, wanted) => value <= wanted);
    case "substrings": {
      const value = firstOf(entry, filter.attribute);
      return value !== undefined && holdsParts(value, [filter.initial, ...filter.any].map(lower), lower(filter.final));
    }
    default:
      throw new Error(`nobody can decide ${filter.kind}`);
  }
}

type Compared = { readonly attribute: string; readonly value: Uint8Array };

function compared(entry: SearchResultEntry, filter: Compared, holds: (value: string, wanted: string) => boolean): boolean {
  const value = firstOf(entry, filter.attribute);
  return value !== undefined && holds(value, lower(filter.value));
}

/** The first part stands at the beginning, the others somewhere behind each other, the last at the end. */
function holdsParts(value: string, [initial = "", ...any]: readonly string[], final: string): boolean {
  if (!value.startsWith(initial)) return false;
  let at = initial.length;
  for (const part of any) {
    const found = value.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return value.length - final.length >= at && value.endsWith(final);
}

function firstOf({ attributes }: SearchResultEntry, name: string): string | undefined {
  const value = attributes.find(({ description }) => description === name)?.values[0];
  return value === undefined ? undefined : lower(value);
}

function lower(bytes: Uint8Array | undefined): string {
  return decoder.decode(bytes ?? new Uint8Array(0)).toLowerCase();
}
