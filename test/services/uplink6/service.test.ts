import assert from "node:assert/strict";
import { test } from "node:test";
import { linkLocalOf } from "../../../src/sim/uplink-ports.ts";
import { boundRig, DUID, ia, OTHER_PREFIX, PREFIX, rig, target, wan } from "./rig.ts";

test("B24: nothing is sent before link, socket and a link-local address of our own are there; then at once, to all servers on the link (RFC 9915 §7.1, §16)", () => {
  const { service, sent, asked } = rig();
  service.configure({ duid: DUID, interfaces: [wan()] });
  service.linkNews({ index: 1, name: "wan0", running: true });
  assert.deepEqual(asked(), ["open 1 wan0"]);
  assert.equal(sent.length, 0);
  service.socketReady(1);
  service.addressIs({ ...linkLocalOf(1), tentative: true });
  assert.equal(sent.length, 0, "another host may still claim the address");
  service.addressIs(linkLocalOf(1));
  assert.deepEqual(
    sent.map(({ link, to, port, message }) => [link, to, port, message.kind]),
    [[1, "ff02::1:2", 547, "solicit"]],
  );
});

test("what is asked for is as long as the plan needs (two /64: /63)", () => {
  const { sent, links, service } = rig();
  service.configure({ duid: DUID, interfaces: [wan()] });
  links();
  assert.deepEqual(sent[0]?.message.options.iaPd?.[0]?.options.iaPrefix?.[0]?.prefix, "::/63");
});

test("a delegated prefix becomes an address of each target, and a route that leads nowhere for the rest of it", () => {
  const { plan } = boundRig();
  assert.deepEqual(plan(), ["lan0 2001:db8:100::1/64 1800/3600", "lan1 2001:db8:100:1::1/64 1800/3600", `unreachable ${PREFIX}`]);
});

test("an interface that comes later gets its address when it comes, with the lifetimes that remain", () => {
  const self = rig();
  self.service.configure({ duid: DUID, interfaces: [wan()] });
  self.links("wan0", "lan0");
  self.bind([ia(1, [PREFIX])]);
  assert.deepEqual(self.plan(), ["lan0 2001:db8:100::1/64 1800/3600", `unreachable ${PREFIX}`]);
  self.wait(100);
  self.service.linkNews({ index: 9, name: "lan1", running: true });
  self.wait(1);
  assert.deepEqual(self.plan().slice(0, 2), ["lan0 2001:db8:100::1/64 1700/3500", "lan1 2001:db8:100:1::1/64 1700/3500"]);
});

test("renumbering: the new prefix is there, the old addresses are deprecated for at most two hours (RFC 9096 §3.5)", () => {
  const self = boundRig(wan(), [ia(1, [PREFIX, 1800, 86_400])]);
  self.wait(900);
  assert.equal(self.lastSent(), "renew");
  self.answer("reply", [ia(1, [PREFIX, 0, 0], [OTHER_PREFIX])]);
  self.wait(0.1);
  assert.deepEqual(self.plan(), [
    "lan0 2001:db8:200::1/64 1800/3600",
    "lan1 2001:db8:200:1::1/64 1800/3600",
    "lan0 2001:db8:100::1/64 0/7200",
    "lan1 2001:db8:100:1::1/64 0/7200",
    `unreachable ${OTHER_PREFIX}`,
  ]);
});

test("one prefix for one target of its own length needs no route that leads nowhere", () => {
  const { plan } = boundRig(wan([{ iaid: 1, targets: [target("lan0")] }]), [ia(1, ["2001:db8:0:7::/64"])]);
  assert.deepEqual(plan(), ["lan0 2001:db8:0:7::1/64 1800/3600"]);
});

test("a link that was there before its configuration is found", () => {
  const { service, links, phase } = rig();
  links();
  service.configure({ duid: DUID, interfaces: [wan()] });
  service.socketReady(1);
  assert.equal(phase(), "soliciting");
});

test("a link without an Ethernet address is an uplink like any other (a PPP session)", () => {
  const { service, links, sent } = rig();
  service.configure({ duid: DUID, interfaces: [wan(undefined, "ppp0")] });
  links("ppp0");
  assert.equal(sent.length, 1);
});

test("a reload with the same configuration lays out the same and asks nobody", () => {
  const self = boundRig();
  const [before, messages] = [self.plan(), self.sent.length];
  self.service.configure({ duid: DUID, interfaces: [wan()] });
  self.wait(0.1);
  assert.deepEqual(self.plan(), before);
  assert.equal(self.sent.length, messages);
});

