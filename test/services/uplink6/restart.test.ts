/** What survives a restart, what comes from strangers, and what an operator sees. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, toHex } from "../../../src/base/hex.ts";
import { instant } from "../../../src/base/time.ts";
import { boundRig, DUID, ia, PREFIX, rig, wan } from "./rig.ts";

const CONFIG = { duid: DUID, interfaces: [wan()] };

/** A rig whose clock stands `seconds` after the first one's, with the record of the first one. */
function restarted(seconds: number) {
  const before = boundRig();
  const record = before.disk.load("wan0");
  assert.ok(record !== undefined, "a lease was kept");
  const self = rig();
  self.timeline.runUntil(instant(before.timeline.now + seconds * 1000));
  return { ...self, record };
}

test("after a restart nothing is applied before all links are known; then what is held, with the lifetimes that remain", () => {
  const self = restarted(600);
  self.service.configure(CONFIG);
  self.service.stored("wan0", self.record);
  self.link(1, "wan0");
  self.link(2, "lan0");
  self.wait(0.5);
  assert.equal(self.plans.length, 0);
  self.link(3, "lan1");
  self.service.linksListed(new Set([1, 2, 3]));
  self.wait(0.5);
  assert.match(self.plan()[0] ?? "", /^lan0 2001:db8:100::1\/64 1[12]\d\d\/[23]\d\d\d$/);
  assert.equal(self.phase(), "rebooting");
  assert.equal(self.sent[0]?.message.kind, "rebind");
});

test("a list of links that never comes to its end keeps nothing back for longer than five seconds", () => {
  const self = rig();
  self.service.configure(CONFIG);
  self.link(1, "wan0");
  self.link(2, "lan0");
  self.bind([ia(1, [PREFIX])]);
  assert.equal(self.plans.length, 0);
  self.wait(5);
  assert.deepEqual(self.plan().slice(1), [`unreachable ${PREFIX}`]);
});

test("after a restart a server that is silent does not cost us what we hold (RFC 9915 §18.2.12)", () => {
  const self = restarted(60);
  self.service.configure(CONFIG);
  self.service.stored("wan0", self.record);
  self.links();
  self.wait(15);
  assert.equal(self.phase(), "bound");
  assert.equal(
    self.plans.every(({ addresses }) => addresses.length === 2),
    true,
  );
});

test("what a server takes away before anything was applied goes from the kernel too: an earlier life may have left it there (RFC 9915 §18.2.10.1)", () => {
  const self = restarted(60);
  self.service.configure(CONFIG);
  self.service.stored("wan0", self.record);
  self.links();
  assert.equal(self.lastSent(), "rebind");
  self.answer("reply", [ia(1, [PREFIX, 0, 0])]);
  assert.deepEqual(self.plan(), []);
  assert.equal(self.phase(), "soliciting");
});

test("the links may be known before the configuration comes", () => {
  const self = restarted(60);
  self.links();
  self.service.configure(CONFIG);
  self.service.socketReady(1);
  self.service.stored("wan0", self.record);
  self.wait(1);
  assert.equal(
    self.plans.every(({ addresses }) => addresses.length === 2),
    true,
  );
  assert.equal(self.phase(), "rebooting");
});

test("a record that cannot be read is told, and the search begins", () => {
  const self = restarted(60);
  self.service.configure(CONFIG);
  self.service.stored("wan0", self.record.slice(0, 100));
  self.links();
  assert.equal(self.phase(), "soliciting");
  assert.equal(self.logged.includes("storedLeaseUnusable wan0"), true);
});

test("sockets that went with their role are asked for again, and what is held stays", () => {
  const self = boundRig();
  self.asked();
  self.service.socketsLost();
  assert.deepEqual(self.asked(), ["open 1 wan0"]);
  self.service.socketReady(1);
  assert.equal(self.phase(), "bound");
});

test("a hundred times deleted and made again, nothing is left over", () => {
  const self = boundRig();
  for (let index = 1; index <= 100; index++) {
    self.service.linkGone(index === 1 ? 1 : index + 99);
    self.link(index + 100, "wan0");
  }
  self.wait(1);
  const all = self.asked();
  assert.equal(all.filter((what) => what.startsWith("open")).length, 101);
  assert.equal(all.filter((what) => what.startsWith("close")).length, 100);
  assert.equal(self.plans.at(-1)?.addresses.length, 2);
});

