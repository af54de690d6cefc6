/** IPv6 addresses and prefixes as canonical text (RFC 5952); arithmetic turns them into sixteen bytes inside. */
import type { Branded } from "./brand.ts";
import { type Codec, mapped } from "./codec.ts";
import { ipv4Number, parseIpv4 } from "./ipv4.ts";

/** Lowercase, the longest run of zeros shortened, "2001:db8::1"; without a zone. */
export type Ipv6Address = Branded<string, "Ipv6Address">;
/** Host bits are zero, "2001:db8:1200::/56". */
export type Ipv6Prefix = Branded<string, "Ipv6Prefix">;

export const IPV6_BYTES = 16;
export const UNSPECIFIED_V6 = "::" as Ipv6Address;
export const LOOPBACK_V6 = "::1" as Ipv6Address;
export const DEFAULT_V6 = "::/0" as Ipv6Prefix;

/** Any form of RFC 4291 §2.2, no zone. @returns the canonical text, or undefined when it is no address */
export function parseIpv6(text: string): Ipv6Address | undefined {
  const groups = groupsOf(text);
  return groups === undefined ? undefined : textOf(groups);
}

/** @param bytes exactly sixteen */
export function ipv6Of(bytes: Uint8Array): Ipv6Address {
  if (bytes.length !== IPV6_BYTES) throw new RangeError("an IPv6 address is sixteen bytes");
  return textOf(Array.from({ length: 8 }, (_, i) => (byteAt(bytes, 2 * i) << 8) | byteAt(bytes, 2 * i + 1)));
}

export function ipv6Bytes(address: Ipv6Address): Uint8Array {
  return Uint8Array.from((groupsOf(address) ?? []).flatMap((group) => [group >>> 8, group & 255]));
}

/** The prefix that holds the address; host bits are cleared. */
export function ipv6Prefix(address: Ipv6Address, prefixLength: number): Ipv6Prefix {
  return `${ipv6Of(cleared(ipv6Bytes(address), prefixLength))}/${prefixLength}` as Ipv6Prefix;
}

/** Parts of a prefix. */
export function splitIpv6Prefix(prefix: Ipv6Prefix): { readonly address: Ipv6Address; readonly prefixLength: number } {
  const [address = "::", length = "0"] = prefix.split("/");
  return { address: address as Ipv6Address, prefixLength: Number(length) };
}

/** Host bits that are set are cleared, not refused. @returns undefined when it is no prefix */
export function parseIpv6Prefix(text: string): Ipv6Prefix | undefined {
  const [left = "", right = "", more] = text.split("/");
  const address = parseIpv6(left);
  const sound = /^\d{1,3}$/.test(right) && Number(right) <= 128 && more === undefined;
  return address !== undefined && sound ? ipv6Prefix(address, Number(right)) : undefined;
}

export function ipv6Contains(prefix: Ipv6Prefix, address: Ipv6Address): boolean {
  return ipv6Prefix(address, splitIpv6Prefix(prefix).prefixLength) === prefix;
}

/** Whether every address of `inner` lies in `outer`; a prefix covers itself. */
export function ipv6Covers(outer: Ipv6Prefix, inner: Ipv6Prefix): boolean {
  const { address, prefixLength } = splitIpv6Prefix(inner);
  return prefixLength >= splitIpv6Prefix(outer).prefixLength && ipv6Contains(outer, address);
}

/** fe80::/10 (RFC 4291 §2.5.6). */
export function isLinkLocalV6(address: Ipv6Address): boolean {
  return ipv6Contains("fe80::/10" as Ipv6Prefix, address);
}

/** ff00::/8 (RFC 4291 §2.7). */
export function isMulticastV6(address: Ipv6Address): boolean {
  return ipv6Contains("ff00::/8" as Ipv6Prefix, address);
}

/** fc00::/7 (RFC 4193 §3.1). */
export function isUniqueLocal(address: Ipv6Address): boolean {
  return ipv6Contains("fc00::/7" as Ipv6Prefix, address);
}

