import { addressPool } from "../../src/services/lan/dhcp6-config.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Duid } from "../../src/base/duid.ts";
import type { Ipv6Prefix } from "../../src/base/ipv6.ts";
import type { MacAddress } from "../../src/base/mac.ts";
import { PrefixProvider } from "../../src/sim/actors/dhcp6-provider.ts";
import { ALL_AGENTS, DHCP6_PORT } from "../../src/sim/actors/exchange.ts";
import { Card } from "../../src/sim/house/card.ts";
import {
  addressesAreDelegated,
  addressesAreOnLink,
  advertisedIsDelegated,
  CHECKERS6,
  everybodyIsServedInTheEnd,
  noWrongAnswers,
  nothingHeldTwice,
  promisesAreKept,
} from "../../src/sim/house/checkers.ts";
import { lanConfigOf } from "../../src/sim/house/configuration.ts";
import { type Checker6, Street } from "../../src/sim/house/world.ts";

const PREFIX = "2001:db8:1000::/56" as Ipv6Prefix;
const calm = (more: { readonly seed?: number; readonly gateways?: number } = {}): Street =>
  new Street({ seed: 1, gateways: 1, minutes: 20, faults: [], validSeconds: 240, ...more });

/** Streets with something broken on purpose: a checker that does not find its bug is worth nothing. */
const PLANTED: readonly (readonly [bug: string, checker: Checker6, street: () => Street])[] = [
  [
    "a provider that gives one prefix to everybody",
    nothingHeldTwice,
    () => {
      const street = calm({ gateways: 2 });
      street.provider.book.choose = () => PREFIX;
      return street;
    },
  ],
  [
    "a disk that says durable and forgets",
    promisesAreKept,
    () => {
      const street = calm();
      const [house] = street.houses;
      if (house !== undefined) house.gateway.journal.lies = true;
      return street.at(300, () => house?.gateway.kill("lan")).at(301, () => house?.gateway.startLan());
    },
  ],
  [
    "answers that leave before their leases are on disk",
    promisesAreKept,
    () => {
      const street = calm();
      const [house] = street.houses;
      if (house !== undefined) Object.assign(house.gateway.journal, { hurries: true, syncMs: 30_000 });
      return street.at(28, () => house?.gateway.powerCut()).at(29, () => house?.gateway.start());
    },
  ],
  [
    "an address that outlives its delegation",
    addressesAreDelegated,
    () => {
      const street = calm();
      for (const { gateway } of street.houses) {
        const apply = gateway.kernel.apply.bind(gateway.kernel);
        gateway.kernel.apply = (plan) => apply({ ...plan, addresses: plan.addresses.map((one) => ({ ...one, validSeconds: 2 * one.validSeconds })) });
      }
      return street;
    },
  ],
  [
    "a kernel that does not tell when addresses end",
    advertisedIsDelegated,
    () => {
      const street = calm();
      for (const { gateway } of street.houses) gateway.kernel.tellsNoEnds = true;
      return street.at(100, () => {
        for (const { gateway } of street.houses) gateway.wan.port.cut = true;
      });
    },
  ],
  [
    "a second server with its lifetimes the wrong way round",
    noWrongAnswers,
    () => {
      const street = calm({ seed: 3, gateways: 2 });
      assert.ok(
        street.houses.some(({ hosts }) => hosts.some(({ dhcp }) => dhcp.config.prefixLength !== undefined)),
        "nobody asks for a prefix",
      );
      for (const { lan } of street.houses) wrongServer(street, lan);
      return street.at(30, () => {
        for (const { gateway, hosts } of street.houses) {
          gateway.kill("lan");
          for (const host of hosts) host.stop();
          for (const host of hosts) host.start();
        }
      });
    },
  ],
  [
    "a pool that lies on another link",
    addressesAreOnLink,
    () => {
      const street = calm();
      const [house] = street.houses;
      return street.at(30, () => {
        const config = lanConfigOf(house?.gateway.duid ?? ("000300010200" as Duid), 0);
        const interfaces = config.interfaces.map((one) =>
          one.dhcp6.mode === "server"
            ? { ...one, dhcp6: { ...one.dhcp6, pools: { ...one.dhcp6.pools, addresses: [addressPool("2001:db8:bad::/64" as Ipv6Prefix)] } } }
            : one,
        );
        house?.gateway.lan?.configure({ ...config, interfaces });
      });
    },
  ],
  [
    "a provider that has nothing to give",
    everybodyIsServedInTheEnd,
    () => {
      const street = calm();
      street.provider.mode = "none";
      return street;
    },
  ],
];

for (const [bug, checker, street] of PLANTED) {
  test(`control: ${bug} is found by "${checker.name}"`, () => {
    const { violation } = street().always(checker).run();
    assert.ok(violation?.startsWith(checker.name), violation ?? "nothing was found");
  });
}

test("every checker of streets has a planted bug", () => {
  const planted = new Set(PLANTED.map(([, checker]) => checker));
  assert.deepEqual(
    CHECKERS6.filter((checker) => !planted.has(checker)),
    [],
  );
});

/** Answers whoever asks for a prefix on a LAN. */
function wrongServer(street: Street, segment: ConstructorParameters<typeof Card>[0]["segment"]): void {
  const pool = { prefix: "fd00:9::/40" as Ipv6Prefix, delegatedLength: 60 };
  const times = { preferredSeconds: 200, validSeconds: 100, renewSeconds: 0, rebindSeconds: 0 };
  const provider = new PrefixProvider({ serverId: "00030001020000000099" as Duid, pool, ...times, rapidCommit: true, options: {} });
  const card: Card = new Card({
    name: "second server",
    mac: "02:00:00:00:00:99" as MacAddress,
    segment,
    groups: [ALL_AGENTS],
    addresses: () => [],
    take: ({ source, ports, payload }) => {
      if (ports?.destination !== DHCP6_PORT.server) return;
      for (const said of provider.onDatagram({ from: source, payload }, street.now)) card.say(said, DHCP6_PORT.server);
    },
  });
}
