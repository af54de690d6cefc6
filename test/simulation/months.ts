/** Months of a gateway, so many seeds a test: a test for each of a thousand would be most of what a run prints. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { dhcp6Client } from "../../src/machines/dhcp6-client/client.ts";
import { IGNORE_REASONS } from "../../src/machines/dhcp6-client/state.ts";
import { Coverage } from "../../src/sim/coverage.ts";
import { MONTH_CHECKERS } from "../../src/sim/uplink6/checkers.ts";
import { Month } from "../../src/sim/uplink6/world.ts";

export const MONTHS = 1000;
const SEEDS_PER_TEST = 25;
const STORY_LINES = 60;

/** Every seed from `first` to `last` is a test's matter; what was reached is told at the end. */
export function months(first: number, last: number): void {
  const reached = new Coverage(dhcp6Client.transitions, IGNORE_REASONS);
  let mostPerHour = 0;
  for (let from = first; from <= last; from += SEEDS_PER_TEST) {
    const to = Math.min(last, from + SEEDS_PER_TEST - 1);
    test(`months ${from} to ${to}: thirty days of uplink6 keep every promise`, () => {
      for (let seed = from; seed <= to; seed++) {
        const report = new Month({ seed }).always(...MONTH_CHECKERS).run();
        reached.merge(report.coverage);
        mostPerHour = Math.max(mostPerHour, report.mostPerHour);
        if (report.violation === undefined) continue;
        const again = `npm run test:swarm -- --kind uplink6 --seed ${seed} --story story.txt`;
        assert.fail([...report.story.slice(-STORY_LINES), "", `month ${seed}: ${report.violation}`, again].join("\n"));
      }
    });
  }
  after(() => {
    for (const line of reached.report()) process.stdout.write(`# ${line}\n`);
    process.stdout.write(`# the busiest hour of an uplink: ${mostPerHour} messages\n`);
  });
}
