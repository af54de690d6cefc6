import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeAll } from "../../src/base/codec.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../src/base/ipv6.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { after, instant } from "../../src/base/time.ts";
import { AddressNewsReader } from "../../src/services/address-news.ts";
import { type AddressFact, AddressTable, addressKey, bestAddress, type RouteFact, RouteTable } from "../../src/services/addresses.ts";
import { LinkNewsReader } from "../../src/services/link-news.ts";
import { Chance } from "../../src/sim/chance.ts";
import type { InterfaceAddress } from "../../src/wire/netlink/address.ts";
import { eventMessage } from "../../src/wire/netlink/events.ts";
import type { Link } from "../../src/wire/netlink/link.ts";
import { netlinkDatagram, type NetlinkMessage } from "../../src/wire/netlink/message.ts";
import { FAMILY, IFA_F, NLM_F, TABLE } from "../../src/wire/netlink/numbers.ts";
import { type Ipv6Route, routeWith } from "../../src/wire/netlink/route.ts";
import { mutated } from "../fuzz/mutate.ts";

const LINK: Link = {
  index: 2,
  family: FAMILY.any,
  arpType: 1,
  up: true,
  running: true,
  lowerUp: true,
  loopback: false,
  pointToPoint: false,
  multicast: true,
  name: "lan0",
  mtu: 1492,
};
const address = (text: string, given: Partial<InterfaceAddress> = {}): InterfaceAddress =>
  ({
    family: "ipv6",
    interfaceIndex: 2,
    address: text,
    prefixLength: 64,
    flags: 0,
    scope: 0,
    protocol: 0,
    preferredSeconds: 100,
    validSeconds: 200,
    ...given,
  }) as InterfaceAddress;
const route = (destination: string, given: Partial<Ipv6Route> = {}): Ipv6Route =>
  routeWith<Ipv6Route>({ family: "ipv6", destination: destination as Ipv6Prefix, metric: 1024, ...given });
const ROUTER = "fe80::99" as Ipv6Address;

const SEQUENCE = { now: 1 };

type Event = Parameters<typeof eventMessage>[0];
const event = (what: Event, flags = 0): NetlinkMessage => ({ ...eventMessage(what), flags });
/** Of the list that was asked for under the number. */
const listed = (what: Event, sequence = SEQUENCE.now): NetlinkMessage => ({ ...event(what, NLM_F.multi), sequence });
/** The next list has the next number. */
const done = (flags = 0, sequence = SEQUENCE.now++): NetlinkMessage => ({
  kind: "done",
  flags: NLM_F.multi | flags,
  sequence,
  port: 0,
  errno: 0,
  note: {},
});
const refused = (sequence = SEQUENCE.now++): NetlinkMessage => ({
  kind: "error",
  flags: 0,
  sequence,
  port: 0,
  errno: 1,
  request: { lengthBytes: 16, type: 22, flags: 0, sequence: 1, port: 0 },
  echo: new Uint8Array(0),
  note: {},
});
const bytes = (...messages: readonly NetlinkMessage[]): Uint8Array => encodeAll(netlinkDatagram, messages);

function listening() {
  const heard: string[] = [];
  const facts: AddressFact[] = [];
  const links = new LinkNewsReader();
  const addresses = new AddressNewsReader();
  const show = ({ destination, leads, link, gateway, metric }: RouteFact): string =>
    `${destination} ${leads} ${link ?? "-"} ${gateway ?? "-"} ${metric}`;
  const listener = {
    linkNews: ({ index, mtuBytes }: { readonly index: number; readonly mtuBytes?: number | undefined }) =>
      void heard.push(`link ${index} ${mtuBytes ?? "-"}`),
    linkGone: (index: number) => void heard.push(`linkGone ${index}`),
    linksListed: (indexes: ReadonlySet<number>) => void heard.push(`links: ${[...indexes]}`),
    addressIs: (fact: AddressFact) => {
      facts.push(fact);
      heard.push(`address ${fact.link} ${fact.address}/${fact.prefixLength}`);
    },
    addressGone: (fact: { readonly link: number; readonly address: string }) => void heard.push(`addressGone ${fact.link} ${fact.address}`),
    addressesListed: (keys: ReadonlySet<string>) => void heard.push(`addresses: ${[...keys]}`),
    routeIs: (fact: RouteFact, replaces: boolean) => void heard.push(`route ${show(fact)}${replaces ? " instead" : ""}`),
    routeGone: (fact: RouteFact) => void heard.push(`routeGone ${show(fact)}`),
    routesListed: (keys: ReadonlySet<string>) => void heard.push(`routes: ${keys.size}`),
  };
  const take = (datagram: Uint8Array): readonly string[] => {
    links.read(datagram, listener);
    addresses.read(datagram, listener);
    return heard.splice(0);
  };
  return { links, addresses, facts, take, says: (...messages: readonly NetlinkMessage[]) => take(bytes(...messages)) };
}

