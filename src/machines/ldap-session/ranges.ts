/** Attributes that come in parts: `member;range=0-1499`, then `member;range=1500-*`. Only Active Directory does so. */
import { LIMITS } from "../../base/limits.ts";
import { parseAttributeDescription, printAttributeDescription, sameAttribute } from "../../wire/ldap/attribute.ts";
import type { Attribute, SearchResultEntry } from "../../wire/ldap/operations.ts";
import type { Partial } from "./state.ts";

type Begun = Omit<Partial, "place">;

/**
 * The attribute of an entry of which more is to be asked for; where there are several, nobody asks for their rest.
 * Its bytes are copied, for they outlive the message. `count` 0: these are all.
 */
export function rangedAttribute(entry: SearchResultEntry): Begun | "bad-range" | undefined {
  if (!entry.attributes.some(({ description }) => description.includes(";"))) return undefined;
  const cut = entry.attributes.filter(({ description }) => /;range=/i.test(description));
  const [first, ...others] = cut;
  if (first === undefined) return undefined;
  const parsed = parseAttributeDescription(first.description);
  if (others.length > 0 || parsed?.range === undefined || parsed.range.first !== 0) return "bad-range";
  const attribute = printAttributeDescription({ name: parsed.name, options: parsed.options });
  const attributes = entry.attributes
    .filter(({ description, values }) => description === first.description || values.length > 0 || !sameAttribute(description, attribute))
    .map((each) => ({ description: each === first ? attribute : each.description, values: copied(each) }));
  const whole = parsed.range.last === undefined;
  if (!whole && first.values.length === 0) return "bad-range";
  return { entry: { ...entry, attributes }, attribute, count: whole ? 0 : first.values.length };
}

/** @returns the entry with the values that follow, `count` 0 when they were the last; undefined when they do not follow */
export function withValues(partial: Partial, { name, attributes }: SearchResultEntry): Partial | undefined {
  if (name.toLowerCase() !== partial.entry.name.toLowerCase()) return undefined;
  for (const each of attributes) {
    const parsed = parseAttributeDescription(each.description);
    if (parsed?.range === undefined || !sameAttribute(printAttributeDescription({ name: parsed.name, options: parsed.options }), partial.attribute))
      continue;
    const last = parsed.range.last === undefined;
    const follows = parsed.range.first === partial.count && (last || each.values.length > 0);
    if (!follows || partial.count + each.values.length > LIMITS.ldapValues) return undefined;
    const longer = partial.entry.attributes.map((own) =>
      own.description === partial.attribute ? { ...own, values: [...own.values, ...copied(each)] } : own,
    );
    return { ...partial, entry: { ...partial.entry, attributes: longer }, count: last ? 0 : partial.count + each.values.length };
  }
  return undefined;
}

function copied({ values }: Attribute): readonly Uint8Array[] {
  return values.map((value) => value.slice());
}
