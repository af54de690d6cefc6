/** The service `uplink4` as it stands behind its sockets, in every phase: changed and mended answers, neighbours, time, and what operators do. */
import assert from "node:assert/strict";
import { type Ipv4Address, isUnicastV4, UNSPECIFIED_V4 } from "../../src/base/ipv4.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { BROADCAST_MAC, type MacAddress, ZERO_MAC } from "../../src/base/mac.ts";
import { instant } from "../../src/base/time.ts";
import type { ClientState, Phase } from "../../src/machines/dhcp4-client/state.ts";
import type { UplinkAddress } from "../../src/ports/kernel.ts";
import { decodeRecording } from "../../src/services/recording.ts";
import { standardUplink, type Uplink4Interface } from "../../src/services/uplink4/config.ts";
import { Uplink4 } from "../../src/services/uplink4/service.ts";
import { Chance } from "../../src/sim/chance.ts";
import { SimClock, Timeline } from "../../src/sim/clock.ts";
import { decodeDhcp4, type Dhcp4Message } from "../../src/wire/dhcp4/message.ts";
import { encodeArpFrame } from "../../src/wire/ip/arp.ts";
import { dhcp4Answers, type Known, repairedFrame } from "../support/mutated-dhcp4.ts";
import type { Target } from "./fuzz.ts";

const LINK = 3;
const MAC = "02:00:00:00:00:01" as MacAddress;
const STRANGER = "02:00:00:00:00:99" as MacAddress;
const SERVER = "192.0.2.1" as Ipv4Address;
const ADDRESS = "192.0.2.10" as Ipv4Address;
/** A rig is used for a while, so that what was taken is lived with. */
const LIVES = 40;
/** Of one answer, and of the minutes that may pass behind it. */
const SENT_MOST = 200;

export const UPLINK4: Target = {
  name: "uplink4",
  what: "answers of servers and words of neighbours to an uplink, in each phase and under each policy",
  samples: () => dhcp4Answers(MAC, SERVER, ADDRESS),
  run: (bytes) => heard(bytes),
};

const POLICIES: readonly Partial<Uplink4Interface>[] = [
  {},
  { conflictDetection: "off" },
  { conflictDetection: "rfc", rapidCommit: true, selectSeconds: 1 },
  { conflictDetection: "off", preferIpv6: "yes", releaseOnStop: true },
  { conflictDetection: "off", fallbackLinkLocal: true, broadcast: true, identity: "duid" },
  { anonymous: true, allowServers: [SERVER], mtuMinBytes: 1280, useHostName: true },
  { conflictDetection: "off", ignoreRoutes: "classless", fqdn: { name: "host.example.net", update: "server" } },
  { inform: { address: ADDRESS, prefixLength: 24 } },
];

type Rig = ReturnType<typeof rig>;

function rig(policy: Partial<Uplink4Interface>, seed: number) {
  const timeline = new Timeline();
  const chance = new Chance(seed, 0x75);
  const sent: Dhcp4Message[] = [];
  const soundRecord = (record: Uint8Array): void => {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(record).replace(/\n/g, "");
    assert.doesNotMatch(text, /\p{Cc}/u, "a control character in a record");
    JSON.parse(text);
  };
  const service: Uplink4 = new Uplink4({
    clock: new SimClock(timeline, seed),
    datagrams: {
      broadcast: (_link, _from, _tos, payload) => void sent.push(decodeDhcp4(payload)),
      unicast: (_link, _how, payload) => void sent.push(decodeDhcp4(payload)),
    },
    kernel: { configure: (_link, _name, wanted) => soundAddress(wanted), deconfigure: () => undefined },
    arp: {
      open: (link, _name, address) => void timeline.schedule(timeline.now, () => service.arpReady(link, address)),
      close: () => undefined,
      send: () => undefined,
    },
    host: {
      publish: (_link, _name, { hostName, record, searchDomains }) => {
        soundRecord(record);
        for (const text of [hostName, ...searchDomains]) assert.doesNotMatch(text, /\p{Cc}/u, "a control character in a name");
      },
      withdraw: () => undefined,
    },
    events: { tell: (_name, _event, record) => soundRecord(record) },
    records: { save: (_name, record) => soundRecord(record), remove: () => undefined },
    sockets: { open: (link) => void timeline.schedule(timeline.now, () => service.socketReady(link)), close: () => undefined },
    log: { write: () => undefined },
  });
  const wait = (seconds: number): void => timeline.runUntil(instant(timeline.now + seconds * 1000));
  const carrier = (running: boolean): void => service.linkNews({ index: LINK, name: "wan0", mac: MAC, running });
  service.configure({ interfaces: [{ ...standardUplink("wan0"), ...policy }] }, "000100010102030405060708" as Parameters<Uplink4["configure"]>[1]);
  carrier(true);
  wait(0.1);
  return { service, sent, wait, carrier, chance, uplink: () => service.uplink("wan0") ?? assert.fail("no uplink") };
}

