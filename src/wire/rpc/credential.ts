/** Who a caller says it is (RFC 5531 §8.2). Nothing here is proof: AUTH_SYS is a claim that anybody can make. */
import { type Codec, encodeAll, struct, u32, within } from "../../base/codec.ts";
import { Reader } from "../../base/cursor.ts";
import { LIMITS } from "../../base/limits.ts";
import { counted, opaque, text } from "./xdr.ts";

export type Credential =
  | { readonly kind: "none" }
  | ({ readonly kind: "system" } & SystemCredential)
  | { readonly kind: "unknown"; readonly flavour: number; readonly body: Uint8Array };
/** AUTH_SYS (RFC 5531 appendix A). */
export type SystemCredential = {
  readonly stamp: number;
  readonly machine: string;
  readonly uid: number;
  readonly gid: number;
  readonly gids: readonly number[];
};

export const NO_CREDENTIAL: Credential = { kind: "none" };

const NONE = 0;
const SYSTEM = 1;
const NOTHING = new Uint8Array(0);
const body = opaque(LIMITS.rpcAuthBytes);
const system: Codec<SystemCredential> = struct({
  stamp: u32,
  machine: text(LIMITS.rpcMachineBytes),
  uid: u32,
  gid: u32,
  gids: counted(u32, LIMITS.rpcGroups),
});

/** AUTH_NONE with bytes in it is kept as `unknown`. */
export const credential: Codec<Credential> = {
  decode: (reader) => {
    const flavour = reader.u32();
    const bodyAt = reader.offset + 4;
    const bytes = body.decode(reader);
    if (flavour === SYSTEM) return { kind: "system", ...within(new Reader(bytes, bodyAt), bytes.length, system) };
    return flavour === NONE && bytes.length === 0 ? NO_CREDENTIAL : { kind: "unknown", flavour, body: bytes };
  },
  encode: (writer, value) => {
    writer.u32(value.kind === "system" ? SYSTEM : value.kind === "none" ? NONE : value.flavour);
    body.encode(writer, value.kind === "system" ? encodeAll(system, value) : value.kind === "none" ? NOTHING : value.body);
  },
};
