/** Plain values of DHCPv6 options: addresses, prefixes, names, text, numbers with bounds (RFC 9915 §10, §21). */
import { type Codec, u8, u16, until } from "../../base/codec.ts";
import { type DomainName, domainName } from "../../base/domain.ts";
import { WireError } from "../../base/errors.ts";
import { IPV6_BYTES, type Ipv6Address, type Ipv6Prefix, ipv6Address, ipv6Bytes, ipv6Of, ipv6Prefix, splitIpv6Prefix } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import { bounded, listOf, sized } from "../../base/values.ts";
import { lengthFirst } from "./set.ts";

const PREFIX_BITS = 128;

/** One address or more. */
export const addresses: Codec<readonly Ipv6Address[]> = listOf(ipv6Address, IPV6_BYTES, LIMITS.addressesPerOption);

/** Any number of addresses, none included (RFC 7341 §7.2). */
export const addressesOrNone: Codec<readonly Ipv6Address[]> = sized(
  until(ipv6Address, LIMITS.addressesPerOption),
  (bytes) => bytes % IPV6_BYTES === 0,
);

/** One name or more, uncompressed (RFC 9915 §10). */
export const domainNames: Codec<readonly DomainName[]> = sized(until(domainName, LIMITS.searchDomains), (bytes) => bytes > 0);

/** Option codes, none included; twice the same is left to the reader. */
export const optionCodes: Codec<readonly number[]> = sized(until(u16, LIMITS.dhcp6Options), (bytes) => bytes % 2 === 0);

/** A prefix length and sixteen octets; bits behind the length are cleared, a length above 128 is a `bad-value`. */
export const fixedPrefix: Codec<Ipv6Prefix> = {
  decode: (reader) => {
    const prefixLength = prefixBits.decode(reader);
    return ipv6Prefix(ipv6Address.decode(reader), prefixLength);
  },
  encode: (writer, prefix) => {
    const { address, prefixLength } = splitIpv6Prefix(prefix);
    writer.u8(prefixLength);
    ipv6Address.encode(writer, address);
  },
};

/** A prefix length and only the octets that it covers (RFC 7598 §4). */
export const shortPrefix: Codec<Ipv6Prefix> = {
  decode: (reader) => {
    const prefixLength = prefixBits.decode(reader);
    const octets = new Uint8Array(IPV6_BYTES);
    octets.set(reader.view(Math.ceil(prefixLength / 8)));
    return ipv6Prefix(ipv6Of(octets), prefixLength);
  },
  encode: (writer, prefix) => {
    const { address, prefixLength } = splitIpv6Prefix(prefix);
    writer.u8(prefixLength);
    writer.bytes(ipv6Bytes(address).subarray(0, Math.ceil(prefixLength / 8)));
  },
};

export const prefixBits: Codec<number> = bounded(u8, 0, PREFIX_BITS);

/** UTF-8 of one character or more, without control characters. A NUL at its end is one: RFC 9915 does not end text with NULs. */
export const text: Codec<string> = {
  decode: (reader) => {
    const offset = reader.offset;
    if (reader.remaining === 0) throw new WireError("bad-length", offset);
    const value = reader.text(reader.remaining);
    if (value === "" || /[\p{Cc}\ufeff]/u.test(value)) throw new WireError("bad-value", offset);
    return value;
  },
  encode: (writer, value) => writer.text(value),
};

/** Bytes behind a 16-bit length. */
export const bytes16: Codec<Uint8Array> = {
  decode: (reader) => reader.bytes(reader.u16()),
  encode: (writer, value) => lengthFirst(writer, () => writer.bytes(value)),
};
