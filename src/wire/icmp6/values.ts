/** Values of neighbour discovery options. Lengths count in eights of octets, so that bodies have 6, 14, 22 ... of them. */
import { type Codec, u8 } from "../../base/codec.ts";
import { Reader, type Writer } from "../../base/cursor.ts";
import { type DomainName, domainName } from "../../base/domain.ts";
import { WireError } from "../../base/errors.ts";
import { IPV6_BYTES, type Ipv6Address, type Ipv6Prefix, ipv6Address, ipv6Bytes, ipv6Of, ipv6Prefix, splitIpv6Prefix } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";

import { sized } from "../../base/values.ts";
export type PrefixInformation = {
  readonly prefix: Ipv6Prefix;
  /** L: addresses in it are on the link. */
  readonly onLink: boolean;
  /** A: hosts may make addresses in it. */
  readonly autonomous: boolean;
  /** P: hosts should ask for a prefix of their own by DHCPv6 (RFC 9762 §4). */
  readonly prefersDelegation: boolean;
  readonly validSeconds: number;
  readonly preferredSeconds: number;
};
/** RFC 4191 §2.1. */
export type Preference = "high" | "medium" | "low";
export type RouteInformation = { readonly prefix: Ipv6Prefix; readonly preference: Preference; readonly lifetimeSeconds: number };
export type Resolvers = { readonly lifetimeSeconds: number; readonly addresses: readonly Ipv6Address[] };
export type SearchList = { readonly lifetimeSeconds: number; readonly names: readonly DomainName[] };
/** RFC 8781 §4: the length is 32, 40, 48, 56, 64 or 96, the lifetime a multiple of eight up to 65,528. */
export type Nat64Prefix = { readonly prefix: Ipv6Prefix; readonly lifetimeSeconds: number };

const PREFIX_BITS = 128;
const ON_LINK = 0x80;
const AUTONOMOUS = 0x40;
const PREFERS_DELEGATION = 0x10;

function prefixBits(reader: Reader): number {
  const offset = reader.offset;
  const value = u8.decode(reader);
  if (value > PREFIX_BITS) throw new WireError("bad-value", offset);
  return value;
}

/** Bits behind the length are for the reader to ignore (RFC 4861 §4.6.2); they are cleared here. */
export const prefixInformation: Codec<PrefixInformation> = {
  decode: (reader) => {
    const prefixLength = prefixBits(reader);
    const flags = reader.u8();
    const validSeconds = reader.u32();
    const preferredSeconds = reader.u32();
    reader.skip(4);
    const prefix = ipv6Prefix(ipv6Address.decode(reader), prefixLength);
    const onLink = (flags & ON_LINK) !== 0;
    return {
      prefix,
      onLink,
      autonomous: (flags & AUTONOMOUS) !== 0,
      prefersDelegation: (flags & PREFERS_DELEGATION) !== 0,
      validSeconds,
      preferredSeconds,
    };
  },
  encode: (writer, value) => {
    const { address, prefixLength } = splitIpv6Prefix(value.prefix);
    writer.u8(prefixLength);
    writer.u8((value.onLink ? ON_LINK : 0) | (value.autonomous ? AUTONOMOUS : 0) | (value.prefersDelegation ? PREFERS_DELEGATION : 0));
    writer.u32(value.validSeconds);
    writer.u32(value.preferredSeconds);
    writer.zeros(4);
    ipv6Address.encode(writer, address);
  },
};

/** A number behind two reserved octets. */
export const mtu: Codec<number> = {
  decode: (reader) => {
    reader.skip(2);
    return reader.u32();
  },
  encode: (writer, value) => {
    writer.zeros(2);
    writer.u32(value);
  },
};

/** Two bits of a byte at `shift`. @returns undefined for the reserved value */
export function preferenceOf(byte: number): Preference | undefined {
  return ([undefined, "high", "medium", "low"] as const)[[2, 1, 0, 3][(byte >>> 3) & 3] ?? 0];
}

export function preferenceBits(preference: Preference): number {
  return { high: 1, medium: 0, low: 3 }[preference] << 3;
}

