/** What a taken-over engine of lan asks for: lan0 is served and has a pool of prefixes, lan1 is named and off, wan0 is not its business. */
import type { Ipv6Address, Ipv6Prefix } from "../../../src/base/ipv6.ts";
import { type Forgery, forgery, LINKS, NO_LINKS, outOfPlace } from "./forgery.ts";

const ip = (text: string): Ipv6Address => text as Ipv6Address;
const net = (text: string): Ipv6Prefix => text as Ipv6Prefix;
const record = (text: string): Uint8Array => new TextEncoder().encode(text);
const LAN = { link: LINKS.lan0, name: "lan0" } as const;
const OTHERS = [
  { link: LINKS.lan1, name: "lan1" },
  { link: LINKS.wan0, name: "wan0" },
  { link: 1, name: "lo" },
] as const;
const HUGE = [0, 2 ** 32, 2 ** 53 - 1];
/** The journal's folder has segments up to this one. */
export const SEGMENTS = 63;
const HAPPENED = { name: "lan0", event: "lease-commit", lease: "2001:db8::1", record: record('{"a":1}\n') } as const;
const route = { add: true, ...LAN, prefix: net("2001:db8:100::/56"), via: ip("fe80::2") };
const routed = (change: object, field: string): readonly Forgery[] =>
  [true, false].map((add) => forgery("delegatedRoutes", { routes: [{ ...route, ...change, add }] }, `delegatedRoutes.${field}`));
const segment = (number: number, refused: string | undefined, times = 1): Forgery =>
  forgery("openJournalFile", { kind: "segment", number }, refused, { times });
const snapshot = (number: number, refused: string | undefined, times = 1): Forgery =>
  forgery("openJournalFile", { kind: "snapshot", number }, refused, { times });
const written = (number: number, firstSegment: number, field: string): Forgery =>
  forgery("snapshotWritten", { number, firstSegment }, `snapshotWritten.${field}`);

export const LAN_FORGERIES: readonly Forgery[] = [
  ...[LINKS.lan1, 1, ...NO_LINKS].flatMap((link) => [
    forgery("openServerSocket", { ...LAN, link }, "openServerSocket.link"),
    forgery("openDatagramSocket", { ...LAN, link, purpose: "icmp6" }, "openDatagramSocket.link"),
  ]),
  ...OTHERS.flatMap((other) => [
    forgery("openServerSocket", other, "openServerSocket.name"),
    forgery("openDatagramSocket", { ...other, purpose: "icmp6" }, "openDatagramSocket.name"),
  ]),
  ...(["dhcp6-client", "icmp6-uplink"] as const).flatMap((purpose) => [
    forgery("openDatagramSocket", { ...LAN, purpose }, "openDatagramSocket.purpose"),
    forgery("closeDatagramSocket", { ...LAN, purpose }, "closeDatagramSocket.purpose"),
  ]),
  ...[-1, 1].flatMap((shift) => [
    forgery("openServerSocket", LAN, "openServerSocket.generation", { shift }),
    forgery("openDatagramSocket", { ...LAN, purpose: "icmp6" }, "openDatagramSocket.generation", { shift }),
  ]),
  // the journal: one segment is granted, then there are as many as there may be
  ...[1, SEGMENTS, SEGMENTS + 2, ...HUGE].map((number) => segment(number, "openJournalFile.number")),
  segment(SEGMENTS + 1, undefined),
  segment(SEGMENTS + 1, "openJournalFile.number"),
  segment(SEGMENTS + 2, "openJournalFile.count", 200),
  ...[2, ...HUGE].map((number) => snapshot(number, "openJournalFile.number")),
  written(1, 1, "number"),
  snapshot(1, undefined),
  snapshot(1, "openJournalFile.count", 200),
  ...[2, ...HUGE].map((number) => written(number, 1, "number")),
  ...[SEGMENTS + 2, 2 ** 53 - 1].map((first) => written(1, first, "firstSegment")),
  ...[2, ...HUGE].map((number) => forgery("snapshotAbandoned", { number }, "snapshotAbandoned.number")),
  forgery("snapshotAbandoned", { number: 1 }, undefined),
  forgery("snapshotAbandoned", { number: 1 }, "snapshotAbandoned.number"),
  snapshot(1, undefined),
  // routes
  ...["2001:db8:200::/56", "2001:db8:100::/40", "2001:db8:100::/64", "2001:db8::/32", "::/0", "fe80::/56"].flatMap((text) =>
    routed({ prefix: net(text) }, "prefix"),
  ),
  ...["2001:db8:100::1", "ff02::1", "::1"].flatMap((text) => routed({ via: ip(text) }, "via")),
  forgery("delegatedRoutes", { routes: [{ ...route, via: ip("::") }] }, "delegatedRoutes.via"),
  ...[LINKS.wan0, 1, ...NO_LINKS].flatMap((link) => routed({ link }, "link")),
  ...OTHERS.flatMap((other) => routed(other, "name")),
  // records
  ...["lan1", "wan0"].map((name) => forgery("saveLease", { name, record: record('{"a":1}\n') }, "saveLease.name")),
  forgery("saveLease", { name: "lan0", record: record("#!/bin/sh\nid\n") }, "saveLease.record"),
  forgery("saveLease", { name: "lan0", record: record('{"a":1}\n') }, "saveLease.generation", { shift: 1 }),
  forgery("forgetLease", { name: "wan0" }, "forgetLease.name"),
  // what happens to leases goes to hooks, and names of hosts into files: nobody asked for these, and others' links have none
  ...["lan1x", "wan0", "../lan0"].map((name) => forgery("leaseEvents", { events: [{ ...HAPPENED, name }] }, "leaseEvents.name")),
  ...["#!/bin/sh\nid\n", '{"a":"\u001b[2J"}\n', '{"a":1}'].map((text) =>
    forgery("leaseEvents", { events: [{ ...HAPPENED, record: record(text) }] }, "leaseEvents.record"),
  ),
  ...["lan0", "wan0"].map((name) => forgery("hostNames", { name, domain: undefined, names: [], isLast: true }, "hostNames.name")),
  // of other engines
  forgery("openPacketSocket", LAN, "unsupported"),
  forgery("deconfigureUplink", LAN, "unsupported"),
  forgery("configurePlan", { addresses: [], aggregates: [{ prefix: net("::/0"), route: "unreachable" }] }, "unsupported"),
  forgery("openSnapshot", true, "unsupported"),
  forgery("snapshotSaved", { bytes: 0 }, "unsupported"),
  forgery("connectRpcbind", true, "unsupported"),
  ...outOfPlace("engine-lan"),
];

/** On a disk that holds one segment and a little more: what fails is told, and nothing of it stays. */
export const FULL_DISK: readonly Forgery[] = [
  segment(1, undefined),
  segment(2, undefined),
  segment(2, "openJournalFile.count"),
  forgery("saveLease", { name: "lan0", record: record(`{"a":"${"x".repeat(60_000)}"}\n`) }, undefined),
  forgery("forgetLease", { name: "lan0" }, undefined),
];
