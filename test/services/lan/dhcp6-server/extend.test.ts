/** Leases that go on, and those that do not: Renew, Rebind, and what becomes of a client whose lease was forgotten. */
import { addressPool, prefixPool } from "../../../../src/services/lan/dhcp6-config.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ipv6Prefix, ipv6Bytes, ipv6Covers } from "../../../../src/base/ipv6.ts";
import { STATE } from "../../../../src/services/leases/table.ts";
import type { WatchedAddress } from "../../../../src/services/lan/dhcp6-server/served-link.ts";
import { type IaNa, iaAddress, iaNa, iaPd, iaPrefix, STATUS } from "../../../../src/wire/dhcp6/leases.ts";
import { addressIn, Bed, ip, LAN_ADDRESS, net, NEVER, NOW, prefixIn } from "./support.ts";

const IA = { iaid: 5 };

test("a Renew extends the lease, and its Reply waits for the journal (RFC 9915 §18.3.4)", () => {
  const bed = new Bed();
  const held = addressIn(bed.ask(1, "request", { iaNa: [iaNa(IA)] }));
  bed.now += 1800;
  const reply = bed.ask(1, "renew", { iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(held)] })] });
  const given = reply.message.options.iaNa?.[0]?.options.iaAddress?.[0];
  assert.deepEqual([given?.address, given?.preferredSeconds, given?.validSeconds], [held, 1800, 3600]);
  assert.deepEqual([reply.held, bed.replies.images], [true, 1]);
});

test("a Renew within the first quarter repeats what was promised: nothing is written, and the deadline told stays the one kept", () => {
  const bed = new Bed();
  const held = addressIn(bed.ask(1, "request", { iaNa: [iaNa(IA)] }));
  bed.now += 400;
  const reply = bed.ask(1, "renew", { iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(held)] })] });
  const given = reply.message.options.iaNa?.[0]?.options.iaAddress?.[0];
  assert.deepEqual([given?.preferredSeconds, given?.validSeconds], [1400, 3200]);
  assert.deepEqual([reply.held, bed.replies.images], [true, 0]);
});

test("a client whose lease was forgotten keeps its address, as long as it is free and fits the link (RFC 9915 §18.3.4)", () => {
  const held = addressIn(new Bed().ask(1, "request", { iaNa: [iaNa(IA)] }));
  const after = new Bed();
  const reply = after.ask(1, "renew", { iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(held)] })] });
  assert.equal(addressIn(reply), held);
  assert.deepEqual([reply.held, after.replies.images], [true, 1]);
});

test("a Renew of what we do not know is told NoBinding when it names nothing that may be had (RFC 9915 §18.3.4)", () => {
  const bed = new Bed();
  const theirs = addressIn(bed.ask(2, "request", { iaNa: [iaNa(IA)] }));
  for (const address of [[], [iaAddress(theirs)], [iaAddress(ip("2001:db8:99::1"))]]) {
    const reply = bed.ask(1, "renew", { iaNa: [iaNa({ ...IA, iaAddress: address })] });
    assert.equal(reply.message.options.iaNa?.[0]?.options.status?.code, STATUS.noBinding);
    assert.equal(reply.message.options.iaNa?.[0]?.options.iaAddress, undefined);
    assert.equal(reply.held, false);
  }
});

test("what a Renew names besides its lease is over: lifetimes of zero (RFC 9915 §18.3.4)", () => {
  const bed = new Bed();
  const held = addressIn(bed.ask(1, "request", { iaNa: [iaNa(IA)] }));
  const other = ip("2001:db8:1::99");
  const reply = bed.ask(1, "renew", { iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(other), iaAddress(held)] })] });
  const given = reply.message.options.iaNa?.[0]?.options.iaAddress?.map(({ address, validSeconds }) => [address, validSeconds]);
  assert.deepEqual(given, [
    [held, 3600],
    [other, 0],
  ]);
  assert.equal(reply.message.options.iaNa?.[0]?.renewSeconds, 900);
});

test("a Rebind of a lease we know is a Renew (RFC 9915 §18.3.5)", () => {
  const bed = new Bed();
  const held = addressIn(bed.ask(1, "request", { iaNa: [iaNa(IA)] }));
  assert.equal(addressIn(bed.ask(1, "rebind", { iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(held)] })] })), held);
});

