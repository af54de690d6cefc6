/** Everything that is not a whole directory is a failure with its reason: people would vanish otherwise. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { instant, NEVER } from "../../../src/base/time.ts";
import { ldapSession } from "../../../src/machines/ldap-session/session.ts";
import { TRANSPORT_FAILURES } from "../../../src/machines/ldap-session/state.ts";
import { EXTENDED_OID, type Operation } from "../../../src/wire/ldap/operations.ts";
import { RESULT } from "../../../src/wire/ldap/result.ts";
import { failureIn, kinds, persisting, resultOf, Talk } from "../../support/session.ts";

/** A conversation in each phase. */
const PHASES: Readonly<Record<string, () => Talk>> = {
  connecting: () => new Talk(),
  "asking-tls": () => told(new Talk({ transport: "starttls" })),
  securing: () => told(new Talk({ transport: "ldaps" })),
  binding: () => told(new Talk({ bindDn: "cn=a" })),
  checking: () => told(new Talk({ knownMark: "" })),
  searching: () => told(new Talk()),
  completing: () => {
    const talk = told(new Talk());
    talk.entry("cn=a", { "member;range=0-0": ["x"] });
    talk.done();
    return talk;
  },
  refreshing: () => told(new Talk({ sync: true })),
  persisting: () => persisting(),
};

function told(talk: Talk): Talk {
  talk.tell({ kind: "connected" });
  return talk;
}

const CODES = Object.values(RESULT).filter((code) => code !== 0);

test("the table of phases is the machine's", () => {
  for (const [phase, make] of Object.entries(PHASES)) assert.equal(make().state.phase.kind, phase);
  assert.deepEqual(Object.keys(PHASES), Object.keys(ldapSession.transitions).slice(0, -1));
});

test("every result code but success ends the directory, whatever came before (RFC 4511 appendix A)", () => {
  for (const code of [...CODES, 4097, 2 ** 31 - 1]) {
    const bind = told(new Talk({ bindDn: "cn=a" }));
    assert.equal(failureIn(bind.answer({ kind: "bindResponse", result: resultOf(code) })), `bind-refused ${code}`);
    const tls = told(new Talk({ transport: "starttls" }));
    assert.equal(failureIn(tls.answer({ kind: "extendedResponse", result: resultOf(code) })), `tls-refused ${code}`);
    const users = told(new Talk());
    users.entry("uid=a");
    assert.equal(failureIn(users.done(code)), `search-refused ${code}`);
    const groups = told(new Talk());
    groups.entry("uid=a");
    groups.done();
    groups.entry("cn=a");
    assert.equal(failureIn(groups.done(code)), `search-refused ${code}`);
  }
});

test("a cookie beside a failure does not make it a page", () => {
  const talk = told(new Talk());
  talk.entry("uid=a");
  assert.equal(failureIn(talk.done(RESULT.sizeLimitExceeded, "more")), "search-refused 4");
});

