/** What every plan for the kernel is, whatever uplinks hold. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Ipv6Prefix, ipv6Contains, ipv6Prefix, isLinkLocalV6 } from "../../../src/base/ipv6.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { instant } from "../../../src/base/time.ts";
import type { Lease } from "../../../src/machines/dhcp6-client/state.ts";
import { composed, type Holding } from "../../../src/services/uplink6/compose.ts";
import { SERVER, target, wan } from "./rig.ts";

const NOW = instant(1_000_000);
const names = ["wan0", "wan1", "lan0", "lan1", "lan2", "lan3"];
const links = ["wan0", "wan1", "lan0", "lan1", "lan2"].map((name, i) => ({ index: i + 1, name, mac: undefined, running: true }));
const targets = fc.array(
  fc.record({ name: fc.constantFrom(undefined, ...names), length: fc.integer({ min: 56, max: 80 }) }).map(({ name, length }) => target(name, length)),
  { minLength: 1, maxLength: 6 },
);
const leased = fc.record({
  prefix: fc.integer({ min: 1, max: 4 }).map((n) => `2001:db8:${n}00::/56` as Ipv6Prefix),
  preferred: fc.integer({ min: 0, max: 50 }),
  valid: fc.integer({ min: 0, max: 100 }),
});
const uplink = fc
  .record({
    name: fc.constantFrom("wan0", "wan1"),
    ias: fc.array(fc.tuple(targets, fc.array(leased, { minLength: 1, maxLength: 2 })), { minLength: 1, maxLength: 3 }),
  })
  .map(({ name, ias }): Holding => {
    const delegations = ias.map(([, prefixes], iaid) => ({
      kind: "pd" as const,
      iaid,
      renewAt: NOW,
      rebindAt: NOW,
      prefixes: prefixes.map(({ prefix, preferred, valid }) => ({
        prefix,
        excluded: undefined,
        preferredUntil: instant(NOW + 1000 * Math.min(preferred, valid)),
        validUntil: instant(NOW + 1000 * valid),
      })),
    }));
    const held: Lease = { serverId: SERVER, delegations, nameServers: [], searchDomains: [], options: [] };
    return {
      config: wan(
        ias.map(([list], iaid) => ({ iaid, targets: list })),
        name,
      ),
      held,
      retired: [],
    };
  });

test("every address is one of a delegated prefix, on a link that is there and is not where the prefix came from, alive, and there once", () => {
  fc.assert(
    fc.property(fc.array(uplink, { maxLength: 3 }), (holdings) => {
      const plan = composed(holdings, links, NOW);
      const prefixes = holdings.flatMap(({ config, held }) =>
        (held?.delegations ?? []).flatMap((one) => one.prefixes.map(({ prefix }) => ({ prefix, from: config.name }))),
      );
      const keys = plan.addresses.map(({ link, address }) => `${link} ${address}`);
      assert.equal(new Set(keys).size, keys.length, "no address twice on a link");
      for (const { link, name, address, prefixLength, preferredSeconds, validSeconds } of plan.addresses) {
        assert.equal(links.find(({ index }) => index === link)?.name, name);
        assert.ok(
          prefixes.some(({ prefix, from }) => ipv6Contains(prefix, address) && from !== name),
          `${address} on ${name}`,
        );
        assert.ok(validSeconds > 0 && preferredSeconds <= validSeconds, `${preferredSeconds}/${validSeconds}`);
        assert.ok(!isLinkLocalV6(address), address);
        assert.notEqual(ipv6Prefix(address, prefixLength).split("/")[0], address, "not the address of all routers");
      }
      assert.ok(
        plan.aggregates.every(({ prefix }) => prefixes.some((one) => one.prefix === prefix)),
        "a route for what is delegated only",
      );
      assert.equal(new Set(plan.aggregates.map(({ prefix }) => prefix)).size, plan.aggregates.length);
    }),
  );
});

test("a plan is never larger than what is accepted whole", () => {
  const many = Array.from({ length: LIMITS.planTargets }, (_, i) => target(`veth${i}`));
  const all = many.map((one, i) => ({ index: i + 1, name: one.interface ?? "", mac: undefined, running: true }));
  const prefixes = Array.from({ length: LIMITS.prefixesPerDelegation }, (_, i) => ({
    prefix: `2001:db8:${i + 1}::/48` as Ipv6Prefix,
    excluded: undefined,
    preferredUntil: instant(NOW + 1000),
    validUntil: instant(NOW + 1000),
  }));
  const held: Lease = {
    serverId: SERVER,
    delegations: [{ kind: "pd", iaid: 1, renewAt: NOW, rebindAt: NOW, prefixes }],
    nameServers: [],
    searchDomains: [],
    options: [],
  };
  const plan = composed([{ config: wan([{ iaid: 1, targets: many }]), held, retired: [] }], all, NOW);
  assert.equal(plan.addresses.length + plan.aggregates.length, LIMITS.plannedAddresses);
});
