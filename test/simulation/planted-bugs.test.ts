import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ipv4Address } from "../../src/base/ipv4.ts";
import {
  CHECKERS,
  type Checker,
  everyAddressIsPromised,
  everybodyIsBoundInTheEnd,
  nakedAddressesAreGone,
  noAddressHeldTwice,
  noAddressOutlivesItsLease,
  nothingSenselessIsAsked,
  oneAddressPerUplink,
  stateAndKernelAgree,
  stormsAreTamed,
} from "../../src/sim/checkers.ts";
import { simulate, type World } from "../../src/sim/world.ts";

/** Worlds with something broken on purpose: a checker that does not find its bug is worth nothing. */
const PLANTED: readonly (readonly [bug: string, checker: Checker, world: () => World])[] = [
  [
    "a provider that gives one address to everybody",
    noAddressHeldTwice,
    () => {
      const world = oneAddressForAll();
      for (const gateway of world.gateways) gateway.configure({ conflictDetection: "off" });
      return world;
    },
  ],
  [
    "a kernel that ignores the end of a lifetime",
    noAddressOutlivesItsLease,
    () => {
      const world = simulate({ seed: 1, clients: 1, minutes: 60, faults: ["crash"], provider: { leaseSeconds: 10 } });
      for (const { kernel } of world.gateways) kernel.ignoresExpiry = true;
      return world;
    },
  ],
  [
    "a provider that forgets what it promised",
    everyAddressIsPromised,
    () => {
      const world = simulate({ seed: 1, clients: 1, minutes: 20, faults: [], provider: { leaseSeconds: 3600 } });
      world.at(600, () => {
        for (const { address, client } of world.provider.book.all()) world.provider.book.free(address, client);
      });
      return world;
    },
  ],
  [
    "somebody else who takes the address out of the kernel",
    stateAndKernelAgree,
    () => {
      const world = simulate({ seed: 1, clients: 1, minutes: 20, faults: [], provider: { leaseSeconds: 3600 } });
      world.at(600, () => {
        for (const { kernel, link } of world.gateways) kernel.deconfigure(link);
      });
      return world;
    },
  ],
  [
    "a kernel that keeps what it had beside what it is told",
    oneAddressPerUplink,
    () => {
      const world = simulate({ seed: 1, clients: 1, minutes: 20, faults: [], provider: { leaseSeconds: 3600 } });
      for (const { kernel } of world.gateways) kernel.keepsOld = true;
      // renumbered behind the back of a client that gets no answer: the old lease is in use until the new one comes, without a NAK
      world.at(60, () => {
        world.provider.mode = "silent";
        world.provider.reconfigure({ pool: { first: "198.18.0.200" as Ipv4Address, last: "198.18.0.210" as Ipv4Address } });
        for (const gateway of world.gateways) gateway.restartEngine();
      });
      world.at(90, () => {
        world.provider.mode = "serve";
      });
      return world;
    },
  ],
  [
    "a kernel that keeps a refused address",
    nakedAddressesAreGone,
    () => {
      const world = simulate({ seed: 1, clients: 1, minutes: 120, faults: ["provider"], provider: { leaseSeconds: 3600, renewSeconds: 60 } });
      for (const { kernel } of world.gateways) kernel.deconfigure = () => undefined;
      return world;
    },
  ],
  [
    "a lease without a second in it",
    nothingSenselessIsAsked,
    () => {
      const world = simulate({ seed: 1, clients: 1, minutes: 20, faults: [] });
      for (const { kernel } of world.gateways) {
        const configure = kernel.configure.bind(kernel);
        kernel.configure = (link, name, wanted) => configure(link, name, { ...wanted, validSeconds: 0 });
      }
      return world;
    },
  ],
  [
    "a provider that never stops refusing",
    everybodyIsBoundInTheEnd,
    () => {
      const world = simulate({ seed: 1, clients: 1, minutes: 20, faults: [] });
      world.provider.mode = "nak-all";
      return world;
    },
  ],
  [
    "a client that answers a storm at once",
    stormsAreTamed,
    () => {
      const world = simulate({ seed: 1, clients: 1, minutes: 20, faults: [] });
      world.provider.mode = "nak-all";
      // each new hardware address ends the pause: as fast as a client without one
      const flap = (): void => {
        for (const gateway of world.gateways) gateway.setRunning(false);
        for (const gateway of world.gateways) gateway.setRunning(true);
      };
      for (let second = 60; second < 1200; second++) world.at(second, flap);
      return world;
    },
  ],
];

function oneAddressForAll(): World {
  const world = simulate({ seed: 1, clients: 2, minutes: 20, faults: [] });
  world.provider.book.handsOutTwice = true;
  return world;
}

test("of two hosts that a provider gives one address, the second asks around and declines it (RFC 5227, RFC 2131 §3.1 step 5)", () => {
  const world = oneAddressForAll();
  let declined = 0;
  world.watch = ({ effects }) => {
    declined += effects.filter((effect) => effect.kind === "send" && effect.message.options.messageType === "decline").length;
  };
  assert.equal(world.always(noAddressHeldTwice).run().violation, undefined);
  assert.ok(declined > 0);
});

for (const [bug, checker, world] of PLANTED) {
  test(`control: ${bug} is found by "${checker.name}"`, () => {
    const { violation } = world().always(checker).run();
    assert.ok(violation?.startsWith(checker.name), violation ?? "nothing was found");
  });
}

test("control: an alarm that rings for ever is found", () => {
  const world = simulate({ seed: 1, clients: 1, minutes: 20, faults: [] });
  const again = (): void => void world.timeline.schedule(world.now, again);
  assert.match(world.at(60, again).run().violation ?? "nothing", /stands still/);
});

test("every checker has a planted bug", () => {
  const planted = new Set(PLANTED.map(([, checker]) => checker));
  assert.deepEqual(
    CHECKERS.filter((checker) => !planted.has(checker)),
    [],
  );
});
