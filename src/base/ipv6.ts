/** IPv6 addresses and prefixes as canonical text (RFC 5952); arithmetic turns them into sixteen bytes inside. */
import type { Branded } from "./brand.ts";
import { type Codec, mapped } from "./codec.ts";
import { digitOf } from "./hex.ts";
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
  const bytes = bytesOf(text);
  return bytes === undefined ? undefined : textOf(bytes);
}

/** @param bytes exactly sixteen */
export function ipv6Of(bytes: Uint8Array): Ipv6Address {
  if (bytes.length !== IPV6_BYTES) throw new RangeError("an IPv6 address is sixteen bytes");
  return textOf(bytes);
}

export function ipv6Bytes(address: Ipv6Address): Uint8Array {
  return bytesOf(address) ?? new Uint8Array(IPV6_BYTES);
}

/** The prefix that holds the address; host bits are cleared. */
export function ipv6Prefix(address: Ipv6Address, prefixLength: number): Ipv6Prefix {
  return `${ipv6Of(cleared(ipv6Bytes(address), prefixLength))}/${prefixLength}` as Ipv6Prefix;
}

/** Parts of a prefix. */
export function splitIpv6Prefix(prefix: Ipv6Prefix): { readonly address: Ipv6Address; readonly prefixLength: number } {
  const slash = prefix.indexOf("/");
  return { address: prefix.slice(0, slash) as Ipv6Address, prefixLength: Number(prefix.slice(slash + 1)) };
}

/** Host bits that are set are cleared, not refused. @returns undefined when it is no prefix */
export function parseIpv6Prefix(text: string): Ipv6Prefix | undefined {
  const [left = "", right = "", more] = text.split("/");
  const address = parseIpv6(left);
  const sound = /^\d{1,3}$/.test(right) && Number(right) <= 128 && more === undefined;
  return address !== undefined && sound ? ipv6Prefix(address, Number(right)) : undefined;
}

export function ipv6Contains(prefix: Ipv6Prefix, address: Ipv6Address): boolean {
  const { address: first, prefixLength } = splitIpv6Prefix(prefix);
  const [held, asked] = [ipv6Bytes(first), ipv6Bytes(address)];
  for (let i = 0; i < IPV6_BYTES; i++) if ((byteAt(asked, i) & maskOf(prefixLength, i)) !== held[i]) return false;
  return true;
}

/** Whether every address of `inner` lies in `outer`; a prefix covers itself. */
export function ipv6Covers(outer: Ipv6Prefix, inner: Ipv6Prefix): boolean {
  const { address, prefixLength } = splitIpv6Prefix(inner);
  return prefixLength >= splitIpv6Prefix(outer).prefixLength && ipv6Contains(outer, address);
}

/** fe80::/10 (RFC 4291 §2.5.6). */
export function isLinkLocalV6(address: Ipv6Address): boolean {
  return (firstGroup(address) & 0xffc0) === 0xfe80;
}

/** ff00::/8 (RFC 4291 §2.7). */
export function isMulticastV6(address: Ipv6Address): boolean {
  return firstGroup(address) >>> 8 === 0xff;
}

/** fc00::/7 (RFC 4193 §3.1). */
export function isUniqueLocal(address: Ipv6Address): boolean {
  return (firstGroup(address) & 0xfe00) === 0xfc00;
}

/** An address a host may hold and others may reach from beyond the link: not unspecified, loopback, link-local or multicast. */
export function isRoutableV6(address: Ipv6Address): boolean {
  return address !== UNSPECIFIED_V6 && address !== LOOPBACK_V6 && !isLinkLocalV6(address) && !isMulticastV6(address);
}

/** ::/8: unspecified, loopback, mapped and translated IPv4 addresses (RFC 4291 §2.4, RFC 6052 §2.1). Nobody is given one of these. */
function isReserved(address: Ipv6Address): boolean {
  return firstGroup(address) >>> 8 === 0;
}

/** Of the reserved ones those that lead through a translator (RFC 6052 §2.1). */
const TRANSLATED = "64:ff9b::/96" as Ipv6Prefix;
/** A delegated prefix is never shorter: half the Internet is nobody's, and is not routed into the void. */
export const SHORTEST_DELEGATION = 16;

/** An address that a server may give. */
export function isAssignableV6(address: Ipv6Address): boolean {
  return isRoutableV6(address) && !isReserved(address);
}

/** A prefix that a server may give. */
export function isDelegableV6(prefix: Ipv6Prefix): boolean {
  const { address, prefixLength } = splitIpv6Prefix(prefix);
  return prefixLength >= SHORTEST_DELEGATION && isAssignableV6(address);
}

/** A resolver's address that a server may name: a host of the link may answer, and so may one behind a translator. */
export function mayAnswerV6(address: Ipv6Address): boolean {
  return !isMulticastV6(address) && (!isReserved(address) || ipv6Contains(TRANSLATED, address));
}