const CLIENT_ID = "0001 0012 000400112233445566778899aabbccddeeff";
const SERVER_ID = "0002 000a 0003000102005e100001";
const IA = "0019 000c 00000001 00000000 00000000";
/** What a stranger may send, `xid` standing for ours, and what it is counted as. */
const STRANGE: readonly (readonly [string, string, string])[] = [
  ["an empty datagram (B17)", "", "truncated"],
  ["one octet", "07", "truncated"],
  ["three octets", "07 0102", "truncated"],
  ["message type 0 (B16)", `00 xid ${CLIENT_ID}`, "unsupported"],
  ["message type 14 (B16)", `0e xid ${CLIENT_ID}`, "unsupported"],
  ["message type 255 (B16)", `ff xid ${CLIENT_ID}`, "unsupported"],
  ["a client's message (B16)", `01 xid ${CLIENT_ID}`, "unexpected-type"],
  ["a relay's message (B16)", `0d 00 ${"00".repeat(32)} 0009 0004 07 010203`, "unexpected-type"],
  ["an option longer than the message", `07 xid ${CLIENT_ID} 0002 00ff 0003`, "truncated"],
  ["two server identifiers", `07 xid ${CLIENT_ID} ${SERVER_ID} ${SERVER_ID} ${IA}`, "bad-value"],
  ["a server identifier of two octets", `07 xid ${CLIENT_ID} 0002 0002 0003`, "bad-length"],
  ["a server identifier of 131 octets", `07 xid ${CLIENT_ID} 0002 0083 ${"ab".repeat(131)}`, "bad-length"],
  ["a status code of nothing (B18)", `07 xid ${CLIENT_ID} ${SERVER_ID} 000d 0000`, "truncated"],
  ["a status code of one octet (B18)", `07 xid ${CLIENT_ID} ${SERVER_ID} 000d 0001 00`, "truncated"],
  ["rapid commit with content", `07 xid ${CLIENT_ID} ${SERVER_ID} 000e 0001 00`, "trailing"],
  ["an IA of eleven octets", `07 xid ${CLIENT_ID} ${SERVER_ID} 0019 000b ${"00".repeat(11)}`, "ia-malformed"],
  [
    "a prefix of 129 bits (B14)",
    `07 xid ${CLIENT_ID} ${SERVER_ID} 0019 0029 00000001 00000000 00000000 001a 0019 00000708 00000e10 81 ${"20".repeat(16)}`,
    "prefix-malformed",
  ],
  ["another transaction (B15)", `07 ffffff ${CLIENT_ID} ${SERVER_ID} ${IA}`, "transaction-mismatch"],
];

for (const [what, hex, reason] of STRANGE) {
  test(`${what} is counted as ${reason}, and nothing is changed`, () => {
    const self = boundRig();
    self.wait(900); // a Renew is under way
    const uplink = self.service.uplink("wan0");
    assert.ok(uplink?.state.phase.kind === "renewing", "a Renew is under way");
    const { state } = uplink;
    const id = state.phase.kind === "renewing" ? state.phase.exchange.transactionId : 0;
    const [before, plans] = [uplink.ingress.ignored.get(reason), self.plans.length];
    self.receive(bytesOf(hex.replace("xid", id.toString(16).padStart(6, "0"))));
    self.wait(0.1);
    assert.equal(uplink.ingress.ignored.get(reason), before + 1, `${JSON.stringify(uplink.ingress.ignored.toJSON())}`);
    assert.deepEqual(uplink.state.phase, state.phase);
    assert.equal(self.plans.length, plans);
  });
}

test("every type of message there may be is survived and counted", () => {
  const self = boundRig();
  const uplink = self.service.uplink("wan0");
  const received = uplink?.ingress.receivedCount ?? 0;
  for (let type = 0; type < 256; type++) self.receive(Uint8Array.of(type, 1, 2, 3));
  assert.equal(uplink?.ingress.receivedCount, received + 256);
  assert.ok((uplink?.ingress.ignored.total() ?? 0) >= 256, "each is counted");
  assert.equal(self.phase(), "bound");
});

test("what is for no uplink, and what was dropped on the way, is counted where it belongs", () => {
  const self = boundRig();
  self.receive(new Uint8Array(4), 99);
  self.service.datagramsDropped(1, 3);
  self.service.datagramsDropped(99, 2);
  assert.deepEqual(self.service.view().ignored, { "queue-full": 2, "unknown-link": 1 });
  assert.equal(self.service.view().uplinks[0]?.ignored["queue-full"], 3);
});

test("no secret of a message stands in the trace (RFC 9915 §21.11)", () => {
  const self = boundRig();
  self.wait(900);
  const id = (self.sent.at(-1)?.message.transactionId ?? 0).toString(16).padStart(6, "0");
  const secret = "73656372657473656372657473656372";
  self.receive(bytesOf(`07 ${id} ${CLIENT_ID} ${SERVER_ID} 000b 001c 03 01 00 0000000000000001 01 ${secret} ${IA}`));
  const trace = (self.service.uplink("wan0")?.trace() ?? []).join("\n");
  assert.match(trace, /"received"/);
  assert.equal(trace.includes(secret), false);
});

test("the view says what is held, until when, for whom, and what happened", () => {
  const self = boundRig();
  const [view] = self.service.view().uplinks;
  assert.equal(view?.state, "bound");
  assert.deepEqual(view?.wishes, [{ kind: "pd", iaid: 1, prefixLength: 63 }]);
  assert.deepEqual(view?.lease?.prefixes[0]?.prefix, PREFIX);
  assert.equal(view?.lease?.assigned[1]?.address, "2001:db8:100:1::1");
  assert.deepEqual(view?.sent, { request: 1, solicit: 1 });
  assert.equal(JSON.stringify(self.service.view()).includes("undefined"), false);
  assert.deepEqual(toHex(new TextEncoder().encode(view?.lease?.server ?? "")).length > 0, true);
  self.wait(3601);
  assert.equal(self.service.view().uplinks[0]?.lease, null);
  self.answer("advertise", [ia(1, [PREFIX])]);
});
