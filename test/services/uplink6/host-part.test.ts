/** Our own address in a subnet: as written, made of the hardware address, or one that nobody recognises; and the next one of each. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Ipv6Address, type Ipv6Prefix, ipv6Bytes, ipv6Contains, ipv6Prefix, splitIpv6Prefix } from "../../../src/base/ipv6.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import type { MacAddress } from "../../../src/base/mac.ts";
import { SipHash } from "../../../src/services/leases/siphash.ts";
import { isReservedIdentifier } from "../../../src/services/reserved-identifier.ts";
import type { HostPart } from "../../../src/services/uplink6/config.ts";
import {
  type Chosen,
  FIXED_HOST_PARTS,
  type HostParts,
  hostAddress,
  withDuplicate,
  withoutDuplicates,
} from "../../../src/services/uplink6/host-part.ts";

const SUBNET = "2001:db8:0:7::/64" as Ipv6Prefix;
const MAC = "00:25:96:12:34:56" as MacAddress;
const hash = new SipHash(Uint8Array.from({ length: 16 }, (_, i) => i));
const parts = (mac: MacAddress | undefined = MAC, given: Partial<HostParts> = {}): HostParts => ({
  links: [{ name: "lan0", mac }],
  hash,
  duplicates: new Map(),
  ...given,
});
const chosen = (hostPart: string, subnet: string = SUBNET, hosts: HostParts = parts(), name = "lan0"): Chosen =>
  hostAddress(hostPart as HostPart, { name, subnet: subnet as Ipv6Prefix }, hosts);
const told = (one: Chosen): readonly (string | undefined)[] => (one.kind === "none" ? [one.why] : [one.address, one.instead]);
const address = (one: Chosen): Ipv6Address => {
  assert.ok(one.kind === "address", told(one).join(" "));
  return one.address;
};
/** What is tried one after the other when another host has each of them; then why there is no more. */
function sequence(hostPart: string, subnet: string = SUBNET, hosts: HostParts = parts()): readonly string[] {
  const out: string[] = [];
  for (let { duplicates } = hosts; ; ) {
    const one = chosen(hostPart, subnet, { ...hosts, duplicates });
    if (one.kind === "none") return [...out, one.why];
    out.push(one.address);
    duplicates = withDuplicate(duplicates, [{ name: "lan0", subnet: subnet as Ipv6Prefix, address: one.address }], {
      name: "lan0",
      address: one.address,
    });
  }
}

test("what the operator wrote fills what the prefix leaves, and nothing else", () => {
  assert.deepEqual(told(chosen("::1:2:3:4")), ["2001:db8:0:7:1:2:3:4", undefined]);
  assert.deepEqual(told(chosen("fe80::9")), ["2001:db8:0:7::9", undefined]);
  assert.deepEqual(told(chosen("::3:0:0:0:9", "2001:db8:0:40::/58")), ["2001:db8:0:43::9", undefined]);
});

test("two targets of one address each have two addresses, and of two addresses the host part says which one (B27, RFC 6164)", () => {
  assert.deepEqual([chosen("::1", "2001:db8::/128"), chosen("::1", "2001:db8::1/128")].map(address), ["2001:db8::", "2001:db8::1"]);
  assert.deepEqual([chosen("::", "2001:db8::/127"), chosen("::1", "2001:db8::/127")].map(address), ["2001:db8::", "2001:db8::1"]);
  assert.deepEqual([chosen("::1", "2001:db8::2/127"), chosen("::1", "2001:db8::4/126")].map(address), ["2001:db8::3", "2001:db8::5"]);
  for (const made of ["eui64", "stable"]) {
    assert.equal(address(chosen(made, "2001:db8::6/128")), "2001:db8::6");
    assert.ok(ipv6Contains("2001:db8::2/127" as Ipv6Prefix, address(chosen(made, "2001:db8::2/127"))));
  }
});

test("the address of all routers of a subnet is no interface's: the next one is taken (RFC 4291 §2.6.1)", () => {
  assert.deepEqual(told(chosen("::")), ["2001:db8:0:7::1", "reserved-identifier"]);
  assert.deepEqual(told(chosen("::1:0:0", "2001:db8::5:0/112")), ["2001:db8::5:1", "reserved-identifier"]);
  assert.deepEqual(told(chosen("0:0:0:1::", "2001:db8::/60")), ["2001:db8:0:1::1", "reserved-identifier"]);
});

