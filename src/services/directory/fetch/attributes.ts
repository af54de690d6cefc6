/** Finds a field's values in an entry: names without case and options (RFC 4512 §2.5). */
import type { SearchResultEntry } from "../../../wire/ldap/operations.ts";

/** Values of the attribute; those of the description without options are preferred. Empty when the entry has none. */
export function valuesOf(entry: SearchResultEntry, attribute: string): readonly Uint8Array[] {
  let optional: readonly Uint8Array[] = [];
  for (const { description, values } of entry.attributes) {
    if (values.length === 0 || description.length < attribute.length) continue;
    if (description.length === attribute.length) {
      if (description === attribute || description.toLowerCase() === attribute.toLowerCase()) return values;
    } else if (optional.length === 0 && description[attribute.length] === ";") {
      if (description.slice(0, attribute.length).toLowerCase() === attribute.toLowerCase()) optional = values;
    }
  }
  return optional;
}
