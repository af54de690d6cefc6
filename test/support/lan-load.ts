/**
 * Clients that ask a DHCPv6 server without pause, come and go, and the book of what each was promised. Everything a Reply said is held
 * against the server from then on: a Renew has to be granted the same, and what one client has nobody else is given.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Ipv6Address } from "../../src/base/ipv6.ts";
import { DatagramSocket } from "../../src/platform/datagram-socket.ts";
import { openDhcp6ClientSocket } from "../../src/platform/inet6-sockets.ts";
import { KernelNetwork } from "../../src/platform/netlink/kernel-network.ts";
import type { Chance } from "../../src/sim/chance.ts";
import { CODE6, type Message6, readMessage6, type Resource, TYPE6, writeMessage6 } from "./dhcp6-wire.ts";
import type { Namespace } from "./namespace.ts";

const GROUP = "ff02::1:2" as Ipv6Address;
const SERVER_PORT = 547;
const TICK_MS = 5;
/** What is not answered is asked again after this time, then after twice as long: who asks an overworked server ever faster is never served. */
const AGAIN_MS = { first: 250, most: 2000 } as const;
/** Clients with leases at once: what they hold and what rests for those that are gone is more than the pools have. */
const HOLDERS_MOST = 1200;
const WINDOW = 64;

type Kind = "sarr" | "rapid" | "renew" | "rebind" | "release";
type Holder = {
  readonly number: number;
  readonly clientId: string;
  /** Of IA_NA, IA_PD or both. */
  readonly codes: readonly number[];
  /** What it was promised last, by code. */
  readonly held: Map<number, Resource>;
  busy: boolean;
  /** Of its last answer. */
  heardAt: number;
};
type Exchange = {
  readonly kind: Kind;
  readonly holder: Holder;
  readonly transaction: number;
  type: number;
  wanted: ReadonlyMap<number, Resource>;
  sentAt: number;
  againMs: number;
};

export class LanLoad {
  /** Sentences about broken promises; empty as long as the server keeps its word. */
  readonly faults: string[] = [];
  readonly #socket: DatagramSocket;
  readonly #chance: Chance;
  readonly #perTick: number;
  readonly #underWay = new Map<number, Exchange>();
  readonly #holders: Holder[] = [];
  /** Who was promised what and has not said to be done with it. */
  readonly #owners = new Map<Resource, Holder>();
  #timer: NodeJS.Timeout | undefined;
  #serverId: string | undefined;
  #numbers = 0;
  #transactions = 0;
  #paused = false;
  /** Replies, and exchanges that ended with nothing for want of room. */
  replies = 0;
  refused = 0;
  reused = 0;
  readonly #once = new Set<Resource>();

