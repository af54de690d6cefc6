/** The server of `lan` under millions of mutated datagrams. HOSTILE_DATAGRAMS=100000 for fewer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { accountedLan, engineKb, inHostileWorld, lanFacts, sum } from "../support/lan-hostile.ts";
import { needsRoot } from "../support/namespace.ts";

const DATAGRAMS = Number(process.env["HOSTILE_DATAGRAMS"] ?? "5000000");
const ROUNDS = 20;
/** A machine that others use may be late itself. */
const LATE_MOST = 0.05;
/** From the end of the first quarter, when code is compiled and what has a bound is filled, to the end. */
const GREW_MOST_KB = 5 * 1024;

test(
  `${DATAGRAMS} mutated datagrams: the same processes, flat memory, each accounted for, and a client that does nothing wrong waits less than a second`,
  needsRoot,
  () =>
    inHostileWorld(1, async (world) => {
      const { ours, flood, client } = world;
      const first = await lanFacts(ours);
      const resident: number[] = [];
      const began = performance.now();
      for (let round = 0; round < ROUNDS; round++) {
        await Promise.all([flood.send(DATAGRAMS / ROUNDS), client.isServed().then(() => client.isServed())]);
        resident.push(engineKb(first));
      }
      const seconds = (performance.now() - began) / 1000;
      const after = await accountedLan(world);
      await client.isServed();
      const { received, sent, refused } = after.server;
      console.log(`hostile: ${JSON.stringify({ seconds: Math.round(seconds), received, sent, refused, kernelDrops: after.kernelDrops })}`);
      console.log(
        `hostile: ${JSON.stringify({ residentKb: resident, served: client.served, late: client.late, slowestMs: Math.round(client.slowestMs) })}`,
      );
      assert.deepEqual(after.pids, first.pids, "the same processes");
      assert.ok(client.served > 2 * ROUNDS && client.late <= client.served * LATE_MOST, `${client.late} of ${client.served} times late`);
      assert.ok(sum(sent) > received / 5, "most were not even read to their end");
      assert.ok(after.kernelDrops < received / 20, "too much went unread");
      const grewKb = (resident.at(-1) ?? 0) - (resident[ROUNDS / 4] ?? 0);
      assert.ok(grewKb <= GREW_MOST_KB, `grew by ${grewKb} KiB: ${resident.join()}`);
    }),
);

test("control: a thousand more than are counted, and the account does not add up", needsRoot, () =>
  inHostileWorld(2, async (world) => {
    await world.flood.send(2000);
    await accountedLan(world);
    world.flood.sent += 1000;
    await assert.rejects(accountedLan(world, 2000), /accounted for/);
  }),
);
