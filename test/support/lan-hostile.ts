/**
 * The running server under datagrams that somebody broke, and an account of every one: what the kernel dropped at the socket, what was
 * answered, what was refused and why. On the same link is a client that does nothing wrong, and may not wait.
 *
 *   sent = dropped by the kernel + received        received = answered + refused by reason
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setImmediate as turn, setTimeout as delay } from "node:timers/promises";
import { type Duid, duidLl } from "../../src/base/duid.ts";
import type { Ipv6Address } from "../../src/base/ipv6.ts";
import type { MacAddress } from "../../src/base/mac.ts";
import { inet6Address } from "../../src/platform/inet6-sockets.ts";
import {
  AF,
  type Batch,
  BATCH_ADDRESS_BYTES,
  BATCH_META_BYTES,
  batchLayout,
  check,
  ERRNO,
  native,
  SO,
  SOCK,
  SOL,
} from "../../src/platform/native.ts";
import { iaNa, iaPd } from "../../src/wire/dhcp6/leases.ts";
import { decodeDhcp6, dhcp6, type Dhcp6ClientKind, type Dhcp6ClientMessage, encodeDhcp6, isRelayMessage } from "../../src/wire/dhcp6/message.ts";
import type { Dhcp6Options } from "../../src/wire/dhcp6/options.ts";
import { Dice, Maker } from "../fuzz/server-flood-maker.ts";
import { droppedAt } from "./flood.ts";
import { type Leasehold, startLeasehold } from "./leasehold.ts";
import { linkLocal, wire6 } from "./link6.ts";
import { residentKb } from "./mutated-flood.ts";
import { type Namespace, waitFor, withNamespaces } from "./namespace.ts";
import { withScratch } from "./scratch.ts";

const PORT = { client: 546, server: 547 } as const;
const SERVERS = "ff02::1:2" as Ipv6Address;
const SHAPE = { slots: 128, dataSize: 12_288, controlSize: 0 } as const;
const SOCKADDR_BYTES = 28;
/** Of the server's buffer, before the sender waits: what goes unread tests nothing. */
const QUEUE_MOST_BYTES = 1_000_000;
const SETTLED_MS = 20_000;
/** Within which a client is served; and beyond which it would have asked again twice. */
const SERVED_MS = 1000;
const ANSWER_MS = 5000;
const CONFIGURATION = `[lan.lan0]
ra = "off"
address_pool = "2001:db8:1::100/120"
prefix_pool = "2001:db8:8000::/52"
delegated_length = 60
rapid_commit = true

[relayed.far]
link = "2001:db8:2::/64"
address_pool = "2001:db8:2::100/120"
`;

export type Counts = Readonly<Record<string, number>>;
export type LanFacts = {
  readonly pids: Counts;
  readonly server: { readonly received: number; readonly sent: Counts; readonly refused: Counts };
};
type Hostile = { readonly ours: Leasehold; readonly flood: Flood; readonly client: CleanClient };

/** A server, somebody who sends it what they like, and a client on the same link. */
export async function inHostileWorld(seed: number, story: (world: Hostile) => Promise<void>): Promise<void> {
  await withScratch((folder) =>
    withNamespaces(["gateway", "hosts", "guest"], async ({ gateway, hosts, guest }) => {
      await wire6(gateway, "b0", hosts, "h0");
      await wire6(gateway, "b1", guest, "g0");
      await gateway.bridge("lan0", ["b0", "b1"]);
      await linkLocal(gateway, "lan0");
      await gateway.address("lan0", "2001:db8:1::1/64");
      const ours = await startLeasehold(gateway, folder, CONFIGURATION);
      const client = await CleanClient.at(guest, "g0");
      const serverId = await waitFor(() => client.serverId(), SETTLED_MS, "the server answers");
      client.said = (await lanFacts(ours)).server.received; // what it asked before anybody was there is nobody's
      const flood = await Flood.at(hosts, "h0", { seed, serverId, pid: () => ours.program.pid });
      try {
        await story({ ours, flood, client });
      } finally {
        client.close();
        flood.close();
      }
    }),
  );
}

