/** What is remembered beside a lease: its octets, its blocks in memory, and its place in images. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Ipv6Address, ipv6Of } from "../../../src/base/ipv6.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { applyImage, IMAGE_BYTES, writeImage } from "../../../src/services/leases/images.ts";
import { decodeNote, encodeNote, NOTE_BLOCK_BYTES, NOTE_BYTES, type Note } from "../../../src/services/leases/note.ts";
import { Notes } from "../../../src/services/leases/notes.ts";
import { type LeaseTable, STATE } from "../../../src/services/leases/table.ts";
import { bytesOf, insert, nthLease, tableOf } from "./support.ts";

const ip = (text: string): Ipv6Address => text as Ipv6Address;
const BARE: Note = {
  acceptsReconfigure: true,
  peer: ip("fe80::1"),
  relays: [],
  source: undefined,
  linkLayerAddress: undefined,
  relayId: undefined,
  remoteId: undefined,
  hostName: undefined,
};
const RELAYED: Note = {
  ...BARE,
  acceptsReconfigure: false,
  relays: [
    { linkAddress: ip("2001:db8::1"), peerAddress: ip("2001:db8::2"), hopCount: 1, interfaceId: undefined, relayPort: 1000 },
    { linkAddress: ip("2001:db8:1::1"), peerAddress: BARE.peer, hopCount: 0, interfaceId: Uint8Array.of(1, 2, 3), relayPort: undefined },
  ],
  source: { address: ip("2001:db8::9"), port: 1547, link: 65_535 },
  linkLayerAddress: bytesOf("0001020000000001"),
  relayId: bytesOf("00030001020000000002"),
  remoteId: bytesOf("00000009abcd"),
  hostName: "laptop.example",
};

const address = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(ipv6Of);
const octets = (most: number) => fc.option(fc.uint8Array({ minLength: 1, maxLength: most }), { nil: undefined });
const label = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/);
const relay = fc.record(
  {
    linkAddress: address,
    peerAddress: address,
    hopCount: fc.nat(255),
    interfaceId: octets(12),
    relayPort: fc.option(fc.nat(65_535), { nil: undefined }),
  },
  { noNullPrototype: true },
);
const note: fc.Arbitrary<Note> = fc
  .record({
    acceptsReconfigure: fc.boolean(),
    peer: address,
    relays: fc.array(relay, { maxLength: 4 }),
    source: fc.option(fc.record({ address, port: fc.nat(65_535), link: fc.nat(65_535) }, { noNullPrototype: true }), { nil: undefined }),
    linkLayerAddress: octets(12),
    relayId: octets(20),
    remoteId: octets(30),
    hostName: fc.option(
      fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join(".")),
      { nil: undefined },
    ),
  })
  .map((made) => ({ ...made, relays: made.relays.map((one, i) => (i === made.relays.length - 1 ? { ...one, peerAddress: made.peer } : one)) }));

test("a note of any content comes back as it was, in whole blocks", () => {
  fc.assert(
    fc.property(note, (made) => {
      const bytes = encodeNote(made);
      assert.equal(bytes.length % NOTE_BLOCK_BYTES, 0);
      assert.deepEqual(decodeNote(bytes), made);
    }),
  );
});

test("what is too long is left out, first the name, and never a part of the way to the client", () => {
  const far = Array.from({ length: 14 }, (_, i) => ({ ...(RELAYED.relays[0] ?? assert.fail()), hopCount: i }));
  const withoutWay = decodeNote(encodeNote({ ...RELAYED, relays: far }));
  assert.deepEqual(withoutWay, { ...RELAYED, relays: [], source: undefined });
  const longIds = { ...RELAYED, relayId: new Uint8Array(200).fill(1), remoteId: new Uint8Array(130).fill(2) };
  const noRoom = decodeNote(encodeNote({ ...longIds, hostName: `${"a".repeat(60)}.b` }));
  assert.deepEqual(noRoom, { ...longIds, hostName: undefined });
});

test("whatever octets stand on a disk, a note is read without going beyond them, and names have no character that could do harm", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: NOTE_BYTES }), fc.boolean(), (bytes, begins) => {
      const read = decodeNote(begins ? Uint8Array.from([1, 1, 1, 2, 16, ...new Uint8Array(16), ...bytes]) : bytes);
      assert.match(read?.hostName ?? "a", /^[A-Za-z0-9_.-]+$/);
    }),
    { numRuns: 2000 },
  );
});

test("notes of all sizes beside many rows: each row has its own, and blocks that were given back are used again", () => {
  const step = fc.record({ row: fc.constantFrom(0, 1, 2, 16_383, 16_384, 40_000), blocks: fc.nat(LIMITS.noteBlocks), fill: fc.nat(255) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const notes = new Notes();
      const model = new Map<number, Uint8Array>();
      for (const { row, blocks, fill } of steps) {
        const bytes = Uint8Array.from({ length: 3 + blocks * NOTE_BLOCK_BYTES }, (_, i) => (fill + i) & 0xff);
        if (blocks === 0) {
          notes.drop(row);
          model.delete(row);
        } else {
          assert.equal(notes.set(row, bytes, 3, blocks), true);
          model.set(row, bytes.slice(3));
        }
        for (const [each, expected] of model) {
          const out = new Uint8Array(NOTE_BYTES);
          assert.deepEqual(out.subarray(0, notes.copy(each, out, 0)), expected);
          assert.equal(notes.blocks(each), expected.length / NOTE_BLOCK_BYTES);
          assert.ok(notes.same(each, expected, 0, notes.blocks(each)));
          assert.ok(!notes.same(each, expected.with(5, (expected[5] ?? 0) ^ 1), 0, notes.blocks(each)));
        }
        assert.equal(notes.has(row), model.has(row));
        assert.equal(
          notes.blocksInUse,
          [...model.values()].reduce((sum, { length }) => sum + length / NOTE_BLOCK_BYTES, 0),
        );
      }
      assert.ok(notes.bytes <= 3 * 4 * 16_384 + 4096 * 68, "six rows need one slab and three chunks");
    }),
  );
});

function noted(n: number, made: Note | undefined, identifier = nthLease(n).identifier): LeaseTable {
  const table = tableOf();
  const row = insert(table, { ...nthLease(n), identifier });
  assert.ok(typeof row === "number");
  const bytes = made === undefined ? new Uint8Array(0) : encodeNote(made);
  table.notes.set(row, bytes, 0, bytes.length / NOTE_BLOCK_BYTES);
  return table;
}

test("an image carries the note of its lease, and an image of before it had one takes it away again", () => {
  const image = new Uint8Array(IMAGE_BYTES);
  const target = tableOf();
  for (const identifier of ["aa", "ab".repeat(20), "cd".repeat(130)])
    for (const made of [RELAYED, BARE, undefined]) {
      const from = noted(1, made, identifier);
      const used = writeImage(from, 0, image, 0);
      assert.equal(applyImage(target, image, 0, used), used);
      assert.deepEqual(target.note(target.findAddress(bytesOf(nthLease(1).address), 0, 128)), made);
    }
  assert.equal(target.notes.blocksInUse, 0);
});

test("an image of before there were notes is what it was: 64 octets, and zero where the blocks are counted", () => {
  const hex = `00000000 05000000 6400 03 80 01 0a 0000 20010db8000100000000000000000077
    10bd4c6b 0cb94c6b 00b54c6b 00030001020000000001 00000000000000000000`;
  const image = bytesOf(hex.replace(/\s/g, ""));
  assert.equal(image.length, 64);
  const table = tableOf();
  assert.equal(applyImage(table, image, 0, 64), 64);
  assert.equal(table.note(0), undefined);
  const out = new Uint8Array(IMAGE_BYTES).fill(0xee);
  assert.equal(writeImage(table, 0, out, 0), 64);
  assert.deepEqual(out.slice(0, 64), image);
});

test("an image whose note is longer than any, or reaches beyond the frame, is none", () => {
  const image = new Uint8Array(IMAGE_BYTES + 640);
  const used = writeImage(noted(1, RELAYED), 0, image, 0);
  const target = tableOf();
  assert.equal(applyImage(target, image, 0, used - 1), 0);
  assert.equal(applyImage(target, image.with(14, LIMITS.noteBlocks + 1), 0, image.length), 0);
  assert.equal(applyImage(target, image.with(14, 255), 0, image.length), 0);
  assert.equal(target.count, 0);
  assert.equal(applyImage(target, image, 0, used), used);
});

test("a lease that goes takes its note along, however it goes", () => {
  for (const end of [(table: LeaseTable) => table.remove(0), (table: LeaseTable) => table.disown(0, STATE.declined)]) {
    const table = noted(1, RELAYED);
    assert.ok(table.notes.blocksInUse > 0);
    end(table);
    assert.equal(table.notes.blocksInUse, 0);
    assert.equal(table.note(0), undefined);
  }
});

test("100,000 leases without a note take no octet more for notes; with a relay and a name each takes less than 300 in all", () => {
  const plain = tableOf();
  for (let n = 0; n < 100_000; n++) insert(plain, nthLease(n));
  assert.equal(plain.notes.bytes, 0);
  const bytes = encodeNote({ ...BARE, relays: RELAYED.relays.slice(1), source: RELAYED.source ?? assert.fail(), hostName: "laptop.example" });
  for (let row = 0; row < 100_000; row++) plain.notes.set(row, bytes, 0, bytes.length / NOTE_BLOCK_BYTES);
  assert.ok(plain.bytes / plain.count < 300, `${plain.bytes / plain.count}`);
});
