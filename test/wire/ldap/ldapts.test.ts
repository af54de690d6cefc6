/** Our filters and messages beside those of ldapts: the same octets, the same reading, the same people found. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  AbandonRequest,
  BindRequest,
  BindResponse,
  ExtendedRequest,
  ExtendedResponse,
  FilterParser,
  PagedResultsControl,
  SearchEntry,
  SearchReference,
  SearchRequest,
  SearchResponse,
  UnbindRequest,
} from "ldapts";
import { decodeAll, encodeAll } from "../../../src/base/codec.ts";
import { toHex } from "../../../src/base/hex.ts";
import { type Filter, filter } from "../../../src/wire/ldap/filter.ts";
import { parseFilter, printFilter } from "../../../src/wire/ldap/filter-text.ts";
import { decodeLdap, encodeLdap } from "../../../src/wire/ldap/message.ts";
import { EXTENDED_OID, type Operation, type SearchResultEntry } from "../../../src/wire/ldap/operations.ts";
import { attributeName, attributes, decidable, name, person, type Written, written } from "./arbitraries.ts";
import { isTrueOf } from "./evaluate.ts";
import { buffer, theirEntry, theirMessages, theirOctets, theirReading, theirTree, type TheirMessage, theyRead } from "./ldapts.ts";
import { joined } from "./chunks.ts";
import { utf8 } from "./messages.ts";

const RUNS = 10_000;
/** An escaped octet of 0x80 or more, which ldapts takes for a character. */
const HIGH_ESCAPE = /\\[89a-f]/i;
const PLAIN = { noNullPrototype: true } as const;
const id = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const page = fc.record({ size: fc.nat(), cookie: fc.uint8Array({ maxLength: 200 }) }, PLAIN);

function octetsOf(text: string): Uint8Array {
  const parsed = parseFilter(text);
  assert.ok(parsed.ok, `${text} is refused: ${parsed.ok ? "" : parsed.fault.problem}`);
  return encodeAll(filter, parsed.filter);
}

/** What must hold of every filter, for an encoder that may be a wrong one. */
function sameOctets(encoder: (text: string) => Uint8Array): fc.IProperty<[Written]> {
  return fc.property(written, ({ text, filter: tree }) => {
    const octets = encoder(text);
    const theirs = theirOctets(FilterParser.parseString(text));
    assert.equal(toHex(octets), toHex(theirs), text);
    assert.equal(toHex(theirOctets(theirTree(tree))), toHex(theirs));
    assert.deepEqual(decodeAll(filter, theirs), tree);
    if (theyRead(tree)) assert.equal(theirReading(octets).toString(), FilterParser.parseString(text).toString());
  });
}

test(`${RUNS} filters: the text becomes the octets that ldapts writes, and each reads what the other wrote`, () => {
  fc.assert(sameOctets(octetsOf), { numRuns: RUNS });
});

const WRONG: readonly (readonly [what: string, encoder: (text: string) => Uint8Array])[] = [
  ["loses a character that is escaped", (text) => octetsOf(text.replace(/(?<=[A-Za-z0-9])\\2a/i, ""))],
  ["keeps the escape as it stands", (text) => octetsOf(text.replaceAll(/\\28/g, "\\5c28"))],
  ["forgets dnAttributes", (text) => octetsOf(text.replace(":dn:", ":"))],
  ["writes the length of a long value as that of a short one", (text) => octetsOf(text).map((octet) => (octet === 0x82 ? 0x81 : octet))],
];
for (const [what, encoder] of WRONG)
  test(`control: an encoder that ${what} is found`, () => {
    assert.ok(fc.check(sameOctets(encoder), { numRuns: RUNS, seed: 1, endOnFailure: true }).failed);
  });

test("texts that somebody changed: where both take them, both mean the same", () => {
  let taken = 0;
  const edit = fc.tuple(fc.nat(), fc.constantFrom("", "(", ")", "*", "\\", "=", ":", "!", "&", "\\2a", "a", " "));
  const holds = fc.property(written, fc.array(edit, { minLength: 1, maxLength: 3 }), ({ text }, edits) => {
    let changed = text;
    for (const [at, put] of edits) changed = changed.slice(0, at % changed.length) + put + changed.slice((at % changed.length) + 1);
    const ours = parseFilter(changed);
    if (!ours.ok || HIGH_ESCAPE.test(changed)) return;
    let theirs: Uint8Array;
    try {
      theirs = theirOctets(FilterParser.parseString(changed));
    } catch {
      return; // options, empty sets
    }
    taken++;
    assert.equal(toHex(encodeAll(filter, ours.filter)), toHex(theirs), changed);
  });
  fc.assert(holds, { numRuns: 3000 });
  assert.ok(taken > 100, `${taken} were taken by both`);
});

