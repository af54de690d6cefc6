/** Servers and machines of simulated worlds are recorded while much goes wrong, and replay bit for bit. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { dhcp6Client } from "../../src/machines/dhcp6-client/client.ts";
import type { Machine } from "../../src/machines/machine.ts";
import { routerAdvertiser } from "../../src/machines/router-advertiser/advertiser.ts";
import { OutletsPlayer } from "../../src/services/directory/recording/outlets-player.ts";
import { UpdatesPlayer } from "../../src/services/directory/recording/updates-player.ts";
import { Dhcp6ServerPlayer } from "../../src/services/lan/dhcp6-server/player.ts";
import { decodeRecording, replay } from "../../src/services/recording.ts";
import { Office } from "../../src/sim/directory/world.ts";
import { Street } from "../../src/sim/house/world.ts";

const SEEDS = [1, 2, 3, 4];

/** @returns how many steps there were, all of them the same again */
function replayed<S, E, F>(machine: Pick<Machine<S, E, F>, "step">, lines: readonly string[] | undefined): number {
  assert.ok(lines !== undefined);
  const { steps, differs } = replay(machine, decodeRecording<S, E>(lines.join("\n")));
  assert.equal(differs, undefined);
  return steps;
}

test("streets: the DHCPv6 server, the router and uplink6 of a house replay, whatever happened meanwhile", () => {
  let answered = 0;
  for (const seed of SEEDS) {
    const street = new Street({
      seed,
      gateways: 1,
      minutes: 12,
      faults: ["loss", "duplication", "reordering", "renumber", "hostRestart", "hostLeaves"],
    });
    const gateway = street.houses[0]?.gateway;
    street.at(100, () => assert.equal(gateway?.lan?.record("dhcp6", 500), true));
    street.at(580, () => {
      const lines = gateway?.lan?.trace("dhcp6");
      replayed(new Dhcp6ServerPlayer(), lines);
      answered += lines?.filter((line) => line.includes('"kind":"received"')).length ?? 0;
      assert.ok(replayed(routerAdvertiser, gateway?.lan?.trace("lan0")) > 0);
      assert.ok(replayed(dhcp6Client, gateway?.uplink?.uplink("wan0")?.trace()) > 0);
    });
    street.run();
  }
  assert.ok(answered > 20, `${answered} datagrams`);
});

test("offices: updates of a directory replay, those that failed too", () => {
  let pulls = 0;
  for (const seed of SEEDS) {
    const office = new Office({ seed, minutes: 20 });
    for (let begin = 120; begin < 1100; begin += 240) {
      office.at(begin, () => void office.directory?.record("updates", 600));
      office.at(begin + 10, () => void office.directory?.record("requests", 600));
      office.at(begin + 200, () => {
        const updates = office.directory?.trace("updates");
        const requests = office.directory?.trace("requests");
        if (updates !== undefined) pulls += updates.filter((line) => line.includes('"name":"pulled"')).length;
        if (updates !== undefined) replayed(new UpdatesPlayer(), updates);
        if (requests !== undefined) replayed(new OutletsPlayer(), requests);
      });
    }
    office.run();
  }
  assert.ok(pulls > 5, `${pulls} pulls`);
});
