/** What addresses and prefixes of `[lan.INTERFACE]` and `[relayed.NAME]` are taken from. */
import { z } from "zod";
import { type Ipv6Address, parseIpv6, parseIpv6Prefix, SHORTEST_DELEGATION, splitIpv6Prefix } from "../base/ipv6.ts";
import { ipv6Number, ipv6OfNumber, ipv6Span, type Ipv6Span } from "../base/ipv6-number.ts";
import { LIMITS } from "../base/limits.ts";
import type { AddressPool, DelegatedLengths, PrefixPool } from "../services/lan/dhcp6-config.ts";
import { label, parsed, prefix6 } from "./kinds.ts";

/** RFC 9818 LPD-7. */
const STANDARD_LENGTH = 64;
const ADDRESS_BITS = 128;

/** @returns the text that stands for it: a prefix, or its first and last address */
function rangeText(text: string): string | undefined {
  const prefix = parseIpv6Prefix(text);
  if (prefix !== undefined) return prefix;
  const [first, last, more] = text.split("-").map((part) => parseIpv6(part.trim()));
  const isRange = first !== undefined && last !== undefined && more === undefined && text.split("-").length === 2;
  return isRange && ipv6Number(first) <= ipv6Number(last) ? `${first}-${last}` : undefined;
}

const range = parsed(rangeText, {
  what: "pool of addresses",
  hint: 'a prefix, "2001:db8:1:0:1::/80", or a first and a last address, "2001:db8:1::100-2001:db8:1::1ff"',
});
const length = z.number().int().min(SHORTEST_DELEGATION).max(ADDRESS_BITS);
const lengths = { shortest: length.optional(), longest: length.optional(), usual: length.optional() };
const addressPool = z.strictObject({ pool: range, class: label.optional() });
const prefixPool = z.strictObject({ pool: prefix6, ...lengths, exclude: length.optional(), class: label.optional() });

export const poolKeys = {
  address_pool: z.union([range, addressPool, z.array(z.union([range, addressPool])).max(LIMITS.poolsPerLink)]).optional(),
  prefix_pool: z.union([prefix6, prefixPool, z.array(z.union([prefix6, prefixPool])).max(LIMITS.poolsPerLink)]).optional(),
  delegated_length: length.default(STANDARD_LENGTH),
  uplink_prefixes: z.union([z.boolean(), z.strictObject(lengths)]).default(false),
};
const file = z.strictObject(poolKeys);
export type PoolsFile = z.output<typeof file>;
export type AddressPoolFile = z.output<typeof addressPool>;
export type PrefixPoolFile = z.output<typeof prefixPool>;

/** A pool, and where in its table it stands. */
export type Placed<T> = { readonly path: readonly (string | number)[]; readonly pool: T };

export function addressPoolsIn({ address_pool: given }: PoolsFile): readonly Placed<AddressPoolFile>[] {
  const whole = (one: string | AddressPoolFile): AddressPoolFile => (typeof one === "string" ? { pool: one } : one);
  if (given === undefined) return [];
  if (Array.isArray(given)) return given.map((one, index) => ({ path: ["address_pool", index], pool: whole(one) }));
  return [{ path: ["address_pool"], pool: whole(given) }];
}

export function prefixPoolsIn({ prefix_pool: given }: PoolsFile): readonly Placed<PrefixPoolFile>[] {
  const whole = (one: PrefixPoolFile["pool"] | PrefixPoolFile): PrefixPoolFile => (typeof one === "string" ? { pool: one } : one);
  if (given === undefined) return [];
  if (Array.isArray(given)) return given.map((one, index) => ({ path: ["prefix_pool", index], pool: whole(one) }));
  return [{ path: ["prefix_pool"], pool: whole(given) }];
}

export function addressesOf(given: PoolsFile): readonly AddressPool[] {
  return addressPoolsIn(given).map(({ pool }) => ({ ...endsOf(pool), class: pool.class }));
}

export function prefixesOf(given: PoolsFile): readonly PrefixPool[] {
  return prefixPoolsIn(given).map(({ pool }) => ({
    ...lengthsOf(pool, given.delegated_length),
    pool: pool.pool,
    excludedLength: pool.exclude,
    class: pool.class,
  }));
}

export function uplinkPrefixesOf({ uplink_prefixes: given, delegated_length }: PoolsFile): DelegatedLengths | undefined {
  return given === false ? undefined : lengthsOf(given === true ? {} : given, delegated_length);
}

type LengthsFile = { readonly shortest?: number | undefined; readonly longest?: number | undefined; readonly usual?: number | undefined };

/** What is not said is `delegated_length`, as near to it as what is said lets it be. */
export function lengthsOf({ shortest, longest, usual }: LengthsFile, standard: number): DelegatedLengths {
  const least = shortest ?? Math.min(standard, longest ?? standard);
  const most = longest ?? Math.max(standard, least);
  return { shortest: least, longest: most, usual: usual ?? Math.min(Math.max(standard, least), most) };
}

export function spanOf(pool: AddressPoolFile): Ipv6Span {
  const { first, last } = endsOf(pool);
  return { first: ipv6Number(first), end: ipv6Number(last) + 1n };
}

function endsOf({ pool }: AddressPoolFile): { readonly first: Ipv6Address; readonly last: Ipv6Address } {
  const prefix = parseIpv6Prefix(pool);
  if (prefix !== undefined) return { first: splitIpv6Prefix(prefix).address, last: ipv6OfNumber(ipv6Span(prefix).end - 1n) };
  const [first = "", last = ""] = pool.split("-");
  return { first: first as Ipv6Address, last: last as Ipv6Address };
}
