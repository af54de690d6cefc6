/** What other servers got wrong, one sentence each: S in a server of 2014, I in how it handled associations, T in one of today. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, toHex } from "../../../../src/base/hex.ts";
import { ipv6Bytes } from "../../../../src/base/ipv6.ts";
import { applyImage } from "../../../../src/services/leases/images.ts";
import { LeaseTable } from "../../../../src/services/leases/table.ts";
import { iaAddress, iaNa, iaPd, iaPrefix, STATUS } from "../../../../src/wire/dhcp6/leases.ts";
import { encodeDhcp6 } from "../../../../src/wire/dhcp6/message.ts";
import { addressIn, answerOf, Bed, client, ip, LAN_ADDRESS, net, prefixIn, said, SERVER } from "./support.ts";

const IA = { iaid: 5 };
const CLIENT_ID = `0001 000a ${client(1).duid}`;
const IA_NA = "0003 000c 00000005 00000000 00000000";
const solicit = (...options: readonly string[]): Uint8Array => bytesOf(`01 112233 ${options.join(" ")}`);

test("S6: two client identifiers, or a message full of them, are dropped, and nothing of ours leaks", () => {
  const bed = new Bed();
  assert.equal(bed.bytesIn(solicit(CLIENT_ID, CLIENT_ID, IA_NA)), undefined);
  assert.equal(bed.bytesIn(solicit(CLIENT_ID.repeat(100))), undefined);
  assert.deepEqual(bed.refused(), { "repeated-option": 2 });
});

test("S8: the server is one, whatever the link (RFC 9915 §11)", () => {
  const bed = new Bed();
  bed.server.setIndex("lan0", 8);
  assert.equal(bed.ask(1, "solicit", {}, { link: 8 }).message.options.serverId, SERVER);
});

test("S14: answers go to port 546, from whichever port the client asked (RFC 9915 §7.2)", () => {
  assert.equal(new Bed().ask(1, "solicit", {}, { port: 40_000 }).port, 546);
});

test("S15: nobody is told UseMulticast: what came by unicast is dropped and counted (RFC 9915 §16)", () => {
  const bed = new Bed();
  for (const kind of ["request", "renew", "release", "decline"] as const) assert.equal(bed.hear(1, kind, {}, { multicast: false }), undefined);
  assert.deepEqual(bed.refused(), { unicast: 4 });
});

test("S21: an option that reaches beyond the end condemns the message, wherever it stands, and code 0 hides nothing", () => {
  const bed = new Bed();
  const address = "0005 0018 20010db8000100000000000000000005 00000000 00000000";
  for (const cut of [
    "0008 0003 0000",
    "0008",
    "0003 0010 00000005 00000000 00000000 000d 0001",
    `0003 0027 00000005 00000000 00000000 ${address.slice(0, -2)}`,
  ])
    assert.equal(bed.bytesIn(solicit(CLIENT_ID, cut)), undefined, cut);
  const nested = "0003 002d 00000005 00000000 00000000 0005 001d 20010db8000100000000000000000005 00000000 00000000 000d 0002 00";
  assert.equal(bed.bytesIn(solicit(CLIENT_ID, nested)), undefined);
  assert.deepEqual(bed.refused(), { truncated: 5 });
  assert.ok(bed.bytesIn(solicit("0000 0000", CLIENT_ID, "0000 0001 00", IA_NA)) !== undefined);
});

test("I1: an IA too short to be one is passed over, and the rest is answered", () => {
  const bed = new Bed();
  const bytes = solicit(CLIENT_ID, "0003 000b 00000007 00000000 000000", "0019 0000", IA_NA);
  const answer = answerOf(bed.replies, 0, bed.bytesIn(bytes) ?? assert.fail("it was not answered"));
  assert.deepEqual([answer.message.options.iaNa?.map(({ iaid }) => iaid), answer.message.options.iaPd], [[5], undefined]);
});

test("I2, I3: an identifier of 130 octets is served whole; one of 131, of 266 or of 2 is none (RFC 9915 §11.1)", () => {
  const bed = new Bed();
  const withId = (length: number): Uint8Array =>
    solicit(`0001 ${length.toString(16).padStart(4, "0")} ${"0102".repeat(length).slice(0, 2 * length)}`, IA_NA);
  const answer = bed.bytesIn(withId(130)) ?? new Uint8Array(0);
  assert.ok(toHex(answer).includes("0102".repeat(65)));
  for (const length of [131, 266, 2, 0]) assert.equal(bed.bytesIn(withId(length)), undefined, String(length));
  assert.deepEqual(bed.refused(), { "bad-length": 4 });
});

test("I5: Reconfigure is not offered: we send none (RFC 9915 §18.3.11)", () => {
  const bed = new Bed();
  for (const kind of ["solicit", "request"] as const) {
    const { options } = bed.ask(1, kind, { reconfigureAccept: true, iaNa: [iaNa(IA)] }).message;
    assert.deepEqual([options.reconfigureAccept, options.authentication], [undefined, undefined]);
  }
});

test("I6, T12: 64 associations of each a lease come in one Reply, none cut; the 65th is told UnspecFail", () => {
  const bed = new Bed();
  const ias = Array.from({ length: 65 }, (_, i) => iaNa({ iaid: i, iaAddress: [iaAddress(ip(`2001:db8:1::1:${i.toString(16)}`))] }));
  const { iaNa: given = [] } = bed.ask(1, "request", { iaNa: ias }).message.options;
  assert.deepEqual(
    given.map(({ options }) => options.iaAddress?.[0]?.address ?? options.status?.code),
    [...ias.slice(0, 64).map(({ options }) => options.iaAddress?.[0]?.address), STATUS.unspecFail],
  );
  assert.equal(new Set(given.map(({ renewSeconds }) => renewSeconds)).size, 1);
  assert.deepEqual([bed.replies.images, bed.table.count], [64, 64]);
});

test("an association that names more than eight addresses is told UnspecFail, and the others are served", () => {
  const bed = new Bed();
  const many = Array.from({ length: 9 }, (_, i) => iaAddress(ip(`2001:db8:1::2:${i}`)));
  const { iaNa: given } = bed.ask(1, "request", { iaNa: [iaNa({ iaid: 1, iaAddress: many }), iaNa({ iaid: 2 })] }).message.options;
  assert.deepEqual(
    given?.map(({ options }) => options.status?.code),
    [STATUS.unspecFail, undefined],
  );
});

test("I8: a link without an address is answered without one, and nothing else happens", () => {
  const bed = new Bed({ addresses: [], pools: { prefixes: [] } });
  const { options } = bed.ask(1, "solicit", { iaNa: [iaNa(IA)], requestedOptions: [23] }).message;
  assert.equal(options.iaNa?.[0]?.options.status?.code, STATUS.noAddrsAvail);
  assert.equal(options.dnsServers, undefined);
});

test("I9, I16: host parts have 64 bits, and who does not know the key cannot foresee them (RFC 9915 §13.1)", () => {
  const bed = new Bed();
  const given = Array.from({ length: 50 }, (_, n) => ipv6Bytes(addressIn(bed.ask(n + 1, "solicit", { iaNa: [iaNa(IA)] }))));
  for (let octet = 8; octet < 16; octet++) assert.ok(new Set(given.map((address) => address[octet])).size > 20, `octet ${octet}`);
});

test("I10: the Request gets what the Advertise said, an hour of others' messages later too", () => {
  const bed = new Bed();
  const offered = addressIn(bed.ask(1, "solicit", { iaNa: [iaNa(IA)] }));
  for (let n = 2; n < 200; n++) bed.ask(n, "request", { iaNa: [iaNa(IA)] });
  bed.now += 3600;
  assert.equal(addressIn(bed.ask(1, "request", { iaNa: [iaNa(IA)] })), offered);
});

test("T5: an option that is asked for a thousand times is answered once", () => {
  const bed = new Bed();
  const asked = { requestedOptions: Array.from({ length: 1000 }, () => 23) };
  assert.equal(bed.ask(1, "solicit", asked).bytes.length, bed.ask(1, "solicit", { requestedOptions: [23] }).bytes.length);
});

test("T7: a prefix that is hinted is given when it is free, also with bits set behind its length (RFC 8168 §3.2)", () => {
  const bed = new Bed();
  const sloppy = encodeDhcp6(said(1, "solicit", { iaPd: [iaPd({ iaid: 1, iaPrefix: [iaPrefix(net("2001:db8:80ab:cd00::/56"))] })] }));
  sloppy[sloppy.length - 1] = 7;
  const bytes = bed.bytesIn(sloppy) ?? new Uint8Array(0);
  assert.ok(toHex(bytes).includes(`38${"20010db880abcd00".padEnd(32, "0")}`));
});

test("T8: what is kept ends no earlier than what the client was told, and never later than the prefix", () => {
  const bed = new Bed();
  bed.server.setAddresses("lan0", [{ ...LAN_ADDRESS, validUntil: bed.now + 1000 }]);
  const given = bed.ask(1, "request", { iaNa: [iaNa(IA)] }).message.options.iaNa?.[0]?.options.iaAddress?.[0];
  assert.equal(bed.table.validUntilSeconds(0), bed.now + (given?.validSeconds ?? 0));
  assert.equal(given?.validSeconds, 1000);
});

test("T9: leases read back from the journal are those that were promised", () => {
  const bed = new Bed();
  const reply = bed.ask(1, "request", { iaNa: [iaNa(IA)], iaPd: [iaPd(IA)] });
  const journal = bed.replies.journal.slice(0, bed.replies.journalEnd);
  const after = new Bed({ pools: { preferredSeconds: 1801 } });
  for (let at = 0; at < journal.length; ) at += applyImage(after.table, journal, at, journal.length);
  after.server.leasesLoaded();
  assert.equal(after.server.view().links[0]?.prefixes, 1);
  const wish = { iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(addressIn(reply))] })], iaPd: [iaPd({ ...IA, iaPrefix: [iaPrefix(prefixIn(reply))] })] };
  const renewed = after.ask(1, "renew", wish);
  assert.deepEqual([addressIn(renewed), prefixIn(renewed)], [addressIn(reply), prefixIn(reply)]);
  assert.ok(after.table instanceof LeaseTable);
});
