/** What must hold for every codec, whoever wrote it: used in one loop over every entry of an option table. */
import assert from "node:assert/strict";
import { type Codec, decodeAll, encodeAll } from "../../src/base/codec.ts";
import { Reader } from "../../src/base/cursor.ts";
import { WireError } from "../../src/base/errors.ts";
import { toHex } from "../../src/base/hex.ts";

/** The value gives the bytes, and the bytes the value, wherever in a datagram they stand. */
export function roundTrip<T>(codec: Codec<T>, value: T, bytes: Uint8Array): void {
  assert.equal(toHex(encodeAll(codec, value)), toHex(bytes));
  assert.deepEqual(decodeAll(codec, bytes), value);
  const datagram = new Uint8Array(bytes.length + 7).fill(0xa5);
  datagram.set(bytes, 3);
  const inside = new Reader(datagram.subarray(3, 3 + bytes.length), 3);
  assert.deepEqual(codec.decode(inside), value);
  inside.finish();
}

/** Every shorter input is refused, or is itself a whole value that encodes to something that reads the same. */
export function noMisread<T>(codec: Codec<T>, bytes: Uint8Array): void {
  for (let length = 0; length < bytes.length; length++) valueOrWireError(codec, bytes.subarray(0, length));
}

/** Of longer ones every fifth bit is flipped, so that each byte is, and each place in a byte: all would take bytes squared. */
const EVERY_BIT_BYTES = 512;

/** Every flipped bit gives a value that can be kept, or a `WireError` whose offset lies in the bytes, and nothing else. */
export function noFlipEscapes<T>(codec: Codec<T>, bytes: Uint8Array): void {
  const step = bytes.length > EVERY_BIT_BYTES ? 5 : 1;
  for (let bit = 0; bit < bytes.length * 8; bit += step) {
    const flipped = bytes.map((byte, i) => (i === bit >>> 3 ? byte ^ (1 << (bit & 7)) : byte));
    valueOrWireError(codec, flipped);
  }
}

/** Decodes; a value must survive being encoded and decoded again. @returns undefined when the bytes were refused */
export function valueOrWireError<T>(codec: Codec<T>, bytes: Uint8Array): T | undefined {
  let value: T;
  try {
    value = decodeAll(codec, bytes);
  } catch (error) {
    assert.ok(error instanceof WireError, `${toHex(bytes)}: ${String(error)}`);
    assert.ok(error.offset >= 0 && error.offset <= bytes.length, `${toHex(bytes)}: ${error.message} lies outside`);
    return undefined;
  }
  assert.deepEqual(decodeAll(codec, encodeAll(codec, value)), value, `${toHex(bytes)} does not keep its value`);
  return value;
}

/** A function over whole datagrams gives a value or a `WireError`. */
export function refusesOrReads(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): void {
  try {
    decode(bytes);
  } catch (error) {
    assert.ok(error instanceof WireError, `${toHex(bytes)}: ${String(error)}`);
  }
}
