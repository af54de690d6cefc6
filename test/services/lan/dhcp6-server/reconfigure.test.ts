/** Clients that are told to come back: who gets a key, what is sent, how often, and what stops it (RFC 9915 §18.3.11, §20.4). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../../../../src/base/hex.ts";
import { ipv6Bytes } from "../../../../src/base/ipv6.ts";
import { hmacMd5 } from "../../../../src/base/md5.ts";
import type { ReconfigureRequest } from "../../../../src/ports/reconfigure.ts";
import { addressPool, servedOption } from "../../../../src/services/lan/dhcp6-config.ts";
import { type ReconfigureKey, reconfigureKeyOf } from "../../../../src/wire/dhcp6/auth.ts";
import { iaNa, iaPd } from "../../../../src/wire/dhcp6/leases.ts";
import { type Dhcp6ClientMessage, type Dhcp6RelayMessage, decodeDhcp6, encodeDhcp6, isRelayMessage } from "../../../../src/wire/dhcp6/message.ts";
import { type Dhcp6Options, OPTIONS } from "../../../../src/wire/dhcp6/options.ts";
import { reconfigureDigest } from "../../../../src/wire/dhcp6/reconfigure-digest.ts";
import { type Answer, Bed, client, ip, LAN, LAN_ADDRESS, NEVER, net, relayed, replyBytes, said, SERVER } from "./support.ts";

const WILLING: Dhcp6Options = { reconfigureAccept: true };
const NA: Dhcp6Options = { iaNa: [iaNa({ iaid: 1 })] };
const BOTH: Dhcp6Options = { ...NA, iaPd: [iaPd({ iaid: 1 }), iaPd({ iaid: 2 })] };
const ON = { pools: { reconfigure: true }, relayedPools: { reconfigure: true } };
/** Nobody asks our own address for names, so that only leases are at stake. */
const NO_RESOLVER = { ...ON, pools: { ...ON.pools, ownResolver: false } };
const FAR = ip("2001:db8:2::9");

type Sent = { readonly bytes: Uint8Array; readonly to: string; readonly port: number; readonly link: number };

/** What leaves when so many seconds have passed, second by second. */
function pass(bed: Bed, seconds: number): readonly Sent[] {
  const sent: Sent[] = [];
  for (let i = 0; i < seconds; i++) {
    bed.now++;
    bed.replies.clear();
    bed.server.sweep({ seconds: bed.now }, 16, bed.replies);
    for (let row = 0; row < bed.replies.count; row++) {
      const to = toHex(bed.replies.addresses.slice(16 * row, 16 * row + 16));
      sent.push({ bytes: replyBytes(bed.replies, row), to, port: bed.replies.ports[row] ?? 0, link: bed.replies.links[row] ?? 0 });
    }
  }
  return sent;
}

function keyIn({ message }: Answer): ReconfigureKey | undefined {
  const { authentication } = message.options;
  return authentication === undefined ? undefined : reconfigureKeyOf(authentication);
}

function ask(bed: Bed, request: Partial<ReconfigureRequest> = {}): number {
  const wish = bed.server.wishOf({ link: "", client: undefined, purpose: undefined, ...request });
  assert.ok(typeof wish !== "string", String(wish));
  return bed.server.reconfigure(wish);
}

function inner(bytes: Uint8Array): Dhcp6ClientMessage {
  const message = decodeDhcp6(bytes);
  if (isRelayMessage(message)) return inner(message.options.relayMessage);
  assert.deepEqual([message.malformed, message.unknown], [[], []]);
  return message;
}

test("I5: Reconfigure Accept is answered with itself where both sides want it, and else not at all (RFC 9915 §18.3.9, §21.20)", () => {
  for (const reconfigure of [true, false])
    for (const options of [WILLING, {}]) {
      const bed = new Bed({ pools: { reconfigure } });
      const both = reconfigure && "reconfigureAccept" in options ? true : undefined;
      for (const kind of ["solicit", "request", "renew", "rebind"] as const) {
        const { message } = bed.ask(1, kind, { ...NA, ...options });
        assert.equal(message.options.reconfigureAccept, both, `${kind} ${reconfigure}`);
        assert.equal(message.options.authentication === undefined, !(both === true && kind === "request"), kind);
      }
      const { message } = bed.ask(1, "informationRequest", options);
      assert.equal(message.options.authentication === undefined, both === undefined);
    }
});

