import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeAll } from "../../../src/base/codec.ts";
import { toHex } from "../../../src/base/hex.ts";
import { LdapFrames } from "../../../src/wire/ldap/frames.ts";
import { decodeLdap, encodeLdap, ldapMessage } from "../../../src/wire/ldap/message.ts";
import { SYNC_INFO_OID, syncInfo } from "../../../src/wire/ldap/sync-info.ts";
import { noFlipEscapes, noMisread } from "../../support/codec-properties.ts";
import { conversations, plain } from "./conversations.ts";

for (const { name, parts, expected } of conversations("ldap")) {
  const messages = parts.flatMap(({ from, bytes }) => framesOf(bytes).map((frame) => ({ from, frame })));

  test(`${name}: what OpenLDAP said reads as written beside it`, () => {
    const read = messages.map(({ from, frame }) => {
      const message = decodeLdap(frame);
      const { operation } = message;
      const info =
        operation.kind === "intermediateResponse" && operation.name === SYNC_INFO_OID && operation.value !== undefined
          ? { info: decodeAll(syncInfo, operation.value) }
          : {};
      return { from, ...message, ...info };
    });
    assert.ok(read.length > 0);
    assert.deepEqual(plain(read), expected);
  });

  test(`${name}: we write the same bytes`, () => {
    for (const { frame } of messages) assert.equal(toHex(encodeLdap(decodeLdap(frame))), toHex(frame));
  });

  test(`${name}: cut short or with a bit flipped every message is read or refused`, () => {
    for (const { frame } of messages) {
      noMisread(ldapMessage, frame);
      noFlipEscapes(ldapMessage, frame);
    }
  });
}

function framesOf(bytes: Uint8Array): readonly Uint8Array[] {
  const frames = new LdapFrames();
  frames.push(bytes);
  const found: Uint8Array[] = [];
  for (let frame = frames.next(); frame !== undefined; frame = frames.next()) found.push(frame.slice());
  assert.equal(frames.pendingBytes, 0);
  return found;
}