test("a Rebind of what we do not know stays unanswered: another server may know it (RFC 9915 §18.3.5)", () => {
  const bed = new Bed();
  assert.equal(bed.hear(1, "rebind", { iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(ip("2001:db8:1::77"))] })] }), undefined);
  assert.equal(bed.hear(1, "rebind", {}), undefined);
  assert.deepEqual(bed.refused(), { "nothing-to-say": 2 });
  assert.equal(bed.replies.end, 0);
  assert.equal(bed.table.count, 0);
});

test("a Rebind of an address that cannot be right here is told so, whoever gave it (RFC 9915 §18.3.5)", () => {
  const bed = new Bed();
  const wrong = ip("2001:db8:99::1");
  const reply = bed.ask(1, "rebind", { iaNa: [iaNa({ iaid: 1 }), iaNa({ ...IA, iaAddress: [iaAddress(wrong)] })] });
  assert.deepEqual(
    reply.message.options.iaNa?.map(({ iaid, options }) => [iaid, options.iaAddress?.map(({ address, validSeconds }) => [address, validSeconds])]),
    [[5, [[wrong, 0]]]],
  );
  assert.equal(reply.held, false);
});

test("where rapid commit is on, a Rebind makes a lease of what is free and fits (RFC 9915 §18.3.5)", () => {
  const bed = new Bed({ pools: { rapidCommit: true } });
  const wish = ip("2001:db8:1::77:1");
  assert.equal(addressIn(bed.ask(1, "rebind", { iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(wish)] })] })), wish);
});

test("nothing outlives the prefix it was taken from (RFC 9096 §3.3)", () => {
  const bed = new Bed();
  bed.server.setAddresses("lan0", [{ ...LAN_ADDRESS, preferredUntil: bed.now + 300, validUntil: bed.now + 700 }]);
  const given = bed.ask(1, "request", { iaNa: [iaNa(IA)] }).message.options.iaNa?.[0];
  assert.deepEqual([given?.options.iaAddress?.[0]?.preferredSeconds, given?.options.iaAddress?.[0]?.validSeconds], [300, 700]);
  assert.deepEqual([given?.renewSeconds, given?.rebindSeconds], [150, 240]);
  bed.server.setAddresses("lan0", [{ ...LAN_ADDRESS, validUntil: bed.now + 600 }]);
  const shorter = bed.ask(1, "renew", { iaNa: [iaNa(IA)] }).message.options.iaNa?.[0]?.options.iaAddress?.[0];
  assert.deepEqual([shorter?.preferredSeconds, shorter?.validSeconds], [600, 600]);
});

test("a prefix that ends sooner than it said takes its leases with it, were they promised a moment ago (RFC 9096 §3.3)", () => {
  const bed = new Bed();
  bed.ask(1, "request", { iaNa: [iaNa(IA)] });
  bed.server.setAddresses("lan0", [{ ...LAN_ADDRESS, preferredUntil: bed.now + 1799, validUntil: bed.now + 3599 }]);
  const given = bed.ask(1, "renew", { iaNa: [iaNa(IA)] }).message.options.iaNa?.[0]?.options.iaAddress?.[0];
  assert.deepEqual([given?.preferredSeconds, given?.validSeconds], [1799, 3599]);
});

test("the prefix changes: a Renew takes the old address back and gives a new one (RFC 9915 §18.3.4, RFC 9096 §3.5)", () => {
  const bed = new Bed();
  const old = addressIn(bed.ask(1, "request", { iaNa: [iaNa(IA)] }));
  bed.server.setAddresses("lan0", [{ ...LAN_ADDRESS, address: ip("2001:db8:5::1") }]);
  bed.now += 900;
  const reply = bed.ask(1, "renew", { iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(old)] })] });
  const given = reply.message.options.iaNa?.[0]?.options.iaAddress ?? [];
  assert.deepEqual(
    given.map(({ address, validSeconds }) => [address.startsWith("2001:db8:5:"), address === old, validSeconds]),
    [
      [true, false, 3600],
      [false, true, 0],
    ],
  );
  assert.equal(addressIn(bed.ask(1, "solicit", { iaNa: [iaNa(IA)] })), given[0]?.address);
});