test("T10: a Reply to a Solicit with rapid commit hands out the key too (RFC 9915 §20.4.2)", () => {
  const bed = new Bed({ pools: { reconfigure: true, rapidCommit: true } });
  assert.equal(keyIn(bed.ask(1, "solicit", { ...NA, ...WILLING, rapidCommit: true }))?.kind, "key");
});

test("a Request that is promised nothing gets no key: nobody would be told", () => {
  const bed = new Bed({ ...ON, addresses: [] });
  const { message } = bed.ask(1, "request", { ...NA, ...WILLING });
  assert.deepEqual([message.options.reconfigureAccept, message.options.authentication], [undefined, undefined]);
});

test("a client's key stays the same, each client has another, and another address of the same client has another (RFC 9915 §20.4)", () => {
  const bed = new Bed(ON);
  const key = (n: number, from = client(n).address): string => {
    const answer = bed.ask(n, "request", { ...NA, ...WILLING }, { from });
    return Buffer.from(keyIn(answer)?.bytes ?? assert.fail()).toString("hex");
  };
  assert.equal(key(1), key(1));
  assert.notEqual(key(1), key(2));
  assert.notEqual(key(1), key(1, client(9).address), "a stranger who says our DUID learns another key than ours");
  assert.equal(new Bed(ON).ask(1, "request", { ...NA, ...WILLING }).message.options.authentication?.information.length, 17);
});

test("T1: the option for the key states 28 octets, and 28 follow; so it does in the message itself", () => {
  const bed = new Bed(ON);
  const answer = bed.ask(1, "request", { ...NA, ...WILLING });
  ask(bed);
  const [sent] = pass(bed, 1);
  for (const bytes of [answer.bytes, sent?.bytes ?? assert.fail()])
    assert.ok(Buffer.from(bytes).includes(Buffer.from("000b001c0301", "hex")), "code, length, protocol, algorithm");
});

test("a Reconfigure holds our identifier, the client's, what to send, and the proof, and nothing else; it goes to the client's own address, port 546", () => {
  for (const [purpose, number] of [
    ["renew", 5],
    ["rebind", 6],
    ["information-request", 11],
  ] as const) {
    const bed = new Bed(ON);
    const key = keyIn(bed.ask(1, "request", { ...NA, ...WILLING }));
    ask(bed, { link: "lan0", client: client(1).duid, purpose });
    const sent = pass(bed, 1);
    assert.equal(sent.length, 1);
    const [{ bytes, to, port, link }] = [sent[0] ?? assert.fail()];
    assert.deepEqual([to, port, link], [toHex(ipv6Bytes(client(1).address)), 546, LAN]);
    const { kind, transactionId, options } = inner(bytes);
    assert.deepEqual([kind, transactionId], ["reconfigure", 0]);
    assert.deepEqual(Object.keys(options).sort(), ["authentication", "clientId", "reconfigureMessage", "serverId"]);
    assert.deepEqual([options.serverId, options.clientId], [SERVER, client(1).duid]);
    assert.equal(bytes[Buffer.from(bytes).indexOf(Buffer.from("00130001", "hex")) + 4], number);
    const proof = reconfigureKeyOf(options.authentication ?? assert.fail());
    assert.equal(proof?.kind, "digest");
    assert.deepEqual(proof?.bytes, reconfigureDigest(bytes, key?.bytes ?? assert.fail()));
    assert.notDeepEqual(proof?.bytes, hmacMd5(new Uint8Array(16), bytes));
  }
});

test("the number against replays only grows, over keys, messages and lives (RFC 9915 §20.3)", () => {
  const numbers: string[] = [];
  const note = (answer: { readonly options: Dhcp6Options }): void =>
    void numbers.push(answer.options.authentication?.replayDetection ?? assert.fail());
  for (const life of [1, 2, 0xff_ffff]) {
    const bed = new Bed({ ...ON, life });
    for (let n = 1; n < 4; n++) note(bed.ask(n, "request", { ...NA, ...WILLING }).message);
    ask(bed);
    for (const { bytes } of pass(bed, 4)) note(inner(bytes));
  }
  assert.equal(numbers.length, 3 * 9);
  assert.deepEqual(numbers, [...new Set(numbers)].sort());
});

