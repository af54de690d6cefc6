import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Codec, decodeAll } from "../../../src/base/codec.ts";
import { interfaceAddress } from "../../../src/wire/netlink/address.ts";
import { eventMessage, readEvents, routeEvent } from "../../../src/wire/netlink/events.ts";
import { link, linkName } from "../../../src/wire/netlink/link.ts";
import { type DataMessage, netlinkDatagram } from "../../../src/wire/netlink/message.ts";
import { neighbour } from "../../../src/wire/netlink/neighbour.ts";
import { RTM } from "../../../src/wire/netlink/numbers.ts";
import { route } from "../../../src/wire/netlink/route.ts";
import { noFlipEscapes, noMisread, refusesOrReads } from "../../support/codec-properties.ts";
import { eventsOf, fixtures, messagesOf } from "./fixtures.ts";

const BODIES = new Map<number, Codec<unknown>>([
  [RTM.newLink, link as Codec<unknown>],
  [RTM.newAddress, interfaceAddress as Codec<unknown>],
  [RTM.newRoute, route as Codec<unknown>],
  [RTM.newNeighbour, neighbour as Codec<unknown>],
]);

const CAPTURE = fileURLToPath(new URL("capture-fixtures.ts", import.meta.url));

test("there is something to read", () => assert.ok(fixtures().length > 10, `make fixtures anew, as root: node --import tsx ${CAPTURE}`));

test("a link's name alone is the one that stands in the whole message, also where it does not come first", () => {
  const bodies = fixtures().flatMap(({ datagrams }) => bodiesOf(datagrams).filter(({ codec }) => codec === BODIES.get(RTM.newLink)));
  assert.ok(bodies.length > 2);
  for (const { body } of bodies) assert.equal(linkName(body), decodeAll(link, body).name);
  const [first = new Uint8Array(0)] = bodies.map(({ body }) => body);
  const other = Uint8Array.of(5, 0, 99, 0, 1, 0, 0, 0);
  assert.equal(linkName(Uint8Array.from([...first.subarray(0, 16), ...other, ...first.subarray(16)])), decodeAll(link, first).name);
  assert.equal(linkName(first.subarray(0, 16)), undefined);
});

for (const { name, datagrams, values } of fixtures()) {
  test(`${name}: what the kernel sent reads as written beside it`, () => {
    assert.ok(datagrams.length > 0);
    const isEvents = values.some((value) => !Array.isArray(value));
    const read = datagrams.map((datagram) => (isEvents ? eventsOf(datagram) : messagesOf(decodeAll(netlinkDatagram, datagram))));
    assert.deepEqual(JSON.parse(JSON.stringify(read)), values);
  });

  test(`${name}: an event encodes to a message that reads the same`, () => {
    for (const event of datagrams.flatMap((datagram) => readEvents(datagram).events)) assert.deepEqual(routeEvent(eventMessage(event)), event);
  });

  test(`${name}: every shorter datagram and body is refused or is itself whole`, () => {
    for (const datagram of datagrams) noMisread(netlinkDatagram, datagram);
    for (const { codec, body } of bodiesOf(datagrams)) noMisread(codec, body);
  });

  test(`${name}: every flipped bit gives a value that can be kept, or a WireError`, () => {
    for (const datagram of datagrams.slice(0, 1)) noFlipEscapes(netlinkDatagram, datagram);
    for (const { codec, body } of bodiesOf(datagrams)) noFlipEscapes(codec, body);
    for (const datagram of datagrams) {
      for (let i = 0; i < datagram.length; i++)
        refusesOrReads(
          readEvents,
          datagram.map((byte, at) => (at === i ? 0xff : byte)),
        );
    }
  });
}

/** Each kind of message once: links are large. */
function bodiesOf(datagrams: readonly Uint8Array[]) {
  const data = datagrams
    .flatMap((datagram) => decodeAll(netlinkDatagram, datagram))
    .filter((message): message is DataMessage => message.kind === "data");
  const bySize = new Map(data.map((message) => [`${message.type} ${message.body[0]} ${message.body.length}`, message]));
  return [...bySize.values()].flatMap(({ type, body }) => {
    const codec = BODIES.get(type);
    return codec === undefined ? [] : [{ codec, body }];
  });
}
