import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeAll, encodeAll } from "../../../src/base/codec.ts";
import { WireError, type WireCode } from "../../../src/base/errors.ts";
import { bytesOf } from "../../../src/base/hex.ts";
import { type Control, control } from "../../../src/wire/ldap/controls.ts";
import { decodeLdap, encodeLdap, ldapMessage, noticeOfDisconnection } from "../../../src/wire/ldap/message.ts";
import { RESULT, resultName } from "../../../src/wire/ldap/result.ts";
import { type SyncInfo, syncInfo } from "../../../src/wire/ldap/sync-info.ts";
import { noFlipEscapes, noMisread, roundTrip, valueOrWireError } from "../../support/codec-properties.ts";
import { MESSAGES, SUCCESS, utf8 } from "./messages.ts";

const UUID = Uint8Array.from({ length: 16 }, (_, i) => i);
const CONTROLS: readonly Control[] = [
  { kind: "pagedResults", critical: true, size: 0x7fffffff, cookie: utf8("next") },
  { kind: "syncRequest", critical: true, mode: "refreshAndPersist", cookie: utf8("c"), reloadHint: true },
  { kind: "syncRequest", critical: false, mode: "refreshOnly", reloadHint: false },
  { kind: "syncState", critical: false, state: "delete", entryUuid: UUID, cookie: utf8("") },
  { kind: "syncDone", critical: false, refreshDeletes: true },
  { kind: "unknown", critical: false, oid: "1.2.3" },
];
const INFOS: readonly SyncInfo[] = [
  { kind: "newCookie", cookie: utf8("c") },
  { kind: "refreshDelete", refreshDone: true },
  { kind: "refreshPresent", cookie: utf8("c"), refreshDone: false },
  { kind: "idSet", refreshDeletes: true, uuids: [UUID, UUID] },
];

for (const [what, value, hex] of MESSAGES) {
  test(`${what} decodes and encodes back`, () => roundTrip(ldapMessage, value, bytesOf(hex)));
  test(`${what}: every shorter input is refused or is itself whole`, () => noMisread(ldapMessage, bytesOf(hex)));
  test(`${what}: every flipped bit gives a value or a WireError`, () => noFlipEscapes(ldapMessage, bytesOf(hex)));
}

test("controls and sync infos keep their value, cut short and with every bit flipped they are read or refused", () => {
  for (const value of CONTROLS) {
    roundTrip(control, value, encodeAll(control, value));
    noMisread(control, encodeAll(control, value));
    noFlipEscapes(control, encodeAll(control, value));
  }
  for (const value of INFOS) {
    roundTrip(syncInfo, value, encodeAll(syncInfo, value));
    noMisread(syncInfo, encodeAll(syncInfo, value));
    noFlipEscapes(syncInfo, encodeAll(syncInfo, value));
  }
});

test("lengths in any definite form are read, as Active Directory writes them; the indefinite form is not (RFC 4511 §5.1)", () => {
  const plain = decodeLdap(bytesOf("30 0c  02 01 01  65 07  0a 01 00  04 00  04 00"));
  assert.deepEqual(decodeLdap(bytesOf("30 84 00000018  02 01 01  65 84 0000000f  0a 01 00  04 84 00000000  04 84 00000000")), plain);
  assert.deepEqual(decodeLdap(bytesOf("30 8a 0000000000000000000c  02 01 01  65 07  0a 01 00  04 00  04 00")), plain);
  refused("30 80  02 01 01  65 07  0a 01 00  04 00  04 00  00 00", "unsupported");
});

test("parts that a later version may add at the end are skipped (RFC 4511 §4)", () => {
  const { operation } = decodeLdap(bytesOf("30 10  02 01 01  65 0b  0a 01 00  04 00  04 00  9e 02 abcd"));
  assert.deepEqual(operation, { kind: "searchResultDone", result: SUCCESS });
});

test("operations we do not speak, negative ids and numbers of five bytes are refused", () => {
  refused("30 05  02 01 01  6a 00", "unsupported");
  refused("30 05  02 01 ff  42 00", "bad-value");
  refused("30 09  02 05 0000000001  42 00", "bad-length");
  refused("30 05  02 01 01  42 00  00", "trailing");
});

test("values of an entry are views into the message, not copies", () => {
  const bytes = encodeLdap({
    id: 1,
    operation: { kind: "searchResultEntry", name: "", attributes: [{ description: "cn", values: [utf8("abc")] }] },
    controls: [],
  });
  const { operation } = decodeLdap(bytes);
  assert.ok(operation.kind === "searchResultEntry");
  assert.equal(operation.attributes[0]?.values[0]?.buffer, bytes.buffer);
});

test("only message 0 with the right name is a notice of disconnection (RFC 4511 §4.4.1)", () => {
  const notices = MESSAGES.filter(([, value]) => noticeOfDisconnection(value) !== undefined).map(([what]) => what);
  assert.deepEqual(notices, ["notice of disconnection"]);
});

test("every result code has its name, and others are shown as numbers", () => {
  for (const [name, code] of Object.entries(RESULT)) assert.equal(resultName(code), name);
  assert.equal(resultName(9999), "result 9999");
});

test("any integer of 32 bits keeps its value", () => {
  fc.assert(
    fc.property(fc.nat(0x7fffffff), fc.nat(0x7fffffff), (id, other) => {
      const message = { id, operation: { kind: "abandonRequest", id: other }, controls: [] } as const;
      assert.deepEqual(decodeLdap(encodeLdap(message)), message);
    }),
  );
});

test("random bytes are read or refused with a WireError", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void valueOrWireError(ldapMessage, bytes)));
});

function refused(hex: string, code: WireCode): void {
  assert.throws(
    () => decodeAll(ldapMessage, bytesOf(hex)),
    (error) => error instanceof WireError && error.code === code,
    code,
  );
}
