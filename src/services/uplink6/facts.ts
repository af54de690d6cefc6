/** What a lease means beside its conversation: for other services and programs, for whoever watches. */
import { describeDuid } from "../../base/duid.ts";
import { type Ipv6Address, splitIpv6Prefix } from "../../base/ipv6.ts";
import type { Instant } from "../../base/time.ts";
import { type Lease, type LeasedPrefix, rebindAt, renewAt, type Told } from "../../machines/dhcp6-client/state.ts";
import type { Uplink6Facts } from "../../ports/kernel.ts";
import { jsonRecord } from "../json-record.ts";
import { onTheWall, type Times } from "../wall-time.ts";
import type { Uplink6Interface } from "./config.ts";

type Wishes = Pick<Uplink6Interface, "ignoreDns">;

/** @param source what a server told, with or without leases */
export function factsOf(name: string, source: Told | Lease, wishes: Wishes, times: Times): Uplink6Facts {
  const { nameServers, searchDomains } = wishes.ignoreDns ? { nameServers: [], searchDomains: [] } : source;
  const facts = "delegations" in source ? leaseFacts(source, times) : toldFacts(source);
  const record = jsonRecord({ version: 1, interface: name, family: "ipv6", ...facts, nameServers, searchDomains });
  return { nameServers, searchDomains, record };
}

export function toldFacts({ serverId, nameServers, searchDomains, options }: Told) {
  return { server: serverId, serverName: describeDuid(serverId), nameServers, searchDomains, options: byCode(options) };
}

/** A lease as plain data: times on the wall, options by their numbers, each as often as it came. */
export function leaseFacts(lease: Lease, times: Times) {
  const at = (instant: Instant): string | null => onTheWall(instant, times);
  const lifetimes = ({ preferredUntil, validUntil }: LeasedPrefix) => ({ preferredUntil: at(preferredUntil), validUntil: at(validUntil) });
  return {
    ...toldFacts(lease),
    prefixes: lease.delegations.flatMap(({ kind, iaid, prefixes }) =>
      kind === "pd" ? prefixes.map((one) => ({ iaid, prefix: one.prefix, excluded: one.excluded ?? null, ...lifetimes(one) })) : [],
    ),
    addresses: lease.delegations.flatMap(({ kind, iaid, prefixes }) =>
      kind === "na" ? prefixes.map((one) => ({ iaid, address: splitIpv6Prefix(one.prefix).address, ...lifetimes(one) })) : [],
    ),
    renewsAt: at(renewAt(lease)),
    rebindsAt: at(rebindAt(lease)),
  };
}

/** Whether a server gave us this address (IA_NA). */
export function isLeased(held: Lease | undefined, address: Ipv6Address): boolean {
  return (held?.delegations ?? []).some(({ kind, prefixes }) => kind === "na" && prefixes.some(({ prefix }) => prefix === `${address}/128`));
}

function byCode(options: Told["options"]): Readonly<Record<string, readonly string[]>> {
  const codes = [...new Set(options.map(({ code }) => code))];
  return Object.fromEntries(codes.map((code) => [code, options.filter((one) => one.code === code).map(({ hex }) => hex)]));
}
