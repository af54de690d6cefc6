/**
 * Nanoseconds of the DHCPv6 server's core for one message of a kind, without sockets and without a disk: what the program itself
 * adds to an exchange. `node --import tsx bench/server6-core.ts [LEASES]`; with --cpu-prof the profile can be read.
 */
import { dhcp6Pools, prefixPool, servedOption } from "../src/services/lan/dhcp6-config.ts";
import { OPTIONS } from "../src/wire/dhcp6/options.ts";
import { duidLl } from "../src/base/duid.ts";
import { type Ipv6Address, type Ipv6Prefix, ipv6Bytes } from "../src/base/ipv6.ts";
import type { MacAddress } from "../src/base/mac.ts";
import { PacketBatch, ReplyBatch } from "../src/services/lan/dhcp6-server/batch.ts";
import { Dhcp6Server } from "../src/services/lan/dhcp6-server/server.ts";
import { Offers } from "../src/services/leases/offers.ts";
import { LeaseTable } from "../src/services/leases/table.ts";
import { iaAddress, iaNa, iaPd } from "../src/wire/dhcp6/leases.ts";
import { type Dhcp6ClientKind, decodeDhcp6, dhcp6, encodeDhcp6, isRelayMessage, relay6 } from "../src/wire/dhcp6/message.ts";

const LEASES = Number(process.argv[2] ?? "100000");
const BATCH = 64;
const LINK = 7;
const NOW = 1_800_000_000;
const key = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const duid = duidLl("02:00:5e:10:00:01" as MacAddress);
const server = new Dhcp6Server({ table: new LeaseTable({ key, maxLeases: 2_000_000, maxRowsPerClient: 32 }), offers: new Offers(key), key });
const pools = dhcp6Pools({
  prefixes: [prefixPool("2001:db8:8000::/36" as Ipv6Prefix, 60)],
  preferredSeconds: 1800,
  validSeconds: 3600,
  options: [servedOption(OPTIONS.dnsServers, ["2001:db8:1::1" as Ipv6Address])],
});
server.configure({
  duid,
  interfaces: [{ name: "lan0", number: 1, router: undefined, dhcp6: { mode: "server", pools } }],
  relayedLinks: [{ number: 2, name: "far", prefix: "2001:db8:2::/64" as Ipv6Prefix, selectors: [], pools }],
  classes: [],
  hosts: [],
});
server.setIndex("lan0", LINK);
server.setAddresses("lan0", [{ address: "2001:db8:1::1" as Ipv6Address, prefixLength: 64, preferredUntil: 0xffffffff, validUntil: 0xffffffff }]);
const replies = new ReplyBatch({ slots: BATCH, arenaBytes: 131_072 });

function clientId(n: number): ReturnType<typeof duidLl> {
  return duidLl(`02:00:${[24, 16, 8, 0].map((shift) => ((n >>> shift) & 255).toString(16).padStart(2, "0")).join(":")}` as MacAddress);
}

function batches(count: number, message: (n: number) => Uint8Array): readonly PacketBatch[] {
  return Array.from({ length: Math.ceil(count / BATCH) }, (_, b) => {
    const batch = new PacketBatch({ slots: BATCH, arenaBytes: BATCH * 512 });
    const from = { link: LINK, address: ipv6Bytes("fe80::1" as Ipv6Address), port: 546, multicast: true };
    for (let i = 0; i < BATCH; i++) batch.add(message(b * BATCH + i), from);
    return batch;
  });
}

/** Spread over all clients, so that consecutive ones lie far apart in memory. */
const scattered = (n: number): number => (n * 7919) % LEASES;

function measure(what: string, given: readonly PacketBatch[], seconds: number): void {
  const start = process.hrtime.bigint();
  let answered = 0;
  let images = 0;
  for (const batch of given) {
    replies.clear();
    server.serve(batch, { seconds }, replies);
    answered += replies.count;
    images += replies.images;
  }
  const each = Number(process.hrtime.bigint() - start) / (given.length * BATCH);
  process.stdout.write(`${what.padEnd(34)} ${each.toFixed(0).padStart(6)} ns, answered ${answered} of ${given.length * BATCH}, images ${images}\n`);
}

function asked(n: number, kind: Dhcp6ClientKind, more: Parameters<typeof dhcp6>[0]["options"] = {}): Uint8Array {
  const toUs = kind === "request" || kind === "renew" || kind === "release";
  const options = { clientId: clientId(n), ...(toUs ? { serverId: duid } : {}), requestedOptions: [23, 24], elapsedHundredths: 0, ...more };
  return encodeDhcp6(dhcp6({ kind, transactionId: n & 0xffffff, options }));
}

/** What the server gave to a client, from its answer to a message of the same kind. */
function renewals(count: number): readonly PacketBatch[] {
  return batches(count, (n) => {
    const one = new PacketBatch({ slots: 1, arenaBytes: 512 });
    one.add(asked(scattered(n), "request", { iaNa: [iaNa({ iaid: 1 })] }), {
      link: LINK,
      address: ipv6Bytes("fe80::1" as Ipv6Address),
      port: 546,
      multicast: true,
    });
    replies.clear();
    server.serve(one, { seconds: NOW }, replies);
    const message = decodeDhcp6(replies.bytes.slice(0, replies.lengths[0]));
    const address = isRelayMessage(message) ? undefined : message.options.iaNa?.[0]?.options.iaAddress?.[0]?.address;
    return asked(scattered(n), "renew", { iaNa: [iaNa({ iaid: 1, iaAddress: address === undefined ? [] : [iaAddress(address)] })] });
  });
}

const SAMPLE = Math.min(LEASES, 50_000);
const solicits = batches(SAMPLE, (n) => asked(scattered(n), "solicit", { iaNa: [iaNa({ iaid: 1 })] }));
for (let round = 0; round < 3; round++) measure("SOLICIT of a stranger", solicits, NOW);
for (let from = 0; from < LEASES; from += 20_000) {
  const requests = batches(Math.min(20_000, LEASES - from), (n) => asked(from + n, "request", { iaNa: [iaNa({ iaid: 1 })] }));
  measure(`REQUEST, new, from ${from}`, requests, NOW);
}
const renews = renewals(SAMPLE);
for (const later of [1, 2000, 4000, 6000]) measure(`RENEW ${later} s later`, renews, NOW + later);
measure("SOLICIT of a known one", solicits, NOW + 6000);
const information = batches(SAMPLE, (n) => asked(n, "informationRequest"));
for (let round = 0; round < 2; round++) measure("INFORMATION-REQUEST", information, NOW);
const prefixes = batches(SAMPLE, (n) => asked(n, "request", { iaPd: [iaPd({ iaid: 1 })] }));
measure("REQUEST of a prefix, new", prefixes, NOW);
const far = batches(SAMPLE, (n) =>
  encodeDhcp6(
    relay6({
      kind: "relayForward",
      hopCount: 0,
      linkAddress: "2001:db8:2::1" as Ipv6Address,
      peerAddress: "fe80::2" as Ipv6Address,
      options: { interfaceId: Uint8Array.of(1, 2, 3, 4), relayMessage: asked(n, "solicit", { iaNa: [iaNa({ iaid: 1 })] }) },
    }),
  ),
);
for (let round = 0; round < 2; round++) measure("SOLICIT, relayed", far, NOW);