test("the failure says which search it was, the code's name, and what the server said, made fit for a terminal", () => {
  const talk = told(new Talk());
  talk.entry("uid=a");
  const effects = talk.answer({ kind: "searchResultDone", result: resultOf(51, `later \u001b[2J${"x".repeat(1000)}`) });
  const [, finished] = effects;
  assert.ok(finished?.kind === "finished" && !finished.outcome.ok);
  const { failure } = finished.outcome;
  assert.deepEqual([failure.search, failure.code], ["users", 51]);
  assert.match(failure.detail, /^busy: later \\u\{1b\}\[2Jx+$/);
  assert.ok(failure.detail.length < 300);
});

test("in every phase a close, a broken connection or garbage ends it, and says so once", () => {
  for (const make of Object.values(PHASES)) {
    for (const [event, reason] of [
      [{ kind: "closed" }, "closed"],
      [{ kind: "undecodable", code: "bad-value" }, "undecodable"],
      ...TRANSPORT_FAILURES.map((cause) => [{ kind: "failed", reason: cause, detail: "" }, cause] as const),
    ] as const) {
      const talk = make();
      const effects = talk.tell(event);
      assert.deepEqual(kinds(effects), ["close", "finished"]);
      assert.equal(failureIn(effects), reason);
      assert.deepEqual(talk.tell(event), []);
      assert.deepEqual(talk.entry("uid=late"), []);
      assert.equal(ldapSession.deadline(talk.state), NEVER);
    }
  }
});

test("an answer to nothing we asked is no answer (RFC 4511 §4.1.1.1)", () => {
  for (const [phase, make] of Object.entries(PHASES)) {
    for (const id of [0, 77]) {
      const talk = make();
      const effects = talk.answer({ kind: "searchResultEntry", name: "uid=a", attributes: [] }, { id });
      assert.equal(failureIn(effects), "unexpected-message", `id ${id} while ${phase}`);
    }
  }
  const talk = told(new Talk());
  const usersId = talk.state.lastId;
  talk.entry("uid=a");
  talk.done();
  assert.equal(
    failureIn(talk.answer({ kind: "searchResultEntry", name: "uid=late", attributes: [] }, { id: usersId })),
    "unexpected-message",
    "an entry after its search was done",
  );
});

test("an answer of the wrong kind is refused in every phase", () => {
  const results: readonly Operation[] = [
    { kind: "bindResponse", result: resultOf(0) },
    { kind: "extendedResponse", result: resultOf(0) },
    { kind: "searchResultDone", result: resultOf(0) },
    { kind: "searchResultEntry", name: "uid=a", attributes: [] },
    { kind: "intermediateResponse" },
    { kind: "bindRequest", version: 3, name: "", authentication: { kind: "simple", password: new Uint8Array(0) } },
    { kind: "unbindRequest" },
  ];
  const right: Readonly<Record<string, readonly string[]>> = {
    connecting: [],
    "asking-tls": ["extendedResponse"],
    securing: [],
    binding: ["bindResponse"],
    checking: ["searchResultDone", "searchResultEntry"],
    searching: ["searchResultDone", "searchResultEntry"],
    completing: ["searchResultDone", "searchResultEntry"],
    refreshing: ["searchResultDone", "searchResultEntry", "intermediateResponse"],
    persisting: ["searchResultDone", "searchResultEntry", "intermediateResponse"],
  };
  for (const [phase, make] of Object.entries(PHASES)) {
    for (const operation of results.filter(({ kind }) => right[phase]?.includes(kind) !== true)) {
      assert.equal(failureIn(make().answer(operation)), "unexpected-message", `${operation.kind} while ${phase}`);
    }
  }
});

test("nothing may come between the answer to StartTLS and the handshake (RFC 4511 §4.14.1)", () => {
  const talk = told(new Talk({ transport: "starttls" }));
  talk.answer({ kind: "extendedResponse", result: resultOf(0) });
  assert.equal(failureIn(talk.answer({ kind: "bindResponse", result: resultOf(0) })), "unexpected-message");
});

test("a server that says that it goes is believed, with its reason (RFC 4511 §4.4.1)", () => {
  for (const make of Object.values(PHASES)) {
    const notice: Operation = { kind: "extendedResponse", name: EXTENDED_OID.noticeOfDisconnection, result: resultOf(52, "going down") };
    assert.equal(failureIn(make().answer(notice, { id: 0 })), "disconnection-notice 52");
  }
});

test("ten seconds for a connection, then thirty between two messages, and an end to it all", () => {
  const slow = new Talk();
  assert.equal(ldapSession.deadline(slow.state), instant(10_000));
  assert.deepEqual(slow.tell({ kind: "deadline" }, 9_999), []);
  assert.equal(failureIn(slow.tell({ kind: "deadline" }, 1)), "connect-timeout");

  const silent = new Talk();
  silent.tell({ kind: "connected" }, 9_000);
  assert.equal(ldapSession.deadline(silent.state), instant(39_000));
  silent.nowMs = 38_000;
  silent.entry("uid=a");
  assert.deepEqual(silent.tell({ kind: "deadline" }, 29_999), []);
  assert.equal(failureIn(silent.tell({ kind: "deadline" }, 1)), "idle-timeout");

  const dribbling = told(new Talk({ endsAt: instant(60_000) }));
  for (let i = 0; i < 59; i++) {
    dribbling.nowMs += 1000;
    dribbling.entry(`uid=${i}`);
  }
  assert.equal(ldapSession.deadline(dribbling.state), instant(60_000));
  assert.equal(failureIn(dribbling.tell({ kind: "deadline" }, 1000)), "update-timeout");
});
