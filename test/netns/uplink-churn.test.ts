/** An uplink whose link comes and goes: nothing is left of it, in the kernel, in any process, in any file. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { needsPeers } from "../support/unpacked.ts";
import { CLIENT_MAC, inWorld4 } from "../support/uplink4-world.ts";

const ROUNDS = 100;
/** In each tenth round the link stays until it has its address. */
const BOUND_EVERY = 10;

test("clients come and go a hundred times: no descriptor, address, route or file stays (B6, B39)", { ...needsPeers, timeout: 180_000 }, () =>
  inWorld4({ peer: "dnsmasq", relay: undefined }, async (world) => {
    const { client, server } = world;
    await world.serve();
    const program = await world.leasehold('[system]\nresolver = "none"\n[uplink4."c*"]\nconflict_detection = "off"\n');
    const run = join(world.folder, "leasehold.run");
    const open = (): readonly number[] => program.stayingPids().map((pid) => readdirSync(`/proc/${pid}/fd`).length);
    const away = async (): Promise<void> => {
      await server.ip("link", "del", "p0");
      await world.until("nothing is published", () => readdirSync(join(run, "uplinks")).length === 0);
    };
    const back = async (): Promise<void> => {
      await server.veth("p0", client, "c0");
      await client.ip("link", "set", "c0", "address", CLIENT_MAC);
      await server.ip("link", "set", "p0", "master", "s0");
    };
    await world.bound();
    await away();
    let before: readonly number[] = [];
    const pids = program.stayingPids();
    for (let round = 0; round <= ROUNDS; round++) {
      await back();
      if (round % BOUND_EVERY === 0) await world.until("an address", async () => (await world.addresses())[0]);
      await away();
      if (round === 0) before = await quiet(open);
    }
    assert.deepEqual(await quiet(open), before, "descriptors of main and its roles");
    assert.deepEqual(program.stayingPids(), pids, "no role died of it");
    assert.deepEqual(
      (await client.ip("-4", "route", "show", "table", "all")).stdout.split("\n").filter((line) => /proto dhcp|dev c0/.test(line)),
      [],
    );
    assert.deepEqual(readdirSync(join(world.folder, "leasehold.state/uplink4")), ["c0.json"], "the lease it may come back to");
    await back();
    await world.bound();
  }),
);

/** When it is the same twice. */
async function quiet(look: () => readonly number[]): Promise<readonly number[]> {
  for (let before = ""; ; ) {
    const now = look();
    if (now.join() === before) return now;
    before = now.join();
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
