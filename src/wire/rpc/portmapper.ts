/** Where the programs of a machine listen: the portmapper (version 2) and rpcbind (versions 3 and 4), RFC 1833. */
import { struct, u32 } from "../../base/codec.ts";
import { LIMITS } from "../../base/limits.ts";
import { bool, linked, nothing, procedure, text } from "./xdr.ts";

/** `protocol` is 6 or 17; `port` is 0 in questions and in the answer "nowhere". */
export type Mapping = { readonly program: number; readonly version: number; readonly protocol: number; readonly port: number };
/** `netid` is `tcp`, `udp`, `tcp6`, `udp6` or `local`; `address` a universal one, see universal-address.ts. */
export type Binding = {
  readonly program: number;
  readonly version: number;
  readonly netid: string;
  readonly address: string;
  readonly owner: string;
};

export const PORTMAPPER = { program: 100000, port: 111, portmapperVersion: 2, rpcbindVersions: [3, 4] } as const;

const word = text(LIMITS.rpcbindTextBytes);
export const mapping = struct({ program: u32, version: u32, protocol: u32, port: u32 });
export const binding = struct({ program: u32, version: u32, netid: word, address: word, owner: word });

export const PORTMAPPER_PROCEDURES = {
  null: procedure(0, nothing, nothing),
  set: procedure(1, mapping, bool),
  unset: procedure(2, mapping, bool),
  getPort: procedure(3, mapping, u32),
  dump: procedure(4, nothing, linked(mapping, LIMITS.rpcMappings)),
} as const;

/** The same in versions 3 and 4. `getAddress` gives an empty text for "nowhere". */
export const RPCBIND_PROCEDURES = {
  null: procedure(0, nothing, nothing),
  set: procedure(1, binding, bool),
  unset: procedure(2, binding, bool),
  getAddress: procedure(3, binding, word),
  dump: procedure(4, nothing, linked(binding, LIMITS.rpcMappings)),
} as const;
