import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Codec, decodeAll, encodeAll } from "../../../src/base/codec.ts";
import { WireError } from "../../../src/base/errors.ts";
import { bytesOf, toHex } from "../../../src/base/hex.ts";
import { type Ipv4Address, type Ipv4Prefix, ipv4Of, ipv4Prefix } from "../../../src/base/ipv4.ts";
import { type Ipv6Prefix, ipv6Of, ipv6Prefix } from "../../../src/base/ipv6.ts";
import type { MacAddress } from "../../../src/base/mac.ts";
import { type InterfaceAddress, interfaceAddress } from "../../../src/wire/netlink/address.ts";
import { attribute, attributeSet, hostU32, nested } from "../../../src/wire/netlink/attributes.ts";
import { readEvents } from "../../../src/wire/netlink/events.ts";
import { type Link, link, linkWish, mergeLink } from "../../../src/wire/netlink/link.ts";
import { encodeRequest, netlinkDatagram } from "../../../src/wire/netlink/message.ts";
import { neighbour } from "../../../src/wire/netlink/neighbour.ts";
import { NLM_F, ROUTE_PROTOCOL } from "../../../src/wire/netlink/numbers.ts";
import { delLink, delRoute, dumpLinks, getRoute, newAddress, newRoute } from "../../../src/wire/netlink/requests.ts";
import { type Ipv4Route, type Ipv6Route, type Route, route, routeWith } from "../../../src/wire/netlink/route.ts";
import { noFlipEscapes, noMisread, roundTrip } from "../../support/codec-properties.ts";
import { ADDRESSES, LINKS, NEIGHBOURS, ROUTES, type Sample, WISHES } from "./samples.ts";

describe("interface addresses", interfaceAddress, ADDRESSES);
describe("routes", route, ROUTES);
describe("link requests", linkWish, WISHES);
describe("neighbours", neighbour, NEIGHBOURS);
describe("links", link, LINKS);

function describe<T>(name: string, codec: Codec<T>, samples: readonly Sample<T>[]): void {
  for (const [what, value, hex] of samples) {
    test(`${name}: ${what} decodes and encodes back`, () => roundTrip(codec, value, bytesOf(hex)));
    test(`${name}: ${what}: every shorter input is refused or is itself whole`, () => noMisread(codec, bytesOf(hex)));
    test(`${name}: ${what}: every flipped bit gives a value or a WireError`, () => noFlipEscapes(codec, bytesOf(hex)));
  }
}

const u32 = fc.integer({ min: 0, max: 0xffffffff });
const v4 = u32.map(ipv4Of);
const v6 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(ipv6Of);
const optional = <T>(name: string, value: fc.Arbitrary<T>) =>
  fc.option(value, { nil: undefined }).map((one) => (one === undefined ? {} : { [name]: one }));

test("any address keeps its value", () => {
  const common = { interfaceIndex: u32, flags: u32, scope: fc.nat(255), protocol: fc.nat(255), preferredSeconds: u32, validSeconds: u32 };
  const any = fc.oneof(
    fc.record({ ...common, family: fc.constant("ipv4" as const), address: v4, prefixLength: fc.nat(32) }),
    fc.record({ ...common, family: fc.constant("ipv6" as const), address: v6, prefixLength: fc.nat(128) }),
  );
  fc.assert(
    fc.property(any, optional("label", fc.stringMatching(/^[a-z0-9:.]{1,15}$/)), optional("routeMetric", u32), (base, label, metric) => {
      const value = { ...base, ...label, ...metric } as InterfaceAddress;
      assert.deepEqual(decodeAll(interfaceAddress, encodeAll(interfaceAddress, value)), value);
    }),
  );
});

test("any route keeps its value", () => {
  const common = {
    table: fc.integer({ min: 1, max: 0xffffffff }),
    protocol: fc.nat(255),
    scope: fc.nat(255),
    metric: u32,
    onlink: fc.boolean(),
    type: fc.constantFrom("unicast", "blackhole", "unreachable", "prohibit", "throw"),
  };
  const length4 = fc.nat(32);
  const any = fc.oneof(
    fc.tuple(
      fc.record({ ...common, family: fc.constant("ipv4"), destination: fc.tuple(v4, length4).map(([a, n]) => ipv4Prefix(a, n)) }),
      optional("gateway", v4),
      optional("preferredSource", v4),
      optional("via", v6),
    ),
    fc.tuple(
      fc.record({ ...common, family: fc.constant("ipv6"), destination: fc.tuple(v6, fc.nat(128)).map(([a, n]) => ipv6Prefix(a, n)) }),
      optional("gateway", v6),
      optional("preferredSource", v6),
      optional(
        "source",
        fc.tuple(v6, fc.integer({ min: 1, max: 128 })).map(([a, n]) => ipv6Prefix(a, n)),
      ),
    ),
  );
  fc.assert(
    fc.property(any, optional("outInterface", u32), optional("mtu", u32), ([base, ...more], out, mtu) => {
      const value = Object.assign({}, base, ...more, out, mtu) as Route;
      assert.deepEqual(decodeAll(route, encodeAll(route, value)), value);
    }),
  );
});

