/** What every plan for the kernel is, whatever uplinks hold. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Ipv6Address, type Ipv6Prefix, ipv6Contains, ipv6Covers, ipv6Prefix, isLinkLocalV6, splitIpv6Prefix } from "../../../src/base/ipv6.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import type { MacAddress } from "../../../src/base/mac.ts";
import { type Instant, instant } from "../../../src/base/time.ts";
import type { Delegated, Lease, LeasedPrefix } from "../../../src/machines/dhcp6-client/state.ts";
import type { PrefixPlan } from "../../../src/ports/kernel.ts";
import { SipHash } from "../../../src/services/leases/siphash.ts";
import { assigned, composed, type Holding, type Retired, retiredBy, unserved } from "../../../src/services/uplink6/compose.ts";
import { type Uplink6Interface, uplink6 } from "../../../src/services/uplink6/config.ts";
import { type HostParts, withDuplicate } from "../../../src/services/uplink6/host-part.ts";
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
  excluded: fc.boolean(),
  preferred: fc.integer({ min: 0, max: 50 }),
  valid: fc.integer({ min: 0, max: 100 }),
});
const lease = (...delegations: readonly Delegated[]): Lease => ({ serverId: SERVER, delegations, nameServers: [], searchDomains: [], options: [] });
const until = (seconds: number): Instant => instant(NOW + seconds * 1000);
const prefix = (
  text: string,
  { preferred = 600, valid = 1200, excluded }: { preferred?: number; valid?: number; excluded?: string } = {},
): LeasedPrefix => ({
  prefix: text as Ipv6Prefix,
  excluded: excluded as Ipv6Prefix | undefined,
  preferredUntil: until(preferred),
  validUntil: until(valid),
});
const delegated = (iaid: number, ...prefixes: readonly LeasedPrefix[]): Delegated => ({ kind: "pd", iaid, prefixes, renewAt: NOW, rebindAt: NOW });
const leasedAddress = (address: string): Delegated => ({ ...delegated(9, prefix(`${address}/128`)), kind: "na" });
const holding = (config: Uplink6Interface, held: Lease | undefined, retired: readonly Retired[] = []): Holding => ({ config, held, retired });
/** As people would write it. */
const written = ({ addresses, aggregates }: PrefixPlan): readonly string[] => [
  ...addresses.map((one) => `${one.name} ${one.address}/${one.prefixLength} ${one.preferredSeconds}/${one.validSeconds}`),
  ...aggregates.map(({ prefix, route }) => `${route} ${prefix}`),
];
const planned = (...holdings: readonly Holding[]): readonly string[] => written(composed(holdings, links, NOW));

const uplink = fc
  .record({
    name: fc.constantFrom("wan0", "wan1"),
    ias: fc.array(fc.tuple(targets, fc.array(leased, { minLength: 1, maxLength: 2 })), { minLength: 1, maxLength: 3 }),
    address: fc.option(fc.integer({ min: 1, max: 4 })),
    retired: fc.array(
      fc.record({ name: fc.constantFrom("lan0", "lan1", "lan2"), n: fc.integer({ min: 1, max: 4 }), end: fc.integer({ min: -5, max: 200 }) }),
    ),
  })
  .map(({ name, ias, address, retired }): Holding => {
    const delegations: Delegated[] = ias.map(([, prefixes], iaid) => ({
      ...{ kind: "pd", iaid, renewAt: NOW, rebindAt: NOW },
      prefixes: prefixes.map(({ prefix, excluded, preferred, valid }) => ({
        prefix,
        excluded: excluded ? (prefix.replace("::/56", ":1::/64") as Ipv6Prefix) : undefined,
        preferredUntil: instant(NOW + 1000 * Math.min(preferred, valid)),
        validUntil: instant(NOW + 1000 * valid),
      })),
    }));
    if (address !== null) delegations.push(leasedAddress(`2001:db8:f00${address}::1`));
    const config = wan(
      ias.map(([list], iaid) => ({ iaid, targets: list })),
      name,
    );
    const gone = retired.map(({ name, n, end }) => ({
      ...{ name, address: `2001:db8:${n}00:1::1` as Ipv6Address, prefixLength: 64, validUntil: instant(NOW + 1000 * end) },
    }));
    return { config, held: lease(...delegations), retired: gone };
  });

/** A control looks for one fault that some draws show: the same draws each time, or it would miss it now and then. */
const DRAWN_ALIKE = { seed: 7 };

