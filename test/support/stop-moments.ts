/** Told to stop at any moment of its start, the program ends in order and leaves nobody behind. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { UplinkWorld } from "./uplink-world.ts";

/** From before main reads a line to after the first message; signals that come before main listens for them end it as they end any program. */
const MOMENTS_MS = [0, 60, 120, 200, 280, 360, 450, 550, 700, 900, 1200, 1600];

/** @param searching what its log says when it looks for a server */
export async function stopsAtEachMoment(configuration: string, searching: string): Promise<void> {
  const world = new UplinkWorld();
  try {
    for (const moment of MOMENTS_MS) {
      const program = world.leasehold(configuration);
      await delay(moment);
      await world.stop(program);
      assert.ok(program.exitCode === 0 || program.signalCode === "SIGTERM", `at ${moment} ms: ${program.exitCode} ${program.signalCode}`);
      await world.until(`at ${moment} ms everybody is gone`, () => (pids(world.client) === "" ? true : undefined));
    }
    assert.doesNotMatch(world.read("leasehold.log"), /TypeError|AssertionError|Cannot read/);
    const searches = (): number => world.read("leasehold.log").split(searching).length;
    const before = searches();
    const program = world.leasehold(configuration);
    await world.until("it looks for a server", () => (searches() > before ? true : undefined));
    await world.stop(program);
    assert.deepEqual([program.exitCode, pids(world.client)], [0, ""]);
  } finally {
    await world.close();
  }
}

function pids(namespace: string): string {
  return execFileSync("ip", ["netns", "pids", namespace], { encoding: "utf8" }).trim();
}
