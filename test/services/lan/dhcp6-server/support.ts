/** A DHCPv6 server with one interface and one link behind relays, and clients that speak to it in whole messages. */
import assert from "node:assert/strict";
import { duidLl, type Duid } from "../../../../src/base/duid.ts";
import { type Ipv6Address, type Ipv6Prefix, ipv6Bytes, ipv6Of, UNSPECIFIED_V6 } from "../../../../src/base/ipv6.ts";
import type { MacAddress } from "../../../../src/base/mac.ts";
import type { LanConfig } from "../../../../src/services/lan/config.ts";
import { addressPool, type Dhcp6Pools, dhcp6Pools, prefixPool, type RelaySelector } from "../../../../src/services/lan/dhcp6-config.ts";
import { PacketBatch, ReplyBatch } from "../../../../src/services/lan/dhcp6-server/batch.ts";
import { Dhcp6Server } from "../../../../src/services/lan/dhcp6-server/server.ts";
import type { WatchedAddress } from "../../../../src/services/lan/dhcp6-server/served-link.ts";
import { Offers } from "../../../../src/services/leases/offers.ts";
import { LeaseTable } from "../../../../src/services/leases/table.ts";
import {
  type Dhcp6ClientKind,
  type Dhcp6ClientMessage,
  decodeDhcp6,
  dhcp6,
  encodeDhcp6,
  isRelayMessage,
  relay6,
} from "../../../../src/wire/dhcp6/message.ts";
import type { Dhcp6Options, Dhcp6RelayOptions } from "../../../../src/wire/dhcp6/options.ts";

export const SERVER: Duid = duidLl("02:00:5e:10:00:01" as MacAddress);
export const LAN = 7;
export const NOW = 1_800_000_000;
export const NEVER = 0xffffffff;
const KEY = Uint8Array.from({ length: 16 }, (_, i) => i + 1);

export const ip = (text: string): Ipv6Address => text as Ipv6Address;
export const net = (text: string): Ipv6Prefix => text as Ipv6Prefix;

export const POOLS: Dhcp6Pools = dhcp6Pools({
  prefixes: [prefixPool(net("2001:db8:8000::/40"), 56)],
  preferredSeconds: 1800,
  validSeconds: 3600,
});
export const LAN_ADDRESS: WatchedAddress = { address: ip("2001:db8:1::1"), prefixLength: 64, preferredUntil: NEVER, validUntil: NEVER };

/** The nth client: its DUID and its link-local address. */
export function client(n: number): { readonly duid: Duid; readonly address: Ipv6Address } {
  const hex = n.toString(16).padStart(4, "0");
  return { duid: duidLl(`02:00:00:00:${hex.slice(0, 2)}:${hex.slice(2)}` as MacAddress), address: ip(`fe80::ff:fe00:${n.toString(16)}`) };
}

export type Answer = {
  readonly message: Dhcp6ClientMessage;
  readonly bytes: Uint8Array;
  readonly link: number;
  readonly port: number;
  readonly to: Ipv6Address;
  readonly held: boolean;
};
type Way = { readonly from?: Ipv6Address; readonly port?: number; readonly link?: number; readonly multicast?: boolean };
type Known = Pick<Setting, "classes" | "hosts"> & { readonly selectors?: readonly RelaySelector[] };
type Setting = {
  readonly pools?: Partial<Dhcp6Pools>;
  readonly relayedPools?: Partial<Dhcp6Pools>;
  readonly addresses?: readonly WatchedAddress[];
  /** Of the server. */
  readonly life?: number;
  readonly classes?: LanConfig["classes"];
  readonly hosts?: LanConfig["hosts"];
};

export class Bed {
  readonly table = new LeaseTable({ key: KEY, maxLeases: 100_000, maxRowsPerClient: 32 });
  readonly server: Dhcp6Server;
  readonly packets = new PacketBatch({ slots: 64, arenaBytes: 640_000 });
  readonly replies = new ReplyBatch({ slots: 64, arenaBytes: 640_000 });
  now = NOW;

  constructor({ pools = {}, relayedPools = {}, addresses = [LAN_ADDRESS], life = 1, ...known }: Setting = {}) {
    this.server = new Dhcp6Server({ table: this.table, offers: new Offers(KEY), key: KEY, reconfigure: { key: KEY, life } });
    this.configure(pools, relayedPools, known);
    this.server.setIndex("lan0", LAN);
    this.server.setAddresses("lan0", addresses);
  }

