/** uplink4 under answers that are none, small enough for every run; a million of them are in the long variant. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { wholeFrame } from "../support/mutated-dhcp4.ts";
import { facts, factsOf, judged, Target, type UplinkFacts } from "../support/mutated-flood.ts";
import { hostileStory } from "../support/mutated-story.ts";
import { keaLeases, startKea } from "../support/servers.ts";
import { CLIENT_MAC, inWorld, NEEDS_ROOT, type UplinkWorld } from "../support/uplink-world.ts";

const TRUTH = { skip: NEEDS_ROOT };
const POOL = { first: "10.64.0.50", last: "10.64.0.59" };
const [OFFER, ACK] = [0, 3];
/** Total length in the IP header behind an Ethernet header. */
const IP_LENGTH_AT = 16;
const UDP_SUM_AT = 14 + 20 + 6;

test("50,000 mutated answers, more than half of them whole outside, change no lease and no process, and each is accounted for", TRUTH, () =>
  hostileStory({ frames: 50_000, rounds: 2, seed: 1, perExchange: 1250, comparesMemory: false }),
);

type Hostile = {
  readonly world: UplinkWorld;
  readonly target: Target;
  readonly told: () => UplinkFacts;
  readonly answer: (which: number) => Uint8Array;
};

/** An uplink that has said DISCOVER, and nobody but us hears it. */
function inHostileWorld(story: (hostile: Hostile) => Promise<void>): Promise<void> {
  return inWorld(async (world) => {
    world.ip(world.server, "link", "set", "s0", "mtu", "12000");
    world.ip(world.client, "link", "set", "c0", "mtu", "12000");
    const program: ChildProcess = world.leasehold("[uplink4.c0]\nretransmit_seconds = 1\n");
    const target = new Target(world, program, { name: "c0", far: "s0", mac: CLIENT_MAC });
    const answer = (which: number): Uint8Array => wholeFrame(target.answers[which] ?? new Uint8Array(0), { ...target.known, xid: target.xid });
    try {
      await world.until("a DISCOVER", () => target.listen().find(({ options }) => options.messageType === "discover"));
      await story({ world, target, told: () => factsOf(facts(world, program), "c0"), answer });
    } finally {
      target.close();
    }
  });
}

test(
  "an answer with a wrong UDP checksum is counted, and the right one behind it is heard, each time, before and after there is a lease",
  TRUTH,
  () =>
    inHostileWorld(async ({ world, target, told, answer }) => {
      const wrong = (frame: Uint8Array): Uint8Array => frame.with(UDP_SUM_AT, (frame[UDP_SUM_AT] ?? 0) ^ 0x55);
      target.give([wrong(answer(OFFER))]);
      await world.until("the wrong one counted", () => (told().ignored["bad-checksum"] === 1 ? true : undefined));
      assert.equal(told().sent["request"] ?? 0, 0, "an offer with a wrong sum was taken");
      target.give([answer(OFFER)]);
      await world.until("the right one taken", () => target.listen().find(({ options }) => options.messageType === "request"));

      await startKea(world, POOL);
      // the server whose offer was taken is not there: from the beginning, instead of four REQUESTs
      world.ip(world.server, "link", "set", "s0", "down");
      await world.until("the carrier seen gone", () => (world.control("show").includes("has no carrier") ? true : undefined));
      target.listen(); // the socket says once that its link was down
      world.ip(world.server, "link", "set", "s0", "up");
      await world.until("an address", () => world.addresses()[0]);
      for (let i = 1; i <= 20; i++) {
        const before = told();
        target.give([wrong(answer(ACK))]);
        await delay(5);
        target.give([answer(ACK)]);
        await world.until("both counted", () => {
          const now = told();
          return (now.ignored["bad-checksum"] ?? 0) === i + 1 && judged(now) - judged(before) === 2 ? true : undefined;
        });
      }
      const expires = (): number => keaLeases(world)[0]?.expiresAtSeconds ?? 0;
      const before = expires();
      await world.until("a renewal that Kea heard, and we", () => (expires() > before && told().state === "bound" ? true : undefined));
    }),
);

test("answers that are longer than any we read are counted, as everything else that is not read", TRUTH, () =>
  inHostileWorld(async ({ world, target, told, answer }) => {
    const long = new Uint8Array(10_000);
    long.set(answer(OFFER));
    new DataView(long.buffer).setUint16(IP_LENGTH_AT, long.length - 14);
    const before = told();
    target.give(Array.from({ length: 10 }, () => long));
    target.give([answer(ACK)]);
    const counted = await world.until("all of them counted", () => (judged(told()) - judged(before) >= 11 ? told() : undefined));
    assert.equal(judged(counted) - judged(before), 11);
    assert.equal(counted.accepted, before.accepted, "one of them was used");
  }),
);
