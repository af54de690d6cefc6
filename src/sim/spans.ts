/** Prefixes as numbers, remembered: a world asks for the same few of them a hundred thousand times. */
import type { Ipv6Address, Ipv6Prefix } from "../base/ipv6.ts";
import { IPV6_BITS, type Ipv6Span, ipv6Number, ipv6Size, ipv6Span } from "../base/ipv6-number.ts";

/** More than a world has; then it begins anew. */
const REMEMBERED = 10_000;
const prefixes = new Map<Ipv6Prefix, Ipv6Span>();
const addresses = new Map<Ipv6Address, bigint>();

export function spanOf(prefix: Ipv6Prefix): Ipv6Span {
  return remembered(prefixes, prefix, ipv6Span);
}

/** The prefix of that length around an address. */
export function spanAround(address: Ipv6Address, prefixLength = IPV6_BITS): Ipv6Span {
  const size = ipv6Size(prefixLength);
  const number = remembered(addresses, address, ipv6Number);
  const first = number - (number % size);
  return { first, end: first + size };
}

export function spanCovers(outer: Ipv6Span, inner: Ipv6Span): boolean {
  return outer.first <= inner.first && inner.end <= outer.end;
}

function remembered<K, V>(known: Map<K, V>, key: K, make: (key: K) => V): V {
  const found = known.get(key);
  if (found !== undefined) return found;
  if (known.size >= REMEMBERED) known.clear();
  const made = make(key);
  known.set(key, made);
  return made;
}