test("in a life that nobody could count no key is handed out", () => {
  const bed = new Bed({ ...ON, life: 0 });
  assert.equal(keyIn(bed.ask(1, "request", { ...NA, ...WILLING })), undefined);
});

test("eight times, two seconds after the first and then twice as long each time; then the client is given up (REC_TIMEOUT, REC_MAX_RC)", () => {
  const bed = new Bed(ON);
  bed.ask(1, "request", { ...NA, ...WILLING });
  ask(bed);
  const times: number[] = [];
  const start = bed.now + 1;
  for (let i = 0; i < 700; i++) if (pass(bed, 1).length > 0) times.push(bed.now - start);
  assert.deepEqual(times, [0, 2, 6, 14, 30, 62, 126, 254]);
  const { counts, underWay, latest } = bed.server.view().reconfigure;
  assert.deepEqual([counts, underWay], [{ "given-up": 1, sent: 8 }, 0]);
  assert.deepEqual(latest, [{ client: client(1).duid, link: "lan0", asked: "renew", tries: 8, state: "given up" }]);
});

for (const kind of ["renew", "rebind", "informationRequest"] as const)
  test(`a client that sends ${kind} has answered, whatever it was told to send (RFC 9915 §18.3.11)`, () => {
    const bed = new Bed(ON);
    bed.ask(1, "request", { ...NA, ...WILLING });
    bed.ask(2, "request", { ...NA, ...WILLING });
    ask(bed, { client: client(1).duid, purpose: "renew" });
    assert.equal(pass(bed, 4).length, 2);
    bed.hear(2, kind, kind === "informationRequest" ? WILLING : { ...NA, ...WILLING });
    assert.equal(bed.server.view().reconfigure.underWay, 1, "somebody else's message answers nothing");
    bed.hear(1, kind, kind === "informationRequest" ? { ...WILLING, serverId: SERVER } : { ...NA, ...WILLING });
    assert.equal(pass(bed, 300).length, 0);
    assert.deepEqual(bed.server.view().reconfigure.counts, { answered: 1, sent: 2 });
  });

test("I4: a client with several associations is told once, and whoever did not accept is never told", () => {
  const bed = new Bed(ON);
  bed.ask(1, "request", { ...BOTH, ...WILLING });
  bed.ask(2, "request", BOTH);
  const round = ask(bed);
  assert.equal(pass(bed, 1).length, 1);
  assert.deepEqual(bed.server.reconfigured(round), { told: 1, isOver: true });
});

test("a client that no longer says that it accepts is told no more; one that has our key and another address now is not either", () => {
  const bed = new Bed(ON);
  for (const n of [1, 2, 3]) bed.ask(n, "request", { ...NA, ...WILLING });
  bed.ask(1, "renew", NA);
  bed.ask(2, "renew", { ...NA, ...WILLING }, { from: client(9).address });
  bed.ask(3, "renew", { ...NA, ...WILLING });
  ask(bed);
  assert.deepEqual(
    pass(bed, 1).map(({ bytes }) => inner(bytes).options.clientId),
    [client(3).duid],
  );
});

test("I3: a client identifier of 130 octets is told like any other (RFC 9915 §11.1)", () => {
  const bed = new Bed(ON);
  const clientId = "00ff".padEnd(260, "5a") as ReturnType<typeof client>["duid"];
  const key = keyIn(bed.ask(1, "request", { ...NA, ...WILLING, clientId }));
  ask(bed, { client: clientId });
  const [sent] = pass(bed, 1);
  const bytes = sent?.bytes ?? assert.fail();
  assert.equal(inner(bytes).options.clientId, clientId);
  const proof = reconfigureKeyOf(inner(bytes).options.authentication ?? assert.fail());
  assert.deepEqual(proof?.bytes, reconfigureDigest(bytes, key?.bytes ?? assert.fail()));
});

