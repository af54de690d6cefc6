/** The catalogue of role messages: every entry decoded like a packet from a stranger, in the order its state table allows. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { WireError } from "../../src/base/errors.ts";
import { CATALOGUE, type CatalogueName } from "../../src/roles/messages/catalogue.ts";
import { type AnyEntry, encodeMessage, type MessageEntry, MessageReader, type RoleName, ROLES } from "../../src/roles/messages/message.ts";
import { MESSAGE_SAMPLES as SAMPLES } from "./message-samples.ts";

const entries = Object.entries(CATALOGUE) as unknown as readonly (readonly [CatalogueName, AnyEntry])[];
const encoded = (name: CatalogueName): Uint8Array => encodeMessage(CATALOGUE[name] as unknown as MessageEntry<unknown>, 9, SAMPLES[name]);
const descriptorsOf = (entry: AnyEntry): readonly number[] => Array.from({ length: entry.descriptors }, (_, i) => 100 + i);

/** A reader brought into a state in which the entry may come. */
function readerFor(entry: AnyEntry, from?: RoleName, to?: RoleName): MessageReader<typeof CATALOGUE> {
  const reader = new MessageReader(CATALOGUE, from ?? entry.from[0] ?? "main", to ?? entry.to[0] ?? "main");
  if (!entry.when.includes("starting")) reader.read(encoded((from ?? entry.from[0]) === "main" ? "start" : "ready"), []);
  return reader;
}
const refusedWith = (code: string) => (error: unknown) => error instanceof WireError && error.code === code;

test("message types are distinct", () => assert.equal(new Set(entries.map(([, { type }]) => type)).size, entries.length));

for (const [name, entry] of entries) {
  test(`${name} arrives as it was sent, with its generation`, () => {
    const message = readerFor(entry).read(encoded(name), descriptorsOf(entry));
    assert.equal(message.kind, name);
    assert.equal(message.generation, 9);
    assert.deepEqual(message.body, SAMPLES[name]);
  });
  test(`${name}: every shorter frame, and one with a byte more, is refused`, () => {
    const whole = encoded(name);
    for (let length = 0; length < whole.length; length++)
      assert.throws(() => readerFor(entry).read(whole.subarray(0, length), descriptorsOf(entry)), WireError);
    assert.throws(() => readerFor(entry).read(Uint8Array.of(...whole, 0), descriptorsOf(entry)), refusedWith("trailing"));
  });
  test(`${name}: every flipped bit gives a message or a WireError`, () => {
    const whole = encoded(name);
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const flipped = Uint8Array.from(whole);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      try {
        readerFor(entry).read(flipped, descriptorsOf(entry));
      } catch (error) {
        assert.ok(error instanceof WireError, String(error));
      }
    }
  });
  test(`${name}: another number of descriptors is refused`, () =>
    assert.throws(() => readerFor(entry).read(encoded(name), [...descriptorsOf(entry), 99]), refusedWith("bad-length")));
  test(`${name}: from a role that may not say it, it is refused`, () => {
    for (const role of ROLES.filter((one) => !entry.from.includes(one))) {
      const reader = new MessageReader(CATALOGUE, role, entry.to[0] ?? "main");
      assert.throws(() => reader.read(encoded(name), descriptorsOf(entry)), refusedWith("unsupported"));
    }
  });
  if (!entry.when.includes("starting")) {
    test(`${name}: before the channel has started, it is refused`, () => {
      const reader = new MessageReader(CATALOGUE, entry.from[0] ?? "main", entry.to[0] ?? "main");
      assert.throws(() => reader.read(encoded(name), descriptorsOf(entry)), refusedWith("bad-order"));
      assert.equal(reader.state, "starting");
    });
  }
}

test("ready is said once", () => {
  const reader = new MessageReader(CATALOGUE, "frontend", "main");
  reader.read(encoded("ready"), []);
  assert.throws(() => reader.read(encoded("ready"), []), refusedWith("bad-order"));
});
test("B38, B56: configuration comes with its generation, and a lease is not taken before the channel has started", () => {
  const reader = new MessageReader(CATALOGUE, "main", "engine-uplink4");
  assert.throws(() => reader.read(encoded("storedLease"), []), refusedWith("bad-order"));
  assert.equal(reader.read(encoded("uplink4Config"), []).generation, 9);
});
test("B56: uplink6: no plan, record, socket or event of an engine that has not said that it is ready; no lease or command for one that has not started", () => {
  for (const name of ["configurePlan", "publishUplink6", "saveLease", "openDatagramSocket", "withdrawUplink"] as const) {
    const reader = new MessageReader(CATALOGUE, "engine-uplink6", "main");
    assert.throws(() => reader.read(encoded(name), []), refusedWith("bad-order"), name);
    reader.read(encoded("ready"), []);
    assert.equal(reader.read(encoded(name), []).kind, name);
  }
  for (const name of ["storedLease", "uplinkCommand", "kernelFailed", "farewell"] as const) {
    const reader = new MessageReader(CATALOGUE, "main", "engine-uplink6");
    assert.throws(() => reader.read(encoded(name), []), refusedWith("bad-order"), name);
    assert.equal(reader.read(encoded("uplink6Config"), []).generation, 9);
    reader.read(encoded("start"), []);
    assert.equal(reader.read(encoded(name), []).kind, name);
  }
});
test("B31: what is sent is values alone: the same message made elsewhere in memory is the same octets", () => {
  for (const [name] of entries) {
    const elsewhere = structuredClone(SAMPLES[name]);
    assert.deepEqual(encodeMessage(CATALOGUE[name] as unknown as MessageEntry<unknown>, 9, elsewhere), encoded(name), name);
  }
});