test("a prefix that comes to its end is not given any more, and what is in use of it goes on without being preferred (RFC 9096 §3.3)", () => {
  const bed = new Bed();
  const old = addressIn(bed.ask(1, "request", { iaNa: [iaNa(IA)] }));
  bed.server.setAddresses("lan0", [
    { ...LAN_ADDRESS, preferredUntil: bed.now, validUntil: bed.now + 5000 },
    { ...LAN_ADDRESS, address: ip("2001:db8:5::1") },
  ]);
  bed.now += 1000;
  const reply = bed.ask(1, "renew", { iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(old)] })] });
  const given = reply.message.options.iaNa?.[0]?.options.iaAddress ?? [];
  assert.deepEqual(
    given.map(({ address, preferredSeconds, validSeconds }) => [address === old, preferredSeconds, validSeconds]),
    [
      [false, 1800, 3600],
      [true, 0, 3600],
    ],
  );
  assert.equal(reply.message.options.iaNa?.[0]?.renewSeconds, 900);
  for (const kind of ["solicit", "request"] as const) {
    const others = bed.ask(2, kind, { iaNa: [iaNa(IA)] }).message.options.iaNa?.[0]?.options.iaAddress ?? [];
    assert.deepEqual(
      others.map(({ address }) => address.startsWith("2001:db8:5:")),
      [true],
    );
  }
});

test("under a global and a local prefix a client gets an address of each, the global one first (RFC 9818 LPD-9)", () => {
  const bed = new Bed({ addresses: [{ ...LAN_ADDRESS, address: ip("fd00:1::1"), preferredUntil: NEVER }, LAN_ADDRESS] });
  const given = bed.ask(1, "request", { iaNa: [iaNa(IA)] }).message.options.iaNa?.[0]?.options.iaAddress ?? [];
  assert.deepEqual(
    given.map(({ address }) => address.split(":").slice(0, 2).join(":")),
    ["2001:db8", "fd00:1"],
  );
  assert.equal(bed.table.count, 2);
});

test("infinite lifetimes stay infinite, and so do T1 and T2 (RFC 9915 §7.7)", () => {
  const bed = new Bed({ pools: { preferredSeconds: NEVER, validSeconds: NEVER } });
  for (const kind of ["request", "renew"] as const) {
    const ia = bed.ask(1, kind, { iaNa: [iaNa(IA)] }).message.options.iaNa?.[0];
    const given = ia?.options.iaAddress?.[0];
    assert.deepEqual([ia?.renewSeconds, ia?.rebindSeconds, given?.preferredSeconds, given?.validSeconds], [NEVER, NEVER, NEVER, NEVER]);
    bed.now += 1_000_000;
  }
});

test("a lease that ended is kept for its client a while, and then forgotten", () => {
  const bed = new Bed({ pools: { addresses: [addressPool(net("2001:db8:1::f0/126"))] } });
  const held = addressIn(bed.ask(1, "request", { iaNa: [iaNa(IA)] }));
  bed.now += 3700;
  bed.server.sweep({ seconds: bed.now }, 1000, bed.replies);
  assert.equal(bed.server.view().links[0]?.addresses, 0);
  assert.notEqual(addressIn(bed.ask(2, "request", { iaNa: [iaNa(IA)] })), held);
  assert.equal(addressIn(bed.ask(1, "request", { iaNa: [iaNa(IA)] })), held);
  bed.now += 10_000;
  for (let i = 0; i < 2; i++) bed.server.sweep({ seconds: bed.now + 4000 * i }, 1000, bed.replies);
  assert.equal(bed.table.count, 0);
});

test("leases of other services in the same table are not ours to end", () => {
  const bed = new Bed();
  const row = bed.table.insert(100, 4, 0, Uint8Array.of(1, 2, 3), 0, 3, ipv6Bytes(ip("::ffff:192.0.2.1")), 0, 128, STATE.bound);
  assert.ok(typeof row === "number");
  bed.table.setLifetimes(row, NOW - 100_000, NOW - 90_000, NOW - 90_000);
  bed.server.sweep({ seconds: NOW }, 100, bed.replies);
  assert.equal(bed.table.state(row), STATE.bound);
});

test("a delegated prefix has its route, which goes when another takes its place (RFC 8987 R-1)", () => {
  const bed = new Bed();
  const old = prefixIn(bed.ask(1, "request", { iaPd: [iaPd(IA)] }));
  assert.deepEqual([bed.replies.routes.count, bed.replies.routes.present[0], bed.replies.routes.prefixLengths[0]], [1, 1, 56]);
  bed.ask(1, "renew", { iaPd: [iaPd({ ...IA, iaPrefix: [iaPrefix(old)] })] }, { from: ip("2001:db8:1::9") });
  assert.equal(bed.replies.routes.count, 0, "only a link-local address is a gateway");
  bed.configure({ prefixes: [prefixPool(net("2001:db8:c000::/40"), 56)] });
  const reply = bed.ask(1, "renew", { iaPd: [iaPd({ ...IA, iaPrefix: [iaPrefix(old)] })] });
  const given = reply.message.options.iaPd?.[0]?.options.iaPrefix ?? [];
  assert.deepEqual(
    given.map(({ prefix, validSeconds }) => [prefix === old, validSeconds]),
    [
      [false, 3600],
      [true, 0],
    ],
  );
  assert.deepEqual([...bed.replies.routes.present.slice(0, bed.replies.routes.count)], [1, 0]);
});

