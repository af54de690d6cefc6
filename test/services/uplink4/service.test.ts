import assert from "node:assert/strict";
import { test } from "node:test";
import { instant } from "../../../src/base/time.ts";
import { ADDRESS, boundRig, face, MAC, rig, SERVER_MAC } from "./rig.ts";

test("nothing is sent before link and socket are there", () => {
  const { service, sent, asked, phase } = rig();
  service.configure({ interfaces: [face("wan0")] });
  service.linkNews({ index: 1, name: "wan0", mac: MAC, running: true });
  assert.deepEqual(asked(), ["open 1 wan0"]);
  assert.equal(sent.length, 0);
  service.socketReady(1);
  assert.equal(sent.length, 1);
  assert.equal(phase(), "selecting");
});

test("a link that was there before its configuration is found", () => {
  const { service, link, phase } = rig();
  link();
  service.configure({ interfaces: [face("wan0")] });
  service.socketReady(1);
  assert.equal(phase(), "selecting");
});

test("news that tells part of a link erases nothing", () => {
  const { service, phase, asked } = boundRig();
  service.linkNews({ index: 1 });
  service.linkNews({ index: 1, running: true });
  service.linkNews({ index: 1, mac: MAC });
  assert.equal(phase(), "bound");
  assert.deepEqual(asked(), []);
});

test("a link that tells its hardware address late gets its sockets then", () => {
  const { service, asked, phase } = rig();
  service.configure({ interfaces: [face("wan0")] });
  service.linkNews({ index: 1, name: "wan0", running: true });
  assert.deepEqual(asked(), []);
  service.linkNews({ index: 1, mac: MAC });
  assert.deepEqual(asked(), ["open 1 wan0"]);
  service.socketReady(1);
  assert.equal(phase(), "selecting");
});

test("a reload with the same configuration applies what is held again and asks nobody", () => {
  const { service, asked, sent } = boundRig();
  const before = sent.length;
  service.configure({ interfaces: [face("wan0")] });
  assert.deepEqual(asked(), ["configure 1 wan0 192.0.2.10"]);
  assert.equal(sent.length, before);
});

test("a reload that changes one interface leaves the other alone", () => {
  const { service, link, phase } = boundRig();
  service.configure({ interfaces: [face("wan0"), face("wan1")] });
  link(2, "wan1");
  assert.equal(phase("wan1"), "selecting");
  service.configure({ interfaces: [face("wan0"), face("wan1", { hostName: "edge" })] });
  assert.equal(phase(), "bound");
});

test("an interface taken out of the configuration loses everything of ours, then its sockets", () => {
  const { service, asked, timeline, sent } = boundRig();
  service.configure({ interfaces: [] });
  assert.deepEqual(asked(), ["deconfigure 1 wan0", "close 1 wan0"]);
  const before = sent.length;
  timeline.runUntil(instant(7_200_000));
  assert.equal(sent.length, before);
});

test("a renamed link loses our objects under its old name, and is served under the new one if that is configured", () => {
  const { service, asked, phase } = boundRig();
  service.configure({ interfaces: [face("wan0"), face("wan1")] });
  asked();
  service.linkNews({ index: 1, name: "wan1" });
  assert.deepEqual(asked(), ["deconfigure 1 wan0", "close 1 wan0", "open 1 wan1"]);
  assert.equal(phase("wan0"), "down");
});

test("a link that is made anew under its name starts over on the new index", () => {
  const { service, asked, phase, link } = boundRig();
  service.linkGone(1);
  assert.deepEqual(asked(), ["deconfigure 1 wan0", "close 1 wan0"]);
  link(7);
  assert.deepEqual(asked(), ["open 7 wan0"]);
  assert.equal(phase(), "selecting");
});

test("the late end of an old link does not take down the new one of its name", () => {
  const { service, phase, asked, link, bind } = boundRig();
  link(7);
  assert.deepEqual(asked(), ["deconfigure 1 wan0", "close 1 wan0", "open 7 wan0"]);
  bind(7);
  asked();
  service.linkGone(1);
  assert.equal(phase(), "bound");
  assert.deepEqual(asked(), []);
});

test("after lost events a whole list of links ends those that are not in it, and only those", () => {
  const { service, phase, link } = boundRig();
  link(7);
  service.linksListed(new Set([7]));
  assert.equal(phase(), "selecting");
  service.linksListed(new Set());
  assert.equal(phase(), "down");
});

test("a hundred times deleted and made again, nothing is left over", () => {
  const { service, asked, link } = boundRig();
  for (let index = 1; index <= 100; index++) {
    service.linkGone(index);
    link(index + 1);
  }
  const all = asked();
  assert.equal(all.filter((what) => what.startsWith("open")).length, 100);
  assert.equal(all.filter((what) => what.startsWith("close")).length, 100);
  assert.equal(service.view().uplinks.length, 1);
});

