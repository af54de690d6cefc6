/**
 * Where a link's leases come from, by supplies: pools that stand for one another, of which a client gets one lease. There is one supply for
 * each prefix on the link, one each of the operator's global and of its unique local pools of prefixes, and one for every prefix of an
 * uplink. Global ones come before unique local ones (RFC 9818 LPD-9).
 */
import { type Ipv6Prefix, ipv6Bytes, splitIpv6Prefix } from "../../../base/ipv6.ts";
import type { AddressPool, Dhcp6Pools, PrefixPool } from "../dhcp6-config.ts";
import { NEVER_SECONDS } from "./lifetimes.ts";
import { allZero, clearHost, clearNetwork, samePrefix } from "./octets.ts";
import { ALL_CLIENTS, NO_CLIENT, Pool } from "./pools.ts";
import { AddressRange } from "./ranges.ts";
import type { OnLinkPrefix } from "./served-link.ts";

export type Ends = { readonly preferredUntil: number; readonly validUntil: number };
export type Supply = {
  /** The prefix on the link to which its addresses belong; of delegated prefixes any. */
  readonly prefix: Uint8Array;
  readonly prefixLength: number;
  readonly ends: Ends;
  readonly pools: readonly Pool[];
};

const ADDRESS_BITS = 128;
/** Hosts make 64 bits of their own behind what is longer than this only where the operator said so. */
const HOST_PREFIX_BITS = 64;
const FOREVER: Ends = { preferredUntil: NEVER_SECONDS, validUntil: NEVER_SECONDS };
/** Of an uplink's prefix in which no address of ours tells how long it lasts. */
const NOT_AT_ALL: Ends = { preferredUntil: 0, validUntil: 0 };

/** The operator's pools under the prefix that holds each, or the hosts' half of every prefix of at most 64 bits. */
export function addressSupplies(pools: Dhcp6Pools, classes: readonly string[], onLink: readonly OnLinkPrefix[]): readonly Supply[] {
  if (!pools.assignAddresses) return [];
  const own = pools.addresses.length === 0;
  const rest = new Set(pools.addresses);
  const given = new Set<string>();
  const supplies: Supply[] = [];
  for (const { prefix, prefixLength, address, preferredUntil, validUntil } of onLink) {
    if (supplies.some((one) => one.prefixLength === prefixLength && samePrefix(one.prefix, 0, prefix, 0, prefixLength))) continue;
    const ends = { preferredUntil, validUntil };
    const inside = [...rest].filter(({ first }) => samePrefix(prefix, 0, ipv6Bytes(first), 0, prefixLength));
    for (const one of inside) rest.delete(one);
    const half = hostHalf(address);
    const isGiven = !own || prefixLength > HOST_PREFIX_BITS || given.has(half.join());
    if (!isGiven) given.add(half.join());
    const implied = isGiven ? [] : [new Pool({ ...addressShape(pools, ends), prefix: half, prefixLength: HOST_PREFIX_BITS })];
    supplies.push({ prefix, prefixLength, ends, pools: [...implied, ...inside.map((one) => explicitPool(one, pools, classes, ends))] });
  }
  return globalFirst([...supplies, ...orphans([...rest], pools, classes)]);
}

/** Pools of addresses under no prefix that is known to be on the link: those of 64 shared bits stand for one another. */
function orphans(addresses: readonly AddressPool[], pools: Dhcp6Pools, classes: readonly string[]): readonly Supply[] {
  const halves = new Map(addresses.map(({ first }) => [hostHalf(ipv6Bytes(first)).join(), hostHalf(ipv6Bytes(first))]));
  return [...halves.values()].map((prefix) => ({
    prefix,
    prefixLength: HOST_PREFIX_BITS,
    ends: FOREVER,
    pools: addresses
      .filter(({ first }) => samePrefix(prefix, 0, ipv6Bytes(first), 0, HOST_PREFIX_BITS))
      .map((one) => explicitPool(one, pools, classes, FOREVER)),
  }));
}

/** @param near what may bound delegated prefixes: every prefix of every interface @param uplinks prefixes that uplinks were delegated */
export function prefixSupplies(
  pools: Dhcp6Pools,
  classes: readonly string[],
  near: readonly OnLinkPrefix[],
  uplinks: readonly Ipv6Prefix[],
): readonly Supply[] {
  const fixed = pools.prefixes.map((one) => {
    const { address, prefixLength } = splitIpv6Prefix(one.pool);
    const prefix = ipv6Bytes(address);
    return prefixPool(prefix, prefixLength, one, pools, classOf(one, classes), endsOf(prefix, prefixLength, near) ?? FOREVER);
  });
  const supplies = [false, true].flatMap((local) => {
    const alike = fixed.filter(({ shape }) => isLocal(shape.prefix) === local);
    const [first] = alike;
    return first === undefined ? [] : [{ prefix: first.shape.prefix, prefixLength: 0, ends: FOREVER, pools: alike }];
  });
  return globalFirst([...supplies, ...uplinks.flatMap((one) => uplinkSupply(one, pools, near))]);
}