test("unknown attributes stay as they are, and the nested bit is no part of a type", () => {
  const set = attributeSet({ known: attribute(4, hostU32), inner: nested(9, attributeSet({ deep: attribute(1, hostU32) })) });
  const value = decodeAll(set, bytesOf("0800 0480 01000000  0600 6300 abcd 0000  0c00 0900 0800 0180 07000000"));
  assert.deepEqual(value, { known: 1, inner: { deep: 7 }, unknown: [{ type: 99, bytes: bytesOf("abcd") }] });
  assert.equal(toHex(encodeAll(set, value)), toHex(bytesOf("0800 0400 01000000  0c00 0980 0800 0100 07000000  0600 6300 abcd 0000")));
});

test("attribute lengths below the header, past the end and unlike the value are refused", () => {
  const set = attributeSet({ known: attribute(4, hostU32) });
  const refused: readonly (readonly [string, string])[] = [
    ["0300 0400 01000000", "bad-length"],
    ["0900 0400 01000000", "truncated"],
    ["0600 0400 0100 0000", "truncated"],
    ["0c00 0400 01000000 02000000", "trailing"],
    ["0800", "truncated"],
  ];
  for (const [hex, code] of refused)
    assert.throws(
      () => decodeAll(set, bytesOf(hex)),
      (error) => error instanceof WireError && error.code === code,
      hex,
    );
});

test("several messages of a datagram come in order, with flags, overrun, and the end with its errno and words", () => {
  const datagram = bytesOf(`
    14000000 2000 0200 05000000 64000000  aabbccdd        # type 32, MULTI
    12000000 2100 0200 05000000 64000000  eeff 0000       # a body of two bytes, padded
    10000000 0400 0000 00000000 00000000                  # NLMSG_OVERRUN
    20000000 0300 1202 05000000 64000000  ffffffff        # NLMSG_DONE: EPERM, dump interrupted, with attributes
      0900 0100 6e6f706500 000000`);
  assert.deepEqual(decodeAll(netlinkDatagram, datagram), [
    { kind: "data", type: 32, flags: NLM_F.multi, sequence: 5, port: 100, body: bytesOf("aabbccdd") },
    { kind: "data", type: 33, flags: NLM_F.multi, sequence: 5, port: 100, body: bytesOf("eeff") },
    { kind: "overrun", flags: 0, sequence: 0, port: 0 },
    { kind: "done", flags: 0x212, sequence: 5, port: 100, errno: 1, note: { message: "nope" } },
  ]);
  noMisread(netlinkDatagram, datagram);
  noFlipEscapes(netlinkDatagram, datagram);
});

test("an error repeats the request when it is not capped, then says where the fault lies", () => {
  const error = bytesOf(`
    3c000000 0200 0002 09000000 64000000  eaffffff        # NLMSG_ERROR with attributes: EINVAL
    14000000 1400 0506 09000000 00000000  deadbeef        # the request, 20 bytes
      0800 0200 10000000                                  # offset 16
      0b00 0100 6261642d6d6500 00                         # "bad-me"`);
  const [message] = decodeAll(netlinkDatagram, error);
  assert.deepEqual(message, {
    kind: "error",
    flags: 0x200,
    sequence: 9,
    port: 100,
    errno: 22,
    request: { lengthBytes: 20, type: 20, flags: 0x605, sequence: 9, port: 0 },
    echo: bytesOf("deadbeef"),
    note: { message: "bad-me", offset: 16 },
  });
  noMisread(netlinkDatagram, error);
  noFlipEscapes(netlinkDatagram, error);
});

test("one odd message does not hide its neighbours", () => {
  const good = encodeRequest(newAddress(sample(ADDRESSES), "create"), 1);
  const odd = encodeRequest({ type: 20, flags: 0, body: bytesOf("1c") }, 1);
  const strange = encodeRequest({ type: 80, flags: 0, body: bytesOf("00") }, 1);
  const heard = readEvents(Uint8Array.from([...odd, ...good, ...strange, ...good]));
  assert.equal(heard.events.length, 2);
  assert.deepEqual(
    heard.refused.map(({ code }) => code),
    ["unsupported", "unsupported"],
  );
});