/** The prefix takes no, eight or sixteen octets. A reserved preference makes the option one to ignore (RFC 4191 §2.3). */
export const routeInformation: Codec<RouteInformation> = {
  decode: (reader) => {
    const offset = reader.offset;
    const prefixLength = prefixBits(reader);
    const preference = preferenceOf(reader.u8());
    if (preference === undefined) throw new WireError("bad-value", offset);
    const lifetimeSeconds = reader.u32();
    const bytes = reader.rest();
    if (bytes.length > IPV6_BYTES || bytes.length % 8 !== 0 || bytes.length * 8 < prefixLength) throw new WireError("bad-length", offset);
    const octets = new Uint8Array(IPV6_BYTES);
    octets.set(bytes);
    return { prefix: ipv6Prefix(ipv6Of(octets), prefixLength), preference, lifetimeSeconds };
  },
  encode: (writer, value) => {
    const { address, prefixLength } = splitIpv6Prefix(value.prefix);
    writer.u8(prefixLength);
    writer.u8(preferenceBits(value.preference));
    writer.u32(value.lifetimeSeconds);
    writer.bytes(ipv6Bytes(address).subarray(0, 8 * Math.ceil(prefixLength / 64)));
  },
};

/** Two reserved octets, a lifetime, one address or more (RFC 8106 §5.1). */
export const resolvers: Codec<Resolvers> = sized<Resolvers>(
  {
    decode: (reader) => {
      reader.skip(2);
      const lifetimeSeconds = reader.u32();
      const addresses: Ipv6Address[] = [];
      while (reader.remaining > 0) {
        if (addresses.length >= LIMITS.addressesPerOption) throw new WireError("too-many", reader.offset);
        addresses.push(ipv6Address.decode(reader));
      }
      return { lifetimeSeconds, addresses };
    },
    encode: (writer, value) => {
      writer.zeros(2);
      writer.u32(value.lifetimeSeconds);
      for (const address of value.addresses) ipv6Address.encode(writer, address);
    },
  },
  (bytes) => bytes >= 6 + IPV6_BYTES && (bytes - 6) % IPV6_BYTES === 0,
);

/** Two reserved octets, a lifetime, one name or more without compression, zeros up to a multiple of eight (RFC 8106 §5.2). */
export const searchList: Codec<SearchList> = {
  decode: (reader) => {
    const start = reader.offset;
    reader.skip(2);
    const lifetimeSeconds = reader.u32();
    const base = reader.offset;
    const area = reader.rest();
    const cursor = new Reader(area, base);
    const names: DomainName[] = [];
    while (area.subarray(area.length - cursor.remaining).some((byte) => byte !== 0)) {
      if (names.length >= LIMITS.searchDomains) throw new WireError("too-many", cursor.offset);
      names.push(domainName.decode(cursor));
    }
    if (names.length === 0) throw new WireError("bad-length", start);
    return { lifetimeSeconds, names };
  },
  encode: (writer, value) => {
    const start = writer.length;
    writer.zeros(2);
    writer.u32(value.lifetimeSeconds);
    for (const name of value.names) domainName.encode(writer, name);
    padded(writer, start);
  },
};

/** UTF-8 without control characters, NULs up to a multiple of eight (RFC 8910 §2.3). */
export const uri: Codec<string> = {
  decode: (reader) => {
    const offset = reader.offset;
    const bytes = reader.rest();
    const length = bytes.findLastIndex((byte) => byte !== 0) + 1;
    const text = new Reader(bytes, offset).text(length);
    if (text === "" || /[\p{Cc}\ufeff]/u.test(text)) throw new WireError("bad-value", offset);
    return text;
  },
  encode: (writer, value) => {
    const start = writer.length;
    writer.text(value);
    padded(writer, start);
  },
};

/** Prefix lengths by their code (RFC 8781 §4). */
const NAT64_BITS: readonly number[] = [96, 64, 56, 48, 40, 32];
const NAT64_BYTES = 12;
const SCALE_SECONDS = 8;
const SCALED_MAX = 0x1fff;

export const nat64Prefix: Codec<Nat64Prefix> = {
  decode: (reader) => {
    const offset = reader.offset;
    const field = reader.u16();
    const prefixLength = NAT64_BITS[field & 7];
    if (prefixLength === undefined) throw new WireError("bad-value", offset);
    const octets = new Uint8Array(IPV6_BYTES);
    octets.set(reader.view(NAT64_BYTES));
    return { prefix: ipv6Prefix(ipv6Of(octets), prefixLength), lifetimeSeconds: (field >>> 3) * SCALE_SECONDS };
  },
  encode: (writer, value) => {
    const { address, prefixLength } = splitIpv6Prefix(value.prefix);
    const code = NAT64_BITS.indexOf(prefixLength);
    const scaled = Math.min(SCALED_MAX, Math.ceil(value.lifetimeSeconds / SCALE_SECONDS));
    writer.u16((scaled << 3) | Math.max(0, code));
    writer.bytes(ipv6Bytes(address).subarray(0, NAT64_BYTES));
  },
};

/** Zeros up to where the option, with its type and length, has a multiple of eight octets. */
export function padded(writer: Writer, start: number): void {
  writer.zeros((8 - ((writer.length - start + 2) % 8)) % 8);
}
