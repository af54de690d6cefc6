/** Messages of `lan`: its configuration, the server's own sockets, the journal's files, routes to delegated prefixes. */
import { bytes16, type Codec, choice, empty, flag, list16, optional, struct, u16, u32 } from "../../base/codec.ts";
import { domainName } from "../../base/domain.ts";
import { ipv6Address } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import type { LanConfig, LanInterface, RouterConfig } from "../../services/lan/config.ts";
import { bytes32, duid16, interfaceName, prefix6, sequence } from "./codecs.ts";
import { LEASES } from "./leases.ts";
import { clientClass, pools, relayedLink, reservedHost } from "./lan-server.ts";
import { message } from "./message.ts";
import { RECONFIGURE } from "./reconfigure.ts";

const addresses6 = list16(ipv6Address, LIMITS.addressesPerOption);
const searchDomains = list16(domainName, LIMITS.searchDomains);

const router: Codec<RouterConfig> = struct({
  managed: flag,
  otherConfig: flag,
  autonomous: flag,
  lifetimeSeconds: optional(u32),
  minIntervalSeconds: u32,
  maxIntervalSeconds: u32,
  maxPreferredSeconds: u32,
  maxValidSeconds: u32,
  dnsServers: addresses6,
  searchDomains,
});

const relay = struct({ uplinks: list16(interfaceName, LIMITS.interfaces), servers: addresses6 });
const MODES = ["off", "server", "relay"] as const;
const mode = choice(MODES);
const dhcp6: Codec<LanInterface["dhcp6"]> = {
  decode: (reader) => {
    const is = mode.decode(reader);
    if (is === "server") return { mode: is, pools: pools.decode(reader) };
    return is === "relay" ? { mode: is, relay: relay.decode(reader) } : { mode: is };
  },
  encode: (writer, value) => {
    mode.encode(writer, value.mode);
    if (value.mode === "server") pools.encode(writer, value.pools);
    if (value.mode === "relay") relay.encode(writer, value.relay);
  },
};

const LAN_PARTS = {
  interfaces: list16(struct({ name: interfaceName, number: u16, router: optional(router), dhcp6 }), LIMITS.interfaces),
  relayedLinks: list16(relayedLink, LIMITS.relayedLinks),
  classes: list16(clientClass, LIMITS.clientClasses),
  hosts: list16(reservedHost, LIMITS.reservedHosts),
} as const;
/** What the file says; main adds the DUID. */
export const lanParts: Codec<Omit<LanConfig, "duid">> = struct(LAN_PARTS);
export const lanConfig: Codec<LanConfig> = struct({ duid: duid16, ...LAN_PARTS });
/** Bytes of a configuration that fit one frame with what stands around them. */
export const LAN_PART_BYTES = 131_072;

/** The journal's files: segments in the order of their numbers, and one snapshot at most. */
const JOURNAL_FILES = ["segment", "snapshot"] as const;

export const LAN = {
  ...LEASES,
  ...RECONFIGURE,
  /** A piece of `lanConfig`: thousands of reserved hosts are more than a frame holds. */
  lanConfigPart: message({
    type: 100,
    from: ["main"],
    to: ["engine-lan"],
    body: struct({ bytes: bytes32(LAN_PART_BYTES), isLast: flag }),
    when: ["starting", "running"],
  }),
  /**
   * 16 bytes that stay the same for ever: what the server makes host parts and keys of clients with. And which life this is, greater than
   * all before; 0 when it could not be written down. Comes before the journal.
   */
  serverKey: message({ type: 103, from: ["main"], to: ["engine-lan"], body: struct({ key: bytes16(16), life: u32 }) }),
  /** UDP port 547 of one link, pinned to it, with its groups joined. */
  serverSocket: message({ type: 101, from: ["main"], to: ["engine-lan"], body: struct({ link: u32, name: interfaceName }), descriptors: 1 }),
  openServerSocket: message({ type: 102, from: ["engine-lan"], to: ["main"], body: struct({ link: u32, name: interfaceName }) }),

  // the journal: before the configuration come all its files, then `journalListed`
  journalFile: message({
    type: 110,
    from: ["main"],
    to: ["engine-lan"],
    body: struct({ kind: choice(JOURNAL_FILES), number: sequence, bytes: u32 }),
    descriptors: 1,
  }),
  journalListed: message({ type: 111, from: ["main"], to: ["engine-lan"], body: empty }),
  /** A fresh one: an empty segment of its full size, or a file for a snapshot under a name that is not yet the snapshot's. */
  openJournalFile: message({
    type: 112,
    from: ["engine-lan"],
    to: ["main"],
    body: struct({ kind: choice(JOURNAL_FILES), number: sequence }),
  }),
  freshJournalFile: message({
    type: 113,
    from: ["main"],
    to: ["engine-lan"],
    body: struct({ kind: choice(JOURNAL_FILES), number: sequence, bytes: u32 }),
    descriptors: 1,
  }),
  /** It is whole and on disk: it takes its name, and segments below `firstSegment` go. */
  snapshotWritten: message({ type: 114, from: ["engine-lan"], to: ["main"], body: struct({ number: sequence, firstSegment: sequence }) }),
  /** There was no room for it: its file goes. */
  snapshotAbandoned: message({ type: 115, from: ["engine-lan"], to: ["main"], body: struct({ number: sequence }) }),

  delegatedRoutes: message({
    type: 120,
    from: ["engine-lan"],
    to: ["main"],
    body: struct({
      routes: list16(struct({ add: flag, link: u32, name: interfaceName, prefix: prefix6, via: ipv6Address }), LIMITS.delegatedRoutes),
    }),
  }),
} as const;
