/** Reloads: interfaces added, altered, taken away, named by patterns; wishes that concern the kernel and the host alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Duid } from "../../../src/base/duid.ts";
import type { Ipv4Address, Ipv4Prefix } from "../../../src/base/ipv4.ts";
import type { MacAddress } from "../../../src/base/mac.ts";
import { instant } from "../../../src/base/time.ts";
import type { HostWishes } from "../../../src/services/uplink4/config.ts";
import type { Dhcp4Message } from "../../../src/wire/dhcp4/message.ts";
import { ADDRESS, boundRig, face, rig, SERVER } from "./rig.ts";

const net = (prefix: string): Ipv4Prefix => prefix as Ipv4Prefix;
const PRIVATE = { destination: net("10.0.0.0/8"), gateway: "192.0.2.9" as Ipv4Address };
const TOLD: Partial<Dhcp4Message> = {
  options: { messageType: "ack", serverId: SERVER, leaseSeconds: 3600, routers: [SERVER], classlessRoutes: [PRIVATE], domainNameServers: [SERVER] },
};

/** Bound to a lease with routes of both kinds and a resolver. */
function routedRig() {
  const self = rig();
  self.service.configure({ interfaces: [face("wan0")] });
  self.link();
  self.service.frame(1, self.answer("offer"), "verify");
  self.service.frame(1, self.answer("ack", { message: TOLD }), "verify");
  assert.equal(self.phase(), "bound");
  self.asked();
  return { ...self, before: self.sent.length };
}

/** Every wish of that kind: nobody adds one without a case. */
const WISHES: { readonly [K in keyof HostWishes]-?: HostWishes[K] } = {
  metric: 7,
  table: 100,
  mtuMinBytes: 1280,
  useHostName: true,
  socketPriority: 6,
  ignoreDns: true,
  ignoreRoutes: "all",
};
for (const [key, value] of Object.entries(WISHES)) {
  test(`B8: a reload of ${key} applies what is held again and asks nobody`, () => {
    const { service, asked, sent, before, phase } = routedRig();
    service.configure({ interfaces: [face("wan0", { [key]: value })] });
    assert.deepEqual(asked(), ["configure 1 wan0 192.0.2.10"]);
    assert.equal(sent.length, before);
    assert.equal(phase(), "bound");
  });
}

test("routes and resolvers the operator does not want are in nothing that we say, and come back with his word", () => {
  const { service, kernel, facts } = routedRig();
  assert.deepEqual([kernel.get(1)?.routes, facts.get(1)?.nameServers], [[PRIVATE], [SERVER]]);
  service.configure({ interfaces: [face("wan0", { ignoreRoutes: "classless" })] });
  assert.deepEqual(kernel.get(1)?.routes, [{ destination: "0.0.0.0/0", gateway: SERVER }]);
  service.configure({ interfaces: [face("wan0", { ignoreRoutes: "all", ignoreDns: true })] });
  assert.deepEqual([kernel.get(1)?.routes, facts.get(1)?.nameServers], [[], []]);
  service.configure({ interfaces: [face("wan0")] });
  assert.deepEqual([kernel.get(1)?.routes, facts.get(1)?.nameServers], [[PRIVATE], [SERVER]]);
});

test("an interface that is added is served, one that is taken away loses everything, the one between is not touched", () => {
  const self = boundRig();
  const before = self.sent.length;
  self.service.configure({ interfaces: [face("wan0"), face("wan1")] });
  self.link(2, "wan1");
  assert.equal(self.phase("wan1"), "selecting");
  self.bind(2, "wan1");
  assert.deepEqual([...self.kernel.keys()], [1, 2]);
  self.service.configure({ interfaces: [face("wan0")] });
  assert.deepEqual([...self.kernel.keys()], [1]);
  assert.deepEqual([...self.open], ["1 wan0"]);
  assert.deepEqual([...self.facts.keys()], [1]);
  assert.equal(self.service.uplink("wan1"), undefined);
  assert.equal(self.phase(), "bound");
  assert.equal(self.sent.slice(before).filter(({ options }) => options.messageType === "request").length, 1);
});

