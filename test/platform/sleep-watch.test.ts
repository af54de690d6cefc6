import assert from "node:assert/strict";
import { test } from "node:test";
import { native } from "../../src/platform/native.ts";
import { hasSlept } from "../../src/platform/sleep-watch.ts";

test("a machine has slept when the clock that counts sleep has gone ahead of the other", () => {
  assert.equal(hasSlept(1000, 1000 + 7_200_000), true);
  assert.equal(hasSlept(1000, 1500), true);
});

test("somebody who sets the wall clock has not sent the machine to sleep", () => {
  assert.equal(hasSlept(1000, 1000), false);
  assert.equal(hasSlept(1000, 1499), false);
  assert.equal(hasSlept(1000, 900), false);
});

test("the kernel gives a descriptor for it, which says nothing while nothing happens", () => {
  const fd = native().clockSetWatchNew();
  assert.ok(fd > 2, `errno ${-fd}`);
  assert.equal(native().timerRead(fd), -11);
  native().close(fd);
});
