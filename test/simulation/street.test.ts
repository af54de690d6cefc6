import assert from "node:assert/strict";
import { test } from "node:test";
import { CHECKERS6 } from "../../src/sim/house/checkers.ts";
import { Street } from "../../src/sim/house/world.ts";

const SEEDS: readonly number[] = Array.from({ length: 12 }, (_, i) => i + 1);

test("a calm street: every host has addresses of its gateway's delegated prefix, a router and a resolver", () => {
  const { violation, story } = new Street({ seed: 1, gateways: 2, minutes: 20, faults: [] }).always(...CHECKERS6).run();
  assert.equal(violation, undefined, story.slice(-60).join("\n"));
  assert.ok(story.some((line) => line.includes("bound")));
});

for (const seed of SEEDS) {
  test(`street ${seed} keeps every promise`, () => {
    const { violation, story } = new Street({ seed }).always(...CHECKERS6).run();
    assert.equal(violation, undefined, story.slice(-60).join("\n"));
  });
}
