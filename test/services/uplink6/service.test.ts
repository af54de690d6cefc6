import assert from "node:assert/strict";
import { test } from "node:test";
import { boundRig, DUID, ia, OTHER_PREFIX, PREFIX, rig, target, wan } from "./rig.ts";

test("nothing is sent before link and socket are there; then to all servers on the link (RFC 9915 §7.1)", () => {
  const { service, sent, asked } = rig();
  service.configure({ duid: DUID, interfaces: [wan()] });
  service.linkNews({ index: 1, name: "wan0", running: true });
  assert.deepEqual(asked(), ["open 1 wan0"]);
  assert.equal(sent.length, 0);
  service.socketReady(1);
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
