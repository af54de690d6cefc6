/** The services that take datagrams of strangers: whole ones, as they stand behind their sockets, fed with changed and mended messages. */
import { addressPool, prefixPool } from "../../src/services/lan/dhcp6-config.ts";
import assert from "node:assert/strict";
import type { Duid } from "../../src/base/duid.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { IMAGE_BYTES, writeImage } from "../../src/services/leases/images.ts";
import { type LeaseTable, STATE } from "../../src/services/leases/table.ts";
import { Dhcp6Relay } from "../../src/services/lan/dhcp6-relay/relay.ts";
import { SimClock, Timeline } from "../../src/sim/clock.ts";
import { dhcp6Client } from "../../src/machines/dhcp6-client/client.ts";
import { instant } from "../../src/base/time.ts";
import { iaPd, STATUS } from "../../src/wire/dhcp6/leases.ts";
import { decodeDhcp6, dhcp6, encodeDhcp6, isRelayMessage } from "../../src/wire/dhcp6/message.ts";
import { unwrapDhcp6 } from "../../src/wire/dhcp6/relay.ts";
import { Bed, client, ip, LAN, net, relayed, SERVER } from "../services/lan/dhcp6-server/support.ts";
import { boundRig, DUID, ia, PREFIX, rig, SERVER as PROVIDER, wan } from "../services/uplink6/rig.ts";
import { dhcp6Samples } from "./decoders.ts";
import type { Target } from "./fuzz.ts";
import { repairedDhcp6 } from "./repair.ts";

export const SERVICES: readonly Target[] = [
  {
    name: "dhcp6-server",
    what: "the DHCPv6 server, asked by a hundred clients at once: each datagram has an answer or a reason, and a reason changes nothing",
    samples: dhcp6Samples,
    run: (bytes) => served(bytes),
  },
  {
    name: "uplink6",
    what: "answers of servers to an uplink that waits for them, in each phase",
    samples: () => [...GRANTS, ...GRANTS, ...dhcp6Samples()],
    run: (bytes) => heard(bytes),
  },
  {
    name: "dhcp6-relay",
    what: "the relay, from both sides: what it passes on is what it got",
    samples: dhcp6Samples,
    run: (bytes) => passedOn(bytes),
  },
];

/** Takes part in what is decided by chance, so that the same bytes always do the same. */
function tossOf(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => (sum * 31 + byte) >>> 0, 7);
}

const ADDRESSED: readonly number[] = [3, 5, 8, 9];
const KINDS = [1, 3, 4, 5, 6, 8, 9, 11] as const;
const LEASES_MOST = 2000;
const LIVES = 400;
let bed: Bed | undefined;
let age = 0;

/** A bed is used for a while, so that clients meet leases of others, and of their own. */
function bedOfNow(): Bed {
  if (bed === undefined || age++ % LIVES === 0) {
    const given = { addresses: [addressPool(net("2001:db8:1::100/120"))], prefixes: [prefixPool(net("2001:db8:8000::/52"), 60)] };
    const pools = { ...given, rapidCommit: true, reconfigure: true };
    bed = new Bed({ pools, relayedPools: pools });
  }
  return bed;
}

