/** What holds whatever comes: random lives of a client, stepped through twice. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Entropy, seedOf } from "../../../src/base/entropy.ts";
import type { Ipv6Prefix } from "../../../src/base/ipv6.ts";
import { instant } from "../../../src/base/time.ts";
import { prefixWish } from "../../../src/machines/dhcp6-client/config.ts";
import { dhcp6Client } from "../../../src/machines/dhcp6-client/client.ts";
import { type ClientEffect, type ClientEvent, type ClientState, initialState } from "../../../src/machines/dhcp6-client/state.ts";
import { iaPd, iaPrefix } from "../../../src/wire/dhcp6/leases.ts";
import { dhcp6 } from "../../../src/wire/dhcp6/message.ts";
import { CONFIG, DUID, OTHER_PREFIX, OTHER_SERVER, PREFIX, SERVER } from "./timeline.ts";

const seconds = fc.constantFrom(0, 1, 5, 60, 600, 3600, 0xffffffff);
const prefix = fc.record({
  prefix: fc.constantFrom(PREFIX, OTHER_PREFIX, "2001:db8:100:10::/60" as Ipv6Prefix, "::/0" as Ipv6Prefix),
  preferred: seconds,
  valid: seconds,
  code: fc.constantFrom(undefined, undefined, 6),
});
const association = fc.record({
  iaid: fc.constantFrom(1, 2, 3),
  renew: seconds,
  rebind: seconds,
  code: fc.constantFrom(undefined, undefined, undefined, 1, 3, 6),
  prefixes: fc.uniqueArray(prefix, { maxLength: 3, selector: (one) => one.prefix }),
});
const answer = fc.record({
  kind: fc.constantFrom("advertise" as const, "reply" as const, "reply" as const, "reconfigure" as const),
  ours: fc.boolean(),
  server: fc.constantFrom(SERVER, SERVER, OTHER_SERVER, undefined),
  commit: fc.boolean(),
  preference: fc.constantFrom(undefined, 0, 255),
  code: fc.constantFrom(undefined, undefined, undefined, 1, 3, 6),
  ias: fc.uniqueArray(association, { maxLength: 3, selector: (one) => one.iaid }),
});
const happening = fc.oneof(
  { weight: 6, arbitrary: fc.record({ what: fc.constant("answer" as const), answer }) },
  { weight: 4, arbitrary: fc.record({ what: fc.constant("wait" as const), seconds: fc.integer({ min: 0, max: 2000 }) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("link" as const), up: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("wishes" as const), iaids: fc.uniqueArray(fc.constantFrom(1, 2, 3), { minLength: 1 }) }) },
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

function eventOf(one: Happening, state: ClientState): ClientEvent {
  if (one.what === "wait") return { kind: "deadline" };
  if (one.what === "link") return { kind: "link", up: one.up };
  if (one.what === "wishes") return { kind: "configure", config: { ...state.config, wishes: one.iaids.map((iaid) => prefixWish(iaid, 56)) } };
  const { kind, ours, server, commit, preference, code, ias } = one.answer;
  const id = "exchange" in state.phase ? state.phase.exchange.transactionId : 0;
  const status = (number: number | undefined) => (number === undefined ? {} : { status: { code: number, message: "" } });
  const iaPds = ias.map(({ iaid, renew, rebind, code: refusal, prefixes }) =>
    iaPd({
      iaid,
      renewSeconds: renew,
      rebindSeconds: rebind,
      ...status(refusal),
      iaPrefix: prefixes.map((given) =>
        iaPrefix(given.prefix, { preferredSeconds: given.preferred, validSeconds: given.valid, ...status(given.code) }),
      ),
    }),
  );
  const options = {
    clientId: DUID,
    iaPd: iaPds,
    ...status(code),
    ...(server === undefined ? {} : { serverId: server }),
    ...(commit ? { rapidCommit: true as const } : {}),
    ...(preference === undefined ? {} : { preference }),
  };
  return { kind: "received", message: dhcp6({ kind, transactionId: ours ? id : id ^ 1, options }) };
}

/** Steps through a life, link up first. A wait runs through the deadlines that come meanwhile. */
function live(
  happenings: readonly Happening[],
  pace: "fast" | "rfc",
  look: (before: ClientState, state: ClientState, effects: readonly ClientEffect[], now: number) => void,
): readonly ClientEffect[] {
  let state = initialState({
    ...CONFIG,
    pace,
    rapidCommit: true,
    wishes: [prefixWish(1, 56), prefixWish(2, 60)],
  });
  let [now, steps] = [1000, 0];
  const all: ClientEffect[] = [];
  const step = (event: ClientEvent): void => {
    const before = state;
    const stepped = dhcp6Client.step(before, event, { now: instant(now), entropy: new Entropy(seedOf(7, steps++)) });
    state = stepped.state;
    all.push(...stepped.effects);
    look(before, state, stepped.effects, now);
  };
  step({ kind: "link", up: true });
  for (const one of happenings) {
    if (one.what === "wait") {
      const until = now + one.seconds * 1000;
      for (let due = dhcp6Client.deadline(state); due <= until; due = dhcp6Client.deadline(state)) {
        now = Math.max(now, due);
        step({ kind: "deadline" });
        assert.ok(steps < 100_000, "deadlines come to an end");
      }
      now = until;
    }
    step(eventOf(one, state));
  }
  return all;
}

