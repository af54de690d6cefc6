/** Every message one role may send another: one entry each. Adding a message is adding an entry here and a case where it is handled. */
import { bytes16, type Codec, choice, empty, f64, flag, list16, mapped, optional, struct, text16, u8, u16, u32 } from "../../base/codec.ts";
import { WireError } from "../../base/errors.ts";
import { type Ipv4Prefix, ipv4Address, ipv4Prefix, splitIpv4Prefix } from "../../base/ipv4.ts";
import { LIMITS } from "../../base/limits.ts";
import { macAddress } from "../../base/mac.ts";
import { LOG_LEVELS } from "../../ports/log.ts";
import type { Uplink4Config } from "../../services/uplink4/config.ts";
import type { ClientId } from "../../wire/dhcp4/vendor.ts";
import { message, ROLES } from "./message.ts";

/** Bytes of an interface's name without the NUL (IFNAMSIZ). */
const NAME_BYTES = 15;
const NAME = /^[^\s/:\p{Cc}]{1,15}$/u;

/** A name the kernel would accept for an interface. */
export const interfaceName: Codec<string> = mapped(
  text16(NAME_BYTES),
  (name, offset) => {
    if (!NAME.test(name) || name === "." || name === "..") throw new WireError("bad-value", offset);
    return name;
  },
  (name) => name,
);

const prefix4: Codec<Ipv4Prefix> = {
  decode: (reader) => {
    const offset = reader.offset;
    const address = ipv4Address.decode(reader);
    const length = reader.u8();
    if (length > 32) throw new WireError("bad-value", offset);
    return ipv4Prefix(address, length);
  },
  encode: (writer, value) => {
    const { address, prefixLength } = splitIpv4Prefix(value);
    ipv4Address.encode(writer, address);
    writer.u8(prefixLength);
  },
};

const addresses4 = list16(ipv4Address, LIMITS.addressesPerOption);
const big = (maxBytes: number): Codec<Uint8Array> => ({
  decode: (reader) => {
    const offset = reader.offset;
    const length = reader.u32();
    if (length > maxBytes) throw new WireError("bad-length", offset);
    return reader.bytes(length);
  },
  encode: (writer, value) => {
    writer.u32(value.length);
    writer.bytes(value);
  },
});

const clientIdHex: Codec<ClientId> = mapped(
  text16(510),
  (text, offset) => {
    if (!/^([0-9a-f]{2}){2,255}$/.test(text)) throw new WireError("bad-value", offset);
    return text as ClientId;
  },
  (id): string => id,
);

const uplink4Config: Codec<Uplink4Config> = struct({
  interfaces: list16(
    struct({
      name: interfaceName,
      hostName: text16(255),
      clientId: optional(clientIdHex),
      retransmitSeconds: f64,
      denyServers: addresses4,
    }),
    LIMITS.interfaces,
  ),
});

/** What an engine can be asked to tell. */
const VIEWS = ["show", "trace"] as const;
const CHECKSUMS = ["verify", "offloaded"] as const;