  constructor(ns: Namespace, name: string, { chance, perSecond }: { readonly chance: Chance; readonly perSecond: number }) {
    const { fd, link } = ns.inside(() => {
      const network = new KernelNetwork();
      const index = network.link(name)?.index ?? 0;
      network.close();
      return { fd: openDhcp6ClientSocket(index, name), link: index };
    });
    this.#chance = chance;
    this.#perTick = (perSecond * TICK_MS) / 1000;
    this.#socket = new DatagramSocket(fd, link, (datagrams) => {
      for (const { payload } of datagrams) this.#heard(Buffer.from(payload));
    });
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#socket.close();
  }

  get promised(): ReadonlyMap<Resource, { readonly clientId: string }> {
    return this.#owners;
  }

  /** What is asked now, for whoever wonders why nothing is answered. */
  get underWay(): string {
    const kinds = [...this.#underWay.values()].map(
      ({ kind, type, holder }) => `${kind} ${type} of ${holder.clientId} with ${[...holder.held.values()]}`,
    );
    return `${kinds.length} under way: ${kinds.slice(0, 8).join("; ")}`;
  }

  /** Every promise is asked for again, with nothing else under way, and has to be answered. @returns how many there were */
  async audit(patienceMs: number): Promise<number> {
    this.#paused = true;
    await this.#empty(patienceMs);
    const before = this.#holders.filter(({ held }) => held.size > 0);
    const asking = [...before];
    const end = performance.now() + patienceMs;
    while (asking.length > 0 || this.#underWay.size > 0) {
      while (asking.length > 0 && this.#underWay.size < WINDOW) {
        const holder = asking.pop();
        if (holder !== undefined) this.#begin("renew", holder);
      }
      if (performance.now() > end) throw new Error(`${asking.length + this.#underWay.size} promises were asked for and not answered`);
      await delay(TICK_MS);
    }
    this.#paused = false;
    return before.length;
  }

  async #empty(patienceMs: number): Promise<void> {
    const end = performance.now() + patienceMs;
    while (this.#underWay.size > 0) {
      if (performance.now() > end) throw new Error(`${this.#underWay.size} exchanges were not answered`);
      await delay(TICK_MS);
    }
  }

  #tick(): void {
    const now = performance.now();
    for (const exchange of this.#underWay.values()) {
      if (now - exchange.sentAt <= exchange.againMs) continue;
      exchange.againMs = Math.min(AGAIN_MS.most, 2 * exchange.againMs);
      this.#send(exchange);
    }
    if (this.#paused) return;
    for (let n = 0; n < this.#perTick && this.#underWay.size < WINDOW; n++) this.#next();
  }

  #next(): void {
    const crowded = this.#holders.length >= HOLDERS_MOST;
    const draw = this.#chance.below(100);
    const old = this.#holders[this.#chance.below(Math.max(1, this.#holders.length))];
    const idle = old !== undefined && !old.busy && old.held.size > 0 ? old : undefined;
    if (idle !== undefined && draw < 30) return this.#begin(draw < 25 ? "renew" : "rebind", idle);
    if (idle !== undefined && (crowded || draw < 45)) return this.#begin("release", idle);
    if (!crowded) this.#begin(draw < 60 ? "rapid" : "sarr", this.#newcomer());
  }

  #newcomer(): Holder {
    const number = ++this.#numbers;
    const codes = ([[CODE6.iaNa], [CODE6.iaPd], [CODE6.iaNa, CODE6.iaPd]] as const)[number % 3] ?? [];
    const clientId = `000300010a00${number.toString(16).padStart(8, "0")}`;
    const holder: Holder = { number, clientId, codes, held: new Map(), busy: false, heardAt: 0 };
    this.#holders.push(holder);
    return holder;
  }

  #begin(kind: Kind, holder: Holder): void {
    const transaction = this.#transactions++ & 0xffffff;
    const type = { sarr: TYPE6.solicit, rapid: TYPE6.solicit, renew: TYPE6.renew, rebind: TYPE6.rebind, release: TYPE6.release }[kind];
    const exchange: Exchange = { kind, holder, transaction, type, wanted: new Map(holder.held), sentAt: 0, againMs: AGAIN_MS.first };
    holder.busy = true;
    this.#underWay.set(transaction, exchange);
    // From its first Release on the client is done with it, answered or not.
    if (kind === "release") this.#forget(holder);
    this.#send(exchange);
  }

  #forget(holder: Holder): void {
    for (const resource of holder.held.values()) this.#owners.delete(resource);
    holder.held.clear();
    const at = this.#holders.indexOf(holder);
    const last = this.#holders.pop();
    if (at !== -1 && last !== undefined && last !== holder) this.#holders[at] = last;
  }

  #send(exchange: Exchange): void {
    const { kind, holder, transaction, type, wanted } = exchange;
    const named = type === TYPE6.request || type === TYPE6.renew || type === TYPE6.release;
    if (named && this.#serverId === undefined) return;
    exchange.sentAt = performance.now();
    const associations = holder.codes.map((code) => ({ code, iaid: holder.number, resource: wanted.get(code) }));
    const question = {
      type,
      transaction,
      clientId: holder.clientId,
      serverId: named ? this.#serverId : undefined,
      rapid: kind === "rapid",
      associations,
    };
    this.#socket.send(GROUP, SERVER_PORT, writeMessage6(question));
  }

  #heard(bytes: Buffer): void {
    const message = readMessage6(bytes);
    const exchange = message === undefined ? undefined : this.#underWay.get(message.transaction);
    if (message === undefined || exchange === undefined || message.clientId !== exchange.holder.clientId) return;
    this.#serverId ??= message.serverId;
    if (message.serverId !== this.#serverId) this.faults.push(`the server calls itself ${message.serverId}`);
    if (message.type === TYPE6.advertise && exchange.kind === "sarr" && exchange.type === TYPE6.solicit) {
      exchange.wanted = given(message);
      exchange.type = TYPE6.request;
      exchange.againMs = AGAIN_MS.first;
      return this.#send(exchange);
    }
    if (message.type !== TYPE6.reply || (exchange.type === TYPE6.solicit && exchange.kind !== "rapid")) return;
    this.#underWay.delete(message.transaction);
    exchange.holder.busy = false;
    exchange.holder.heardAt = performance.now();
    this.replies++;
    if (exchange.kind !== "release") this.#promised(exchange, given(message));
  }

  #promised({ kind, holder }: Exchange, now: ReadonlyMap<number, Resource>): void {
    for (const code of holder.codes) {
      const [before, resource] = [holder.held.get(code), now.get(code)];
      if (before !== undefined && resource !== before)
        this.faults.push(`${holder.clientId} was promised ${before}; a ${kind} was answered with ${resource ?? "nothing"}`);
      if (resource === undefined) {
        this.refused++;
        continue;
      }
      const owner = this.#owners.get(resource);
      if (owner !== undefined && owner !== holder) this.faults.push(`${resource} is ${owner.clientId}'s and was given to ${holder.clientId} too`);
      if (before === undefined && this.#once.has(resource)) this.reused++;
      this.#once.add(resource);
      this.#owners.set(resource, holder);
      holder.held.set(code, resource);
    }
    if (holder.held.size === 0) this.#forget(holder);
  }
}

/** What may be used, by the code of its association. */
function given({ associations }: Message6): ReadonlyMap<number, Resource> {
  return new Map(
    associations.flatMap((one) => {
      const [first] = one.given.filter(({ validSeconds }) => validSeconds > 0);
      return first === undefined ? [] : [[one.code, first.resource] as const];
    }),
  );
}
