/**
 * The running program while strangers send it whatever they like on every link and socket: it stays the same processes with the same
 * leases and about the same memory, accounts for what came, and serves the next client at once.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { duidLl } from "../../src/base/duid.ts";
import type { Ipv6Address } from "../../src/base/ipv6.ts";
import type { MacAddress } from "../../src/base/mac.ts";
import { Chance } from "../../src/sim/chance.ts";
import { dhcp6, encodeDhcp6 } from "../../src/wire/dhcp6/message.ts";
import { dhcp6Samples, rpcSamples } from "../fuzz/decoders.ts";
import { mutated } from "../fuzz/mutate.ts";
import { repairedDhcp6 } from "../fuzz/repair.ts";
import { type Client6, startDhclient6 } from "../support/clients6.ts";
import { droppedAt, Stranger } from "../support/flood.ts";
import { type Leasehold, type Shown, startLeasehold } from "../support/leasehold.ts";
import { globals6, linkLocal, wire6 } from "../support/link6.ts";
import { type Namespace, waitFor, withNamespaces } from "../support/namespace.ts";
import { bindToServer } from "../support/nis.ts";
import { NIS_DOMAIN, PrivateRoot } from "../support/private-root.ts";
import { withScratch } from "../support/scratch.ts";
import { SUFFIX, userName } from "../support/ldif.ts";
import { startSlapd, within } from "../support/slapd.ts";
import { needsPeers } from "../support/unpacked.ts";
import { call } from "../services/directory/world.ts";
import { recordOf } from "../../src/wire/rpc/records.ts";
import { encodeIpv6Frame, encodeUdp6 } from "../wire/dhcp6/frame.ts";

const PATIENCE_MS = 20_000;
const ROUNDS = 4;
/** Of each round. */
const DATAGRAMS = { server: 5000, client: 5000, relay: 2000, back: 1000, solicitations: 800, rpc: 1250, odd: 40 } as const;
const BAD_SUMS = 3;
/** Lists of all users: more than the kernel keeps for somebody who does not read. */
const ASKED_AT_ONCE = 300;
const STREAMS = { yp: 20, userdb: 20 } as const;
/** dhclient waits a second at random before its first word, and up to another for offers. */
const NEW_CLIENT_MS = 5000;
/** From the second quarter to the last: in the first, what has a bound is filled, and code is compiled. */
const GREW_KB = 5120;
const USERS = 200;
const ip = (text: string): Ipv6Address => text as Ipv6Address;
const SERVERS = ip("ff02::1:2");
const ROUTERS = ip("ff02::2");
const CONFIGURATION = `[uplink6.wan0]
delegate = [ { iaid = 1, to = ["lan0"] } ]

[lan.lan0]

[lan.lan1]
dhcpv6 = "relay"
relay_to = ["wan0"]

[directory]
domain = "${NIS_DOMAIN}"
interval_seconds = 600

[directory.source.main]
server = "127.0.0.1"
transport = "plain"
base = "${SUFFIX}"

[directory.source.main.user_fields]
gecos = "cn"
`;

type World = {
  readonly ours: Leasehold;
  readonly gateway: Namespace;
  readonly provider: Namespace;
  readonly hosts: Namespace;
  readonly guest: Namespace;
  readonly folder: string;
  readonly root: PrivateRoot;
  readonly dhclient: Client6;
  readonly port: number;
};

