/** The mark of changes: while it stands, nothing is read. And who we are, and what is elsewhere. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EXTENDED_OID } from "../../../src/wire/ldap/operations.ts";
import { RESULT } from "../../../src/wire/ldap/result.ts";
import { failureIn, kinds, resultOf, SESSION, searchIn, sent, Talk } from "../../support/session.ts";

const SEARCHES = SESSION.searches.map((each) => ({ ...each, base: `${each.base},dc=x` }));

/** Past the root, which names these contexts. */
function asked(knownMark: string, root: Readonly<Record<string, readonly string[]>>, searches = SEARCHES) {
  const talk = new Talk({ knownMark, searches });
  const first = searchIn(talk.tell({ kind: "connected" }));
  assert.deepEqual([first.request.base, first.request.scope], ["", "base"]);
  talk.entry("", root);
  return { talk, effects: talk.done(0, false) };
}

test("the context that holds both bases is asked for its contextCSN, and where that stands nothing is read", () => {
  const { talk, effects } = asked("csn-1/csn-2", { namingContexts: ["cn=other", "DC=X"] });
  const { request } = searchIn(effects);
  assert.deepEqual([request.base, request.scope, request.attributes], ["DC=X", "base", ["contextCSN"]]);
  talk.entry("dc=x", { contextCSN: ["csn-2", "csn-1"] });
  const end = talk.done(0, false);
  assert.deepEqual(end.at(-1), { kind: "finished", outcome: { ok: true, unchanged: true, mark: "csn-1/csn-2" } });
  assert.equal(sent(end)[0]?.operation.kind, "unbindRequest");
});

test("where it has moved everything is read, and the mark from before the reading is told (directory 3.6)", () => {
  const { talk } = asked("csn-1", { namingContexts: ["dc=x"] });
  talk.entry("dc=x", { contextCSN: ["csn-2"] });
  assert.equal(searchIn(talk.done(0, false)).request.base, "ou=people,dc=x");
  talk.entry("uid=a");
  talk.done();
  talk.entry("cn=a");
  assert.deepEqual(talk.done().at(-1), { kind: "finished", outcome: { ok: true, unchanged: false, mark: "csn-2" } });
});

test("two contexts have two marks; the innermost one counts", () => {
  const searches = [
    { ...SEARCHES[0], base: "ou=people,ou=a,dc=x" },
    { ...SEARCHES[1], base: "ou=teams,dc=x" },
  ] as typeof SEARCHES;
  const { talk, effects } = asked("1 2", { namingContexts: ["dc=x", "ou=a,dc=x"] }, searches);
  assert.equal(searchIn(effects).request.base, "ou=a,dc=x");
  talk.entry("ou=a,dc=x", { contextCSN: ["1"] });
  assert.equal(searchIn(talk.done(0, false)).request.base, "dc=x");
  talk.entry("dc=x", { contextCSN: ["2"] });
  assert.deepEqual(kinds(talk.done(0, false)), ["send", "close", "finished"]);
});

test("Active Directory's number counts for the server that gave it alone", () => {
  const root = { highestCommittedUSN: ["77"], dsServiceName: ["CN=DC1"] };
  assert.deepEqual(kinds(asked("CN=DC1#77", root).effects), ["send", "close", "finished"]);
  assert.equal(searchIn(asked("CN=DC2#77", root).effects).request.base, "ou=people,dc=x");
  assert.equal(searchIn(asked("CN=DC1#77", { highestCommittedUSN: ["77"] }).effects).request.base, "ou=people,dc=x", "a number of nobody's");
});

test("a server without a mark is read whole, however often: an empty mark never stands", () => {
  for (const root of [{}, { namingContexts: ["dc=elsewhere"] }]) assert.equal(searchIn(asked("", root).effects).request.base, "ou=people,dc=x");
  const bare = asked("", { namingContexts: ["dc=x"] });
  bare.talk.entry("dc=x", {});
  assert.equal(searchIn(bare.talk.done(0, false)).request.base, "ou=people,dc=x");
  const hidden = asked("", { namingContexts: ["dc=x"] });
  assert.equal(searchIn(hidden.talk.done(RESULT.noSuchObject, false)).request.base, "ou=people,dc=x");
  const refused = new Talk({ knownMark: "a", searches: SEARCHES });
  refused.tell({ kind: "connected" });
  assert.equal(searchIn(refused.done(RESULT.insufficientAccessRights, false)).request.base, "ou=people,dc=x");
  const silent = asked("", { namingContexts: ["dc=x"] });
  assert.equal(searchIn(silent.talk.done(0, false)).request.base, "ou=people,dc=x", "a context that is not there");
});

test("EXTERNAL says nothing but whom it asks to be, under TLS (RFC 4422 appendix A, RFC 4513 §5.2.3)", () => {
  for (const external of ["", "dn:cn=reader"]) {
    const talk = new Talk({ transport: "starttls", external });
    talk.tell({ kind: "connected" });
    talk.answer({ kind: "extendedResponse", result: resultOf(0), name: EXTENDED_OID.startTls });
    const [message] = sent(talk.tell({ kind: "secured" }));
    assert.deepEqual(message?.operation, {
      kind: "bindRequest",
      version: 3,
      name: "",
      authentication: { kind: "sasl", mechanism: "EXTERNAL", credentials: new TextEncoder().encode(external) },
    });
    assert.equal(searchIn(talk.answer({ kind: "bindResponse", result: resultOf(0) })).request.base, "ou=people");
  }
  const refused = new Talk({ external: "" });
  refused.tell({ kind: "connected" });
  assert.equal(failureIn(refused.answer({ kind: "bindResponse", result: resultOf(48) })), "bind-refused 48");
});

test("referrals: a failure where the operator says so, told with their places where they are followed (RFC 4511 §4.1.10, §4.5.3)", () => {
  const begun = (referrals: "ignore" | "fail" | "follow"): Talk => {
    const talk = new Talk({ referrals });
    talk.tell({ kind: "connected" });
    return talk;
  };
  const uris = ["ldap://elsewhere/ou=people"];
  assert.equal(failureIn(begun("fail").answer({ kind: "searchResultReference", uris })), "referral");
  const followed = begun("follow");
  assert.deepEqual(followed.answer({ kind: "searchResultReference", uris }), [{ kind: "reference", search: "users", uris }]);
  const whole = begun("follow");
  const result = { ...resultOf(RESULT.referral), referrals: uris };
  const effects = whole.answer({ kind: "searchResultDone", result });
  assert.deepEqual(effects[0], { kind: "reference", search: "users", uris });
  assert.equal(searchIn(effects.slice(1)).request.base, "ou=teams");
  for (const policy of ["ignore", "fail"] as const) {
    assert.equal(failureIn(begun(policy).answer({ kind: "searchResultDone", result })), "search-refused 10");
  }
  const nowhere = begun("follow");
  assert.equal(failureIn(nowhere.answer({ kind: "searchResultDone", result: resultOf(RESULT.referral) })), "search-refused 10");
});

test("where pages are required the control is critical, and a server that leaves it out has failed (RFC 2696 §3)", () => {
  const talk = new Talk({ pagingRequired: true });
  const [message] = sent(talk.tell({ kind: "connected" }));
  assert.equal(message?.controls[0]?.critical, true);
  talk.entry("uid=a");
  assert.equal(failureIn(talk.done(0, false)), "search-refused");
  for (const code of [RESULT.unavailableCriticalExtension, RESULT.protocolError]) {
    const unable = new Talk({ pagingRequired: true });
    unable.tell({ kind: "connected" });
    assert.equal(failureIn(unable.done(code, false)), `search-refused ${code}`);
  }
});