/** What is wrong with a plan, whatever uplinks hold. */
function faultOf({ addresses, aggregates }: PrefixPlan, holdings: readonly Holding[]): string | undefined {
  const held = holdings.flatMap(({ config, held }) =>
    (held?.delegations ?? []).flatMap((one) => one.prefixes.map((of) => ({ ...of, ...one, from: config.name }))),
  );
  const past = holdings.flatMap(({ retired }) => retired);
  const keys = addresses.map(({ link, address }) => `${link} ${address}`);
  if (new Set(keys).size !== keys.length) return "an address twice on a link";
  for (const { link, name, address, prefixLength, preferredSeconds, validSeconds } of addresses) {
    if (links.find(({ index }) => index === link)?.name !== name) return "another link";
    const inHeld = held.filter(({ prefix }) => ipv6Contains(prefix, address));
    const kept = inHeld.filter(({ excluded }) => excluded !== undefined && ipv6Contains(excluded, address));
    const isOwn =
      kept.some(({ from }) => from === name) || held.some((one) => one.kind === "na" && one.from === name && one.prefix === `${address}/128`);
    const isPast = preferredSeconds === 0 && past.some((one) => one.name === name && one.address === address);
    if (!isOwn && !isPast && !inHeld.some(({ from }) => from !== name)) return "an address of nowhere";
    if (!isOwn && kept.length > 0) return "the upstream link's part given away";
    if (validSeconds <= 0 || preferredSeconds > validSeconds) return "lifetimes";
    if (isLinkLocalV6(address) || (prefixLength < 127 && ipv6Prefix(address, prefixLength).split("/")[0] === address)) return "an address of routers";
  }
  const onLinks = addresses
    .filter(({ prefixLength }) => prefixLength < 128)
    .map(({ name, address, prefixLength }) => ({ name, net: ipv6Prefix(address, prefixLength) }));
  if (onLinks.some((a) => onLinks.some((b) => a.name !== b.name && ipv6Covers(a.net, b.net)))) return "a prefix on two links";
  if (aggregates.some(({ prefix }) => !held.some((one) => one.kind === "pd" && one.prefix === prefix))) return "a route for what is not delegated";
  return new Set(aggregates.map(({ prefix }) => prefix)).size === aggregates.length ? undefined : "a route twice";
}
const holdsFor = (compose: (holdings: readonly Holding[]) => PrefixPlan) =>
  fc.property(fc.array(uplink, { maxLength: 3 }), (holdings) => assert.equal(faultOf(compose(holdings), holdings), undefined));
const ours = (holdings: readonly Holding[]): PrefixPlan => composed(holdings, links, NOW);

test("every address is one of a delegated prefix or leased, on the link it is for and no other, alive, there once, and no prefix is on two links", () => {
  fc.assert(holdsFor(ours), { numRuns: 2000 });
});

