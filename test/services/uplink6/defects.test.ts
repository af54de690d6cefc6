/** Defects of other DHCPv6 clients that this service must not have, each by its number; the others stand where their subject is tested. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LIMITS } from "../../../src/base/limits.ts";
import { instant } from "../../../src/base/time.ts";
import { ownDuid, ownKey } from "../../../src/roles/main/duid-file.ts";
import { linkLocalOf } from "../../../src/sim/uplink-ports.ts";
import { readIn, withScratch, writeIn } from "../../support/scratch.ts";
import { boundRig, DUID, ia, OTHER_PREFIX, PREFIX, rig, target, wan } from "./rig.ts";

const on = (...names: readonly string[]) => wan([{ iaid: 1, targets: names.map((name) => target(name)) }]);
const SMALL = "2001:db8:100::/63";

test("B19: a reload that adds and removes interfaces is a plan at once, out of what is held; nobody is asked, and who stays keeps everything", () => {
  const self = boundRig(on("lan0", "lan1"));
  self.link(4, "lan2");
  const [messages, lease] = [self.sent.length, self.disk.load("wan0")];
  self.asked();
  self.service.configure({ duid: DUID, interfaces: [on("lan0", "lan1", "lan2")] });
  self.wait(0.1);
  const all = ["lan0 2001:db8:100::1/64 1800/3600", "lan1 2001:db8:100:1::1/64 1800/3600", "lan2 2001:db8:100:2::1/64 1800/3600"];
  assert.deepEqual(self.plan(), [...all, `unreachable ${PREFIX}`]);
  self.service.configure({ duid: DUID, interfaces: [on("lan0")] });
  self.wait(0.1);
  assert.deepEqual(self.plan(), [...all.slice(0, 1), `unreachable ${PREFIX}`]);
  assert.deepEqual([self.phase(), self.sent.length, self.asked(), self.disk.load("wan0")], ["bound", messages, [], lease]);
});

test("B19: a layout that has outgrown what is held is no reason to refuse it at its renewal: whom it holds it serves", () => {
  const self = boundRig(on("lan0"), [ia(1, [SMALL])]);
  self.link(4, "lan2");
  self.service.configure({ duid: DUID, interfaces: [on("lan0", "lan1", "lan2")] });
  self.wait(900);
  assert.equal(self.lastSent(), "renew");
  self.answer("reply", [ia(1, [SMALL])]);
  self.wait(0.1);
  assert.equal(self.phase(), "bound");
  assert.deepEqual(self.plan(), ["lan0 2001:db8:100::1/64 1800/3600", "lan1 2001:db8:100:1::1/64 1800/3600", `unreachable ${SMALL}`]);
});

test("B23: a reload that removes an uplink in the middle of any conversation ends it: nothing is sent, opened or applied for it again", () => {
  for (const seconds of [0, 900, 1500, 3700]) {
    const self = boundRig();
    self.wait(seconds);
    self.asked();
    self.service.configure({ duid: DUID, interfaces: [] });
    self.wait(0.1);
    const messages = self.sent.length;
    assert.deepEqual([self.plan(), self.asked()], [[], ["close 1 wan0"]]);
    self.answer("reply", [ia(1, [PREFIX])]);
    self.service.socketReady(1);
    self.service.linkNews({ index: 1, running: false });
    self.link(1, "wan0");
    self.service.command("wan0", "renew");
    self.service.kernelFailed("wan0", "openDatagramSocket");
    self.service.stored("wan0", new Uint8Array(3));
    self.service.socketsLost();
    self.service.resumed();
    self.wait(7200);
    assert.deepEqual([self.plan(), self.asked(), self.sent.length], [[], [], messages], `${seconds} s`);
    assert.deepEqual(self.service.view().ignored, { "unknown-link": 1 });
  }
});

test("B24: whichever of link, socket and link-local address comes last, that one starts the search; one that goes and comes is waited for again", () => {
  const comings: Readonly<Record<string, (self: ReturnType<typeof rig>) => void>> = {
    link: ({ service }) => service.linkNews({ index: 1, name: "wan0", running: true }),
    socket: ({ service }) => service.socketReady(1),
    address: ({ service }) => service.addressIs(linkLocalOf(1)),
  };
  for (const order of [
    ["link", "socket", "address"],
    ["link", "address", "socket"],
    ["address", "link", "socket"],
  ]) {
    const self = rig();
    self.service.configure({ duid: DUID, interfaces: [wan()] });
    for (const what of order) {
      assert.equal(self.sent.length, 0);
      comings[what]?.(self);
      if (what !== order.at(-1)) self.wait(3600);
    }
    assert.deepEqual([self.sent.length, self.lastSent()], [1, "solicit"], order.join());
  }
  const self = boundRig();
  self.service.addressGone(linkLocalOf(1));
  assert.equal(self.phase(), "down");
  self.wait(60);
  self.service.addressIs(linkLocalOf(1));
  assert.deepEqual([self.phase(), self.lastSent()], ["rebooting", "rebind"]);
});

test("B47: links and addresses of others come and go by the thousand, and nothing of them is kept: a new uplink has room for its own address", () => {
  const self = boundRig();
  const plans = self.plans.length;
  for (let index = 100; index < 100 + 2 * LIMITS.watchedAddresses; index++) {
    self.service.linkNews({ index, name: `veth${index}`, running: true });
    self.service.addressIs(linkLocalOf(index));
    self.service.linkGone(index);
  }
  self.wait(1);
  assert.deepEqual([self.plans.length, self.asked().length, self.service.view().ignored], [plans, 1, {}]);
  self.service.linkGone(1);
  self.link(9, "wan0");
  assert.deepEqual([self.phase(), self.lastSent(9)], ["rebooting", "rebind"]);
});

test("however many addresses other links have, an uplink that comes later has room for its own", () => {
  const self = boundRig();
  for (let index = 100; index < 100 + 2 * LIMITS.watchedAddresses; index++) {
    self.service.linkNews({ index, name: `veth${index}`, running: true });
    self.service.addressIs(linkLocalOf(index));
  }
  assert.ok((self.service.view().ignored["too-many-addresses"] ?? 0) > 0);
  self.service.linkGone(1);
  self.link(99, "wan0");
  assert.deepEqual([self.phase(), self.lastSent(99)], ["rebooting", "rebind"]);
});

test("B49: files of who we are that were cut are no identity, and are not replaced by another one: neither the DUID nor the secret of host parts", () =>
  withScratch(async (scratch) => {
    const duid = ownDuid(scratch);
    const secret = ownKey(scratch, "stable-secret");
    for (const length of [0, 1, 7, duid.length - 2]) {
      writeIn(scratch, "duid", duid.slice(0, length));
      assert.throws(() => ownDuid(scratch), /holds no DUID/, `${length} characters`);
      assert.equal(readIn(scratch, "duid"), duid.slice(0, length));
    }
    for (const length of [0, 1, 15]) {
      const cut = "k".repeat(length);
      writeIn(scratch, "stable-secret", cut);
      assert.throws(() => ownKey(scratch, "stable-secret"), /does not hold 16 bytes/, `${length} bytes`);
      assert.equal(readIn(scratch, "stable-secret"), cut);
    }
    assert.equal(secret.length, 16);
  }));

test("B53: an uplink's name on another link is another link: the old sockets are closed, new ones opened there, and what is held is asked about", () => {
  const self = boundRig();
  self.asked();
  self.askedRouters.splice(0);
  self.link(9, "wan0");
  assert.deepEqual(self.asked(), ["close 1 wan0", "open 9 wan0"]);
  assert.deepEqual(self.askedRouters, ["close 1 wan0", "open 9 wan0"]);
  assert.deepEqual([self.phase(), self.lastSent(9)], ["rebooting", "rebind"]);
  const before = self.sent.length;
  self.answer("reply", [ia(1, [OTHER_PREFIX])], 1);
  assert.deepEqual([self.phase(), self.sent.length], ["rebooting", before], "what comes over the old one is nobody's");
  self.answer("reply", [ia(1, [PREFIX])], 9);
  assert.equal(self.phase(), "bound");
});

test("B53: a link that gets another name is left, and one that gets the name of an uplink is taken", () => {
  const self = boundRig();
  self.asked();
  self.service.linkNews({ index: 1, name: "old0", running: true });
  self.wait(1);
  assert.deepEqual([self.asked(), self.phase(), self.plan()], [["close 1 wan0"], "down", []]);
  self.link(5, "tmp0");
  self.service.linkNews({ index: 5, name: "wan0", running: true });
  self.service.socketReady(5);
  assert.deepEqual([self.asked(), self.phase(), self.lastSent(5)], [["open 5 wan0"], "rebooting", "rebind"]);
});

test("B56: configuration, links, addresses, datagrams and records in any order: what has nothing to belong to is passed over", () => {
  const record = boundRig().disk.load("wan0");
  assert.ok(record !== undefined);
  const orders: readonly (readonly string[])[] = [
    ["datagram", "ready", "stored", "gone", "address", "link", "configure"],
    ["stored", "secret", "failed", "configure", "datagram", "gone", "link", "ready"],
    ["command", "link", "gone", "ready", "listed", "farewell", "configure", "link", "datagram"],
    ["configure", "configure", "gone", "datagram", "listed", "stored", "link", "link", "address"],
    ["resumed", "dropped", "lost", "router", "configure", "router", "dropped", "failed"],
  ];
  for (const order of orders) {
    const self = rig();
    const { service } = self;
    const acts: Readonly<Record<string, () => void>> = {
      datagram: () => self.answer("reply", [ia(1, [PREFIX])]),
      router: () =>
        service.routerDatagram(1, { from: linkLocalOf(7).address, port: 0, to: linkLocalOf(1).address, hopLimit: 255, payload: new Uint8Array(16) }),
      dropped: () => service.datagramsDropped(1, 3),
      ready: () => service.socketReady(1),
      lost: () => service.socketsLost(),
      stored: () => service.stored("wan0", new Uint8Array(3)),
      secret: () => service.secret(new Uint8Array(16)),
      failed: () => service.kernelFailed("wan0", "openDatagramSocket"),
      command: () => service.command("wan0", "renew"),
      resumed: () => service.resumed(),
      farewell: () => service.farewell(),
      gone: () => service.linkGone(1),
      link: () => service.linkNews({ index: 1, name: "wan0", running: true }),
      address: () => service.addressIs(linkLocalOf(1)),
      listed: () => service.linksListed(new Set([1])),
      configure: () => service.configure({ duid: DUID, interfaces: [wan()] }),
    };
    for (const act of order) acts[act]?.();
    assert.equal(self.plans.length, 0, "nothing is held");
    service.configure({ duid: DUID, interfaces: [wan()] });
    self.links();
    assert.equal(self.phase(), "soliciting", order.join());
    self.bind([ia(1, [PREFIX])]);
    assert.equal(self.phase(), "bound", order.join());
  }
  const self = rig();
  self.service.configure({ duid: DUID, interfaces: [wan()] });
  self.service.stored("wan0", record);
  self.links();
  assert.equal(self.phase(), "rebooting", "a record in its place counts");
});

test("thirty days of T1 are thirty days, and what never ends is asked about never: nobody is spoken to before (RFC 9915 §7.7)", () => {
  const day = 86_400;
  const self = boundRig(on("lan0"), [ia(1, [PREFIX, 60 * day, 90 * day])]);
  const messages = self.sent.length;
  self.timeline.runUntil(instant((30 * day - 60) * 1000));
  assert.deepEqual([self.phase(), self.sent.length], ["bound", messages]);
  self.wait(120);
  assert.deepEqual([self.phase(), self.lastSent()], ["renewing", "renew"]);
  const endless = boundRig(on("lan0"), [ia(1, [PREFIX, 0xffffffff, 0xffffffff])]);
  const before = endless.sent.length;
  endless.wait(10_000 * day);
  assert.deepEqual([endless.phase(), endless.sent.length], ["bound", before]);
  assert.equal(endless.plan()[0], "lan0 2001:db8:100::1/64 4294967295/4294967295");
});