export const ipv6Address: Codec<Ipv6Address> = mapped(
  { decode: (reader) => reader.view(IPV6_BYTES), encode: (writer, value: Uint8Array) => writer.bytes(value) },
  ipv6Of,
  ipv6Bytes,
);

function byteAt(bytes: Uint8Array, i: number): number {
  return bytes[i] ?? 0;
}

/** Of a canonical text: parsing stops at its first colon, and a text that begins with one has zeros there. */
function firstGroup(address: Ipv6Address): number {
  return address.startsWith(":") ? 0 : Number.parseInt(address, 16);
}

/** Of byte `i`. */
function maskOf(prefixLength: number, i: number): number {
  return (0xff00 >> Math.min(8, Math.max(0, prefixLength - 8 * i))) & 0xff;
}

/** @param bytes changed, and returned */
function cleared(bytes: Uint8Array, prefixLength: number): Uint8Array {
  for (let i = prefixLength >>> 3; i < IPV6_BYTES; i++) bytes[i] = byteAt(bytes, i) & maskOf(prefixLength, i);
  return bytes;
}

/*
 * Text to bytes and back, a character and a byte at a time: clients run without a compiler, and splitting and joining took four times
 * as long there (4.3 and 2.4 us an address).
 */

/** Any form of RFC 4291 §2.2, no zone; undefined when it is no address. */
function bytesOf(text: string): Uint8Array | undefined {
  const plain = text.includes(".") ? withoutQuad(text) : text;
  if (plain === undefined) return undefined;
  const bytes = new Uint8Array(IPV6_BYTES);
  const gap = plain.indexOf("::");
  if (gap < 0) return fill(bytes, 0, plain) === IPV6_BYTES ? bytes : undefined;
  if (plain.indexOf("::", gap + 1) >= 0) return undefined;
  const head = gap === 0 ? 0 : fill(bytes, 0, plain.slice(0, gap));
  const end = head === undefined || gap + 2 === plain.length ? head : fill(bytes, head, plain.slice(gap + 2));
  if (head === undefined || end === undefined || end === IPV6_BYTES) return undefined;
  bytes.copyWithin(IPV6_BYTES - (end - head), head, end);
  return bytes.fill(0, head, IPV6_BYTES - (end - head));
}

/** The dotted quad at the end as two groups. */
function withoutQuad(text: string): string | undefined {
  const start = text.lastIndexOf(":") + 1;
  const quad = parseIpv4(text.slice(start));
  if (quad === undefined || start === 0) return undefined;
  return `${text.slice(0, start)}${(ipv4Number(quad) >>> 16).toString(16)}:${(ipv4Number(quad) & 0xffff).toString(16)}`;
}

const COLON = 58;

/** Groups between single colons. @returns where the next byte goes, or undefined when these are no groups or too many */
function fill(bytes: Uint8Array, from: number, text: string): number | undefined {
  let at = from;
  let group = 0;
  let digits = 0;
  for (let i = 0; i <= text.length; i++) {
    const code = i === text.length ? COLON : text.charCodeAt(i);
    if (code === COLON) {
      if (digits === 0 || digits > 4 || at === IPV6_BYTES) return undefined;
      bytes[at++] = group >>> 8;
      bytes[at++] = group & 255;
      group = 0;
      digits = 0;
      continue;
    }
    const digit = digitOf(code);
    if (digit === undefined) return undefined;
    group = ((group << 4) | digit) & 0xffff;
    digits++;
  }
  return at;
}

/** RFC 5952 §4; IPv4-mapped addresses end in a dotted quad (§5). */
function textOf(bytes: Uint8Array): Ipv6Address {
  const { start, end } = longestZeros(bytes);
  if (start === 0 && end === 10 && bytes[10] === 0xff && bytes[11] === 0xff) return `::ffff:${bytes.subarray(12).join(".")}` as Ipv6Address;
  let text = "";
  for (let i = 0; i < IPV6_BYTES; i += 2) {
    if (i === start) {
      text += "::";
      i = end - 2;
      continue;
    }
    if (i > 0 && i !== end) text += ":";
    text += ((byteAt(bytes, i) << 8) | byteAt(bytes, i + 1)).toString(16);
  }
  return text as Ipv6Address;
}

/** The first of the longest runs of more than one zero group, as places of bytes (RFC 5952 §4.2.3); -1 and 0 when there is none. */
function longestZeros(bytes: Uint8Array): { readonly start: number; readonly end: number } {
  let best = { start: -1, end: 0 };
  let least = 4;
  let start = 0;
  for (let i = 0; i < IPV6_BYTES; i += 2) {
    if (bytes[i] !== 0 || bytes[i + 1] !== 0) start = i + 2;
    else if (i + 2 - start >= least) {
      best = { start, end: i + 2 };
      least = i + 4 - start;
    }
  }
  return best;
}
