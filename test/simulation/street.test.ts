import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../../src/base/hex.ts";
import { dhcp6Client } from "../../src/machines/dhcp6-client/client.ts";
import type { ClientEvent, ClientState } from "../../src/machines/dhcp6-client/state.ts";
import { routerAdvertiser } from "../../src/machines/router-advertiser/advertiser.ts";
import type { AdvertiserEvent, AdvertiserState } from "../../src/machines/router-advertiser/state.ts";
import { decodeRecording, replay } from "../../src/services/recording.ts";
import { CHECKERS6 } from "../../src/sim/house/checkers.ts";
import { IPV4_CHECKERS } from "../../src/sim/house/ipv4.ts";
import { Street } from "../../src/sim/house/world.ts";

const SEEDS: readonly number[] = Array.from({ length: 12 }, (_, i) => i + 1);

test("a calm street: every host has addresses of its gateway's delegated prefix, a router and a resolver", () => {
  const { violation, story } = new Street({ seed: 1, gateways: 2, minutes: 20, faults: [] }).always(...CHECKERS6, ...IPV4_CHECKERS).run();
  assert.equal(violation, undefined, story.slice(-60).join("\n"));
  assert.ok(story.some((line) => line.includes("bound")));
});

for (const seed of SEEDS) {
  test(`street ${seed} keeps every promise`, () => {
    const { violation, story } = new Street({ seed }).always(...CHECKERS6, ...IPV4_CHECKERS).run();
    assert.equal(violation, undefined, story.slice(-60).join("\n"));
  });
}

test("the same seed tells the same story and sends the same octets, another seed others", () => {
  const story = (seed: number): readonly string[] => {
    const street = new Street({ seed, gateways: 1, minutes: 10 });
    const said: string[] = [];
    for (const { lan } of street.houses) {
      const send = lan.send.bind(lan);
      lan.send = (from, frame) => {
        said.push(`${street.now} ${from.name} ${toHex(frame)}`);
        send(from, frame);
      };
    }
    const { story: told } = street.always(...CHECKERS6, ...IPV4_CHECKERS).run();
    assert.ok(said.length > 100, `${said.length} frames`);
    return [...told, ...said];
  };
  assert.deepEqual(story(9), story(9));
  assert.notDeepEqual(story(9), story(6));
});

test("what uplink6 and the router of a street did can be replayed, bit for bit", () => {
  const street = new Street({ seed: 6, gateways: 1, minutes: 30 }).always(...CHECKERS6, ...IPV4_CHECKERS);
  assert.equal(street.run().violation, undefined);
  const [house] = street.houses;
  const uplink = recordingIn(house?.gateway.uplink?.uplink("wan0")?.trace());
  const router = recordingIn(house?.gateway.lan?.trace("lan0"));
  const uplinkReplay = replay(dhcp6Client, decodeRecording<ClientState, ClientEvent>(uplink));
  const routerReplay = replay(routerAdvertiser, decodeRecording<AdvertiserState, AdvertiserEvent>(router));
  for (const { steps, differs } of [uplinkReplay, routerReplay]) {
    assert.ok(steps > 10, `${steps} steps`);
    assert.equal(differs, undefined);
  }
  const changed = uplink.replace(/"digest":"(.)/, (_, digit: string) => `"digest":"${digit === "0" ? "1" : "0"}`);
  assert.notEqual(replay(dhcp6Client, decodeRecording<ClientState, ClientEvent>(changed)).differs, undefined);
});

function recordingIn(lines: readonly string[] | undefined): string {
  assert.ok(lines !== undefined && lines.length > 0, "nothing was recorded");
  return `${lines.join("\n")}\n`;
}
