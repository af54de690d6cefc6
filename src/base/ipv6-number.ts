/** IPv6 addresses as numbers, for the few places that calculate with them: a bigint each, so not where packets pass by. */
import { fromHex, toHex } from "./hex.ts";
import { IPV6_BYTES, type Ipv6Address, type Ipv6Prefix, ipv6Bytes, ipv6Of, splitIpv6Prefix } from "./ipv6.ts";

export const IPV6_BITS = 128;

/** From the first address of a prefix to the one behind its last. */
export type Ipv6Span = { readonly first: bigint; readonly end: bigint };

export function ipv6Number(address: Ipv6Address): bigint {
  return BigInt(`0x${toHex(ipv6Bytes(address))}`);
}

export function ipv6OfNumber(number: bigint): Ipv6Address {
  const hex = number.toString(16).padStart(2 * IPV6_BYTES, "0");
  return ipv6Of(fromHex(hex) ?? new Uint8Array(IPV6_BYTES));
}

/** How many addresses a prefix of this length has. */
export function ipv6Size(prefixLength: number): bigint {
  return 1n << BigInt(IPV6_BITS - prefixLength);
}

export function ipv6Span(prefix: Ipv6Prefix): Ipv6Span {
  const { address, prefixLength } = splitIpv6Prefix(prefix);
  const first = ipv6Number(address);
  return { first, end: first + ipv6Size(prefixLength) };
}

export function spansOverlap(a: Ipv6Span, b: Ipv6Span): boolean {
  return a.first < b.end && b.first < a.end;
}
