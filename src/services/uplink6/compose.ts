/** One plan for the kernel out of what all uplinks hold: addresses for interfaces that are there, and routes that lead nowhere. */
import { type Ipv6Address, type Ipv6Prefix, ipv6Prefix, splitIpv6Prefix } from "../../base/ipv6.ts";
import { IPV6_BITS, type Ipv6Span, ipv6Span, spansOverlap } from "../../base/ipv6-number.ts";
import { LIMITS } from "../../base/limits.ts";
import { earliest, type Instant, secondsUntil } from "../../base/time.ts";
import type { Lease, LeasedPrefix } from "../../machines/dhcp6-client/state.ts";
import type { Aggregate, PlannedAddress, PrefixPlan } from "../../ports/kernel.ts";
import type { LinkFact } from "../links.ts";
import type { PlanTarget, Uplink6Interface } from "./config.ts";
import { FIXED_HOST_PARTS, type HostParts, hostAddress, type Instead } from "./host-part.ts";
import { fitted } from "./plan.ts";

/** What may still be used of an address whose prefix went (RFC 9096 §3.5: ND_VALID_LIMIT). */
const RETIRED_SECONDS = 7200;

/** An address that an interface gets of a delegated prefix, or that the uplink itself was leased. */
export type Assigned = {
  readonly name: string;
  readonly address: Ipv6Address;
  readonly prefixLength: number;
  readonly subnet: Ipv6Prefix;
  readonly preferredUntil: Instant;
  readonly validUntil: Instant;
  /** Why its host part is not the one that was asked for. */
  readonly instead: Instead | undefined;
};
/** An address whose prefix is not ours any more: deprecated until it ends. */
export type Retired = Pick<Assigned, "name" | "address" | "prefixLength" | "validUntil">;
/** Why a target has no address of a prefix. */
export type Unserved = { readonly target: string; readonly prefix: Ipv6Prefix; readonly reason: UnservedReason };
type UnservedReason =
  | "too-small" // its place lies behind the end of the prefix
  | "upstream-link" // RFC 9915 §18.2.10.1 forbids it, and the server keeps nothing free for it (RFC 6603)
  | "no-secret" // its host part is made of a secret that is not known yet
  | "duplicates"; // other hosts have all addresses that were tried
export type Holding = { readonly config: Uplink6Interface; readonly held: Lease | undefined; readonly retired: readonly Retired[] };

/** Every interface of the configuration that gets an address, whether it exists or not. */
export function assigned(config: Uplink6Interface, held: Lease | undefined, hosts: HostParts = FIXED_HOST_PARTS): readonly Assigned[] {
  const own = leasedAddresses(config, held);
  const behind = pieces(config, held).flatMap(({ target, subnet, leased }) => {
    if (target.interface === undefined || subnet === undefined) return [];
    const chosen = hostAddress(target.hostPart, { name: target.interface, subnet }, hosts);
    if (chosen.kind === "none") return [];
    const { address, instead } = chosen;
    return [{ ...timesOf(leased), name: target.interface, address, prefixLength: lengthOf(subnet), subnet, instead }];
  });
  return [...own, ...behind];
}

/** Targets that get nothing, and why. */
export function unserved(config: Uplink6Interface, held: Lease | undefined, hosts: HostParts = FIXED_HOST_PARTS): readonly Unserved[] {
  return pieces(config, held).flatMap(({ target, subnet, leased: { prefix } }): readonly Unserved[] => {
    if (target.interface === undefined) return [];
    if (subnet === undefined) return [{ target: target.interface, prefix, reason: target.interface === config.name ? "upstream-link" : "too-small" }];
    const chosen = hostAddress(target.hostPart, { name: target.interface, subnet }, hosts);
    return chosen.kind === "none" && chosen.why !== "no-interface" ? [{ target: target.interface, prefix, reason: chosen.why }] : [];
  });
}

/** Addresses that were ours and are not any more, for as long as they may be used up (RFC 9096 §3.5). */
export function retiredBy(
  config: Uplink6Interface,
  previous: Lease,
  held: Lease | undefined,
  now: Instant,
  hosts: HostParts = FIXED_HOST_PARTS,
): readonly Retired[] {
  const still = new Set(assigned(config, held, hosts).map(({ name, address }) => `${name} ${address}`));
  return assigned(config, previous, hosts)
    .filter(({ name, address, validUntil }) => validUntil > now && !still.has(`${name} ${address}`))
    .map(({ name, address, prefixLength, validUntil }) => ({ name, address, prefixLength, validUntil: earliest(validUntil, later(now)) }));
}

/**
 * All that the kernel should hold now. Of two addresses alike the one that lives longer counts, and one in use before one that went;
 * one that has ended counts for nothing. What is on one link is on no other: who comes first in the configuration has it.
 */
