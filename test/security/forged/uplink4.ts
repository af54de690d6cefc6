/** What a taken-over engine of uplink4 asks for: wan0 is configured, lan0 is not. */
import type { Ipv4Address, Ipv4Prefix } from "../../../src/base/ipv4.ts";
import { type Forgery, forgery, LINKS, NO_LINKS, outOfPlace } from "./forgery.ts";

const ip = (text: string): Ipv4Address => text as Ipv4Address;
const net = (text: string): Ipv4Prefix => text as Ipv4Prefix;
const record = (text: string): Uint8Array => new TextEncoder().encode(text);
const WAN = { link: LINKS.wan0, name: "wan0" } as const;
const LAN = { link: LINKS.lan0, name: "lan0" } as const;
const uplink = {
  ...WAN,
  address: ip("192.0.2.10"),
  prefixLength: 24,
  validSeconds: 60,
  routes: [{ destination: net("0.0.0.0/0"), gateway: ip("192.0.2.1") }],
  mtuBytes: 0,
};

const facts = { ...WAN, nameServers: [ip("192.0.2.53")], searchDomains: ["home.example"], hostName: "gw", record: record('{"a":1}\n') };

export const UPLINK4_FORGERIES: readonly Forgery[] = [
  ...[LINKS.lan0, 1, ...NO_LINKS].map((link) => forgery("openPacketSocket", { ...WAN, link }, "openPacketSocket.link")),
  ...["lan0", "lo", "none0"].map((name) => forgery("openPacketSocket", { ...LAN, name }, "openPacketSocket.name")),
  forgery("openPacketSocket", WAN, "openPacketSocket.generation", { shift: 1 }),
  forgery("closePacketSocket", LAN, "closePacketSocket.name"),
  forgery("configureUplink", { ...uplink, ...LAN }, "configureUplink.name"),
  ...[LINKS.lan0, ...NO_LINKS].map((link) => forgery("configureUplink", { ...uplink, link }, "configureUplink.link")),
  forgery("configureUplink", { ...uplink, address: ip("127.0.0.1") }, "configureUplink.address"),
  forgery("configureUplink", { ...uplink, prefixLength: 0 }, "configureUplink.prefixLength"),
  forgery("configureUplink", { ...uplink, validSeconds: 0 }, "configureUplink.validSeconds"),
  forgery("configureUplink", { ...uplink, routes: [{ destination: net("0.0.0.0/0"), gateway: ip("224.0.0.1") }] }, "configureUplink.routes"),
  forgery("configureUplink", uplink, "configureUplink.generation", { shift: -1 }),
  forgery("deconfigureUplink", LAN, "deconfigureUplink.name"),
  ...[LINKS.lan0, ...NO_LINKS].map((link) => forgery("openArpSocket", { ...WAN, link, address: uplink.address }, "openArpSocket.link")),
  forgery("openArpSocket", { ...LAN, address: uplink.address }, "openArpSocket.name"),
  forgery("openArpSocket", { ...WAN, address: ip("255.255.255.255") }, "openArpSocket.address"),
  forgery("openArpSocket", { ...WAN, address: uplink.address }, "openArpSocket.generation", { shift: 1 }),
  forgery("publishUplink", { ...facts, ...LAN }, "publishUplink.name"),
  ...[LINKS.lan0, ...NO_LINKS].map((link) => forgery("publishUplink", { ...facts, link }, "publishUplink.link")),
  forgery("publishUplink", { ...facts, nameServers: [ip("127.0.0.1")] }, "publishUplink.nameServers"),
  ...["a\nnameserver 192.0.2.66", "--revert", "$(id)"].map((name) =>
    forgery("publishUplink", { ...facts, searchDomains: [name] }, "publishUplink.searchDomains"),
  ),
  forgery("publishUplink", { ...facts, hostName: "gw\u001b[2J" }, "publishUplink.hostName"),
  forgery("publishUplink", { ...facts, record: record("nameserver 192.0.2.66\n") }, "publishUplink.record"),
  forgery("publishUplink", facts, "publishUplink.generation", { shift: -1 }),
  ...[WAN, LAN].map((target) => forgery("withdrawUplink", target, "withdrawUplink.name")),
  forgery("uplinkEvent", { name: "lan0", event: "bound", record: record('{"a":1}\n') }, "uplinkEvent.name"),
  forgery("uplinkEvent", { name: "wan0", event: "bound", record: record("#!/bin/sh\nid\n") }, "uplinkEvent.record"),
  forgery("saveLease", { name: "lan0", record: record('{"a":1}\n') }, "saveLease.name"),
  forgery("saveLease", { name: "wan0", record: record("#!/bin/sh\nid\n") }, "saveLease.record"),
  forgery("forgetLease", { name: "lan0" }, "forgetLease.name"),
  // of other engines
  forgery("openDatagramSocket", { ...WAN, purpose: "dhcp6-client" }, "unsupported"),
  forgery("openServerSocket", WAN, "unsupported"),
  forgery("configurePlan", { addresses: [], aggregates: [] }, "unsupported"),
  forgery("openSnapshot", true, "unsupported"),
  ...outOfPlace("engine-uplink4"),
];
