/** Told to stop at any moment of its start, the program ends in order and leaves nobody behind. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { NEEDS_ROOT, UplinkWorld } from "../support/uplink-world.ts";

/** From before main reads a line to after the first DISCOVER; signals that come before main listens for them end it as they end any program. */
const MOMENTS_MS = [0, 60, 120, 200, 280, 360, 450, 550, 700, 900, 1200, 1600];

test("B55: told to stop at each moment of its start, the program ends with 0 or by the signal and every role with it", {
  skip: NEEDS_ROOT,
  timeout: 180_000,
}, async () => {
  const world = new UplinkWorld();
  try {
    for (const moment of MOMENTS_MS) {
      const program = world.leasehold("[uplink4.c0]\nrelease_on_stop = true\n");
      await new Promise((resolve) => setTimeout(resolve, moment));
      await world.stop(program);
      assert.ok(program.exitCode === 0 || program.signalCode === "SIGTERM", `at ${moment} ms: ${program.exitCode} ${program.signalCode}`);
      await world.until(`at ${moment} ms everybody is gone`, () => (pids(world.client) === "" ? true : undefined));
    }
    const starts = (): number => world.read("leasehold.log").split('"event":"started"').length;
    for (let again = 0; again < 3; again++) {
      const earlier = starts();
      const program = world.leasehold("[uplink4.c0]\nrelease_on_stop = true\n");
      await world.until("main has started its roles", () => (starts() > earlier ? true : undefined)); // they are still on their way
      await world.stop(program);
      assert.equal(program.exitCode, 0);
      await world.until("everybody is gone", () => (pids(world.client) === "" ? true : undefined));
    }
    assert.doesNotMatch(world.read("leasehold.log"), /TypeError|AssertionError|Cannot read/);
    const searches = (): number => world.read("leasehold.log").split("selecting").length;
    const before = searches();
    const program = world.leasehold("[uplink4.c0]\nrelease_on_stop = true\n");
    await world.until("it looks for a server", () => (searches() > before ? true : undefined));
    await world.stop(program);
    assert.deepEqual([program.exitCode, pids(world.client)], [0, ""]);
  } finally {
    await world.close();
  }
});

function pids(namespace: string): string {
  return execFileSync("ip", ["netns", "pids", namespace], { encoding: "utf8" }).trim();
}