test("an address comes with its lifetimes and what can be relied on; an IPv4 one is not ours to tell", () => {
  const { says, facts } = listening();
  assert.deepEqual(says(event({ kind: "address", address: address("2001:db8::1") })), ["address 2 2001:db8::1/64"]);
  says(event({ kind: "address", address: address("2001:db8::2", { flags: IFA_F.tentative | IFA_F.deprecated }) }));
  says(event({ kind: "address", address: address("2001:db8::3", { flags: IFA_F.tentative | IFA_F.optimistic | IFA_F.temporary }) }));
  says(event({ kind: "address", address: address("2001:db8::4", { flags: IFA_F.tentative | IFA_F.dadFailed }) }));
  const { preferredSeconds, validSeconds } = facts[0] ?? assert.fail();
  assert.deepEqual([preferredSeconds, validSeconds], [100, 200]);
  const flags = facts.map(({ tentative, dadFailed, deprecated, temporary }) => [tentative, dadFailed, deprecated, temporary].map(Number).join(""));
  assert.deepEqual(flags, ["0000", "1010", "0001", "1100"]);
  assert.deepEqual(says(event({ kind: "addressGone", address: address("2001:db8::1") })), ["addressGone 2 2001:db8::1"]);
  assert.deepEqual(says(event({ kind: "address", address: { ...address("192.0.2.1"), family: "ipv4" } as InterfaceAddress })), []);
});

test("default routes are told way by way, refusals only of what was delegated as a whole, others not at all", () => {
  const { says } = listening();
  const tells = (value: Ipv6Route, flags = 0) => says(event({ kind: "route", route: value }, flags));
  assert.deepEqual(tells(route("::/0", { outInterface: 3, gateway: ROUTER })), ["route ::/0 out 3 fe80::99 1024"]);
  assert.deepEqual(tells(route("::/0", { outInterface: 3 }), NLM_F.replace), ["route ::/0 out 3 - 1024 instead"]);
  const multipath = [
    { outInterface: 3, gateway: ROUTER, onlink: false },
    { outInterface: 4, gateway: ROUTER, onlink: false },
  ];
  assert.deepEqual(tells(route("::/0", { multipath }), NLM_F.replace), ["route ::/0 out 3 fe80::99 1024 instead", "route ::/0 out 4 fe80::99 1024"]);
  assert.deepEqual(says(event({ kind: "routeGone", route: route("::/0", { outInterface: 3, gateway: ROUTER }) })), [
    "routeGone ::/0 out 3 fe80::99 1024",
  ]);
  assert.deepEqual(tells(route("2001:db8::/48", { type: "unreachable", outInterface: 1 })), ["route 2001:db8::/48 nowhere - - 1024"]);
  assert.deepEqual(tells(route("2001:db8::/48", { type: "blackhole" })), ["route 2001:db8::/48 nowhere - - 1024"]);
  for (const other of [
    route("::/0", { type: "unreachable", metric: 0xffffffff }),
    route("::/0", { table: TABLE.local, outInterface: 3 }),
    route("::/0", { outInterface: 3, source: "2001:db8::/48" as Ipv6Prefix }),
    route("2001:db8::/64", { type: "unreachable" }),
    route("2001:db8::/48", { outInterface: 3 }),
  ]) {
    assert.deepEqual(tells(other), []);
  }
});

