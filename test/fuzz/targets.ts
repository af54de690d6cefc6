/** Everything that reads bytes of others: one entry each. To add a decoder, add an entry. */
import assert from "node:assert/strict";
import { decodeAll, encodeAll } from "../../src/base/codec.ts";
import { Entropy, seedOf } from "../../src/base/entropy.ts";
import { bytesOf } from "../../src/base/hex.ts";
import type { Ipv4Address, Ipv4Prefix } from "../../src/base/ipv4.ts";
import type { MacAddress } from "../../src/base/mac.ts";
import { instant, wallClock } from "../../src/base/time.ts";
import { dhcp4Client } from "../../src/machines/dhcp4-client/client.ts";
import type { ClientState, Lease } from "../../src/machines/dhcp4-client/state.ts";
import { decodeRecording, encodeRecording, RecordingError, recordingOf } from "../../src/services/recording.ts";
import { decodeLeaseRecord, encodeLeaseRecord } from "../../src/services/uplink4/lease-record.ts";
import { clientIdOfMac } from "../../src/wire/dhcp4/vendor.ts";
import { lease } from "../support/uplink.ts";
import type { ClientObserved } from "../../src/sim/gateway.ts";
import { simulate } from "../../src/sim/world.ts";
import { chaddr } from "../../src/wire/dhcp4/hardware.ts";
import { decodeDhcp4, dhcp4, encodeDhcp4 } from "../../src/wire/dhcp4/message.ts";
import { everyOption } from "../../src/wire/dhcp4/options.ts";
import { arpAnnouncement, arpProbe, decodeArpFrame, encodeArpFrame } from "../../src/wire/ip/arp.ts";
import { decodeUdpFrame, encodeUdpFrame } from "../../src/wire/ip/udp.ts";
import { readEvents } from "../../src/wire/netlink/events.ts";
import { netlinkDatagram } from "../../src/wire/netlink/message.ts";
import { decodePcap, encodePcap } from "../../src/wire/pcap/pcap.ts";
import type { Target } from "./fuzz.ts";
import { DECODERS } from "./decoders.ts";
import { FILES } from "./files.ts";
import { roleMessages } from "./messages.ts";
import { DIRECTORY_TEXTS } from "./directory-texts.ts";
import { NATIVE_FILES } from "./native-files.ts";
import { fixtures, refusedOr, stable } from "./outcomes.ts";
import { PULLED } from "./pulled.ts";
import { SERVICES } from "./services.ts";
import { UPLINK4 } from "./uplink4.ts";

const MAC = "02:00:00:00:00:01" as MacAddress;
const SERVER = "192.0.2.1" as Ipv4Address;
const ADDRESS = "192.0.2.10" as Ipv4Address;
const TIMES = { now: instant(1_000_000), wallClock: wallClock(Date.UTC(2026, 0, 1)) };

export const TARGETS: readonly Target[] = [
  {
    name: "dhcp4",
    what: "DHCPv4 messages",
    samples: dhcp4Samples,
    run: (bytes) => refusedOr(() => stable(decodeDhcp4(bytes), (message) => decodeDhcp4(encodeDhcp4(message)), withoutFields)),
  },
  { name: "dhcp4-client", what: "answers that reach the client's machine in each phase", samples: dhcp4Samples, run: steppedThrough },
  {
    name: "udp-frame",
    what: "UDP in IPv4 in Ethernet",
    samples: frameSamples,
    run: (bytes) =>
      refusedOr(() =>
        stable(decodeUdpFrame(bytes, { checksum: "verify" }), (frame) => decodeUdpFrame(encodeUdpFrame(frame), { checksum: "verify" })),
      ),
  },
  {
    name: "udp-frame-offloaded",
    what: "the same, where the kernel has looked at the sum",
    samples: frameSamples,
    run: (bytes) => refusedOr(() => void decodeUdpFrame(bytes, { checksum: "offloaded" })),
  },
  {
    name: "arp",
    what: "ARP frames",
    samples: () => [arpProbe(MAC, ADDRESS), arpAnnouncement(MAC, ADDRESS)].map(encodeArpFrame),
    run: (bytes) => refusedOr(() => stable(decodeArpFrame(bytes), (frame) => decodeArpFrame(encodeArpFrame(frame)))),
  },
  {
    name: "netlink",
    what: "datagrams of route netlink",
    samples: () => fixtures("netlink"),
    run: (bytes) =>
      refusedOr(() => stable(decodeAll(netlinkDatagram, bytes), (list) => decodeAll(netlinkDatagram, encodeAll(netlinkDatagram, list)))),
  },
  {
    name: "netlink-events",
    what: "what a monitor makes of them",
    samples: () => fixtures("netlink"),
    run: (bytes) => refusedOr(() => void readEvents(bytes)),
  },
  {
    name: "pcap",
    what: "capture files",
    samples: () => [encodePcap(frameSamples().map((frame, i) => ({ atMicroseconds: i, bytes: frame })))],
    run: (bytes) => refusedOr(() => void decodePcap(bytes)),
  },
  {
    name: "messages",
    what: "messages between roles",
    samples: () => roleMessages.samples(),
    run: (bytes) => refusedOr(() => roleMessages.check(bytes)),
  },
  { name: "lease-record", what: "lease files", samples: leaseSamples, run: leaseRead },
  { name: "recording", what: "recordings for replay", samples: recordingSamples, run: recordingRead },
  ...DECODERS,
  ...FILES,
  ...NATIVE_FILES,
  ...DIRECTORY_TEXTS,
  ...SERVICES,
  UPLINK4,
  PULLED,
];

