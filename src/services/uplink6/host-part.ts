/**
 * Our own address in a subnet: which host part it gets, and which one is next where another host has it already (RFC 4862 §5.4). A
 * host part has at most 64 bits of its own making, so that it lies in the first /64 of a larger piece; what the operator wrote may
 * have all that the prefix leaves.
 */
import { type Ipv6Address, type Ipv6Prefix, ipv6Bytes, splitIpv6Prefix } from "../../base/ipv6.ts";
import { ipv6Number, ipv6OfNumber, ipv6Size } from "../../base/ipv6-number.ts";
import { LIMITS } from "../../base/limits.ts";
import { type MacAddress, macBytes, ZERO_MAC } from "../../base/mac.ts";
import type { KeyedHash } from "../../ports/secrets.ts";
import type { LinkFact } from "../links.ts";
import { isReservedIdentifier } from "../reserved-identifier.ts";
import type { HostPart } from "./config.ts";

/** An address of ours that is looked for, or that was found. */
type Place = { readonly name: string; readonly subnet: Ipv6Prefix };
type Own = Place & { readonly address: Ipv6Address };

/** How many addresses of ours other hosts turned out to have, by interface and subnet. */
export type Duplicates = ReadonlyMap<string, number>;
/** What host parts are made of. */
export type HostParts = {
  readonly links: readonly Pick<LinkFact, "name" | "mac">[];
  /** Keyed with the secret of this machine (RFC 7217 §5); undefined until it is known. */
  readonly hash: KeyedHash | undefined;
  readonly duplicates: Duplicates;
};
export const FIXED_HOST_PARTS: HostParts = { links: [], hash: undefined, duplicates: new Map() };

/** Why an address is not made as the operator said. */
export type Instead =
  | "no-hardware-address" // EUI-64 of an interface without one
  | "prefix-too-long" // EUI-64 needs 64 bits
  | "reserved-identifier" // it would be that of all routers, or one of IANA's (RFC 5453 §3)
  | "duplicate"; // another host has the address
export type Chosen =
  | { readonly kind: "address"; readonly address: Ipv6Address; readonly instead: Instead | undefined }
  /** EUI-64 of an interface that is not there; the secret is not known yet; other hosts have all that were tried. */
  | { readonly kind: "none"; readonly why: "no-interface" | "no-secret" | "duplicates" };

const IDENTIFIER_BITS = 64;
const IDENTIFIER_MASK = (1n << 64n) - 1n;
/** Numbers looked at for one that may be used: of a prefix with few bits many are alike. */
const DRAWS = 64;

export function hostAddress(hostPart: HostPart, place: Place, { links, hash, duplicates }: HostParts): Chosen {
  const tried = duplicates.get(keyOf(place)) ?? 0;
  if (tried >= LIMITS.hostPartTries) return { kind: "none", why: "duplicates" };
  if (hostPart !== "eui64" && hostPart !== "stable") return fixedAddress(ipv6Number(hostPart), place, tried);
  if (hostPart === "stable") return stableAddress({ place, hash, tried, instead: tried > 0 ? "duplicate" : undefined });
  const link = links.find(({ name }) => name === place.name);
  if (link === undefined) return { kind: "none", why: "no-interface" };
  const made = eui64Address(link.mac, place.subnet);
  if (typeof made === "object") return stableAddress({ place, hash, tried, instead: made.instead });
  if (tried === 0) return { kind: "address", address: made, instead: undefined };
  return stableAddress({ place, hash, tried: tried - 1, instead: "duplicate" });
}

/**
 * One more duplicate, if the address is one of ours.
 * @param own those that are in use now
 * @param taken what the kernel said of: another host has it
 */
export function withDuplicate(duplicates: Duplicates, own: readonly Own[], taken: Pick<Own, "name" | "address">): Duplicates {
  const place = own.find(({ name, address }) => name === taken.name && address === taken.address);
  if (place === undefined) return duplicates;
  const key = keyOf(place);
  const kept = [...duplicates].filter(([other]) => other !== key).slice(1 - LIMITS.plannedAddresses);
  return new Map([...kept, [key, (duplicates.get(key) ?? 0) + 1]]);
}

/** A link that was away may have other hosts now: what was tried there is tried again. */
export function withoutDuplicates(duplicates: Duplicates, name: string): Duplicates {
  return new Map([...duplicates].filter(([key]) => !key.startsWith(`${name} `)));
}

