/** What is fed a hundred million inputs in one go: too many to make each by itself. `npm run fuzz -- NAME --runs N`. */
import { addressPool, prefixPool } from "../../src/services/lan/dhcp6-config.ts";
import { Bed, net } from "../services/lan/dhcp6-server/support.ts";
import { flood, type Flooded } from "./server-flood.ts";

export type Flood = {
  readonly name: string;
  readonly what: string;
  readonly runs: number;
  /** @throws when what should hold does not */
  readonly run: (size: { readonly runs: number; readonly seed: number }, tell: (done: number) => void) => Flooded;
};

/** Small pools, so that clients meet; the limits of one source stay out of the way. */
export function floodedBed(): Bed {
  const pools = { addresses: [addressPool(net("2001:db8:1::100/120"))], prefixes: [prefixPool(net("2001:db8:8000::/52"), 60)], rapidCommit: true };
  return new Bed({ pools, relayedPools: { ...pools, addresses: [addressPool(net("2001:db8:2::100/120"))] } });
}

export const FLOODS: readonly Flood[] = [
  {
    name: "dhcp6-server-flood",
    what: "the DHCPv6 server under mutated datagrams by the million: decoding, admission, answers",
    runs: 1_000_000,
    run: (size, tell) => flood(floodedBed(), size, tell),
  },
];
