/** What a client says it is, and what vendors put into options: client id, user class, enterprise data, machine id. */
import type { Branded } from "../../base/brand.ts";
import { type Codec, encodeAll, mapped, rest, struct, u8, u16, u32, until } from "../../base/codec.ts";
import { WireError } from "../../base/errors.ts";
import { fromHex, toHex } from "../../base/hex.ts";
import { type MacAddress, macBytes } from "../../base/mac.ts";
import { sized } from "../../base/values.ts";
import { bytes8, either } from "./values.ts";

/** Option 61 as lowercase hexadecimal of all its bytes, type byte included: compared with `===`, never taken apart (RFC 2132 §9.14). */
export type ClientId = Branded<string, "ClientId">;

/** Client identifiers have at least a type byte and one more (RFC 2132 §9.14). */
export const clientId: Codec<ClientId> = sized(
  mapped(rest, (bytes) => toHex(bytes) as ClientId, clientIdBytes),
  (bytes) => bytes >= 2,
);

export function clientIdOf(bytes: Uint8Array): ClientId {
  return toHex(bytes) as ClientId;
}

/** Type 1, the Ethernet address: what most clients send. */
export function clientIdOfMac(mac: MacAddress): ClientId {
  return `01${toHex(macBytes(mac))}` as ClientId;
}

export function clientIdBytes(id: ClientId): Uint8Array {
  return fromHex(id) ?? new Uint8Array(0);
}

/** Option 77: a list of classes (RFC 3004), or the bare bytes that iPXE and Windows send instead. */
export type UserClass = { readonly kind: "classes"; readonly classes: readonly Uint8Array[] } | { readonly kind: "raw"; readonly bytes: Uint8Array };

const CLASSES_MAX = 64;
const classes: Codec<readonly Uint8Array[]> = sized(until(bytes8, CLASSES_MAX), (bytes) => bytes > 0);
const userClassForms = either(
  mapped(
    classes,
    (list, offset): UserClass => ({ kind: "classes", classes: notEmpty(list, offset) }),
    (value) => (value.kind === "classes" ? value.classes : []),
  ),
  (bytes): UserClass => ({ kind: "raw", bytes }),
);
export const userClass: Codec<UserClass> = sized(
  {
    decode: userClassForms,
    encode: (writer, value) => writer.bytes(value.kind === "raw" ? value.bytes : encodeAll(classes, value.classes)),
  },
  (bytes) => bytes > 0,
);

/** Data under an enterprise number (RFC 3925); what is inside belongs to the enterprise. */
export type EnterpriseData = { readonly enterprise: number; readonly bytes: Uint8Array };

const ENTERPRISES_MAX = 64;
export const enterpriseData: Codec<readonly EnterpriseData[]> = sized(
  until(struct({ enterprise: u32, bytes: bytes8 }), ENTERPRISES_MAX),
  (bytes) => bytes > 0,
);

/** UUID or GUID of a machine (RFC 4578 §2.3); type 0 is the only one known. */
export const machineId: Codec<{ readonly type: number; readonly id: Uint8Array }> = sized(struct({ type: u8, id: rest }), (bytes) => bytes >= 2);

/** Network interface of a PXE client (RFC 4578 §2.2); type 1 is UNDI. */
export const networkInterface: Codec<{ readonly type: number; readonly major: number; readonly minor: number }> = struct({
  type: u8,
  major: u8,
  minor: u8,
});

/** Processor architectures (RFC 4578 §2.1, RFC 5970). */
export const architectures: Codec<readonly number[]> = sized(until(u16, 127), (bytes) => bytes > 0 && bytes % 2 === 0);

function notEmpty(list: readonly Uint8Array[], offset: number): readonly Uint8Array[] {
  if (list.some((bytes) => bytes.length === 0)) throw new WireError("bad-length", offset);
  return list;
}
