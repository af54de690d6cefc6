/** What holds whatever a server does and in whatever order. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ldapSession } from "../../../src/machines/ldap-session/session.ts";
import { type SessionConfig, type SessionEvent, TRANSPORT_FAILURES } from "../../../src/machines/ldap-session/state.ts";
import type { Control } from "../../../src/wire/ldap/controls.ts";
import { EXTENDED_OID, type Operation } from "../../../src/wire/ldap/operations.ts";
import { resultOf, Talk } from "../../support/session.ts";

/** `ours`: under the id of our last request. */
type Happening = {
  readonly afterMs: number;
  readonly event: SessionEvent | { readonly answer: Operation; readonly ours: boolean; readonly cookie: string };
};

const code = fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(2, 4, 12, 32, 51) });
const description = fc.constantFrom(
  "member",
  "member;range=0-0",
  "member;range=1-*",
  "member;range=1-1",
  "member;range=2-*",
  "uid",
  "member;range=x",
);
const values = fc.array(fc.uint8Array({ maxLength: 3 }), { maxLength: 3 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: code.map((each): Operation => ({ kind: "searchResultDone", result: resultOf(each) })) },
  {
    weight: 5,
    arbitrary: fc
      .tuple(fc.constantFrom("cn=a", "cn=b"), fc.array(fc.record({ description, values }), { maxLength: 2 }))
      .map(([name, attributes]): Operation => ({ kind: "searchResultEntry", name, attributes })),
  },
  { weight: 1, arbitrary: fc.constant<Operation>({ kind: "searchResultReference", uris: [] }) },
  { weight: 3, arbitrary: code.map((each): Operation => ({ kind: "bindResponse", result: resultOf(each) })) },
  { weight: 3, arbitrary: code.map((each): Operation => ({ kind: "extendedResponse", result: resultOf(each) })) },
  { weight: 1, arbitrary: fc.constant<Operation>({ kind: "intermediateResponse" }) },
  { weight: 1, arbitrary: fc.constant<Operation>({ kind: "extendedResponse", name: EXTENDED_OID.noticeOfDisconnection, result: resultOf(52) }) },
);
const happening: fc.Arbitrary<Happening> = fc.record({
  afterMs: fc.constantFrom(0, 0, 0, 1, 1000, 31_000),
  event: fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        answer: operation,
        ours: fc.integer({ min: 0, max: 19 }).map((n) => n > 0),
        cookie: fc.constantFrom("", "", "more", "-"),
      }),
    },
    { weight: 6, arbitrary: fc.constantFrom<SessionEvent>({ kind: "connected" }, { kind: "secured" }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<SessionEvent>(
        { kind: "deadline" },
        { kind: "closed" },
        { kind: "undecodable", code: "bad-value" },
        ...TRANSPORT_FAILURES.map((reason): SessionEvent => ({ kind: "failed", reason, detail: "" })),
      ),
    },
  ),
});
const config: fc.Arbitrary<Partial<SessionConfig>> = fc.record({
  transport: fc.constantFrom("plain", "ldaps", "starttls"),
  bindDn: fc.constantFrom("", "cn=reader"),
  pageSize: fc.constantFrom(0, 2),
});

function happen(talk: Talk, { afterMs, event }: Happening): void {
  talk.nowMs += afterMs;
  if ("kind" in event) talk.tell(event);
  else {
    const controls: readonly Control[] =
      event.cookie === "-" ? [] : [{ kind: "pagedResults", critical: false, size: 0, cookie: new TextEncoder().encode(event.cookie) }];
    talk.answer(event.answer, { controls, ...(event.ours ? {} : { id: talk.state.lastId + 1 }) });
  }
}

test("phases follow the table, an end is told once and with a close, and after it nothing happens", () => {
  let ended = 0;
  fc.assert(
    fc.property(config, fc.array(happening, { maxLength: 60 }), (given, story) => {
      const talk = new Talk(given);
      for (const each of story) {
        const from = ldapSession.phase(talk.state);
        const before = talk.effects.length;
        happen(talk, each);
        const to = ldapSession.phase(talk.state);
        if (from !== to) assert.ok(ldapSession.transitions[from]?.includes(to), `${from} to ${to}`);
        if (from === "finished") assert.equal(talk.effects.length, before);
      }
      const finished = talk.effects.filter(({ kind }) => kind === "finished");
      assert.equal(finished.length, ldapSession.phase(talk.state) === "finished" ? 1 : 0);
      if (finished.length === 1) {
        assert.deepEqual(
          talk.effects.slice(-2).map(({ kind }) => kind),
          ["close", "finished"],
        );
        ended++;
      }
    }),
  );
  assert.ok(ended > 10);
});

/** Few stories of chance end well; among those of this seed three do. */
const SEED_OF_SUCCESS = 5;

test("no success without two searches that ended with 0, and ids of requests only rise", () => {
  let succeeded = 0;
  const holds = fc.property(config, fc.array(happening, { maxLength: 60 }), (given, story) => {
    const talk = new Talk(given);
    let done = 0;
    for (const each of story) {
      const before = talk.state.phase.kind;
      happen(talk, each);
      const { event } = each;
      if (before !== "searching" || "kind" in event || !event.ours || event.answer.kind !== "searchResultDone") continue;
      if (event.answer.result.code === 0) done++;
    }
    const ids = talk.effects.flatMap((effect) => (effect.kind === "send" ? [effect.message.id] : effect.kind === "bind" ? [effect.id] : []));
    assert.deepEqual(
      ids,
      ids.map((_, i) => i + 1),
    );
    const whole = talk.effects.some((effect) => effect.kind === "finished" && effect.outcome.ok);
    if (!whole) return;
    succeeded++;
    assert.ok(done >= 2);
    const kinds = talk.effects.map(({ kind }) => kind);
    if (given.transport !== "plain") assert.ok(kinds.includes("startTls"));
    if (given.bindDn !== "") assert.equal(kinds.filter((kind) => kind === "bind").length, 1);
    if (given.transport !== "plain" && given.bindDn !== "") assert.ok(kinds.indexOf("startTls") < kinds.indexOf("bind"), "no bind in the clear");
  });
  fc.assert(holds, { numRuns: 1000 });
  fc.assert(holds, { numRuns: 2000, seed: SEED_OF_SUCCESS });
  assert.ok(succeeded > 0, "some went well");
});
