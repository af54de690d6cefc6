/** Months of a gateway, so many seeds a test: a test for each of a thousand would be most of what a run prints. */
import assert from "node:assert/strict";
import { after } from "node:test";
import { dhcp6Client } from "../../src/machines/dhcp6-client/client.ts";
import { IGNORE_REASONS } from "../../src/machines/dhcp6-client/state.ts";
import { Coverage } from "../../src/sim/coverage.ts";
import { MONTH_CHECKERS } from "../../src/sim/uplink6/checkers.ts";
import { Month } from "../../src/sim/uplink6/world.ts";

/** Of these `npm test` lives the first QUICK_MONTHS, and the rest is lived with `--long`. */
export const MONTHS = 1000;
export const QUICK_MONTHS = 200;
const SEEDS_PER_TEST = 25;
const STORY_LINES = 60;

/** Every seed from `first` to `last` is a test's matter, by its name; what was reached is told at the end. */
export function months(first: number, last: number): ReadonlyMap<string, () => void> {
  const reached = new Coverage(dhcp6Client.transitions, IGNORE_REASONS);
  let mostPerHour = 0;
  const live = (from: number, to: number): void => {
    for (let seed = from; seed <= to; seed++) {
      const report = new Month({ seed }).always(...MONTH_CHECKERS).run();
      reached.merge(report.coverage);
      mostPerHour = Math.max(mostPerHour, report.mostPerHour);
      if (report.violation === undefined) continue;
      const again = `npm run test:swarm -- --kind uplink6 --seed ${seed} --story story.txt`;
      assert.fail([...report.story.slice(-STORY_LINES), "", `month ${seed}: ${report.violation}`, again].join("\n"));
    }
  };
  const tests = new Map<string, () => void>();
  for (let from = first; from <= last; from += SEEDS_PER_TEST) {
    const to = Math.min(last, from + SEEDS_PER_TEST - 1);
    tests.set(`months ${from} to ${to}: thirty days of uplink6 keep every promise`, () => live(from, to));
  }
  after(() => {
    for (const line of reached.report()) process.stdout.write(`# ${line}\n`);
    process.stdout.write(`# the busiest hour of an uplink: ${mostPerHour} messages\n`);
  });
  return tests;
}
