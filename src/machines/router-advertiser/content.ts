/** What a link's hosts are to believe now, what they must no longer believe, and for how long (RFC 4861 §6.2.3, 8106, 4191, 9096). */
import { type Ipv6Address, type Ipv6Prefix, ipv6Covers, ipv6Prefix, isRoutableV6, isUniqueLocal, splitIpv6Prefix } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import { after, type Instant, secondsUntil } from "../../base/time.ts";
import type { AdvertiserConfig, AdvertiserState, Item, OwnAddress, Withdrawn } from "./state.ts";

/** An item with its remaining lifetimes; only a prefix has a preferred one of its own. */
export type Told = { readonly item: Item; readonly preferredSeconds: number; readonly validSeconds: number };
export type Content = {
  /** 0: not a default router (RFC 4861 §4.2). */
  readonly lifetimeSeconds: number;
  readonly told: readonly Told[];
  readonly withdrawn: readonly Withdrawn[];
  /** Of what is true now; infinite when nothing is. */
  readonly shortestValidSeconds: number;
};

/** Longer ones are no links; ours is told as one of at least 64 bits, because that is what hosts can make addresses in. */
const LINK_PREFIX_BITS = 64;
const LONGEST_PREFIX_BITS = 96;
/** RFC 9096 §3.4 for what we choose, RFC 8319 §4 for what the operator may say. */
const CHOSEN_LIFETIME_SECONDS = 5400;
const LONGEST_LIFETIME_SECONDS = 65_535;

type Prefix = { readonly value: Ipv6Prefix; readonly preferredSeconds: number; readonly validSeconds: number };

export function contentOf(state: AdvertiserState, config: AdvertiserConfig, now: Instant): Content {
  const prefixes = prefixesOf(state.addresses, config, now);
  const lifetimeSeconds = routerLifetime(state, config, prefixes);
  const told = [
    ...prefixes.map(({ value, ...times }): Told => ({ item: { kind: "prefix", value }, ...times })),
    ...routesOf(prefixes, state.delegated),
    ...namesOf(state, config, resolverSeconds(prefixes, lifetimeSeconds), now),
  ];
  const withdrawn = withdrawnBy(state, told, config, now);
  return {
    lifetimeSeconds,
    told,
    withdrawn,
    shortestValidSeconds: Math.min(Number.POSITIVE_INFINITY, ...prefixes.map(({ validSeconds }) => validSeconds)),
  };
}

/** The last one: everything that was ever believed is over (RFC 4861 §6.2.5). */
export function farewellOf(state: AdvertiserState, config: AdvertiserConfig, now: Instant): Content {
  return { lifetimeSeconds: 0, told: [], withdrawn: withdrawnBy(state, [], config, now), shortestValidSeconds: Number.POSITIVE_INFINITY };
}

/** Those in use, the longest preferred first, provider's before local ones: the order in which one of several is chosen. */
export function usableAddresses(addresses: readonly OwnAddress[], now: Instant): readonly OwnAddress[] {
  const inUse = addresses.filter(
    ({ address, deprecated, preferredUntil, validUntil }) => isRoutableV6(address) && !deprecated && preferredUntil > now && validUntil > now,
  );
  const local = (address: Ipv6Address): number => (isUniqueLocal(address) ? 1 : 0);
  return inUse.toSorted(
    (a, b) => local(a.address) - local(b.address) || Number(b.preferredUntil > a.preferredUntil) - Number(a.preferredUntil > b.preferredUntil),
  );
}

/** One of each prefix; several addresses in it make it last as long as the longest of them. */
function prefixesOf(addresses: readonly OwnAddress[], config: AdvertiserConfig, now: Instant): readonly Prefix[] {
  const found = new Map<Ipv6Prefix, Prefix>();
  for (const { address, prefixLength, preferredUntil, validUntil } of usableAddresses(addresses, now)) {
    if (prefixLength > LONGEST_PREFIX_BITS) continue;
    const value = ipv6Prefix(address, Math.max(LINK_PREFIX_BITS, prefixLength));
    const before = found.get(value);
    const validSeconds = Math.max(before?.validSeconds ?? 0, Math.min(secondsUntil(validUntil, now), config.maxValidSeconds));
    const preferredSeconds = Math.max(before?.preferredSeconds ?? 0, Math.min(secondsUntil(preferredUntil, now), config.maxPreferredSeconds));
    found.set(value, { value, preferredSeconds: Math.min(preferredSeconds, validSeconds), validSeconds });
  }
  return [...found.values()];
}

