/** What the server remembers of a client beside its leases: what it is, when it is written down, and when it goes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesOf } from "../../../../src/base/hex.ts";
import { ipv6Bytes } from "../../../../src/base/ipv6.ts";
import { IMAGE_BYTES, imageBytes, applyImage } from "../../../../src/services/leases/images.ts";
import type { Note } from "../../../../src/services/leases/note.ts";
import { LeaseTable } from "../../../../src/services/leases/table.ts";
import { LIMITS } from "../../../../src/base/limits.ts";
import { iaNa, iaPd } from "../../../../src/wire/dhcp6/leases.ts";
import { encodeDhcp6 } from "../../../../src/wire/dhcp6/message.ts";
import type { Dhcp6Options } from "../../../../src/wire/dhcp6/options.ts";
import { addressIn, type Answer, Bed, client, ip, relayed, said, SERVER } from "./support.ts";

const NA: Dhcp6Options = { iaNa: [iaNa({ iaid: 1 })] };
const FAR = ip("2001:db8:2::9");
const fqdn = (name: string, complete = false): Dhcp6Options => ({
  clientFqdn: { serverUpdates: false, overridden: false, noUpdates: true, name, complete },
});

/** The note of the lease of an answer's first address. */
function noteOf(bed: Bed, answer: Answer): Note | undefined {
  return bed.table.note(bed.table.findAddress(ipv6Bytes(addressIn(answer)), 0, 128));
}

test("a client that is heard directly, says no name and accepts nothing has no note, and its image is as short as ever", () => {
  const bed = new Bed();
  const answer = bed.ask(1, "request", NA);
  assert.equal(noteOf(bed, answer), undefined);
  assert.deepEqual([bed.replies.images, bed.replies.journalEnd, bed.table.notes.bytes], [1, imageBytes(10), 0]);
});

test("the client's name is remembered as it says it, with its own address beside it (RFC 4704 §4.2)", () => {
  const bed = new Bed();
  for (const [name, complete] of [
    ["laptop", false],
    ["a_b-9.home.example", true],
  ] as const) {
    const note = noteOf(bed, bed.ask(1, "request", { ...NA, ...fqdn(name, complete) }));
    assert.deepEqual([note?.hostName, note?.peer, note?.relays, note?.acceptsReconfigure], [name, client(1).address, [], false]);
  }
});

test("a name with any other octet than letters, digits, hyphens and underscores, or a broken one, is none; the lease is given all the same", () => {
  for (const hex of ["00", "0000", "0003612062", "00036100", "0005610a62", "00c00c", "0001613f", "00022e2e", "0001ff", "00036c6520"]) {
    const bed = new Bed();
    const bytes = Uint8Array.from([...encodeDhcp6(said(1, "request", NA)), 0, 39, 0, hex.length / 2, ...bytesOf(hex)]);
    assert.ok(bed.bytesIn(bytes) !== undefined, hex);
    assert.equal(bed.table.note(0), undefined, hex);
  }
});

test("whatever stands in option 39, a name that is remembered is fit for files and terminals", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (value) => {
      const bed = new Bed();
      const { length } = value;
      bed.bytesIn(Uint8Array.from([...encodeDhcp6(said(1, "request", NA)), 0, 39, length >>> 8, length & 0xff, ...value]));
      assert.match(bed.table.note(0)?.hostName ?? "none", /^[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*$/);
    }),
    { numRuns: 300 },
  );
});

test("of a relayed client: the relays from the outermost on, where they were heard, and what they say of it (RFC 6939, RFC 4649, RFC 5460)", () => {
  const bed = new Bed();
  const peer = client(1).address;
  const relay = {
    link: FAR,
    peer,
    interfaceId: Uint8Array.of(7),
    clientLinkLayerAddress: { type: 1, address: bytesOf("020000000001") },
    remoteId: { enterprise: 9, id: bytesOf("aabb") },
  };
  const near = relayed(encodeDhcp6(said(1, "request", { ...NA, ...fqdn("laptop") })), relay);
  const outer = relayed(near, { link: ip("2001:db8:5::1"), peer: ip("fe80::5"), hopCount: 1, relayPort: 0 });
  assert.ok(bed.bytesIn(outer, { from: ip("2001:db8:5::5"), port: 1547 }) !== undefined);
  const note = bed.table.note(0);
  assert.deepEqual(note?.relays, [
    { linkAddress: "2001:db8:5::1", peerAddress: "fe80::5", hopCount: 1, interfaceId: undefined, relayPort: 0 },
    { linkAddress: FAR, peerAddress: peer, hopCount: 0, interfaceId: Uint8Array.of(7), relayPort: undefined },
  ]);
  assert.deepEqual(note?.source, { address: "2001:db8:5::5", port: 1547, link: 100 });
  assert.deepEqual([note?.peer, note?.hostName], [peer, "laptop"]);
  assert.deepEqual(note?.linkLayerAddress, bytesOf("0001020000000001"));
  assert.deepEqual(note?.remoteId, bytesOf("00000009aabb"));
});

