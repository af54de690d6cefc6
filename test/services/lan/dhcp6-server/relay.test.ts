/** Clients behind relays: which link they are on, and how the answer finds its way back. */
import { servedOption } from "../../../../src/services/lan/dhcp6-config.ts";
import { OPTIONS } from "../../../../src/wire/dhcp6/options.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, toHex } from "../../../../src/base/hex.ts";
import { ipv6Covers } from "../../../../src/base/ipv6.ts";
import { PORT } from "../../../../src/services/lan/dhcp6-server/codes.ts";
import { iaNa, iaPd } from "../../../../src/wire/dhcp6/leases.ts";
import { type Dhcp6RelayMessage, decodeDhcp6, encodeDhcp6, isRelayMessage } from "../../../../src/wire/dhcp6/message.ts";
import { addressIn, answerOf, Bed, client, ip, LAN_ADDRESS, net, relayed, SERVER, said } from "./support.ts";

const SOLICIT = encodeDhcp6(said(1, "solicit", { iaNa: [iaNa({ iaid: 5 })] }));
const FAR = ip("2001:db8:2::1");
const RELAY = { from: ip("2001:db8:77::1"), multicast: false };

function levelsOf(bytes: Uint8Array | undefined): readonly Dhcp6RelayMessage[] {
  if (bytes === undefined) return [];
  const message = decodeDhcp6(bytes);
  return isRelayMessage(message) ? [message, ...levelsOf(message.options.relayMessage)] : [];
}

/** The answer inside all envelopes. */
function innermost(bed: Bed, bytes: Uint8Array): ReturnType<typeof answerOf> {
  const levels = levelsOf(bytes);
  return answerOf(bed.replies, 0, levels.at(-1)?.options.relayMessage ?? bytes);
}

test("the client gets an address of the link whose prefix holds the link-address (RFC 9915 §13.1, S13)", () => {
  const bed = new Bed();
  const out = bed.bytesIn(relayed(SOLICIT, { link: FAR }), RELAY) ?? new Uint8Array(0);
  assert.ok(ipv6Covers(net("2001:db8:2::/64"), net(`${addressIn(innermost(bed, out))}/128`)));
  const [reply] = levelsOf(out);
  assert.deepEqual([reply?.kind, reply?.hopCount, reply?.linkAddress, reply?.peerAddress], ["relayReply", 0, FAR, client(1).address]);
  assert.deepEqual([bed.replies.ports[0], innermost(bed, out).to], [PORT.server, RELAY.from]);
});

test("of two prefixes that hold the link-address the longer one decides", () => {
  const bed = new Bed();
  const out = bed.bytesIn(relayed(SOLICIT, { link: ip("2001:db8:2:0:8000::1") }), RELAY) ?? new Uint8Array(0);
  assert.ok(ipv6Covers(net("2001:db8:2:0:8000::/65"), net(`${addressIn(innermost(bed, out))}/128`)));
});

test("the innermost relay that names a link decides; one that names none is passed over (RFC 6221 §5.3.2)", () => {
  const bed = new Bed();
  const chain = relayed(relayed(relayed(SOLICIT), { link: FAR, hopCount: 1 }), { link: LAN_ADDRESS.address, hopCount: 2 });
  const out = bed.bytesIn(chain, RELAY) ?? new Uint8Array(0);
  assert.ok(addressIn(innermost(bed, out)).startsWith("2001:db8:2:"));
  assert.deepEqual(
    levelsOf(out).map(({ hopCount }) => hopCount),
    [2, 1, 0],
  );
});

test("a link-address of one of our own interfaces means that interface; none at all, the one it came in on (RFC 9915 §13.1, RFC 6221)", () => {
  const bed = new Bed();
  for (const link of [LAN_ADDRESS.address, undefined]) {
    const out = bed.bytesIn(relayed(SOLICIT, link === undefined ? {} : { link }), RELAY) ?? new Uint8Array(0);
    assert.ok(addressIn(innermost(bed, out)).startsWith("2001:db8:1:"));
  }
});

test("a link-address nobody knows is refused: no client gets an address of the wrong link (S13, S18)", () => {
  const bed = new Bed();
  assert.equal(bed.bytesIn(relayed(SOLICIT, { link: ip("2001:db8:bad::1") }), RELAY), undefined);
  assert.equal(bed.bytesIn(SOLICIT, { link: 99 }), undefined);
  assert.deepEqual(bed.refused(), { "no-link": 2 });
});

test("Interface-Id goes back as it came, at every level; nothing else of a relay's does (RFC 9915 §19.3, S12)", () => {
  const bed = new Bed();
  const interfaceId = bytesOf("00ff10");
  const remoteId = { enterprise: 9, id: bytesOf("abcd") };
  const inner = relayed(SOLICIT, { link: FAR, interfaceId, remoteId, subscriberId: bytesOf("11") });
  const out = bed.bytesIn(relayed(inner, { interfaceId: bytesOf(""), hopCount: 1, remoteId }), RELAY) ?? new Uint8Array(0);
  const levels = levelsOf(out);
  assert.deepEqual(
    levels.map(({ options: { relayMessage, ...rest }, unknown }) => [rest, unknown, relayMessage.length > 0]),
    [
      [{ interfaceId: bytesOf("") }, [], true],
      [{ interfaceId }, [], true],
    ],
  );
});

