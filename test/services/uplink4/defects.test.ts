/** Defects of the original client that must not come back, each by its number; the others stand where their subject is tested. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Entropy, seedOf } from "../../../src/base/entropy.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { bytesOf } from "../../../src/base/hex.ts";
import type { Ipv4Address } from "../../../src/base/ipv4.ts";
import { instant } from "../../../src/base/time.ts";
import { dhcp4Client } from "../../../src/machines/dhcp4-client/client.ts";
import { type ClientState, initialState } from "../../../src/machines/dhcp4-client/state.ts";
import { ownDuid } from "../../../src/roles/main/duid-file.ts";
import { CONFIG } from "../../support/uplink.ts";
import { readIn, withScratch, writeIn } from "../../support/scratch.ts";
import { ADDRESS, boundRig, face, MAC, rig, SERVER, SERVER_MAC } from "./rig.ts";

const MOVED = "192.0.2.77" as Ipv4Address;
const options = (more: object) => ({ message: { options: { messageType: "ack", serverId: SERVER, leaseSeconds: 3600, ...more } as const } });
const raw = (code: number, hex: string) => ({ message: { unknown: [{ code, bytes: bytesOf(hex) }] } });

function requestingRig() {
  const self = rig();
  self.service.configure({ interfaces: [face("wan0")] });
  self.link();
  self.service.frame(1, self.answer("offer"), "verify");
  assert.equal(self.phase(), "requesting");
  return self;
}

test("B1, B40: what a renewal changes reaches kernel, publication and file: address, mask, routes, resolvers", () => {
  const self = boundRig();
  self.timeline.runUntil(instant(1_802_000));
  assert.equal(self.phase(), "renewing");
  const change = { subnetMask: "255.255.255.128" as Ipv4Address, routers: [SERVER], domainNameServers: [SERVER] };
  const { message } = options(change);
  self.service.frame(1, self.answer("ack", { message: { ...message, yiaddr: MOVED } }), "verify");
  assert.deepEqual(self.kernel.get(1), {
    address: MOVED,
    prefixLength: 25,
    validSeconds: 3600 - 2,
    mtuBytes: 0,
    routes: [{ destination: "0.0.0.0/0", gateway: SERVER }],
  });
  assert.deepEqual(self.facts.get(1)?.nameServers, [SERVER]);
  assert.ok(new TextDecoder().decode(self.disk.load("wan0")).includes(MOVED));
  assert.deepEqual(self.told.slice(-2), ["wan0 renew", "wan0 change"]);
});

test("B12: destinations with host bits are routes without them (RFC 3442)", () => {
  const self = requestingRig();
  self.service.frame(1, self.answer("ack", raw(121, "17 c63364 c0000201 0c 0a1f c0000201")), "verify");
  assert.deepEqual(
    self.kernel.get(1)?.routes.map(({ destination }) => destination),
    ["198.51.100.0/23", "10.16.0.0/12"],
  );
});

test("B13: an answer as long as the link carries, 1500 octets of IP behind an Ethernet header, is read", () => {
  const self = requestingRig();
  const padding = [224, 225, 226, 227].map((code) => ({ code, bytes: new Uint8Array(255) }));
  const missing = 1514 - self.answer("ack", { message: { unknown: padding } }).length - 2;
  const whole = self.answer("ack", { message: { unknown: [...padding, { code: 228, bytes: new Uint8Array(missing) }] } });
  assert.equal(whole.length, 1514);
  self.service.frame(1, whole, "verify");
  assert.equal(self.phase(), "bound");
});

test("B32: three hundred routers in one answer cost no lease: as many as a lease has are used, the rest is left out", () => {
  const self = requestingRig();
  const router = (_: unknown, i: number): string => `c00002${(i % 250).toString(16).padStart(2, "0")}`;
  const parts = Array.from({ length: 5 }, () => ({ code: 3, bytes: bytesOf(Array.from({ length: 60 }, router).join("")) }));
  self.service.frame(1, self.answer("ack", { message: { unknown: parts } }), "verify");
  assert.equal(self.phase(), "bound");
  assert.equal(self.kernel.get(1)?.routes.length, LIMITS.routesPerLease);
  assert.deepEqual(self.service.view().uplinks[0]?.ignored, {});
});

test("B33: an answer from another port, for another protocol or hardware address, in pieces, or of another server changes nothing", () => {
  const self = requestingRig();
  const uplink = self.service.uplink("wan0");
  const before = uplink?.state;
  const udp = self.answer("nak");
  const tcp = udp.slice();
  tcp[23] = 6;
  const piece = udp.slice();
  piece[20] = 0x20;
  for (const frame of [
    self.answer("nak", { sourcePort: 1067 }),
    self.answer("nak", { destinationPort: 67 }),
    self.answer("nak", { mac: SERVER_MAC }),
    self.answer("nak", { message: { chaddr: self.sent[0]?.chaddr.replace("01", "09") as never } }),
    self.answer("nak", { message: { htype: 6 } }),
    self.answer("nak", options({ serverId: "192.0.2.2" as Ipv4Address })),
    tcp,
    piece,
  ])
    self.service.frame(1, frame, "verify");
  assert.equal(uplink?.state, before);
  assert.equal(
    Object.values(self.service.view().uplinks[0]?.ignored ?? {}).reduce((sum, count) => sum + count, 0),
    8,
  );
});

test("B41: text of the network that could end a line reaches no file, view or published record", () => {
  const self = requestingRig();
  const evil = "6576696c0a72 6f6f743a3a1b5b324a";
  const unknown = [12, 15, 66, 67].map((code) => ({ code, bytes: bytesOf(evil) }));
  self.service.frame(1, self.answer("ack", { message: { unknown } }), "verify");
  assert.equal(self.phase(), "bound");
  const published = new TextDecoder().decode(self.facts.get(1)?.record);
  assert.equal(published.trimEnd().split("\n").length, 1);
  const file = new TextDecoder().decode(self.disk.load("wan0"));
  for (const text of [published, file, JSON.stringify(self.service.view())]) {
    assert.ok(!text.includes("root::") && !text.includes("\u001b"), text);
    JSON.parse(text);
  }
  assert.equal(self.facts.get(1)?.hostName, "");
});

test("B42: every interval has its own jitter, and two hosts that start at once do not stay in step (RFC 2131 §4.1)", () => {
  const times = (seed: number): readonly number[] => {
    let state: ClientState = initialState(CONFIG);
    const sent: number[] = [];
    let now = 0;
    const step = (event: Parameters<typeof dhcp4Client.step>[1]): void => {
      const stepped = dhcp4Client.step(state, event, { now: instant(now), entropy: new Entropy(seedOf(seed, sent.length)) });
      state = stepped.state;
      if (stepped.effects.some(({ kind }) => kind === "send")) sent.push(now);
    };
    step({ kind: "link", up: true, mac: MAC });
    while (sent.length < 10) {
      now = dhcp4Client.deadline(state);
      step({ kind: "deadline" });
    }
    return sent.slice(1).map((at, i) => at - (sent[i] ?? 0));
  };
  const bases = [4000, 8000, 16_000, 32_000, 64_000, 64_000, 64_000, 64_000, 64_000];
  const off = (seed: number): readonly number[] => times(seed).map((interval, i) => interval - (bases[i] ?? 0));
  for (const jitter of [off(1), off(2)]) {
    assert.equal(new Set(jitter.map(Math.round)).size, jitter.length);
    assert.ok(jitter.every((ms) => Math.abs(ms) <= 1000));
  }
  assert.ok(off(1).every((ms, i) => Math.abs(ms - (off(2)[i] ?? 0)) > 1));
});

test("B49: a file of who we are that was cut is no identity, and is not replaced by another one", () =>
  withScratch(async (scratch) => {
    const whole = ownDuid(scratch);
    for (const length of [0, 1, 7, whole.length - 2]) {
      writeIn(scratch, "duid", whole.slice(0, length));
      assert.throws(() => ownDuid(scratch), /holds no DUID/, `${length} characters`);
      assert.equal(readIn(scratch, "duid"), whole.slice(0, length));
    }
  }));

test("B56: configuration, links, frames and records in any order: what has nothing to belong to is passed over", () => {
  const orders: readonly (readonly string[])[] = [
    ["frame", "ready", "stored", "gone", "link", "configure"],
    ["stored", "arp", "configure", "frame", "gone", "link", "ready"],
    ["command", "link", "gone", "ready", "configure", "link", "frame"],
    ["configure", "configure", "gone", "frame", "stored", "link", "link"],
  ];
  for (const order of orders) {
    const self = rig();
    const acts: Readonly<Record<string, () => void>> = {
      frame: () => self.service.frame(1, self.answer("ack"), "verify"),
      ready: () => self.service.socketReady(1),
      arp: () => self.service.arpReady(1, ADDRESS),
      stored: () => self.service.stored("wan0", new Uint8Array(3)),
      command: () => self.service.command("wan0", "renew"),
      gone: () => self.service.linkGone(1),
      link: () => self.service.linkNews({ index: 1, name: "wan0", mac: MAC, running: true }),
      configure: () => self.service.configure({ interfaces: [face("wan0")] }),
    };
    for (const act of order) acts[act]?.();
    self.service.configure({ interfaces: [face("wan0")] });
    self.link();
    assert.equal(self.phase(), "selecting", order.join());
  }
});