test("a pattern serves what it matches when that comes, by the most exact name, and forgets it with its link", () => {
  const self = rig();
  self.service.configure({ interfaces: [face("eth*"), face("eth1", { hostName: "exact" })] });
  assert.equal(self.service.view().uplinks.length, 1);
  self.link(1, "eth0");
  self.link(2, "eth1");
  self.link(3, "wlan0");
  self.service.linkNews({ index: 4, name: "lo", running: true });
  assert.deepEqual(
    self.service.view().uplinks.map((one) => one.interface),
    ["eth1", "eth0"],
  );
  assert.deepEqual(
    self.sent.map(({ options }) => options.hostName),
    [undefined, "exact"],
  );
  self.service.linkGone(1);
  self.service.linkGone(2);
  assert.deepEqual(
    self.service.view().uplinks.map((one) => [one.interface, one.present]),
    [["eth1", false]],
  );
});

test("a pattern that is taken away takes its interfaces with it, one that comes finds those that are there", () => {
  const self = rig();
  self.link(1, "eth0");
  self.service.configure({ interfaces: [face("eth?")] });
  self.service.socketReady(1);
  self.bind(1, "eth0");
  self.service.configure({ interfaces: [face("wlan*")] });
  assert.deepEqual([self.service.view().uplinks.length, self.kernel.size, self.open.size], [0, 0, 0]);
});

test("from a pattern to the exact name the same interface is served on, by value", () => {
  const self = rig();
  self.service.configure({ interfaces: [face("eth*")] });
  self.link(1, "eth0");
  self.bind(1, "eth0");
  const before = self.sent.length;
  self.service.configure({ interfaces: [face("eth0"), face("eth*", { hostName: "other" })] });
  assert.equal(self.phase("eth0"), "bound");
  assert.equal(self.sent.length, before);
});

test("the host's DUID makes the client identifier where the operator wants that (RFC 4361), and only there", () => {
  const self = rig();
  self.service.configure({ interfaces: [face("wan0", { identity: "duid" }), face("wan1")] }, "00040123456789abcdef0123456789abcdef" as Duid);
  self.link(1, "wan0");
  self.link(2, "wan1");
  const [first, second] = self.sent.map(({ options }) => options.clientId);
  assert.match(first ?? "", /^ff[0-9a-f]{8}00040123456789abcdef0123456789abcdef$/);
  assert.equal(second, "01020000000001");
});

test("the system's name is said where the operator left it to the system, read again for each message; no message is sent for it", () => {
  const self = boundRig({ systemHostName: true, hostName: "was" });
  const before = self.sent.length;
  self.service.hostNamed("now");
  assert.equal(self.sent.length, before);
  self.service.configure({ interfaces: [face("wan0", { systemHostName: true, hostName: "was" })] });
  assert.equal(self.sent.length, before);
  self.timeline.runUntil(instant(1_802_000));
  assert.equal(self.sent.at(-1)?.options.hostName, "now");
  const fixed = boundRig({ hostName: "mine" });
  fixed.service.hostNamed("now");
  fixed.timeline.runUntil(instant(1_802_000));
  assert.equal(fixed.sent.at(-1)?.options.hostName, "mine");
});

test("option 90 goes out with what asks, and is in no state, record or recording", () => {
  const secret = { code: 90, hex: "deadbeefdeadbeef" };
  const self = boundRig({ sendOptions: [secret, { code: 60, hex: "6c6162" }] });
  assert.deepEqual(
    self.sent.map(({ options }) => options.authentication !== undefined),
    [true, true],
  );
  const told = [JSON.stringify(self.service.view()), self.service.uplink("wan0")?.trace().join(), JSON.stringify(self.service.uplink("wan0")?.state)];
  for (const text of told) assert.ok(!text?.includes("deadbeef"));
  assert.ok(!new TextDecoder().decode(self.disk.load("wan0")).includes("deadbeef"));
  self.service.command("wan0", "release");
  assert.equal(self.sent.at(-1)?.options.authentication, undefined);
});

test("DSCP and hardware address of what we send are the operator's and the link's", () => {
  const other = "02:00:00:00:00:02" as MacAddress;
  const self = boundRig();
  self.link(1, "wan0", other);
  assert.equal(self.sent.at(-1)?.chaddr.slice(0, 12), "020000000002");
  assert.equal(self.service.uplink("wan0")?.state.phase.held?.address, ADDRESS);
});
