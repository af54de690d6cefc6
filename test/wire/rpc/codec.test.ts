import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeAll } from "../../../src/base/codec.ts";
import { type WireCode, WireError } from "../../../src/base/errors.ts";
import { bytesOf } from "../../../src/base/hex.ts";
import { rpcMessage } from "../../../src/wire/rpc/message.ts";
import { parseUniversalAddress, printUniversalAddress } from "../../../src/wire/rpc/universal-address.ts";
import { withoutTerminator, YP_PROCEDURES, ypProcedure } from "../../../src/wire/rpc/yp.ts";
import { noFlipEscapes, noMisread, roundTrip } from "../../support/codec-properties.ts";
import { SAMPLES } from "./samples.ts";

for (const { what, codec, value, bytes } of SAMPLES) {
  test(`${what} decodes and encodes back`, () => roundTrip(codec, value, bytes));
  test(`${what}: every shorter input is refused or is itself whole`, () => noMisread(codec, bytes));
  test(`${what}: every flipped bit gives a value or a WireError`, () => noFlipEscapes(codec, bytes));
}

test("names, keys and credentials over their limit are refused before they are read", () => {
  refused(() => decodeAll(YP_PROCEDURES.domain.argument, bytesOf("00000041")), "bad-length");
  refused(() => decodeAll(YP_PROCEDURES.match.argument, bytesOf("00000000 00000041")), "bad-length");
  refused(() => decodeAll(YP_PROCEDURES.match.argument, bytesOf("00000000 00000000 00000401")), "bad-length");
  refused(() => decodeAll(YP_PROCEDURES.master.result, bytesOf("00000001 00000041")), "bad-length");
  refused(() => decodeAll(rpcMessage, bytesOf("00000007 00000000 00000002 00000001 00000001 00000000  00000001 00000191")), "bad-length");
  refused(
    () =>
      decodeAll(
        rpcMessage,
        bytesOf("00000007 00000000 00000002 00000001 00000001 00000000  00000001 00000014 00000000 00000000 00000000 00000000 00000011"),
      ),
    "too-many",
  );
});

test("a status nobody knows, half a boolean and a NUL in a name are refused", () => {
  refused(() => decodeAll(YP_PROCEDURES.match.result, bytesOf("00000003 00000000")), "bad-value");
  refused(() => decodeAll(YP_PROCEDURES.domain.result, bytesOf("00000002")), "bad-value");
  refused(() => decodeAll(YP_PROCEDURES.domain.argument, bytesOf("00000002 61000000")), "bad-value");
});

test("procedures are found by number, and there are twelve", () => {
  assert.deepEqual(
    Array.from({ length: 13 }, (_, i) => ypProcedure(i)),
    [...Object.keys(YP_PROCEDURES), undefined],
  );
});

test("a key with the zero byte of C is found without it", () => {
  assert.deepEqual(withoutTerminator(bytesOf("616200")), bytesOf("6162"));
  assert.equal(withoutTerminator(bytesOf("6162")), undefined);
});

test("universal addresses are read and printed, and nothing else is one (RFC 5665 §5.2.3.3)", () => {
  for (const text of ["127.0.0.1.3.66", "::.0.111", "2001:db8::1.255.255"]) {
    const address = parseUniversalAddress(text);
    assert.ok(address !== undefined, text);
    assert.equal(printUniversalAddress(address), text);
  }
  for (const text of ["", "127.0.0.1", "127.0.0.1.3", "127.0.0.1.256.1", "127.0.0.1.3.0066", "/run/rpcbind.sock", "x.1.2"])
    assert.equal(parseUniversalAddress(text), undefined, text);
});

function refused(act: () => unknown, code: WireCode): void {
  assert.throws(act, (error) => error instanceof WireError && error.code === code, code);
}
