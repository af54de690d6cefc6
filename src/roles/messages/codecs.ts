/** Parts that messages of several services are made of. */
import { bytes16, type Codec, mapped, text16, u8 } from "../../base/codec.ts";
import { DUID_BYTES, type Duid, duidBytes, duidOf } from "../../base/duid.ts";
import { WireError } from "../../base/errors.ts";
import { type Ipv4Prefix, ipv4Address, ipv4Prefix, splitIpv4Prefix } from "../../base/ipv4.ts";
import { type Ipv6Prefix, ipv6Address, ipv6Prefix, splitIpv6Prefix } from "../../base/ipv6.ts";

/** Bytes of an interface's name without the NUL (IFNAMSIZ). */
export const NAME_BYTES = 15;
/** Bytes of a domain name in text (RFC 1035 §2.3.4). */
export const DOMAIN_BYTES = 255;
const NAME = /^[^\s/:\p{Cc}]{1,15}$/u;

/** A name the kernel would accept for an interface. */
export function isInterfaceName(name: string): boolean {
  return NAME.test(name) && name !== "." && name !== ".." && new TextEncoder().encode(name).length <= NAME_BYTES;
}

export const interfaceName: Codec<string> = mapped(
  text16(NAME_BYTES),
  (name, offset) => {
    if (!isInterfaceName(name)) throw new WireError("bad-value", offset);
    return name;
  },
  (name) => name,
);

/** Octets as hexadecimal digits. */
export function hexText(maxBytes: number): Codec<string> {
  return mapped(
    text16(2 * maxBytes),
    (text, offset) => {
      if (!/^([0-9a-f]{2})*$/.test(text)) throw new WireError("bad-value", offset);
      return text;
    },
    (text) => text,
  );
}

export const prefix4: Codec<Ipv4Prefix> = {
  decode: (reader) => {
    const offset = reader.offset;
    const address = ipv4Address.decode(reader);
    const length = reader.u8();
    if (length > 32) throw new WireError("bad-value", offset);
    return ipv4Prefix(address, length);
  },
  encode: (writer, value) => {
    const { address, prefixLength } = splitIpv4Prefix(value);
    ipv4Address.encode(writer, address);
    writer.u8(prefixLength);
  },
};

export const prefixLength6: Codec<number> = mapped(
  u8,
  (length, offset) => {
    if (length > 128) throw new WireError("bad-value", offset);
    return length;
  },
  (length) => length,
);

export const prefix6: Codec<Ipv6Prefix> = {
  decode: (reader) => ipv6Prefix(ipv6Address.decode(reader), prefixLength6.decode(reader)),
  encode: (writer, value) => {
    const { address, prefixLength } = splitIpv6Prefix(value);
    ipv6Address.encode(writer, address);
    writer.u8(prefixLength);
  },
};

/** Bytes with a length of 32 bits. */
export function bytes32(maxBytes: number): Codec<Uint8Array> {
  return {
    decode: (reader) => {
      const offset = reader.offset;
      const length = reader.u32();
      if (length > maxBytes) throw new WireError("bad-length", offset);
      return reader.bytes(length);
    },
    encode: (writer, value) => {
      writer.u32(value.length);
      writer.bytes(value);
    },
  };
}

/** Text of more than 64 KiB. */
export function text32(maxBytes: number): Codec<string> {
  return mapped(
    bytes32(maxBytes),
    (bytes, offset) => {
      try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
      } catch {
        throw new WireError("bad-value", offset);
      }
    },
    (text) => new TextEncoder().encode(text),
  );
}

export const duid16: Codec<Duid> = mapped(
  bytes16(DUID_BYTES.most),
  (bytes, offset) => {
    const value = duidOf(bytes);
    if (value === undefined) throw new WireError("bad-length", offset);
    return value;
  },
  duidBytes,
);

/** A number that only grows: 64 bits on the wire, of which no program lives to use more than 53. */
export const sequence: Codec<number> = {
  decode: (reader) => {
    const offset = reader.offset;
    const value = reader.u32() * 0x1_0000_0000 + reader.u32();
    if (!Number.isSafeInteger(value)) throw new WireError("bad-value", offset);
    return value;
  },
  encode: (writer, value) => {
    writer.u32(Math.floor(value / 0x1_0000_0000));
    writer.u32(value % 0x1_0000_0000);
  },
};
