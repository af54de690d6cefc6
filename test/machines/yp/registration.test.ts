import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Entropy, seedOf } from "../../../src/base/entropy.ts";
import { instant, NEVER } from "../../../src/base/time.ts";
import { type RegistrationEvent, type RegistrationState, registrationMachine, UNREGISTERED } from "../../../src/machines/yp/registration.ts";

const binding = (netid: string) => ({ program: 100_004, version: 2, netid, address: "127.0.0.1.2.88", owner: "leasehold" });
const event: fc.Arbitrary<RegistrationEvent> = fc.oneof(
  fc.constantFrom<RegistrationEvent>({ kind: "connected" }, { kind: "closed" }, { kind: "deadline" }),
  fc.subarray(["udp", "tcp", "udp6"]).map((netids): RegistrationEvent => ({ kind: "wanted", bindings: netids.map(binding) })),
  fc.boolean().map((ok): RegistrationEvent => ({ kind: "answered", answer: { kind: "done", ok } })),
  fc
    .constantFrom("", "127.0.0.1.2.88", "10.0.0.1.2.88", "x")
    .map((address): RegistrationEvent => ({ kind: "answered", answer: { kind: "address", address } })),
);
const step = (state: RegistrationState, event: RegistrationEvent, seconds: number) =>
  registrationMachine.step(state, event, { now: instant(seconds * 1000), entropy: new Entropy(seedOf(1)) });

test("whatever happens in whatever order: only edges of the table, one call at a time, and always something to wait for", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      let state = UNREGISTERED;
      let connections = 0;
      for (const [second, event] of events.entries()) {
        const { state: next, effects } = step(state, event, second);
        const [from, to] = [state.phase.kind, next.phase.kind];
        assert.ok(from === to || (registrationMachine.transitions[from] ?? []).includes(to), `${from} to ${to}`);
        const calls = effects.filter(({ kind }) => kind === "call");
        assert.ok(calls.length <= 1);
        if (calls.length === 1) assert.equal(to, "calling");
        connections += effects.filter(({ kind }) => kind === "connect").length;
        if (to !== "idle") assert.ok(registrationMachine.deadline(next) < NEVER && registrationMachine.deadline(next) >= instant(0));
        if (next.registered) assert.ok(next.bindings.some(({ address }) => address !== ""));
        state = next;
      }
      if (!events.some((event) => event.kind === "wanted" && event.bindings.length > 0)) assert.equal(connections, 0);
    }),
    { numRuns: 500 },
  );
});

test("an answer that nobody waits for, and an idle deadline, change nothing", () => {
  for (const event of [{ kind: "answered", answer: { kind: "done", ok: true } }, { kind: "closed" }, { kind: "deadline" }] as const) {
    const { state, effects } = step(UNREGISTERED, event, 1);
    assert.equal(state, UNREGISTERED);
    assert.deepEqual(effects, []);
  }
});

test("a round that takes longer than ten seconds is given up, and the next one says everything again (§5.4)", () => {
  const first = step(UNREGISTERED, { kind: "wanted", bindings: [binding("udp")] }, 0);
  assert.deepEqual(first.effects, [{ kind: "connect" }]);
  const calling = step(first.state, { kind: "connected" }, 1);
  assert.equal(registrationMachine.deadline(calling.state), 11_000);
  const given = step(calling.state, { kind: "deadline" }, 11);
  assert.deepEqual(given.effects, [{ kind: "close" }, { kind: "told", registered: false }]);
  assert.equal(registrationMachine.deadline(given.state), 36_000);
  const again = step(step(given.state, { kind: "deadline" }, 41).state, { kind: "connected" }, 41);
  assert.deepEqual(
    again.effects.map((effect) => effect.kind === "call" && effect.call.procedure),
    ["unset"],
  );
});
