/** What a taken-over engine of uplink6 asks for: wan0 is its uplink, lan0 gets addresses, lan1 is not its business. */
import type { Ipv6Address, Ipv6Prefix } from "../../../src/base/ipv6.ts";
import { type Forgery, forgery, LINKS, NO_LINKS, outOfPlace } from "./forgery.ts";

const ip = (text: string): Ipv6Address => text as Ipv6Address;
const net = (text: string): Ipv6Prefix => text as Ipv6Prefix;
const aggregate = (text: string) => ({ prefix: net(text), route: "unreachable" as const });
const record = (text: string): Uint8Array => new TextEncoder().encode(text);
const WAN = { purpose: "dhcp6-client", link: LINKS.wan0, name: "wan0" } as const;
const address = { link: LINKS.lan0, name: "lan0", address: ip("2001:db8::1"), prefixLength: 64, preferredSeconds: 300, validSeconds: 600 };
const planned = (change: object, field: string): Forgery =>
  forgery("configurePlan", { addresses: [address, { ...address, ...change }], aggregates: [aggregate("2001:db8::/56")] }, `configurePlan.${field}`);

export const UPLINK6_FORGERIES: readonly Forgery[] = [
  ...[LINKS.lan0, 1, ...NO_LINKS].map((link) => forgery("openDatagramSocket", { ...WAN, link }, "openDatagramSocket.link")),
  ...(["lan0", "lan1", "lo"] as const).map((name) => forgery("openDatagramSocket", { ...WAN, link: LINKS.lan0, name }, "openDatagramSocket.name")),
  ...(["icmp6", "yp", "portmapper"] as const).flatMap((purpose) => [
    forgery("openDatagramSocket", { ...WAN, purpose }, "openDatagramSocket.purpose"),
    forgery("closeDatagramSocket", { ...WAN, purpose }, "closeDatagramSocket.purpose"),
  ]),
  forgery("openDatagramSocket", WAN, "openDatagramSocket.generation", { shift: -1 }),
  forgery("openDatagramSocket", WAN, "openDatagramSocket.generation", { shift: 1 }),
  planned({ name: "wan0", link: LINKS.wan0 }, "name"),
  planned({ name: "lan1", link: LINKS.lan1 }, "name"),
  ...[LINKS.wan0, 1, ...NO_LINKS].map((link) => planned({ link }, "link")),
  ...["fe80::1", "ff02::1", "::1", "::", "::ffff:c000:201", "64:ff9b::c000:201"].map((text) => planned({ address: ip(text) }, "address")),
  ...[0, 15].map((prefixLength) => planned({ prefixLength }, "prefixLength")),
  planned({ validSeconds: 0, preferredSeconds: 0 }, "validSeconds"),
  planned({ preferredSeconds: 601 }, "validSeconds"),
  ...["::/0", "2000::/3", "2000::/15", "fe80::/64", "ff00::/16", "::1/128", "::/96", "::ffff:0:0/96"].map((text) =>
    forgery("configurePlan", { addresses: [address], aggregates: [aggregate("2001:db8::/56"), aggregate(text)] }, "configurePlan.aggregates"),
  ),
  forgery("configurePlan", { addresses: [address], aggregates: [] }, "configurePlan.generation", { shift: -1 }),
  ...["lan0", "lan1"].map((name) => forgery("saveLease", { name, record: record('{"a":1}\n') }, "saveLease.name")),
  ...["#!/bin/sh\nid\n", "", '{"a":1}'].map((text) => forgery("saveLease", { name: "wan0", record: record(text) }, "saveLease.record")),
  forgery("saveLease", { name: "wan0", record: record('{"a":1}\n') }, "saveLease.generation", { shift: -1 }),
  forgery("forgetLease", { name: "lan0" }, "forgetLease.name"),
  // of other engines
  forgery("openServerSocket", { link: LINKS.wan0, name: "wan0" }, "unsupported"),
  forgery("openPacketSocket", { link: LINKS.wan0, name: "wan0" }, "unsupported"),
  forgery("openJournalFile", { kind: "segment", number: 1 }, "unsupported"),
  forgery("delegatedRoutes", { routes: [] }, "unsupported"),
  forgery("connectRpcbind", true, "unsupported"),
  ...outOfPlace("engine-uplink6"),
];