/** The host part fills what the prefix leaves, and nothing else; the next one is the next number. A /128 has no bits left at all. */
function fixedAddress(wanted: bigint, { subnet }: Place, tried: number): Chosen {
  const room = ipv6Size(splitIpv6Prefix(subnet).prefixLength);
  const picked = pick(subnet, tried, (draw) => (wanted + BigInt(draw)) % room, isRoutersAnycast);
  if (picked === undefined) return { kind: "none", why: "duplicates" };
  const instead = tried > 0 ? "duplicate" : picked.number === wanted % room ? undefined : "reserved-identifier";
  return { kind: "address", address: picked.address, instead };
}

type Stable = { readonly place: Place; readonly hash: KeyedHash | undefined; readonly tried: number; readonly instead: Instead | undefined };

/** RFC 7217 §5: the same as long as prefix, interface and secret are the same, and nobody recognises it elsewhere. */
function stableAddress({ place, hash, tried, instead }: Stable): Chosen {
  if (hash === undefined) return { kind: "none", why: "no-secret" };
  const { prefixLength } = splitIpv6Prefix(place.subnet);
  const mask = smaller(ipv6Size(prefixLength) - 1n, IDENTIFIER_MASK);
  const reserved = (address: Ipv6Address, length: number): boolean =>
    isRoutersAnycast(address, length) || (length <= IDENTIFIER_BITS && isReservedIdentifier(ipv6Bytes(address), 0));
  const picked = pick(place.subnet, tried, (draw) => identifier(hash, place, draw) & mask, reserved);
  return picked === undefined ? { kind: "none", why: "duplicates" } : { kind: "address", address: picked.address, instead };
}

/** F(prefix, interface, network, counter, secret) of RFC 7217 §5. Wired links have no name of a network. */
function identifier(hash: KeyedHash, { name, subnet }: Place, counter: number): bigint {
  const { address, prefixLength } = splitIpv6Prefix(subnet);
  const text = new TextEncoder().encode(name);
  const message = Uint8Array.of(...ipv6Bytes(address), prefixLength, text.length, ...text, 0, counter);
  const low = hash.hash(message, 0, message.length);
  return (BigInt(hash.high) << 32n) | BigInt(low);
}

/** Modified EUI-64 (RFC 4291 appendix A), or why there is none. */
function eui64Address(mac: MacAddress | undefined, subnet: Ipv6Prefix): Ipv6Address | { readonly instead: Instead } {
  const { address, prefixLength } = splitIpv6Prefix(subnet);
  if (prefixLength > IDENTIFIER_BITS) return { instead: "prefix-too-long" };
  if (mac === undefined || mac === ZERO_MAC) return { instead: "no-hardware-address" };
  const [first = 0, second = 0, third = 0, ...last] = macBytes(mac);
  const octets = [first ^ 2, second, third, 0xff, 0xfe, ...last];
  const made = octets.reduce((number, octet) => (number << 8n) | BigInt(octet), 0n);
  const whole = ipv6OfNumber(ipv6Number(address) | made);
  return isReservedIdentifier(ipv6Bytes(whole), 0) ? { instead: "reserved-identifier" } : whole;
}

/** The number behind `tried` others that may be used, no two alike. */
function pick(
  subnet: Ipv6Prefix,
  tried: number,
  drawn: (draw: number) => bigint,
  isReserved: (address: Ipv6Address, prefixLength: number) => boolean,
): { readonly number: bigint; readonly address: Ipv6Address } | undefined {
  const { address: base, prefixLength } = splitIpv6Prefix(subnet);
  const first = ipv6Number(base);
  const passed = new Set<bigint>();
  for (let draw = 0; draw < DRAWS; draw++) {
    const number = drawn(draw);
    const address = ipv6OfNumber(first | number);
    if (passed.has(number) || isReserved(address, prefixLength)) continue;
    if (passed.size === tried) return { number, address };
    passed.add(number);
  }
  return undefined;
}

/** Of all routers of a subnet (RFC 4291 §2.6.1); one of 127 bits has none (RFC 6164 §5), and of one of 128 bits it is all there is. */
function isRoutersAnycast(address: Ipv6Address, prefixLength: number): boolean {
  if (prefixLength > 126) return false;
  return ipv6Number(address) % ipv6Size(Math.max(prefixLength, IDENTIFIER_BITS)) === 0n;
}

function keyOf({ name, subnet }: Place): string {
  return `${name} ${subnet}`;
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