type Planned = PrefixPlan["addresses"][number];
const PLANTED: readonly (readonly [string, (one: Planned) => Partial<Planned>])[] = [
  ["another link", () => ({ link: 77 })],
  ["an address of nowhere", () => ({ address: "2001:db9::1" as Ipv6Address })],
  ["the upstream link's part given away", () => ({ address: "2001:db8:100:1::9" as Ipv6Address })],
  ["lifetimes", ({ validSeconds }) => ({ preferredSeconds: validSeconds + 1 })],
  ["an address of routers", ({ address, prefixLength }) => ({ address: splitIpv6Prefix(ipv6Prefix(address, prefixLength)).address })],
];
for (const [fault, wrong] of PLANTED) {
  test(`control: a plan with ${fault} is found`, () => {
    const planted = (holdings: readonly Holding[]): PrefixPlan => {
      const plan = ours(holdings);
      return { ...plan, addresses: plan.addresses.map((one) => ({ ...one, ...wrong(one) })) };
    };
    assert.ok(fc.check(holdsFor(planted), { numRuns: 2000, ...DRAWN_ALIKE }).failed);
    assert.ok(
      fc
        .sample(fc.array(uplink, { maxLength: 3 }), { numRuns: 2000, ...DRAWN_ALIKE })
        .some((holdings) => faultOf(planted(holdings), holdings) === fault),
    );
  });
}
test("control: each uplink planned for itself puts prefixes on two links, and addresses there twice", () => {
  const alone = (holdings: readonly Holding[]): PrefixPlan => {
    const plans = holdings.map((one) => ours([one]));
    return { addresses: plans.flatMap(({ addresses }) => addresses), aggregates: plans.flatMap(({ aggregates }) => aggregates) };
  };
  const found = new Set(
    fc.sample(fc.array(uplink, { maxLength: 3 }), { numRuns: 1000, ...DRAWN_ALIKE }).map((holdings) => faultOf(alone(holdings), holdings)),
  );
  for (const fault of ["a prefix on two links", "an address twice on a link", "a route twice"]) assert.ok(found.has(fault), fault);
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

const ONE = [{ iaid: 1, targets: [target("lan0"), target("lan1")] }];

test("an address that was leased is the uplink's own, with 128 bits, and no route goes with it (RFC 9915 §6.2)", () => {
  assert.deepEqual(planned(holding(wan([]), lease(leasedAddress("2001:db8:f::9")))), ["wan0 2001:db8:f::9/128 600/1200"]);
  assert.deepEqual(planned(holding(wan([{ iaid: 9, targets: [target("lan0")] }]), lease(leasedAddress("2001:db8:f::9")))), [
    "wan0 2001:db8:f::9/128 600/1200",
  ]);
  const both = holding(wan(), lease(delegated(1, prefix("2001:db8:100::/56")), leasedAddress("2001:db8:f::9")));
  assert.equal(planned(both).filter((line) => line.startsWith("wan0")).length, 1);
});

test("the link a prefix came over gets the part that the server keeps free for it, and nothing without (RFC 6603 §4.2)", () => {
  const config = wan([{ iaid: 1, targets: [target("lan0"), target("wan0"), target("lan1")] }]);
  const kept = lease(delegated(1, prefix("2001:db8:100::/56", { excluded: "2001:db8:100:ff::/64" })));
  assert.deepEqual(planned(holding(config, kept)), [
    "lan0 2001:db8:100::1/64 600/1200",
    "wan0 2001:db8:100:ff::1/64 600/1200",
    "lan1 2001:db8:100:2::1/64 600/1200",
    "unreachable 2001:db8:100::/56",
  ]);
  assert.deepEqual(unserved(config, kept), []);
  const refused = lease(delegated(1, prefix("2001:db8:100::/56")));
  assert.deepEqual(
    planned(holding(config, refused)).filter((line) => line.startsWith("wan0")),
    [],
  );
  assert.deepEqual(unserved(config, refused), [{ target: "wan0", prefix: "2001:db8:100::/56", reason: "upstream-link" }]);
});

test("two uplinks, one LAN: it has an address of each prefix, and each prefix its own route", () => {
  const wan1 = uplink6("wan1", [{ iaid: 1, targets: [target("lan0")] }], { aggregateRoute: "blackhole" });
  const plan = planned(
    holding(wan([{ iaid: 1, targets: [target("lan0")] }]), lease(delegated(1, prefix("2001:db8:100::/56")))),
    holding(wan1, lease(delegated(1, prefix("2001:db8:200::/56", { preferred: 30, valid: 60 })))),
  );
  assert.deepEqual(plan, [
    "lan0 2001:db8:100::1/64 600/1200",
    "lan0 2001:db8:200::1/64 30/60",
    "unreachable 2001:db8:100::/56",
    "blackhole 2001:db8:200::/56",
  ]);
});

test("routes that lead nowhere are of the kind that was asked for, or none; a prefix that one link uses whole needs none", () => {
  const held = lease(delegated(1, prefix("2001:db8:100::/56")));
  for (const route of ["unreachable", "blackhole", "prohibit"] as const)
    assert.equal(planned(holding(uplink6("wan0", ONE, { aggregateRoute: route }), held)).at(-1), `${route} 2001:db8:100::/56`);
  assert.equal(planned(holding(uplink6("wan0", ONE, { aggregateRoute: "none" }), held)).length, 2);
  const whole = lease(delegated(1, prefix("2001:db8:7::/64")));
  assert.deepEqual(planned(holding(wan(), whole)), ["lan0 2001:db8:7::1/64 600/1200"]);
  assert.deepEqual(planned(holding(wan([{ iaid: 1, targets: [target("lan3")] }]), whole)), ["unreachable 2001:db8:7::/64"], "lan3 is not there");
});

test("several prefixes of one IA are all used, each with its own lifetimes (B43)", () => {
  const held = lease(delegated(1, prefix("2001:db8:100::/56"), prefix("2001:db8:200::/63", { preferred: 0, valid: 50 })));
  assert.deepEqual(planned(holding(wan(), held)), [
    "lan0 2001:db8:100::1/64 600/1200",
    "lan1 2001:db8:100:1::1/64 600/1200",
    "lan0 2001:db8:200::1/64 0/50",
    "lan1 2001:db8:200:1::1/64 0/50",
    "unreachable 2001:db8:100::/56",
    "unreachable 2001:db8:200::/63",
  ]);
});

test("addresses that went are deprecated, and valid for what was left of them, at most two hours (RFC 9096 §3.5)", () => {
  const previous = lease(delegated(1, prefix("2001:db8:100::/56", { preferred: 90_000, valid: 100_000 })), leasedAddress("2001:db8:f::9"));
  const retired = retiredBy(wan(), previous, lease(delegated(1, prefix("2001:db8:200::/56"))), NOW);
  assert.deepEqual(planned(holding(wan(), undefined, retired)), [
    "wan0 2001:db8:f::9/128 0/1200",
    "lan0 2001:db8:100::1/64 0/7200",
    "lan1 2001:db8:100:1::1/64 0/7200",
  ]);
  assert.deepEqual(retiredBy(wan(), previous, previous, NOW), []);
  assert.deepEqual(retiredBy(wan(), previous, undefined, until(100_000)), [], "what has ended is not kept");
});

test("an address that is in use again is not deprecated by its own past, whichever would live longer", () => {
  const held = lease(delegated(1, prefix("2001:db8:100::/56", { preferred: 30, valid: 60 })));
  const past = retiredBy(wan(), lease(delegated(1, prefix("2001:db8:100::/56", { valid: 9000 }))), undefined, NOW);
  assert.equal(past.length, 2);
  assert.equal(planned(holding(wan(), held, past))[0], "lan0 2001:db8:100::1/64 30/60");
  assert.equal(planned(holding(wan(), held, past)).length, 3);
});

test("when the server keeps another part free, links that move leave nothing behind that is now on another link", () => {
  const before = lease(delegated(1, prefix("2001:db8:100::/56")));
  const after = lease(delegated(1, prefix("2001:db8:100::/56", { excluded: "2001:db8:100::/64" })));
  const retired = retiredBy(wan(), before, after, NOW);
  assert.deepEqual(
    retired.map(({ name, address }) => `${name} ${address}`),
    ["lan0 2001:db8:100::1", "lan1 2001:db8:100:1::1"],
  );
  assert.deepEqual(planned(holding(wan(), after, retired)), [
    "lan0 2001:db8:100:1::1/64 600/1200",
    "lan1 2001:db8:100:2::1/64 600/1200",
    "unreachable 2001:db8:100::/56",
  ]);
});

test("host parts are made for each interface and subnet, and it is said where one is not as asked for", () => {
  const config = wan([
    { iaid: 1, targets: [target("lan0", 64, "eui64"), target("lan1", 64, "eui64"), target("lan3", 64, "eui64"), target("lan2", 64, "stable")] },
  ]);
  const held = lease(delegated(1, prefix("2001:db8:100::/56")));
  const hosts: HostParts = {
    links: links.map((link) => (link.name === "lan0" ? { ...link, mac: "00:25:96:12:34:56" as MacAddress } : link)),
    hash: new SipHash(new Uint8Array(16)),
    duplicates: new Map(),
  };
  const all = assigned(config, held, hosts);
  assert.deepEqual(
    all.map(({ name, instead }) => `${name} ${instead}`),
    ["lan0 undefined", "lan1 no-hardware-address", "lan2 undefined"],
    "lan3 is not there, and has no hardware address yet",
  );
  assert.equal(all[0]?.address, "2001:db8:100:0:225:96ff:fe12:3456");
  assert.deepEqual(
    composed([holding(config, held)], links, NOW, hosts).addresses.map(({ address }) => address),
    all.map(({ address }) => address),
  );
  assert.deepEqual(
    unserved(config, held, { ...hosts, hash: undefined }).map(({ target, reason }) => `${target} ${reason}`),
    ["lan1 no-secret", "lan2 no-secret"],
  );
});

test("an address that another host has gives way to the next one on that link alone; when all are taken that is said", () => {
  const held = lease(delegated(1, prefix("2001:db8:100::/56")));
  let hosts: HostParts = { links, hash: undefined, duplicates: new Map() };
  const seen: (string | undefined)[] = [];
  for (let n = 0; n <= LIMITS.hostPartTries; n++) {
    const own = assigned(wan(), held, hosts);
    const lan0 = own.find(({ name }) => name === "lan0");
    seen.push(lan0?.address);
    assert.equal(own.find(({ name }) => name === "lan1")?.address, "2001:db8:100:1::1");
    if (lan0 !== undefined) hosts = { ...hosts, duplicates: withDuplicate(hosts.duplicates, own, lan0) };
  }
  assert.deepEqual(seen, ["2001:db8:100::1", "2001:db8:100::2", "2001:db8:100::3", "2001:db8:100::4", undefined]);
  assert.deepEqual(unserved(wan(), held, hosts), [{ target: "lan0", prefix: "2001:db8:100::/56", reason: "duplicates" }]);
});
