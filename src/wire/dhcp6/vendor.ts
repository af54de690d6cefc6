/** What a client says it is, what vendors put into options, and how a machine boots (RFC 9915 §21.15-§21.17, RFC 5970). */
import { type Codec, rest, struct, u8, u16, u32, until } from "../../base/codec.ts";
import { WireError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { rawOptions } from "./set.ts";
import type { RawOption } from "./table.ts";
import { listOf, sized } from "../../base/values.ts";
import { bytes16 } from "./values.ts";

/** Data under an enterprise number; what is inside belongs to the enterprise. */
export type VendorClass = { readonly enterprise: number; readonly classes: readonly Uint8Array[] };
export type VendorOptions = { readonly enterprise: number; readonly options: readonly RawOption[] };
/** Who is at the other end of a relay's line (RFC 4649). */
export type RemoteId = { readonly enterprise: number; readonly id: Uint8Array };
export type LinkLayerAddress = { readonly type: number; readonly address: Uint8Array };

/** One class or more, each behind its length. */
export const classes: Codec<readonly Uint8Array[]> = sized(until(bytes16, LIMITS.addressesPerOption), (bytes) => bytes > 0);
export const vendorClass: Codec<VendorClass> = struct({ enterprise: u32, classes });
export const vendorOptions: Codec<VendorOptions> = struct({ enterprise: u32, options: rawOptions });
export const remoteId: Codec<RemoteId> = sized(struct({ enterprise: u32, id: rest }), (bytes) => bytes >= 5);

/** Sixteen-bit hardware type and an address of at least one octet (RFC 6939 §4). */
export const linkLayerAddress: Codec<LinkLayerAddress> = sized(struct({ type: u16, address: rest }), (bytes) => bytes >= 3);

/** Parameters of a boot file: UTF-8, none of them empty (RFC 5970 §3.2). */
export const bootParameters: Codec<readonly string[]> = {
  decode: (reader) => {
    const values: string[] = [];
    while (reader.remaining > 0) {
      if (values.length >= LIMITS.addressesPerOption) throw new WireError("too-many", reader.offset);
      const length = reader.u16();
      const offset = reader.offset;
      const value = reader.text(length);
      if (value === "" || /[\p{Cc}\ufeff]/u.test(value)) throw new WireError("bad-value", offset);
      values.push(value);
    }
    return values;
  },
  encode: (writer, values) => {
    for (const value of values) {
      const at = writer.length;
      writer.u16(0);
      writer.text(value);
      writer.patchU16(at, writer.length - at - 2);
    }
  },
};

/** Processor architectures (RFC 5970 §3.3). */
export const architectures: Codec<readonly number[]> = listOf(u16, 2, LIMITS.addressesPerOption);

/** Network interface of a client (RFC 5970 §3.4); type 1 is UNDI. */
export const networkInterface: Codec<{ readonly type: number; readonly major: number; readonly minor: number }> = struct({
  type: u8,
  major: u8,
  minor: u8,
});