function soundAddress({ address, prefixLength, validSeconds, routes }: UplinkAddress): void {
  assert.ok(isUnicastV4(address), address);
  assert.ok(prefixLength >= 0 && prefixLength <= 32 && validSeconds > 0);
  assert.ok(routes.length <= LIMITS.routesPerLease);
}

let current: Rig | undefined;
let age = 0;
/** Phases in which an answer was heard since the program started: the samples lead to most of them. */
export const phasesHeard = new Set<Phase["kind"]>();

function heard(bytes: Uint8Array): string {
  if (current === undefined || age % LIVES === 0) current = rig(POLICIES[(age / LIVES) % POLICIES.length] ?? {}, age);
  age++;
  const self = current;
  const uplink = self.uplink();
  const toss = self.chance.below(100);
  const sentBefore = self.sent.length;
  phasesHeard.add(uplink.state.phase.kind);
  const outcome = toss < 12 ? neighbour(self, bytes) : answered(self, bytes, toss);
  lived(self);
  JSON.stringify(self.service.view());
  if (age % 97 === 0) decodeRecording(uplink.trace().join("\n"));
  assert.ok(self.sent.length - sentBefore < SENT_MOST, `${self.sent.length - sentBefore} messages after one frame`);
  return outcome;
}

function answered({ service, uplink, sent, chance }: Rig, bytes: Uint8Array, toss: number): string {
  const self = uplink();
  const last = sent.at(-1);
  const { serverId, requestedAddress } = last?.options ?? {};
  const asked = requestedAddress === undefined ? undefined : { server: serverId ?? SERVER, address: requestedAddress };
  const known: Known = { mac: MAC, xid: last?.xid ?? 0, asked, hopeless: toss % 7 === 0 };
  const frame = toss < 20 ? bytes : repairedFrame(bytes, chance, known);
  const before: { readonly state: ClientState; readonly received: number; readonly accepted: number; readonly ignored: number } = {
    state: self.state,
    received: self.received,
    accepted: self.accepted,
    ignored: self.ignored.total(),
  };
  service.frame(LINK, frame, toss % 2 === 0 ? "verify" : "offloaded");
  const [accepted, ignored] = [self.accepted - before.accepted, self.ignored.total() - before.ignored];
  assert.equal(self.received, before.received + 1);
  assert.equal(accepted + ignored, 1, `${accepted} accepted and ${ignored} ignored of one frame`);
  if (ignored === 1) assert.equal(self.state, before.state, "what is ignored changed something");
  return accepted === 1 ? "value" : "ignored";
}

/** Somebody has the address that we have, or that we ask about; or says something that is no ARP. */
function neighbour({ service, uplink, chance }: Rig, bytes: Uint8Array): string {
  const { phase, linkLocal } = uplink().state;
  const probed = phase.kind === "checking" ? phase.lease.address : phase.held?.address;
  const contested = probed ?? (linkLocal?.kind === "held" ? linkLocal.address : linkLocal?.kind === "probing" ? linkLocal.probing.address : ADDRESS);
  const senderAddress = chance.perMille(500) ? contested : UNSPECIFIED_V4;
  const said = { senderMac: chance.perMille(800) ? STRANGER : MAC, senderAddress, targetMac: ZERO_MAC, targetAddress: contested };
  const operation = chance.perMille(500) ? "request" : "reply";
  const frame = encodeArpFrame({ destinationMac: BROADCAST_MAC, sourceMac: STRANGER, operation, ...said });
  service.arpFrame(LINK, chance.perMille(300) ? bytes.subarray(0, chance.below(60)) : frame);
  return "neighbour";
}

/** What else happens to an uplink. */
function lived({ service, wait, carrier, chance }: Rig): void {
  const luck = chance.below(100);
  if (luck < 25) wait(chance.between(0, 3));
  else if (luck < 30) wait(chance.between(3, 300));
  else if (luck < 34) {
    carrier(false);
    wait(chance.between(0, 2));
    carrier(true);
    wait(0.1);
  } else if (luck < 35) service.farewell();
  else if (luck < 36) service.command("wan0", chance.pick(["renew", "release", "reboot"]));
  else if (luck < 37) service.resumed();
  else if (luck < 38) service.ipv6(LINK, chance.perMille(500));
  else if (luck < 39) {
    service.socketsLost();
    wait(0.1);
  }
}
