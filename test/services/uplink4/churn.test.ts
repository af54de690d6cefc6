/** Interfaces that come, go, sleep and change: nothing is left over, and nothing is taken that should stay. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ipv4Address } from "../../../src/base/ipv4.ts";
import type { MacAddress } from "../../../src/base/mac.ts";
import { instant } from "../../../src/base/time.ts";
import { dhcp4Client } from "../../../src/machines/dhcp4-client/client.ts";
import { decodeRecording, replay } from "../../../src/services/recording.ts";
import { ADDRESS, boundRig, face, MAC, rig, SERVER_MAC } from "./rig.ts";

const OTHER_MAC = "02:00:00:00:00:02" as MacAddress;
const NEIGHBOUR = "02:00:00:00:00:aa" as MacAddress;

test("an interface that is deleted and made anew a hundred times, bound and probed for each time, leaves nothing: no socket, watch, address, fact", () => {
  for (const name of ["wan0", "wan*"]) {
    const self = rig();
    self.service.configure({ interfaces: [face(name, { conflictDetection: "fast", fallbackLinkLocal: true })] });
    for (let index = 1; index <= 100; index++) {
      self.link(index);
      self.service.frame(index, self.answer("offer"), "verify");
      self.service.frame(index, self.answer("ack"), "verify");
      self.service.arpReady(index, ADDRESS);
      if (index % 3 > 0) self.timeline.runUntil(instant(index * 1000));
      assert.equal(self.phase(), index % 3 > 0 ? "bound" : "checking");
      if (index % 2 === 0) self.service.linkNews({ index, running: false });
      self.service.linkGone(index);
      assert.deepEqual([self.kernel.size, self.facts.size, self.open.size, self.watches.size], [0, 0, 0, 0], `round ${index}`);
    }
    assert.equal(self.service.view().uplinks.length, name === "wan0" ? 1 : 0);
    const before = self.sent.length;
    self.timeline.runUntil(instant(10_000_000));
    assert.equal(self.sent.length, before, "an alarm of a link that is gone rang");
  }
});

test("B47: news of links that are not served leaves nothing behind", () => {
  const self = boundRig();
  for (let round = 0; round < 500; round++) {
    self.service.linkNews({ index: 100 + round, name: `veth${round}`, mac: NEIGHBOUR, running: true });
    self.service.linkGone(100 + round);
  }
  assert.deepEqual(self.asked(), []);
  assert.deepEqual(self.service.servedLinks().length, 1);
  self.service.frame(100, self.answer("ack"), "verify");
  assert.deepEqual(self.service.view().ignored, { "unknown-link": 1 });
  self.service.configure({ interfaces: [face("wan0"), face("veth*")] });
  assert.deepEqual(
    self.service.view().uplinks.map((one) => one.interface),
    ["wan0"],
    "links that are gone are served",
  );
});

test("B54: news that tells part of a link changes nothing but that part, and never the hardware address", () => {
  const self = boundRig();
  for (const news of [{ index: 1 }, { index: 1, running: true }, { index: 1, mtuBytes: 1400 }, { index: 1, name: "wan0" }])
    self.service.linkNews(news);
  assert.equal(self.phase(), "bound");
  assert.deepEqual(self.asked(), []);
  const before = self.sent.length;
  self.service.command("wan0", "renew");
  assert.equal(self.sent.length, before + 1);
  assert.equal(self.sent.at(-1)?.chaddr.slice(0, 12), "020000000001");
  assert.equal(self.service.view().uplinks[0]?.hardwareAddress, MAC);
});

test("B57: a link that goes down keeps its sockets, its address and its place; back, its lease is asked about", () => {
  const self = boundRig();
  self.service.linkNews({ index: 1, running: false });
  assert.equal(self.phase(), "down");
  assert.deepEqual([self.asked(), [...self.open], self.kernel.get(1)?.address], [[], ["1 wan0"], ADDRESS]);
  self.service.linkNews({ index: 1, running: true });
  assert.equal(self.phase(), "rebooting");
  assert.equal(self.sent.at(-1)?.options.requestedAddress, ADDRESS);
});

test("B6: asking about a lease that is in use opens no second socket", () => {
  const self = boundRig();
  self.service.command("wan0", "reboot");
  self.service.frame(1, self.answer("ack"), "verify");
  assert.equal(self.phase(), "bound");
  assert.deepEqual(self.asked(), ["configure 1 wan0 192.0.2.10"]);
});

test("B5: the lease is written down with each ACK that is used, on new links and on bound ones, sockets or not", () => {
  const self = boundRig();
  const first = self.disk.load("wan0");
  assert.ok(first !== undefined);
  self.timeline.runUntil(instant(60_000));
  self.service.command("wan0", "reboot");
  self.service.frame(1, self.answer("ack"), "verify");
  assert.notDeepEqual(self.disk.load("wan0"), first);
  self.disk.remove("wan0");
  self.service.command("wan0", "renew");
  self.service.kernelFailed("wan0", "configureUplink");
  self.service.frame(1, self.answer("ack"), "verify");
  assert.ok(self.disk.load("wan0") !== undefined);
});

test("B9: what waits for the socket is what was meant: a stored lease is asked for by REQUEST, not looked for by DISCOVER", () => {
  const record = boundRig().disk.load("wan0");
  assert.ok(record !== undefined);
  const self = rig();
  self.service.configure({ interfaces: [face("wan0")] });
  self.service.linkNews({ index: 1, name: "wan0", mac: MAC, running: true });
  self.service.stored("wan0", record);
  assert.equal(self.sent.length, 0);
  self.service.socketReady(1);
  assert.deepEqual(
    self.sent.map(({ options }) => [options.messageType, options.requestedAddress]),
    [["request", ADDRESS]],
  );
  self.service.frame(1, self.answer("ack"), "verify");
  assert.equal(self.phase(), "bound");
});

test("B11: another hardware address while the link is down, or while it is up, keeps address and facts of the host", () => {
  for (const running of [false, true]) {
    const self = boundRig();
    if (!running) self.service.linkNews({ index: 1, running: false });
    self.service.linkNews({ index: 1, mac: OTHER_MAC });
    assert.equal(self.kernel.get(1)?.address, ADDRESS);
    assert.deepEqual(self.asked(), ["close 1 wan0", "open 1 wan0"]);
    self.service.socketReady(1);
    self.service.linkNews({ index: 1, running: true });
    assert.equal(self.phase(), "selecting");
    assert.equal(self.sent.at(-1)?.options.clientId, "01020000000002");
    assert.equal(self.kernel.get(1)?.address, ADDRESS);
  }
});

test("B39: a socket that could not be opened is asked for again and again, ever more slowly, and the uplink lives when it comes", () => {
  const self = rig();
  self.service.configure({ interfaces: [face("wan0")] });
  self.service.linkNews({ index: 1, name: "wan0", mac: MAC, running: true });
  self.service.kernelFailed("wan0", "openPacketSocket");
  let rounds = 0;
  self.asked();
  for (let seconds = 1; seconds <= 600; seconds++) {
    self.timeline.runUntil(instant(seconds * 1000));
    const again = self.asked().filter((what) => what === "open 1 wan0").length;
    assert.ok(again <= 1);
    rounds += again;
    if (again > 0) self.service.kernelFailed("wan0", "openPacketSocket");
  }
  assert.ok(rounds >= 5 && rounds <= 60, `${rounds} times in ten minutes`);
  self.service.socketReady(1);
  self.bind();
});

test("news of a link whose sockets went with their role and are under way again does not take it down", () => {
  const self = boundRig();
  const before = self.sent.length;
  self.service.socketsLost();
  self.service.linkNews({ index: 1, mtuBytes: 1400 });
  assert.equal(self.phase(), "bound");
  self.service.socketReady(1);
  assert.deepEqual([self.phase(), self.sent.length], ["bound", before]);
});

test("a watch that went with its role is asked for again, for the address it was for", () => {
  const self = rig();
  self.service.configure({ interfaces: [face("wan0", { conflictDetection: "fast" })] });
  self.link();
  self.service.frame(1, self.answer("offer"), "verify");
  self.service.frame(1, self.answer("ack"), "verify");
  self.asked();
  self.service.socketsLost();
  assert.deepEqual(self.asked(), ["open 1 wan0", "watch 1 192.0.2.10"]);
});

test("what an uplink lived through replays to the same states and effects", () => {
  const self = rig();
  self.service.configure({ interfaces: [face("wan0", { conflictDetection: "fast", fallbackLinkLocal: true, preferIpv6: "when-connected" })] });
  self.link();
  self.timeline.runUntil(instant(9000));
  self.service.frame(1, self.answer("offer"), "verify");
  self.service.frame(1, self.answer("ack"), "verify");
  self.service.arpReady(1, ADDRESS);
  self.timeline.runUntil(instant(20_000));
  self.probed(NEIGHBOUR);
  self.service.ipv6(1, true);
  self.service.configure({ interfaces: [face("wan0", { hostName: "edge" })] });
  self.service.resumed();
  self.service.command("wan0", "renew");
  self.service.command("wan0", "release");
  self.service.farewell();
  const lines = self.service.uplink("wan0")?.trace() ?? [];
  assert.ok(lines.length > 20);
  assert.equal(replay(dhcp4Client, decodeRecording(lines.join("\n"))).differs, undefined);
});

test("a host that slept two hours ends a lease of one once, and asks at once", () => {
  const self = boundRig();
  self.service.linkNews({ index: 1, running: false });
  self.timeline.runUntil(instant(7_200_000));
  self.service.resumed();
  assert.deepEqual(self.asked(), ["deconfigure 1 wan0"]);
  assert.equal(self.disk.load("wan0"), undefined);
  self.service.linkNews({ index: 1, running: true });
  assert.equal(self.sent.at(-1)?.options.messageType, "discover");
  const up = boundRig();
  const before = up.sent.length;
  up.service.resumed();
  assert.deepEqual([up.phase(), up.sent.length], ["rebooting", before + 1]);
});

test("where more than four links come up within a second, those after the fourth wait by chance", () => {
  const self = rig();
  const names = Array.from({ length: 12 }, (_, i) => `wan${i}`);
  self.service.configure({ interfaces: names.map((name) => face(name)) });
  names.forEach((name, i) => {
    self.link(i + 1, name);
  });
  assert.equal(self.sent.length, 4);
  self.timeline.runUntil(instant(1000));
  assert.equal(self.sent.length, 12);
  const calm = rig();
  calm.service.configure({ interfaces: names.map((name) => face(name)) });
  names.forEach((name, i) => {
    calm.timeline.runUntil(instant(i * 400));
    calm.link(i + 1, name);
  });
  assert.equal(calm.sent.filter(({ secs }) => secs === 0).length, 12);
});

test("a conflict is a neighbour's word: what this host says on another of its links is none (RFC 5227 §2.1.1)", () => {
  const self = rig();
  self.service.configure({ interfaces: [face("wan0", { conflictDetection: "fast" })] });
  self.service.linkNews({ index: 2, name: "eth9", mac: OTHER_MAC, running: true });
  self.link();
  self.service.frame(1, self.answer("offer"), "verify");
  self.service.frame(1, self.answer("ack"), "verify");
  self.service.arpReady(1, ADDRESS);
  self.probed(MAC);
  self.probed(OTHER_MAC);
  assert.equal(self.phase(), "checking");
  self.probed(NEIGHBOUR);
  assert.equal(self.phase(), "backing-off");
  assert.deepEqual(self.sent.at(-1)?.options.messageType, "decline");
});

test("ARP that cannot be read, and that of links we do not serve, is counted and changes nothing", () => {
  const self = boundRig();
  const state = self.service.uplink("wan0")?.state;
  self.service.arpFrame(1, new Uint8Array(10));
  self.service.arpFrame(77, new Uint8Array(42));
  self.service.arpReady(1, "192.0.2.77" as Ipv4Address);
  assert.equal(self.service.uplink("wan0")?.state, state);
  assert.deepEqual(self.service.view().ignored, { "unknown-link": 1 });
});

test("only the address that is watched comes ready: a socket for the one before is late news", () => {
  const self = rig();
  self.service.configure({ interfaces: [face("wan0", { conflictDetection: "fast" })] });
  self.link();
  self.service.frame(1, self.answer("offer"), "verify");
  self.service.frame(1, self.answer("ack"), "verify");
  self.service.arpReady(1, "192.0.2.77" as Ipv4Address);
  const { state } = self.service.uplink("wan0") ?? {};
  assert.ok(state?.phase.kind === "checking" && !state.phase.probing.watching);
});

test("the end of the program gives leases back where the operator wants that, and touches nothing else", () => {
  const stays = boundRig();
  stays.service.farewell();
  assert.deepEqual([stays.phase(), stays.asked()], ["bound", []]);
  const goes = boundRig({ releaseOnStop: true });
  goes.service.farewell();
  assert.deepEqual([goes.phase(), goes.asked()], ["stopped", ["deconfigure 1 wan0"]]);
  assert.equal(goes.sent.at(-1)?.options.messageType, "release");
  assert.equal(goes.disk.load("wan0"), undefined);
});

test("IPv6 that leads somewhere is told to the link it is on, once for each change", () => {
  const self = rig();
  self.service.configure({ interfaces: [face("wan0", { preferIpv6: "when-connected" })] });
  self.link();
  self.service.ipv6(1, true);
  const { state } = self.service.uplink("wan0") ?? {};
  assert.equal(state?.ipv6Connected, true);
  self.service.ipv6(1, true);
  self.service.ipv6(9, false);
  assert.equal(self.service.uplink("wan0")?.state, state);
});

test("what is done with one uplink by command is done with no other", () => {
  const self = boundRig();
  self.service.configure({ interfaces: [face("wan0"), face("wan1")] });
  self.link(2, "wan1");
  self.bind(2, "wan1");
  self.service.command("wan1", "release");
  self.service.command("nowhere", "release");
  assert.deepEqual([self.phase("wan0"), self.phase("wan1")], ["bound", "stopped"]);
});

test("frames for another hardware address are dropped however they come", () => {
  const self = boundRig();
  self.service.frame(1, self.answer("nak", { mac: SERVER_MAC }), "verify");
  assert.equal(self.phase(), "bound");
});