  configure(pools: Partial<Dhcp6Pools>, relayedPools: Partial<Dhcp6Pools> = {}, { classes = [], hosts = [], selectors = [] }: Known = {}): void {
    const config: LanConfig = {
      duid: SERVER,
      interfaces: [{ name: "lan0", number: 100, router: undefined, dhcp6: { mode: "server", pools: { ...POOLS, ...pools } } }],
      relayedLinks: [
        { number: 200, name: "far", prefix: net("2001:db8:2::/64"), selectors, pools: { ...POOLS, ...relayedPools } },
        {
          number: 201,
          name: "farther",
          prefix: net("2001:db8:2:0:8000::/65"),
          selectors: [],
          pools: { ...POOLS, addresses: [addressPool(net("2001:db8:2:0:8000::/65"))], ...relayedPools },
        },
      ],
      classes,
      hosts,
    };
    this.server.configure(config);
  }

  /** One datagram in; what came of it. */
  bytesIn(bytes: Uint8Array, { from = client(1).address, port = 546, link = LAN, multicast = true }: Way = {}): Uint8Array | undefined {
    this.packets.clear();
    this.replies.clear();
    assert.ok(this.packets.add(bytes, { link, address: ipv6Bytes(from), port, multicast }));
    assert.equal(this.server.serve(this.packets, { seconds: this.now }, this.replies), 1);
    assert.ok(this.replies.count <= 1);
    return this.replies.count === 0 ? undefined : replyBytes(this.replies, 0);
  }

  /** A client's message, heard directly. */
  hear(n: number, kind: Dhcp6ClientKind, options: Dhcp6Options, way: Way = {}): Answer | undefined {
    const bytes = this.bytesIn(encodeDhcp6(said(n, kind, options)), { from: client(n).address, ...way });
    return bytes === undefined ? undefined : answerOf(this.replies, 0, bytes);
  }

  /** The same for a message that must be answered. */
  ask(n: number, kind: Dhcp6ClientKind, options: Dhcp6Options, way: Way = {}): Answer {
    const answer = this.hear(n, kind, options, way);
    assert.ok(answer !== undefined, `a ${kind} was not answered: ${JSON.stringify(this.refused())}`);
    return answer;
  }

  refused(): Readonly<Record<string, number>> {
    return this.server.view().refused;
  }
}

/** A message with the identifiers its kind has to carry, unless they are given. */
export function said(n: number, kind: Dhcp6ClientKind, options: Dhcp6Options): Dhcp6ClientMessage {
  const toUs = kind === "request" || kind === "renew" || kind === "release" || kind === "decline";
  return dhcp6({
    kind,
    transactionId: 0xabc000 + n,
    options: { clientId: client(n).duid, ...(toUs ? { serverId: SERVER } : {}), ...options },
  });
}

/** A message in one envelope of a relay. */
export function relayed(
  inner: Uint8Array,
  {
    link = UNSPECIFIED_V6,
    peer = client(1).address,
    hopCount = 0,
    ...options
  }: { link?: Ipv6Address; peer?: Ipv6Address; hopCount?: number } & Omit<Dhcp6RelayOptions, "relayMessage"> = {},
): Uint8Array {
  return encodeDhcp6(relay6({ kind: "relayForward", hopCount, linkAddress: link, peerAddress: peer, options: { ...options, relayMessage: inner } }));
}

export function replyBytes(replies: ReplyBatch, row: number): Uint8Array {
  const offset = replies.offsets[row] ?? 0;
  return replies.bytes.slice(offset, offset + (replies.lengths[row] ?? 0));
}

export function answerOf(replies: ReplyBatch, row: number, bytes: Uint8Array): Answer {
  const message = decodeDhcp6(bytes);
  assert.ok(!isRelayMessage(message));
  assert.deepEqual(message.malformed, []);
  return {
    message,
    bytes,
    link: replies.links[row] ?? 0,
    port: replies.ports[row] ?? 0,
    to: ipv6Of(replies.addresses.slice(16 * row, 16 * row + 16)),
    held: replies.held[row] === 1,
  };
}

/** The first address of the first IA_NA of an answer. */
export function addressIn({ message }: Answer): Ipv6Address {
  const address = message.options.iaNa?.[0]?.options.iaAddress?.[0]?.address;
  assert.ok(address !== undefined, JSON.stringify(message));
  return address;
}

/** The first prefix of the first IA_PD of an answer. */
export function prefixIn({ message }: Answer): Ipv6Prefix {
  const prefix = message.options.iaPd?.[0]?.options.iaPrefix?.[0]?.prefix;
  assert.ok(prefix !== undefined, JSON.stringify(message));
  return prefix;
}
