/** Reserved hosts, pools for classes, ranges that are no prefix: who gets what, and who never does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { duidLl, duidOf, duidUuid } from "../../../../src/base/duid.ts";
import { ipv6Number, ipv6OfNumber } from "../../../../src/base/ipv6-number.ts";
import { ipv6Bytes, ipv6Of } from "../../../../src/base/ipv6.ts";
import type { MacAddress } from "../../../../src/base/mac.ts";
import { addressPool, type ClientClass, prefixPool, type ReservedHost } from "../../../../src/services/lan/dhcp6-config.ts";
import { AddressRange } from "../../../../src/services/lan/dhcp6-server/ranges.ts";
import { iaAddress, iaNa, iaPd, iaPrefix, STATUS } from "../../../../src/wire/dhcp6/leases.ts";
import { decodeDhcp6, encodeDhcp6, isRelayMessage } from "../../../../src/wire/dhcp6/message.ts";
import { addressIn, Bed, client, ip, LAN_ADDRESS, net, prefixIn, relayed, said } from "./support.ts";

const IA = { iaid: 5 };
const NOBODY: ReservedHost = {
  ...{ name: "one", identities: [], addresses: [], hostPart: undefined, prefixes: [], lifetimes: undefined, ignored: false, options: [], boot: [] },
};
const host = (given: Partial<ReservedHost>): ReservedHost => ({ ...NOBODY, ...given });
const byDuid = (n: number, iaid?: number) => ({ is: "duid", duid: client(n).duid, iaid }) as const;
const mac = (n: number): MacAddress => `02:00:00:00:00:${n.toString(16).padStart(2, "0")}` as MacAddress;
const PHONES: ClientClass = {
  ...{ name: "phones", tests: [{ code: 15, is: "present", value: new Uint8Array(0) }], drop: false, options: [], boot: [] },
  lifetimes: { preferredSeconds: 120, validSeconds: 240 },
};
const askNa = (bed: Bed, n: number, ia: Parameters<typeof iaNa>[0] = IA) =>
  bed.ask(n, "request", { iaNa: [iaNa(ia)] }).message.options.iaNa?.[0]?.options;
const askPd = (bed: Bed, n: number, ia: Parameters<typeof iaPd>[0] = IA) =>
  bed.ask(n, "request", { iaPd: [iaPd(ia)] }).message.options.iaPd?.[0]?.options;

// ranges
const anyRange = fc.tuple(fc.bigInt({ min: 0n, max: (1n << 70n) - 1n }), fc.bigInt({ min: 0n, max: (1n << 66n) - 1n })).map(([low, span]) => {
  const base = ipv6Number(ip("2001:db8:1::")) + low;
  return { first: ipv6OfNumber(base), last: ipv6OfNumber(base + span) };
});
test("whatever the hash, its place is in the range, or it has none; and every place can be reached", () => {
  fc.assert(
    fc.property(anyRange, fc.integer(), fc.integer(), ({ first, last }, high, low) => {
      const range = new AddressRange({ first, last });
      const place = new Uint8Array(16).fill(0xa5);
      if (!range.place(high, low, place, 0)) return;
      const number = ipv6Number(ipv6Of(place));
      assert.ok(number >= ipv6Number(first) && number <= ipv6Number(last), ipv6Of(place));
      assert.ok(range.holds(place, 0));
    }),
  );
  const range = new AddressRange({ first: ip("2001:db8:1::ffff:fffe"), last: ip("2001:db8:1::1:0:2") });
  const seen = new Map<string, number>();
  const place = new Uint8Array(16);
  for (let hash = 0; hash < 64; hash++) if (range.place(hash, hash, place, 0)) seen.set(ipv6Of(place), (seen.get(ipv6Of(place)) ?? 0) + 1);
  assert.deepEqual(
    [...seen].sort(),
    ["1:0:0", "1:0:1", "1:0:2", "ffff:fffe", "ffff:ffff"].map((end) => [ipv6Of(ipv6Bytes(ip(`2001:db8:1::${end}`))), 8]),
    "each as often as the others",
  );
  assert.deepEqual(
    [range.places, range.holds(ipv6Bytes(ip("2001:db8:1::ffff:fffd")), 0), range.holds(ipv6Bytes(ip("2001:db8:1::1:0:3")), 0)],
    [5, false, false],
  );
});

test("a range is given to its last address and none beside it; a hint inside is followed, one outside is not on the link's pool", () => {
  const [first, last] = [ip("2001:db8:1::1fe"), ip("2001:db8:1::20a")];
  const bed = new Bed({ pools: { addresses: [{ first, last, class: undefined }] } });
  assert.equal(askNa(bed, 1, { ...IA, iaAddress: [iaAddress(ip("2001:db8:1::203"))] })?.iaAddress?.[0]?.address, "2001:db8:1::203");
  const given = new Set([ip("2001:db8:1::203")]);
  for (let n = 2; n <= 13; n++)
    given.add(addressIn(bed.ask(n, "request", { iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(ip("2001:db8:1::20b"))] })] })));
  assert.equal(given.size, 13);
  for (const one of given) assert.ok(ipv6Number(one) >= ipv6Number(first) && ipv6Number(one) <= ipv6Number(last), one);
  assert.equal(askNa(bed, 14)?.status?.code, STATUS.noAddrsAvail);
  bed.ask(3, "release", { iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(addressIn(bed.ask(3, "request", { iaNa: [iaNa(IA)] })))] })] });
  assert.equal(askNa(bed, 14)?.status, undefined);
});

test("pools under one prefix stand for one another: a client gets one address, and the next pool is used when the first is full", () => {
  const pools = [addressPool(net("2001:db8:1::10/127")), addressPool(net("2001:db8:1::20/126"))];
  const bed = new Bed({ pools: { addresses: pools } });
  const given = [1, 2, 3, 4, 5, 6].map((n) => askNa(bed, n)?.iaAddress?.map(({ address }) => address) ?? []);
  assert.ok(given.every((one) => one.length === 1));
  assert.deepEqual(
    [...given.flat()].sort(),
    ["10", "11", "20", "21", "22", "23"].map((end) => `2001:db8:1::${end}`),
  );
  assert.equal(askNa(bed, 7)?.status?.code, STATUS.noAddrsAvail);
});

test("a class's pool is for its clients only, and its lifetimes are theirs; who leaves the class loses what it had of it", () => {
  const phones = { ...addressPool(net("2001:db8:1::40/124")), class: "phones" };
  const bed = new Bed({ pools: { addresses: [phones, addressPool(net("2001:db8:1::80/124"))] }, classes: [PHONES] });
  const phone = { userClass: [new TextEncoder().encode("phone")] } as const;
  const inClass = bed.ask(1, "request", { iaNa: [iaNa(IA)], ...phone }).message.options.iaNa?.[0];
  const given = inClass?.options.iaAddress?.[0];
  assert.deepEqual(
    [given?.address.startsWith("2001:db8:1::4"), given?.preferredSeconds, given?.validSeconds, inClass?.renewSeconds],
    [true, 120, 240, 60],
  );
  const outside = askNa(bed, 2)?.iaAddress?.[0];
  assert.deepEqual([outside?.address.startsWith("2001:db8:1::8"), outside?.validSeconds], [true, 3600]);
  const left = bed.ask(1, "renew", { iaNa: [iaNa(IA)] }).message.options.iaNa?.[0]?.options.iaAddress ?? [];
  assert.deepEqual(
    left.map(({ address, validSeconds }) => [address === given?.address, validSeconds]),
    [
      [false, 3600],
      [true, 0],
    ],
  );
  const unknown = new Bed({ pools: { addresses: [{ ...phones, class: "no such class" }] }, classes: [PHONES] });
  assert.equal(unknown.ask(1, "request", { iaNa: [iaNa(IA)], ...phone }).message.options.iaNa?.[0]?.options.status?.code, STATUS.noAddrsAvail);
});

test("where no addresses are assigned, IA_NA are told NoAddrsAvail and IA_PD are served (RFC 9915 §18.3.2)", () => {
  const bed = new Bed({ pools: { assignAddresses: false } });
  const { iaNa: na, iaPd: pd } = bed.ask(1, "request", { iaNa: [iaNa(IA)], iaPd: [iaPd(IA)] }).message.options;
  assert.deepEqual([na?.[0]?.options.status?.code, pd?.[0]?.options.iaPrefix?.length], [STATUS.noAddrsAvail, 1]);
});

test("where only known clients are served, others get nothing, and lose what they had", () => {
  const bed = new Bed({ hosts: [host({ identities: [byDuid(1)] })] });
  const before = addressIn(bed.ask(2, "request", { iaNa: [iaNa(IA)] }));
  bed.configure({ knownClientsOnly: true }, {}, { hosts: [host({ identities: [byDuid(1)] })] });
  assert.equal(askNa(bed, 1)?.iaAddress?.length, 1);
  const lost = bed.ask(2, "renew", { iaNa: [iaNa(IA)] }).message.options.iaNa?.[0]?.options;
  assert.deepEqual(
    lost?.iaAddress?.map(({ address, validSeconds }) => [address, validSeconds]),
    [[before, 0]],
  );
  assert.equal(askPd(bed, 3)?.status?.code, STATUS.noPrefixAvail);
});

test("T1 and T2 are the thousandths that are configured, of what is extended (RFC 9915 §14.2)", () => {
  const bed = new Bed({ pools: { t1Permille: 250, t2Permille: 999 } });
  const ia = bed.ask(1, "request", { iaNa: [iaNa(IA)] }).message.options.iaNa?.[0];
  assert.deepEqual([ia?.renewSeconds, ia?.rebindSeconds], [450, 1798]);
});

// hosts
test("a host is known by DUID and IAID before its DUID, by its DUID before its hardware address", () => {
  const hosts = [
    host({ name: "mac", identities: [{ is: "mac", mac: mac(1) }], addresses: [ip("2001:db8:1::a1")] }),
    host({ name: "duid", identities: [byDuid(1)], addresses: [ip("2001:db8:1::a2")] }),
    host({ name: "ia", identities: [byDuid(1, 7)], addresses: [ip("2001:db8:1::a3")] }),
  ];
  const bed = new Bed({ hosts });
  const reply = bed.ask(1, "request", { iaNa: [iaNa({ iaid: 7 }), iaNa({ iaid: 8 })] }).message.options.iaNa ?? [];
  assert.deepEqual(
    reply.map(({ options }) => options.iaAddress?.map(({ address }) => address)),
    [["2001:db8:1::a3"], ["2001:db8:1::a2"]],
  );
  assert.equal(addressIn(new Bed({ hosts: hosts.slice(0, 1) }).ask(1, "solicit", { iaNa: [iaNa(IA)] })), "2001:db8:1::a1");
});

test("the hardware address comes out of a DUID-LL or DUID-LLT of Ethernet, or from the innermost relay (RFC 6939 §4)", () => {
  const hosts = [host({ identities: [{ is: "mac", mac: mac(9) }], addresses: [ip("2001:db8:2::a1")], hostPart: ip("::a2") })];
  const llt = Uint8Array.of(0, 1, 0, 1, 1, 2, 3, 4, 2, 0, 0, 0, 0, 9);
  const askAs = (bytes: Uint8Array): string | undefined => {
    const clientId = duidOf(bytes);
    assert.ok(clientId !== undefined);
    return addressIn(new Bed({ hosts }).ask(3, "solicit", { clientId, iaNa: [iaNa(IA)] }));
  };
  assert.equal(askAs(llt), "2001:db8:1::a2");
  assert.equal(askAs(Uint8Array.of(0, 3, 0, 1, 2, 0, 0, 0, 0, 9)), "2001:db8:1::a2");
  for (const other of [llt.with(3, 6), llt.with(1, 3), llt.with(13, 8), llt.slice(0, 13)]) assert.notEqual(askAs(other), "2001:db8:1::a2");
  const far = ip("2001:db8:2::1");
  const heard = { type: 1, address: Uint8Array.of(2, 0, 0, 0, 0, 9) };
  const message = encodeDhcp6(said(4, "solicit", { clientId: duidUuid(new Uint8Array(16).fill(3)), iaNa: [iaNa(IA)] }));
  const told = (bytes: Uint8Array): readonly string[] => {
    const out = new Bed({ hosts }).bytesIn(bytes);
    let inner = decodeDhcp6(out ?? new Uint8Array(0));
    while (isRelayMessage(inner)) inner = decodeDhcp6(inner.options.relayMessage);
    return inner.options.iaNa?.[0]?.options.iaAddress?.map(({ address }) => address) ?? [];
  };
  assert.deepEqual(told(relayed(message, { link: far, clientLinkLayerAddress: heard })), ["2001:db8:2::a1", "2001:db8:2::a2"]);
  const outside = relayed(relayed(message, { link: far }), { clientLinkLayerAddress: heard });
  assert.equal(told(outside).includes("2001:db8:2::a1"), false, "a relay further out speaks of the relay it heard");
});

test("a reserved host gets its address, its host part under every prefix of the link, and its prefixes", () => {
  const one = host({
    identities: [byDuid(1)],
    addresses: [ip("2001:db8:1::cafe"), ip("2001:db8:99::1")],
    hostPart: ip("::1234"),
    prefixes: [net("2001:db8:8000:100::/56"), net("2001:db8:7000::/60")],
    lifetimes: { preferredSeconds: 500, validSeconds: 700 },
  });
  const bed = new Bed({ hosts: [one], addresses: [LAN_ADDRESS, { ...LAN_ADDRESS, address: ip("fd00:1::1") }] });
  for (const kind of ["solicit", "request", "renew"] as const) {
    const { iaNa: na, iaPd: pd } = bed.ask(1, kind, { iaNa: [iaNa(IA)], iaPd: [iaPd(IA)] }).message.options;
    assert.deepEqual(
      na?.[0]?.options.iaAddress?.map(({ address, preferredSeconds, validSeconds }) => [address, preferredSeconds, validSeconds]),
      ["2001:db8:1::cafe", "2001:db8:1::1234", "fd00:1::1234"].map((address) => [address, 500, 700]),
    );
    assert.deepEqual(pd?.[0]?.options.iaPrefix?.map(({ prefix }) => prefix).sort(), ["2001:db8:7000::/60", "2001:db8:8000:100::/56"]);
  }
  assert.equal(bed.table.count, 5);
});

test("what is reserved is given to nobody else, were it named, hashed or the last there is", () => {
  const pools = { addresses: [addressPool(net("2001:db8:1::100/126"))], prefixes: [prefixPool(net("2001:db8:8000::/62"), 64)] };
  const hosts = [
    host({ identities: [byDuid(1)], addresses: [ip("2001:db8:1::101")], hostPart: ip("::102"), prefixes: [net("2001:db8:8000:2::/64")] }),
  ];
  const bed = new Bed({ pools, hosts });
  const named = {
    iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(ip("2001:db8:1::101"))] })],
    iaPd: [iaPd({ ...IA, iaPrefix: [iaPrefix(net("2001:db8:8000:2::/64"))] })],
  };
  const given = [2, 3, 4, 5].map((n) => bed.ask(n, "request", named).message.options);
  const addresses = given.flatMap(({ iaNa: na }) => na?.[0]?.options.iaAddress?.map(({ address }) => address) ?? []);
  const prefixes = given.flatMap(({ iaPd: pd }) => pd?.[0]?.options.iaPrefix?.map(({ prefix }) => prefix) ?? []);
  assert.deepEqual([...addresses].sort(), ["2001:db8:1::100", "2001:db8:1::103"]);
  assert.deepEqual([...prefixes].sort(), ["2001:db8:8000:1::/64", "2001:db8:8000:3::/64", "2001:db8:8000::/64"]);
  const own = bed.ask(1, "request", { iaNa: [iaNa(IA)], iaPd: [iaPd(IA)] });
  assert.deepEqual(
    own.message.options.iaNa?.[0]?.options.iaAddress?.map(({ address }) => address),
    ["2001:db8:1::101", "2001:db8:1::102"],
  );
  assert.equal(prefixIn(own), "2001:db8:8000:2::/64");
});

test("a reservation outranks the lease a client had; while somebody else holds what is reserved, its host is told NoAddrsAvail", () => {
  const bed = new Bed();
  const dynamic = addressIn(bed.ask(1, "request", { iaNa: [iaNa(IA)] }));
  const others = addressIn(bed.ask(2, "request", { iaNa: [iaNa(IA)] }));
  const hosts = [
    host({ identities: [byDuid(1)], addresses: [ip("2001:db8:1::77")] }),
    host({ name: "two", identities: [byDuid(3)], addresses: [others] }),
  ];
  bed.configure({}, {}, { hosts });
  const moved = bed.ask(1, "renew", { iaNa: [iaNa(IA)] }).message.options.iaNa?.[0]?.options.iaAddress ?? [];
  assert.deepEqual(
    moved.map(({ address, validSeconds }) => [address, validSeconds]),
    [
      ["2001:db8:1::77", 3600],
      [dynamic, 0],
    ],
  );
  assert.equal(askNa(bed, 3)?.status?.code, STATUS.noAddrsAvail);
  const evicted = bed.ask(2, "renew", { iaNa: [iaNa(IA)] }).message.options.iaNa?.[0]?.options.iaAddress ?? [];
  assert.deepEqual(
    evicted.map(({ address, validSeconds }) => [address === others, validSeconds]),
    [
      [false, 3600],
      [true, 0],
    ],
  );
  assert.equal(askNa(bed, 3)?.status?.code, STATUS.noAddrsAvail, "it was promised, and may still be in use");
  bed.now += 3700;
  assert.equal(askNa(bed, 3)?.iaAddress?.[0]?.address, others);
});

test("two associations of one host: the first has what is reserved, the second gets what others get", () => {
  const bed = new Bed({ hosts: [host({ identities: [byDuid(1)], addresses: [ip("2001:db8:1::77")] })] });
  const [first, second] = bed.ask(1, "request", { iaNa: [iaNa({ iaid: 1 }), iaNa({ iaid: 2 })] }).message.options.iaNa ?? [];
  assert.deepEqual([first?.options.iaAddress?.[0]?.address, second?.options.iaAddress?.length], ["2001:db8:1::77", 1]);
  assert.notEqual(second?.options.iaAddress?.[0]?.address, "2001:db8:1::77");
});

test("a host that is ignored is not answered, and counted", () => {
  const bed = new Bed({ hosts: [host({ identities: [byDuid(1)], ignored: true })] });
  for (const kind of ["solicit", "request", "informationRequest"] as const) assert.equal(bed.hear(1, kind, {}), undefined);
  assert.deepEqual(bed.refused(), { "host-ignored": 3 });
  assert.ok(bed.hear(2, "solicit", { iaNa: [iaNa(IA)] }) !== undefined);
});

test("16,384 hosts are told apart", () => {
  const many = Array.from({ length: 16_384 }, (_, n) =>
    host({
      name: `host${n}`,
      identities: [
        {
          is: "duid",
          duid: duidLl(`02:ff:00:00:${(n >>> 8).toString(16).padStart(2, "0")}:${(n & 255).toString(16).padStart(2, "0")}` as MacAddress),
          iaid: undefined,
        },
      ],
      hostPart: ip(`::1:${n.toString(16)}`),
    }),
  );
  const bed = new Bed({ hosts: many });
  for (const n of [0, 1, 4095, 16_383]) {
    const clientId = many[n]?.identities[0];
    assert.ok(clientId?.is === "duid");
    const answer = bed.ask(1, "solicit", { clientId: clientId.duid, iaNa: [iaNa(IA)] });
    assert.equal(addressIn(answer), ipv6Of(ipv6Bytes(ip(`2001:db8:1::1:${n.toString(16)}`))));
  }
});
