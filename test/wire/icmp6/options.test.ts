import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf } from "../../../src/base/hex.ts";
import { everyNdOption } from "../../../src/wire/icmp6/options.ts";
import { noFlipEscapes, noMisread, roundTrip } from "../../support/codec-properties.ts";

for (const { key, codec, samples } of everyNdOption()) {
  for (const { value, hex } of samples) {
    test(`${key} ${hex} decodes and encodes back`, () => roundTrip(codec, value, bytesOf(hex)));
    test(`${key} ${hex}: every shorter input is refused or is itself whole`, () => noMisread(codec, bytesOf(hex)));
    test(`${key} ${hex}: every flipped bit gives a value or a WireError`, () => noFlipEscapes(codec, bytesOf(hex)));
  }
}

test("every option has samples of eights of octets with type and length, and every code stands for one option", () => {
  const entries = everyNdOption();
  for (const { name, samples } of entries) assert.ok(samples.length > 0 && samples.every(({ hex }) => (bytesOf(hex).length + 2) % 8 === 0), name);
  const codes = entries.map(({ code }) => code);
  assert.deepEqual(
    codes,
    [...new Set(codes)].toSorted((a, b) => a - b),
  );
});