test("sockets that went with their role are asked for again, and the lease stays", () => {
  const { service, asked, phase, sent } = boundRig();
  const before = sent.length;
  service.socketsLost();
  assert.deepEqual(asked(), ["open 1 wan0"]);
  service.socketReady(1);
  assert.equal(phase(), "bound");
  assert.equal(sent.length, before);
});

test("what comes ready late for a link that is gone is ignored", () => {
  const { service, phase } = boundRig();
  service.linkGone(1);
  service.socketReady(1);
  assert.equal(phase(), "down");
});

test("a stored lease is asked for, one that cannot be read is not", () => {
  const bound = boundRig();
  const record = bound.disk.load("wan0");
  assert.ok(record !== undefined);
  const next = rig();
  next.service.configure({ interfaces: [face("wan0")] });
  next.service.stored("wan0", record);
  next.link();
  assert.equal(next.phase(), "rebooting");
  assert.equal(next.sent.at(-1)?.options.requestedAddress, ADDRESS);
  const other = rig();
  other.service.configure({ interfaces: [face("wan0")] });
  other.service.stored("wan0", record.slice(0, 40));
  other.link();
  assert.equal(other.phase(), "selecting");
});

test("frames that are not for us are counted by reason and change nothing (RFC 2131 §4.1)", () => {
  const self = rig();
  self.service.configure({ interfaces: [face("wan0")] });
  self.link();
  const uplink = self.service.uplink("wan0");
  assert.ok(uplink !== undefined);
  const state = uplink.state;
  const corrupted = self.answer("offer");
  corrupted[60] = (corrupted[60] ?? 0) ^ 1;
  const frames: readonly (readonly [Uint8Array, string])[] = [
    [self.answer("offer", { destinationMac: SERVER_MAC }), "foreign-hardware-address"],
    [self.answer("offer", { destinationPort: 67 }), "foreign-port"],
    [self.answer("offer", { sourcePort: 68 }), "foreign-port"],
    [self.answer("offer", { payload: new Uint8Array(100) }), "bad-value"],
    [self.answer("offer").slice(0, 200), "truncated"],
    [new Uint8Array(0), "truncated"],
    [corrupted, "bad-checksum"],
  ];
  for (const [frame, reason] of frames) {
    const before = uplink.ignored.get(reason);
    self.service.frame(1, frame, "verify");
    assert.equal(uplink.ignored.get(reason), before + 1, reason);
    assert.equal(uplink.state, state);
  }
  assert.equal(uplink.received, frames.length);
  self.service.frame(99, self.answer("offer"), "verify");
  assert.deepEqual(self.service.view().ignored, { "unknown-link": 1 });
});

test("a frame whose sum the kernel has looked at is not summed again", () => {
  const self = rig();
  self.service.configure({ interfaces: [face("wan0")] });
  self.link();
  const frame = self.answer("offer");
  frame[40] = (frame[40] ?? 0) ^ 0xff; // the UDP checksum
  self.service.frame(1, frame, "offloaded");
  assert.equal(self.phase(), "requesting");
});

test("frames that were dropped on the way are counted where they were for", () => {
  const { service } = boundRig();
  service.framesDropped(1, 3);
  service.framesDropped(9, 2);
  assert.equal(service.view().uplinks[0]?.ignored["queue-full"], 3);
  assert.equal(service.view().ignored["queue-full"], 2);
});

test("the view says what is held, until when, and what happened", () => {
  const { service, timeline } = boundRig();
  timeline.runUntil(instant(60_000));
  const [view] = service.view().uplinks;
  assert.equal(view?.state, "bound");
  assert.equal(view?.lease?.address, ADDRESS);
  assert.equal(view?.lease?.configured, true);
  assert.equal(view?.lease?.expiresAt, "2026-01-01T01:00:00.000Z");
  assert.deepEqual(view?.sent, { discover: 1, request: 1 });
});

test("B39: a packet socket that could not be had is asked for again, each time later, and not while there is one", () => {
  const { service, asked, timeline, phase } = rig();
  service.configure({ interfaces: [face("wan0")] });
  service.linkNews({ index: 1, name: "wan0", mac: MAC, running: true });
  assert.deepEqual(asked(), ["open 1 wan0"]);
  for (const seconds of [2, 4, 8, 16, 32, 60, 60]) {
    service.kernelFailed("wan0", "openPacketSocket");
    timeline.runUntil(instant(timeline.now + seconds * 1000 - 1));
    assert.deepEqual(asked(), []);
    timeline.runUntil(instant(timeline.now + 1));
    assert.deepEqual(asked(), ["open 1 wan0"]);
  }
  service.socketReady(1);
  assert.equal(phase(), "selecting");
});

test("a lease that the kernel would not take is put there again", () => {
  const { service, asked, timeline } = boundRig();
  service.kernelFailed("wan0", "configureUplink");
  timeline.runUntil(instant(timeline.now + 2000));
  assert.deepEqual(asked(), ["configure 1 wan0 192.0.2.10"]);
  service.kernelFailed("wan0", "saveLease");
  timeline.runUntil(instant(timeline.now + 120_000));
  assert.deepEqual(asked(), []);
});
