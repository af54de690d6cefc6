import assert from "node:assert/strict";
import { after, test } from "node:test";
import { dhcp4Client } from "../../src/machines/dhcp4-client/client.ts";
import { IGNORE_REASONS } from "../../src/machines/dhcp4-client/state.ts";
import { CHECKERS } from "../../src/sim/checkers.ts";
import { Coverage } from "../../src/sim/coverage.ts";
import { simulate } from "../../src/sim/world.ts";
import { FIXED_SEEDS, ONCE_FAILED } from "./seeds.ts";

const reached = new Coverage(dhcp4Client.transitions, IGNORE_REASONS);

for (const seed of [...FIXED_SEEDS, ...ONCE_FAILED.map((failed) => failed.seed)]) {
  test(`world ${seed} keeps every promise`, () => {
    const { violation, story, coverage } = simulate({ seed })
      .always(...CHECKERS)
      .run();
    reached.merge(coverage);
    assert.equal(violation, undefined, story.slice(-40).join("\n"));
  });
}

test("the same seed tells the same story", () => {
  const story = (): readonly string[] =>
    simulate({ seed: 7 })
      .always(...CHECKERS)
      .run().story;
  assert.deepEqual(story(), story());
});

test("another seed tells another story", () => {
  assert.notDeepEqual(simulate({ seed: 7 }).run().story, simulate({ seed: 8 }).run().story);
});

after(() => {
  for (const line of reached.report()) process.stdout.write(`# ${line}\n`);
});
