/** What is fed a hundred million inputs in one go: too many to make each by itself. `npm run fuzz -- NAME --runs N`. */
import type { MacAddress } from "../../src/base/mac.ts";
import { addressPool, type ClientClass, prefixPool, type ReservedHost } from "../../src/services/lan/dhcp6-config.ts";
import { Bed, client, ip, net } from "../services/lan/dhcp6-server/support.ts";
import { flood, type Flooded } from "./server-flood.ts";

export type Flood = {
  readonly name: string;
  readonly what: string;
  readonly runs: number;
  /** @throws when what should hold does not */
  readonly run: (size: { readonly runs: number; readonly seed: number }, tell: (done: number) => void) => Flooded;
};

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

export const FLOODS: readonly Flood[] = [
  {
    name: "dhcp6-server-flood",
    what: "the DHCPv6 server under mutated datagrams by the million: decoding, admission, answers",
    runs: 1_000_000,
    run: (size, tell) => flood(floodedBed(), size, tell),
  },
];