test("a client whose prefix changes again and again loses what is oldest, and always gets a new address", () => {
  const bed = new Bed({ pools: { validSeconds: 1_000_000, preferredSeconds: 1_000_000 } });
  const seen = new Set<string>();
  for (let change = 0; change < 40; change++) {
    bed.server.setAddresses("lan0", [{ ...LAN_ADDRESS, address: ip(`2001:db8:${(0x100 + change).toString(16)}::1`) }]);
    bed.now += 10;
    const reply = bed.ask(1, "renew", { iaNa: [iaNa(IA)] }, {}).message.options.iaNa?.[0]?.options.iaAddress?.[0];
    seen.add(reply?.address ?? addressIn(bed.ask(1, "request", { iaNa: [iaNa(IA)] })));
  }
  assert.equal(seen.size, 40);
  assert.equal(bed.table.count, 32);
});

test("a lease is nobody else's for a few seconds after its end: clocks do not run alike", () => {
  const bed = new Bed({ pools: { addresses: [addressPool(net("2001:db8:1::f2/128"))] } });
  bed.ask(1, "request", { iaNa: [iaNa(IA)] });
  const status = (): number | undefined => bed.ask(2, "request", { iaNa: [iaNa(IA)] }).message.options.iaNa?.[0]?.options.status?.code;
  bed.now += 3600;
  bed.server.sweep({ seconds: bed.now }, 1000, bed.replies);
  assert.equal(status(), STATUS.noAddrsAvail);
  bed.now += 5;
  assert.equal(status(), undefined);
});

test("prefixes of another length, promised before the configuration changed, are not overlapped by new ones until they end", () => {
  const pool = net("2001:db8:8000::/60");
  for (const [before, after] of [
    [62, 64],
    [64, 62],
  ] as const) {
    const bed = new Bed({ pools: { prefixes: [prefixPool(pool, before)] } });
    const old = prefixIn(bed.ask(1, "request", { iaPd: [iaPd(IA)] }));
    bed.configure({ prefixes: [prefixPool(pool, after)] });
    const given: Ipv6Prefix[] = [];
    for (let n = 2; n < 40; n++) {
      const answer = bed.ask(n, "request", { iaPd: [iaPd(IA)] });
      if (answer.message.options.iaPd?.[0]?.options.status === undefined) given.push(prefixIn(answer));
    }
    assert.equal(given.length, after === 64 ? 12 : 3);
    for (const one of given) assert.ok(!ipv6Covers(old, one) && !ipv6Covers(one, old), `${one} and ${old}`);
    bed.now += 3600 + 5;
    assert.equal(bed.ask(50, "request", { iaPd: [iaPd(IA)] }).message.options.iaPd?.[0]?.options.status, undefined);
  }
});

test("one message changes at most 128 leases, and says of as many that they are over; associations beyond are told UnspecFail", () => {
  const prefixes = (first: number): readonly WatchedAddress[] => [0, 1, 2].map((n) => ({ ...LAN_ADDRESS, address: ip(`2001:db8:${first + n}::1`) }));
  const bed = new Bed({ addresses: prefixes(10) });
  const ias = (from: number, to: number): readonly IaNa[] => Array.from({ length: to - from }, (_, i) => iaNa({ iaid: from + i }));
  const first = bed.ask(1, "request", { iaNa: ias(0, 64) }).message.options.iaNa ?? [];
  assert.deepEqual(
    first.map(({ options }) => options.iaAddress?.length ?? options.status?.code),
    [...new Array<number>(42).fill(3), ...new Array<number>(22).fill(STATUS.unspecFail)],
  );
  assert.equal(bed.table.count, 126);
  bed.ask(1, "request", { iaNa: ias(42, 64) });
  bed.server.setAddresses("lan0", prefixes(20).slice(0, 1));
  const renewed = (bed.ask(1, "renew", { iaNa: ias(0, 64) }).message.options.iaNa ?? []).flatMap(({ options }) => options.iaAddress ?? []);
  assert.deepEqual(
    [renewed.filter(({ validSeconds }) => validSeconds > 0).length, renewed.filter(({ validSeconds }) => validSeconds === 0).length],
    [64, 128],
  );
});