export function composed(
  holdings: readonly Holding[],
  links: readonly Pick<LinkFact, "index" | "name">[],
  now: Instant,
  hosts: HostParts = FIXED_HOST_PARTS,
): PrefixPlan {
  const byName = new Map(links.map((link) => [link.name, link.index]));
  const claims: Claim[] = [];
  for (const { config, held } of holdings) for (const prefix of excludedOf(held)) claim(config.name, prefix);
  const all = holdings.map(({ config, held }) => ({ config, held, live: assigned(config, held, hosts) }));
  const addresses = new Map<string, PlannedAddress>();
  for (const { config, live } of all) for (const one of live) if (isLeased(one, config) || isFree(one)) place(one.preferredUntil, one);
  const inUse = new Set(addresses.keys());
  for (const one of holdings.flatMap(({ retired }) => retired)) if (!inUse.has(keyOf(one)) && isFree(one)) place(now, one);
  const aggregates = new Map(all.flatMap(({ config, held, live }) => aggregatesOf(config, held, live).map((one) => [one.prefix, one])));
  const most = LIMITS.plannedAddresses;
  return { addresses: [...addresses.values()].slice(0, most - Math.min(most, aggregates.size)), aggregates: [...aggregates.values()].slice(0, most) };

  function place(preferredUntil: Instant, one: Retired): void {
    const { name, address, prefixLength, validUntil } = one;
    const link = byName.get(name);
    const validSeconds = secondsUntil(validUntil, now);
    if (link === undefined || (addresses.get(keyOf(one))?.validSeconds ?? 0) >= validSeconds) return;
    addresses.set(keyOf(one), { link, name, address, prefixLength, preferredSeconds: secondsUntil(preferredUntil, now), validSeconds });
  }

  function isFree({ name, address, prefixLength, validUntil }: Retired): boolean {
    return byName.has(name) && validUntil > now && claim(name, ipv6Prefix(address, prefixLength));
  }

  /** @returns false when another link has it, or a part of it */
  function claim(name: string, prefix: Ipv6Prefix): boolean {
    const span = ipv6Span(prefix);
    if (claims.some((other) => other.name !== name && spansOverlap(other.span, span))) return false;
    claims.push({ name, span });
    return true;
  }

  /** What has one link as a whole needs no route: that of the link is the same. */
  function aggregatesOf({ aggregateRoute: route }: Uplink6Interface, held: Lease | undefined, live: readonly Assigned[]): readonly Aggregate[] {
    const whole = new Set(live.filter(({ name }) => byName.has(name)).map(({ subnet }) => subnet));
    return route === "none" ? [] : prefixesOf(held).flatMap(({ prefix }) => (whole.has(prefix) ? [] : [{ prefix, route }]));
  }
}

/** An address of its own is on a link that has its prefix from elsewhere. */
function isLeased({ name, subnet }: Assigned, config: Uplink6Interface): boolean {
  return name === config.name && lengthOf(subnet) === IPV6_BITS;
}

/** Every interface that an uplink is about. */
export function namesOf({ name, delegations }: Uplink6Interface): readonly string[] {
  return [name, ...delegations.flatMap(({ targets }) => targets.flatMap((target) => (target.interface === undefined ? [] : [target.interface])))];
}

type Claim = { readonly name: string; readonly span: Ipv6Span };
type Piece = { readonly target: PlanTarget; readonly subnet: Ipv6Prefix | undefined; readonly leased: LeasedPrefix };

function pieces({ name, delegations }: Uplink6Interface, held: Lease | undefined): readonly Piece[] {
  return (held?.delegations ?? []).flatMap(({ kind, iaid, prefixes }) => {
    const targets = (kind === "pd" ? delegations.find((delegation) => delegation.iaid === iaid)?.targets : undefined) ?? [];
    return prefixes.flatMap((leased) => fitted(targets, leased, name).map((piece) => ({ ...piece, leased })));
  });
}

/** IA_NA: a prefix of 128 bits is the address (RFC 9915 §6.2). */
function leasedAddresses({ name }: Uplink6Interface, held: Lease | undefined): readonly Assigned[] {
  return (held?.delegations ?? [])
    .filter(({ kind }) => kind === "na")
    .flatMap(({ prefixes }) =>
      prefixes.map((leased) => ({
        ...timesOf(leased),
        ...{ name, subnet: leased.prefix, instead: undefined },
        ...splitIpv6Prefix(leased.prefix),
      })),
    );
}

function timesOf({ preferredUntil, validUntil }: LeasedPrefix): Pick<Assigned, "preferredUntil" | "validUntil"> {
  return { preferredUntil, validUntil };
}

/** Delegated ones. */
function prefixesOf(held: Lease | undefined): readonly LeasedPrefix[] {
  return (held?.delegations ?? []).flatMap(({ kind, prefixes }) => (kind === "pd" ? prefixes : []));
}

function excludedOf(held: Lease | undefined): readonly Ipv6Prefix[] {
  return prefixesOf(held).flatMap(({ excluded }) => (excluded === undefined ? [] : [excluded]));
}

function lengthOf(prefix: Ipv6Prefix): number {
  return splitIpv6Prefix(prefix).prefixLength;
}

function keyOf({ name, address }: Pick<Retired, "name" | "address">): string {
  return `${name} ${address}`;
}

function later(now: Instant): Instant {
  return (now + RETIRED_SECONDS * 1000) as Instant;
}
