/** IPv4 addresses and prefixes as canonical text; arithmetic turns them into unsigned 32-bit numbers inside. */
import type { Branded } from "./brand.ts";
import { type Codec, mapped, u32 } from "./codec.ts";

/** Dotted quad without leading zeros, "192.0.2.1". */
export type Ipv4Address = Branded<string, "Ipv4Address">;
/** Host bits are zero, "192.0.2.0/24". */
export type Ipv4Prefix = Branded<string, "Ipv4Prefix">;

export const UNSPECIFIED_V4 = "0.0.0.0" as Ipv4Address;
export const BROADCAST_V4 = "255.255.255.255" as Ipv4Address;
export const DEFAULT_V4 = "0.0.0.0/0" as Ipv4Prefix;

/** @returns undefined for anything but four decimal octets without leading zeros */
export function parseIpv4(text: string): Ipv4Address | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  const sound = match.slice(1).every((part) => Number(part) <= 255 && String(Number(part)) === part);
  return sound ? (text as Ipv4Address) : undefined;
}

/** @param value unsigned 32-bit number */
export function ipv4Of(value: number): Ipv4Address {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}` as Ipv4Address;
}

export function ipv4Number(address: Ipv4Address): number {
  return address.split(".").reduce((sum, part) => (sum * 256 + Number(part)) >>> 0, 0);
}

/** The mask of a prefix length as a number; 0 for /0. */
export function maskNumber(prefixLength: number): number {
  return prefixLength === 0 ? 0 : (0xffffffff << (32 - prefixLength)) >>> 0;
}

/** @returns undefined when the mask is not contiguous */
export function prefixLengthOf(mask: Ipv4Address): number | undefined {
  const value = ipv4Number(mask);
  const length = Math.clz32(~value >>> 0);
  return maskNumber(length) === value ? length : undefined;
}

/** The prefix that holds the address; host bits are cleared. */
export function ipv4Prefix(address: Ipv4Address, prefixLength: number): Ipv4Prefix {
  return `${ipv4Of((ipv4Number(address) & maskNumber(prefixLength)) >>> 0)}/${prefixLength}` as Ipv4Prefix;
}

/** Parts of a prefix. */
export function splitIpv4Prefix(prefix: Ipv4Prefix): { readonly address: Ipv4Address; readonly prefixLength: number } {
  const [address = "0.0.0.0", length = "0"] = prefix.split("/");
  return { address: address as Ipv4Address, prefixLength: Number(length) };
}

/** Host bits that are set are cleared, not refused. @returns undefined when it is no prefix */
export function parseIpv4Prefix(text: string): Ipv4Prefix | undefined {
  const [left = "", right = "", more] = text.split("/");
  const address = parseIpv4(left);
  const sound = /^\d{1,2}$/.test(right) && Number(right) <= 32 && more === undefined;
  return address !== undefined && sound ? ipv4Prefix(address, Number(right)) : undefined;
}

export function ipv4Contains(prefix: Ipv4Prefix, address: Ipv4Address): boolean {
  return ipv4Prefix(address, splitIpv4Prefix(prefix).prefixLength) === prefix;
}

/** The directed broadcast address of the subnet an address lies in. */
export function broadcastOf(address: Ipv4Address, prefixLength: number): Ipv4Address {
  return ipv4Of((ipv4Number(address) | ~maskNumber(prefixLength)) >>> 0);
}

/** An address a host may hold: not 0/8, not 127/8, not multicast, reserved or broadcast. */
export function isUnicastV4(address: Ipv4Address): boolean {
  const first = ipv4Number(address) >>> 24;
  return first !== 0 && first !== 127 && first < 224;
}

export const ipv4Address: Codec<Ipv4Address> = mapped(u32, ipv4Of, ipv4Number);