test("a datagram of a list says under which number it was asked for, whether it ends there, and whether it may lack something", () => {
  const part = bytesOf("14000000 5000 0200 07000000 64000000  00000000");
  const end = bytesOf("14000000 0300 1200 07000000 64000000  00000000");
  assert.deepEqual(readEvents(part).list, { sequence: 7, ended: false, interrupted: false });
  assert.deepEqual(readEvents(Uint8Array.from([...part, ...end])).list, { sequence: 7, ended: true, interrupted: true });
  assert.equal(
    readEvents(bytesOf("14000000 5000 0000 07000000 64000000  00000000")).list,
    undefined,
    "an event carries the number of whoever caused it",
  );
  assert.equal(readEvents(bytesOf("10000000 0400 0000 00000000 00000000")).overrun, true);
});

test("an excerpt of a link adds to what is known, a whole message replaces it", () => {
  const whole: Link = {
    index: 3,
    family: 0,
    arpType: 1,
    up: true,
    running: true,
    lowerUp: true,
    loopback: false,
    pointToPoint: false,
    multicast: true,
    name: "wlan0",
    mac: "02:00:5e:10:00:01" as MacAddress,
    mtu: 1500,
    operState: "up",
    masterIndex: 9,
  };
  const { mac: _, mtu: __, masterIndex: ___, operState: ____, ...excerpt } = whole;
  assert.deepEqual(mergeLink(whole, { ...excerpt, running: false }), { ...whole, running: false });
  assert.deepEqual(mergeLink(whole, { ...excerpt, family: 7, masterIndex: 8 }), { ...whole, masterIndex: 8 });
  assert.equal(mergeLink(whole, { ...excerpt, operState: "up" }).masterIndex, undefined);
  assert.deepEqual(mergeLink(undefined, excerpt), excerpt);
});

test("requests carry their flags: create refuses what exists, replace goes over it, deletions name the route's type", () => {
  const aggregate = routeWith<Ipv6Route>({ family: "ipv6", destination: "::/0" as Ipv6Prefix, type: "unreachable" });
  assert.equal(newRoute(aggregate, "create").flags, NLM_F.ack | NLM_F.create | NLM_F.exclusive);
  assert.equal(newRoute(aggregate, "replace").flags, NLM_F.ack | NLM_F.create | NLM_F.replace);
  assert.equal(
    toHex(delRoute(aggregate).body),
    toHex(bytesOf("0a000000 fe100007 00000000  0800 0400 01000000  0800 0f00 fe000000")),
    "on the loopback",
  );
  assert.equal(toHex(encodeRequest(dumpLinks(), 3)), toHex(bytesOf("20000000 1200 0103 03000000 00000000  00000000000000000000000000000000")));
  assert.equal(
    toHex(encodeRequest(delLink({ index: 4 }), 3)),
    toHex(bytesOf("20000000 1100 0500 03000000 00000000  00000000 04000000 00000000 00000000")),
  );
  assert.equal(toHex(getRoute("192.0.2.9" as Ipv4Address).body), toHex(bytesOf("02200000 00000000 00000000  0800 0100 c0000209")));
});

test("a route with little said is one by DHCP in the main table; on IPv4 its scope follows from the gateway", () => {
  const near = routeWith<Ipv4Route>({ family: "ipv4", destination: "192.0.2.0/24" as Ipv4Prefix, outInterface: 2 });
  assert.deepEqual([near.scope, near.protocol, near.table, near.type], [253, ROUTE_PROTOCOL.dhcp, 254, "unicast"]);
  assert.equal(routeWith<Ipv4Route>({ ...near, gateway: "192.0.2.1" as Ipv4Address, scope: 0 }).scope, 0);
  assert.equal(routeWith<Ipv4Route>({ family: "ipv4", destination: "0.0.0.0/0" as Ipv4Prefix, gateway: "192.0.2.1" as Ipv4Address }).scope, 0);
  assert.equal(routeWith<Ipv4Route>({ family: "ipv4", destination: "10.0.0.0/8" as Ipv4Prefix, type: "blackhole" }).scope, 0);
});

function sample<T>(samples: readonly Sample<T>[]): T {
  const [first] = samples;
  if (first === undefined) throw new Error("no sample");
  return first[1];
}