test("EUI-64 is the hardware address with ff:fe in its middle and one bit turned (RFC 4291 appendix A)", () => {
  assert.deepEqual(told(chosen("eui64")), ["2001:db8:0:7:225:96ff:fe12:3456", undefined]);
  assert.deepEqual(told(chosen("eui64", "2001:db8:0:40::/60")), ["2001:db8:0:40:225:96ff:fe12:3456", undefined]);
});

test("where EUI-64 cannot be, a stable address stands for it, and that is said", () => {
  const stable = address(chosen("stable"));
  assert.deepEqual(told(chosen("eui64", SUBNET, { ...parts(), links: [{ name: "lan0", mac: undefined }] })), [stable, "no-hardware-address"]);
  assert.deepEqual(told(chosen("eui64", SUBNET, parts("00:00:00:00:00:00" as MacAddress))), [stable, "no-hardware-address"]);
  assert.deepEqual(told(chosen("eui64", SUBNET, parts("00:00:5e:00:01:07" as MacAddress))), [stable, "reserved-identifier"]);
  const long = "2001:db8::/80";
  assert.deepEqual(told(chosen("eui64", long)), [address(chosen("stable", long)), "prefix-too-long"]);
});

test("of an interface that is not there no hardware address is known, and without the secret nothing stable can be made", () => {
  assert.deepEqual(told(chosen("eui64", SUBNET, parts(), "lan9")), ["no-interface"]);
  assert.deepEqual(told(chosen("stable", SUBNET, FIXED_HOST_PARTS)), ["no-secret"]);
  assert.deepEqual(told(chosen("::1", SUBNET, FIXED_HOST_PARTS)), ["2001:db8:0:7::1", undefined]);
});

test("a stable address is the same again for the same prefix, interface and secret, and another one for any other (RFC 7217 §5)", () => {
  const one = address(chosen("stable"));
  assert.equal(address(chosen("stable", SUBNET, { ...parts(), hash: new SipHash(Uint8Array.from({ length: 16 }, (_, i) => i)) })), one);
  const identifier = (text: Ipv6Address): string => Buffer.from(ipv6Bytes(text).subarray(8)).toString("hex");
  const others = [
    chosen("stable", "2001:db8:0:8::/64"),
    chosen("stable", "2001:db8:0:7::/63"),
    chosen("stable", SUBNET, parts(), "lan1"),
    chosen("stable", SUBNET, { ...parts(), hash: new SipHash(new Uint8Array(16)) }),
  ].map((other) => identifier(address(other)));
  assert.equal(new Set([identifier(one), ...others]).size, 5);
  assert.equal(one, "2001:db8:0:7:c8c8:969a:426c:3c68", "what this program made once it makes for ever");
});

test("a stable host part has at most 64 bits: the address is in the first /64 of a larger piece", () => {
  assert.ok(ipv6Contains("2001:db8:40::/64" as Ipv6Prefix, address(chosen("stable", "2001:db8:40::/48"))));
});

test("an identifier that no host may have is passed over (RFC 7217 §5 step 3)", () => {
  const drawn = [
    [0, 0],
    [0x02005eff, 0xfe005213],
    [0xfdffffff, 0xffffff80],
    [1, 2],
  ];
  const reserved = {
    high: 0,
    low: 0,
    hash: (bytes: Uint8Array) => {
      [reserved.high = 0, reserved.low = 0] = drawn[bytes.at(-1) ?? 0] ?? [];
      return reserved.low;
    },
  };
  assert.equal(address(chosen("stable", SUBNET, { ...parts(), hash: reserved })), "2001:db8:0:7:0:1:0:2");
});

test("an address that another host has gives way to the next number, the next counter, or from EUI-64 to a stable one (RFC 4862 §5.4)", () => {
  const net = "2001:db8:0:7:";
  assert.deepEqual(sequence("::1"), [`${net}:1`, `${net}:2`, `${net}:3`, `${net}:4`, "duplicates"]);
  const stable = sequence("stable");
  assert.equal(new Set(stable).size, LIMITS.hostPartTries + 1);
  assert.deepEqual(sequence("eui64"), [`${net}225:96ff:fe12:3456`, ...stable.slice(0, LIMITS.hostPartTries - 1), "duplicates"]);
  assert.deepEqual(told(chosen("::1", SUBNET, parts(MAC, { duplicates: new Map([[`lan0 ${SUBNET}`, 1]]) }))), [`${net}:2`, "duplicate"]);
});

