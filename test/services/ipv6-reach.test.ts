import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeAll } from "../../src/base/codec.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../src/base/ipv6.ts";
import { instant } from "../../src/base/time.ts";
import { Ipv6Reach } from "../../src/services/ipv6-reach.ts";
import type { InterfaceAddress } from "../../src/wire/netlink/address.ts";
import { eventMessage } from "../../src/wire/netlink/events.ts";
import { netlinkDatagram } from "../../src/wire/netlink/message.ts";
import { IFA_F } from "../../src/wire/netlink/numbers.ts";
import { type Ipv6Route, routeWith } from "../../src/wire/netlink/route.ts";

const WAN = 2;
const address = (text: string, flags = 0): InterfaceAddress =>
  ({
    family: "ipv6",
    interfaceIndex: WAN,
    address: text,
    prefixLength: 64,
    flags,
    scope: 0,
    protocol: 0,
    preferredSeconds: 100,
    validSeconds: 200,
  }) as InterfaceAddress;
const way = (link: number): Ipv6Route =>
  routeWith<Ipv6Route>({ family: "ipv6", destination: "::/0" as Ipv6Prefix, metric: 1024, outInterface: link, gateway: "fe80::1" as Ipv6Address });

function reach(...said: readonly Parameters<typeof eventMessage>[0][]): boolean {
  const known = new Ipv6Reach();
  for (const one of said) known.read(encodeAll(netlinkDatagram, [{ ...eventMessage(one), flags: 0 }]), instant(0));
  return known.leadsSomewhere(WAN, instant(1000));
}
const newAddress = (one: InterfaceAddress) => ({ kind: "address", address: one }) as const;
const newRoute = (one: Ipv6Route) => ({ kind: "route", route: one }) as const;

test("IPv6 leads somewhere with an address others can answer to and a default route over the same link", () => {
  assert.equal(reach(newAddress(address("2001:db8::5")), newRoute(way(WAN))), true);
});

test("neither alone is enough, nor a way over another link, a link-local address or one that may be somebody else's", () => {
  assert.equal(reach(newAddress(address("2001:db8::5"))), false);
  assert.equal(reach(newRoute(way(WAN))), false);
  assert.equal(reach(newAddress(address("2001:db8::5")), newRoute(way(3))), false);
  assert.equal(reach(newAddress(address("fe80::5")), newRoute(way(WAN))), false);
  assert.equal(reach(newAddress(address("2001:db8::5", IFA_F.tentative)), newRoute(way(WAN))), false);
  assert.equal(reach(newAddress(address("2001:db8::5", IFA_F.dadFailed)), newRoute(way(WAN))), false);
});

test("an address whose time is over, and a way that went, lead nowhere", () => {
  const known = new Ipv6Reach();
  for (const one of [newAddress(address("2001:db8::5")), newRoute(way(WAN))])
    known.read(encodeAll(netlinkDatagram, [{ ...eventMessage(one), flags: 0 }]), instant(0));
  assert.equal(known.leadsSomewhere(WAN, instant(199_000)), true);
  assert.equal(known.leadsSomewhere(WAN, instant(201_000)), false);
  known.read(encodeAll(netlinkDatagram, [{ ...eventMessage({ kind: "routeGone", route: way(WAN) }), flags: 0 }]), instant(0));
  assert.equal(known.leadsSomewhere(WAN, instant(1000)), false);
});

test("the kernel's lists are asked for when the first uplink wants to know, and only then", () => {
  const known = new Ipv6Reach();
  assert.deepEqual([known.want(false), known.want(true), known.want(true), known.wanted], [false, true, false, true]);
});
