/** A body of every message between roles, with something in every field. */
import type { CatalogueName } from "../../src/roles/messages/catalogue.ts";

const route = { destination: "198.51.100.0/24", gateway: "192.0.2.1" };
const bytes = Uint8Array.of(123, 125, 10);
const duid = "00040123456789abcdef0123456789abcdef";
const router = {
  managed: true,
  otherConfig: true,
  autonomous: true,
  lifetimeSeconds: undefined,
  minIntervalSeconds: 200,
  maxIntervalSeconds: 600,
  maxPreferredSeconds: 2700,
  maxValidSeconds: 5400,
  dnsServers: ["2001:db8::53"],
  searchDomains: ["home.example"],
};
const pools = {
  addresses: "2001:db8:0:1::/64",
  prefixes: { pool: "2001:db8:100::/48", delegatedLength: 56 },
  preferredSeconds: 2700,
  validSeconds: 5400,
  rapidCommit: false,
  dnsServers: ["2001:db8::53"],
  searchDomains: ["home.example"],
};
const idFences = { minUid: 1000, maxUid: 60000, minGid: 1000, maxGid: 60000, localUsers: ["root"], localGroups: ["wheel"] };
const fixed = { kind: "fixed", value: "*" };
const userFields = { name: fixed, password: fixed, uid: fixed, gid: fixed, gecos: fixed, home: fixed, shell: fixed };
const groupFields = { name: fixed, password: fixed, gid: fixed, members: { kind: "list", value: "memberUid" } };

