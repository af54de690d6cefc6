/**
 * Plays exchanges against a server that is thrown away, so that the code which answers the first real clients has been optimised
 * already: without it the first ten thousand exchanges take half as long again.
 */
import { OPTIONS } from "../../../wire/dhcp6/options.ts";
import type { DomainName } from "../../../base/domain.ts";
import { duidUuid } from "../../../base/duid.ts";
import { type Ipv6Address, type Ipv6Prefix, ipv6Bytes } from "../../../base/ipv6.ts";
import { INFINITE_SECONDS } from "../../../base/time.ts";
import type { ArrivedRows } from "../../../ports/datagrams.ts";
import { iaNa, iaPd } from "../../../wire/dhcp6/leases.ts";
import { type Dhcp6ClientKind, dhcp6, encodeDhcp6, relay6 } from "../../../wire/dhcp6/message.ts";
import { Offers } from "../../leases/offers.ts";
import { LeaseTable } from "../../leases/table.ts";
import type { LanConfig } from "../config.ts";
import { dhcp6Pools, prefixPool, servedOption } from "../dhcp6-config.ts";
import { PacketBatch, ReplyBatch } from "./batch.ts";
import { Dhcp6Server } from "./server.ts";

const LINK = 1;
const CLIENTS = 64;
const ARENA_BYTES = 131_072;
const START_SECONDS = 1;
/** Long enough that a Renew extends, short enough that nothing ends. */
const STEP_SECONDS = 1000;
const KINDS: readonly Dhcp6ClientKind[] = ["solicit", "request", "renew", "rebind", "confirm", "informationRequest", "release"];
const TO_SERVER: readonly Dhcp6ClientKind[] = ["request", "renew", "release"];
const HERE = "2001:db8::1" as Ipv6Address;
const HOST = ipv6Bytes("fe80::1" as Ipv6Address);

/**
 * @param rounds of 64 clients, each with every kind of message, heard directly and behind a relay @param room what datagrams come in otherwise: code is compiled for what it has seen
 * @param take what is done with answers
 * @returns how many were answered
 */
export function warmUp(rounds: number, room?: ArrivedRows, take: (out: ReplyBatch) => void = () => undefined): number {
  const servers = [throwAway(1), throwAway(2)] as const;
  kept.push(...servers);
  const outs = servers.map(() => new ReplyBatch({ slots: CLIENTS, arenaBytes: ARENA_BYTES }));
  const batches = KINDS.flatMap((kind) => [batchOf(kind, false), batchOf(kind, true)]);
  let answered = 0;
  for (let step = 0; step < rounds * batches.length; step++) {
    const which = Math.floor(step / batches.length) % servers.length;
    const [server, out] = [servers[which], outs[which]];
    if (server === undefined || out === undefined) break;
    const at = { seconds: START_SECONDS + Math.floor(step / 2) * STEP_SECONDS };
    const given = batches[step % batches.length];
    if (given === undefined) continue;
    const batch = room === undefined ? given : copied(given, room);
    for (let next = 0; next < batch.count; ) {
      out.clear();
      next = server.serve(batch, at, out, next);
      answered += out.count;
      take(out);
    }
    server.sweep(at, CLIENTS, out);
  }
  return answered;
}

/** Compiled code knows shapes of objects weakly: were these collected, what was compiled with them would go too. */
const kept: Dhcp6Server[] = [];

/** There are two of them: fields that only ever held one value are compiled as constants, and the real server would undo all of it. */
function throwAway(seed: number): Dhcp6Server {
  const key = Uint8Array.from({ length: 16 }, (_, i) => i * seed);
  const table = new LeaseTable({ key, maxLeases: 4 * CLIENTS * seed, maxRowsPerClient: 4 * seed });
  const server = new Dhcp6Server({ table, offers: new Offers(key), key });
  server.configure(CONFIG);
  server.setIndex("warm", LINK);
  server.setAddresses("warm", [{ address: HERE, prefixLength: 64, preferredUntil: INFINITE_SECONDS, validUntil: INFINITE_SECONDS }]);
  return server;
}

function copied(from: PacketBatch, to: ArrivedRows): ArrivedRows {
  to.bytes.set(from.bytes.subarray(0, Math.min(from.bytes.length, to.bytes.length)));
  to.offsets.set(from.offsets);
  to.lengths.set(from.lengths);
  to.links.set(from.links);
  to.ports.set(from.ports);
  to.addresses.set(from.addresses);
  to.multicast.set(from.multicast);
  to.count = from.count;
  return to;
}

const SERVER = duidUuid(new Uint8Array(16));
const POOLS = dhcp6Pools({
  prefixes: [prefixPool("2001:db8:8000::/40" as Ipv6Prefix, 56)],
  preferredSeconds: 1800,
  validSeconds: 36_000,
  options: [servedOption(OPTIONS.domainSearch, ["example.net" as DomainName])],
});
const CONFIG: LanConfig = {
  duid: SERVER,
  interfaces: [{ name: "warm", number: 1, router: undefined, dhcp6: { mode: "server", pools: POOLS } }],
  relayedLinks: [{ number: 2, name: "far", prefix: "2001:db8:0:2::/64" as Ipv6Prefix, selectors: [], pools: POOLS }],
  classes: [],
  hosts: [],
};

function batchOf(kind: Dhcp6ClientKind, behindRelay: boolean): PacketBatch {
  const batch = new PacketBatch({ slots: CLIENTS, arenaBytes: ARENA_BYTES });
  for (let n = 1; n <= CLIENTS; n++) {
    const message = messageOf(kind, n);
    batch.add(behindRelay ? behind(message) : message, { link: LINK, address: HOST, port: 546, multicast: true });
  }
  return batch;
}

function messageOf(kind: Dhcp6ClientKind, n: number): Uint8Array {
  const leases = kind === "informationRequest" ? {} : { iaNa: [iaNa({ iaid: 1 })], iaPd: n % 4 === 0 ? [iaPd({ iaid: 1 })] : [] };
  const options = { clientId: duidUuid(Uint8Array.of(...new Array<number>(15).fill(n), n)), requestedOptions: [23, 24, 82], ...leases };
  return encodeDhcp6(dhcp6({ kind, transactionId: n, options: TO_SERVER.includes(kind) ? { ...options, serverId: SERVER } : options }));
}

function behind(message: Uint8Array): Uint8Array {
  const peerAddress = "fe80::1" as Ipv6Address;
  const options = { interfaceId: Uint8Array.of(1, 2, 3, 4), relayMessage: message };
  return encodeDhcp6(relay6({ kind: "relayForward", hopCount: 0, linkAddress: "2001:db8:0:2::1" as Ipv6Address, peerAddress, options }));
}