test("a reload that adds an interface gives it an address at once, out of what is held, and asks nobody (B19)", () => {
  const self = boundRig();
  const messages = self.sent.length;
  self.link(4, "lan2");
  self.service.configure({ duid: DUID, interfaces: [wan([{ iaid: 1, targets: [target("lan0"), target("lan1"), target("lan2")] }])] });
  self.wait(0.1);
  assert.equal(self.plan()[2], "lan2 2001:db8:100:2::1/64 1800/3600");
  assert.equal(self.sent.length, messages);
});

test("a reload that removes an interface takes its address away, and the other keeps its own (B19)", () => {
  const self = boundRig();
  self.service.configure({ duid: DUID, interfaces: [wan([{ iaid: 1, targets: [target("lan0"), target(undefined)] }])] });
  self.wait(0.1);
  assert.deepEqual(self.plan(), ["lan0 2001:db8:100::1/64 1800/3600", `unreachable ${PREFIX}`]);
});

test("a reload that removes an uplink takes away all that was its, and nothing of the others (B23)", () => {
  const self = rig();
  const second = wan([{ iaid: 1, targets: [target("lan1")] }], "wan1");
  const first = wan([{ iaid: 1, targets: [target("lan0")] }]);
  self.service.configure({ duid: DUID, interfaces: [first, second] });
  self.links("wan0", "lan0", "lan1", "wan1");
  self.bind([ia(1, [PREFIX])]);
  self.bind([ia(1, [OTHER_PREFIX])], 4);
  const both = ["lan0 2001:db8:100::1/64 1800/3600", "lan1 2001:db8:200::1/64 1800/3600", `unreachable ${PREFIX}`, `unreachable ${OTHER_PREFIX}`];
  assert.deepEqual(self.plan(), both);
  self.asked();
  self.service.configure({ duid: DUID, interfaces: [second] });
  self.wait(0.1);
  assert.deepEqual(self.plan(), ["lan1 2001:db8:200::1/64 1800/3600", `unreachable ${OTHER_PREFIX}`]);
  assert.deepEqual(self.asked(), ["close 1 wan0"]);
  self.service.configure({ duid: DUID, interfaces: [] });
  self.wait(7200);
  assert.deepEqual(self.plan(), []);
});

test("two uplinks may serve one interface: it has an address of each", () => {
  const self = rig();
  self.service.configure({ duid: DUID, interfaces: [wan(), wan(undefined, "wan1")] });
  self.links("wan0", "lan0", "wan1");
  self.bind([ia(1, [PREFIX])]);
  self.bind([ia(1, [OTHER_PREFIX])], 3);
  assert.deepEqual(self.plan().slice(0, 2), ["lan0 2001:db8:100::1/64 1800/3600", "lan0 2001:db8:200::1/64 1800/3600"]);
});

test("an uplink that vanishes takes its addresses and routes along; when it comes back they are there again, and asked about (B22)", () => {
  const self = boundRig();
  self.service.linkGone(1);
  self.wait(10);
  assert.deepEqual(self.plan(), []);
  assert.deepEqual(self.asked().slice(-1), ["close 1 wan0"]);
  self.link(9, "wan0");
  self.wait(1);
  assert.equal(self.plan()[0]?.startsWith("lan0 2001:db8:100::1/64"), true);
  assert.equal(self.phase(), "rebooting");
  assert.equal(self.lastSent(9), "rebind");
});

test("a carrier that is lost for a while changes nothing in the kernel", () => {
  const self = boundRig();
  const plans = self.plans.length;
  self.service.linkNews({ index: 1, running: false });
  assert.equal(self.phase(), "down");
  self.wait(10);
  assert.equal(
    self.plans.slice(plans).every(({ addresses }) => addresses.length === 2),
    true,
  );
});

test("an interface that was down and is up again gets its address again: the kernel may have thrown it away", () => {
  const self = boundRig();
  self.service.linkNews({ index: 2, running: false });
  self.wait(1);
  const plans = self.plans.length;
  self.service.linkNews({ index: 2, running: true });
  self.wait(1);
  assert.equal(self.plans.length, plans + 1);
});

test("links that nobody is interested in make no work (B47)", () => {
  const self = boundRig();
  const plans = self.plans.length;
  for (let index = 100; index < 200; index++) self.service.linkNews({ index, name: `veth${index}`, running: true });
  for (let index = 100; index < 200; index++) self.service.linkGone(index);
  self.wait(1);
  assert.equal(self.plans.length, plans);
});

