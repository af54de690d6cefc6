/** Requests that are right, for every outlet of the directory: what is changed where garbage is wanted. */
import { type Codec, encodeAll } from "../../../src/base/codec.ts";
import { rpcMessage } from "../../../src/wire/rpc/message.ts";
import { PORTMAPPER_PROCEDURES, RPCBIND_PROCEDURES } from "../../../src/wire/rpc/portmapper.ts";
import type { Procedure } from "../../../src/wire/rpc/xdr.ts";
import { call, utf8 } from "./world.ts";

export const KEY_OF_ALICE = { domain: "home", map: "passwd.byname", key: utf8("alice") };
const map = { domain: "home", map: "group.bygid" };
export const YP_CALLS = [
  call("null", undefined),
  call("domain", "home"),
  call("domainNonack", "home"),
  call("match", KEY_OF_ALICE),
  call("match", { ...KEY_OF_ALICE, map: "netid.byname", key: utf8("unix.2001@home") }),
  call("first", map),
  call("next", KEY_OF_ALICE),
  call("all", { domain: "home", map: "passwd.byname" }),
  call("all", { domain: "home", map: "netid.byname" }),
  call("master", map),
  call("order", map),
  call("mapList", "home"),
];
const mapping = { program: 100_004, version: 2, protocol: 17, port: 0 };
const binding = { program: 100_004, version: 2, netid: "tcp", address: "127.0.0.1.0.111", owner: "" };
export const PORTMAPPER_CALLS = [
  mapped(2, PORTMAPPER_PROCEDURES.getPort, mapping),
  mapped(2, PORTMAPPER_PROCEDURES.dump, undefined),
  mapped(2, PORTMAPPER_PROCEDURES.set, mapping),
  mapped(4, RPCBIND_PROCEDURES.getAddress, binding),
  mapped(3, RPCBIND_PROCEDURES.unset, binding),
];
const METHODS = ["GetUserRecord", "GetGroupRecord", "GetMemberships"].map((name) => `io.systemd.UserDatabase.${name}`);
export const VARLINK_CALLS = METHODS.flatMap((method) => [
  utf8(`{"method":"${method}","parameters":{"service":"org.example.directory"},"more":true}\0`),
  utf8(`{"method":"${method}","parameters":{"service":"org.example.directory","userName":"alice","uid":2001}}\0`),
  utf8(`{"method":"${method}","parameters":{"service":"org.example.directory","groupName":"staff","gid":3001},"oneway":true}\0`),
]);
function mapped(version: number, { number, argument }: Procedure, value: unknown): Uint8Array {
  return encodeAll(rpcMessage, {
    kind: "call",
    xid: 3,
    program: 100_000,
    version,
    procedure: number,
    credential: { kind: "none" },
    verifier: { kind: "none" },
    argument: encodeAll(argument as Codec<unknown>, value),
  });
}
