import assert from "node:assert/strict";
import { SocketAddress } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { decodeAll, encodeAll } from "../../src/base/codec.ts";
import {
  type Ipv6Address,
  type Ipv6Prefix,
  ipv6Address,
  ipv6Bytes,
  ipv6Contains,
  ipv6Covers,
  ipv6Of,
  ipv6Prefix,
  isLinkLocalV6,
  isMulticastV6,
  isRoutableV6,
  isUniqueLocal,
  parseIpv6,
  parseIpv6Prefix,
  splitIpv6Prefix,
} from "../../src/base/ipv6.ts";

const sixteenBytes = fc.oneof(
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  fc.array(fc.constantFrom(0, 0, 0, 1, 0x10, 0xff), { minLength: 16, maxLength: 16 }).map((list) => Uint8Array.from(list)),
);

test("every accepted spelling becomes the one canonical text (RFC 5952 §4, §5)", () => {
  const spellings: readonly (readonly [string, string])[] = [
    ["::", "::"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["2001:0DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::ffff:c000:0201", "::ffff:192.0.2.1"],
    ["::FFFF:192.0.2.1", "::ffff:192.0.2.1"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ["1:2:3:4:5:6:192.0.2.1", "1:2:3:4:5:6:c000:201"],
  ];
  for (const [spelling, canonical] of spellings) assert.equal(parseIpv6(spelling), canonical, spelling);
});

test("what is no address is refused", () => {
  const refused = [
    "",
    ":",
    ":::",
    "1",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1::2::3",
    "1:2:3:4:5:6:7:8::",
    "::1:2:3:4:5:6:7:8",
    "1:2:3:4::5:6:7:8",
    "12345::",
    "g::",
    "::1%eth0",
    "::1/64",
    " ::1",
    "::1 ",
    "1:",
    ":1",
    "1:2:3:4:5:6:7:192.0.2.1",
    "::192.0.2.1:1",
    "192.0.2.1::",
    "192.0.2.1",
    "::192.0.2.256",
    "::192.0.2",
    "1:::2",
    "+1::",
    "0x1::",
  ];
  for (const text of refused) assert.equal(parseIpv6(text), undefined, text);
});

test("bytes and text go both ways, and parsing the text changes nothing", () => {
  fc.assert(
    fc.property(sixteenBytes, (bytes) => {
      const address = ipv6Of(bytes);
      assert.deepEqual(ipv6Bytes(address), bytes);
      assert.equal(parseIpv6(address), address);
      assert.deepEqual(encodeAll(ipv6Address, address), bytes);
      assert.equal(decodeAll(ipv6Address, bytes), address);
    }),
  );
});

test("the text is the one the system's inet_ntop writes, except for the deprecated ::/96", () => {
  fc.assert(
    fc.property(sixteenBytes, (bytes) => {
      fc.pre(bytes.slice(0, 12).some((byte) => byte !== 0));
      const long = (
        ipv6Bytes(ipv6Of(bytes))
          .reduce((text, byte) => text + byte.toString(16).padStart(2, "0"), "")
          .match(/..../g) ?? []
      ).join(":");
      assert.equal(ipv6Of(bytes), new SocketAddress({ address: long, family: "ipv6" }).address);
    }),
  );
});

test("any text is parsed to an address or refused, and never throws", () => {
  const strange = fc.string({ unit: fc.constantFrom(":", "0", "1", "f", "F", "g", ".", "%", "/", "9"), maxLength: 45 });
  fc.assert(
    fc.property(strange, (text) => {
      const address = parseIpv6(text);
      if (address === undefined) return;
      assert.equal(parseIpv6(address), address);
      assert.equal(new SocketAddress({ address: text, family: "ipv6" }).family, "ipv6");
    }),
  );
});

test("a prefix has no host bits and contains exactly what shares its bits", () => {
  fc.assert(
    fc.property(sixteenBytes, fc.integer({ min: 0, max: 128 }), fc.integer({ min: 0, max: 127 }), (bytes, length, bit) => {
      const address = ipv6Of(bytes);
      const prefix = ipv6Prefix(address, length);
      assert.equal(parseIpv6Prefix(`${address}/${length}`), prefix);
      assert.equal(splitIpv6Prefix(prefix).prefixLength, length);
      assert.ok(ipv6Contains(prefix, address));
      const flipped = ipv6Of(bytes.map((byte, i) => (i === bit >>> 3 ? byte ^ (0x80 >>> (bit & 7)) : byte)));
      assert.equal(ipv6Contains(prefix, flipped), bit >= length);
    }),
  );
});

test("prefixes are parsed strictly and their host bits cleared", () => {
  assert.equal(parseIpv6Prefix("2001:db8:1234:56ff::1/56"), "2001:db8:1234:5600::/56");
  assert.equal(parseIpv6Prefix("::/0"), "::/0");
  for (const text of ["::", "::/", "::/129", "::/-1", "::/1/2", "::/ 1", "192.0.2.0/24", "::/0x1"])
    assert.equal(parseIpv6Prefix(text), undefined, text);
});

test("a prefix covers itself and what is longer inside it, nothing else", () => {
  const outer = "2001:db8::/32" as Ipv6Prefix;
  assert.ok(ipv6Covers(outer, outer));
  assert.ok(ipv6Covers(outer, "2001:db8:1::/48" as Ipv6Prefix));
  assert.ok(!ipv6Covers(outer, "2001::/16" as Ipv6Prefix));
  assert.ok(!ipv6Covers(outer, "2001:db9::/48" as Ipv6Prefix));
});

test("scopes are told apart", () => {
  const rows: readonly (readonly [string, boolean, boolean, boolean, boolean])[] = [
    // address, link-local, multicast, unique local, routable
    ["::", false, false, false, false],
    ["::1", false, false, false, false],
    ["fe80::1", true, false, false, false],
    ["febf::1", true, false, false, false],
    ["fec0::1", false, false, false, true],
    ["ff02::1", false, true, false, false],
    ["fd00::1", false, false, true, true],
    ["2001:db8::1", false, false, false, true],
  ];
  for (const [text, linkLocal, multicast, uniqueLocal, routable] of rows) {
    const address = text as Ipv6Address;
    assert.deepEqual(
      [isLinkLocalV6(address), isMulticastV6(address), isUniqueLocal(address), isRoutableV6(address)],
      [linkLocal, multicast, uniqueLocal, routable],
      text,
    );
  }
});