/** The way to the rest of what we were delegated leads over us even when the way to everywhere does not (RFC 4191 §4, RFC 7084 L-3). */
function routesOf(prefixes: readonly Prefix[], delegated: readonly Ipv6Prefix[]): readonly Told[] {
  return delegated.flatMap((value): readonly Told[] => {
    const inside = prefixes.filter((prefix) => ipv6Covers(value, prefix.value) && splitIpv6Prefix(value).prefixLength < LINK_PREFIX_BITS);
    if (inside.length === 0) return [];
    return [{ item: { kind: "route", value }, preferredSeconds: 0, validSeconds: Math.max(...inside.map(({ validSeconds }) => validSeconds)) }];
  });
}

function namesOf(state: AdvertiserState, config: AdvertiserConfig, validSeconds: number, now: Instant): readonly Told[] {
  if (validSeconds === 0) return [];
  const own = usableAddresses(state.addresses, now)[0]?.address ?? state.linkLocal;
  const resolvers = config.dnsServers.length > 0 || own === undefined ? config.dnsServers : [own];
  return [
    ...resolvers.map((value): Told => ({ item: { kind: "resolver", value }, preferredSeconds: 0, validSeconds })),
    ...config.searchDomains.map((value): Told => ({ item: { kind: "name", value }, preferredSeconds: 0, validSeconds })),
  ];
}

/** What the operator says holds whatever the routes; otherwise only a way out, and addresses to take it with, make a default router. */
function routerLifetime(state: AdvertiserState, config: AdvertiserConfig, prefixes: readonly Prefix[]): number {
  const { lifetimeSeconds, maxIntervalSeconds, maxPreferredSeconds } = config;
  if (lifetimeSeconds === 0) return 0;
  if (lifetimeSeconds !== undefined) return Math.min(LONGEST_LIFETIME_SECONDS, Math.max(lifetimeSeconds, maxIntervalSeconds));
  if (!state.hasDefaultRoute || !prefixes.some(isPublic)) return 0;
  return Math.min(CHOSEN_LIFETIME_SECONDS, Math.max(maxPreferredSeconds, maxIntervalSeconds));
}

/** As long as the addresses with which resolvers can be asked (RFC 8106 §5.1). */
function resolverSeconds(prefixes: readonly Prefix[], routerSeconds: number): number {
  const longest = (those: readonly Prefix[]): number => Math.max(0, ...those.map(({ validSeconds }) => validSeconds));
  return longest(prefixes.filter(isPublic)) || routerSeconds || longest(prefixes);
}

function isPublic({ value }: Prefix): boolean {
  return !isUniqueLocal(splitIpv6Prefix(value).address);
}

/** What was told, or withdrawn already, and is not so now. The oldest are forgotten where there are too many. */
function withdrawnBy(state: AdvertiserState, told: readonly Told[], config: AdvertiserConfig, now: Instant): readonly Withdrawn[] {
  const isSo = new Set(told.map(({ item }) => keyOf(item)));
  const before = state.withdrawn.filter(({ item, until }) => until > now && !isSo.has(keyOf(item)));
  const known = new Set([...isSo, ...before.map(({ item }) => keyOf(item))]);
  const gone = state.told.filter((item) => !known.has(keyOf(item))).map((item) => ({ item, until: after(now, config.maxValidSeconds) }));
  return [...before, ...gone].slice(-LIMITS.withdrawnItems);
}

/** All that hosts may believe of us, each once: what they were told, and what they may not have heard the end of. */
export function believed({ told, withdrawn }: Pick<AdvertiserState, "told" | "withdrawn">): readonly Item[] {
  return [...withdrawn.map(({ item }) => item), ...told].slice(0, LIMITS.rememberedItems);
}

/** What was told before this life joins what was told in it. */
export function withRemembered(told: readonly Item[], items: readonly Item[]): readonly Item[] {
  const known = new Set(told.map(keyOf));
  return [...told, ...items.slice(0, LIMITS.rememberedItems).filter((item) => !known.has(keyOf(item)))];
}

function keyOf({ kind, value }: Item): string {
  return `${kind} ${value}`;
}
