/** Plain values of DHCPv4 options: addresses, bounded numbers, text (RFC 2132 §2). */
import { type Codec, decodeAll, mapped, u8, u16, until } from "../../base/codec.ts";
import { Reader } from "../../base/cursor.ts";
import { type DomainName, parseDomainName } from "../../base/domain.ts";
import { WireError } from "../../base/errors.ts";
import { type Ipv4Address, ipv4Address, prefixLengthOf } from "../../base/ipv4.ts";
import { LIMITS } from "../../base/limits.ts";
import { listOf, sized } from "../../base/values.ts";

const IPV4_BYTES = 4;

/** One address or more. */
export const addresses: Codec<readonly Ipv4Address[]> = listOf(ipv4Address, IPV4_BYTES, LIMITS.dhcp4ListedAddresses);

/** Any number of addresses, none included (RFC 2132 §8.13). */
export const addressesOrNone: Codec<readonly Ipv4Address[]> = sized(
  until(ipv4Address, LIMITS.dhcp4ListedAddresses),
  (bytes) => bytes % IPV4_BYTES === 0,
);

/** A subnet mask; one with holes is a `bad-value`. */
export const mask: Codec<Ipv4Address> = mapped(
  ipv4Address,
  (value, offset) => {
    if (prefixLengthOf(value) === undefined) throw new WireError("bad-value", offset);
    return value;
  },
  (value) => value,
);

export const u8s: Codec<readonly number[]> = listOf(u8, 1, 255);
export const u16s: Codec<readonly number[]> = listOf(u16, 2, 127);

/** UTF-8 of one character or more, without control characters; NULs at its end are taken off (RFC 2132 §2). */
export const text: Codec<string> = {
  decode: (reader) => {
    const offset = reader.offset;
    const bytes = withoutNuls(reader.rest());
    if (bytes.length === 0) throw new WireError("bad-length", offset);
    const value = new Reader(bytes, offset).text(bytes.length);
    if (/\p{Cc}/u.test(value)) throw new WireError("bad-value", offset);
    return value;
  },
  encode: (writer, value) => writer.text(value),
};

/** A domain name as text, as options 12 and 15 carry it. */
export const nameText: Codec<DomainName> = mapped(
  text,
  (value, offset) => {
    const name = parseDomainName(value);
    if (name === undefined) throw new WireError("bad-value", offset);
    return name;
  },
  (name) => name,
);

/** Bytes behind an 8-bit length. */
export const bytes8: Codec<Uint8Array> = {
  decode: (reader) => reader.bytes(reader.u8()),
  encode: (writer, value) => {
    writer.u8(value.length);
    writer.bytes(value);
  },
};

/** Reads a fallback form when the first form refuses the bytes: for options that are sent in two ways. */
export function either<A, B>(first: Codec<A>, fallback: (bytes: Uint8Array, offset: number) => B): (reader: Reader) => A | B {
  return (reader) => {
    const offset = reader.offset;
    const bytes = reader.rest();
    try {
      return decodeAll(first, bytes);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      return fallback(bytes, offset);
    }
  };
}

function withoutNuls(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.findLastIndex((byte) => byte !== 0) + 1);
}