test("three lists end three times, each for its own kind", () => {
  const { says } = listening();
  assert.deepEqual(says(listed({ kind: "link", link: LINK })), ["link 2 1492"]);
  assert.deepEqual(says(done()), ["links: 2"]);
  assert.deepEqual(
    says(listed({ kind: "address", address: address("2001:db8::1") }), listed({ kind: "address", address: address("fe80::1") })).length,
    2,
  );
  assert.deepEqual(says(done()), ["addresses: 2 2001:db8::1,2 fe80::1"]);
  says(
    listed({ kind: "route", route: route("2001:db8::/64", { outInterface: 2 }) }),
    listed({ kind: "route", route: route("::/0", { outInterface: 3 }) }),
  );
  assert.deepEqual(says(done()), ["routes: 1"]);
});

test("the end of a list of addresses or routes does not say that all links are gone", () => {
  const { says } = listening();
  says(listed({ kind: "address", address: address("2001:db8::1") }));
  assert.deepEqual(
    says(done()).filter((line) => line.startsWith("links")),
    [],
  );
});

test("an empty list is of the kind behind the one before: links, addresses, routes", () => {
  const { says } = listening();
  const round = (): readonly string[] => [...says(listed({ kind: "link", link: LINK }), done()), ...says(done()), ...says(done())];
  assert.deepEqual(round(), ["link 2 1492", "links: 2", "addresses: ", "routes: 0"]);
  says(listed({ kind: "link", link: LINK }), done(), listed({ kind: "address", address: address("fe80::1") }), done());
  says(listed({ kind: "address", address: address("fe80::1") })); // a round that another one overtook
  assert.deepEqual(says(done()), ["addresses: 2 fe80::1"]);
  assert.deepEqual(round(), ["link 2 1492", "links: 2", "addresses: ", "routes: 0"]);
});

test("events between the parts of a list belong to no list", () => {
  const { says } = listening();
  says(listed({ kind: "address", address: address("fe80::1") }));
  says(event({ kind: "address", address: address("fe80::2") }), event({ kind: "link", link: LINK }));
  assert.deepEqual(says(done()), ["addresses: 2 fe80::1"]);
});

test("a list that changed while it was made ends without a word, and so does the empty one that is asked for again", () => {
  const { says } = listening();
  says(listed({ kind: "link", link: LINK }), done());
  says({ ...listed({ kind: "address", address: address("fe80::1") }), flags: NLM_F.multi | NLM_F.dumpInterrupted });
  assert.deepEqual(says(done()), []);
  assert.deepEqual(says(done()), ["addresses: "]);
  assert.deepEqual(says(done()), ["routes: 0"]);
});

test("a list that another one overtakes, or that a new one was asked for meanwhile, says nothing of links that are gone", () => {
  const { says, links } = listening();
  const other = { ...LINK, index: 3 };
  says(listed({ kind: "link", link: LINK }, 100), listed({ kind: "link", link: other }, 101));
  assert.deepEqual(says(done(0, 101)), ["links: 3"]);
  says(listed({ kind: "link", link: LINK }));
  links.restart();
  says(listed({ kind: "link", link: other }));
  assert.deepEqual(
    says(done()).filter((line) => line.startsWith("links")),
    [],
  );
  says(listed({ kind: "link", link: LINK }));
  assert.deepEqual(says(done()), ["links: 2"]);
});

test("a list that was refused or broken off says nothing of what is gone", () => {
  const { says } = listening();
  says(listed({ kind: "link", link: LINK }));
  assert.deepEqual(says(refused()), []);
  says(listed({ kind: "address", address: address("fe80::1") }));
  assert.deepEqual(says(refused()), []);
  assert.deepEqual(says(done()), ["routes: 0"]);
});

test("a message that cannot be read hides neither its neighbours nor what it may have said", () => {
  const { says, addresses } = listening();
  says(listed({ kind: "link", link: LINK }), done());
  const odd = {
    ...listed({ kind: "address", address: address("fe80::1") }),
    body: Uint8Array.of(FAMILY.ipv6, 200, 0, 0, 2, 0, 0, 0),
  } as NetlinkMessage;
  assert.deepEqual(says(odd, listed({ kind: "address", address: address("fe80::2") }), done()), ["address 2 fe80::2/64"]);
  assert.equal(addresses.ignored.get("bad-value"), 1);
  assert.deepEqual(says(done()), ["routes: 0"]);
});

