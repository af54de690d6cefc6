/** Messages of `uplink4`: frames of its links, and what its lease means for the kernel. */
import { bytes16, type Codec, choice, f64, flag, list16, mapped, optional, struct, text16, u8, u32 } from "../../base/codec.ts";
import { WireError } from "../../base/errors.ts";
import { ipv4Address } from "../../base/ipv4.ts";
import { LIMITS } from "../../base/limits.ts";
import { macAddress } from "../../base/mac.ts";
import type { Uplink4Config } from "../../services/uplink4/config.ts";
import type { ClientId } from "../../wire/dhcp4/vendor.ts";
import { interfaceName, prefix4 } from "./codecs.ts";
import { message } from "./message.ts";

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
      denyServers: list16(ipv4Address, LIMITS.addressesPerOption),
    }),
    LIMITS.interfaces,
  ),
});
const CHECKSUMS = ["verify", "offloaded"] as const;

export const UPLINK4 = {
  uplink4Config: message({ type: 12, from: ["main"], to: ["engine-uplink4"], body: uplink4Config, when: ["starting", "running"] }),
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
    }),
  }),
  deconfigureUplink: message({ type: 33, from: ["engine-uplink4"], to: ["main"], body: struct({ link: u32, name: interfaceName }) }),

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
  socketReady: message({ type: 43, from: ["frontend"], to: ["engine-uplink4"], body: struct({ link: u32 }), when: ["starting", "running"] }),
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
} as const;
