/** A conversation that goes well, and the servers that answer paging in their own ways. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EXTENDED_OID } from "../../../src/wire/ldap/operations.ts";
import { RESULT } from "../../../src/wire/ldap/result.ts";
import { failureIn, kinds, resultOf, type SESSION, searchIn, sent, Talk } from "../../support/session.ts";

/** Past connecting, in the users' search. */
function searching(config: Partial<typeof SESSION> = {}): Talk {
  const talk = new Talk(config);
  talk.tell({ kind: "connected" });
  return talk;
}

test("users are read page by page, then groups, then the server is told goodbye (RFC 2696 §3, RFC 4511 §4.3)", () => {
  const talk = new Talk();
  const first = searchIn(talk.tell({ kind: "connected" }));
  assert.deepEqual([first.request.base, first.request.scope, first.cookie], ["ou=people", "subtree", ""]);
  assert.deepEqual([first.request.sizeLimit, first.request.timeLimitSeconds, first.request.dereference], [0, 0, "never"]);
  assert.deepEqual(kinds(talk.entry("uid=a")), ["entry"]);
  assert.deepEqual(kinds(talk.entry("uid=b")), ["entry"]);
  const second = searchIn(talk.done(0, "page two"));
  assert.deepEqual([second.request.base, second.cookie], ["ou=people", "page two"]);
  assert.notEqual(second.id, first.id, "every request has an id of its own");
  talk.entry("uid=c");
  const groups = searchIn(talk.done());
  assert.deepEqual([groups.request.base, groups.request.scope, groups.cookie], ["ou=teams", "one", ""]);
  talk.entry("cn=d");
  const end = talk.done();
  assert.deepEqual(kinds(end), ["send", "close", "finished"]);
  assert.equal(sent(end)[0]?.operation.kind, "unbindRequest");
  assert.deepEqual(end[2], { kind: "finished", outcome: { ok: true, unchanged: false, mark: "" } });
  const entries = talk.effects.flatMap((effect) => (effect.kind === "entry" ? [`${effect.search} ${effect.entry.name}`] : []));
  assert.deepEqual(entries, ["users uid=a", "users uid=b", "users uid=c", "groups cn=d"]);
});

test("a page without entries is not the end while a cookie is there (RFC 2696 §3)", () => {
  const talk = searching();
  assert.equal(searchIn(talk.done(0, "more")).cookie, "more");
  assert.equal(searchIn(talk.done(0, "still more")).cookie, "still more");
  talk.entry("uid=a");
  assert.equal(searchIn(talk.done()).request.base, "ou=teams");
});

test("the cookie is kept when the bytes of its message are used again", () => {
  const talk = searching();
  const cookie = new TextEncoder().encode("abc");
  const effects = talk.answer(
    { kind: "searchResultDone", result: resultOf(0) },
    { controls: [{ kind: "pagedResults", critical: false, size: 0, cookie }] },
  );
  cookie.fill(0x7a);
  assert.equal(searchIn(effects).cookie, "abc");
});

test("with a name it binds first; the secret is never the machine's", () => {
  const talk = new Talk({ bindDn: "cn=reader" });
  assert.deepEqual(talk.tell({ kind: "connected" }), [{ kind: "bind", id: 1, dn: "cn=reader" }]);
  assert.equal(searchIn(talk.answer({ kind: "bindResponse", result: resultOf(0) })).request.base, "ou=people");
});

test("StartTLS: asked in the clear, and nothing else is until TLS stands (RFC 4511 §4.14)", () => {
  const talk = new Talk({ transport: "starttls", bindDn: "cn=reader" });
  const [request, ...others] = sent(talk.tell({ kind: "connected" }));
  assert.deepEqual(request, { id: 1, operation: { kind: "extendedRequest", name: EXTENDED_OID.startTls }, controls: [] });
  assert.deepEqual(others, []);
  assert.deepEqual(talk.answer({ kind: "extendedResponse", result: resultOf(0) }), [{ kind: "startTls" }]);
  assert.deepEqual(kinds(talk.tell({ kind: "secured" })), ["bind"]);
});

test("ldaps: TLS comes before the first message", () => {
  const talk = new Talk({ transport: "ldaps" });
  assert.deepEqual(talk.tell({ kind: "connected" }), [{ kind: "startTls" }]);
  assert.equal(searchIn(talk.tell({ kind: "secured" })).request.base, "ou=people");
});

test("pages of 0 entries mean no paging at all", () => {
  const talk = new Talk({ pageSize: 0 });
  assert.equal(searchIn(talk.tell({ kind: "connected" })).cookie, undefined);
  talk.entry("uid=a");
  assert.equal(searchIn(talk.done(0, false)).request.base, "ou=teams");
});

for (const code of [RESULT.unavailableCriticalExtension, RESULT.protocolError]) {
  test(`a server that answers the paging control with ${code} is asked again without it`, () => {
    const talk = searching();
    const again = searchIn(talk.done(code, false));
    assert.deepEqual([again.request.base, again.cookie], ["ou=people", undefined]);
    talk.entry("uid=a");
    assert.equal(searchIn(talk.done(0, false)).request.base, "ou=teams");
  });

  test(`${code} after the first page, or without paging, is a failure`, () => {
    const later = searching();
    later.entry("uid=a");
    later.done(0, "more");
    assert.equal(failureIn(later.done(code, false)), `search-refused ${code}`);
    const unpaged = searching();
    unpaged.done(code, false);
    assert.equal(failureIn(unpaged.done(code, false)), `search-refused ${code}`);
    const begun = searching();
    begun.entry("uid=a");
    assert.equal(failureIn(begun.done(code, false)), `search-refused ${code}`);
  });
}

test("no entries and no word about pages: asked once more without the control, then believed", () => {
  const talk = searching();
  assert.equal(searchIn(talk.done(0, false)).cookie, undefined);
  assert.equal(searchIn(talk.done(0, false)).request.base, "ou=teams");
});

test("references are counted and not followed (RFC 4511 §4.5.3)", () => {
  const talk = searching();
  assert.deepEqual(talk.answer({ kind: "searchResultReference", uris: ["ldap://elsewhere/"] }), [
    { kind: "reference", search: "users", uris: ["ldap://elsewhere/"] },
  ]);
  assert.equal(searchIn(talk.done(0, false)).request.base, "ou=teams", "something came: the page was not empty");
});