test("whatever a datagram holds, readers do not throw", () => {
  const samples = [
    bytes(listed({ kind: "link", link: LINK }), done()),
    bytes(listed({ kind: "address", address: address("fe80::1") }), done(NLM_F.dumpInterrupted)),
    bytes(event({ kind: "route", route: route("::/0", { outInterface: 3, gateway: ROUTER }) }), refused()),
  ];
  const listener = listening();
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      listener.take(mutated(samples, new Chance(seed)));
    }),
    { numRuns: 2000 },
  );
  assert.ok(listener.addresses.ignored.total() > 0 && listener.links.ignored.total() > 0);
});

const fact = (text: string, given: Partial<AddressFact> = {}): AddressFact => {
  const flags = { tentative: false, dadFailed: false, deprecated: false, temporary: false };
  return { link: 2, address: text as Ipv6Address, prefixLength: 64, preferredSeconds: 100, validSeconds: 200, ...flags, ...given };
};

test("an address does not grow younger by being looked at", () => {
  const table = new AddressTable();
  table.put(fact("2001:db8::1"), instant(1000));
  const [known] = table.ofLink(2);
  assert.deepEqual([known?.preferredUntil, known?.validUntil], [after(instant(1000), 100), after(instant(1000), 200)]);
});

test("a list takes away what is not in it, and says on which links", () => {
  const table = new AddressTable();
  for (const one of [fact("2001:db8::1"), fact("2001:db8::2", { link: 3 }), fact("2001:db8::1", { link: 4 })]) table.put(one, instant(0));
  assert.deepEqual([...table.keepOnly(new Set([addressKey(fact("2001:db8::1"))]))], [3, 4]);
  assert.equal(table.all().length, 1);
  table.removeLink(2);
  assert.equal(table.all().length, 0);
});

test("no more addresses and routes are remembered than may be; a known one is still kept up", () => {
  const addresses = new AddressTable();
  for (let link = 0; link < LIMITS.watchedAddresses; link++) assert.ok(addresses.put(fact("fe80::1", { link }), instant(0)));
  assert.equal(addresses.put(fact("fe80::2"), instant(0)), false);
  assert.equal(addresses.put(fact("fe80::1"), instant(0)), true);
  const routes = new RouteTable();
  const way = (link: number): RouteFact => ({ destination: "::/0" as Ipv6Prefix, leads: "out", metric: 1, link, gateway: undefined });
  for (let link = 0; link < LIMITS.watchedRoutes; link++) assert.ok(routes.put(way(link), false));
  assert.equal(routes.put(way(LIMITS.watchedRoutes), false), false);
  assert.equal(routes.put(way(1), false), true);
});

test("an address that stands for a link lasts, is a provider's, and is in use, in this order of what is missing least", () => {
  const best = (...facts: readonly AddressFact[]): string | undefined => {
    const table = new AddressTable();
    for (const one of facts) table.put(one, instant(0));
    return bestAddress(table.ofLink(2), instant(50_000));
  };
  const [gua, ula] = [fact("2001:db8::1"), fact("fd00::1")];
  assert.equal(best(ula, gua), gua.address);
  assert.equal(best(ula, { ...gua, deprecated: true }), ula.address);
  assert.equal(best({ ...gua, deprecated: true }), gua.address);
  assert.equal(best(fact("2001:db8::2", { validSeconds: 100 }), gua), gua.address);
  assert.equal(best({ ...gua, tentative: true }, fact("fe80::1")), undefined);
  assert.equal(best({ ...gua, dadFailed: true }, { ...gua, address: "2001:db8::5" as Ipv6Address, temporary: true }), undefined);
  assert.equal(best({ ...gua, validSeconds: 50 }), undefined);
});

test("a default route that replaces others leaves only itself of that metric", () => {
  const table = new RouteTable();
  const way = (link: number, metric = 1): RouteFact => ({ destination: "::/0" as Ipv6Prefix, leads: "out", metric, link, gateway: undefined });
  for (const one of [way(2), way(3), way(4, 9)]) table.put(one, false);
  assert.ok(table.hasDefaultBeside(4));
  table.put(way(4), true);
  assert.ok(!table.hasDefaultBeside(4), "the ways over 2 and 3 are gone");
  assert.ok(table.hasDefaultBeside(2));
  table.removeLink(4);
  assert.ok(!table.hasDefaultBeside(2));
});