test("lengths of all envelopes are those of what they hold, Interface-Id before and behind the relay message (T2, T3)", () => {
  const bed = new Bed();
  const header = `0c 00 20010db8000200000000000000000001 fe80${"00".repeat(13)}02`;
  const message = `0009 ${SOLICIT.length.toString(16).padStart(4, "0")} ${toHex(SOLICIT)}`;
  for (const options of [`0012 0002 abcd ${message}`, `${message} 0012 0002 abcd`]) {
    const out = bed.bytesIn(bytesOf(`${header} ${options}`), RELAY) ?? new Uint8Array(0);
    const [reply] = levelsOf(out);
    assert.deepEqual(reply?.options.interfaceId, bytesOf("abcd"));
    assert.equal(reply?.options.relayMessage.length, out.length - 34 - 6 - 4);
    assert.equal(innermost(bed, out).message.kind, "advertise");
  }
});

test("a relay with a port of its own is answered there, and gets its option back (RFC 8357 §5.3)", () => {
  const bed = new Bed();
  const out = bed.bytesIn(relayed(relayed(SOLICIT, { link: FAR, relayPort: 0 }), { relayPort: 1000, hopCount: 1 }), { ...RELAY, port: 7547 });
  assert.equal(bed.replies.ports[0], 7547);
  assert.deepEqual(
    levelsOf(out).map(({ options }) => options.relayPort),
    [1000, 0],
  );
  bed.bytesIn(relayed(relayed(SOLICIT, { link: FAR, relayPort: 1000 }), { hopCount: 1 }), { ...RELAY, port: 7547 });
  assert.equal(bed.replies.ports[0], PORT.server);
});

test("32 envelopes are opened and no more, whatever their hop counts say (RFC 9915 §19.1.2, S3, S19)", () => {
  const bed = new Bed();
  const wrapped = (levels: number): Uint8Array => (levels === 0 ? SOLICIT : relayed(wrapped(levels - 1), { link: FAR, hopCount: 255 - levels }));
  assert.equal(levelsOf(bed.bytesIn(wrapped(32), RELAY)).length, 32);
  assert.equal(bed.bytesIn(wrapped(33), RELAY), undefined);
  assert.deepEqual(bed.refused(), { "relayed-too-deep": 1 });
});

test("a relay's message without a message in it, with two, or shorter than its header is dropped (S2, S3)", () => {
  const bed = new Bed();
  const header = `0c 00 ${"00".repeat(32)}`;
  const message = `0009 ${SOLICIT.length.toString(16).padStart(4, "0")} ${toHex(SOLICIT)}`;
  for (const hex of [
    header,
    `${header} 0012 0001 aa`,
    `${header} 0009 0003 010203`,
    `${header} ${message} ${message}`,
    `${header} 0009 00ff 01`,
    "0c 00 00",
  ])
    assert.equal(bed.bytesIn(bytesOf(hex), RELAY), undefined, hex);
  assert.deepEqual(bed.refused(), { "relayed-nothing": 3, "repeated-option": 1, truncated: 2 });
});

test("a client behind a relay gets its options too, and its prefix makes no route of ours (RFC 8987, T4)", () => {
  const bed = new Bed({ relayedPools: { options: [servedOption(OPTIONS.dnsServers, [ip("2001:db8::53")])] } });
  const request = encodeDhcp6(said(1, "request", { requestedOptions: [23], iaPd: [iaPd({ iaid: 1 })] }));
  const out = bed.bytesIn(relayed(request, { link: FAR }), RELAY) ?? new Uint8Array(0);
  assert.deepEqual(innermost(bed, out).message.options.dnsServers, [ip("2001:db8::53")]);
  assert.equal(bed.replies.held[0], 1);
  assert.equal(bed.replies.routes.count, 0);
  assert.equal(bed.server.view().links[1]?.prefixes, 1);
});

test("what a relay asks to have back it gets back, of its own level and once; the rest it does not (RFC 4994 §3)", () => {
  const bed = new Bed();
  const remoteId = { enterprise: 9, id: bytesOf("abcd") };
  const inner = relayed(SOLICIT, { link: FAR, remoteId, subscriberId: bytesOf("11"), echoRequest: [38, 38, 18, 9, 99] });
  const out = bed.bytesIn(relayed(inner, { hopCount: 1, remoteId, echoRequest: [38] }), RELAY);
  assert.deepEqual(
    levelsOf(out).map(({ options: { relayMessage, ...rest } }) => [rest, relayMessage.length > 0]),
    [
      [{}, true],
      [{ subscriberId: bytesOf("11") }, true],
    ],
  );
});

test("a relay whose link is taken from the configuration is not served as it was before (RFC 9915 §13.1)", () => {
  const bed = new Bed();
  assert.ok(bed.bytesIn(relayed(SOLICIT, { link: FAR }), RELAY) !== undefined);
  bed.server.configure({ duid: SERVER, interfaces: [], relayedLinks: [], classes: [], hosts: [] });
  assert.equal(bed.bytesIn(relayed(SOLICIT, { link: FAR }), RELAY), undefined);
  assert.equal(bed.refused()["no-link"], 1);
});