/** What of an uplink's prefix is on no link is delegated, for as long as our addresses in it last (RFC 9096 §3.3). */
function uplinkSupply(uplink: Ipv6Prefix, pools: Dhcp6Pools, near: readonly OnLinkPrefix[]): readonly Supply[] {
  const { address, prefixLength } = splitIpv6Prefix(uplink);
  const wanted = pools.uplinkPrefixes;
  if (wanted === undefined || prefixLength >= wanted.longest) return [];
  const prefix = ipv6Bytes(address);
  const lengths = { shortest: Math.max(wanted.shortest, prefixLength), usual: Math.max(wanted.usual, prefixLength), longest: wanted.longest };
  const ends =
    endsOf(
      prefix,
      prefixLength,
      near.filter((held) => held.prefixLength >= prefixLength),
    ) ?? NOT_AT_ALL;
  const pool = prefixPool(prefix, prefixLength, { ...lengths, excludedLength: undefined }, pools, ALL_CLIENTS, ends);
  return [{ prefix, prefixLength: 0, ends, pools: [pool] }];
}

/** What an operator reserved for a host is a pool of one place. */
export function reservedPool(prefix: Uint8Array, prefixLength: number, pools: Dhcp6Pools, ends: Ends): Pool {
  const one = { shortest: prefixLength, longest: prefixLength, usual: prefixLength, excludedLength: undefined };
  return prefixPool(prefix, prefixLength, one, pools, ALL_CLIENTS, ends);
}

/** The latest ends of what is on links in a prefix, or around it; undefined when there is nothing. */
export function endsOf(prefix: Uint8Array, prefixLength: number, near: readonly OnLinkPrefix[]): Ends | undefined {
  const from = near.filter((held) => samePrefix(held.prefix, 0, prefix, 0, Math.min(held.prefixLength, prefixLength)));
  if (from.length === 0) return undefined;
  return { preferredUntil: Math.max(...from.map((one) => one.preferredUntil)), validUntil: Math.max(...from.map((one) => one.validUntil)) };
}

function prefixPool(
  prefix: Uint8Array,
  prefixLength: number,
  { shortest, longest, usual, excludedLength }: Pick<PrefixPool, "shortest" | "longest" | "usual" | "excludedLength">,
  { preferredSeconds, validSeconds }: Dhcp6Pools,
  classIndex: number,
  ends: Ends,
): Pool {
  const lengths = { pieceLength: usual, shortest, longest, excludedLength: excludedLength ?? 0 };
  return new Pool({ prefix, prefixLength, ...lengths, range: undefined, classIndex, preferredSeconds, validSeconds, ...ends });
}

function explicitPool(pool: AddressPool, pools: Dhcp6Pools, classes: readonly string[], ends: Ends): Pool {
  const { prefix, prefixLength, isWhole } = prefixAround(pool);
  const range = isWhole ? undefined : new AddressRange(pool);
  return new Pool({ ...addressShape(pools, ends), prefix, prefixLength, range, classIndex: classOf(pool, classes) });
}

function addressShape({ preferredSeconds, validSeconds }: Dhcp6Pools, ends: Ends) {
  const lengths = { pieceLength: ADDRESS_BITS, shortest: ADDRESS_BITS, longest: ADDRESS_BITS, excludedLength: 0 };
  return { ...lengths, range: undefined, classIndex: ALL_CLIENTS, preferredSeconds, validSeconds, ...ends };
}

/** The longest prefix that holds both ends of a pool, and whether that is all of the pool. */
function prefixAround({ first, last }: AddressPool): { readonly prefix: Uint8Array; readonly prefixLength: number; readonly isWhole: boolean } {
  const [low, high] = [ipv6Bytes(first), ipv6Bytes(last)];
  let prefixLength = ADDRESS_BITS;
  while (!samePrefix(low, 0, high, 0, prefixLength)) prefixLength--;
  const prefix = low.slice();
  clearHost(prefix, prefixLength);
  const ones = high.map((octet) => 255 - octet);
  clearNetwork(ones, prefixLength);
  return { prefix, prefixLength, isWhole: prefix.every((octet, i) => octet === low[i]) && allZero(ones, 0, 16) };
}

function hostHalf(address: Uint8Array): Uint8Array {
  return Uint8Array.from(address, (octet, i) => (i < HOST_PREFIX_BITS / 8 ? octet : 0));
}

function classOf(pool: { readonly class: string | undefined }, classes: readonly string[]): number {
  if (pool.class === undefined) return ALL_CLIENTS;
  const index = classes.indexOf(pool.class);
  return index === -1 ? NO_CLIENT : index;
}

function globalFirst(supplies: readonly Supply[]): readonly Supply[] {
  return supplies.toSorted((a, b) => Number(isLocal(a.prefix)) - Number(isLocal(b.prefix)));
}

/** fc00::/7 (RFC 4193 §3.1). */
function isLocal(prefix: Uint8Array): boolean {
  return ((prefix[0] ?? 0) & 0xfe) === 0xfc;
}