export const CATALOGUE = {
  // every role says it once, when its fence stands
  ready: message({
    type: 1,
    from: ["frontend", "engine-uplink4", "control"],
    to: ["main"],
    body: struct({ role: choice(ROLES), lacking: list16(text16(64), 16) }),
    when: ["starting"],
    then: "running",
  }),
  logRecord: message({
    type: 2,
    from: ["frontend", "engine-uplink4", "control"],
    to: ["main"],
    body: struct({ level: choice(LOG_LEVELS), event: text16(64), fields: list16(struct({ name: text16(64), value: text16(1024) }), 32) }),
  }),

  // main to roles
  peer: message({
    type: 10,
    from: ["main"],
    to: ["frontend", "engine-uplink4", "control"],
    body: struct({ role: choice(ROLES) }),
    descriptors: 1,
    when: ["starting", "running"],
  }),
  start: message({ type: 11, from: ["main"], to: ["frontend", "engine-uplink4", "control"], body: empty, when: ["starting"], then: "running" }),
  uplink4Config: message({ type: 12, from: ["main"], to: ["engine-uplink4"], body: uplink4Config, when: ["starting", "running"] }),
  storedLease: message({
    type: 13,
    from: ["main"],
    to: ["engine-uplink4"],
    body: struct({ name: interfaceName, record: bytes16(LIMITS.leaseFileBytes) }),
  }),
  netlinkSocket: message({ type: 14, from: ["main"], to: ["frontend"], body: empty, descriptors: 1 }),
  /** A packet socket bound to the link, and a UDP socket on port 68 that takes nothing in. */
  packetSocket: message({ type: 15, from: ["main"], to: ["frontend"], body: struct({ link: u32 }), descriptors: 2 }),
  unicastSocket: message({ type: 16, from: ["main"], to: ["frontend"], body: struct({ link: u32, address: ipv4Address }), descriptors: 1 }),
  closeSockets: message({ type: 17, from: ["main"], to: ["frontend"], body: struct({ link: u32, unicastOnly: flag }) }),
  kernelFailed: message({ type: 18, from: ["main"], to: ["engine-uplink4"], body: struct({ name: interfaceName, what: text16(64), errno: u16 }) }),
  logLevel: message({ type: 19, from: ["main"], to: ["frontend", "engine-uplink4", "control"], body: struct({ level: choice(LOG_LEVELS) }) }),
  connection: message({ type: 20, from: ["main"], to: ["control"], body: struct({ number: u32, uid: u32 }), descriptors: 1 }),
  mainView: message({ type: 21, from: ["main"], to: ["control"], body: struct({ request: u32, json: big(LIMITS.channelFrameBytes / 2) }) }),
  outcome: message({ type: 22, from: ["main"], to: ["control"], body: struct({ connection: u32, ok: flag, text: text16(16_384) }) }),

  // an engine asks main
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
    }),
  }),
  deconfigureUplink: message({ type: 33, from: ["engine-uplink4"], to: ["main"], body: struct({ link: u32, name: interfaceName }) }),
  saveLease: message({
    type: 34,
    from: ["engine-uplink4"],
    to: ["main"],
    body: struct({ name: interfaceName, record: bytes16(LIMITS.leaseFileBytes) }),
  }),
  forgetLease: message({ type: 35, from: ["engine-uplink4"], to: ["main"], body: struct({ name: interfaceName }) }),

  // frontend and engine
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
  netlink: message({
    type: 41,
    from: ["frontend"],
    to: ["engine-uplink4"],
    body: struct({ datagram: big(LIMITS.channelFrameBytes - 64) }),
    when: ["starting", "running"],
  }),
  /** Events were lost; the links must be listed again. */
  netlinkOverrun: message({ type: 42, from: ["frontend"], to: ["engine-uplink4"], body: empty, when: ["starting", "running"] }),
  socketReady: message({ type: 43, from: ["frontend"], to: ["engine-uplink4"], body: struct({ link: u32 }), when: ["starting", "running"] }),
  listLinks: message({ type: 44, from: ["engine-uplink4"], to: ["frontend"], body: empty, when: ["starting", "running"] }),
  broadcast: message({
    type: 45,
    from: ["engine-uplink4"],
    to: ["frontend"],
    body: struct({ link: u32, from: macAddress, payload: bytes16(LIMITS.datagramBytes) }),
    when: ["starting", "running"],
  }),
  unicast: message({
    type: 46,
    from: ["engine-uplink4"],
    to: ["frontend"],
    body: struct({ link: u32, mac: macAddress, from: ipv4Address, to: ipv4Address, payload: bytes16(LIMITS.datagramBytes) }),
    when: ["starting", "running"],
  }),

  // control asks
  /** `name` and `after` are for lists: whose, and from which row on. */
  viewRequest: message({
    type: 50,
    from: ["control"],
    to: ["engine-uplink4"],
    body: struct({ request: u32, view: choice(VIEWS), name: text16(NAME_BYTES), after: u32 }),
    when: ["starting", "running"],
  }),
  view: message({
    type: 51,
    from: ["engine-uplink4"],
    to: ["control"],
    body: struct({ request: u32, json: big(LIMITS.channelFrameBytes / 2) }),
    when: ["starting", "running"],
  }),
  mainViewRequest: message({ type: 52, from: ["control"], to: ["main"], body: struct({ request: u32 }) }),
  /** A write, asked for under the number of the connection it came in on; main decides by the uid it noted itself. */
  command: message({
    type: 53,
    from: ["control"],
    to: ["main"],
    body: struct({ connection: u32, verb: choice(["reload", "log"]), argument: text16(64) }),
  }),
  connectionClosed: message({ type: 54, from: ["control"], to: ["main"], body: struct({ connection: u32 }) }),
} as const;
export type CatalogueName = keyof typeof CATALOGUE;
