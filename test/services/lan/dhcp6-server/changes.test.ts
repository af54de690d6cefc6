/** Leases that an operator adds, brings or takes away: judged against what is served, written like any other, honoured like any other. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv6Bytes } from "../../../../src/base/ipv6.ts";
import type { Lease, LeaseOutcome } from "../../../../src/ports/leases.ts";
import { applyImage } from "../../../../src/services/leases/images.ts";
import { LeaseLists } from "../../../../src/services/lan/lease-lists.ts";
import { iaAddress, iaNa, iaPd, iaPrefix } from "../../../../src/wire/dhcp6/leases.ts";
import { tableOf } from "../../leases/support.ts";
import { Bed, client, ip, net, NEVER, NOW } from "./support.ts";

const LEASE: Lease = {
  ...{ kind: "address", address: ip("2001:db8:1::77"), prefixLength: 128, link: "lan0", state: "bound", client: client(1).duid, iaid: 5 },
  ...{ startSeconds: NOW, preferredUntilSeconds: NOW + 1800, validUntilSeconds: NOW + 3600, hostName: "" },
};
const PREFIX: Lease = { ...LEASE, kind: "prefix", address: ip("2001:db8:8000:100::"), prefixLength: 56 };

function put(bed: Bed, ...leases: readonly Partial<Lease>[]): readonly LeaseOutcome[] {
  bed.replies.clear();
  return bed.server.change({ put: leases.map((one) => ({ ...LEASE, ...one })), remove: [] }, { seconds: bed.now }, bed.replies);
}

function remove(bed: Bed, address: string, prefixLength = 128): LeaseOutcome | undefined {
  bed.replies.clear();
  return bed.server.change({ put: [], remove: [{ address: ip(address), prefixLength }] }, { seconds: bed.now }, bed.replies)[0];
}

const holdings = (bed: Bed) => bed.server.view().links.find(({ link }) => link === "lan0");

test("a lease that is put is its client's: it is renewed to it, and not offered to another", () => {
  const bed = new Bed();
  assert.deepEqual(put(bed, {}, PREFIX), ["done", "done"]);
  assert.deepEqual([bed.replies.images, holdings(bed)?.addresses, holdings(bed)?.prefixes], [2, 1, 1]);
  bed.now += 1000;
  const own = bed.ask(1, "renew", { iaNa: [iaNa({ iaid: 5, iaAddress: [iaAddress(LEASE.address)] })], iaPd: [iaPd({ iaid: 5 })] });
  assert.equal(own.message.options.iaNa?.[0]?.options.iaAddress?.[0]?.address, LEASE.address);
  assert.equal(own.message.options.iaPd?.[0]?.options.iaPrefix?.[0]?.prefix, net("2001:db8:8000:100::/56"));
  const other = bed.ask(2, "request", { iaNa: [iaNa({ iaid: 5, iaAddress: [iaAddress(LEASE.address)] })] });
  assert.notEqual(other.message.options.iaNa?.[0]?.options.iaAddress?.[0]?.address, LEASE.address);
});

test("what is put is in the journal as it is in the table", () => {
  const bed = new Bed();
  put(bed, {}, PREFIX, { address: ip("2001:db8:1::78"), state: "declined", client: undefined });
  const table = tableOf();
  for (let at = 0; at < bed.replies.journalEnd; ) at += applyImage(table, bed.replies.journal, at, bed.replies.journalEnd);
  const facts = { nowSeconds: NOW, nameOf: () => "lan0" };
  const every = { link: "", client: undefined, holds: undefined, exactly: undefined, state: undefined };
  const leases = new LeaseLists(table).page(every, 0, facts).leases;
  assert.deepEqual(leases.slice(0, 2), [LEASE, PREFIX]);
  assert.deepEqual([leases[2]?.state, leases[2]?.client], ["declined", undefined]);
});

for (const [why, change] of [
  ["no-link", { link: "lan9" }],
  ["off-link", { address: ip("2001:db8:9::1") }],
  ["off-link", { ...PREFIX, address: ip("2001:db8:9000::") }],
  ["off-link", { ...PREFIX, prefixLength: 60 }],
  ["not-assignable", { address: ip("2001:db8:1::1") }],
  ["not-assignable", { address: ip("2001:db8:1::") }],
  ["no-client", { client: undefined }],
  ["bad-value", { preferredUntilSeconds: NOW + 3601 }],
  ["bad-value", { ...PREFIX, address: ip("2001:db8:8000:1ff::") }],
  ["bad-value", { prefixLength: 64 }],
  ["over", { preferredUntilSeconds: NOW, validUntilSeconds: NOW }],
  ["over", { state: "expired" }],
] as const satisfies readonly (readonly [LeaseOutcome, Partial<Lease>])[])
  test(`refused as ${why}: ${JSON.stringify(change)}, and nothing is written`, () => {
    const bed = new Bed();
    assert.deepEqual(put(bed, change), [why]);
    assert.deepEqual([bed.replies.images, bed.table.count], [0, 0]);
  });

test("what another client holds stays its own, until its time is over; the same again changes nothing, for longer extends it", () => {
  const bed = new Bed();
  put(bed, {});
  assert.deepEqual(put(bed, { client: client(2).duid }), ["held"]);
  assert.deepEqual(put(bed, { iaid: 6 }), ["held"], "another association");
  assert.deepEqual(put(bed, {}), ["known"]);
  assert.deepEqual(put(bed, { validUntilSeconds: NOW + 100, preferredUntilSeconds: NOW + 100 }), ["known"], "no promise is shortened");
  assert.equal(bed.replies.images, 0);
  assert.deepEqual(put(bed, { validUntilSeconds: NOW + 7200 }), ["done"]);
  assert.equal(bed.table.count, 1);
  bed.now += 7210;
  assert.deepEqual(put(bed, { client: client(2).duid, preferredUntilSeconds: bed.now + 9, validUntilSeconds: bed.now + 9 }), ["done"]);
  assert.equal(bed.table.count, 1);
});

test("a prefix of which a part is in use is refused, whichever of them is longer", () => {
  const bed = new Bed({
    pools: { prefixes: [{ pool: net("2001:db8:8000::/40"), shortest: 48, longest: 60, usual: 56, excludedLength: undefined, class: undefined }] },
  });
  assert.deepEqual(put(bed, PREFIX), ["done"]);
  assert.deepEqual(put(bed, { ...PREFIX, prefixLength: 60, iaid: 6 }), ["overlapping"]);
  assert.deepEqual(put(bed, { ...PREFIX, address: ip("2001:db8:8000::"), prefixLength: 48, iaid: 7 }), ["overlapping"]);
  assert.deepEqual(put(bed, { ...PREFIX, address: ip("2001:db8:8001::"), prefixLength: 48, iaid: 7 }), ["done"]);
});

test("without a link it goes where there is a place for it", () => {
  const bed = new Bed();
  assert.deepEqual(put(bed, { link: "", address: ip("2001:db8:2::5") }, { link: "", address: ip("2001:db8:77::5") }), ["done", "off-link"]);
  assert.equal(bed.table.link(bed.table.findAddress(ipv6Bytes(ip("2001:db8:2::5")), 0, 128)), 200);
});

test("a start that is still to come does not move our clock", () => {
  const bed = new Bed();
  put(bed, { startSeconds: NOW + 1_000_000, validUntilSeconds: NEVER, preferredUntilSeconds: NEVER });
  assert.equal(bed.table.startSeconds(0), NOW);
});

test("what is removed is nobody's: its client is told so when it renews elsewhere, its route ends, and the journal says it", () => {
  const bed = new Bed();
  bed.ask(1, "request", { iaPd: [iaPd({ iaid: 1 })], iaNa: [iaNa({ iaid: 1 })] });
  const { leases } = new LeaseLists(bed.table).page({ link: "", client: undefined, holds: undefined, exactly: undefined, state: undefined }, 0, {
    nowSeconds: NOW,
    nameOf: () => "",
  });
  for (const { address, prefixLength } of leases) {
    assert.equal(remove(bed, address, prefixLength), "done");
    assert.deepEqual([bed.replies.images, bed.replies.routes.count], [1, prefixLength === 128 ? 0 : 1]);
  }
  assert.deepEqual([bed.table.count, holdings(bed)?.addresses, holdings(bed)?.prefixes], [0, 0, 0]);
  assert.equal(remove(bed, leases[0]?.address ?? "::"), "absent");
  const answer = bed.ask(1, "renew", { iaPd: [iaPd({ iaid: 1, iaPrefix: [iaPrefix(net("2001:db8:9000::/56"))] })] });
  assert.equal(answer.message.options.iaPd?.[0]?.options.status?.code, 3, "NoBinding");
});

test("as many leases as the table may hold: the next one is refused", () => {
  const bed = new Bed();
  const leases = Array.from({ length: 33 }, (_, n) => ({ address: ip(`2001:db8:1::${(n + 256).toString(16)}`) }));
  assert.deepEqual(put(bed, ...leases).slice(-2), ["done", "client-full"]);
});
