/** Main's wall for uplink6, lan and directory: plans, routes, records and sockets, judged field by field. */
import { dhcp6Pools, prefixPool } from "../../src/services/lan/dhcp6-config.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { KernelError } from "../../src/base/errors.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../src/base/ipv6.ts";
import { LIMITS } from "../../src/base/limits.ts";
import type { LanConfig } from "../../src/services/lan/config.ts";
import type { Incoming } from "../../src/roles/connection.ts";
import { routeRefusal } from "../../src/roles/main/delegated-routes.ts";
import { linkRefusal, nameOfLink } from "../../src/roles/main/link-sockets.ts";
import { recordRefusal } from "../../src/roles/main/records.ts";
import { planRefusal } from "../../src/roles/main/uplink6-office.ts";

type Message<K extends Incoming["kind"]> = Extract<Incoming, { readonly kind: K }>;
const GENERATION = 7;
const LINKS: Readonly<Record<number, string>> = { 1: "lo", 3: "wan0", 4: "lan0", 5: "lan1", 6: "wan1" };
const name = (link: number): string | undefined => LINKS[link];
const ip = (text: string): Ipv6Address => text as Ipv6Address;
const net = (text: string): Ipv6Prefix => text as Ipv6Prefix;
const aggregate = (text: string) => ({ prefix: net(text), route: "unreachable" as const });

// plans
type Plan = Message<"configurePlan">["body"];
const planned: Plan["addresses"][number] = {
  ...{ link: 4, name: "lan0", address: ip("2001:db8:0:1::1"), prefixLength: 64 },
  ...{ preferredSeconds: 300, validSeconds: 600 },
};
const plan = (change: Partial<Plan>, generation = GENERATION): string | undefined =>
  planRefusal(
    { kind: "configurePlan", generation, descriptors: [], body: { addresses: [planned], aggregates: [aggregate("2001:db8::/56")], ...change } },
    { generation: GENERATION, targets: new Set(["lan0", "lan1", undefined]), addressed: new Set(["wan1"]), nameOfLink: name },
  );
const address = (change: Partial<typeof planned>): string | undefined => plan({ addresses: [planned, { ...planned, ...change }] });

test("a plan: addresses for configured targets, and refusing routes for whole prefixes, are carried out", () => {
  assert.equal(plan({}), undefined);
  assert.equal(plan({ addresses: [], aggregates: [] }), undefined);
  assert.equal(address({ address: ip("fd00::1"), prefixLength: 16 }), undefined);
  assert.equal(address({ preferredSeconds: 600 }), undefined, "preferred as long as valid");
  assert.equal(address({ preferredSeconds: 0 }), undefined, "deprecated");
  assert.equal(address({ preferredSeconds: 0xffffffff, validSeconds: 0xffffffff }), undefined);
});
for (const generation of [GENERATION - 1, GENERATION + 1])
  test(`a plan of generation ${generation} while ${GENERATION} is in force is refused`, () =>
    assert.equal(plan({}, generation), "configurePlan.generation"));
test("a plan: an interface that no delegation names is refused, the uplink's own too", () => {
  assert.equal(address({ name: "wan0", link: 3 }), "configurePlan.name");
  assert.equal(address({ name: "lo", link: 1 }), "configurePlan.name");
});
test("a plan: the uplink's own address is one for itself, where one is asked for", () => {
  assert.equal(address({ name: "wan1", link: 6, prefixLength: 128 }), undefined);
  assert.equal(address({ name: "wan1", link: 6, prefixLength: 64 }), "configurePlan.name");
  assert.equal(address({ name: "wan0", link: 3, prefixLength: 128 }), "configurePlan.name");
  assert.equal(address({ name: "wan1", link: 3, prefixLength: 128 }), "configurePlan.link");
  assert.equal(address({ name: "wan1", link: 6, prefixLength: 128, address: ip("fe80::1") }), "configurePlan.address");
});
for (const link of [3, 5, 1, 77, 0])
  test(`a plan: a target's name with link ${link}, which is another or none, is refused`, () =>
    assert.equal(address({ link }), "configurePlan.link"));
for (const text of ["::", "::1", "::5", "fe80::1", "febf::1", "ff02::1", "::ffff:c000:201", "64:ff9b::1"])
  test(`a plan: ${text} is no address of a delegated prefix`, () => assert.equal(address({ address: ip(text) }), "configurePlan.address"));
for (const prefixLength of [0, 1, 15])
  test(`a plan: an on-link prefix of ${prefixLength} bits is refused`, () => assert.equal(address({ prefixLength }), "configurePlan.prefixLength"));
