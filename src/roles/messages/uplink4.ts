/** Messages of `uplink4`: frames of its links, and what its lease means for the kernel. */
import { bytes16, type Codec, choice, f64, flag, list16, mapped, optional, struct, text16, u8, u16, u32 } from "../../base/codec.ts";
import { WireError } from "../../base/errors.ts";
import { ipv4Address } from "../../base/ipv4.ts";
import { LIMITS } from "../../base/limits.ts";
import { macAddress } from "../../base/mac.ts";
import type { Uplink4Config } from "../../services/uplink4/config.ts";
import type { ClientId } from "../../wire/dhcp4/vendor.ts";
import { DOMAIN_BYTES, duid16, hexText, interfaceName, prefix4 } from "./codecs.ts";
import { message } from "./message.ts";

const clientIdHex: Codec<ClientId> = mapped(
  text16(510),
  (text, offset) => {
    if (!/^([0-9a-f]{2}){2,255}$/.test(text)) throw new WireError("bad-value", offset);
    return text as ClientId;
  },
  (id): string => id,
);

const hex = hexText(LIMITS.sentOptionBytes);
const addresses = list16(ipv4Address, LIMITS.addressesPerOption);
const codes = list16(u8, 255);

/** Names and patterns alike. */
const entryName: Codec<string> = interfaceName;

/** What the file says; main adds the DUID. */
export const uplink4Interfaces: Codec<Uplink4Config["interfaces"]> = list16(
  struct({
    name: entryName,
    identity: choice(["mac", "duid"]),
    systemHostName: flag,
    hostName: text16(255),
    fqdn: optional(struct({ name: text16(255), update: choice(["server", "client", "none"]) })),
    clientId: optional(clientIdHex),
    sendOptions: list16(struct({ code: u8, hex }), LIMITS.dhcp4Options),
    requestOptions: codes,
    omitOptions: codes,
    retransmitSeconds: f64,
    startDelaySeconds: optional(f64),
    selectSeconds: f64,
    conflictDetection: choice(["fast", "rfc", "off"]),
    rapidCommit: flag,
    preferIpv6: choice(["no", "yes", "when-connected"]),
    fallbackLinkLocal: flag,
    broadcast: flag,
    dscp: optional(u8),
    anonymous: flag,
    releaseOnStop: flag,
    inform: optional(struct({ address: ipv4Address, prefixLength: u8 })),
    allowServers: addresses,
    denyServers: addresses,
    metric: optional(u32),
    table: optional(u32),
    mtuMinBytes: optional(u16),
    useHostName: flag,
    socketPriority: optional(u8),
    ignoreDns: flag,
    ignoreRoutes: choice(["none", "classless", "all"]),
  }),
  LIMITS.interfaces,
);
const CHECKSUMS = ["verify", "offloaded"] as const;

export const UPLINK4 = {
  uplink4Config: message({
    type: 12,
    from: ["main"],
    to: ["engine-uplink4"],
    body: struct({ duid: duid16, interfaces: uplink4Interfaces }),
    when: ["starting", "running"],
  }),
  /** A packet socket bound to the link, and a UDP socket on port 68 that takes nothing in. */
  packetSocket: message({ type: 15, from: ["main"], to: ["frontend"], body: struct({ link: u32 }), descriptors: 2 }),
  unicastSocket: message({ type: 16, from: ["main"], to: ["frontend"], body: struct({ link: u32, address: ipv4Address }), descriptors: 1 }),
  closeSockets: message({ type: 17, from: ["main"], to: ["frontend"], body: struct({ link: u32, unicastOnly: flag }) }),

  // the engine asks main
  openPacketSocket: message({ type: 30, from: ["engine-uplink4"], to: ["main"], body: struct({ link: u32, name: interfaceName }) }),
  closePacketSocket: message({ type: 31, from: ["engine-uplink4"], to: ["main"], body: struct({ link: u32, name: interfaceName }) }),
  configureUplink: message({
    type: 32,
    from: ["engine-uplink4"],
    to: ["main"],
    body: struct({
      link: u32,
      name: interfaceName,
      address: ipv4Address,
      prefixLength: u8,
      validSeconds: u32,
      routes: list16(struct({ destination: prefix4, gateway: ipv4Address }), LIMITS.routesPerLease),
      mtuBytes: u16,
    }),
  }),
  deconfigureUplink: message({ type: 33, from: ["engine-uplink4"], to: ["main"], body: struct({ link: u32, name: interfaceName }) }),
  /** Resolvers and the like, and the file of them for other services. */
  publishUplink: message({
    type: 36,
    from: ["engine-uplink4"],
    to: ["main"],
    body: struct({
      link: u32,
      name: interfaceName,
      nameServers: addresses,
      searchDomains: list16(text16(DOMAIN_BYTES), LIMITS.searchDomains),
      hostName: text16(DOMAIN_BYTES),
      record: bytes16(LIMITS.leaseFileBytes),
    }),
  }),
  /** A packet socket that hears what others say of one address (RFC 5227). */
  openArpSocket: message({
    type: 39,
    from: ["engine-uplink4"],
    to: ["main"],
    body: struct({ link: u32, name: interfaceName, address: ipv4Address }),
  }),
  arpSocket: message({ type: 24, from: ["main"], to: ["frontend"], body: struct({ link: u32, address: ipv4Address }), descriptors: 1 }),
  /** The system's own name, whenever it is another one. */
  hostName: message({ type: 26, from: ["main"], to: ["engine-uplink4"], body: struct({ name: text16(DOMAIN_BYTES) }) }),

  // frontend and engine
  closeArp: message({ type: 47, from: ["engine-uplink4"], to: ["frontend"], body: struct({ link: u32 }), when: ["starting", "running"] }),
  sendArp: message({
    type: 48,
    from: ["engine-uplink4"],
    to: ["frontend"],
    body: struct({ link: u32, mac: macAddress, kind: choice(["probe", "announcement"]), address: ipv4Address }),
    when: ["starting", "running"],
  }),
  arpReady: message({
    type: 49,
    from: ["frontend"],
    to: ["engine-uplink4"],
    body: struct({ link: u32, address: ipv4Address }),
    when: ["starting", "running"],
  }),
  arpFrames: message({
    type: 67,
    from: ["frontend"],
    to: ["engine-uplink4"],
    body: struct({ link: u32, frames: list16(bytes16(LIMITS.datagramBytes), LIMITS.channelBatch) }),
    when: ["starting", "running"],
  }),
  frames: message({
    type: 40,
    from: ["frontend"],
    to: ["engine-uplink4"],
    body: struct({
      link: u32,
      dropped: u32,
      frames: list16(struct({ checksum: choice(CHECKSUMS), bytes: bytes16(LIMITS.datagramBytes) }), LIMITS.channelBatch),
    }),
    when: ["starting", "running"],
  }),
  socketReady: message({ type: 43, from: ["frontend"], to: ["engine-uplink4"], body: struct({ link: u32 }), when: ["starting", "running"] }),
  broadcast: message({
    type: 45,
    from: ["engine-uplink4"],
    to: ["frontend"],
    body: struct({ link: u32, from: macAddress, tos: u8, payload: bytes16(LIMITS.datagramBytes) }),
    when: ["starting", "running"],
  }),
  unicast: message({
    type: 46,
    from: ["engine-uplink4"],
    to: ["frontend"],
    body: struct({
      link: u32,
      mac: macAddress,
      from: ipv4Address,
      to: ipv4Address,
      tos: u8,
      direct: optional(macAddress),
      payload: bytes16(LIMITS.datagramBytes),
    }),
    when: ["starting", "running"],
  }),
} as const;
