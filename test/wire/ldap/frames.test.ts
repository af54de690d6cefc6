import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { WireError } from "../../../src/base/errors.ts";
import { bytesOf } from "../../../src/base/hex.ts";
import { LdapFrames } from "../../../src/wire/ldap/frames.ts";
import { encodeLdap } from "../../../src/wire/ldap/message.ts";
import { chunked, joined } from "./chunks.ts";
import { MESSAGES, SUCCESS } from "./messages.ts";

const STREAM = MESSAGES.map(([, value]) => encodeLdap(value));

function framesOf(chunks: readonly Uint8Array[], maxBytes?: number): Uint8Array[] {
  const frames = new LdapFrames(maxBytes);
  return chunks.flatMap((chunk) => {
    frames.push(chunk);
    const found: Uint8Array[] = [];
    for (let frame = frames.next(); frame !== undefined; frame = frames.next()) found.push(frame.slice());
    chunk.fill(0xa5); // the owner uses its memory again
    return found;
  });
}

test("messages come out whole, fed byte by byte or in any chunks", () => {
  assert.deepEqual(framesOf(Array.from(joined(STREAM), (byte) => Uint8Array.of(byte))), STREAM);
  fc.assert(fc.property(chunked(joined(STREAM)), (chunks) => assert.deepEqual(framesOf(chunks), STREAM)));
});

test("a Buffer from a socket does not leak into frames as a Buffer", () => {
  const frames = new LdapFrames();
  frames.push(Buffer.from(joined(STREAM)));
  assert.equal(frames.next()?.constructor, Uint8Array);
});

test("a message over the limit is refused from its header, and so is what is no message", () => {
  const frames = new LdapFrames(1000);
  frames.push(bytesOf("30 82 03e5"));
  assert.throws(
    () => frames.next(),
    (error) => error instanceof WireError && error.code === "bad-length",
  );
  for (const hex of ["16 03 01", "30 80", "30 ff"]) assert.throws(() => framesOf([bytesOf(hex)]), WireError, hex);
  assert.equal(framesOf([bytesOf("30 82 03e4"), new Uint8Array(996)], 1000).length, 1);
});

test("a large message in small chunks costs time in proportion to its length", () => {
  const big = encodeLdap({ id: 1, operation: { kind: "searchResultDone", result: { ...SUCCESS, diagnostic: "x".repeat(4_000_000) } }, controls: [] });
  const started = performance.now();
  const frames = new LdapFrames();
  let found = 0;
  for (let at = 0; at < big.length; at += 100) {
    frames.push(big.subarray(at, at + 100));
    if (frames.next()?.length === big.length) found++;
  }
  assert.equal(found, 1);
  assert.equal(frames.pendingBytes, 0);
  assert.ok(performance.now() - started < 3000);
});
