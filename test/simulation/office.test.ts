import assert from "node:assert/strict";
import { test } from "node:test";
import { newestIsServedInTheEnd, OFFICE_CHECKERS, snapshotsAreWhole } from "../../src/sim/directory/checkers.ts";
import { Office } from "../../src/sim/directory/world.ts";

const SEEDS: readonly number[] = Array.from({ length: 8 }, (_, i) => i + 1);

test("a calm office: each version of the directory is served soon after it was made", () => {
  const { violation, story, commits } = new Office({ seed: 1, calm: true }).always(...OFFICE_CHECKERS).run();
  assert.equal(violation, undefined, story.slice(-40).join("\n"));
  assert.ok(commits > 10, `${commits} commits`);
});

for (const seed of SEEDS) {
  test(`office ${seed} serves whole versions only, and the newest in the end`, () => {
    const { violation, story } = new Office({ seed }).always(...OFFICE_CHECKERS).run();
    assert.equal(violation, undefined, story.slice(-40).join("\n"));
  });
}

test(`control: a server that shows each search another moment is found by "${snapshotsAreWhole.name}"`, () => {
  const office = new Office({ seed: 1, calm: true });
  office.ldap.isSteady = false;
  office.streams.faults = { refusesPerMille: 0, breaksPerMille: 0, delayMs: 2000 };
  for (let second = 10; second < 3000; second += 5) office.at(second, () => office.change());
  assert.match(office.always(snapshotsAreWhole).run().violation ?? "nothing was found", /mixed|users of version/);
});

test(`control: a server that is busy for ever is found by "${newestIsServedInTheEnd.name}"`, () => {
  const office = new Office({ seed: 1, calm: true });
  office.at(600, () => {
    Object.defineProperty(office.ldap, "mode", { get: () => "busy", set: () => undefined });
  });
  assert.match(office.always(newestIsServedInTheEnd).run().violation ?? "nothing was found", /is the newest/);
});

test("the same seed tells the same story, another seed another one", () => {
  const story = (seed: number): readonly string[] => new Office({ seed, minutes: 30 }).run().story;
  assert.deepEqual(story(3), story(3));
  assert.notDeepEqual(story(3), story(4));
});
