/** Ethernet addresses: "02:00:5e:10:00:01", lowercase. */
import type { Branded } from "./brand.ts";
import { type Codec, mapped } from "./codec.ts";
import { fromHex, toHex } from "./hex.ts";

export type MacAddress = Branded<string, "MacAddress">;
export const MAC_BYTES = 6;
export const BROADCAST_MAC = "ff:ff:ff:ff:ff:ff" as MacAddress;
export const ZERO_MAC = "00:00:00:00:00:00" as MacAddress;

/** @returns undefined when the text is not six octets with colons */
export function parseMac(text: string): MacAddress | undefined {
  return /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text) ? (text.toLowerCase() as MacAddress) : undefined;
}

/** @param bytes exactly six */
export function macOf(bytes: Uint8Array): MacAddress {
  if (bytes.length !== MAC_BYTES) throw new RangeError("an Ethernet address is six bytes");
  return (toHex(bytes).match(/../g) ?? []).join(":") as MacAddress;
}

export function macBytes(mac: MacAddress): Uint8Array {
  return fromHex(mac.replaceAll(":", "")) ?? new Uint8Array(MAC_BYTES);
}

export const macAddress: Codec<MacAddress> = mapped(
  { decode: (reader) => reader.view(MAC_BYTES), encode: (writer, value: Uint8Array) => writer.bytes(value) },
  macOf,
  macBytes,
);
