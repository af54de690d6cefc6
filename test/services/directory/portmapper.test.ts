import assert from "node:assert/strict";
import { test } from "node:test";
import { type Codec, decodeAll, encodeAll } from "../../../src/base/codec.ts";
import type { Ipv6Address } from "../../../src/base/ipv6.ts";
import { rpcMessage } from "../../../src/wire/rpc/message.ts";
import { PORTMAPPER_PROCEDURES, RPCBIND_PROCEDURES } from "../../../src/wire/rpc/portmapper.ts";
import { RpcRecords, recordOf } from "../../../src/wire/rpc/records.ts";
import type { Procedure } from "../../../src/wire/rpc/xdr.ts";
import { STANDARD_YP_MAPS } from "../../../src/services/directory/config.ts";
import { CONFIG, connect, replyIn, utf8, world } from "./world.ts";

function rig(listen: readonly string[] = ["127.0.0.1", "::1"]) {
  const { service } = world({
    ...CONFIG,
    yp: { listen, port: 0, register: "builtin", binding: false, maps: STANDARD_YP_MAPS, allow: [], rules: [] },
  });
  service.listening(600);
  const message = (procedure: Procedure, version: number, argument: unknown, program = 100_000): Uint8Array =>
    encodeAll(rpcMessage, {
      kind: "call",
      xid: 1,
      program,
      version,
      procedure: procedure.number,
      credential: { kind: "none" },
      verifier: { kind: "none" },
      argument: encodeAll(procedure.argument as Codec<unknown>, argument),
    });
  const send = (bytes: Uint8Array, from = "::ffff:127.0.0.1") =>
    service.datagram("portmapper", { from: from as Ipv6Address, port: 900, payload: bytes });
  const ask = (procedure: Procedure, version: number, argument: unknown): unknown => {
    const answer = send(message(procedure, version, argument)) ?? assert.fail("no answer");
    const reply = replyIn(answer);
    return reply.kind === "success" ? decodeAll(procedure.result as Codec<unknown>, reply.result) : reply.kind;
  };
  return { service, message, send, ask };
}
const { getPort, dump, set, unset } = PORTMAPPER_PROCEDURES;
const mapping = (program: number, protocol: number) => ({ program, version: 2, protocol, port: 0 });
const binding = (netid: string, address = "", program = 100_004) => ({ program, version: 2, netid, address, owner: "" });

test("GETPORT finds YP over UDP and TCP, and nothing else (RFC 1833 §3.1)", () => {
  const { ask } = rig();
  assert.equal(ask(getPort, 2, mapping(100_004, 17)), 600);
  assert.equal(ask(getPort, 2, mapping(100_004, 6)), 600);
  assert.equal(ask(getPort, 2, mapping(100_004, 1)), 0);
  assert.equal(ask(getPort, 2, mapping(100_003, 6)), 0);
  assert.deepEqual(
    ask(dump, 2, undefined),
    [6, 17].map((protocol) => ({ program: 100_004, version: 2, protocol, port: 600 })),
  );
});

test("GETADDR of versions 3 and 4 gives the address we listen on, or the one we were reached by (RFC 1833 §2.2.1)", () => {
  for (const version of [3, 4]) {
    const { ask } = rig();
    const address = (netid: string, hint = "", program?: number): unknown =>
      ask(RPCBIND_PROCEDURES.getAddress, version, binding(netid, hint, program));
    assert.equal(address("udp"), "127.0.0.1.2.88");
    assert.equal(address("tcp6"), "::1.2.88");
    assert.equal(address("local"), "");
    assert.equal(address("tcp", "", 100_003), "");
    assert.equal(address("tcp", "192.0.2.9.0.111"), "127.0.0.1.2.88");
    const wide = rig(["0.0.0.0"]);
    assert.equal(wide.ask(RPCBIND_PROCEDURES.getAddress, version, binding("tcp", "192.0.2.9.0.111")), "192.0.2.9.2.88");
    assert.equal(wide.ask(RPCBIND_PROCEDURES.getAddress, version, binding("tcp6")), "");
  }
});

test("nobody can register or unregister anything (§5.4)", () => {
  const { ask } = rig();
  for (const procedure of [set, unset]) assert.equal(ask(procedure, 2, mapping(100_004, 17)), false);
  for (const procedure of [RPCBIND_PROCEDURES.set, RPCBIND_PROCEDURES.unset]) assert.equal(ask(procedure, 4, binding("udp", "127.0.0.1.1.1")), false);
  assert.equal(ask(getPort, 2, mapping(100_004, 17)), 600);
});

test("NULL is answered in every version, what we do not have is said to be so, and strangers get silence", () => {
  const { service, ask, send, message } = rig();
  for (const version of [2, 3, 4]) assert.equal(ask(PORTMAPPER_PROCEDURES.null, version, undefined), undefined);
  assert.equal(ask(PORTMAPPER_PROCEDURES.null, 5, undefined), "programMismatch");
  assert.equal(ask({ ...PORTMAPPER_PROCEDURES.null, number: 5 }, 2, undefined), "procedureUnavailable");
  assert.equal(replyIn(send(message(PORTMAPPER_PROCEDURES.null, 2, undefined, 100_004)) ?? utf8("")).kind, "programUnavailable");
  assert.equal(send(message(getPort, 2, mapping(100_004, 17)), "::ffff:192.0.2.1"), undefined);
  assert.deepEqual(service.view().refused, {
    "portmapper-udp-foreign-network": 1,
    "portmapper-udp-unknown-procedure": 1,
    "portmapper-udp-unknown-program": 1,
    "portmapper-udp-unknown-version": 1,
  });
});

test("the same over TCP", () => {
  const { service, message } = rig();
  const client = connect(service, { purpose: "portmapper" });
  client.send(recordOf(message(getPort, 2, mapping(100_004, 6))));
  const records = new RpcRecords();
  records.push(client.bytes());
  const reply = replyIn(records.next() ?? utf8(""));
  assert.deepEqual(reply.kind === "success" ? decodeAll(getPort.result, reply.result) : reply.kind, 600);
});

test("while nothing listens, nothing is found", () => {
  const { service, ask } = rig();
  service.listening(0);
  assert.equal(ask(getPort, 2, mapping(100_004, 6)), 0);
  assert.deepEqual(ask(dump, 2, undefined), []);
});