test(`${RUNS} filters and entries match alike: ldapts decides on our octets, we decide on its octets`, () => {
  let found = 0;
  const holds = fc.property(decidable, person, id, ({ text, filter: tree }, values, messageId) => {
    const entry: SearchResultEntry = {
      kind: "searchResultEntry",
      name: "uid=one",
      attributes: Object.entries(values).map(([description, value]) => ({ description, values: [utf8(value)] })),
    };
    const [read] = theirMessages(encodeLdap({ id: messageId, operation: entry, controls: [] }));
    assert.ok(read instanceof SearchEntry);
    const theirs = theyRead(tree) ? theirReading(octetsOf(text)) : FilterParser.parseString(text);
    const theySay = theirs.matches(read.toObject([], []) as unknown as Record<string, string>);
    const { operation } = decodeLdap(theirEntry(messageId, entry, { size: 0, cookie: new Uint8Array(0) }));
    assert.ok(operation.kind === "searchResultEntry");
    const weSay = isTrueOf(decodeAll(filter, theirOctets(FilterParser.parseString(text))), operation);
    assert.equal(weSay, theySay, `${text} of ${JSON.stringify(values)}`);
    if (weSay) found++;
  });
  fc.assert(holds, { numRuns: RUNS });
  assert.ok(found > RUNS / 20 && found < RUNS - RUNS / 20, `${found} were true`);
});

test(`${RUNS} entries: the octets that ldapts writes are ours, and it reads ours as they were`, () => {
  const holds = fc.property(id, name, attributes, page, (messageId, dn, all, { size, cookie }) => {
    const entry: SearchResultEntry = { kind: "searchResultEntry", name: dn, attributes: all };
    const ours = encodeLdap({ id: messageId, operation: entry, controls: [{ kind: "pagedResults", critical: true, size, cookie }] });
    const theirs = theirEntry(messageId, entry, { size, cookie });
    assert.equal(toHex(ours), toHex(theirs));
    assert.deepEqual(decodeLdap(theirs).operation, entry);
    const [read] = theirMessages(ours);
    assert.ok(read instanceof SearchEntry);
    assert.deepEqual([read.messageId, read.name], [messageId, dn]);
    assert.deepEqual(
      read.attributes.map(({ type, parsedBuffers }) => [type, parsedBuffers.map((value) => value.toString("hex"))]),
      all.map(({ description, values }) => [description, values.map((value) => buffer(value).toString("hex"))]),
    );
    assert.deepEqual(pagesOf(read), [[size, buffer(cookie).toString("hex")]]);
  });
  fc.assert(holds, { numRuns: RUNS });
});

function pagesOf({ controls = [] }: TheirMessage): readonly unknown[] {
  return controls.map((each) => (each instanceof PagedResultsControl ? [each.value?.size, each.value?.cookie?.toString("hex")] : each.type));
}

const code = fc.constantFrom(0, 1, 3, 4, 10, 11, 32, 49, 51, 52, 53, 80, 121, 4096);
const result = fc.record({ code, matchedDn: name, diagnostic: name, referrals: fc.constant([]) }, PLAIN);
const answer: fc.Arbitrary<Operation> = fc.oneof(
  result.map((each): Operation => ({ kind: "searchResultDone", result: each })),
  result.map((each): Operation => ({ kind: "bindResponse", result: each })),
  fc
    .tuple(result, name)
    .map(([each, value]): Operation => ({ kind: "extendedResponse", result: each, name: EXTENDED_OID.startTls, value: utf8(value) })),
  fc.array(fc.webUrl(), { minLength: 1, maxLength: 3 }).map((uris): Operation => ({ kind: "searchResultReference", uris })),
);