test("a plan: a lifetime of nothing, or preferred for longer than valid, is refused", () => {
  assert.equal(address({ validSeconds: 0, preferredSeconds: 0 }), "configurePlan.validSeconds");
  assert.equal(address({ preferredSeconds: 601 }), "configurePlan.validSeconds");
});
for (const text of ["::/0", "2000::/3", "2001::/15", "::/16", "::/96", "::1/128", "fe80::/64", "ff00::/16", "64:ff9b::/96"])
  test(`a plan: ${text} is not routed into the void`, () =>
    assert.equal(plan({ aggregates: [aggregate("2001:db8::/56"), aggregate(text)] }), "configurePlan.aggregates"));

// routes
type Wish = Message<"delegatedRoutes">["body"]["routes"][number];
const pools = dhcp6Pools({ prefixes: [prefixPool(net("2001:db8:100::/40"), 56)] });
const UPLINK = { shortest: 56, longest: 62, usual: 60 };
const interfaces = [
  { name: "lan0", number: 1, router: undefined, dhcp6: { mode: "server", pools } },
  { name: "lan1", number: 2, router: undefined, dhcp6: { mode: "server", pools: { ...pools, prefixes: [] } } },
  { name: "wan0", number: 3, router: undefined, dhcp6: { mode: "off" } },
  { name: "wan1", number: 4, router: undefined, dhcp6: { mode: "server", pools: { ...pools, prefixes: [], uplinkPrefixes: UPLINK } } },
] as const;
const wish: Wish = { add: true, link: 4, name: "lan0", prefix: net("2001:db8:100:100::/56"), via: ip("fe80::2") };
const refusing = (): readonly Ipv6Prefix[] => [net("2001:db8:700::/48")];
const routed = (change: Partial<Wish>, held: ReadonlyMap<Ipv6Prefix, Wish> = new Map(), hosts: LanConfig["hosts"] = []): string | undefined =>
  routeRefusal({ kind: "delegatedRoutes" }, { ...wish, ...change }, { interfaces, hosts, nameOfLink: name, refusing, held });

test("a route: to a prefix of the link's own pool, over a host of the link, it is carried out", () => {
  assert.equal(routed({}), undefined);
  assert.equal(routed({ add: false }), undefined);
});
test("a route: where uplinks' prefixes are delegated, it leads into one that the kernel refuses as a whole, with a length that is given", () => {
  const uplink = { name: "wan1", link: 6 };
  assert.equal(routed({ ...uplink, prefix: net("2001:db8:700:50::/60") }), undefined);
  assert.equal(routed({ ...uplink, prefix: net("2001:db8:700::/55") }), "delegatedRoutes.prefix");
  assert.equal(routed({ ...uplink, prefix: net("2001:db8:700::/63") }), "delegatedRoutes.prefix");
  assert.equal(routed({ ...uplink, prefix: net("2001:db8:701::/60") }), "delegatedRoutes.prefix");
  assert.equal(routed({ prefix: net("2001:db8:700::/60") }), "delegatedRoutes.prefix", "another link may not");
});
test("a route: to what a host has reserved it leads on every link that is served", () => {
  const reserved = { name: "one", identities: [], addresses: [], hostPart: undefined, lifetimes: undefined, ignored: false, options: [], boot: [] };
  const hosts = [{ ...reserved, prefixes: [net("2001:db8:900::/48")] }];
  assert.equal(routed({ prefix: net("2001:db8:900::/48") }, new Map(), hosts), undefined);
  assert.equal(routed({ prefix: net("2001:db8:900::/48"), name: "lan1", link: 5 }, new Map(), hosts), undefined);
  assert.equal(routed({ prefix: net("2001:db8:900::/49") }, new Map(), hosts), "delegatedRoutes.prefix");
});
for (const add of [true, false]) {
  const verb = add ? "made" : "taken away";
  for (const [which, link] of [
    ["lan1", 5],
    ["wan0", 3],
    ["lo", 1],
  ] as const)
    test(`a route on ${which}, which has no pool of prefixes, is not ${verb}`, () =>
      assert.equal(routed({ add, name: which, link }), "delegatedRoutes.name"));
  for (const link of [5, 3, 1, 77, 0])
    test(`a route with a served name and link ${link}, which is another or none, is not ${verb}`, () =>
      assert.equal(routed({ add, link }), "delegatedRoutes.link"));
  for (const text of ["2001:db8:200::/56", "2001:db8:100::/40", "2001:db8:100::/55", "2001:db8:100::/57", "::/0", "::/56", "fe80::/56"])
    test(`a route to ${text}, outside the pool or of another length than it delegates, is not ${verb}`, () =>
      assert.equal(routed({ add, prefix: net(text) }), "delegatedRoutes.prefix"));
  for (const text of [...(add ? ["::"] : []), "::1", "2001:db8:100::1", "ff02::1", "fec0::1"])
    test(`a route via ${text}, which is no host of the link, is not ${verb}`, () =>
      assert.equal(routed({ add, via: ip(text) }), "delegatedRoutes.via"));
}
test("a route goes over whichever host it leads: an engine does not know what one before it asked for", () => {
  assert.equal(routed({ add: false, via: ip("::") }), undefined);
  assert.equal(routed({ add: false, via: ip("::"), prefix: net("::/0") }), "delegatedRoutes.prefix");
  assert.equal(routed({ add: false, via: ip("::"), link: 3 }), "delegatedRoutes.link");
});
test("a route that main made may go although its pool is configured no longer, but only as it is", () => {
  const old = { ...wish, prefix: net("2001:db8:900::/48") };
  const held = new Map([[old.prefix, old]]);
  assert.equal(routed({ ...old, add: false }, held), undefined);
  assert.equal(routed({ ...old, add: false, via: ip("fe80::3") }, held), "delegatedRoutes.prefix");
  assert.equal(routed({ ...old, add: false, link: 3 }, held), "delegatedRoutes.prefix");
  assert.equal(routed(old, held), "delegatedRoutes.prefix", "nor is it made again");
});
test("a route: of so many as there may be the next one is refused, and those that are there may change", () => {
  const held = new Map([[wish.prefix, wish]]);
  Object.defineProperty(held, "size", { value: LIMITS.delegatedRoutesHeld });
  assert.equal(routed({ prefix: net("2001:db8:100:200::/56") }, held), "delegatedRoutes.count");
  assert.equal(routed({ via: ip("fe80::3") }, held), undefined);
  assert.equal(routed({ add: false, prefix: net("2001:db8:100:200::/56") }, held), undefined);
});