/** Header text that was no text is dropped, and so is no longer malformed. */
function withoutFields(message: ReturnType<typeof decodeDhcp4>): unknown {
  return { ...message, malformed: message.malformed.filter(({ code }) => typeof code === "number") };
}

function dhcp4Samples(): readonly Uint8Array[] {
  const all = Object.fromEntries(everyOption().map(({ key, samples }) => [key, samples[0]?.value]));
  const options = {
    leaseSeconds: 3600,
    subnetMask: "255.255.255.0" as Ipv4Address,
    routers: [SERVER],
    domainNameServers: [SERVER],
    serverId: SERVER,
  };
  const reply = (messageType: "offer" | "ack" | "nak") =>
    encodeDhcp4(
      dhcp4({ op: "reply", xid: 1, yiaddr: ADDRESS, chaddr: chaddr(MAC), sname: "server", file: "boot", options: { ...options, messageType } }),
    );
  return [
    reply("offer"),
    reply("ack"),
    reply("nak"),
    encodeDhcp4(dhcp4({ op: "request", xid: 1, chaddr: chaddr(MAC), options: { ...all, messageType: "discover" } })),
    ...fixtures("packets"),
  ];
}

function frameSamples(): readonly Uint8Array[] {
  const common = { destinationMac: MAC, sourceMac: MAC, source: SERVER, destination: ADDRESS, sourcePort: 67, destinationPort: 68 };
  return [new Uint8Array(0), new Uint8Array(1), bytesOf("000102030405060708090a0b0c0d0e0f")].map((payload) => encodeUdpFrame({ ...common, payload }));
}

let phases: readonly ClientObserved[] | undefined;

/** One step into each phase, out of a world's life. */
function everyPhase(): readonly ClientObserved[] {
  if (phases !== undefined) return phases;
  const seen = new Map<string, ClientObserved>();
  const world = simulate({ seed: 5, clients: 2, minutes: 120, faults: ["carrier", "provider", "loss"], provider: { leaseSeconds: 120 } });
  world.watch = (observed) => seen.set(observed.after.phase.kind, observed);
  world.run();
  phases = [...seen.values()];
  assert.ok(phases.length >= 7, `only ${[...seen.keys()].join()}`);
  return phases;
}

function steppedThrough(bytes: Uint8Array): string {
  return refusedOr(() => {
    const message = decodeDhcp4(bytes);
    for (const { after: state, step } of everyPhase()) {
      const ours: ClientState = { ...state, mac: MAC };
      const xid = "exchange" in state.phase ? state.phase.exchange.xid : 0;
      const at = { now: step.now, entropy: new Entropy(seedOf(1)) };
      const { state: after, effects } = dhcp4Client.step(
        ours,
        { kind: "received", message: { ...message, xid }, source: SERVER, sourceMac: MAC },
        at,
      );
      const legal: readonly string[] = dhcp4Client.transitions[ours.phase.kind] ?? [];
      assert.ok(after.phase.kind === ours.phase.kind || legal.includes(after.phase.kind));
      for (const effect of effects) {
        if (effect.kind === "ignored") assert.equal(after, ours);
        if (effect.kind === "send") encodeDhcp4(effect.message);
        if (effect.kind === "persist") assert.deepEqual(recordAgain(effect.lease, at.now), recordAgain(recordAgain(effect.lease, at.now), at.now));
      }
    }
  });
}

/** What is persisted must be readable, or it was not worth writing. */
function recordAgain(lease: Lease | undefined, now: Lease["expiresAt"]): Lease | undefined {
  assert.ok(lease !== undefined, "our own lease record is unusable");
  const times = { now, wallClock: TIMES.wallClock };
  const read = decodeLeaseRecord(HOLDER, encodeLeaseRecord(HOLDER, lease, times), times);
  assert.ok(read !== undefined, "our own lease record is unusable");
  return { ...read, renewAt: instant(0), rebindAt: instant(0), expiresAt: instant(now + 1) };
}

const HOLDER = { name: "wan0", mac: MAC, clientId: clientIdOfMac(MAC) };

function leaseSamples(): readonly Uint8Array[] {
  const times = { renewAt: instant(1_500_000), rebindAt: instant(1_800_000), expiresAt: instant(2_000_000) };
  const routes = [{ destination: "0.0.0.0/0" as Ipv4Prefix, gateway: SERVER }];
  return [encodeLeaseRecord(HOLDER, lease({ routes, nameServers: [SERVER], searchDomains: ["example.net"], ...times }), TIMES)];
}

function leaseRead(bytes: Uint8Array): string {
  const lease = decodeLeaseRecord(HOLDER, bytes, TIMES);
  if (lease === undefined) return "unusable";
  stable(lease, (value) => {
    const again = decodeLeaseRecord(HOLDER, encodeLeaseRecord(HOLDER, value, TIMES), TIMES);
    assert.ok(again !== undefined);
    return again;
  });
  return "value";
}

let recordingText: Uint8Array | undefined;

function recordingSamples(): readonly Uint8Array[] {
  if (recordingText === undefined) {
    const world = simulate({ seed: 1, clients: 1, minutes: 1, faults: [] });
    world.run();
    const observed = world.gateways[0]?.uplink?.recorded().slice(0, 4) ?? [];
    const recording = recordingOf(dhcp4Client.name, observed);
    assert.ok(recording !== undefined);
    recordingText = new TextEncoder().encode(encodeRecording(recording));
  }
  return [recordingText];
}

function recordingRead(bytes: Uint8Array): string {
  try {
    decodeRecording(new TextDecoder().decode(bytes));
    return "value";
  } catch (error) {
    if (error instanceof RecordingError) return "refused";
    throw error;
  }
}
