/**
 * Runs the packet path on a server that is thrown away, before the fence closes and the socket opens: the first clients after a
 * start, often all of them at once, meet compiled code. Nothing leaves the process, and nothing of it stays.
 */
import { parseDuid } from "../../base/duid.ts";
import { type Ipv6Address, ipv6Bytes } from "../../base/ipv6.ts";
import { Outbox, type ServerSockets } from "../../platform/server-sockets.ts";
import { Dhcp6Server } from "../../services/lan/dhcp6-server/server.ts";
import { PacketBatch, ReplyBatch } from "../../services/lan/dhcp6-server/batch.ts";
import { applyImage } from "../../services/leases/images.ts";
import { Offers } from "../../services/leases/offers.ts";
import { LeaseTable } from "../../services/leases/table.ts";
import { iaAddress, iaNa } from "../../wire/dhcp6/leases.ts";
import { type Dhcp6ClientKind, decodeDhcp6, dhcp6, encodeDhcp6, isRelayMessage } from "../../wire/dhcp6/message.ts";

const LINK = 1;
const CLIENTS = 64;
/** Of four messages a client: some 10,000 exchanges, after which the compiler has done what it does. */
const ROUNDS = 40;
const NOW_SECONDS = 1_000_000;
const ROUND_SECONDS = 4000;
const SERVER = parseDuid("00:04:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:01");
const CLIENT_ADDRESS = ipv6Bytes("fe80::1" as Ipv6Address);
const LINK_ADDRESS = "2001:db8::1" as Ipv6Address;

export function warmUp(sockets: ServerSockets): void {
  const server = throwAway();
  const out = new ReplyBatch({ slots: CLIENTS, arenaBytes: 131_072 });
  const mirror = new LeaseTable({ key: new Uint8Array(16), maxLeases: 4096, maxRowsPerClient: 4 });
  const outbox = new Outbox();
  const serve = (batch: PacketBatch, seconds: number): void => {
    out.clear();
    server.serve(batch, { seconds }, out);
    for (let row = 0; row < out.count; row++) outbox.add(out, row);
    outbox.send(sockets);
    for (let at = 0; at < out.journalEnd; ) at += Math.max(64, applyImage(mirror, out.journal, at, out.journalEnd));
  };
  const given = Array.from({ length: CLIENTS }, (_, client) => addressOf(server, out, client));
  for (let round = 0; round < ROUNDS; round++) {
    const seconds = NOW_SECONDS + round * ROUND_SECONDS;
    for (const kind of ["solicit", "request", "renew", "informationRequest"] as const) serve(batchOf(kind, given), seconds);
  }
}

function throwAway(): Dhcp6Server {
  const key = new Uint8Array(16).fill(7);
  const server = new Dhcp6Server({ table: new LeaseTable({ key, maxLeases: 4096, maxRowsPerClient: 4 }), offers: new Offers(key), key });
  const pools = {
    addresses: undefined,
    prefixes: undefined,
    preferredSeconds: 1800,
    validSeconds: 3600,
    rapidCommit: false,
    dnsServers: [LINK_ADDRESS],
    searchDomains: [],
  };
  if (SERVER !== undefined)
    server.configure({
      duid: SERVER,
      interfaces: [{ name: "warm", number: 1, router: undefined, dhcp6: { mode: "server", pools } }],
      relayedLinks: [],
    });
  server.setIndex("warm", LINK);
  server.setAddresses("warm", [{ address: LINK_ADDRESS, prefixLength: 64, preferredUntil: 0xffffffff, validUntil: 0xffffffff }]);
  return server;
}

/** What the server would give to a client. */
function addressOf(server: Dhcp6Server, out: ReplyBatch, client: number): Ipv6Address | undefined {
  const one = new PacketBatch({ slots: 1, arenaBytes: 512 });
  add(one, message("solicit", client, undefined));
  out.clear();
  server.serve(one, { seconds: NOW_SECONDS }, out);
  const offer = decodeDhcp6(out.bytes.slice(0, out.lengths[0]));
  return isRelayMessage(offer) ? undefined : offer.options.iaNa?.[0]?.options.iaAddress?.[0]?.address;
}

function batchOf(kind: Dhcp6ClientKind, given: readonly (Ipv6Address | undefined)[]): PacketBatch {
  const batch = new PacketBatch({ slots: CLIENTS, arenaBytes: CLIENTS * 256 });
  for (const [client, address] of given.entries()) add(batch, message(kind, client, kind === "solicit" ? undefined : address));
  return batch;
}

function add(batch: PacketBatch, payload: Uint8Array): void {
  batch.add(payload, { link: LINK, address: CLIENT_ADDRESS, port: 546, multicast: true });
}

function message(kind: Dhcp6ClientKind, client: number, address: Ipv6Address | undefined): Uint8Array {
  const clientId = parseDuid(`00:03:00:01:02:00:00:00:00:${client.toString(16).padStart(2, "0")}`);
  const toUs = kind === "request" || kind === "renew";
  const ia = iaNa({ iaid: 1, iaAddress: address === undefined ? [] : [iaAddress(address)] });
  const options = {
    ...(clientId === undefined ? {} : { clientId }),
    ...(toUs && SERVER !== undefined ? { serverId: SERVER } : {}),
    requestedOptions: [23, 24],
    elapsedHundredths: 0,
    ...(kind === "informationRequest" ? {} : { iaNa: [ia] }),
  };
  return encodeDhcp6(dhcp6({ kind, transactionId: client, options }));
}