test("numbers go round at the end of the prefix, without the address of all routers; what has no other address has none", () => {
  assert.deepEqual(sequence("::3", "2001:db8::/126"), ["2001:db8::3", "2001:db8::1", "2001:db8::2", "duplicates"]);
  assert.deepEqual(sequence("::1", "2001:db8::/127"), ["2001:db8::1", "2001:db8::", "duplicates"]);
  assert.deepEqual(sequence("::1", "2001:db8::5/128"), ["2001:db8::5", "duplicates"]);
  assert.deepEqual(new Set(sequence("stable", "2001:db8::/127")), new Set(["2001:db8::", "2001:db8::1", "duplicates"]));
});

test("duplicates are those of one interface in one subnet, of addresses that are ours, and end with its link", () => {
  const own = [
    { name: "lan0", subnet: SUBNET, address: "2001:db8:0:7::1" as Ipv6Address },
    { name: "lan1", subnet: "2001:db8:0:8::/64" as Ipv6Prefix, address: "2001:db8:0:8::1" as Ipv6Address },
  ];
  const none: HostParts["duplicates"] = new Map();
  assert.equal(withDuplicate(none, own, { name: "lan1", address: "2001:db8:0:7::1" as Ipv6Address }), none, "nobody's");
  const one = withDuplicate(none, own, { name: "lan0", address: "2001:db8:0:7::1" as Ipv6Address });
  assert.equal(address(chosen("::1", SUBNET, parts(MAC, { duplicates: one }))), "2001:db8:0:7::2");
  assert.equal(address(chosen("::1", "2001:db8:0:8::/64", parts(MAC, { duplicates: one }), "lan1")), "2001:db8:0:8::1");
  assert.equal(withoutDuplicates(one, "lan").size, 1);
  assert.equal(withoutDuplicates(one, "lan0").size, 0);
});

test("what is remembered of duplicates is bounded, the oldest goes", () => {
  let duplicates: HostParts["duplicates"] = new Map();
  for (let n = 0; n <= LIMITS.plannedAddresses; n++) {
    const own = { name: "lan0", subnet: `2001:db8:${n.toString(16)}::/64` as Ipv6Prefix, address: `2001:db8:${n.toString(16)}::1` as Ipv6Address };
    duplicates = withDuplicate(duplicates, [own], own);
  }
  assert.equal(duplicates.size, LIMITS.plannedAddresses);
  assert.deepEqual([duplicates.has("lan0 2001:db8:0::/64"), duplicates.has("lan0 2001:db8:400::/64")], [false, true]);
});

test("whatever is chosen lies in the subnet, is nobody's reserved address, and differs from those tried before", () => {
  const part = fc.oneof(fc.constantFrom("eui64", "stable"), fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }));
  fc.assert(
    fc.property(part, fc.integer({ min: 16, max: 128 }), fc.integer({ min: 0, max: 65535 }), (hostPart, length, n) => {
      const text = typeof hostPart === "string" ? hostPart : (hostPart.toString(16).padStart(32, "0").match(/..../g) ?? []).join(":");
      const subnet = ipv6Prefix(`2001:db8:${n.toString(16)}::${n.toString(16)}` as Ipv6Address, length);
      const all = sequence(text, subnet).slice(0, -1) as Ipv6Address[];
      assert.equal(new Set(all).size, all.length);
      assert.ok(all.length >= Math.min(LIMITS.hostPartTries, length > 126 ? 2 ** (128 - length) : 3), `${all}`);
      for (const one of all) {
        assert.ok(ipv6Contains(subnet, one), `${one} in ${subnet}`);
        if (length <= 126) assert.notEqual(one, splitIpv6Prefix(subnet).address);
        if (length <= 64 && typeof hostPart === "string") assert.ok(!isReservedIdentifier(ipv6Bytes(one), 0), one);
      }
    }),
  );
});
