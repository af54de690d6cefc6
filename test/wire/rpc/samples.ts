/** RPC messages, arguments and results with their bytes: shared by the property loop and the dissector. */
import type { Codec } from "../../../src/base/codec.ts";
import { bytesOf } from "../../../src/base/hex.ts";
import { rpcMessage } from "../../../src/wire/rpc/message.ts";
import { PORTMAPPER_PROCEDURES, RPCBIND_PROCEDURES } from "../../../src/wire/rpc/portmapper.ts";
import { YP_PROCEDURES, ypAllItem } from "../../../src/wire/rpc/yp.ts";

export type Sample = { readonly what: string; readonly codec: Codec<unknown>; readonly value: unknown; readonly bytes: Uint8Array };

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const none = { kind: "none" } as const;
const NOTHING = new Uint8Array(0);
const HOME = "00000004 686f6d65"; // "home"
const MAP = "00000001 6d000000"; // "m"
const KEY = "00000005 6164616d 73000000"; // "adams"
const BINDING = `000186a4 00000002  00000003 74637000  0000000d 3132372e302e302e312e332e36000000  00000001 30000000`;

function sample<T>(what: string, codec: Codec<T>, value: NoInfer<T>, hex: string): Sample {
  return { what, codec: codec as Codec<unknown>, value, bytes: bytesOf(hex) };
}

export const SAMPLES: readonly Sample[] = [
  sample(
    "a call with a claim",
    rpcMessage,
    {
      kind: "call",
      xid: 7,
      program: 100004,
      version: 2,
      procedure: 1,
      credential: { kind: "system", stamp: 1, machine: "vm", uid: 0, gid: 5, gids: [6, 7] },
      verifier: none,
      argument: utf8("home"),
    },
    `00000007 00000000 00000002  000186a4 00000002 00000001
     00000001 00000020  00000001 00000002 766d0000 00000000 00000005 00000002 00000006 00000007   # AUTH_SYS
     00000000 00000000  686f6d65`,
  ),
  sample(
    "a call with another claim",
    rpcMessage,
    {
      kind: "call",
      xid: 7,
      program: 1,
      version: 1,
      procedure: 0,
      credential: { kind: "unknown", flavour: 6, body: utf8("x") },
      verifier: none,
      argument: NOTHING,
    },
    "00000007 00000000 00000002 00000001 00000001 00000000  00000006 00000001 78000000  00000000 00000000",
  ),
  sample(
    "a call of another RPC",
    rpcMessage,
    { kind: "foreignCall", xid: 7, rpcVersion: 3, rest: utf8("abcd") },
    "00000007 00000000 00000003 61626364",
  ),
  sample(
    "a success",
    rpcMessage,
    { kind: "success", xid: 7, verifier: none, result: utf8("abcd") },
    "00000007 00000001 00000000  00000000 00000000  00000000  61626364",
  ),
  sample(
    "no such program",
    rpcMessage,
    { kind: "programUnavailable", xid: 7, verifier: none },
    "00000007 00000001 00000000  00000000 00000000  00000001",
  ),
  sample(
    "no such version",
    rpcMessage,
    { kind: "programMismatch", xid: 7, verifier: none, low: 2, high: 4 },
    "00000007 00000001 00000000  00000000 00000000  00000002 00000002 00000004",
  ),
  sample("garbage", rpcMessage, { kind: "garbageArguments", xid: 7, verifier: none }, "00000007 00000001 00000000  00000000 00000000  00000004"),
  sample(
    "another RPC is refused",
    rpcMessage,
    { kind: "rpcMismatch", xid: 7, low: 2, high: 2 },
    "00000007 00000001 00000001 00000000 00000002 00000002",
  ),
  sample("a claim is refused", rpcMessage, { kind: "authError", xid: 7, why: 5 }, "00000007 00000001 00000001 00000001 00000005"),

  sample(
    "PMAP GETPORT",
    PORTMAPPER_PROCEDURES.getPort.argument,
    { program: 100004, version: 2, protocol: 17, port: 0 },
    "000186a4 00000002 00000011 00000000",
  ),
  sample(
    "PMAP DUMP reply",
    PORTMAPPER_PROCEDURES.dump.result,
    [{ program: 100004, version: 2, protocol: 6, port: 834 }],
    "00000001 000186a4 00000002 00000006 00000342 00000000",
  ),
  sample("RPCB SET", RPCBIND_PROCEDURES.set.argument, { program: 100004, version: 2, netid: "tcp", address: "127.0.0.1.3.6", owner: "0" }, BINDING),
  sample(
    "RPCB DUMP reply",
    RPCBIND_PROCEDURES.dump.result,
    [{ program: 100004, version: 2, netid: "tcp", address: "127.0.0.1.3.6", owner: "0" }],
    `00000001 ${BINDING} 00000000`,
  ),
  sample("RPCB GETADDR reply", RPCBIND_PROCEDURES.getAddress.result, "", "00000000"),

  sample("YP MATCH", YP_PROCEDURES.match.argument, { domain: "home", map: "m", key: utf8("adams") }, `${HOME} ${MAP} ${KEY}`),
  sample("YP MATCH reply", YP_PROCEDURES.match.result, { status: "true", value: utf8("v") }, "00000001 00000001 76000000"),
  sample("YP MATCH reply, no key", YP_PROCEDURES.match.result, { status: "noKey", value: NOTHING }, "fffffffd 00000000"),
  sample("YP FIRST reply", YP_PROCEDURES.first.result, { status: "true", value: utf8("v"), key: utf8("adams") }, `00000001 00000001 76000000 ${KEY}`),
  sample(
    "YP XFR",
    YP_PROCEDURES.transfer.argument,
    { domain: "home", map: "m", order: 9, peer: "p", transaction: 1, program: 2, port: 3 },
    `${HOME} ${MAP} 00000009 00000001 70000000 00000001 00000002 00000003`,
  ),
  sample("YP XFR reply", YP_PROCEDURES.transfer.result, { transaction: 1, status: -14 }, "00000001 fffffff2"),
  sample(
    "YP ALL reply",
    YP_PROCEDURES.all.result,
    [{ status: "true", value: utf8("v"), key: utf8("adams") }],
    `00000001 00000001 00000001 76000000 ${KEY} 00000000`,
  ),
  sample("YP ALL item", ypAllItem, { status: "noMap", value: NOTHING, key: NOTHING }, "00000001 ffffffff 00000000 00000000"),
  sample("YP MASTER reply", YP_PROCEDURES.master.result, { status: "true", peer: "home" }, `00000001 ${HOME}`),
  sample("YP ORDER reply", YP_PROCEDURES.order.result, { status: "true", order: 0xffffffff }, "00000001 ffffffff"),
  sample(
    "YP MAPLIST reply",
    YP_PROCEDURES.mapList.result,
    { status: "true", maps: ["m", "home"] },
    `00000001 00000001 ${MAP} 00000001 ${HOME} 00000000`,
  ),
  sample("YP DOMAIN", YP_PROCEDURES.domain.argument, "home", HOME),
  sample("YP DOMAIN reply", YP_PROCEDURES.domain.result, true, "00000001"),
];
