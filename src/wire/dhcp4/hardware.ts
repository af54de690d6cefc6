/** The header's hardware address field: 16 octets of which `hlen` count. */
import type { Branded } from "../../base/brand.ts";
import { type Codec, mapped } from "../../base/codec.ts";
import { fromHex, toHex } from "../../base/hex.ts";
import { MAC_BYTES, type MacAddress, macBytes, macOf } from "../../base/mac.ts";

/** All 16 octets of chaddr as lowercase hexadecimal, so that it is a key and survives as it came. */
export type HardwareAddress = Branded<string, "HardwareAddress">;

export const CHADDR_BYTES = 16;
/** Hardware type of Ethernet (RFC 1700). */
export const ETHERNET = 1;
export const NO_HARDWARE_ADDRESS = "0".repeat(2 * CHADDR_BYTES) as HardwareAddress;

export const hardwareAddress: Codec<HardwareAddress> = mapped(
  { decode: (reader) => reader.view(CHADDR_BYTES), encode: (writer, value: Uint8Array) => writer.bytes(value) },
  (bytes) => toHex(bytes) as HardwareAddress,
  (value) => fromHex(value) ?? new Uint8Array(CHADDR_BYTES),
);

/** chaddr of an Ethernet address: ten zero octets follow. */
export function chaddr(mac: MacAddress): HardwareAddress {
  return toHex(macBytes(mac)).padEnd(2 * CHADDR_BYTES, "0") as HardwareAddress;
}

/** The Ethernet address a message is about. @returns undefined when its hardware is of another type or length */
export function macOfChaddr(header: { readonly htype: number; readonly hlen: number; readonly chaddr: HardwareAddress }): MacAddress | undefined {
  if (header.htype !== ETHERNET || header.hlen !== MAC_BYTES) return undefined;
  return macOf((fromHex(header.chaddr) ?? new Uint8Array(CHADDR_BYTES)).subarray(0, MAC_BYTES));
}
