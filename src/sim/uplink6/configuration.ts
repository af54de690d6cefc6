/** How the gateway of a month is configured, and what its provider gives: shapes that a seed chooses from. */
import type { Duid } from "../../base/duid.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../base/ipv6.ts";
import { delegation, type Delegation, type HostPart, uplink6, type Uplink6Interface } from "../../services/uplink6/config.ts";
import type { Provider6Config } from "../actors/dhcp6-provider.ts";
import type { Chance } from "../chance.ts";

export const LANS = ["lan0", "lan1"] as const;
const HOUR = 3600;
/** Renewals are what a month costs: a lease of hours is rare here, and a matter of streets. */
const VALID_SECONDS = [12 * HOUR, 24 * HOUR, 48 * HOUR, 72 * HOUR, 96 * HOUR, 168 * HOUR, 336 * HOUR, 720 * HOUR] as const;
const SOL_MAX_RT_SECONDS = [undefined, undefined, 60, 600, 1200, 1800, 3600, 3600] as const;

const target = (name: string | undefined, prefixLength = 64, hostPart: HostPart = "::1" as Ipv6Address) => ({
  interface: name,
  prefixLength,
  hostPart,
});
/** By IAID. Every LAN has its part of the first three; whatever the order, none of them is anybody else's. */
const DELEGATIONS: readonly Delegation[] = [
  delegation({ iaid: 1, targets: [target("lan0"), target("lan1")] }),
  delegation({ iaid: 2, targets: [target("lan0")] }),
  delegation({ iaid: 3, targets: [target(undefined, 62), target("lan1", 64, "::5" as Ipv6Address)] }),
];

/** Where on the LANs the prefix of an IA_PD has an address, and how long it may be for that: as the targets above say. */
export const PLACES: Readonly<Record<number, readonly { readonly lan: string; readonly longest: number; readonly offset: bigint }[]>> = {
  1: [
    { lan: "lan0", longest: 64, offset: 0x1n },
    { lan: "lan1", longest: 63, offset: 0x1_0000_0000_0000_0001n },
  ],
  2: [{ lan: "lan0", longest: 64, offset: 0x1n }],
  3: [{ lan: "lan1", longest: 61, offset: 0x4_0000_0000_0000_0005n }],
};

/** One, two or three IA_PDs in some order. */
export function uplinkOf(name: string, chance: Chance): Uplink6Interface {
  const chosen = DELEGATIONS.slice(0, 1 + chance.below(DELEGATIONS.length));
  return uplink6(name, turned(chosen, chance), { pace: chance.pick(["fast", "rfc"]), rapidCommit: chance.perMille(300) });
}

/** The same uplink as somebody else would have written it: another order, one IA_PD more or less. */
export function reconfigured(before: Uplink6Interface, chance: Chance): Uplink6Interface {
  const some = DELEGATIONS.filter(() => chance.perMille(600));
  return { ...before, delegations: turned(some.length === 0 ? DELEGATIONS : some, chance) };
}

/** Pieces of these go out in order; another one renumbers. */
export function poolsOf(uplink: number): readonly [Ipv6Prefix, ...Ipv6Prefix[]] {
  const pool = (letter: string): Ipv6Prefix => `2001:db8:${uplink + 1}${letter}00::/40` as Ipv6Prefix;
  return [pool("0"), pool("1"), pool("2")];
}

export function providerOf(uplink: number, serverId: Duid, chance: Chance): Provider6Config {
  const validSeconds = chance.pick(VALID_SECONDS);
  const preferredSeconds = chance.pick([validSeconds / 2, (validSeconds * 4) / 5, validSeconds]);
  const times = chance.pick([
    { renewSeconds: 0, rebindSeconds: 0 },
    { renewSeconds: preferredSeconds / 2, rebindSeconds: (preferredSeconds * 4) / 5 },
    { renewSeconds: (preferredSeconds * 3) / 8, rebindSeconds: (preferredSeconds * 7) / 8 },
  ]);
  const solMaxRtSeconds = chance.pick(SOL_MAX_RT_SECONDS);
  return {
    serverId,
    pool: { prefix: poolsOf(uplink)[0], delegatedLength: chance.pick([56, 60]) },
    preferredSeconds,
    validSeconds,
    ...times,
    rapidCommit: chance.perMille(500),
    options: { dnsServers: ["2001:db8::53" as Ipv6Address], ...(solMaxRtSeconds === undefined ? {} : { solMaxRtSeconds }) },
  };
}

function turned<T>(list: readonly T[], chance: Chance): readonly T[] {
  const by = chance.below(list.length);
  return [...list.slice(by), ...list.slice(0, by)];
}