test("two IAs, one changes: no plan ever lacks the addresses of the other (B20)", () => {
  const uplink = wan([
    { iaid: 1, targets: [target("lan0")] },
    { iaid: 2, targets: [target("lan1")] },
  ]);
  const self = boundRig(uplink, [ia(1, [PREFIX]), ia(2, ["2001:db8:300::/60"])]);
  const plans = self.plans.length;
  self.wait(900);
  self.answer("reply", [ia(1, [PREFIX, 0, 0], [OTHER_PREFIX]), ia(2, ["2001:db8:300::/60"])]);
  self.wait(0.1);
  assert.ok(self.plans.length > plans, "there is another plan");
  assert.ok(
    self.plans.every(({ addresses }) => addresses.some(({ address }) => address === "2001:db8:300::1")),
    "no plan lacks it",
  );
  assert.deepEqual(self.plan().slice(0, 2), ["lan0 2001:db8:200::1/64 1800/3600", "lan1 2001:db8:300::1/64 1800/3600"]);
  assert.equal(self.plan()[2], "lan0 2001:db8:100::1/64 0/2700");
});

test("one IA gets nothing: the other one is served (B43)", () => {
  const uplink = wan([
    { iaid: 1, targets: [target("lan0")] },
    { iaid: 2, targets: [target("lan1")] },
  ]);
  const { plan } = boundRig(uplink, [ia(1, [PREFIX]), ia(2)]);
  assert.deepEqual(plan(), ["lan0 2001:db8:100::1/64 1800/3600", `unreachable ${PREFIX}`]);
});

test("a prefix that is smaller than wished for serves the first targets, and says who gets nothing (B43)", () => {
  const self = boundRig(wan(), [ia(1, ["2001:db8:0:7::/64"])]);
  assert.deepEqual(self.plan(), ["lan0 2001:db8:0:7::1/64 1800/3600"]);
  assert.ok(self.logged.includes("targetUnserved wan0 lan1 2001:db8:0:7::/64 too-small"), self.logged.join("; "));
  assert.deepEqual(self.service.view().uplinks[0]?.lease?.unserved, [{ interface: "lan1", prefix: "2001:db8:0:7::/64", reason: "too-small" }]);
});

test("several prefixes in one IA are all used (B43)", () => {
  const { plan } = boundRig(wan([{ iaid: 1, targets: [target("lan0")] }]), [ia(1, [PREFIX], [OTHER_PREFIX])]);
  assert.deepEqual(plan().slice(0, 2), ["lan0 2001:db8:100::1/64 1800/3600", "lan0 2001:db8:200::1/64 1800/3600"]);
});

test("a delegated prefix is never used on the link it came from (RFC 9915 §6.3)", () => {
  const self = boundRig(wan([{ iaid: 1, targets: [target("wan0"), target("lan0")] }]));
  assert.deepEqual(self.plan(), ["lan0 2001:db8:100:1::1/64 1800/3600", `unreachable ${PREFIX}`]);
  assert.equal(self.service.view().uplinks[0]?.lease?.unserved[0]?.reason, "upstream-link");
});

test("a prefix for one target whose interface is not there leads nowhere, not back to the provider", () => {
  const { plan } = boundRig(wan([{ iaid: 1, targets: [target("usb0")] }]), [ia(1, ["2001:db8:0:7::/64"])]);
  assert.deepEqual(plan(), ["unreachable 2001:db8:0:7::/64"]);
});

test("an endless delegation is endless in the kernel", () => {
  const { plan } = boundRig(wan([{ iaid: 1, targets: [target("lan0")] }]), [ia(1, [PREFIX, 0xffffffff, 0xffffffff])]);
  assert.equal(plan()[0], "lan0 2001:db8:100::1/64 4294967295/4294967295");
});

test("a provider that renumbers at every message fills nothing up", () => {
  const self = boundRig(wan([{ iaid: 1, targets: [target("lan0")] }]), [ia(1, [PREFIX, 1800, 864_000])]);
  let previous: string = PREFIX;
  for (let i = 0; i < 300; i++) {
    const next = `2001:db8:${(0x1000 + i).toString(16)}::/56`;
    self.service.linkNews({ index: 1, running: false });
    self.service.linkNews({ index: 1, running: true });
    self.answer("reply", [ia(1, [previous, 0, 0], [next, 1800, 864_000])]);
    self.wait(30);
    previous = next;
  }
  assert.equal(self.plans.at(-1)?.addresses.length, 65);
});

test("an address that was kept for a while is in no plan after its time, though nothing else happened", () => {
  const self = boundRig(wan([{ iaid: 1, targets: [target("lan0")] }]));
  self.wait(900);
  self.answer("reply", [ia(1, [PREFIX, 0, 0], [OTHER_PREFIX, 0xffffffff, 0xffffffff])]);
  self.wait(3600);
  self.service.linkNews({ index: 2, running: false });
  self.wait(1);
  assert.deepEqual(self.plan(), ["lan0 2001:db8:200::1/64 4294967295/4294967295", `unreachable ${OTHER_PREFIX}`]);
});
