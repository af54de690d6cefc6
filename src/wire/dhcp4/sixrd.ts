/** IPv6 rapid deployment, option 212 (RFC 5969 §7.1.1). */
import { type Codec, struct, u8 } from "../../base/codec.ts";
import { WireError } from "../../base/errors.ts";
import type { Ipv4Address } from "../../base/ipv4.ts";
import { sized } from "../../base/values.ts";
import { addresses } from "./values.ts";

export type SixRd = {
  /** High bits of every customer's IPv4 address that are the same, and are left out of the delegated prefix. */
  readonly ipv4MaskLength: number;
  readonly prefixLength: number;
  /** 16 octets as sent; bits behind `prefixLength` are for the reader to ignore. */
  readonly prefix: Uint8Array;
  readonly borderRelays: readonly Ipv4Address[];
};

const prefixOctets: Codec<Uint8Array> = { decode: (reader) => reader.bytes(16), encode: (writer, value) => writer.bytes(value) };
const fields = struct({ ipv4MaskLength: u8, prefixLength: u8, prefix: prefixOctets, borderRelays: addresses });

/** Lengths that cannot yield a delegated prefix of at most 128 bits are a `bad-value`. */
export const sixRd: Codec<SixRd> = sized(
  {
    decode: (reader) => {
      const offset = reader.offset;
      const value = fields.decode(reader);
      if (value.ipv4MaskLength > 32 || value.prefixLength + 32 - value.ipv4MaskLength > 128) throw new WireError("bad-value", offset);
      return value;
    },
    encode: fields.encode,
  },
  (bytes) => bytes >= 22,
);
