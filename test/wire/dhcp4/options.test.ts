import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf } from "../../../src/base/hex.ts";
import { everyOption, OPTIONS, requestCodes } from "../../../src/wire/dhcp4/options.ts";
import { noFlipEscapes, noMisread, roundTrip } from "../../support/codec-properties.ts";

for (const { key, codec, samples } of everyOption()) {
  for (const { value, hex } of samples) {
    test(`${key} ${hex} decodes and encodes back`, () => roundTrip(codec, value, bytesOf(hex)));
    test(`${key} ${hex}: every shorter input is refused or is itself whole`, () => noMisread(codec, bytesOf(hex)));
    test(`${key} ${hex}: every flipped bit gives a value or a WireError`, () => noFlipEscapes(codec, bytesOf(hex)));
  }
}

test("every option has a sample, and every code and name stands for one option", () => {
  const entries = everyOption();
  assert.deepEqual(
    entries.filter((entry) => entry.samples.length === 0),
    [],
  );
  assert.equal(new Set(entries.map((entry) => entry.code)).size, entries.length);
  assert.equal(new Set(entries.map((entry) => entry.name)).size, entries.length);
});

test("the table is in the order of codes, which is the order options are sent in", () => {
  const codes = everyOption().map((entry) => entry.code);
  assert.deepEqual(
    codes,
    codes.toSorted((a, b) => a - b),
  );
});

test("a datagram dies only with the options a lease cannot be judged without", () => {
  const essential = everyOption()
    .filter((entry) => entry.essential)
    .map((entry) => entry.code);
  assert.deepEqual(essential, [1, 3, 6, 33, 50, 51, 52, 53, 54, 58, 59, 61, 121]);
});

test("a parameter request list is made of names and keeps their order (RFC 3442: 121 before 3 and 33)", () => {
  assert.deepEqual(requestCodes(["subnetMask", "classlessRoutes", "routers", "domainNameServers"]), [1, 121, 3, 6]);
  assert.equal(OPTIONS.authentication.secret, true);
});
