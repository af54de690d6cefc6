/**
 * ldapts, an LDAP client that shares no code with us, asked what it makes of the same filters and messages. What it does otherwise than
 * the RFCs is kept out of its way: it writes an escaped octet of 0x80 or more as a character, reads presence only at the start of a
 * buffer, and dnAttributes not at all.
 */
import {
  AndFilter,
  ApproximateFilter,
  Attribute as TheirAttribute,
  BerReader,
  BerWriter,
  BindResponse,
  EqualityFilter,
  ExtendedResponse,
  ExtensibleFilter,
  type Filter as TheirFilter,
  FilterParser,
  GreaterThanEqualsFilter,
  LessThanEqualsFilter,
  MessageParser,
  NotFilter,
  OrFilter,
  PagedResultsControl,
  PresenceFilter,
  SearchEntry,
  SearchReference,
  SearchResponse,
  SubstringFilter,
} from "ldapts";
import { absurd } from "../../../src/base/errors.ts";
import type { Filter } from "../../../src/wire/ldap/filter.ts";
import type { SearchResultEntry } from "../../../src/wire/ldap/operations.ts";

/** What answers, of their many classes. */
export type TheirMessage = BindResponse | ExtendedResponse | SearchEntry | SearchReference | SearchResponse;

const KINDS = [BindResponse, ExtendedResponse, SearchEntry, SearchReference, SearchResponse];
const ENTRY = 0x64;
const CONTROLS = 0xa0;

export function buffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function text(bytes: Uint8Array): string {
  return buffer(bytes).toString("utf8");
}

export function theirOctets(filter: TheirFilter): Uint8Array {
  const writer = new BerWriter();
  filter.write(writer);
  return Uint8Array.from(writer.buffer);
}

export function theirReading(octets: Uint8Array): TheirFilter {
  return FilterParser.parse(new BerReader(buffer(octets)));
}

/** Without its parser of text. */
export function theirTree(filter: Filter): TheirFilter {
  switch (filter.kind) {
    case "and":
      return new AndFilter({ filters: filter.filters.map(theirTree) });
    case "or":
      return new OrFilter({ filters: filter.filters.map(theirTree) });
    case "not":
      return new NotFilter({ filter: theirTree(filter.filter) });
    case "equal":
      return new EqualityFilter({ attribute: filter.attribute, value: buffer(filter.value) });
    case "greaterOrEqual":
      return new GreaterThanEqualsFilter({ attribute: filter.attribute, value: text(filter.value) });
    case "lessOrEqual":
      return new LessThanEqualsFilter({ attribute: filter.attribute, value: text(filter.value) });
    case "approximate":
      return new ApproximateFilter({ attribute: filter.attribute, value: text(filter.value) });
    case "present":
      return new PresenceFilter({ attribute: filter.attribute });
    case "substrings":
      return new SubstringFilter({
        attribute: filter.attribute,
        initial: text(filter.initial ?? new Uint8Array(0)),
        any: filter.any.map(text),
        final: text(filter.final ?? new Uint8Array(0)),
      });
    case "extensible": {
      const { attribute = "", rule = "", value, dnAttributes } = filter;
      return new ExtensibleFilter({ matchType: attribute, rule, value: text(value), dnAttributes });
    }
    default:
      return absurd(filter);
  }
}

/** It reads what a filter like this becomes on the wire. */
export function theyRead(filter: Filter): boolean {
  if (filter.kind === "and" || filter.kind === "or") return filter.filters.every(theyRead);
  if (filter.kind === "not") return theyRead(filter.filter);
  return filter.kind !== "present" && !(filter.kind === "extensible" && filter.dnAttributes);
}

/** An answer as they would write it: they have the parts, and no whole. */
export function theirEntry(
  id: number,
  { name, attributes }: SearchResultEntry,
  page: { readonly size: number; readonly cookie: Uint8Array },
): Uint8Array {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeInt(id);
  writer.startSequence(ENTRY);
  writer.writeString(name);
  writer.startSequence();
  for (const { description, values } of attributes) new TheirAttribute({ type: description, values: values.map(buffer) }).write(writer);
  writer.endSequence();
  writer.endSequence();
  writer.startSequence(CONTROLS);
  new PagedResultsControl({ critical: true, value: { size: page.size, cookie: buffer(page.cookie) } }).write(writer);
  writer.endSequence();
  writer.endSequence();
  return Uint8Array.from(writer.buffer);
}

/** The messages in a stream, as they read them. */
export function theirMessages(stream: Uint8Array): readonly TheirMessage[] {
  const parser = new MessageParser();
  const messages: TheirMessage[] = [];
  parser.on("message", (message) => {
    if (KINDS.some((kind) => message instanceof kind)) messages.push(message as TheirMessage);
  });
  parser.on("error", (error) => {
    throw error;
  });
  parser.read(buffer(stream), new Map());
  return messages;
}
