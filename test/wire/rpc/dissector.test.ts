import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeAll, u32 } from "../../../src/base/codec.ts";
import { type RpcMessage, rpcMessage, success } from "../../../src/wire/rpc/message.ts";
import { dissect, needsDissector, type Sent } from "./dissector.ts";
import { SAMPLES } from "./samples.ts";

const NUMBERS: Readonly<Record<string, number>> = { DOMAIN: 1, MATCH: 3, FIRST: 4, ALL: 8, MASTER: 9, ORDER: 10, MAPLIST: 11 };
const YP = { program: 100004, version: 2 };
const none = { kind: "none" } as const;
const MAP = bytesOfSample("YP MATCH").subarray(0, 16);

/** A call and its reply, both ours. */
function exchange(xid: number, procedure: number, argument: Uint8Array, result: Uint8Array, program = YP): readonly Sent[] {
  const call: RpcMessage = { kind: "call", xid, ...program, procedure, credential: none, verifier: none, argument };
  return [
    { from: "client", bytes: encodeAll(rpcMessage, call) },
    { from: "server", bytes: encodeAll(rpcMessage, success(xid, result)) },
  ];
}

function bytesOfSample(name: string): Uint8Array {
  return SAMPLES.find(({ what }) => what === name)?.bytes ?? new Uint8Array(0);
}

function argumentOf(name: string): Uint8Array {
  const own = bytesOfSample(`YP ${name}`);
  if (own.length > 0) return own;
  return name === "MAPLIST" ? bytesOfSample("YP DOMAIN") : MAP;
}

const exchanges = Object.entries(NUMBERS).flatMap(([name, number]) => exchange(number, number, argumentOf(name), bytesOfSample(`YP ${name} reply`)));

test("a dissector takes every YP call and reply we encode and finds nothing wrong", needsDissector, () => {
  const rows = dissect("udp", 834, exchanges);
  assert.equal(rows.length, exchanges.length);
  for (const [i, name] of Object.keys(NUMBERS).entries()) {
    for (const [j, word] of ["Call", "Reply"].entries()) {
      const row = rows[2 * i + j];
      assert.ok(
        row !== undefined && !row.broken && row.protocol === "YPSERV" && row.info.includes(`${name} ${word}`),
        `${name} ${word}: ${JSON.stringify(row)}`,
      );
    }
  }
});

test("a call cut short planted among the others is found, and is the only finding", needsDissector, () => {
  const [call, reply] = exchange(99, 3, bytesOfSample("YP MATCH"), bytesOfSample("YP MATCH reply"));
  assert.ok(call !== undefined && reply !== undefined);
  const rows = dissect("udp", 834, [...exchanges, { from: "client", bytes: call.bytes.subarray(0, -6) }]);
  assert.deepEqual(rows.map(({ broken }) => broken).indexOf(true), exchanges.length);
});

test("a dissector takes portmapper and rpcbind calls and replies we encode", needsDissector, () => {
  const cases = [
    { version: 2, procedure: 3, name: "GETPORT", argument: bytesOfSample("PMAP GETPORT"), result: encodeAll(u32, 834) },
    { version: 2, procedure: 4, name: "DUMP", argument: new Uint8Array(0), result: bytesOfSample("PMAP DUMP reply") },
    { version: 4, procedure: 1, name: "SET", argument: bytesOfSample("RPCB SET"), result: encodeAll(u32, 1) },
    { version: 3, procedure: 4, name: "DUMP", argument: new Uint8Array(0), result: bytesOfSample("RPCB DUMP reply") },
  ];
  const packets = cases.flatMap(({ version, procedure, argument, result }, i) =>
    exchange(i + 1, procedure, argument, result, { program: 100000, version }),
  );
  const rows = dissect("udp", 111, packets);
  for (const [i, { name, version }] of cases.entries()) {
    for (const [j, word] of ["Call", "Reply"].entries()) {
      const row = rows[2 * i + j];
      assert.ok(row !== undefined && !row.broken && row.info.includes(`V${version} ${name} ${word}`), `${name} ${word}: ${JSON.stringify(row)}`);
    }
  }
});