test("a promise that is repeated writes nothing, unless what is remembered is something else: then the lease is written, and the answer waits for it", () => {
  const bed = new Bed();
  const ask = (options: Dhcp6Options) => [bed.ask(1, "renew", { ...NA, ...options }).held, bed.replies.images];
  bed.ask(1, "request", { ...NA, ...fqdn("laptop") });
  bed.now += 10;
  assert.deepEqual(ask(fqdn("laptop")), [true, 0]);
  assert.deepEqual(ask(fqdn("tower")), [true, 1]);
  assert.deepEqual(ask(fqdn("tower")), [true, 0]);
  assert.deepEqual(ask({}), [true, 1], "it says no name any more");
  assert.deepEqual(ask({}), [true, 0]);
  assert.equal(bed.table.notes.blocksInUse, 0);
});

test("each lease of a message has the note, and it goes with the lease: released, declined, or over", () => {
  const bed = new Bed();
  const options = { iaNa: [iaNa({ iaid: 1 }), iaNa({ iaid: 2 }), iaNa({ iaid: 3 })], iaPd: [iaPd({ iaid: 1 })], ...fqdn("laptop") };
  const { message } = bed.ask(1, "request", options);
  assert.equal(bed.table.notes.blocksInUse, 4);
  const [first, second] = message.options.iaNa ?? [];
  bed.ask(1, "release", { iaNa: [first ?? assert.fail()] });
  bed.ask(1, "decline", { iaNa: [second ?? assert.fail()] });
  assert.equal(bed.table.notes.blocksInUse, 2);
  bed.now += 4000;
  bed.replies.clear();
  bed.server.sweep({ seconds: bed.now }, 16, bed.replies);
  assert.equal(bed.table.notes.blocksInUse, 0);
});

test("the journal alone makes the same notes again, whatever clients did", () => {
  const step = fc.record({
    n: fc.integer({ min: 1, max: 4 }),
    kind: fc.constantFrom("request", "renew", "rebind", "release") as fc.Arbitrary<"request" | "renew" | "rebind" | "release">,
    name: fc.constantFrom("", "a", "host.example", "x".repeat(60)),
    willing: fc.boolean(),
    behind: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const bed = new Bed({ pools: { reconfigure: true }, relayedPools: { reconfigure: true } });
      const replayed = new LeaseTable({ key: new Uint8Array(16), maxLeases: 1000, maxRowsPerClient: 32 });
      for (const { n, kind, name, willing, behind } of steps) {
        const options: Dhcp6Options = { ...NA, ...(name === "" ? {} : fqdn(name)), ...(willing ? { reconfigureAccept: true } : {}) };
        const inner = encodeDhcp6(said(n, kind, kind === "rebind" ? options : { ...options, serverId: SERVER }));
        bed.bytesIn(behind ? relayed(inner, { link: FAR, peer: client(n).address, interfaceId: new Uint8Array(40) }) : inner, {
          from: client(n).address,
        });
        const { journal, journalEnd } = bed.replies;
        for (let at = 0; at < journalEnd; ) at += applyImage(replayed, journal, at, journalEnd) || assert.fail("an image");
      }
      for (let row = 0; row < bed.table.end; row++) {
        const address = new Uint8Array(16);
        bed.table.copyAddress(row, address, 0);
        const twin = replayed.findAddress(address, 0, bed.table.prefixLength(row));
        assert.deepEqual(twin === -1 ? undefined : replayed.note(twin), bed.table.note(row));
      }
      assert.equal(replayed.notes.blocksInUse, bed.table.notes.blocksInUse);
    }),
    { numRuns: 60 },
  );
});

test("the longest notes of as many leases as one message may change fit what is kept free for it, and the next batch of the journal", () => {
  const bed = new Bed({ relayedPools: { addresses: [], rapidCommit: true } });
  const ias = Array.from({ length: LIMITS.iasPerMessage }, (_, i) => iaNa({ iaid: i + 1 }));
  const clientId = "00ff".padEnd(260, "5a") as never;
  let message = encodeDhcp6(said(1, "request", { clientId, iaNa: ias, ...fqdn(`${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(30)}`) }));
  for (let hop = 0; hop < 4; hop++) message = relayed(message, { link: hop === 0 ? FAR : ip("::"), interfaceId: new Uint8Array(30) });
  assert.ok(bed.replies.hasRoom);
  assert.ok(bed.bytesIn(message) !== undefined, JSON.stringify(bed.refused()));
  assert.equal(bed.replies.images, LIMITS.iasPerMessage);
  assert.ok(bed.replies.journalEnd > LIMITS.iasPerMessage * (IMAGE_BYTES - 192), `${bed.replies.journalEnd}`);
  assert.ok(bed.replies.journalEnd <= bed.replies.journal.length);
  assert.ok(bed.replies.journal.length < LIMITS.commitBytes - 4096);
});