async function inWorld(story: (world: World) => Promise<void>): Promise<void> {
  await withScratch((folder) =>
    withNamespaces(["gateway", "provider", "hosts", "guest"], async ({ gateway, provider, hosts, guest }) => {
      await wire6(gateway, "wan0", provider, "p0");
      await wire6(gateway, "b0", hosts, "h0");
      await wire6(gateway, "b1", guest, "g0");
      await gateway.bridge("lan0", ["b0", "b1"]);
      await linkLocal(gateway, "lan0");
      await wire6(gateway, "lan1", hosts, "h1");
      await gateway.sysctl("net.ipv6.conf.all.forwarding", 1);
      await gateway.address("lan1", "2001:db8:77::1/64");
      await hosts.address("h0", "2001:db8:66::2/64");
      const args = ["--interface", "p0", "--pool", "2001:db8:1000::/40", "--renew-seconds", "12", "--rebind-seconds", "40"];
      const program = ["--import", "tsx", "scripts/house/provider6.ts", ...args, "--preferred-seconds", "60", "--valid-seconds", "120"];
      provider.spawn(process.execPath, [...program, "--json-events", "/dev/null"], { stdio: ["pipe", "ignore", "pipe"] });
      const slapd = await startSlapd(gateway, { users: USERS, groups: 5, anonymous: true });
      try {
        const root = new PrivateRoot(gateway, folder);
        bindToServer(root, "127.0.0.1");
        const ours = await startLeasehold(root, folder, CONFIGURATION);
        const dhclient = startDhclient6(hosts, folder, { interface: "h0" });
        await waitFor(
          async (see) => {
            const { lan, directory, uplink6 } = facts(await ours.show());
            see(`${JSON.stringify({ lan, directory, uplink6 })}\n${ours.log().slice(-2000)}\n${dhclient.log().slice(-2000)}`);
            return uplink6.uplinks[0]?.state === "bound" && directory.snapshot?.users === USERS && leased(dhclient) !== undefined;
          },
          PATIENCE_MS,
          "everything is served",
        );
        const { directory } = facts(await ours.show());
        await story({ ours, gateway, provider, hosts, guest, folder, root, dhclient, port: directory.yp.port });
      } finally {
        slapd.remove();
      }
    }),
  );
}

type Counts = Readonly<Record<string, number>>;
type Facts = {
  readonly uplink6: {
    readonly uplinks: readonly {
      readonly state: string;
      readonly received: number;
      readonly sent: Counts;
      readonly ignored: Counts;
      readonly lease: { readonly prefixes: unknown } | null;
    }[];
    readonly ignored: Counts;
  };
  readonly lan: {
    readonly server: { readonly received: number; readonly sent: Counts; readonly refused: Counts };
    readonly router: { readonly interfaces: readonly { readonly received: number; readonly ignored: Counts }[] };
    readonly relay: { readonly interfaces: readonly { readonly interface: string; readonly passed: number; readonly dropped: Counts }[] };
    readonly ignored: Counts;
  };
  readonly directory: {
    readonly snapshot: { readonly users: number } | null;
    readonly yp: { readonly port: number };
    readonly connections: number;
    readonly requests: Counts;
    readonly refused: Counts;
  };
};

function facts(shown: Shown): Facts {
  const { uplink6, lan, directory } = shown as unknown as Facts;
  return { uplink6, lan, directory };
}

function sum(counts: Counts | undefined): number {
  return Object.values(counts ?? {}).reduce((total, count) => total + count, 0);
}

function leased(dhclient: Client6): string | undefined {
  return dhclient.calls().findLast(({ reason }) => reason === "BOUND6" || reason === "RENEW6")?.["new_ip6_address"];
}

/** Resident memory of main and its roles by name, in KiB. */
function memoryOf(pids: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  return new Map([...pids].map(([name, pid]) => [name, Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0)]));
}

/** All but the one that is started when somebody asks. */
async function pidsOf(ours: Leasehold): Promise<ReadonlyMap<string, number>> {
  const { main } = await ours.show();
  return new Map([["main", main.pid], ...main.roles.filter(({ name }) => name !== "control").map(({ name, pid }) => [name, pid] as const)]);
}

/** @throws AssertionError when a role is another process than before, or is gone */
async function assertSameProcesses(ours: Leasehold, before: ReadonlyMap<string, number>): Promise<void> {
  assert.deepEqual([...(await pidsOf(ours))].toSorted(), [...before].toSorted());
}

/** What strangers have: a socket for each way to us. */
class Strangers {
  readonly #chance = new Chance(46);
  readonly #dhcp6 = dhcp6Samples();
  readonly #rpc = rpcSamples();
  readonly #world: World;
  readonly #host: Stranger;
  readonly #relayed: Stranger;
  readonly #provider: Stranger;
  readonly #local: Stranger;
  readonly #sockets: { readonly [from in "host" | "global" | "relayed" | "provider" | "local" | "rs" | "far"]: number };
  #addresses = { lan0: ip("::"), lan1: ip("::"), wan0: ip("::"), h0: ip("::") };
  readonly streams: Socket[] = [];
  /** Datagrams the kernel took, by where they went. */
  readonly sent = { server: 0, client: 0, relay: 0, back: 0, solicitations: 0, yp: 0, portmapper: 0 };

