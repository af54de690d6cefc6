import assert from "node:assert/strict";
import { test } from "node:test";
import { type Codec, decodeAll, encodeAll } from "../../../src/base/codec.ts";
import { toHex } from "../../../src/base/hex.ts";
import { type RpcCall, type RpcMessage, rpcMessage } from "../../../src/wire/rpc/message.ts";
import { PORTMAPPER, PORTMAPPER_PROCEDURES, RPCBIND_PROCEDURES } from "../../../src/wire/rpc/portmapper.ts";
import { RpcRecords } from "../../../src/wire/rpc/records.ts";
import { YP_PROCEDURES } from "../../../src/wire/rpc/yp.ts";
import { noFlipEscapes, noMisread } from "../../support/codec-properties.ts";
import { conversations, plain } from "../ldap/conversations.ts";

for (const { name, parts, expected } of conversations("rpc")) {
  const messages = parts.flatMap(({ from, bytes }) => (name.includes("-tcp") ? recordsOf(bytes) : [bytes]).map((bytes) => ({ from, bytes })));

  test(`${name}: what rpcbind and ypserv said reads as written beside it, and we write the same bytes`, () => {
    const calls = new Map<number, RpcCall>();
    const read = messages.map(({ from, bytes }) => {
      const message = decodeAll(rpcMessage, bytes);
      assert.equal(toHex(encodeAll(rpcMessage, message)), toHex(bytes));
      if (message.kind === "call") calls.set(message.xid, message);
      const body = bodyOf(message, calls);
      if (body === undefined) return { from, ...message };
      const value = decodeAll(body.codec, body.bytes);
      assert.equal(toHex(encodeAll(body.codec, value)), toHex(body.bytes));
      noMisread(body.codec, body.bytes);
      noFlipEscapes(body.codec, body.bytes);
      return { from, ...message, value: value ?? null };
    });
    assert.ok(read.length > 0);
    assert.deepEqual(plain(read), expected);
  });

  test(`${name}: cut short or with a bit flipped every message is read or refused`, () => {
    for (const { bytes } of messages) {
      noMisread(rpcMessage, bytes);
      noFlipEscapes(rpcMessage, bytes);
    }
  });
}

type Body = { readonly codec: Codec<unknown>; readonly bytes: Uint8Array };

function bodyOf(message: RpcMessage, calls: ReadonlyMap<number, RpcCall>): Body | undefined {
  const call = calls.get(message.xid);
  if (call === undefined) return undefined;
  const table =
    call.program !== PORTMAPPER.program ? YP_PROCEDURES : call.version === PORTMAPPER.portmapperVersion ? PORTMAPPER_PROCEDURES : RPCBIND_PROCEDURES;
  const found = Object.values(table).find(({ number }) => number === call.procedure);
  if (found === undefined) return undefined;
  if (message.kind === "call") return { codec: found.argument as Codec<unknown>, bytes: message.argument };
  return message.kind === "success" ? { codec: found.result as Codec<unknown>, bytes: message.result } : undefined;
}

function recordsOf(bytes: Uint8Array): readonly Uint8Array[] {
  const records = new RpcRecords();
  records.push(bytes);
  const found: Uint8Array[] = [];
  for (let record = records.next(); record !== undefined; record = records.next()) found.push(record.slice());
  return found;
}