test("T2: behind relays it goes back along them, each envelope as long as what is in it, to the outermost relay (RFC 9915 §19.3, RFC 8357 §5.3)", () => {
  for (const [relayPort, port] of [
    [undefined, 547],
    [0, 1547],
  ] as const) {
    const bed = new Bed(ON);
    const request = encodeDhcp6(said(1, "request", { ...BOTH, ...WILLING }));
    const peer = client(1).address;
    const near = relayed(request, { link: FAR, peer, interfaceId: Uint8Array.of(9, 8, 7) });
    const outer = relayed(near, { peer: ip("fe80::77"), hopCount: 1, ...(relayPort === undefined ? {} : { relayPort }) });
    assert.ok(bed.bytesIn(outer, { from: ip("2001:db8:5::5"), port: 1547 }) !== undefined);
    ask(bed, { link: "far" });
    const [sent] = pass(bed, 1);
    assert.deepEqual([sent?.to, sent?.port, sent?.link], ["20010db8000500000000000000000005", port, LAN]);
    const first = decodeDhcp6(sent?.bytes ?? assert.fail()) as Dhcp6RelayMessage;
    const second = decodeDhcp6(first.options.relayMessage) as Dhcp6RelayMessage;
    assert.deepEqual([first.kind, first.hopCount, first.linkAddress, first.peerAddress], ["relayReply", 1, "::", "fe80::77"]);
    assert.deepEqual([second.kind, second.hopCount, second.linkAddress, second.peerAddress], ["relayReply", 0, FAR, peer]);
    assert.deepEqual(second.options.interfaceId, Uint8Array.of(9, 8, 7));
    assert.equal(first.options.relayPort, relayPort);
    const { options } = inner(sent?.bytes ?? assert.fail());
    assert.equal(options.reconfigureMessage, "renew");
    assert.equal(reconfigureKeyOf(options.authentication ?? assert.fail())?.kind, "digest");
  }
});

test("I6: a client behind more relays than are remembered is promised its lease, and no key", () => {
  const bed = new Bed(ON);
  let message = encodeDhcp6(said(1, "request", { ...BOTH, ...WILLING }));
  for (let hop = 0; hop < 20; hop++) message = relayed(message, { link: hop === 0 ? FAR : ip("::"), interfaceId: new Uint8Array(40) });
  const answer = inner(bed.bytesIn(message) ?? assert.fail());
  assert.ok(answer.options.iaNa !== undefined);
  assert.equal(answer.options.authentication, undefined);
});

test("clients without leases are remembered, and told to ask for options again; to renew they are not told", () => {
  const bed = new Bed(ON);
  const key = keyIn(bed.ask(1, "informationRequest", WILLING));
  ask(bed, { purpose: "renew" });
  assert.equal(pass(bed, 2).length, 0);
  ask(bed);
  const [sent] = pass(bed, 1);
  const bytes = sent?.bytes ?? assert.fail();
  assert.equal(inner(bytes).options.reconfigureMessage, "informationRequest");
  assert.deepEqual(
    reconfigureKeyOf(inner(bytes).options.authentication ?? assert.fail())?.bytes,
    reconfigureDigest(bytes, key?.bytes ?? assert.fail()),
  );
});

test("a prefix that went has those told whose leases it takes along, once its addresses have settled, and nobody else (RFC 9096 §3.5)", () => {
  const bed = new Bed(NO_RESOLVER);
  const other = { ...LAN_ADDRESS, address: ip("2001:db8:9::1") };
  bed.ask(1, "request", { ...NA, ...WILLING });
  bed.ask(2, "request", { iaPd: [iaPd({ iaid: 1 })], ...WILLING });
  bed.server.setAddresses("lan0", [LAN_ADDRESS, other]);
  assert.equal(pass(bed, 5).length, 0, "what came, takes nothing from anybody");
  bed.server.setAddresses("lan0", [other]);
  assert.equal(pass(bed, 1).length, 0);
  const sent = pass(bed, 1);
  assert.deepEqual(
    sent.map(({ bytes }) => [inner(bytes).options.clientId, inner(bytes).options.reconfigureMessage]),
    [[client(1).duid, "renew"]],
  );
  const renewed = bed.ask(1, "renew", { ...NA, ...WILLING });
  assert.equal(renewed.message.options.iaNa?.[0]?.options.iaAddress?.length, 2, "the new one, and the old one with lifetimes of zero");
});