  constructor(world: World) {
    this.#world = world;
    this.#host = new Stranger(world.hosts, "h0");
    this.#relayed = new Stranger(world.hosts, "h1");
    this.#provider = new Stranger(world.provider, "p0");
    this.#local = new Stranger(world.gateway, "lo");
    this.#sockets = {
      host: this.#host.udp(),
      global: this.#host.udp(ip("2001:db8:66::2")),
      relayed: this.#relayed.udp(),
      provider: this.#provider.udp(),
      local: this.#local.udp(ip("::ffff:127.0.0.1")),
      rs: this.#host.icmp6(),
      far: this.#host.icmp6(64),
    };
  }

  async look(): Promise<void> {
    const { gateway, hosts } = this.#world;
    const of = async (ns: Namespace, name: string): Promise<Ipv6Address> => ip(await linkLocal(ns, name));
    this.#addresses = {
      lan0: await of(gateway, "lan0"),
      lan1: await of(gateway, "lan1"),
      wan0: await of(gateway, "wan0"),
      h0: await of(hosts, "h0"),
    };
  }

  /** All that can be accounted for. */
  async round(): Promise<void> {
    const [host, relayed, provider, local] = [this.#host, this.#relayed, this.#provider, this.#local];
    const { lan0, lan1, wan0 } = this.#addresses;
    const { sent } = this;
    const toServer = (unicast: Ipv6Address) => (i: number) => ({ aim: { to: i % 4 === 0 ? unicast : SERVERS, port: 547 }, bytes: this.#asked(i) });
    sent.server += await host.flood(this.#sockets.host, DATAGRAMS.server, toServer(lan0));
    sent.server += await host.flood(this.#sockets.global, DATAGRAMS.server / 5, toServer(lan0));
    sent.relay += await relayed.flood(this.#sockets.relayed, DATAGRAMS.relay, toServer(lan1));
    sent.back += await provider.flood(this.#sockets.provider, DATAGRAMS.back, toServer(wan0));
    sent.client += await provider.flood(this.#sockets.provider, DATAGRAMS.client, (i) => ({ aim: { to: wan0, port: 546 }, bytes: this.#asked(i) }));
    for (const fd of [this.#sockets.rs, this.#sockets.far])
      sent.solicitations += await host.flood(fd, DATAGRAMS.solicitations, () => ({ aim: { to: ROUTERS, port: 0 }, bytes: this.#solicitation() }));
    for (const [purpose, port] of [
      ["yp", this.#world.port],
      ["portmapper", 111],
    ] as const) {
      const to = ip("::ffff:127.0.0.1");
      sent[purpose] += await local.flood(this.#sockets.local, DATAGRAMS.rpc, () => ({
        aim: { to, port },
        bytes: mutated(this.#rpc, this.#chance),
      }));
    }
  }

  /** What the kernel or we pass over without a word, sums that are wrong, and pieces. */
  async oddities(): Promise<void> {
    const { lan0, wan0, h0 } = this.#addresses;
    const frames = this.#host.frames();
    const huge = new Uint8Array(60_000).fill(1);
    // read as what they are, and the empty ones too: one by one, for each takes as much of a socket's buffer as a hundred others
    for (let i = 0; i < DATAGRAMS.odd; i++) {
      const bytes = i % 2 === 0 ? huge : new Uint8Array(0);
      await this.#host.flood(this.#sockets.host, 1, () => ({ aim: { to: lan0, port: 547 }, bytes }));
      await this.#provider.flood(this.#sockets.provider, 1, () => ({ aim: { to: wan0, port: 546 }, bytes }));
      await delay(2);
    }
    // Router Advertisements, Neighbour Solicitations and Advertisements that are none
    await this.#host.flood(this.#sockets.rs, DATAGRAMS.odd, (i) => ({
      aim: { to: i % 2 === 0 ? ip("ff02::1") : lan0, port: 0 },
      bytes: Uint8Array.of(134 + (i % 3), 0, 0, 0, ...this.#chance.bytes(i)),
    }));
    const header = { destinationMac: this.#mac("lan0"), sourceMac: this.#host.link.mac, source: h0, destination: lan0, hopLimit: 64 };
    const pieces = [0, 1, 2].map((i) => {
      const payload = Uint8Array.of(17, 0, 0, i < 2 ? 1 : 0x18, 0, 0, 0, i, ...new Uint8Array(64).fill(i));
      return encodeIpv6Frame({ ...header, nextHeader: 44, payload });
    });
    await this.#host.frameFlood(frames, pieces);
  }

  /** A datagram whose sum is wrong, alone in the queue of our socket, and behind it one that is right. */
  async badSums(port: 546 | 547): Promise<void> {
    const from = port === 547 ? this.#host : this.#provider;
    const [name, source] = port === 547 ? (["lan0", this.#addresses.h0] as const) : (["wan0", ip("fe80::7777")] as const);
    const header = { destinationMac: this.#mac(name), sourceMac: from.link.mac, source, destination: this.#addresses[name], hopLimit: 64 };
    const payload = encodeDhcp6(dhcp6({ kind: "solicit", transactionId: 7, options: {} }));
    const good = encodeUdp6(header, { sourcePort: 777, destinationPort: port, payload });
    await from.frameFlood(from.frames(), [good.with(good.length - 1, (good.at(-1) ?? 0) ^ 0xff)]);
    await delay(20);
    await from.frameFlood(from.frames(), [good]);
  }

  /** Connections that say nothing, half of something or garbage, and those that ask and never read. */
  async slowStreams(): Promise<void> {
    const { root, gateway, port } = this.#world;
    const record = recordOf(call("all", { domain: NIS_DOMAIN, map: "passwd.byname" }));
    const listAll = '{"method":"io.systemd.UserDatabase.GetUserRecord","parameters":{"service":"org.leasehold.Directory"},"more":true}\0';
    const userdb = { path: join(root.folder, "run/systemd/userdb/org.leasehold.Directory") };
    const wheres = [{ host: "127.0.0.1", port }, { host: "127.0.0.1", port: 111 }, userdb] as const;
    await within(gateway, async () => {
      for (const where of wheres) {
        for (let i = 0; i < ("path" in where ? STREAMS.userdb : STREAMS.yp); i++) {
          const socket = connect(where);
          socket.on("error", () => undefined).pause();
          this.streams.push(socket);
          await new Promise((resolve) => socket.once("connect", resolve).once("error", resolve));
          const asked =
            "path" in where ? Buffer.from(listAll.repeat(ASKED_AT_ONCE)) : Buffer.concat(Array.from({ length: ASKED_AT_ONCE }, () => record));
          const said = [asked, asked.subarray(0, 30), this.#chance.bytes(200), Buffer.from("")][i % 4];
          if (said !== undefined && said.length > 0) socket.write(said);
        }
      }
      await delay(50);
    });
  }

  close(): void {
    for (const stranger of [this.#host, this.#relayed, this.#provider, this.#local]) stranger.close();
    for (const stream of this.streams) stream.destroy();
  }

  /** Half of them are whole again, of clients of their own. */
  #asked(i: number): Uint8Array {
    const bytes = mutated(this.#dhcp6, this.#chance);
    const clientId = duidLl(`02:00:00:00:77:${(i % 200).toString(16).padStart(2, "0")}` as MacAddress);
    return i % 2 === 0 ? bytes : repairedDhcp6(bytes, { transactionId: i, clientId });
  }

  #solicitation(): Uint8Array {
    return Uint8Array.of(133, ...mutated([Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 0, 0, 0, 0, 9)], this.#chance));
  }

  #mac(name: string): MacAddress {
    return new Stranger(this.#world.gateway, name).link.mac;
  }
}

/** A host nobody has met gets its lease. @returns the milliseconds that took, its own start included */
async function newClient({ gateway, guest, folder }: World): Promise<number> {
  const began = performance.now();
  const fresh = startDhclient6(guest, folder, { interface: "g0" });
  const address = await waitFor(() => leased(fresh), NEW_CLIENT_MS, "a new client has its lease");
  const [own] = await globals6(gateway, "lan0");
  assert.equal(address.split(":")[2], own?.local.split(":")[2], "out of the delegated prefix");
  return performance.now() - began;
}

type Drops = (port: number, table?: "udp6" | "raw6") => number;
/** What stands for a port where the kernel lists raw sockets: the protocol. */
const ICMPV6 = 58;
/** Received, dropped by the kernel at the socket, and no other way out. */
async function accounted({ ours }: World, before: Facts, strangers: Strangers, drops: Drops): Promise<void> {
  const { sent } = strangers;
  const now = facts(await ours.show());
  const server = now.lan.server.received - before.lan.server.received;
  const counted = sum(now.lan.server.sent) + sum(now.lan.server.refused) - sum(before.lan.server.sent) - sum(before.lan.server.refused);
  assert.equal(server, counted, "the server: each datagram was answered or refused");
  const relayed = (shown: Facts): number => shown.lan.relay.interfaces.reduce((total, { passed, dropped }) => total + passed + sum(dropped), 0);
  const on547 = server + relayed(now) - relayed(before) + sum(now.lan.ignored) - sum(before.lan.ignored);
  const client = (now.uplink6.uplinks[0]?.received ?? 0) - (before.uplink6.uplinks[0]?.received ?? 0);
  const queueFull = (now.uplink6.uplinks[0]?.ignored["queue-full"] ?? 0) - (before.uplink6.uplinks[0]?.ignored["queue-full"] ?? 0);
  const portmapper = (shown: Facts): number =>
    (shown.directory.requests["portmapper"] ?? 0) + (shown.directory.refused["portmapper-udp-too-long"] ?? 0);
  const routers = (shown: Facts): number =>
    shown.lan.router.interfaces.reduce((total, { received, ignored }) => total + received + (ignored["queue-full"] ?? 0), 0);
  const rows = {
    solicitations: [sent.solicitations, routers(now) - routers(before) + drops(ICMPV6, "raw6")],
    547: [sent.server + sent.relay + sent.back, on547 + drops(547)],
    546: [sent.client, client + queueFull + drops(546)],
    111: [sent.portmapper, portmapper(now) - portmapper(before) + drops(111)],
  };
  console.log(`strangers: ${JSON.stringify({ sent, rows, refused: now.lan.server.refused, ignored: now.uplink6.uplinks[0]?.ignored })}`);
  for (const [name, [given = 0, found = 0]] of Object.entries(rows)) {
    // the provider and dhclient speak too, now and then
    assert.ok(found >= given && found < given + 50, `${name}: ${given} were sent, ${found} are accounted for`);
  }
}

test(
  "70,000 datagrams and streams of strangers change no process, no lease and no memory, are accounted for, and the next client is served at once",
  needsPeers,
  () =>
    inWorld(async (world) => {
      const { ours, gateway, dhclient, root } = world;
      const pids = await pidsOf(ours);
      const drops: Drops = (port, table) => droppedAt(pids.get("main") ?? 0, port, table);
      const held = { host: leased(dhclient), lan0: (await globals6(gateway, "lan0")).map(({ local }) => local) };
      const before = facts(await ours.show());
      const strangers = new Strangers(world);
      try {
        await strangers.look();
        const memory: ReadonlyMap<string, number>[] = [];
        for (let round = 0; round < ROUNDS; round++) {
          await strangers.round();
          memory.push(memoryOf(pids));
        }
        await delay(200);
        await accounted(world, before, strangers, drops);
        await oddlyAsked(ours, strangers);
        await notDeaf(world, strangers);
        await strangers.slowStreams();

        const { connections } = facts(await ours.show()).directory;
        assert.ok(connections >= STREAMS.yp + STREAMS.userdb, `${connections} connections of those who are slow`);
        await assertSameProcesses(ours, pids);
        const grew = [...pids.keys()].map((name) => [name, (memory.at(-1)?.get(name) ?? 0) - (memory[1]?.get(name) ?? 0)] as const);
        console.log(`strangers: MiB by round ${JSON.stringify(memory.map((one) => [...one.values()].map((kb) => Math.round(kb / 102.4) / 10)))}`);
        console.log(`strangers: KiB grown from the second quarter to the last: ${JSON.stringify(Object.fromEntries(grew))}`);
        for (const [name, kb] of grew) assert.ok(kb < GREW_KB, `${name} grew by ${kb} KiB`);
        assert.deepEqual(
          (await globals6(gateway, "lan0")).map(({ local }) => local),
          held.lan0,
        );
        assert.equal(leased(dhclient), held.host);

        const tookMs = await newClient(world);
        const matched = await root.run("ypmatch", userName(7), "passwd.byname");
        assert.equal(matched.code, 0, matched.stderr);
        assert.ok(matched.stdout.startsWith(`${userName(7)}:*:`));
        const renewals = (await renewed(ours)).sent["renew"] ?? 0;
        const uplink = await waitFor(
          async (see) => {
            const now = await renewed(ours);
            see(`${JSON.stringify(now)}\n${ours.log().slice(-2000)}`);
            return (now.sent["renew"] ?? 0) > renewals && now.state === "bound" ? now : undefined;
          },
          PATIENCE_MS,
          "a clean renewal",
        );
        assert.equal(JSON.stringify(uplink.lease?.prefixes).includes("2001:db8:10"), true);
        console.log(`strangers: a new client had its lease after ${Math.round(tookMs)} ms`);

        const { main } = await ours.show();
        const victim = main.roles.find(({ name }) => name === "engine-uplink6")?.pid ?? -1;
        process.kill(victim, "SIGKILL");
        await strangers.round();
        await assert.rejects(
          () => assertSameProcesses(ours, pids),
          assert.AssertionError,
          "control: a role that died under the flood is not noticed",
        );
      } finally {
        strangers.close();
      }
    }),
);

/** Datagrams longer than are read, and empty ones, are counted too. */
async function oddlyAsked(ours: Leasehold, strangers: Strangers): Promise<void> {
  const count = async (): Promise<readonly number[]> => {
    const { lan, uplink6 } = facts(await ours.show());
    return [lan.server.refused["too-long"] ?? 0, lan.server.refused["truncated"] ?? 0, uplink6.uplinks[0]?.ignored["truncated"] ?? 0];
  };
  const before = await count();
  await strangers.oddities();
  await waitFor(
    async (see) => {
      const more = (await count()).map((now, i) => now - (before[i] ?? 0));
      see(more);
      return more[0] === DATAGRAMS.odd / 2 && more[1] === DATAGRAMS.odd / 2 && more[2] === DATAGRAMS.odd;
    },
    2000,
    "what is too long and what is empty is counted",
  );
}

/** A socket that is readable and gives nothing is no reason to read it no more. */
async function notDeaf({ ours }: World, strangers: Strangers): Promise<void> {
  const badSums = (): number => Number(/^Udp6InCsumErrors\s+(\d+)/m.exec(readFileSync(`/proc/${ours.program.pid}/net/snmp6`, "utf8"))?.[1] ?? 0);
  const heard = async (): Promise<readonly number[]> => {
    const { lan, uplink6 } = facts(await ours.show());
    return [lan.server.received, uplink6.uplinks[0]?.received ?? 0];
  };
  const [bad, before] = [badSums(), await heard()];
  for (let i = 1; i <= BAD_SUMS; i++) {
    for (const port of [547, 546] as const) await strangers.badSums(port);
    await waitFor(
      async (see) => {
        const now = await heard();
        see({ i, before, now, bad: badSums() - bad });
        return now.every((count, at) => count - (before[at] ?? 0) >= i) && badSums() - bad === 2 * i;
      },
      2000,
      "the datagram behind one with a wrong sum is heard",
    );
  }
}

async function renewed(ours: Leasehold) {
  const [uplink] = facts(await ours.show()).uplink6.uplinks;
  assert.ok(uplink !== undefined);
  return uplink;
}
