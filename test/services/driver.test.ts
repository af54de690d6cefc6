import assert from "node:assert/strict";
import { test } from "node:test";
import { LIMITS } from "../../src/base/limits.ts";
import { type Instant, instant, NEVER } from "../../src/base/time.ts";
import type { Machine } from "../../src/machines/machine.ts";
import { Driver } from "../../src/services/driver.ts";
import { recordingOf, replay } from "../../src/services/recording.ts";
import { SimClock, Timeline } from "../../src/sim/clock.ts";

type Count = { readonly kind: "calm" | "busy"; readonly count: number; readonly until: Instant };
type Told = { readonly kind: "add"; readonly wait: number } | { readonly kind: "illegal" } | { readonly kind: "deadline" };
type Said = { readonly said: string };

/** Counts what it is told, and waits as long as it is told. */
const counter: Machine<Count, Told, Said> = {
  name: "counter",
  step: (state, event, at) => {
    if (event.kind === "add" && event.wait === 0) return { state, effects: [{ said: "ignored" }] };
    if (event.kind === "illegal") return { state: { ...state, kind: "calm" }, effects: [] };
    const until = event.kind === "add" ? instant(at.now + event.wait) : NEVER;
    const count = state.count + 1;
    return { state: { kind: "busy", count, until }, effects: [{ said: `${event.kind} ${count}` }, { said: `again ${count}` }] };
  },
  deadline: ({ until }) => until,
  phase: ({ kind }) => kind,
  transitions: { calm: ["busy"], busy: [] },
};

function driven(perform: (effect: Said, driver: Driver<Count, Told, Said>) => void = () => undefined) {
  const timeline = new Timeline();
  const said: string[] = [];
  const driver: Driver<Count, Told, Said> = new Driver<Count, Told, Said>({
    machine: counter,
    initial: { kind: "calm", count: 0, until: NEVER },
    clock: new SimClock(timeline, 1),
    deadlineEvent: { kind: "deadline" },
    perform: (effect) => {
      said.push(effect.said);
      perform(effect, driver);
    },
  });
  return { timeline, said, driver };
}

test("effects are done in order, before the next event is looked at", () => {
  const { driver, said } = driven((effect, self) => {
    if (effect.said === "add 1") self.handle({ kind: "add", wait: 5 });
  });
  driver.handle({ kind: "add", wait: 5 });
  assert.deepEqual(said, ["add 1", "again 1", "add 2", "again 2"]);
});

test("the alarm follows the state: set anew at each step, rung once, off for NEVER", () => {
  const { driver, said, timeline } = driven();
  driver.handle({ kind: "add", wait: 100 });
  timeline.runUntil(instant(50));
  driver.handle({ kind: "add", wait: 100 });
  timeline.runUntil(instant(149));
  assert.equal(said.length, 4);
  timeline.runUntil(instant(150));
  assert.equal(said.at(-2), "deadline 3");
  timeline.runUntil(instant(10_000));
  assert.equal(said.length, 6);
});

test("a deadline that has passed rings at once, and not inside the step that set it", () => {
  const { driver, said, timeline } = driven();
  timeline.runUntil(instant(500));
  driver.handle({ kind: "add", wait: -400 });
  assert.equal(said.length, 2);
  timeline.runUntil(instant(500));
  assert.equal(said.at(-2), "deadline 2");
});

test("a closed driver never rings again", () => {
  const { driver, said, timeline } = driven();
  driver.handle({ kind: "add", wait: 100 });
  driver.close();
  timeline.runUntil(instant(1000));
  assert.equal(said.length, 2);
});

test("a transition outside the table is our bug and ends everything", () => {
  const { driver } = driven();
  driver.handle({ kind: "add", wait: 1 });
  assert.throws(() => driver.handle({ kind: "illegal" }), /no edge from busy to calm/);
});

test("the last steps are remembered, the oldest are given up", () => {
  const { driver } = driven();
  for (let i = 0; i < LIMITS.traceSteps + 10; i++) driver.handle({ kind: "add", wait: 1 + i });
  const steps = driver.recorded();
  assert.equal(steps.length, LIMITS.traceSteps);
  assert.equal(steps[0]?.before.count, 10);
  assert.equal(steps.at(-1)?.after.count, LIMITS.traceSteps + 10);
  assert.ok(steps.every((step, i) => step.before === (steps[i - 1]?.after ?? step.before)));
});

test("every step has entropy of its own", () => {
  const { driver } = driven();
  for (let i = 0; i < 20; i++) driver.handle({ kind: "add", wait: 1 });
  assert.equal(new Set(driver.recorded().map(({ step }) => step.entropy.join())).size, 20);
});

test("steps that changed nothing push no other out, however many a stranger makes; all stand in their order", () => {
  const { driver } = driven();
  driver.handle({ kind: "add", wait: 1 });
  for (let i = 0; i < 3 * LIMITS.traceSteps; i++) driver.handle({ kind: "add", wait: 0 });
  driver.handle({ kind: "add", wait: 2 });
  driver.handle({ kind: "add", wait: 0 });
  const steps = driver.recorded();
  assert.equal(steps.length, 2 + LIMITS.traceIdleSteps);
  assert.deepEqual([steps[0]?.after.count, steps[1]?.after.count, steps.at(-2)?.after.count, steps.at(-1)?.after.count], [1, 1, 2, 2]);
  assert.equal(replay(counter, recordingOf("counter", steps) ?? assert.fail("nothing was recorded")).differs, undefined);
});

test("what is remembered can be replayed, whatever of it was given up", () => {
  for (const [idle, changes] of [
    [10, LIMITS.traceSteps + 10],
    [LIMITS.traceIdleSteps + 10, LIMITS.traceSteps],
  ] as const) {
    const { driver } = driven();
    driver.handle({ kind: "add", wait: 1 });
    for (let i = 0; i < idle; i++) driver.handle({ kind: "add", wait: 0 });
    for (let i = 0; i < changes; i++) driver.handle({ kind: "add", wait: 1 + i });
    driver.handle({ kind: "add", wait: 0 });
    const recording = recordingOf("counter", driver.recorded()) ?? assert.fail("nothing was recorded");
    assert.equal(replay(counter, recording).differs, undefined, `${idle} idle, ${changes} changes`);
  }
});

test("what can wait is told of a step before its effects, and after them", () => {
  const order: string[] = [];
  const driver = new Driver<Count, Told, Said>({
    machine: counter,
    initial: { kind: "calm", count: 0, until: NEVER },
    clock: new SimClock(new Timeline(), 1),
    deadlineEvent: { kind: "deadline" },
    perform: ({ said }) => void order.push(said),
    observe: ({ after }) => void order.push(`before ${after.count}`),
    performed: ({ after }) => void order.push(`after ${after.count}`),
  });
  driver.handle({ kind: "add", wait: 5 });
  assert.deepEqual(order, ["before 1", "add 1", "again 1", "after 1"]);
});
