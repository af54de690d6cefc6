/** Search requests and the entries that answer them (RFC 4511 §4.5). */
import type { Reader, Writer } from "../../base/cursor.ts";
import { WireError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import {
  booleanOf,
  countOf,
  eachOf,
  element,
  TAG,
  textOf,
  viewOf,
  wordOf,
  writeBoolean,
  writeBytes,
  writeElement,
  writeInteger,
  writeText,
} from "./ber.ts";
import { filter } from "./filter.ts";
import { DEREFERENCES, type SearchRequest, type SearchResultEntry, SCOPES } from "./operations.ts";

export function readSearch(content: Reader): SearchRequest {
  return {
    kind: "searchRequest",
    base: textOf(element(content, TAG.octetString)),
    scope: nameOf(SCOPES, element(content, TAG.enumerated)),
    dereference: nameOf(DEREFERENCES, element(content, TAG.enumerated)),
    sizeLimit: countOf(element(content, TAG.integer)),
    timeLimitSeconds: countOf(element(content, TAG.integer)),
    typesOnly: booleanOf(element(content, TAG.boolean)),
    filter: filter.decode(content),
    attributes: eachOf(element(content, TAG.sequence), LIMITS.ldapAttributes, (reader) => textOf(element(reader, TAG.octetString))),
  };
}

export function writeSearch(writer: Writer, value: SearchRequest): void {
  writeText(writer, TAG.octetString, value.base);
  writeInteger(writer, TAG.enumerated, SCOPES.indexOf(value.scope));
  writeInteger(writer, TAG.enumerated, DEREFERENCES.indexOf(value.dereference));
  writeInteger(writer, TAG.integer, value.sizeLimit);
  writeInteger(writer, TAG.integer, value.timeLimitSeconds);
  writeBoolean(writer, TAG.boolean, value.typesOnly);
  filter.encode(writer, value.filter);
  writeElement(writer, TAG.sequence, (inner) => {
    for (const attribute of value.attributes) writeText(inner, TAG.octetString, attribute);
  });
}

/** Nothing but names is copied. An attribute without values answers `typesOnly`. */
export function readEntry(content: Reader): SearchResultEntry {
  const name = textOf(element(content, TAG.octetString));
  let values = 0;
  const attributes = eachOf(element(content, TAG.sequence), LIMITS.ldapAttributes, (reader) => {
    const attribute = element(reader, TAG.sequence);
    const description = wordOf(element(attribute, TAG.octetString));
    const set = eachOf(element(attribute, TAG.set), LIMITS.ldapValues - values, (each) => viewOf(element(each, TAG.octetString)));
    attribute.finish();
    values += set.length;
    return { description, values: set };
  });
  return { kind: "searchResultEntry", name, attributes };
}

export function writeEntry(writer: Writer, { name, attributes }: SearchResultEntry): void {
  writeText(writer, TAG.octetString, name);
  writeElement(writer, TAG.sequence, (list) => {
    for (const { description, values } of attributes) {
      writeElement(list, TAG.sequence, (attribute) => {
        writeText(attribute, TAG.octetString, description);
        writeElement(attribute, TAG.set, (set) => {
          for (const value of values) writeBytes(set, TAG.octetString, value);
        });
      });
    }
  });
}

function nameOf<const N extends readonly string[]>(names: N, content: Reader): N[number] {
  const offset = content.offset;
  const name = names[countOf(content)];
  if (name === undefined) throw new WireError("bad-value", offset);
  return name;
}
