/** One plan for the kernel out of what all uplinks hold: addresses for interfaces that are there, and routes that lead nowhere. */
import type { Ipv6Address, Ipv6Prefix } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import { earliest, type Instant, secondsUntil } from "../../base/time.ts";
import type { Delegated, Lease, LeasedPrefix } from "../../machines/dhcp6-client/state.ts";
import type { Aggregate, PlannedAddress, PrefixPlan } from "../../ports/kernel.ts";
import type { LinkFact } from "../links.ts";
import type { Delegation, PlanTarget, Uplink6Interface } from "./config.ts";
import { addressIn, fitted } from "./plan.ts";

/** What may still be used of an address whose prefix went (RFC 9096 §3.5: ND_VALID_LIMIT). */
const RETIRED_SECONDS = 7200;

/** An address that an interface gets of a delegated prefix. */
export type Assigned = {
  readonly name: string;
  readonly address: Ipv6Address;
  readonly prefixLength: number;
  readonly subnet: Ipv6Prefix;
  readonly preferredUntil: Instant;
  readonly validUntil: Instant;
};
/** An address whose prefix is not ours any more: deprecated until it ends. */
export type Retired = Pick<Assigned, "name" | "address" | "prefixLength" | "validUntil">;
/** Why a target has no address of a prefix. */
export type Unserved = { readonly target: string; readonly prefix: Ipv6Prefix; readonly reason: "too-small" | "upstream-link" };
export type Holding = { readonly config: Uplink6Interface; readonly held: Lease | undefined; readonly retired: readonly Retired[] };

/** Every interface of the configuration that gets an address, whether it exists or not. */
export function assigned({ name, delegations }: Uplink6Interface, held: Lease | undefined): readonly Assigned[] {
  return pieces({ delegations }, held).flatMap(({ target, subnet, leased }) =>
    target.interface === undefined || target.interface === name || subnet === undefined
      ? []
      : [{ ...timesOf(leased), name: target.interface, address: addressIn(subnet, target.hostPart), prefixLength: target.prefixLength, subnet }],
  );
}

/** Targets that get nothing: the prefix is too small, or they are the upstream link itself (RFC 9915 §18.2.10.1 forbids it). */
export function unserved({ name, delegations }: Uplink6Interface, held: Lease | undefined): readonly Unserved[] {
  return pieces({ delegations }, held).flatMap(({ target, subnet, leased }): readonly Unserved[] => {
    if (target.interface === undefined) return [];
    if (target.interface === name) return [{ target: name, prefix: leased.prefix, reason: "upstream-link" }];
    return subnet === undefined ? [{ target: target.interface, prefix: leased.prefix, reason: "too-small" }] : [];
  });
}

/** Addresses of prefixes that were held and are not any more, for as long as they may be used up (RFC 9096 §3.5). */
export function retiredBy(config: Uplink6Interface, previous: Lease, held: Lease | undefined, now: Instant): readonly Retired[] {
  const still = new Set((held?.delegations ?? []).flatMap(({ prefixes }) => prefixes.map(({ prefix }) => prefix)));
  const gone = previous.delegations.map((delegated) => ({ ...delegated, prefixes: delegated.prefixes.filter(({ prefix }) => !still.has(prefix)) }));
  return assigned(config, { ...previous, delegations: gone })
    .filter(({ validUntil }) => validUntil > now)
    .map(({ name, address, prefixLength, validUntil }) => ({ name, address, prefixLength, validUntil: earliest(validUntil, later(now)) }));
}

/** All that the kernel should hold now. Of two addresses alike the one that lives longer counts; one that has ended counts for nothing. */
export function composed(holdings: readonly Holding[], links: readonly Pick<LinkFact, "index" | "name">[], now: Instant): PrefixPlan {
  const byName = new Map(links.map((link) => [link.name, link.index]));
  const addresses = new Map<string, PlannedAddress>();
  const aggregates = new Map<Ipv6Prefix, Aggregate>();
  for (const { config, held, retired } of holdings) {
    const live = assigned(config, held);
    for (const one of live) place(one.preferredUntil, one);
    for (const one of retired) place(now, one);
    const inUse = new Set(live.filter(({ name }) => byName.has(name)).map(({ subnet }) => subnet));
    const route = config.aggregateRoute;
    if (route === "none") continue;
    for (const prefix of prefixesOf(held)) if (!inUse.has(prefix)) aggregates.set(prefix, { prefix, route });
  }
  const most = LIMITS.plannedAddresses;
  return { addresses: [...addresses.values()].slice(0, most - Math.min(most, aggregates.size)), aggregates: [...aggregates.values()].slice(0, most) };

  function place(preferredUntil: Instant, { name, address, prefixLength, validUntil }: Retired): void {
    const link = byName.get(name);
    const validSeconds = secondsUntil(validUntil, now);
    if (link === undefined) return;
    const key = `${link} ${address}`;
    if ((addresses.get(key)?.validSeconds ?? 0) >= validSeconds) return;
    addresses.set(key, { link, name, address, prefixLength, preferredSeconds: secondsUntil(preferredUntil, now), validSeconds });
  }
}

/** Every interface that an uplink is about. */
export function namesOf({ name, delegations }: Uplink6Interface): readonly string[] {
  return [name, ...delegations.flatMap(({ targets }) => targets.flatMap((target) => (target.interface === undefined ? [] : [target.interface])))];
}

type Piece = { readonly target: PlanTarget; readonly subnet: Ipv6Prefix | undefined; readonly leased: LeasedPrefix };

function pieces({ delegations }: { readonly delegations: readonly Delegation[] }, held: Lease | undefined): readonly Piece[] {
  return (held?.delegations ?? []).flatMap(({ iaid, prefixes }: Delegated) => {
    const targets = delegations.find((delegation) => delegation.iaid === iaid)?.targets ?? [];
    return prefixes.flatMap((leased) => fitted(targets, leased).map((piece) => ({ ...piece, leased })));
  });
}

function timesOf({ preferredUntil, validUntil }: LeasedPrefix): Pick<Assigned, "preferredUntil" | "validUntil"> {
  return { preferredUntil, validUntil };
}

function prefixesOf(held: Lease | undefined): readonly Ipv6Prefix[] {
  return (held?.delegations ?? []).flatMap(({ prefixes }) => prefixes.map(({ prefix }) => prefix));
}

function later(now: Instant): Instant {
  return (now + RETIRED_SECONDS * 1000) as Instant;
}
