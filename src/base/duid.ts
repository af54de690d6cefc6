/** DHCP unique identifiers: a key made of all their octets, compared with `===` and never taken apart (RFC 9915 §11). */
import type { Branded } from "./brand.ts";
import { type Codec, mapped, rest } from "./codec.ts";
import { Reader, Writer } from "./cursor.ts";
import { assert, WireError } from "./errors.ts";
import { fromHex, toHex } from "./hex.ts";
import { MAC_BYTES, type MacAddress, macBytes, macOf } from "./mac.ts";

/** Lowercase hexadecimal of the type and what follows it: 3 to 130 octets. */
export type Duid = Branded<string, "Duid">;

/** Two octets of type, then 1 to 128 more (RFC 9915 §11.1). */
export const DUID_BYTES = { least: 3, most: 130 } as const;

const TYPES = { llt: 1, en: 2, ll: 3, uuid: 4 } as const;
const ETHERNET = 1;
const UUID_BYTES = 16;

/** @returns undefined when there are fewer octets than 3 or more than 130 */
export function duidOf(bytes: Uint8Array): Duid | undefined {
  return bytes.length >= DUID_BYTES.least && bytes.length <= DUID_BYTES.most ? (toHex(bytes) as Duid) : undefined;
}

/** Hexadecimal, with or without colons or hyphens between octets. @returns undefined when it is no DUID */
export function parseDuid(text: string): Duid | undefined {
  const bytes = fromHex(text.replaceAll(/[:-]/g, ""));
  return bytes === undefined ? undefined : duidOf(bytes);
}

export function duidBytes(duid: Duid): Uint8Array {
  return fromHex(duid) ?? new Uint8Array(0);
}

/** Everything that is left; another size is a `bad-length`. */
export const duid: Codec<Duid> = mapped(
  rest,
  (bytes, offset) => {
    const value = duidOf(bytes);
    if (value === undefined) throw new WireError("bad-length", offset);
    return value;
  },
  duidBytes,
);

/** Link-layer address plus time. @param seconds since 2000 began (UTC), modulo 2^32 (RFC 9915 §11.2) */
export function duidLlt(mac: MacAddress, seconds: number): Duid {
  return made(TYPES.llt, (writer) => {
    writer.u16(ETHERNET);
    writer.u32(seconds);
    writer.bytes(macBytes(mac));
  });
}

/** Number of an enterprise and what it gave to the device (RFC 9915 §11.3). @param identifier 1 to 124 octets */
export function duidEn(enterprise: number, identifier: Uint8Array): Duid {
  return made(TYPES.en, (writer) => {
    writer.u32(enterprise);
    writer.bytes(identifier);
  });
}

/** Link-layer address alone (RFC 9915 §11.4). */
export function duidLl(mac: MacAddress): Duid {
  return made(TYPES.ll, (writer) => {
    writer.u16(ETHERNET);
    writer.bytes(macBytes(mac));
  });
}

/** @param uuid sixteen octets (RFC 6355 §4) */
export function duidUuid(uuid: Uint8Array): Duid {
  assert(uuid.length === UUID_BYTES, "a UUID is sixteen octets");
  return made(TYPES.uuid, (writer) => writer.bytes(uuid));
}

/** For people only: "LL 02:00:5e:10:00:01". What has an unknown type, or not the size of its type, is shown as its octets. */
export function describeDuid(value: Duid): string {
  const reader = new Reader(duidBytes(value));
  const type = reader.u16();
  if (type === TYPES.llt && reader.remaining === 6 + MAC_BYTES && reader.u16() === ETHERNET) {
    const seconds = reader.u32();
    return `LLT ${macOf(reader.rest())} at ${seconds}`;
  }
  if (type === TYPES.en && reader.remaining > 4) return `EN ${reader.u32()} ${toHex(reader.rest())}`;
  if (type === TYPES.ll && reader.remaining === 2 + MAC_BYTES && reader.u16() === ETHERNET) return `LL ${macOf(reader.rest())}`;
  if (type === TYPES.uuid && reader.remaining === UUID_BYTES) return `UUID ${uuidText(reader.rest())}`;
  return value;
}

function made(type: number, body: (writer: Writer) => void): Duid {
  const writer = new Writer(32);
  writer.u16(type);
  body(writer);
  const value = duidOf(writer.take());
  assert(value !== undefined, "a DUID has 3 to 130 octets");
  return value;
}

function uuidText(bytes: Uint8Array): string {
  const hex = toHex(bytes);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