const lives = fc.tuple(fc.array(happening, { maxLength: 60 }), fc.constantFrom("fast" as const, "rfc" as const));

test("whatever comes, phases follow the table, deadlines come to an end, and what has ended is seen to", () => {
  fc.assert(
    fc.property(lives, ([happenings, pace]) => {
      live(happenings, pace, (before, state, effects, now) => {
        const [from, to] = [before.phase.kind, state.phase.kind];
        const legal: readonly string[] = dhcp6Client.transitions[from] ?? [];
        assert.ok(from === to || legal.includes(to), `no edge from ${from} to ${to}`);
        for (const { prefixes } of state.phase.held?.delegations ?? []) {
          assert.ok(prefixes.length > 0, "a delegation has a prefix");
          const isOver = prefixes.some(({ validUntil }) => validUntil <= now);
          assert.ok(!isOver || dhcp6Client.deadline(state) <= now, "what has ended is seen to");
        }
        const onlyIgnored = effects.length > 0 && effects.every(({ kind }) => kind === "ignored");
        if (onlyIgnored && from === to) assert.equal(state.phase.held, before.phase.held, "what is ignored changes nothing that is held");
      });
    }),
    { numRuns: 300 },
  );
});

test("what is told is what is held: after each step the last word of the effects is the lease of the state", () => {
  fc.assert(
    fc.property(lives, ([happenings, pace]) => {
      live(happenings, pace, (before, state, effects) => {
        const words = effects.filter((effect) => effect.kind === "delegated" || effect.kind === "lost");
        const last = words.at(-1);
        if (last === undefined) assert.deepEqual(state.phase.held, before.phase.held);
        else assert.deepEqual(last.kind === "lost" ? undefined : last.lease, state.phase.held);
      });
    }),
    { numRuns: 300 },
  );
});

test("no answer, however often it comes, makes us send more than a burst and one message a second (RFC 9915 §14.1)", () => {
  fc.assert(
    fc.property(lives, ([happenings, pace]) => {
      const sentAt: number[] = [];
      live(happenings, pace, (_before, _state, effects, now) => {
        for (const effect of effects) if (effect.kind === "send") sentAt.push(now);
      });
      sentAt.forEach((at, i) => {
        const earlier = sentAt[i - 25];
        assert.ok(earlier === undefined || at - earlier >= 4000, "25 messages in less than four seconds");
      });
    }),
    { numRuns: 200 },
  );
});

test("the same life is the same, step by step", () => {
  fc.assert(
    fc.property(lives, ([happenings, pace]) => {
      assert.deepEqual(
        live(happenings, pace, () => undefined),
        live(happenings, pace, () => undefined),
      );
    }),
    { numRuns: 50 },
  );
});