/** Sends mutated datagrams from a link of a namespace, as many at a time as the kernel takes. */
export class Flood {
  /** That the kernel took. */
  sent = 0;
  readonly #fd: number;
  /** Bound to port 546 and never read: answers go there, and nobody says that nobody is there. */
  readonly #sink: number;
  readonly #batch: Batch = native().batchNew(SHAPE.slots, SHAPE.dataSize, SHAPE.controlSize);
  readonly #maker: Maker;
  readonly #pid: () => number;

  private constructor(made: { fd: number; sink: number; maker: Maker; pid: () => number; link: number }) {
    this.#fd = made.fd;
    this.#sink = made.sink;
    this.#maker = made.maker;
    this.#pid = made.pid;
    const layout = batchLayout(SHAPE);
    const addresses = new Uint8Array(this.#batch.arena, layout.addresses, SHAPE.slots * BATCH_ADDRESS_BYTES);
    for (let slot = 0; slot < SHAPE.slots; slot++) addresses.set(inet6Address(SERVERS, PORT.server, made.link), slot * BATCH_ADDRESS_BYTES);
  }

  static async at(ns: Namespace, name: string, { seed, serverId, pid }: { seed: number; serverId: Duid; pid: () => number }): Promise<Flood> {
    const link = await indexOf(ns, name);
    const from = (await linkLocal(ns, name)) as Ipv6Address;
    const fd = ns.inside(() => opened(from, 0, link));
    const sink = ns.inside(() => opened(from, PORT.client, link));
    return new Flood({ fd, sink, maker: new Maker(new Dice(seed), serverId), pid, link });
  }

  async send(count: number): Promise<void> {
    const layout = batchLayout(SHAPE);
    const bytes = new Uint8Array(this.#batch.arena, layout.data, SHAPE.slots * SHAPE.dataSize);
    const meta = new Uint32Array(this.#batch.arena, layout.metas, (SHAPE.slots * BATCH_META_BYTES) / 4);
    for (let left = count; left > 0; ) {
      const now = Math.min(SHAPE.slots, left);
      for (let slot = 0; slot < now; slot++) {
        meta[slot * 4] = this.#maker.make(bytes, slot * SHAPE.dataSize);
        meta[slot * 4 + 1] = SOCKADDR_BYTES;
      }
      await this.#given(now);
      left -= now;
      await turn(); // the client gets its answers
      while (waitingAt(this.#pid()) > QUEUE_MOST_BYTES) await delay(1);
    }
  }

  close(): void {
    native().close(this.#fd);
    native().close(this.#sink);
  }

  async #given(count: number): Promise<void> {
    for (let from = 0; from < count; ) {
      const went = native().sendBatch(this.#fd, this.#batch.handle, from, count);
      if (went > 0) {
        from += went;
        this.sent += went;
      } else if (went === -ERRNO.EAGAIN || went === -ERRNO.ENOBUFS) await delay(1);
      else check(went, "sendmmsg");
    }
  }
}

/** Whoever answers slowly to this one answers slowly to all. */
export class CleanClient {
  /** Messages that it said. */
  said = 0;
  /** How often it was served, and how often later than in a second; the longest wait for an answer, in milliseconds. */
  served = 0;
  late = 0;
  slowestMs = 0;
  readonly #fd: number;
  readonly #link: number;
  readonly #bytes = new Uint8Array(2048);
  #transaction = 0x100000;
  #clients = 0;

  private constructor(fd: number, link: number) {
    this.#fd = fd;
    this.#link = link;
  }

  static async at(ns: Namespace, name: string): Promise<CleanClient> {
    const link = await indexOf(ns, name);
    const from = (await linkLocal(ns, name)) as Ipv6Address;
    return new CleanClient(
      ns.inside(() => opened(from, PORT.client, link)),
      link,
    );
  }

  /** Who serves here; undefined while nobody does. */
  async serverId(): Promise<Duid | undefined> {
    return (await this.#ask("informationRequest", {}))?.options.serverId;
  }

  /** From Solicit to Release as a new client. */
  async isServed(): Promise<void> {
    const clientId = duidLl(`02:cc:00:00:00:${(this.#clients++ % 256).toString(16).padStart(2, "0")}` as MacAddress);
    const wanted = { clientId, iaNa: [iaNa({ iaid: 1 })], iaPd: [iaPd({ iaid: 1 })] };
    const began = performance.now();
    const advertise = await this.#ask("solicit", wanted);
    const serverId = advertise?.options.serverId ?? assert.fail("no Advertise in time");
    const reply = (await this.#ask("request", { ...wanted, serverId })) ?? assert.fail("no Reply in time");
    const { iaNa: nas = [], iaPd: pds = [] } = reply.options;
    assert.ok(nas.length === 1 && pds.length === 1, JSON.stringify(reply));
    this.served++;
    if (performance.now() - began > SERVED_MS) this.late++;
    assert.ok((await this.#ask("release", { clientId, serverId, iaNa: nas, iaPd: pds })) !== undefined, "no Reply to a Release in time");
  }

  close(): void {
    native().close(this.#fd);
  }

  async #ask(kind: Dhcp6ClientKind, options: Dhcp6Options): Promise<Dhcp6ClientMessage | undefined> {
    const transactionId = this.#transaction++;
    const began = performance.now();
    check(
      native().sendTo(this.#fd, encodeDhcp6(dhcp6({ kind, transactionId, options })), inet6Address(SERVERS, PORT.server, this.#link), 0),
      "sendto",
    );
    this.said++;
    while (performance.now() - began < ANSWER_MS) {
      const length = native().recvFrom(this.#fd, this.#bytes, undefined, 0);
      const message = length > 0 ? decodeDhcp6(this.#bytes.slice(0, length)) : undefined;
      if (message !== undefined && !isRelayMessage(message) && message.transactionId === transactionId) {
        this.slowestMs = Math.max(this.slowestMs, performance.now() - began);
        return message;
      }
      await delay(1);
    }
    return undefined;
  }
}

export async function lanFacts(ours: Leasehold): Promise<LanFacts> {
  const shown = await ours.show();
  const roles = shown.main.roles.filter(({ name }) => name !== "control"); // comes and goes as it is asked
  const { server } = shown["lan"] as { readonly server: LanFacts["server"] };
  return { pids: { main: shown.main.pid, ...Object.fromEntries(roles.map(({ name, pid }) => [name, pid])) }, server };
}

/** Every datagram is accounted for, as soon as all were read. */
export async function accountedLan(
  { ours, flood, client }: Hostile,
  patienceMs: number = SETTLED_MS,
): Promise<LanFacts & { readonly kernelDrops: number }> {
  return waitFor(
    async (see) => {
      const facts = await lanFacts(ours);
      const { received, sent, refused } = facts.server;
      assert.equal(received, sum(sent) + sum(refused), "answered, or refused for a reason");
      const kernelDrops = droppedAt(ours.program.pid, PORT.server);
      const due = flood.sent + client.said;
      see({ due, received, kernelDrops });
      return due === received + kernelDrops ? { ...facts, kernelDrops } : undefined;
    },
    patienceMs,
    "every datagram is accounted for",
  );
}

export function engineKb({ pids }: LanFacts): number {
  return sum(residentKb(pids));
}

export function sum(counts: Counts): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

function opened(from: Ipv6Address, port: number, link: number): number {
  const fd = check(native().socket(AF.inet6, SOCK.dgram, 0), "socket");
  native().setSockOpt(fd, SOL.socket, SO.receiveBufferForce, new Uint8Array(new Int32Array([1_048_576]).buffer));
  native().setSockOpt(fd, SOL.socket, SO.sendBuffer, new Uint8Array(new Int32Array([4_194_304]).buffer));
  check(native().bind(fd, inet6Address(from, port, link)), "bind");
  return fd;
}

/** Bytes that wait at sockets on port 547 of a process's namespace. */
function waitingAt(pid: number): number {
  const wanted = `:${PORT.server.toString(16).toUpperCase().padStart(4, "0")}`;
  const rows = readFileSync(`/proc/${pid}/net/udp6`, "utf8").trim().split("\n").slice(1);
  const ours = rows.map((row) => row.trim().split(/\s+/)).filter(([, local]) => local?.endsWith(wanted));
  return Math.max(0, ...ours.map(([, , , , queues]) => Number.parseInt(queues?.split(":")[1] ?? "0", 16)));
}

async function indexOf(ns: Namespace, name: string): Promise<number> {
  const [link] = (await ns.json("ip", "-j", "link", "show", "dev", name)) as readonly { readonly ifindex: number }[];
  return link?.ifindex ?? assert.fail(`there is no ${name}`);
}
