/** Everything once, then every change as it happens (RFC 4533). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { instant, NEVER } from "../../../src/base/time.ts";
import { ldapSession } from "../../../src/machines/ldap-session/session.ts";
import { RESULT } from "../../../src/wire/ldap/result.ts";
import { failureIn, kinds, persisting, resultOf, searchIn, sent, Talk, uuidOf } from "../../support/session.ts";

function refreshing(config = {}): Talk {
  const talk = new Talk({ sync: true, ...config });
  talk.tell({ kind: "connected" });
  return talk;
}

test("each search asks for everything and for what comes after it, and insists (RFC 4533 §2.2)", () => {
  const talk = new Talk({ sync: true });
  const [message] = sent(talk.tell({ kind: "connected" }));
  assert.deepEqual(message?.controls, [{ kind: "syncRequest", critical: true, mode: "refreshAndPersist", reloadHint: false }]);
  const [effect] = talk.synced("uid=a", "1");
  assert.deepEqual(effect, {
    kind: "entry",
    search: "users",
    entry: { kind: "searchResultEntry", name: "uid=a", attributes: [] },
    uuid: uuidOf("1"),
  });
  assert.equal(searchIn(talk.refreshed()).request.base, "ou=teams");
  assert.deepEqual(kinds(talk.refreshed()), ["refreshed"]);
  assert.equal(talk.state.phase.kind, "persisting");
  assert.equal(ldapSession.deadline(talk.state), NEVER, "a directory in which nothing happens is no dead one");
});

test("a stage that goes on with the other kind of message is not over (RFC 4533 §3.3.2)", () => {
  const talk = refreshing();
  talk.info({ kind: "refreshDelete", refreshDone: false });
  assert.equal(talk.state.lastId, 1);
  assert.equal(searchIn(talk.info({ kind: "refreshPresent", refreshDone: true })).request.base, "ou=teams");
});

test("a changed, a new and a deleted entry are told under the search they are of", () => {
  const talk = persisting();
  assert.deepEqual(kinds(talk.synced("uid=a", "1", { id: 1, state: "modify" })), ["changed"]);
  const [added] = talk.synced("cn=e", "2", { id: 2, state: "add" });
  assert.ok(added?.kind === "changed" && added.search === "groups");
  assert.deepEqual(talk.synced("uid=a", "1", { id: 1, state: "delete" }), [{ kind: "gone", search: "users", uuids: [uuidOf("1")] }]);
  assert.deepEqual(talk.info({ kind: "idSet", refreshDeletes: true, uuids: [uuidOf("3")] }, 2), [
    { kind: "gone", search: "groups", uuids: [uuidOf("3")] },
  ]);
  assert.deepEqual(talk.info({ kind: "newCookie", cookie: new Uint8Array(3) }, 1), []);
});

test("users that change while groups are still read are not lost", () => {
  const talk = refreshing();
  talk.synced("uid=a", "1");
  talk.refreshed();
  assert.deepEqual(kinds(talk.synced("uid=a", "1", { id: 1, state: "delete" })), ["gone"]);
  assert.equal(talk.state.phase.kind, "refreshing");
});

test("a server that does not synchronise is read as any other, page by page", () => {
  for (const code of [RESULT.unavailableCriticalExtension, RESULT.protocolError, RESULT.unwillingToPerform]) {
    const talk = refreshing();
    const again = searchIn(talk.done(code, false));
    assert.deepEqual([again.request.base, again.cookie], ["ou=people", ""]);
    talk.entry("uid=a");
    talk.done();
    assert.deepEqual(kinds(talk.done()), ["send", "close", "finished"]);
  }
});

test("a refusal after the first entry, and every other one, is a failure: a size limit counts here too", () => {
  const late = refreshing();
  late.synced("uid=a", "1");
  assert.equal(failureIn(late.done(RESULT.unavailableCriticalExtension, false)), "search-refused 12");
  assert.equal(failureIn(refreshing().done(RESULT.sizeLimitExceeded, false)), "search-refused 4");
  assert.equal(failureIn(refreshing().done(RESULT.syncRefreshRequired, false)), "search-refused 4096");
  assert.equal(failureIn(refreshing().done(0, false)), "bad-sync");
});

test("an entry without its state, one that was never given, or a message nobody can read ends it (RFC 4533 §2.3)", () => {
  assert.equal(failureIn(refreshing().entry("uid=a")), "bad-sync");
  assert.equal(failureIn(refreshing().synced("uid=a", "1", { state: "present" })), "bad-sync");
  assert.equal(failureIn(refreshing().synced("uid=a", "1", { state: "delete" })), "bad-sync");
  const { name } = { name: "1.3.6.1.4.1.4203.1.9.1.4" };
  assert.equal(failureIn(refreshing().answer({ kind: "intermediateResponse", name, value: new Uint8Array([1]) })), "bad-sync");
  assert.equal(failureIn(persisting().answer({ kind: "intermediateResponse", name }, { id: 1 })), "bad-sync");
});

test("a server that ends a search that should go on has lost us (RFC 4533 §3.5)", () => {
  for (const code of [0, RESULT.syncRefreshRequired, RESULT.unavailable]) {
    assert.equal(failureIn(persisting().answer({ kind: "searchResultDone", result: resultOf(code) }, { id: 2 })), `bad-sync ${code}`);
  }
});

test("asked whether that was all, the server has to answer in thirty seconds; its changes come before the answer", () => {
  const talk = persisting();
  const [question] = sent(talk.tell({ kind: "verify" }, 3_600_000));
  assert.ok(question?.operation.kind === "searchRequest" && question.operation.base === "");
  assert.deepEqual(talk.tell({ kind: "verify" }), [], "once");
  assert.deepEqual(kinds(talk.synced("uid=b", "9", { id: 1 })), ["changed"]);
  assert.deepEqual(talk.answer({ kind: "searchResultEntry", name: "", attributes: [] }, { id: 3 }), []);
  assert.deepEqual(kinds(talk.done(0, false)), ["verified"]);
  assert.deepEqual(talk.tell({ kind: "deadline" }, 31_000), []);
  const dead = persisting();
  dead.tell({ kind: "verify" });
  assert.equal(ldapSession.deadline(dead.state), instant(30_000));
  assert.equal(failureIn(dead.tell({ kind: "deadline" }, 30_000)), "idle-timeout");
  assert.deepEqual(new Talk().tell({ kind: "verify" }), [], "nobody else is asked");
});
