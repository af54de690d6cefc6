/** YP, also called NIS: program 100004, version 2. Nobody wrote it down; this is what the C libraries of the last forty years speak. */
import { type Codec, struct, u32 } from "../../base/codec.ts";
import { LIMITS } from "../../base/limits.ts";
import { i32 } from "../../base/values.ts";
import { bool, linked, named, nothing, opaque, procedure, text } from "./xdr.ts";

export const YP = { program: 100004, version: 2 } as const;

/** Linux takes `true` as found, `noKey` and `noMore` as not found, and everything else as a service that does not work. */
export const YP_STATUS = {
  true: 1,
  noMore: 2,
  false: 0,
  noMap: -1,
  noDomain: -2,
  noKey: -3,
  badOperation: -4,
  badDatabase: -5,
  error: -6,
  badArguments: -7,
  wrongVersion: -8,
} as const;
export type YpStatus = keyof typeof YP_STATUS;
export type YpMap = { readonly domain: string; readonly map: string };
export type YpKey = YpMap & { readonly key: Uint8Array };
/** `value` is empty unless the status is `true`. */
export type YpValue = { readonly status: YpStatus; readonly value: Uint8Array };
/** The value comes before its key on the wire. Both are empty unless the status is `true`. */
export type YpRecord = { readonly status: YpStatus; readonly value: Uint8Array; readonly key: Uint8Array };

/** Why a transfer was not begun; `refused` is what we answer. */
export const YP_TRANSFER_REFUSED = -14;

const status: Codec<YpStatus> = named(YP_STATUS);
const domain = text(LIMITS.ypDomainBytes);
const map = text(LIMITS.ypMapBytes);
const peer = text(LIMITS.ypPeerBytes);
const key = opaque(LIMITS.ypKeyBytes);
const value = opaque(LIMITS.ypValueBytes);
const mapRequest = struct({ domain, map });
const keyRequest = struct({ domain, map, key });

/** One record of FIRST, NEXT and ALL. */
export const ypRecord: Codec<YpRecord> = struct({ status, value, key });

/** Item of the endless answer to ALL: a record, or undefined for its end. A server writes them one after the other. */
export const ypAllItem: Codec<YpRecord | undefined> = {
  decode: (reader) => (bool.decode(reader) ? ypRecord.decode(reader) : undefined),
  encode: (writer, record) => {
    bool.encode(writer, record !== undefined);
    if (record !== undefined) ypRecord.encode(writer, record);
  },
};

const transfer = struct({ domain, map, order: u32, peer, transaction: u32, program: u32, port: u32 });

export const YP_PROCEDURES = {
  null: procedure(0, nothing, nothing),
  domain: procedure(1, domain, bool),
  /** As `domain`, but never answered with false: it is broadcast. */
  domainNonack: procedure(2, domain, bool),
  match: procedure(3, keyRequest, struct({ status, value })),
  first: procedure(4, mapRequest, ypRecord),
  next: procedure(5, keyRequest, ypRecord),
  transfer: procedure(6, transfer, struct({ transaction: u32, status: i32 })),
  clear: procedure(7, nothing, nothing),
  all: procedure(8, mapRequest, linked(ypRecord, LIMITS.ypRecords)),
  master: procedure(9, mapRequest, struct({ status, peer })),
  /** The Unix time of the last change of a map. */
  order: procedure(10, mapRequest, struct({ status, order: u32 })),
  mapList: procedure(11, domain, struct({ status, maps: linked(map, LIMITS.ypMaps) })),
} as const;
export type YpProcedure = keyof typeof YP_PROCEDURES;

const NAMES = new Map<number, YpProcedure>(Object.entries(YP_PROCEDURES).map(([name, { number }]) => [number, name as YpProcedure]));

/** @returns undefined for a procedure that version 2 does not have */
export function ypProcedure(number: number): YpProcedure | undefined {
  return NAMES.get(number);
}

/** Keys that old clients send with the zero byte of C in them. @returns undefined when there is none at the end */
export function withoutTerminator(bytes: Uint8Array): Uint8Array | undefined {
  return bytes.at(-1) === 0 ? bytes.subarray(0, -1) : undefined;
}
