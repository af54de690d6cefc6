/** What is fed a hundred million inputs in one go: too many to make each by itself. `npm run fuzz -- NAME --runs N`. */
import type { MacAddress } from "../../src/base/mac.ts";
import { addressPool, type BootFile, type ClientClass, dhcp6Pools, prefixPool, type ReservedHost } from "../../src/services/lan/dhcp6-config.ts";
import { Bed, client, ip, net, SERVER } from "../services/lan/dhcp6-server/support.ts";
import { ldapFlood } from "./ldap-flood.ts";
import { rpcFlood, varlinkFlood } from "./outlet-flood.ts";
import type { Flood, Poured } from "./poured.ts";
import { flood, type Flooded } from "./server-flood.ts";

const NOTHING = { options: [], boot: [], lifetimes: undefined } as const;
const CLASSES: readonly ClientClass[] = [
  { ...NOTHING, name: "unwanted", tests: [{ code: 15, is: "prefix", value: Uint8Array.of(0x61) }], drop: true },
  { ...NOTHING, name: "made somewhere", tests: [{ code: 16, is: "present", value: new Uint8Array(0) }], drop: false },
];
const HOST: Omit<ReservedHost, "name" | "identities"> = { ...NOTHING, addresses: [], hostPart: undefined, prefixes: [], ignored: false };
const HOSTS: readonly ReservedHost[] = [
  { ...HOST, name: "nobody", identities: [{ is: "duid", duid: client(7).duid, iaid: undefined }], ignored: true },
  {
    ...HOST,
    name: "kept",
    identities: [{ is: "duid", duid: client(8).duid, iaid: 1 }],
    addresses: [ip("2001:db8:1::108")],
    prefixes: [net("2001:db8:8000:40::/60")],
  },
  { ...HOST, name: "card", identities: [{ is: "mac", mac: "02:00:00:00:00:09" as MacAddress }], hostPart: ip("::abcd") },
];

/** Small pools, so that clients meet; classes and hosts of all kinds. */
export function floodedBed(): Bed {
  const pools = {
    addresses: [addressPool(net("2001:db8:1::100/120"))],
    prefixes: [prefixPool(net("2001:db8:8000::/52"), 60)],
    rapidCommit: true,
    reconfigure: true,
    limits: { leasesPerClient: 4, leasesPerLink: 600, leasesPerRelayPort: 100, messagesPerSecondPerSource: 60 },
  };
  const relayedPools = { ...pools, addresses: [addressPool(net("2001:db8:2::100/120"))] };
  return new Bed({ pools, relayedPools, classes: CLASSES, hosts: HOSTS });
}

const BOOT: readonly BootFile[] = [
  { architecture: 7, options: [{ code: 59, value: Uint8Array.of(0x61, 0x3a), forced: false }] },
  { architecture: undefined, options: [{ code: 59, value: Uint8Array.of(0x62, 0x3a), forced: true }] },
];
const PREFIX = { shortest: 52, longest: 64, usual: 60, excludedLength: 64, class: undefined } as const;

/** The same server with everything else that can be said: ranges, lengths, pools of classes, pieces left out, files to boot, links told by their relays. */
function otherBed(): Bed {
  const bed = floodedBed();
  const pools = dhcp6Pools({
    addresses: [
      { first: ip("2001:db8:1::105"), last: ip("2001:db8:1::177"), class: undefined },
      { first: ip("2001:db8:1::180"), last: ip("2001:db8:1::18f"), class: "made somewhere" },
    ],
    prefixes: [
      { ...PREFIX, pool: net("2001:db8:8000::/44") },
      { ...PREFIX, pool: net("2001:db8:9000::/48"), class: "made somewhere" },
    ],
    preference: 200,
    t1Permille: 300,
    t2Permille: 700,
    reconfigure: true,
    options: Array.from({ length: 12 }, (_, i) => ({ code: 2000 + i, value: new Uint8Array(16 * i), forced: i === 3 })),
    boot: BOOT,
  });
  const selectors = [18, 37, 53].map((code) => ({ code: code as 18 | 37 | 53, value: Uint8Array.of(0, 0, 0, 9, 1) }));
  bed.server.configure({
    duid: SERVER,
    interfaces: [{ name: "lan0", number: 100, router: undefined, dhcp6: { mode: "server", pools } }],
    relayedLinks: [
      { number: 200, name: "far", prefix: net("2001:db8:2::/64"), selectors: [], pools: { ...pools, addresses: [], knownClientsOnly: true } },
      { number: 201, name: "told", prefix: net("2001:db8:3::/64"), selectors, pools: { ...pools, addresses: [addressPool(net("2001:db8:3::/64"))] } },
    ],
    classes: CLASSES,
    hosts: HOSTS,
  });
  return bed;
}

export const FLOODS: readonly Flood[] = [
  {
    name: "dhcp6-server-flood",
    what: "the DHCPv6 server under mutated datagrams by the million: decoding, admission, answers",
    runs: 1_000_000,
    run: ({ runs, seed }, tell) => {
      const half = Math.floor(runs / 2);
      const first = flood(floodedBed(), { runs: runs - half, seed }, tell);
      const second = flood(otherBed(), { runs: half, seed: seed + 1 }, (done) => tell(runs - half + done));
      return both(first, second);
    },
  },
  {
    name: "ldap-flood",
    what: "the reading of a directory whose messages are changed: pages, marks, synchronisation, referrals",
    runs: 1_000_000,
    run: ldapFlood,
  },
  { name: "rpc-flood", what: "YP, the portmapper and rpcbind's answers, in datagrams and on connections", runs: 1_000_000, run: rpcFlood },
  { name: "varlink-flood", what: "userdb connections of many users, asking what they should not", runs: 1_000_000, run: varlinkFlood },
];

function both(a: Flooded, b: Flooded): Poured {
  return {
    answered: a.answered + b.answered,
    seconds: a.seconds + b.seconds,
    counts: { sent: sums(a.sent, b.sent), refused: sums(a.refused, b.refused), told: sums(a.told, b.told) },
    unmet: a.unmet.filter((reason) => b.unmet.includes(reason)),
    notes: [`${Math.max(a.leases, b.leases)} leases`],
  };
}

function sums(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries([...new Set([...Object.keys(a), ...Object.keys(b)])].map((name) => [name, (a[name] ?? 0) + (b[name] ?? 0)]));
}