test("results, references and answers to StartTLS: ldapts reads a stream of ours as we wrote it", () => {
  const holds = fc.property(fc.array(fc.tuple(id, answer, page), { minLength: 1, maxLength: 4 }), (said) => {
    const stream = joined(
      said.map(([messageId, operation, { size, cookie }]) =>
        encodeLdap({ id: messageId, operation, controls: [{ kind: "pagedResults", critical: false, size, cookie }] }),
      ),
    );
    const heard = theirMessages(stream);
    assert.equal(heard.length, said.length);
    for (const [i, [messageId, operation, { size, cookie }]] of said.entries()) {
      const read = heard[i];
      assert.ok(read !== undefined);
      assert.equal(read.messageId, messageId);
      assert.deepEqual(asWeSay(read), operation);
      assert.deepEqual(pagesOf(read), [[size, buffer(cookie).toString("hex")]]);
    }
  });
  fc.assert(holds, { numRuns: 2000 });
});

function asWeSay(message: TheirMessage): Operation {
  const outcome = { code: message.status, matchedDn: message.matchedDN, diagnostic: message.errorMessage, referrals: [] };
  if (message instanceof SearchReference) return { kind: "searchResultReference", uris: message.uris };
  if (message instanceof SearchResponse) return { kind: "searchResultDone", result: outcome };
  if (message instanceof ExtendedResponse)
    return { kind: "extendedResponse", result: outcome, name: message.oid ?? "", value: utf8(message.value ?? "") };
  assert.ok(message instanceof BindResponse);
  return { kind: "bindResponse", result: outcome };
}

test("requests: bind, StartTLS, pages of a search, abandon and unbind are the octets of ldapts", () => {
  const SCOPES = [
    ["base", "base"],
    ["one", "one"],
    ["subtree", "sub"],
    ["subordinate", "subordinates"],
  ] as const;
  const asked = fc.record({
    id,
    base: name,
    password: name,
    scope: fc.constantFrom(...SCOPES),
    sizeLimit: fc.nat(),
    timeLimit: fc.nat(),
    typesOnly: fc.boolean(),
    wanted: written,
    attributes: fc.array(attributeName, { maxLength: 4 }),
    page,
  });
  const holds = fc.property(asked, (given) => {
    const { id: messageId, base, password, scope, sizeLimit, timeLimit, typesOnly, wanted, attributes: names, page: one } = given;
    const same = (operation: Operation, theirs: Buffer, controls: Parameters<typeof encodeLdap>[0]["controls"] = []): void =>
      assert.equal(toHex(encodeLdap({ id: messageId, operation, controls })), toHex(theirs));
    same(
      {
        kind: "searchRequest",
        base,
        scope: scope[0],
        dereference: "never",
        sizeLimit,
        timeLimitSeconds: timeLimit,
        typesOnly,
        filter: wanted.filter,
        attributes: names,
      },
      new SearchRequest({
        messageId,
        baseDN: base,
        scope: scope[1],
        sizeLimit,
        timeLimit,
        returnAttributeValues: !typesOnly,
        filter: FilterParser.parseString(wanted.text),
        attributes: names,
        controls: [new PagedResultsControl({ critical: true, value: { size: one.size, cookie: buffer(one.cookie) } })],
      }).write(),
      [{ kind: "pagedResults", critical: true, ...one }],
    );
    const simple = { kind: "simple", password: utf8(password) } as const;
    same({ kind: "bindRequest", version: 3, name: base, authentication: simple }, new BindRequest({ messageId, dn: base, password }).write());
    const external = { kind: "sasl", mechanism: "EXTERNAL", credentials: utf8(password) } as const;
    same(
      { kind: "bindRequest", version: 3, name: "", authentication: external },
      new BindRequest({ messageId, mechanism: "EXTERNAL", password }).write(),
    );
    same({ kind: "extendedRequest", name: EXTENDED_OID.startTls }, new ExtendedRequest({ messageId, oid: EXTENDED_OID.startTls }).write());
    same({ kind: "abandonRequest", id: sizeLimit }, new AbandonRequest({ messageId, abandonId: sizeLimit }).write());
    same({ kind: "unbindRequest" }, new UnbindRequest({ messageId }).write());
  });
  fc.assert(holds, { numRuns: 2000 });
});

test("what we print of a filter, ldapts reads as the same filter", () => {
  const isText = ({ filter: tree }: Written): boolean => !HIGH_ESCAPE.test(printFilter(tree));
  fc.assert(
    fc.property(written.filter(isText), ({ filter: tree }) => {
      const printed: Filter = tree;
      assert.equal(toHex(theirOctets(FilterParser.parseString(printFilter(printed)))), toHex(encodeAll(filter, tree)));
    }),
    { numRuns: 2000 },
  );
});
