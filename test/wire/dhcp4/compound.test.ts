import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeAll, encodeAll } from "../../../src/base/codec.ts";
import type { DomainName } from "../../../src/base/domain.ts";
import { type WireCode, WireError } from "../../../src/base/errors.ts";
import { bytesOf, toHex } from "../../../src/base/hex.ts";
import type { MacAddress } from "../../../src/base/mac.ts";
import { clientFqdn } from "../../../src/wire/dhcp4/fqdn.ts";
import { chaddr, macOfChaddr, NO_HARDWARE_ADDRESS } from "../../../src/wire/dhcp4/hardware.ts";
import { searchList } from "../../../src/wire/dhcp4/names.ts";
import { circuitIdOf, linkSelectionOf, relayAgentInformation, remoteIdOf, serverIdOverrideOf } from "../../../src/wire/dhcp4/relay.ts";
import { encryptedResolvers } from "../../../src/wire/dhcp4/resolvers.ts";
import { sixRd } from "../../../src/wire/dhcp4/sixrd.ts";
import { clientIdBytes, clientIdOf, clientIdOfMac } from "../../../src/wire/dhcp4/vendor.ts";

function refuses(run: () => unknown, code: WireCode): void {
  assert.throws(run, (error) => error instanceof WireError && error.code === code);
}

const label = fc.stringMatching(/^[a-z0-9_]([a-z0-9-]{0,8}[a-z0-9])?$/);
const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join(".") as DomainName);

test("any search list keeps its names, with endings shared by pointers (RFC 3397 §2)", () => {
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 20 }), (names) =>
      assert.deepEqual(decodeAll(searchList, encodeAll(searchList, names)), names),
    ),
  );
});

test("a pointer may lead to another pointer's name, but only backwards (RFC 3397 §2)", () => {
  const chained = bytesOf("03 6e6574 00  01 61 c000  01 62 c005  c009");
  assert.deepEqual(decodeAll(searchList, chained), ["net", "a.net", "b.a.net", "b.a.net"]);
  for (const loop of ["0161 c000", "c000", "0161 c002", "c002 0161 00"]) refuses(() => decodeAll(searchList, bytesOf(loop)), "bad-pointer");
});

test("names longer than 253 characters and labels that are no host labels are refused, directly and through pointers", () => {
  const long = `3f${"61".repeat(63)}`;
  refuses(() => decodeAll(searchList, bytesOf(`${long.repeat(4)} 00`)), "bad-length");
  refuses(() => decodeAll(searchList, bytesOf(`${long.repeat(3)} 00 ${long} c000`)), "bad-length");
  refuses(() => decodeAll(searchList, bytesOf("40 00")), "bad-length");
  for (const bad of ["0120", "012e", "0100", "01c3", "022d61", "02612d"]) refuses(() => decodeAll(searchList, bytesOf(`${bad} 00`)), "bad-value");
});

test("more names than the limit make the list malformed", () => {
  refuses(() => decodeAll(searchList, bytesOf("0161 00".repeat(65))), "too-many");
});

test("an ASCII name of option 81 is read with its final dot as complete (RFC 4702 §2.3)", () => {
  const read = (hex: string) => decodeAll(clientFqdn, bytesOf(hex));
  assert.deepEqual([read("000000 67772e").name, read("000000 67772e").complete], ["gw", true]);
  assert.deepEqual([read("040000").name, read("040000").complete], ["", false]);
  refuses(() => read("040000 02 6777 00 61"), "trailing");
  refuses(() => read("040000 03 672e77 00"), "bad-value");
  refuses(() => read("000000 67 2e 2e"), "bad-value");
});

test("what a relay added is found by name (RFC 3046, RFC 3527, RFC 5107)", () => {
  const information = decodeAll(relayAgentInformation, bytesOf("01 02 0007 02 03 616263 05 04 c0000200 0b 04 c0000201"));
  assert.equal(toHex(circuitIdOf(information) ?? new Uint8Array(0)), "0007");
  assert.equal(toHex(remoteIdOf(information) ?? new Uint8Array(0)), "616263");
  assert.deepEqual([linkSelectionOf(information), serverIdOverrideOf(information)], ["192.0.2.0", "192.0.2.1"]);
  assert.equal(linkSelectionOf(decodeAll(relayAgentInformation, bytesOf("05 03 c00002"))), undefined);
  assert.equal(serverIdOverrideOf([]), undefined);
  refuses(() => decodeAll(relayAgentInformation, bytesOf("01 03 0007")), "truncated");
});

test("resolvers need a name, addresses in fours, ascending parameters and no address hints (RFC 9463 §3.1.5, §5.1)", () => {
  const one = (rest: string): (() => unknown) => {
    const body = bytesOf(`0001 05 03 646e73 00 ${rest}`);
    return () => decodeAll(encryptedResolvers, bytesOf(`${body.length.toString(16).padStart(4, "0")} ${toHex(body)}`));
  };
  one("")();
  one("04 c0000235 0001 0004 03646f74 0003 0002 0355")();
  refuses(one("00"), "bad-length");
  refuses(one("03 c00002"), "bad-length");
  refuses(one("04 c0000235 0003 0000 0001 0000"), "bad-value");
  refuses(one("04 c0000235 0001 0000 0001 0000"), "bad-value");
  refuses(one("04 c0000235 0004 0004 c0000235"), "bad-value");
  refuses(one("04 c0000235 0001 0005 00"), "truncated");
  refuses(() => decodeAll(encryptedResolvers, bytesOf("0004 0001 01 00")), "bad-value");
});

test("6rd lengths that leave no room for the customer's bits are refused (RFC 5969 §7.1.1)", () => {
  const prefix = "20010db8000000000000000000000000";
  refuses(() => decodeAll(sixRd, bytesOf(`21 20 ${prefix} c0000201`)), "bad-value");
  refuses(() => decodeAll(sixRd, bytesOf(`00 61 ${prefix} c0000201`)), "bad-value");
  refuses(() => decodeAll(sixRd, bytesOf(`00 20 ${prefix}`)), "bad-length");
});

test("a client identifier is a key made of all its bytes (RFC 2132 §9.14)", () => {
  const id = clientIdOfMac("02:00:5e:00:00:01" as MacAddress);
  assert.equal(id, "0102005e000001");
  assert.equal(clientIdOf(clientIdBytes(id)), id);
});

test("the Ethernet address is read from chaddr only when the header says Ethernet (RFC 2131 §2)", () => {
  const mac = "02:00:5e:00:00:01" as MacAddress;
  assert.equal(macOfChaddr({ htype: 1, hlen: 6, chaddr: chaddr(mac) }), mac);
  assert.equal(macOfChaddr({ htype: 6, hlen: 6, chaddr: chaddr(mac) }), undefined);
  assert.equal(macOfChaddr({ htype: 1, hlen: 16, chaddr: NO_HARDWARE_ADDRESS }), undefined);
});
