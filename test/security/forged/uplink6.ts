/** What a taken-over engine of uplink6 asks for: wan0 is its uplink, lan0 gets addresses, lan1 is not its business. */
import type { Ipv6Address, Ipv6Prefix } from "../../../src/base/ipv6.ts";
import type { AggregateRoute } from "../../../src/ports/kernel.ts";
import { type Forgery, forgery, LINKS, NO_LINKS, outOfPlace } from "./forgery.ts";

const ip = (text: string): Ipv6Address => text as Ipv6Address;
const net = (text: string): Ipv6Prefix => text as Ipv6Prefix;
const aggregate = (text: string, route: AggregateRoute = "unreachable") => ({ prefix: net(text), route });
const record = (text: string): Uint8Array => new TextEncoder().encode(text);
const UPLINK = { link: LINKS.wan0, name: "wan0" } as const;
const LAN = { link: LINKS.lan0, name: "lan0" } as const;
const PURPOSES = ["dhcp6-client", "icmp6-uplink"] as const;
const WAN = { purpose: "dhcp6-client", ...UPLINK } as const;
const address = { link: LINKS.lan0, name: "lan0", address: ip("2001:db8::1"), prefixLength: 64, preferredSeconds: 300, validSeconds: 600 };
const planned = (change: object, field: string): Forgery =>
  forgery("configurePlan", { addresses: [address, { ...address, ...change }], aggregates: [aggregate("2001:db8::/56")] }, `configurePlan.${field}`);
const facts = { ...UPLINK, nameServers: [ip("2001:db8::53"), ip("fe80::1")], searchDomains: ["home.example"], record: record('{"a":1}\n') };
const published = (change: object, field: string): Forgery => forgery("publishUplink6", { ...facts, ...change }, `publishUplink6.${field}`);

export const UPLINK6_FORGERIES: readonly Forgery[] = [
  ...PURPOSES.flatMap((purpose) => [
    ...[LINKS.lan0, 1, ...NO_LINKS].map((link) => forgery("openDatagramSocket", { ...UPLINK, purpose, link }, "openDatagramSocket.link")),
    ...["lan0", "lan1", "lo"].map((name) => forgery("openDatagramSocket", { ...LAN, purpose, name }, "openDatagramSocket.name")),
    ...[-1, 1].map((shift) => forgery("openDatagramSocket", { ...UPLINK, purpose }, "openDatagramSocket.generation", { shift })),
  ]),
  ...(["icmp6"] as const).flatMap((purpose) => [
    forgery("openDatagramSocket", { ...WAN, purpose }, "openDatagramSocket.purpose"),
    forgery("closeDatagramSocket", { ...WAN, purpose }, "closeDatagramSocket.purpose"),
  ]),
  ...[64, 127, 128].map((prefixLength) => planned({ ...UPLINK, prefixLength }, "name")),
  planned({ name: "lan1", link: LINKS.lan1 }, "name"),
  ...[LINKS.wan0, 1, ...NO_LINKS].map((link) => planned({ link }, "link")),
  ...["fe80::1", "ff02::1", "::1", "::", "::ffff:c000:201", "64:ff9b::c000:201"].map((text) => planned({ address: ip(text) }, "address")),
  ...[0, 15].map((prefixLength) => planned({ prefixLength }, "prefixLength")),
  planned({ validSeconds: 0, preferredSeconds: 0 }, "validSeconds"),
  planned({ preferredSeconds: 601 }, "validSeconds"),
  ...["::/0", "2000::/3", "2000::/15", "fe80::/64", "ff00::/16", "::1/128", "::/96", "::ffff:0:0/96"].map((text) =>
    forgery("configurePlan", { addresses: [address], aggregates: [aggregate("2001:db8::/56"), aggregate(text)] }, "configurePlan.aggregates"),
  ),
  ...(["unreachable", "blackhole", "prohibit"] as const).flatMap((route) =>
    ["::/0", "8000::/1", "ff02::/16"].map((text) =>
      forgery("configurePlan", { addresses: [], aggregates: [aggregate(text, route)] }, "configurePlan.aggregates"),
    ),
  ),
  forgery("configurePlan", { addresses: [address], aggregates: [] }, "configurePlan.generation", { shift: -1 }),
  published(LAN, "name"),
  ...["lo", "none0", "../../etc/x"].map((name) =>
    forgery("publishUplink6", { ...facts, name }, name.includes("/") ? "bad-value" : "publishUplink6.name"),
  ),
  ...[LINKS.lan0, 1, ...NO_LINKS].map((link) => published({ link }, "link")),
  ...["::", "::1", "ff02::1", "::ffff:c000:235"].map((text) => published({ nameServers: [ip("2001:db8::53"), ip(text)] }, "nameServers")),
  ...["a\nnameserver 2001:db8::66", "--revert", "$(id)"].map((name) => published({ searchDomains: [name] }, "searchDomains")),
  ...["nameserver 2001:db8::66\n", "", '{"a":"\u202e"}\n'].map((text) => published({ record: record(text) }, "record")),
  ...[-1, 1].map((shift) => forgery("publishUplink6", facts, "publishUplink6.generation", { shift })),
  ...[UPLINK, LAN].map((target) => forgery("withdrawUplink", target, "withdrawUplink.name")),
  ...["lan0", "lo"].map((name) => forgery("uplinkEvent", { name, event: "pd-bound", record: record('{"a":1}\n') }, "uplinkEvent.name")),
  ...["#!/bin/sh\nid\n", '{"a":"\u001b[2J"}\n'].map((text) =>
    forgery("uplinkEvent", { name: "wan0", event: "pd-expire", record: record(text) }, "uplinkEvent.record"),
  ),
  ...["lan0", "lan1"].map((name) => forgery("saveLease", { name, record: record('{"a":1}\n') }, "saveLease.name")),
  ...["#!/bin/sh\nid\n", "", '{"a":1}'].map((text) => forgery("saveLease", { name: "wan0", record: record(text) }, "saveLease.record")),
  forgery("saveLease", { name: "wan0", record: record('{"a":1}\n') }, "saveLease.generation", { shift: -1 }),
  forgery("forgetLease", { name: "lan0" }, "forgetLease.name"),
  // of other engines
  forgery("openServerSocket", { link: LINKS.wan0, name: "wan0" }, "unsupported"),
  forgery("openPacketSocket", { link: LINKS.wan0, name: "wan0" }, "unsupported"),
  forgery("publishUplink", { ...UPLINK, nameServers: [], searchDomains: [], hostName: "gw", record: record('{"a":1}\n') }, "unsupported"),
  forgery("stableSecret", { key: new Uint8Array(16) }, "unsupported"),
  forgery("uplinkCommand", { name: "wan0", verb: "release" }, "unsupported"),
  forgery("farewell", true, "unsupported"),
  forgery("openJournalFile", { kind: "segment", number: 1 }, "unsupported"),
  forgery("delegatedRoutes", { routes: [] }, "unsupported"),
  forgery("connectRpcbind", true, "unsupported"),
  ...outOfPlace("engine-uplink6"),
];
