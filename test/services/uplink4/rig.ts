/** `uplink4` with ports that write down what they are asked for. */
import assert from "node:assert/strict";
import type { Ipv4Address } from "../../../src/base/ipv4.ts";
import type { MacAddress } from "../../../src/base/mac.ts";
import type { UplinkAddress, UplinkFacts } from "../../../src/ports/kernel.ts";
import { standardUplink, type Uplink4Interface } from "../../../src/services/uplink4/config.ts";
import { Uplink4 } from "../../../src/services/uplink4/service.ts";
import { Chance } from "../../../src/sim/chance.ts";
import { SimClock, Timeline } from "../../../src/sim/clock.ts";
import { SimDisk } from "../../../src/sim/disk.ts";
import { chaddr } from "../../../src/wire/dhcp4/hardware.ts";
import { type Dhcp4Message, decodeDhcp4, dhcp4, encodeDhcp4 } from "../../../src/wire/dhcp4/message.ts";
import { arpProbe, encodeArpFrame } from "../../../src/wire/ip/arp.ts";
import { encodeUdpFrame } from "../../../src/wire/ip/udp.ts";

export const MAC = "02:00:00:00:00:01" as MacAddress;
export const SERVER = "192.0.2.1" as Ipv4Address;
export const SERVER_MAC = "02:00:00:00:00:fe" as MacAddress;
export const ADDRESS = "192.0.2.10" as Ipv4Address;
export const face = (name: string, more: Partial<Uplink4Interface> = {}): Uplink4Interface => ({
  ...standardUplink(name),
  conflictDetection: "off",
  ...more,
});

/** The service with ports that write down what they are asked for. */
export function rig(seed = 1) {
  const timeline = new Timeline();
  const asked: string[] = [];
  const sent: Dhcp4Message[] = [];
  const published: string[] = [];
  const told: string[] = [];
  /** What the kernel holds of ours, and what is published, by link. */
  const kernel = new Map<number, UplinkAddress>();
  const facts = new Map<number, UplinkFacts>();
  const open = new Set<string>();
  const watches = new Map<number, Ipv4Address>();
  const disk = new SimDisk(timeline, new Chance(1));
  const ask = (what: string): number => asked.push(what);
  const service = new Uplink4({
    clock: new SimClock(timeline, seed),
    datagrams: {
      broadcast: (_link, _from, _tos, payload) => void sent.push(decodeDhcp4(payload)),
      unicast: (_link, _how, payload) => void sent.push(decodeDhcp4(payload)),
    },
    kernel: {
      configure: (link, name, wanted) => {
        ask(`configure ${link} ${name} ${wanted.address}`);
        kernel.set(link, wanted);
      },
      deconfigure: (link, name) => {
        ask(`deconfigure ${link} ${name}`);
        kernel.delete(link);
      },
    },
    arp: {
      open: (link, _name, address) => {
        ask(`watch ${link} ${address}`);
        watches.set(link, address);
      },
      close: (link) => {
        ask(`unwatch ${link}`);
        watches.delete(link);
      },
      send: (link, _from, kind, address) => void ask(`${kind} ${link} ${address}`),
    },
    host: {
      publish: (link, name, told) => {
        published.push(`publish ${link} ${name} ${told.nameServers.join()}`);
        facts.set(link, told);
      },
      withdraw: (link, name) => {
        published.push(`withdraw ${link} ${name}`);
        facts.delete(link);
      },
    },
    events: { tell: (name, event) => void told.push(`${name} ${event}`) },
    records: disk,
    sockets: {
      open: (link, name) => {
        ask(`open ${link} ${name}`);
        open.add(`${link} ${name}`);
      },
      close: (link, name) => {
        ask(`close ${link} ${name}`);
        open.delete(`${link} ${name}`);
      },
    },
    log: { write: () => undefined },
  });
  const self = {
    service,
    timeline,
    disk,
    kernel,
    facts,
    /** Sockets that are open. */
    open,
    watches,
    sent,
    published,
    told,
    /** What was asked for since last looked at. */
    asked: (): readonly string[] => asked.splice(0),
    phase: (name = "wan0") => service.uplink(name)?.state.phase.kind,
    link: (index = 1, name = "wan0", mac = MAC): void => {
      service.linkNews({ index, name, mac, running: true });
      service.socketReady(index);
    },
    answer: (
      messageType: "offer" | "ack" | "nak",
      change: Partial<Parameters<typeof encodeUdpFrame>[0]> & { readonly message?: Partial<Dhcp4Message>; readonly mac?: MacAddress } = {},
    ): Uint8Array =>
      encodeUdpFrame({
        destinationMac: change.mac ?? MAC,
        sourceMac: SERVER_MAC,
        source: SERVER,
        destination: ADDRESS,
        sourcePort: 67,
        destinationPort: 68,
        payload: encodeDhcp4(
          dhcp4({
            op: "reply",
            xid: sent.at(-1)?.xid ?? 0,
            yiaddr: ADDRESS,
            chaddr: chaddr(change.mac ?? MAC),
            ...change.message,
            options: { serverId: SERVER, leaseSeconds: 3600, ...change.message?.options, messageType },
          }),
        ),
        ...change,
      }),
    bind: (link = 1, name = "wan0"): void => {
      service.frame(link, self.answer("offer"), "verify");
      service.frame(link, self.answer("ack"), "verify");
      assert.equal(self.phase(name), "bound");
    },
    /** A host of this hardware address asks for an address that it would like to have. */
    probed: (from: MacAddress, address: Ipv4Address = ADDRESS): void => service.arpFrame(1, encodeArpFrame(arpProbe(from, address))),
  };
  return self;
}
export function boundRig(more: Partial<Uplink4Interface> = {}) {
  const self = rig();
  self.service.configure({ interfaces: [face("wan0", more)] });
  self.link();
  self.bind();
  assert.deepEqual(self.asked(), ["open 1 wan0", "configure 1 wan0 192.0.2.10"]);
  return self;
}