function served(bytes: Uint8Array): string {
  const toss = tossOf(bytes);
  const self = bedOfNow();
  self.now += toss % 40;
  const n = 1 + (toss % 100);
  const serverId = (type: number): Duid | undefined => (ADDRESSED.includes(type) ? SERVER : undefined);
  const type = toss % 4 === 0 ? {} : { type: KINDS[(toss >>> 4) % KINDS.length] ?? 1 };
  const mended = toss % 3 === 0 ? bytes : repairedDhcp6(bytes, { transactionId: n, clientId: client(n).duid, serverId, ...type });
  const datagram = toss % 5 === 0 && mended.length < 2000 ? relayed(mended, { link: ip("2001:db8:2::1"), peer: client(n).address }) : mended;
  const before = { view: self.server.view(), leases: told(self.table) };
  const answer = self.bytesIn(datagram, { from: client(n).address, port: toss % 7 === 0 ? 547 : 546, link: toss % 50 === 0 ? LAN + 1 : LAN });
  const after = self.server.view();
  assert.equal(after.received, before.view.received + 1);
  const refusals = sumOf(after.refused) - sumOf(before.view.refused);
  assert.equal(sumOf(after.sent) - sumOf(before.view.sent) + refusals, 1, "neither answered nor refused, or both");
  assert.equal(answer === undefined, refusals === 1);
  assert.ok(self.table.count <= LEASES_MOST, `${self.table.count} leases in pools of a few hundred`);
  if (answer === undefined) {
    assert.equal(self.replies.images, 0, "a refusal is on its way to the journal");
    assert.equal(told(self.table), before.leases, "a refusal changed a lease");
    return Object.entries(after.refused).find(([reason, count]) => count !== before.view.refused[reason])?.[0] ?? "";
  }
  assert.ok(answer.length <= LIMITS.datagramBytes);
  const inner = unwrapDhcp6(answer).message;
  assert.deepEqual(inner.malformed, []);
  assert.ok(inner.kind === "advertise" || inner.kind === "reply");
  return "value";
}

