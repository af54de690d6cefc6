/** YP version 2: one answer to one call, from maps that do not change under it. */
import { type Codec, decodeAll, encodeAll } from "../../base/codec.ts";
import { absurd } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { RpcCall } from "../../wire/rpc/message.ts";

import {
  withoutTerminator,
  YP,
  YP_PROCEDURES,
  YP_TRANSFER_REFUSED,
  type YpMap,
  ypAllItem,
  type YpProcedure,
  ypProcedure,
  ypRecord,
  type YpStatus,
} from "../../wire/rpc/yp.ts";
import type { YpDatabase, YpMapRows } from "./database.ts";
import type { ProgramAnswer, RpcProgram, Transport } from "./program.ts";

/** What is worth being counted about an answer. */
export type YpNote = YpProcedure | "value-too-long-for-datagram" | `status-${YpStatus}`;

type Asked = { readonly database: YpDatabase; readonly transport: Transport; readonly note: (note: YpNote) => void };

const NOTHING: Uint8Array = new Uint8Array(0);

export function ypProgram(asked: Asked): RpcProgram {
  return { program: YP.program, low: YP.version, high: YP.version, answer: (call) => answer(call, asked) };
}

function answer(call: RpcCall, asked: Asked): ProgramAnswer {
  const procedure = ypProcedure(call.procedure);
  if (procedure === undefined) return { kind: "procedureUnavailable" };
  asked.note(procedure);
  switch (procedure) {
    case "null":
    case "clear":
      decodeAll(YP_PROCEDURES.null.argument, call.argument);
      return result(NOTHING);
    case "domain":
      return domain(call, asked);
    case "domainNonack":
      return domainNonack(call, asked);
    case "match":
      return match(call, asked);
    case "first":
      return record(mapOf(decodeAll(YP_PROCEDURES.first.argument, call.argument), asked), asked, () => 0);
    case "next": {
      const request = decodeAll(YP_PROCEDURES.next.argument, call.argument);
      return record(mapOf(request, asked), asked, (map) => map.placeAfter(withoutTerminator(request.key) ?? request.key));
    }
    case "transfer":
      return result(transferRefused(call));
    case "all":
      return all(call, asked);
    case "master": {
      const { status } = mapOf(decodeAll(YP_PROCEDURES.master.argument, call.argument), asked);
      return encoded(YP_PROCEDURES.master.result, { status, peer: status === "true" ? asked.database.master : "" });
    }
    case "order": {
      const { status, rows } = mapOf(decodeAll(YP_PROCEDURES.order.argument, call.argument), asked);
      return encoded(YP_PROCEDURES.order.result, { status, order: rows?.orderSeconds ?? 0 });
    }
    case "mapList":
      return mapList(call, asked);
    default:
      return absurd(procedure);
  }
}

/** Nobody is bound to a server that has nothing to say. */
function domain(call: RpcCall, { database }: Asked): ProgramAnswer {
  const name = decodeAll(YP_PROCEDURES.domain.argument, call.argument);
  return encoded(YP_PROCEDURES.domain.result, name === database.domain && database.maps !== undefined);
}

/** It is broadcast: only who can serve may answer. */
function domainNonack(call: RpcCall, { database }: Asked): ProgramAnswer {
  const name = decodeAll(YP_PROCEDURES.domainNonack.argument, call.argument);
  if (name !== database.domain) return { kind: "silence", reason: "foreign-domain" };
  return database.maps === undefined ? { kind: "silence", reason: "not-ready" } : encoded(YP_PROCEDURES.domainNonack.result, true);
}

function match(call: RpcCall, asked: Asked): ProgramAnswer {
  const request = decodeAll(YP_PROCEDURES.match.argument, call.argument);
  const { status, rows } = mapOf(request, asked);
  const give = (status: YpStatus, value = NOTHING): ProgramAnswer => {
    asked.note(`status-${status}`);
    return encoded(YP_PROCEDURES.match.result, { status, value });
  };
  if (rows === undefined) return give(status);
  if (request.key.length === 0) return give("badArguments");
  const shorter = withoutTerminator(request.key);
  const value = rows.match(request.key) ?? (shorter === undefined ? undefined : rows.match(shorter));
  if (value === undefined) return give("noKey");
  if (!fits(value, asked)) return give("error");
  return give("true", value);
}

/** The entry at a place or, over UDP, the first one behind it that a datagram can carry: one large group must not end the list. */
function record({ status, rows }: Found, asked: Asked, placeIn: (rows: YpMapRows) => number | undefined): ProgramAnswer {
  const give = (status: YpStatus, value = NOTHING, key = NOTHING): ProgramAnswer => {
    asked.note(`status-${status}`);
    return encoded(ypRecord, { status, value, key });
  };
  if (rows === undefined) return give(status);
  const start = placeIn(rows);
  if (start === undefined) return give("noKey");
  for (let place = start; place < rows.count; place++) {
    const { key, value } = rows.at(place);
    if (fits(value, asked)) return give("true", value, key);
  }
  return give("noMore");
}

function all(call: RpcCall, asked: Asked): ProgramAnswer {
  const { status, rows } = mapOf(decodeAll(YP_PROCEDURES.all.argument, call.argument), asked);
  if (asked.transport === "udp") return { kind: "systemError" };
  asked.note(`status-${status}`);
  return { kind: "pieces", pieces: allPieces(status, rows) };
}

function* allPieces(status: YpStatus, rows: YpMapRows | undefined): Generator<Uint8Array> {
  if (rows === undefined) yield encodeAll(ypAllItem, { status, value: NOTHING, key: NOTHING });
  else yield* rows.items();
  yield encodeAll(ypAllItem, undefined);
}

function mapList(call: RpcCall, { database }: Asked): ProgramAnswer {
  const name = decodeAll(YP_PROCEDURES.mapList.argument, call.argument);
  const status = name !== database.domain ? "noDomain" : database.maps === undefined ? "error" : "true";
  return encoded(YP_PROCEDURES.mapList.result, { status, maps: status === "true" ? [...(database.maps?.keys() ?? [])] : [] });
}

function transferRefused(call: RpcCall): Uint8Array {
  const { transaction } = decodeAll(YP_PROCEDURES.transfer.argument, call.argument);
  return encodeAll(YP_PROCEDURES.transfer.result, { transaction, status: YP_TRANSFER_REFUSED });
}

type Found = { readonly status: YpStatus; readonly rows: YpMapRows | undefined };

function mapOf({ domain, map }: YpMap, { database }: Asked): Found {
  if (domain !== database.domain) return { status: "noDomain", rows: undefined };
  if (map === "" || map.includes("/")) return { status: "badArguments", rows: undefined };
  if (database.maps === undefined) return { status: "error", rows: undefined };
  const rows = database.maps.get(map);
  return { status: rows === undefined ? "noMap" : "true", rows };
}

function fits(value: Uint8Array, { transport, note }: Asked): boolean {
  if (transport === "tcp" || value.length <= LIMITS.ypDatagramValueBytes) return true;
  note("value-too-long-for-datagram");
  return false;
}

function result(bytes: Uint8Array): ProgramAnswer {
  return { kind: "result", result: bytes };
}

function encoded<T>(codec: Codec<T>, value: T): ProgramAnswer {
  return result(encodeAll(codec, value));
}
