/** A role that hangs is ended; one that answers, that is not there or that slept with the machine is not. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Watchdog } from "../../src/roles/main/watchdog.ts";

function rig(t: TestContext, answers: (dog: Watchdog) => boolean) {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const told = { asked: 0, ended: 0 };
  const dog: Watchdog = new Watchdog({
    ask: () => {
      told.asked++;
      return answers(dog);
    },
    end: () => void told.ended++,
  });
  return { dog, told, pass: (seconds: number) => t.mock.timers.tick(seconds * 1000) };
}

test("whoever leaves three questions unanswered is ended, and its successor has three of its own (directory §8.3)", (t) => {
  const { dog, told, pass } = rig(t, () => true);
  pass(60);
  assert.equal(told.asked, 0, "nobody is there yet");
  dog.begin();
  pass(19);
  assert.deepEqual(told, { asked: 3, ended: 0 });
  pass(1);
  assert.deepEqual(told, { asked: 3, ended: 1 });
  dog.begin();
  pass(19);
  assert.equal(told.ended, 1);
  pass(1);
  assert.equal(told.ended, 2);
});

test("whoever answers, even late, is left alone", (t) => {
  const { dog, told, pass } = rig(t, () => true);
  dog.begin();
  for (let i = 0; i < 100; i++) {
    pass(14);
    dog.heard();
  }
  assert.equal(told.ended, 0);
});

test("where nobody can be asked nobody is ended", (t) => {
  const { dog, told, pass } = rig(t, () => false);
  dog.begin();
  pass(3600);
  assert.deepEqual([told.asked, told.ended], [720, 0]);
});
