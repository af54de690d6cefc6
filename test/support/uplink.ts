/**
 * The DHCPv4 client on a time line. Deadlines come by themselves as `at` moves time on; every message that goes out must be named by
 * `sends`, at its time, or the next `at` fails. Jitter is taken out: every draw lies in the middle, so that times are round.
 */
import assert from "node:assert/strict";
import { Entropy, seedOf } from "../../src/base/entropy.ts";
import { type Ipv4Address, UNSPECIFIED_V4 } from "../../src/base/ipv4.ts";
import type { MacAddress } from "../../src/base/mac.ts";
import { type Instant, instant, NEVER } from "../../src/base/time.ts";
import { dhcp4Client } from "../../src/machines/dhcp4-client/client.ts";
import {
  type ClientEffect,
  type ClientEvent,
  type ClientState,
  type IgnoreReason,
  initialState,
  type Lease,
  type Phase,
} from "../../src/machines/dhcp4-client/state.ts";
import { type ClientConfig, STANDARD } from "../../src/machines/dhcp4-client/config.ts";
import { chaddr } from "../../src/wire/dhcp4/hardware.ts";
import { type Dhcp4Message, dhcp4 } from "../../src/wire/dhcp4/message.ts";
import type { Dhcp4Type } from "../../src/wire/dhcp4/types.ts";
import type { ArpPacket } from "../../src/wire/ip/arp.ts";

export const MAC = "02:00:00:00:00:01" as MacAddress;
export const NEIGHBOUR_MAC = "02:00:00:00:00:aa" as MacAddress;
export const SERVER_MAC = "02:00:00:00:00:fe" as MacAddress;
export const SERVER = "192.0.2.1" as Ipv4Address;
export const ADDRESS = "192.0.2.10" as Ipv4Address;
export const CONFIG: ClientConfig = { ...STANDARD, conflictDetection: "off" };
/** A lease as SERVER gives it, for 3600 s. */
export function lease(more: Partial<Lease> = {}): Lease {
  return {
    address: ADDRESS,
    prefixLength: 24,
    serverId: SERVER,
    serverMac: SERVER_MAC,
    routes: [],
    plainRoutes: [],
    nameServers: [],
    searchDomains: [],
    ntpServers: [],
    hostName: "",
    mtuBytes: 0,
    ipv6OnlySeconds: undefined,
    nextServer: UNSPECIFIED_V4,
    bootFile: "",
    options: [],
    byHand: false,
    acquiredAt: instant(0),
    renewAt: instant(1_800_000),
    rebindAt: instant(3_150_000),
    expiresAt: instant(3_600_000),
    ...more,
  };
}

/** Draws in the middle differ by less than this. */
const TOLERANCE_MS = 1;

type Send = Extract<ClientEffect, { kind: "send" }>;
type Sent = Send & { readonly at: Instant };
type Phases = Phase["kind"];

/** Draws in the middle of every range, and every one a little different: transaction ids are told apart. */
class Even extends Entropy {
  static #draws = 0;
  override u32(): number {
    return 0x80000000 + (Even.#draws++ & 0xff);
  }
}

export function client(config: Partial<ClientConfig> = {}): Timeline {
  return new Timeline({ ...CONFIG, ...config });
}

/** undefined: the option is not there. */
type MaybeOptions = { readonly [K in keyof Dhcp4Message["options"]]?: Dhcp4Message["options"][K] | undefined };
/** An answer to what was sent last, right in every field that is not given. */
export type Answer = { readonly options?: MaybeOptions; readonly source?: Ipv4Address } & Partial<Omit<Dhcp4Message, "options">>;

export class Timeline {
  state: ClientState;
  readonly effects: ClientEffect[] = [];
  #now: Instant = instant(0);
  #unclaimed: Sent[] = [];
  #lastXid = 0;
  #sentCount = 0;
  #said: string[] = [];
  #watched: Ipv4Address | undefined;

  constructor(config: ClientConfig) {
    this.state = initialState(config);
  }

  get sentCount(): number {
    return this.#sentCount;
  }
  get dueSeconds(): number {
    return dhcp4Client.deadline(this.state) / 1000;
  }
  get now(): Instant {
    return this.#now;
  }

