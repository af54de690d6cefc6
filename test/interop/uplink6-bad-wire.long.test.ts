/** uplink6 and Kea over a bad wire for minutes: prefixes are renewed, rebound, lost and delegated again, each message at its time. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { needsPeers } from "../support/unpacked.ts";
import { isBound, kinds } from "../support/uplink6-stories.ts";
import { againProblems6, boundProblems6, mostAtOnce } from "../support/uplink6-times.ts";
import { inWorld6, ownAddress, type World6 } from "../support/uplink6-world.ts";
import { assertBad, BAD, type Faults, fatesIn, wireCommand } from "../support/wire-tap-world.ts";

const STANDS_WITHIN_SECONDS = 2;
const BOUND_WITHIN_SECONDS = 125;
const WATCHED_SECONDS = 150;
const TIMES = { preferredSeconds: 40, validSeconds: 50, renewSeconds: 8, rebindSeconds: 25 };

describe("minutes on a bad wire", { concurrency: 5 }, () => {
  for (const seed of [21, 22, 23, 24])
    wired(
      `seed ${seed}: every message is said at its time, what is delegated is in use at once, and never two prefixes`,
      { faults: BAD, seed },
      async (world) => {
        const began = performance.now();
        const prefix = await isBound(world, ["lan0", "lan1"], 1, BOUND_WITHIN_SECONDS);
        await delay(WATCHED_SECONDS * 1000 - (performance.now() - began));
        const seen = await world.messages();
        const again = againProblems6(await world.sent());
        console.log(
          `bad wire ${seed}: ${seen.length} messages, ${kinds(seen).filter((kind) => kind === "reply").length} REPLYs, ${again.looked} said again`,
        );
        assert.deepEqual(again.problems, []);
        assert.ok(again.looked >= 2, `${again.looked} said again`);
        assert.ok(kinds(seen).filter((kind) => kind === "renew").length >= 3, `${kinds(seen)}`);
        assert.deepEqual(boundProblems6(seen, world.news(), STANDS_WITHIN_SECONDS), []);
        assert.equal(mostAtOnce(world.news()).length, 1);
        assert.ok(
          world.news().every(({ address }) => [0, 1].some((n) => ownAddress(prefix, n) === address)),
          "another prefix was in use",
        );
        assertBad(fatesIn(world.fates().join("\n")), BAD);
      },
    );

  wired(
    "a wire that loses all: SOLICITs after 1, 2, 4, 8, 16, 32 and 64 s, each time a little more or less",
    { faults: { ...BAD, loss: 1 }, seed: 1 },
    async (world) => {
      const solicits = async (): Promise<number> => kinds(await world.sent()).filter((kind) => kind === "solicit").length;
      await world.until("eight SOLICITs", async () => (await solicits()) >= 8, 200);
      const { looked, problems } = againProblems6(await world.sent());
      assert.deepEqual(problems, []);
      assert.equal(looked, 7);
      assert.deepEqual(world.news(), []);
    },
  );
});

function wired(name: string, wire: { readonly faults: Faults; readonly seed: number }, story: (world: World6) => Promise<void>): void {
  const tell = async (world: World6): Promise<void> => {
    await world.serve({ times: TIMES });
    await world.watch("near");
    await world.leasehold();
    await story(world);
  };
  test(name, needsPeers, () => inWorld6("Kea", tell, (tally) => wireCommand(wire, tally)));
}