test("leases of a prefix that is to end now are stale, and those found at the start of another life are too", () => {
  const bed = new Bed(NO_RESOLVER);
  bed.ask(1, "request", { ...NA, ...WILLING });
  bed.server.setAddresses("lan0", [{ ...LAN_ADDRESS, preferredUntil: bed.now }]);
  assert.equal(pass(bed, 3).length, 1);
  const later = new Bed({ ...NO_RESOLVER, addresses: [] });
  later.server.setAddresses("lan0", [LAN_ADDRESS]);
  later.ask(1, "request", { ...NA, ...WILLING });
  later.server.setAddresses("lan0", []);
  pass(later, 600);
  later.server.setAddresses("lan0", [{ ...LAN_ADDRESS, address: ip("2001:db8:77::1") }]);
  assert.equal(pass(later, 2).length, 1);
});

test("a prefix that comes back, a second one beside it, or a lifetime told anew has nobody told", () => {
  const bed = new Bed(ON);
  bed.ask(1, "request", { ...NA, ...WILLING });
  pass(bed, 3);
  const until = bed.now + 1000;
  for (const addresses of [
    [{ ...LAN_ADDRESS, validUntil: NEVER }],
    [LAN_ADDRESS, { ...LAN_ADDRESS, address: ip("fd00:1::1") }],
    [{ ...LAN_ADDRESS, address: ip("fd00:1::1"), preferredUntil: until }, LAN_ADDRESS],
    [{ ...LAN_ADDRESS, address: ip("fd00:1::1"), preferredUntil: until - 30 }, LAN_ADDRESS],
  ]) {
    bed.server.setAddresses("lan0", addresses);
    assert.equal(pass(bed, 3).length, 0, JSON.stringify(addresses));
  }
  bed.server.setIndex("lan0", 0);
  bed.server.setAddresses("lan0", []);
  bed.server.setIndex("lan0", LAN);
  bed.server.setAddresses("lan0", [LAN_ADDRESS]);
  assert.equal(pass(bed, 3).length, 0, "an interface that was away for a moment");
});

test("where hosts ask our own address for names, everyone is told when that went, with leases or without", () => {
  const bed = new Bed(ON);
  const other = { ...LAN_ADDRESS, address: ip("2001:db8:9::1") };
  bed.ask(1, "request", { iaPd: [iaPd({ iaid: 1 })], ...WILLING });
  bed.ask(2, "informationRequest", WILLING);
  bed.server.setAddresses("lan0", [LAN_ADDRESS, other]);
  assert.equal(pass(bed, 3).length, 0);
  bed.server.setAddresses("lan0", [other]);
  assert.deepEqual(
    pass(bed, 2).map(({ bytes }) => inner(bytes).options.reconfigureMessage),
    ["renew", "informationRequest"],
  );
});

test("a prefix of an uplink that was delegated on has its clients told when it went; what is reserved for a host is not stale", () => {
  const bed = new Bed({ ...NO_RESOLVER, pools: { ...NO_RESOLVER.pools, prefixes: [], uplinkPrefixes: { shortest: 56, longest: 64, usual: 60 } } });
  const ours = { address: ip("2001:db8:4400::1"), prefixLength: 64, preferredUntil: NEVER, validUntil: NEVER };
  bed.server.setUplinkPrefixes([net("2001:db8:4400::/48")]);
  bed.server.setAddresses("lan0", [LAN_ADDRESS, ours]);
  pass(bed, 3);
  const { message } = bed.ask(1, "request", { iaPd: [iaPd({ iaid: 1 })], ...WILLING });
  assert.match(message.options.iaPd?.[0]?.options.iaPrefix?.[0]?.prefix ?? "", /^2001:db8:44/);
  bed.server.setUplinkPrefixes([]);
  assert.equal(pass(bed, 3).length, 1);
  const host = { name: "box", hostPart: undefined, prefixes: [], lifetimes: undefined, ignored: false, options: [], boot: [] };
  const kept = { ...host, addresses: [ip("2001:db8:1::5")], identities: [{ is: "duid", duid: client(2).duid, iaid: undefined } as const] };
  const pools = { ...NO_RESOLVER.pools, addresses: [addressPool(net("2001:db8:1:0:77::/80"))] };
  const known = new Bed({ ...NO_RESOLVER, pools, hosts: [kept] });
  known.ask(2, "request", { ...NA, ...WILLING });
  pass(known, 3);
  known.server.setAddresses("lan0", [LAN_ADDRESS, { ...LAN_ADDRESS, address: ip("2001:db8:9::1") }]);
  known.server.setAddresses("lan0", [LAN_ADDRESS]);
  assert.equal(pass(known, 3).length, 0);
});

