/** uplink4 and Kea over a bad wire for minutes, with the intervals of RFC 2131 §4.1: leases are renewed, rebound, lost and taken again. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { startKea } from "../support/servers.ts";
import { dhcpIn, NEEDS_ROOT } from "../support/uplink-world.ts";
import { againProblems, asSaid, assertBad, BAD, boundProblems, onWire, leaseProblems, serverSought, transcript } from "../support/wire-tap-world.ts";

const POOL = { first: "10.64.0.50", last: "10.64.0.59" };
const CONFIGURATION = "[uplink4.c0]\nretransmit_seconds = 4\n";
const TRUTH = { skip: NEEDS_ROOT };
const STANDS_WITHIN_SECONDS = 2;
const KEA_TIMES = { renew: 5, rebind: 12, lease: 20, jitter: 1 / 3 };
const BOUND_WITHIN_SECONDS = 125; // 4, 8, 16, 32 and 64 s have passed
const WATCHED_SECONDS = 150;

describe("minutes on a bad wire", { concurrency: 5 }, () => {
  for (const seed of [21, 22, 23, 24]) {
    test(`seed ${seed}: every message is said at its time, every lease stands when it was given, and never two addresses`, TRUTH, () =>
      onWire({ faults: BAD, seed }, async ({ world, watch, capture, fates }) => {
        await startKea(world, POOL);
        const began = performance.now();
        world.leasehold(CONFIGURATION);
        await world.until("an address", () => world.addresses()[0], BOUND_WITHIN_SECONDS);
        await delay(WATCHED_SECONDS * 1000 - (performance.now() - began));
        const sought = serverSought(capture);
        const said = asSaid(dhcpIn(capture), sought);
        const [again, leases] = [againProblems(said, 4), leaseProblems(said, KEA_TIMES)];
        const acks = said.filter(({ type }) => type === "ack").length;
        console.log(`bad wire ${seed}: ${said.length} messages, ${acks} ACKs, ${again.looked} said again, ${leases.looked} leases`);
        const problems = [...again.problems, ...leases.problems];
        assert.equal(problems.length, 0, `${problems.join("\n")}\n${transcript(said, sought)}`);
        assert.ok(leases.looked > 0, "bound at the last moment, it still comes to T1");
        assert.deepEqual(boundProblems(said, watch.news(), STANDS_WITHIN_SECONDS, KEA_TIMES.lease), []);
        assert.equal(watch.most().length, 1, `at once: ${watch.most().join(" ")}`);
        assertBad(fates(), BAD);
      }),
    );
  }

  test("a wire that loses all: DISCOVERs after 4, 8, 16, 32, 64 and 64 s", TRUTH, () =>
    onWire({ faults: { ...BAD, loss: 1 }, seed: 1 }, async ({ world, watch, capture }) => {
      await startKea(world, POOL);
      world.leasehold(CONFIGURATION);
      const discovers = (): number => dhcpIn(capture).filter(({ type }) => type === "discover").length;
      await world.until("seven DISCOVERs", () => (discovers() >= 7 ? true : undefined), 200);
      const { looked, problems } = againProblems(dhcpIn(capture), 4);
      assert.deepEqual(problems, []);
      assert.equal(looked, 6);
      assert.deepEqual(watch.most(), []);
    }),
  );
});