export const MESSAGE_SAMPLES: { readonly [K in CatalogueName]: unknown } = {
  ready: { role: "frontend", lacking: ["Landlock"] },
  logRecord: { level: "info", event: "transition", fields: [{ name: "interface", value: "wan0" }] },
  peer: { role: "control" },
  start: true,
  uplink4Config: {
    interfaces: [
      { name: "wan0", hostName: "gw", clientId: "01020000000001", retransmitSeconds: 4, denyServers: ["192.0.2.66"] },
      { name: "wan1", hostName: "", clientId: undefined, retransmitSeconds: 0.5, denyServers: [] },
    ],
  },
  storedLease: { name: "wan0", record: bytes },
  netlinkSocket: true,
  packetSocket: { link: 3 },
  unicastSocket: { link: 3, address: "192.0.2.10" },
  closeSockets: { link: 3, unicastOnly: true },
  kernelFailed: { name: "wan0", what: "configureUplink", errno: 19 },
  logLevel: { level: "debug" },
  connection: { number: 5, uid: 1000 },
  mainView: { request: 5, json: bytes },
  outcome: { connection: 5, ok: true, text: "done" },
  openPacketSocket: { link: 3, name: "wan0" },
  closePacketSocket: { link: 3, name: "wan0" },
  configureUplink: { link: 3, name: "wan0", address: "192.0.2.10", prefixLength: 24, validSeconds: 3600, routes: [route] },
  deconfigureUplink: { link: 3, name: "wan0" },
  saveLease: { name: "wan0", record: bytes },
  forgetLease: { name: "wan0" },
  frames: {
    link: 3,
    dropped: 2,
    frames: [
      { checksum: "verify", bytes },
      { checksum: "offloaded", bytes: new Uint8Array(0) },
    ],
  },
  netlink: { datagram: bytes },
  netlinkOverrun: true,
  socketReady: { link: 3 },
  broadcast: { link: 3, from: "02:00:00:00:00:01", payload: bytes },
  unicast: { link: 3, mac: "02:00:00:00:00:01", from: "192.0.2.10", to: "192.0.2.1", payload: bytes },
  listKernel: { what: "addresses6" },
  openDatagramSocket: { purpose: "icmp6", link: 3, name: "lan0" },
  closeDatagramSocket: { purpose: "dhcp6-client", link: 3, name: "wan0" },
  datagramSocket: { purpose: "yp", link: 0 },
  closeDatagrams: { purpose: "portmapper", link: 0 },
  datagramSocketReady: { purpose: "icmp6", link: 3 },
  datagrams: {
    purpose: "dhcp6-client",
    link: 3,
    dropped: 1,
    datagrams: [{ from: "fe80::1", port: 547, to: "fe80::2", hopLimit: 64, payload: bytes }],
  },
  sendDatagram: { purpose: "dhcp6-client", link: 3, from: "::", to: "ff02::1:2", port: 547, payload: bytes },
  uplink6Config: {
    duid,
    interfaces: [
      {
        name: "wan0",
        rapidCommit: true,
        delegations: [
          {
            iaid: 7,
            targets: [
              { interface: "lan0", prefixLength: 64, hostPart: "::1" },
              { interface: undefined, prefixLength: 60, hostPart: "::" },
            ],
          },
        ],
      },
    ],
  },
  configurePlan: {
    addresses: [{ link: 4, name: "lan0", address: "2001:db8::1", prefixLength: 64, preferredSeconds: 1800, validSeconds: 3600 }],
    unreachable: ["2001:db8::/56"],
  },
  lanConfig: {
    duid,
    interfaces: [
      { name: "lan0", number: 77, router, dhcp6: { mode: "server", pools } },
      { name: "lan1", number: 78, router: undefined, dhcp6: { mode: "relay", relay: { uplinks: ["wan0"], servers: ["2001:db8::547"] } } },
      { name: "lan2", number: 79, router: undefined, dhcp6: { mode: "off" } },
    ],
    relayedLinks: [{ number: 80, name: "upstairs", prefix: "2001:db8:5::/64", pools: { ...pools, addresses: undefined, prefixes: undefined } }],
  },
  serverKey: { key: bytes },
  serverSocket: { link: 4, name: "lan0" },
  openServerSocket: { link: 4, name: "lan0" },
  journalFile: { kind: "segment", number: 2 ** 40, bytes: 16_777_216 },
  farewell: true,
  journalListed: true,
  openJournalFile: { kind: "snapshot", number: 3 },
  freshJournalFile: { kind: "segment", number: 4, bytes: 16_777_216 },
  snapshotWritten: { number: 3, firstSegment: 4 },
  delegatedRoutes: { routes: [{ add: true, link: 4, name: "lan0", prefix: "2001:db8:100::/56", via: "fe80::5" }] },
  fetcherConfig: {
    resolvers: ["192.0.2.53"],
    idFences,
    sources: [
      {
        name: "main",
        server: { host: "ldap.example.org", address: undefined, port: 636 },
        transport: "ldaps",
        trustedPem: "",
        bindDn: "cn=reader",
        bindPassword: "secret",
        pageSize: 500,
        users: { base: "dc=example", scope: "subtree", filter: "(uid=*)", fields: userFields },
        groups: { base: "dc=example", scope: "one", filter: "(cn=*)", fields: groupFields },
      },
    ],
  },
  directoryConfig: {
    port: 601,
    config: {
      domain: "example",
      master: "gw",
      intervalSeconds: 600,
      idFences,
      sources: [{ name: "main", onFailure: "keep", shrinkPercent: 30 }],
      yp: { listen: ["127.0.0.1"], port: 0, register: "builtin", allow: [] },
      userdb: { service: "org.leasehold.Directory", enumerate: true },
    },
  },
  storedSnapshot: { bytes: 4096 },
  openSnapshot: true,
  freshSnapshot: true,
  snapshotSaved: { bytes: 4096 },
  stream: { number: 9, purpose: "yp", peer: "::ffff:127.0.0.1", port: 700, uid: 1000 },
  streamClosed: { number: 9 },
  connectRpcbind: true,
  pull: { update: 3, withinSeconds: 600 },
  entries: {
    update: 3,
    source: 0,
    users: [{ name: "alice", password: "*", uid: 1001, gid: 100, gecos: "Älice", home: "/home/alice", shell: "/bin/sh" }],
    groups: [{ name: "staff", password: "*", gid: 1000, members: ["alice"], more: false }],
  },
  pulled: { update: 3, source: 0, ok: false, reason: "size-limit", users: 500, groups: 0, rejects: [{ reason: "no-name", count: 2 }] },
  viewRequest: { request: 5, view: "trace", name: "wan0", after: 7 },
  view: { request: 5, json: bytes },
  mainViewRequest: { request: 5 },
  command: { connection: 5, verb: "reload", argument: "" },
  connectionClosed: { connection: 5 },
};