  /** Moves time on to so many seconds; deadlines on the way come at their times. */
  at(seconds: number): this {
    for (;;) {
      const due = dhcp4Client.deadline(this.state);
      if (due > seconds * 1000 + TOLERANCE_MS) break;
      this.#nothingUnclaimed();
      this.#now = instant(Math.max(this.#now, due));
      this.happens({ kind: "deadline" });
    }
    this.#nothingUnclaimedBefore(instant(seconds * 1000 - TOLERANCE_MS));
    this.#now = instant(Math.max(this.#now, seconds * 1000));
    return this;
  }

  /** As `at`, for tests that count messages instead of naming them. */
  runsTo(seconds: number): this {
    for (let due = dhcp4Client.deadline(this.drained().state); due <= seconds * 1000; due = dhcp4Client.deadline(this.drained().state))
      this.at(due / 1000);
    return this.at(seconds);
  }

  /** Time jumps, as in a suspend: no deadline comes on the way, one does at the end. */
  sleepsUntil(seconds: number): this {
    this.#nothingUnclaimed();
    this.#now = instant(seconds * 1000);
    return this.happens({ kind: "deadline" });
  }

  /** An event before the deadline that is long due: an alarm that comes late. */
  happensAt(at: Instant, event: ClientEvent): this {
    this.#nothingUnclaimed();
    this.#now = at;
    return this.happens(event);
  }

  linkUp(mac: MacAddress = MAC): this {
    return this.happens({ kind: "link", up: true, mac });
  }
  linkDown(mac: MacAddress = MAC): this {
    return this.happens({ kind: "link", up: false, mac });
  }
  removed(): this {
    return this.happens({ kind: "removed" });
  }
  stored(lease: Lease): this {
    return this.happens({ kind: "stored", lease });
  }
  configured(config: Partial<ClientConfig>): this {
    return this.happens({ kind: "configure", config: { ...this.state.config, ...config } });
  }

  commanded(verb: "renew" | "release" | "reboot"): this {
    return this.happens({ kind: "command", verb });
  }
  /** The socket that hears of this address is there. */
  watching(address: Ipv4Address = ADDRESS): this {
    return this.happens({ kind: "watching", address });
  }
  /** A neighbour says something: a reply unless it is said otherwise. */
  hears(packet: Partial<ArpPacket>): this {
    const standard = { operation: "reply", senderMac: NEIGHBOUR_MAC, senderAddress: UNSPECIFIED_V4, targetMac: MAC } as const;
    return this.happens({ kind: "arp", packet: { ...standard, targetAddress: UNSPECIFIED_V4, ...packet } });
  }

  offer(answer: Answer = {}): this {
    return this.#answered("offer", { yiaddr: ADDRESS, ...answer });
  }
  ack(answer: Answer = {}): this {
    return this.#answered("ack", { yiaddr: ADDRESS, ...answer, options: { leaseSeconds: 3600, ...answer.options } });
  }
  nak(answer: Answer = {}): this {
    return this.#answered("nak", answer);
  }
  forcerenew(): this {
    return this.#answered("forcerenew", {});
  }

