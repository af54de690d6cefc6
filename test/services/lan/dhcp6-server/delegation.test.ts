/** Delegated prefixes of several lengths: what is asked for is given where it is free, and no two of them overlap. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Ipv6Prefix, ipv6Covers, splitIpv6Prefix } from "../../../../src/base/ipv6.ts";
import type { PrefixPool } from "../../../../src/services/lan/dhcp6-config.ts";
import { prefixPool } from "../../../../src/services/lan/dhcp6-config.ts";
import { iaPd, iaPrefix, STATUS } from "../../../../src/wire/dhcp6/leases.ts";
import { Bed, ip, LAN_ADDRESS, NOW, net, prefixIn } from "./support.ts";

const IA = { iaid: 5 };
const mixed = (pool: string, shortest: number, longest: number, usual = longest): PrefixPool => ({
  ...prefixPool(net(pool), usual),
  ...{ shortest, longest },
});
const lengthOf = (prefix: Ipv6Prefix): number => splitIpv6Prefix(prefix).prefixLength;
const overlaps = (a: Ipv6Prefix, b: Ipv6Prefix): boolean => ipv6Covers(a, b) || ipv6Covers(b, a);
const hint = (...prefixes: readonly string[]) => ({ ...IA, iaPrefix: prefixes.map((one) => iaPrefix(net(one))) });
const request = (bed: Bed, n: number, ...hints: readonly string[]) => bed.ask(n, "request", { iaPd: [iaPd(hint(...hints))] });
const statusOf = (answer: ReturnType<typeof request>): number | undefined => answer.message.options.iaPd?.[0]?.options.status?.code;

test("T7: what is hinted is given: that very prefix; else its length; else the nearest there is (RFC 8168 §3.2)", () => {
  const bed = new Bed({ pools: { prefixes: [mixed("2001:db8:8000::/48", 52, 62, 56)] } });
  assert.equal(prefixIn(request(bed, 1, "2001:db8:8000:4000::/58")), "2001:db8:8000:4000::/58");
  assert.equal(lengthOf(prefixIn(request(bed, 2, "2001:db8:8000:4000::/58"))), 58, "it is taken: another of its length");
  assert.equal(lengthOf(prefixIn(request(bed, 3, "::/60"))), 60, "a length alone");
  assert.equal(lengthOf(prefixIn(request(bed, 4))), 56, "no hint: the usual length");
  assert.equal(lengthOf(prefixIn(request(bed, 5, "::/48"))), 52, "more than anybody gets: the most there is");
  assert.equal(lengthOf(prefixIn(request(bed, 6, "::/64"))), 62, "less than anybody gets: the least");
  assert.equal(lengthOf(prefixIn(request(bed, 7, "2001:db8:9000::/61"))), 61, "not ours: its length counts");
  assert.equal(prefixIn(request(bed, 8, "::/0", "2001:db8:8000:8000::/57")), "2001:db8:8000:8000::/57", "the first that can be followed");
  assert.equal(lengthOf(prefixIn(request(bed, 9, "::/0", "::/59"))), 59, "the first that says a length");
});

test("where nothing of the length that is asked for is left, smaller ones are given down to the least, and then NoPrefixAvail", () => {
  const bed = new Bed({ pools: { prefixes: [mixed("2001:db8:8000::/60", 60, 64, 62)] } });
  assert.deepEqual(
    [1, 2, 3].map((n) => prefixIn(request(bed, n))),
    ["2001:db8:8000::/62", "2001:db8:8000:4::/62", "2001:db8:8000:8::/62"],
  );
  assert.equal(prefixIn(request(bed, 4, "::/64")), "2001:db8:8000:c::/64");
  assert.equal(lengthOf(prefixIn(request(bed, 5, "::/60"))), 63);
  assert.equal(lengthOf(prefixIn(request(bed, 6))), 64);
  assert.equal(statusOf(request(bed, 7, "::/64")), STATUS.noPrefixAvail);
});

test("small prefixes are cut from the smallest free block, so that large ones stay whole", () => {
  const bed = new Bed({ pools: { prefixes: [mixed("2001:db8:8000::/56", 57, 64)] } });
  const small = Array.from({ length: 128 }, (_, n) => prefixIn(request(bed, n + 1)));
  assert.equal(new Set(small).size, 128);
  assert.equal(prefixIn(request(bed, 200, "::/57")), "2001:db8:8000:80::/57");
  assert.equal(statusOf(request(bed, 201)), STATUS.noPrefixAvail);
  bed.ask(7, "release", { iaPd: [iaPd(hint(small[6] ?? ""))] });
  assert.equal(prefixIn(request(bed, 201)), small[6], "what is kept for its client goes when nothing else is left");
});

test("I10: the Request gets what the Advertise said, also when others were offered prefixes around it meanwhile", () => {
  const bed = new Bed({ pools: { prefixes: [mixed("2001:db8:8000::/56", 57, 64, 60)] } });
  const offered = [62, 60, 64, 58, 60].map((length, i) => prefixIn(bed.ask(i + 1, "solicit", { iaPd: [iaPd(hint(`::/${length}`))] })));
  for (const [i, one] of offered.entries()) for (const other of offered.slice(i + 1)) assert.ok(!overlaps(one, other), `${one} and ${other}`);
  for (const [i, one] of [...offered.entries()].toReversed()) assert.equal(prefixIn(request(bed, i + 1, one)), one);
});

test("a piece is left out of what is delegated where the client understands that, and the same in Advertise and Reply (RFC 6603 §4.2)", () => {
  const bed = new Bed({ pools: { prefixes: [{ ...mixed("2001:db8:dead::/48", 59, 59), excludedLength: 64 }] } });
  for (const kind of ["solicit", "request", "renew"] as const) {
    const { bytes, message } = bed.ask(1, kind, { iaPd: [iaPd(IA)], requestedOptions: [23, 67] });
    assert.equal(message.options.iaPd?.[0]?.options.iaPrefix?.[0]?.options.pdExclude?.prefixLength, 64);
    assert.ok(Buffer.from(bytes).toString("hex").includes("004300024000"), "64 bits, and one octet of zeros behind the 59");
  }
  assert.ok(
    !Buffer.from(bed.ask(1, "renew", { iaPd: [iaPd(IA)], requestedOptions: [23] }).bytes)
      .toString("hex")
      .includes("004300024000"),
  );
});

for (const [length, shortest, longest] of [
  [48, 48, 64],
  [52, 56, 60],
  [56, 56, 64],
  [60, 61, 64],
  [63, 63, 64],
  [64, 64, 64],
] as const)
  test(`a pool of ${length} bits, given in ${shortest} to ${longest}, is given whole and never twice, and what came back is given again`, () => {
    const bits = Math.min(7, longest - length);
    const pool = net(`2001:db8:8000::/${Math.max(length, longest - 7)}`);
    const bed = new Bed({ pools: { prefixes: [mixed(pool, Math.max(shortest, lengthOf(pool)), longest)] } });
    const taken = new Map<number, Ipv6Prefix>();
    for (let round = 0; round < 2; round++) {
      for (let n = 1; n <= 2 ** bits; n++) taken.set(n, prefixIn(request(bed, n)));
      assert.equal(new Set(taken.values()).size, 2 ** bits);
      assert.equal(statusOf(request(bed, 1000)), STATUS.noPrefixAvail);
      for (const [n, prefix] of taken) bed.ask(n, "release", { iaPd: [iaPd(hint(prefix))] });
      const whole = prefixIn(request(bed, 2000, `::/${shortest}`));
      assert.equal(lengthOf(whole), Math.max(shortest, lengthOf(pool)), "all that is kept for others makes room");
      bed.ask(2000, "release", { iaPd: [iaPd(hint(whole))] });
    }
  });

// whatever is asked for
const anyAct = fc.record({
  n: fc.integer({ min: 1, max: 24 }),
  kind: fc.constantFrom("request", "request", "renew", "rebind", "release", "solicit"),
  length: fc.integer({ min: 58, max: 64 }),
  place: fc.nat(255),
  named: fc.boolean(),
  wait: fc.constantFrom(0, 0, 0, 100, 1900, 3700),
});
test("whatever is asked for, in whichever order, prefixes of all lengths lie in the pool, are aligned, and no two that may be in use overlap", () => {
  fc.assert(
    fc.property(fc.array(anyAct, { maxLength: 80 }), fc.boolean(), (acts, twoPools) => {
      const second = twoPools ? [{ ...prefixPool(net("2001:db8:8000:80::/57"), 62) }] : [];
      const bed = new Bed({
        pools: { prefixes: [mixed("2001:db8:8000::/56", 58, 64), ...second], rapidCommit: true },
        hosts: [
          {
            name: "far",
            identities: [],
            addresses: [],
            hostPart: undefined,
            prefixes: [net("2001:db8:8000:40::/61")],
            lifetimes: undefined,
            ignored: false,
            options: [],
            boot: [],
          },
        ],
        addresses: [LAN_ADDRESS, { ...LAN_ADDRESS, address: ip("2001:db8:8000:99::1") }],
      });
      const held = new Map<Ipv6Prefix, { readonly n: number; readonly until: number }>();
      const last = new Map<number, Ipv6Prefix>();
      for (const { n, kind, length, place, named, wait } of acts) {
        bed.now += wait;
        if (wait > 0) bed.server.sweep({ seconds: bed.now }, 8, bed.replies);
        const own = last.get(n);
        const wanted = named || own === undefined ? `2001:db8:8000:${place.toString(16)}::/${length}` : own;
        const answer = bed.hear(n, kind, { iaPd: [iaPd({ ...IA, iaPrefix: [iaPrefix(wanted as Ipv6Prefix)] })] });
        if (kind === "release" && own === wanted) held.delete(own);
        for (const { prefix, validSeconds } of answer?.message.options.iaPd?.[0]?.options.iaPrefix ?? []) {
          if (validSeconds === 0) continue;
          const size = lengthOf(prefix);
          assert.ok(ipv6Covers(net("2001:db8:8000::/56"), prefix) && size >= 58 && size <= 64, prefix);
          assert.ok(!overlaps(prefix, net("2001:db8:8000:40::/61")) && !overlaps(prefix, net("2001:db8:8000:99::/64")), prefix);
          if (kind === "solicit") continue;
          for (const [other, { n: owner, until }] of held)
            assert.ok(owner === n || until <= bed.now || !overlaps(other, prefix), `${prefix} of ${n} and ${other} of ${owner}`);
          held.set(prefix, { n, until: bed.now + validSeconds });
          last.set(n, prefix);
        }
      }
    }),
    { numRuns: 150 },
  );
});

test("prefixes that were promised are known again from the table, and nothing is laid across them", () => {
  const bed = new Bed({ pools: { prefixes: [mixed("2001:db8:8000::/56", 57, 64, 60)] } });
  const given = [60, 64, 58, 62].map((length, n) => prefixIn(request(bed, n + 1, `::/${length}`)));
  bed.server.leasesLoaded();
  for (let n = 10; n < 200; n++) {
    const answer = request(bed, n, `::/${57 + (n % 8)}`);
    if (statusOf(answer) === undefined) given.push(prefixIn(answer));
  }
  for (const [i, one] of given.entries()) for (const other of given.slice(i + 1)) assert.ok(!overlaps(one, other), `${one} and ${other}`);
  const room = given.reduce((sum, one) => sum + 2 ** (64 - lengthOf(one)), 0);
  assert.equal(room, 256, "all of it is given");
});

test("pools of one kind stand for one another; a global and a unique local one each give a prefix, the global one first (RFC 9818 LPD-9)", () => {
  const bed = new Bed({
    pools: {
      prefixes: [prefixPool(net("fd00:8000::/47"), 48), prefixPool(net("2001:db8:8000::/56"), 56), prefixPool(net("2001:db8:9000::/55"), 56)],
    },
  });
  const given = [1, 2, 3].map((n) => request(bed, n).message.options.iaPd?.[0]?.options.iaPrefix?.map(({ prefix }) => prefix) ?? []);
  assert.deepEqual(
    given.map((one) => one.map((prefix) => prefix.slice(0, 4))),
    [["2001", "fd00"], ["2001", "fd00"], ["2001"]],
  );
  assert.equal(given[0]?.[0], "2001:db8:8000::/56");
});

// prefixes of uplinks
const UPLINK = { uplinkPrefixes: { shortest: 56, longest: 64, usual: 62 }, prefixes: [] } as const;
const IN_UPLINK = { ...LAN_ADDRESS, address: ip("2001:db8:4400:1::1"), preferredUntil: NOW + 900, validUntil: NOW + 1200 };

test("what an uplink was delegated is delegated on, for as long as our own address in it lasts, and never what is on a link (RFC 9096 §3.3)", () => {
  const bed = new Bed({ pools: UPLINK, addresses: [IN_UPLINK] });
  assert.equal(statusOf(request(bed, 1)), STATUS.noPrefixAvail, "nothing is known of any uplink");
  bed.server.setUplinkPrefixes([net("2001:db8:4400::/56"), net("2001:db8:5500::/56")]);
  const given = request(bed, 1).message.options.iaPd?.[0]?.options.iaPrefix ?? [];
  assert.deepEqual(
    given.map(({ prefix, preferredSeconds, validSeconds }) => [prefix, preferredSeconds, validSeconds]),
    [["2001:db8:4400:4::/62", 900, 1200]],
    "the first /62 holds the link's own prefix, and of the other uplink's nothing says how long it lasts",
  );
  for (let n = 2; n <= 64; n++)
    if (statusOf(request(bed, n)) === undefined) assert.ok(!overlaps(prefixIn(request(bed, n)), net("2001:db8:4400:1::/64")));
  assert.equal(prefixIn(request(bed, 70, "2001:db8:4400:1::/64")), "2001:db8:4400::/64");
});

test("an uplink's prefix goes and another comes: a Renew takes the old one back and gives a new one (RFC 9096 §3.5)", () => {
  const bed = new Bed({ pools: UPLINK, addresses: [IN_UPLINK] });
  bed.server.setUplinkPrefixes([net("2001:db8:4400::/56")]);
  const old = prefixIn(request(bed, 1));
  bed.server.setUplinkPrefixes([net("2001:db8:6600::/56")]);
  bed.server.setAddresses("lan0", [{ ...IN_UPLINK, address: ip("2001:db8:6600::1") }]);
  const given = bed.ask(1, "renew", { iaPd: [iaPd(hint(old))] }).message.options.iaPd?.[0]?.options.iaPrefix ?? [];
  assert.deepEqual(
    given.map(({ prefix, validSeconds }) => [prefix, validSeconds]),
    [
      ["2001:db8:6600:4::/62", 1200],
      [old, 0],
    ],
  );
});

test("the operator's own pool, which the kernel refuses as a whole too, is no uplink's", () => {
  const own = prefixPool(net("2001:db8:8000::/56"), 64);
  const bed = new Bed({ pools: { ...UPLINK, prefixes: [own] }, addresses: [{ ...LAN_ADDRESS, address: ip("2001:db8:8000::1") }] });
  bed.server.setUplinkPrefixes([own.pool]);
  assert.equal(request(bed, 1).message.options.iaPd?.[0]?.options.iaPrefix?.length, 1);
});
