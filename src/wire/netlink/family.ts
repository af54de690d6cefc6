/** What addresses, routes and neighbours of both IP families share. */
import type { Codec } from "../../base/codec.ts";
import type { Writer } from "../../base/cursor.ts";
import { WireError } from "../../base/errors.ts";
import { type Ipv4Address, type Ipv4Prefix, ipv4Address, ipv4Prefix, splitIpv4Prefix } from "../../base/ipv4.ts";
import { type Ipv6Address, type Ipv6Prefix, ipv6Address, ipv6Prefix, splitIpv6Prefix } from "../../base/ipv6.ts";
import { FAMILY } from "./numbers.ts";

export type IpFamily = "ipv4" | "ipv6";
export type IpAddress = Ipv4Address | Ipv6Address;
export type IpPrefix = Ipv4Prefix | Ipv6Prefix;

/** One family's address and prefix arithmetic, so that each codec is written once. */
export type FamilyTools<F extends IpFamily, A extends string, P extends string> = {
  readonly family: F;
  readonly number: number;
  readonly bits: number;
  readonly address: Codec<A>;
  readonly unspecified: A;
  readonly prefix: (address: A, prefixLength: number) => P;
  readonly split: (prefix: P) => { readonly address: A; readonly prefixLength: number };
};

export const IPV4: FamilyTools<"ipv4", Ipv4Address, Ipv4Prefix> = {
  family: "ipv4",
  number: FAMILY.ipv4,
  bits: 32,
  address: ipv4Address,
  unspecified: "0.0.0.0" as Ipv4Address,
  prefix: ipv4Prefix,
  split: splitIpv4Prefix,
};
export const IPV6: FamilyTools<"ipv6", Ipv6Address, Ipv6Prefix> = {
  family: "ipv6",
  number: FAMILY.ipv6,
  bits: 128,
  address: ipv6Address,
  unspecified: "::" as Ipv6Address,
  prefix: ipv6Prefix,
  split: splitIpv6Prefix,
};

/** The family byte every IP message starts with. Other families (bridges, multicast routing) are `unsupported`. */
export function familyCodec<V4 extends { readonly family: "ipv4" }, V6 extends { readonly family: "ipv6" }>(
  v4: Codec<V4>,
  v6: Codec<V6>,
): Codec<V4 | V6> {
  return {
    decode: (reader) => {
      const offset = reader.offset;
      const number = reader.u8();
      if (number === FAMILY.ipv4) return v4.decode(reader);
      if (number === FAMILY.ipv6) return v6.decode(reader);
      throw new WireError("unsupported", offset);
    },
    encode: (writer: Writer, value) => {
      writer.u8(FAMILY[value.family]);
      if (value.family === "ipv4") v4.encode(writer, value);
      else v6.encode(writer, value);
    },
  };
}

/** A prefix length that fits the family. */
export function prefixLength(bits: number): Codec<number> {
  return {
    decode: (reader) => {
      const offset = reader.offset;
      const value = reader.u8();
      if (value > bits) throw new WireError("bad-value", offset);
      return value;
    },
    encode: (writer, value) => writer.u8(value),
  };
}

/** A number the kernel has a name for; names that are newer than this program are `unsupported`. */
export function named<const N extends string>(codec: Codec<number>, names: { readonly [name in N]: number }): Codec<N> {
  const byNumber = new Map((Object.entries(names) as [N, number][]).map(([name, number]) => [number, name]));
  return {
    decode: (reader) => {
      const offset = reader.offset;
      const name = byNumber.get(codec.decode(reader));
      if (name === undefined) throw new WireError("unsupported", offset);
      return name;
    },
    encode: (writer, value) => codec.encode(writer, names[value]),
  };
}