  happens(event: ClientEvent): this {
    const before = this.state;
    const { state, effects } = dhcp4Client.step(before, event, { now: this.#now, entropy: new Even(seedOf(1)) });
    const [from, to] = [before.phase.kind, state.phase.kind];
    const legal: readonly string[] = dhcp4Client.transitions[from] ?? [];
    assert.ok(from === to || legal.includes(to), `no edge from ${from} to ${to}`);
    if (effects.some(({ kind }) => kind === "ignored")) assert.equal(state, before, "what is ignored leaves the state object as it was");
    this.state = state;
    this.effects.push(...effects);
    for (const effect of effects) {
      if (effect.kind === "send") this.#sent(effect);
      if (effect.kind === "arp") this.#said.push(`${effect.what} ${effect.address} at ${Math.round(this.#now / 10) / 100}`);
      if (effect.kind === "watch") this.#watched = effect.address;
    }
    return this;
  }

  /** The next message that went out, now. */
  sends(
    type: "discover" | "request" | "decline" | "release" | "inform",
    check: { readonly to?: Send["to"]; readonly from?: Ipv4Address; readonly direct?: MacAddress | undefined } & Partial<
      Omit<Dhcp4Message, "options">
    > & {
        readonly options?: MaybeOptions;
      } = {},
  ): this {
    const sent = this.#unclaimed.shift();
    assert.ok(sent !== undefined, `nothing went out at ${this.#now / 1000} s, but a ${type} should`);
    assert.equal(sent.message.options.messageType, type);
    const { to, from, direct, options = {}, ...header } = check;
    if ("direct" in check) assert.equal(sent.direct, direct);
    if (to !== undefined) assert.equal(sent.to, to);
    if (from !== undefined) assert.equal(sent.from, from);
    for (const [name, value] of Object.entries(header)) assert.deepEqual(sent.message[name as keyof Dhcp4Message], value, name);
    for (const [name, value] of Object.entries(options)) assert.deepEqual(sent.message.options[name as keyof Dhcp4Message["options"]], value, name);
    return this;
  }

  /** These ARP frames went out since last looked at, each with its second: "probe 192.0.2.10 at 0.5". */
  says(...frames: readonly string[]): this {
    assert.deepEqual(this.#said, frames);
    this.#said = [];
    return this;
  }
  /** What is listened for. */
  listensFor(address: string | undefined): this {
    assert.equal(this.#watched, address);
    return this;
  }

  becomes(phase: Phases): this {
    assert.equal(this.state.phase.kind, phase);
    return this;
  }
  holds(address: string | undefined): this {
    assert.equal(this.state.phase.held?.address, address);
    return this;
  }
  /** The last step's effects, messages aside, were these. */
  does(...kinds: readonly ClientEffect["kind"][]): this {
    const others = this.effects.filter(({ kind }) => kind !== "send").map(({ kind }) => kind);
    assert.deepEqual(others, kinds);
    this.effects.length = 0;
    return this;
  }
  ignores(reason: IgnoreReason): this {
    const ignored = this.effects.flatMap((effect) => (effect.kind === "ignored" ? [effect.reason] : []));
    assert.deepEqual(ignored, [reason]);
    this.effects.length = 0;
    return this;
  }
  /** Nothing is waited for, or it is at this second. */
  nextAt(seconds: number | "never"): this {
    const due = dhcp4Client.deadline(this.state);
    if (seconds === "never") assert.equal(due, NEVER);
    else assert.ok(Math.abs(due - seconds * 1000) <= TOLERANCE_MS, `the next deadline is at ${due / 1000} s, not ${seconds} s`);
    return this;
  }
  /** Nothing more went out. */
  silent(): this {
    this.#nothingUnclaimed();
    return this;
  }
  /** The last message that went out, whoever asked about it. */
  get said(): Send {
    const last = this.effects.findLast((effect): effect is Send => effect.kind === "send");
    assert.ok(last !== undefined, "nothing went out");
    return last;
  }
  /** Messages that nobody asks about, for tests that count them. */
  drained(): this {
    this.#unclaimed = [];
    return this;
  }

  #answered(messageType: Dhcp4Type, { options, source, ...header }: Answer): this {
    const message = dhcp4({
      op: "reply",
      xid: this.#lastXid,
      chaddr: chaddr(this.state.mac ?? MAC),
      ...header,
      options: { serverId: SERVER, ...options, messageType } as Dhcp4Message["options"],
    });
    const bare = Object.fromEntries(Object.entries(message.options).filter(([, value]) => value !== undefined)) as Dhcp4Message["options"];
    return this.happens({ kind: "received", message: { ...message, options: bare }, source: source ?? SERVER, sourceMac: SERVER_MAC });
  }
  #sent(effect: Send): void {
    this.#sentCount++;
    this.#lastXid = effect.message.xid;
    this.#unclaimed.push({ ...effect, at: this.#now });
  }
  #nothingUnclaimed(): void {
    this.#nothingUnclaimedBefore(NEVER);
  }
  #nothingUnclaimedBefore(at: Instant): void {
    const [sent] = this.#unclaimed;
    assert.ok(
      sent === undefined || sent.at >= at,
      `a ${sent?.message.options.messageType} went out at ${(sent?.at ?? 0) / 1000} s that the test does not name`,
    );
  }
}