test("other options have everyone of the link told: who has leases to renew, who has none to ask again; the same configuration nobody", () => {
  const bed = new Bed(ON);
  bed.ask(1, "request", { ...NA, ...WILLING });
  bed.ask(2, "informationRequest", WILLING);
  bed.bytesIn(relayed(encodeDhcp6(said(3, "request", { ...NA, ...WILLING })), { link: FAR, peer: client(3).address }));
  bed.configure(ON.pools, ON.relayedPools);
  assert.equal(pass(bed, 3).length, 0);
  bed.configure({ ...ON.pools, options: [servedOption(OPTIONS.dnsServers, [ip("2001:db8::53")])] }, ON.relayedPools);
  assert.deepEqual(
    pass(bed, 2).map(({ bytes }) => [inner(bytes).options.clientId, inner(bytes).options.reconfigureMessage]),
    [
      [client(1).duid, "renew"],
      [client(2).duid, "informationRequest"],
    ],
  );
});

test("a reservation that came has its host told, and no other", () => {
  const bed = new Bed(ON);
  for (const n of [1, 2, 3]) bed.ask(n, "request", { ...NA, ...WILLING });
  const host = { name: "box", addresses: [], hostPart: undefined, prefixes: [], lifetimes: undefined, ignored: false, options: [], boot: [] };
  const hosts = [
    { ...host, identities: [{ is: "duid", duid: client(2).duid, iaid: undefined } as const] },
    { ...host, name: "by mac", identities: [{ is: "mac", mac: "02:00:00:00:00:03" as never } as const] },
  ];
  bed.configure(ON.pools, ON.relayedPools, { hosts });
  assert.deepEqual(
    pass(bed, 2).map(({ bytes }) => inner(bytes).options.clientId),
    [client(2).duid, client(3).duid],
  );
});

test("what an operator asks for that is not there is told so", () => {
  const bed = new Bed({ relayedPools: { reconfigure: true } });
  const request = { client: undefined, purpose: undefined } as const;
  assert.equal(bed.server.wishOf({ ...request, link: "lan9" }), "no-link");
  assert.equal(bed.server.wishOf({ ...request, link: "lan0" }), "off");
  const round = ask(bed, { client: client(1).duid });
  pass(bed, 1);
  assert.deepEqual(bed.server.reconfigured(round), { told: 0, isOver: true });
});

test("of a thousand clients so many are begun with at a time, and all of them are told in the end", () => {
  const bed = new Bed(ON);
  for (let n = 1; n <= 1000; n++) bed.ask(n, "request", { ...NA, ...WILLING });
  const round = ask(bed);
  assert.equal(pass(bed, 1).length, 16);
  const told = new Set<string>();
  for (let i = 0; i < 120; i++) for (const { bytes } of pass(bed, 1)) told.add(inner(bytes).options.clientId ?? "");
  assert.ok(told.size > 980, `${told.size}`);
  assert.deepEqual(bed.server.reconfigured(round), { told: 1000, isOver: true });
});

test("whose lease is gone is told no more, and who takes the row over is not told in its place", () => {
  const bed = new Bed(ON);
  const { message } = bed.ask(1, "request", { ...NA, ...WILLING });
  ask(bed);
  assert.equal(pass(bed, 1).length, 1);
  bed.ask(1, "release", { iaNa: message.options.iaNa ?? [] });
  assert.equal(pass(bed, 300).length, 0);
  assert.deepEqual(bed.server.view().reconfigure.counts, { gone: 1, sent: 1 });
});