// records
const recorded = (kind: "saveLease" | "forgetLease", change: { readonly name?: string; readonly text?: string }, generation = GENERATION) => {
  const record = new TextEncoder().encode(change.text ?? '{"version":1}\n');
  const message = { kind, generation, descriptors: [], body: { name: change.name ?? "wan0", record } } as Message<"saveLease" | "forgetLease">;
  return recordRefusal(message, { generation: GENERATION, interfaces: new Set(["wan0"]) });
};
for (const kind of ["saveLease", "forgetLease"] as const) {
  test(`${kind}: of a configured interface it is carried out`, () => assert.equal(recorded(kind, {}), undefined));
  test(`${kind}: of another interface it is refused`, () => assert.equal(recorded(kind, { name: "lan0" }), `${kind}.name`));
  test(`${kind}: from another configuration it is refused`, () => {
    assert.equal(recorded(kind, {}, GENERATION - 1), `${kind}.generation`);
    assert.equal(recorded(kind, {}, GENERATION + 1), `${kind}.generation`);
  });
}
for (const text of ["", "hello\n", '{"a":1}', '{"a":"\u001b[2J"}\n', "#!/bin/sh\n{}\n"])
  test(`saveLease: ${JSON.stringify(text)} is no record`, () => assert.equal(recorded("saveLease", { text }), "saveLease.record"));

// sockets
const tools = {
  generation: () => GENERATION,
  network: {
    nameOf: (index: number) => {
      if (index === 0 || index > 0x7fff_ffff) throw new KernelError("RTM_GETLINK", 22);
      return LINKS[index];
    },
  },
} as unknown as Parameters<typeof linkRefusal>[0];
const socket = (
  kind: "openServerSocket" | "openDatagramSocket",
  change: { readonly link?: number; readonly name?: string },
  generation = GENERATION,
) =>
  linkRefusal(
    tools,
    { ...{ kind, generation, descriptors: [] }, body: { link: 4, name: "lan0", purpose: "icmp6", ...change } } as Message<typeof kind>,
    new Set(["lan0"]),
  );
for (const kind of ["openServerSocket", "openDatagramSocket"] as const) {
  test(`${kind}: on a configured interface it is carried out`, () => assert.equal(socket(kind, {}), undefined));
  test(`${kind}: on another interface it is refused`, () => assert.equal(socket(kind, { name: "lan1", link: 5 }), `${kind}.name`));
  test(`${kind}: with the index of another link, or of none, it is refused`, () => {
    for (const link of [5, 3, 1, 77]) assert.equal(socket(kind, { link }), `${kind}.link`);
  });
  test(`${kind}: with a number that the kernel takes for no index it is refused`, () => {
    for (const link of [0, 0x8000_0000, 0xffff_ffff]) assert.equal(socket(kind, { link }), `${kind}.link`);
  });
  test(`${kind}: from another configuration it is refused`, () => {
    assert.equal(socket(kind, {}, GENERATION - 1), `${kind}.generation`);
    assert.equal(socket(kind, {}, GENERATION + 1), `${kind}.generation`);
  });
}
test("what the kernel refuses to look up is no link, and an error of our own is not hidden", () => {
  assert.equal(nameOfLink(tools, 0), undefined);
  assert.equal(nameOfLink(tools, 4), "lan0");
  const broken = {
    network: {
      nameOf: () => {
        throw new TypeError("ours");
      },
    },
  } as unknown as Parameters<typeof nameOfLink>[0];
  assert.throws(() => nameOfLink(broken, 4), TypeError);
});