/** All that is promised, as one text. */
function told(table: LeaseTable): string {
  const image = new Uint8Array(IMAGE_BYTES);
  let text = "";
  for (let row = 0; row < table.end; row++) {
    if (table.state(row) === STATE.free) continue;
    text += `${image.subarray(0, writeImage(table, row, image, 0)).join()};`;
  }
  return text;
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** Answers that give what the rig asks for; many samples of them, or hardly any would be changed. */
const GRANTS = [
  { iaPd: [ia(1, [PREFIX])] },
  { iaPd: [ia(1, [PREFIX, 0, 0], ["2001:db8:200::/56"])], dnsServers: [ip("2001:db8::53")] },
  { iaPd: [ia(1, [PREFIX]), ia(2, [PREFIX])], preference: 255 },
  { iaPd: [ia(1, [PREFIX, 0xffffffff, 0xffffffff])], rapidCommit: true as const },
  { iaPd: [iaPd({ iaid: 1, status: { code: STATUS.noBinding, message: "" } })] },
  { status: { code: STATUS.unspecFail, message: "no" } },
].flatMap((options) => Array.from({ length: 8 }, () => encodeDhcp6(dhcp6({ kind: "reply", transactionId: 1, options }))));

type Rig = ReturnType<typeof rig>;
const SITUATIONS: readonly (() => Rig)[] = [
  () => waiting(0),
  () => {
    const self = waiting(2);
    self.answer("advertise", [ia(1, [PREFIX])]);
    self.wait(1.2);
    return self;
  },
  () => boundRig(),
  () => later(900),
  () => later(1500),
  () => boundRig({ ...wan(), rapidCommit: true }),
];
const RIG_LIVES = 8;
let situation: Rig | undefined;
let heardCount = 0;

function waiting(seconds: number): Rig {
  const self = rig();
  self.service.configure({ duid: DUID, interfaces: [wan()] });
  self.links();
  self.wait(seconds);
  return self;
}

function later(seconds: number): Rig {
  const self = boundRig();
  self.wait(seconds);
  return self;
}

function heard(bytes: Uint8Array): string {
  const toss = tossOf(bytes);
  if (situation === undefined || heardCount % RIG_LIVES === 0) {
    const make = SITUATIONS[(heardCount / RIG_LIVES) % SITUATIONS.length];
    situation = make?.() ?? assert.fail("no situation");
  }
  heardCount++;
  const { service, sent } = situation;
  const uplink = service.uplink("wan0") ?? assert.fail("no uplink");
  const repair = { transactionId: sent.at(-1)?.message.transactionId ?? 0, clientId: DUID, serverId: () => PROVIDER };
  const isStranger = toss % 4 === 0;
  const payload = isStranger ? bytes : repairedDhcp6(bytes, { ...repair, ...(toss % 2 === 0 ? {} : { type: toss % 8 === 1 ? 2 : 7 }) });
  const before = { state: uplink.state, ignored: uplink.ingress.ignored.total(), received: uplink.ingress.receivedCount };
  service.datagram(toss % 60 === 1 ? 9 : 1, { from: ip("fe80::1"), port: toss & 0xffff, to: ip("fe80::2"), hopLimit: 1, payload });
  const fresh = uplink.ingress.ignored.total() - before.ignored;
  const reached = uplink.ingress.receivedCount - before.received;
  assert.ok(reached <= 1);
  if (isStranger || reached === 0) {
    assert.equal(uplink.state, before.state, "somebody who does not know our transaction changed something");
    assert.equal(fresh, reached, "dropped, and not counted once");
  }
  soundUplink(situation);
  if (toss % 6 === 0) situation.wait(toss % 3);
  return reached === 0 ? "unknown-link" : fresh === 0 ? "value" : "ignored";
}

/** Whatever was taken can be written, told and laid out. */
function soundUplink({ service, plans }: Rig): void {
  const uplink = service.uplink("wan0") ?? assert.fail("no uplink");
  const { state } = uplink;
  JSON.stringify(service.view());
  assert.ok(dhcp6Client.deadline(state) >= instant(0));
  assert.ok(uplink.holding.retired.length <= LIMITS.retiredAddresses);
  const held = state.phase.held?.delegations ?? [];
  assert.ok(held.length <= LIMITS.delegations);
  for (const { prefixes } of held) assert.ok(prefixes.length <= LIMITS.prefixesPerDelegation);
  const plan = plans.at(-1);
  assert.ok((plan?.addresses.length ?? 0) <= LIMITS.plannedAddresses && (plan?.aggregates.length ?? 0) <= LIMITS.plannedAddresses);
}

const [RELAY_LAN, RELAY_WAN] = [2, 8];

function relayOf(): Dhcp6Relay {
  const relay = new Dhcp6Relay(new SimClock(new Timeline(), 1));
  relay.configure([{ name: "lan0", number: 1, router: undefined, dhcp6: { mode: "relay", relay: { uplinks: ["wan0"], servers: [] } } }]);
  relay.linkNews({ index: RELAY_LAN, name: "lan0", running: true });
  relay.linkNews({ index: RELAY_WAN, name: "wan0", running: true });
  const flags = { tentative: false, dadFailed: false, deprecated: false, temporary: false };
  relay.addressIs({ link: RELAY_LAN, address: ip("2001:db8:1::1"), prefixLength: 64, preferredSeconds: 1800, validSeconds: 3600, ...flags });
  return relay;
}

function passedOn(bytes: Uint8Array): string {
  const relay = relayOf();
  const payload = tossOf(bytes) % 2 === 0 ? bytes : repairedDhcp6(bytes, {});
  const datagram = { from: ip("fe80::c"), port: 546, to: ip("ff02::1:2"), hopLimit: 1, payload };
  const up = relay.fromClient(RELAY_LAN, datagram);
  const down = relay.fromServer(RELAY_WAN, { ...datagram, port: 547 });
  const view = relay.view();
  const counted = view.interfaces.map(({ passed, dropped }) => passed + sumOf(dropped));
  assert.deepEqual(counted, [1, 1], "each side heard one datagram");
  if (up.kind === "pass") {
    assert.ok(up.payload.length <= payload.length + 128);
    const envelope = decodeDhcp6(up.payload);
    assert.ok(isRelayMessage(envelope));
    assert.deepEqual(envelope.options.relayMessage, payload);
  }
  if (down.kind === "pass") assert.ok(down.payload.length < payload.length);
  return up.kind === "drop" ? (down.kind === "drop" ? up.reason : "delivered") : "value";
}