/** An address a host may hold and others may reach from beyond the link: not unspecified, loopback, link-local or multicast. */
export function isRoutableV6(address: Ipv6Address): boolean {
  return address !== UNSPECIFIED_V6 && address !== LOOPBACK_V6 && !isLinkLocalV6(address) && !isMulticastV6(address);
}

/** Of unspecified, loopback, mapped and translated IPv4 addresses (RFC 4291 §2.4, RFC 6052 §2.1): nobody is given one of these. */
const RESERVED = "::/8" as Ipv6Prefix;
/** Of the reserved ones those that lead through a translator (RFC 6052 §2.1). */
const TRANSLATED = "64:ff9b::/96" as Ipv6Prefix;
/** A delegated prefix is never shorter: half the Internet is nobody's, and is not routed into the void. */
export const SHORTEST_DELEGATION = 16;

/** An address that a server may give. */
export function isAssignableV6(address: Ipv6Address): boolean {
  return isRoutableV6(address) && !ipv6Contains(RESERVED, address);
}

/** A prefix that a server may give. */
export function isDelegableV6(prefix: Ipv6Prefix): boolean {
  const { address, prefixLength } = splitIpv6Prefix(prefix);
  return prefixLength >= SHORTEST_DELEGATION && isAssignableV6(address);
}

/** A resolver's address that a server may name: a host of the link may answer, and so may one behind a translator. */
export function mayAnswerV6(address: Ipv6Address): boolean {
  return !isMulticastV6(address) && (!ipv6Contains(RESERVED, address) || ipv6Contains(TRANSLATED, address));
}

export const ipv6Address: Codec<Ipv6Address> = mapped(
  { decode: (reader) => reader.view(IPV6_BYTES), encode: (writer, value: Uint8Array) => writer.bytes(value) },
  ipv6Of,
  ipv6Bytes,
);

function byteAt(bytes: Uint8Array, i: number): number {
  return bytes[i] ?? 0;
}

function cleared(bytes: Uint8Array, prefixLength: number): Uint8Array {
  return bytes.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, prefixLength - 8 * i))));
}

/** Eight 16-bit groups, or undefined. */
function groupsOf(text: string): readonly number[] | undefined {
  const [left = "", right, more] = text.split("::");
  if (more !== undefined) return undefined;
  const head = partsOf(left, right === undefined);
  const tail = right === undefined ? [] : partsOf(right, true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (right === undefined ? missing !== 0 : missing < 1) return undefined;
  return [...head, ...new Array<number>(missing).fill(0), ...tail];
}

/** The groups between colons; only the last part of an address may be a dotted quad. */
function partsOf(text: string, isEnd: boolean): readonly number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
      continue;
    }
    const quad = isEnd && i === parts.length - 1 ? parseIpv4(part) : undefined;
    if (quad === undefined) return undefined;
    groups.push(ipv4Number(quad) >>> 16, ipv4Number(quad) & 0xffff);
  }
  return groups;
}

/** RFC 5952 §4; IPv4-mapped addresses end in a dotted quad (§5). */
function textOf(groups: readonly number[]): Ipv6Address {
  const [, , , , , mark = 0, high = 0, low = 0] = groups;
  if (mark === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
    return `::ffff:${high >>> 8}.${high & 255}.${low >>> 8}.${low & 255}` as Ipv6Address;
  }
  const run = longestZeros(groups);
  const hex = groups.map((group) => group.toString(16));
  if (run.length < 2) return hex.join(":") as Ipv6Address;
  return `${hex.slice(0, run.start).join(":")}::${hex.slice(run.start + run.length).join(":")}` as Ipv6Address;
}

/** The first of the longest runs (RFC 5952 §4.2.3). */
function longestZeros(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [i, group] of groups.entries()) {
    if (group !== 0) start = i + 1;
    else if (i + 1 - start > best.length) best = { start, length: i + 1 - start };
  }
  return best;
}
