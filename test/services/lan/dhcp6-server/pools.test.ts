/** Where leases come from: every place of a pool is a piece of it, and a small pool is given to its last place. */
import { addressPool, prefixPool } from "../../../../src/services/lan/dhcp6-config.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Ipv6Prefix, ipv6Bytes, ipv6Covers, ipv6Of, ipv6Prefix, splitIpv6Prefix } from "../../../../src/base/ipv6.ts";
import { permilleOf, remainingSeconds, untilSeconds } from "../../../../src/services/lan/dhcp6-server/lifetimes.ts";
import { allZero, clearHost, copyOctets, hostIsZero, samePrefix } from "../../../../src/services/lan/dhcp6-server/octets.ts";
import { ALL_CLIENTS, Pool } from "../../../../src/services/lan/dhcp6-server/pools.ts";
import { iaNa, iaPd } from "../../../../src/wire/dhcp6/leases.ts";
import { addressIn, Bed, ip, net, NEVER, prefixIn } from "./support.ts";

function pool(prefix: Ipv6Prefix, pieceLength: number): Pool {
  const { address, prefixLength } = splitIpv6Prefix(prefix);
  return new Pool({
    prefix: ipv6Bytes(address),
    prefixLength,
    ...{ pieceLength, shortest: pieceLength, longest: pieceLength, range: undefined, excludedLength: 0, classIndex: ALL_CLIENTS },
    preferredSeconds: 1800,
    validSeconds: 3600,
    preferredUntil: NEVER,
    validUntil: NEVER,
  });
}

const anyAddress = fc.uint8Array({ minLength: 16, maxLength: 16 });

test("whatever the hash, its place is a piece of the pool: inside of it, and with nothing behind the piece's length", () => {
  fc.assert(
    fc.property(anyAddress, fc.nat(128), fc.nat(128), fc.integer(), fc.integer(), (bytes, one, other, high, low) => {
      const [outer, pieceLength] = [Math.min(one, other), Math.max(one, other)];
      const prefix = ipv6Prefix(ipv6Of(bytes), outer);
      const place = new Uint8Array(16).fill(0xa5);
      pool(prefix, pieceLength).place(high, low, pieceLength, place, 0);
      assert.ok(ipv6Covers(prefix, net(`${ipv6Of(place)}/128`)));
      assert.equal(ipv6Prefix(ipv6Of(place), pieceLength), `${ipv6Of(place)}/${pieceLength}`);
      assert.ok(pool(prefix, pieceLength).holds(place, 0, pieceLength));
      assert.equal(pool(prefix, pieceLength).holds(place, 0, pieceLength - 1), false);
    }),
  );
});

test("the places of a pool are as many as its bits can count, all of them different", () => {
  for (const [prefix, pieceLength, places] of [
    ["2001:db8::/53", 64, 2048],
    ["2001:db8::100/121", 128, 128],
    ["2001:db8:1::/63", 66, 8],
    ["2001:db8:1:2:8000::/65", 70, 32],
  ] as const) {
    const from = pool(net(prefix), pieceLength);
    const seen = new Set<string>();
    const place = new Uint8Array(16);
    for (let n = 0; n < places + 5; n++) {
      from.place(0, n, pieceLength, place, 0);
      seen.add(ipv6Of(place));
    }
    assert.deepEqual([from.places(pieceLength), seen.size], [places, places]);
  }
  assert.equal(pool(net("2001:db8::/64"), 128).places(128), 0);
});

test("a hash of 64 bits is the host's half of an address, highest bit first", () => {
  const place = new Uint8Array(16);
  pool(net("2001:db8:0:1::/64"), 128).place(0x01234567, 0x89abcdef | 0, 128, place, 0);
  assert.equal(ipv6Of(place), "2001:db8:0:1:123:4567:89ab:cdef");
});

test("a pool is given to its last place, and none twice", () => {
  const bed = new Bed({ pools: { addresses: [addressPool(net("2001:db8:1::200/120"))], prefixes: [prefixPool(net("2001:db8:8000::/56"), 64)] } });
  const addresses = new Set<string>();
  const prefixes = new Set<string>();
  for (let n = 1; n <= 256; n++) {
    const answer = bed.ask(n, "request", { iaNa: [iaNa({ iaid: 1 })], iaPd: [iaPd({ iaid: 1 })] });
    addresses.add(addressIn(answer));
    prefixes.add(prefixIn(answer));
  }
  assert.deepEqual([addresses.size, prefixes.size], [256, 256]);
});

test("prefixes that are on a link are never delegated", () => {
  const bed = new Bed({
    addresses: [{ address: ip("2001:db8:1::1"), prefixLength: 64, preferredUntil: NEVER, validUntil: NEVER }],
    pools: { prefixes: [prefixPool(net("2001:db8:1::/62"), 64)] },
  });
  const given = [1, 2, 3].map((n) => prefixIn(bed.ask(n, "request", { iaPd: [iaPd({ iaid: 1 })] })));
  assert.deepEqual(given.toSorted(), ["2001:db8:1:1::/64", "2001:db8:1:2::/64", "2001:db8:1:3::/64"]);
  assert.equal(bed.ask(4, "request", { iaPd: [iaPd({ iaid: 1 })] }).message.options.iaPd?.[0]?.options.status?.code, 6);
});

test("prefixes compare and clear as their text does", () => {
  fc.assert(
    fc.property(anyAddress, anyAddress, fc.nat(128), fc.nat(16), (a, b, bits, shared) => {
      copyOctets(a, 0, b, 0, shared);
      assert.equal(samePrefix(a, 0, b, 0, bits), ipv6Prefix(ipv6Of(a), bits) === ipv6Prefix(ipv6Of(b), bits));
      const cleared = a.slice();
      clearHost(cleared, bits);
      assert.equal(`${ipv6Of(cleared)}/${bits}`, ipv6Prefix(ipv6Of(a), bits));
      assert.equal(hostIsZero(a, 0, bits), ipv6Of(cleared) === ipv6Of(a));
      assert.equal(allZero(a, 0, 16), ipv6Of(a) === "::");
    }),
  );
});

test("times that never end stay so, and no sum wraps around (RFC 9915 §7.7)", () => {
  assert.deepEqual([remainingSeconds(NEVER, 5), remainingSeconds(10, 5), remainingSeconds(5, 10)], [NEVER, 5, 0]);
  assert.deepEqual([untilSeconds(NEVER, 5), untilSeconds(7, 5), untilSeconds(NEVER - 1, 5)], [NEVER, 12, NEVER - 1]);
  assert.deepEqual([permilleOf(NEVER, 500), permilleOf(1, 500), permilleOf(0, 800), permilleOf(101, 500)], [NEVER, 1, 1, 50]);
});
