/**
 * The DHCPv6 client on a time line. Deadlines come by themselves as `at` moves time on; every message that goes out must be named by
 * `sends`, at its time, or the next `at` fails. Chance is taken out: every draw lies in the middle, so that times are round.
 */
import assert from "node:assert/strict";
import type { Duid } from "../../../src/base/duid.ts";
import { Entropy, seedOf } from "../../../src/base/entropy.ts";
import type { Ipv6Prefix } from "../../../src/base/ipv6.ts";
import { type Instant, instant, NEVER } from "../../../src/base/time.ts";
import { dhcp6Client } from "../../../src/machines/dhcp6-client/client.ts";
import { OPTION_ORDER } from "../../../src/machines/dhcp6-client/messages.ts";
import { type ClientConfig, prefixWish, STANDARD } from "../../../src/machines/dhcp6-client/config.ts";
import {
  type ClientEffect,
  type ClientEvent,
  type ClientState,
  type IgnoreReason,
  initialState,
  type Lease,
  type Phase,
} from "../../../src/machines/dhcp6-client/state.ts";
import { type IaPd, iaPd, iaPrefix } from "../../../src/wire/dhcp6/leases.ts";
import { type Dhcp6ClientMessage, decodeDhcp6, dhcp6, encodeDhcp6 } from "../../../src/wire/dhcp6/message.ts";

export const DUID = "000400112233445566778899aabbccddeeff" as Duid;
export const SERVER = "0003000102005e100001" as Duid;
export const OTHER_SERVER = "0003000102005e100002" as Duid;
export const PREFIX = "2001:db8:100::/56" as Ipv6Prefix;
export const OTHER_PREFIX = "2001:db8:200::/56" as Ipv6Prefix;
export const CONFIG: ClientConfig = { ...STANDARD, duid: DUID, pace: "rfc", wishes: [prefixWish(1, 56)] };
/** Draws in the middle differ by less than this. */
const TOLERANCE_MS = 2;

type Kind = Dhcp6ClientMessage["kind"];
type Sent = { readonly message: Dhcp6ClientMessage; readonly at: Instant };
/** undefined: the option is not there. */
type MaybeOptions = { readonly [K in keyof Dhcp6ClientMessage["options"]]?: Dhcp6ClientMessage["options"][K] | undefined };
/** An answer to what was sent last, right in every field that is not given. */
type Answer = {
  readonly kind?: Dhcp6ClientMessage["kind"];
  readonly transactionId?: number;
  readonly options?: MaybeOptions;
  readonly ias?: readonly IaPd[];
};

/** Draws in the middle of every range, and every one a little different: transaction ids are told apart. */
class Even extends Entropy {
  static #draws = 0;
  override u32(): number {
    return 0x80000000 + (Even.#draws++ & 0xfff);
  }
}

/** What a server puts into IA 1 when nothing else is said: one hour, 30 minutes preferred, T1 and T2 left to the client. */
export function ia(
  iaid: number,
  prefix: Ipv6Prefix = PREFIX,
  more: Partial<Pick<IaPd, "renewSeconds" | "rebindSeconds">> & { preferred?: number; valid?: number } = {},
): IaPd {
  const { preferred = 1800, valid = 3600, ...times } = more;
  return iaPd({ iaid, ...times, iaPrefix: [iaPrefix(prefix, { preferredSeconds: preferred, validSeconds: valid })] });
}

export function client(config: Partial<ClientConfig> = {}): Timeline {
  return new Timeline({ ...CONFIG, ...config });
}

/** Bound at 0 s, its messages claimed. */
export function bound(config: Partial<ClientConfig> = {}, ias: readonly IaPd[] = [ia(1)]): Timeline {
  const wan = client({ pace: "fast", ...config })
    .at(0)
    .linkUp()
    .sends("solicit");
  return wan
    .advertise({ ias, options: { preference: 255 } })
    .sends("request")
    .reply({ ias })
    .becomes("bound")
    .clear();
}

export class Timeline {
  state: ClientState;
  readonly effects: ClientEffect[] = [];
  #now: Instant = instant(0);
  #unclaimed: Sent[] = [];
  #lastId = 0;
  #sentCount = 0;

  constructor(config: ClientConfig) {
    this.state = initialState(config);
  }

  get sentCount(): number {
    return this.#sentCount;
  }
  get lastId(): number {
    return this.#lastId;
  }
  get held(): Lease | undefined {
    return this.state.phase.held;
  }

  /** Moves time on to so many seconds; deadlines on the way come at their times. */
  at(seconds: number): this {
    for (let due = dhcp6Client.deadline(this.state); due <= seconds * 1000 + TOLERANCE_MS; due = dhcp6Client.deadline(this.state)) {
      this.#nothingUnclaimedBefore(NEVER);
      this.#now = instant(Math.max(this.#now, due));
      this.happens({ kind: "deadline" });
    }
    this.#nothingUnclaimedBefore(instant(seconds * 1000 - TOLERANCE_MS));
    this.#now = instant(Math.max(this.#now, seconds * 1000));
    return this;
  }

  /** As `at`, for tests that count messages instead of naming them. */
  runsTo(seconds: number): this {
    this.drained();
    for (let due = dhcp6Client.deadline(this.state); due <= seconds * 1000; due = dhcp6Client.deadline(this.drained().state)) this.at(due / 1000);
    return this.drained().at(seconds);
  }

  /** Time jumps, as in a suspend: no deadline comes on the way, one does at the end. */
  sleepsUntil(seconds: number): this {
    this.#now = instant(seconds * 1000);
    return this.happens({ kind: "deadline" });
  }

  linkUp(): this {
    return this.happens({ kind: "link", up: true });
  }
  linkDown(): this {
    return this.happens({ kind: "link", up: false });
  }
  stored(lease: Lease): this {
    return this.happens({ kind: "stored", lease });
  }
  configured(config: Partial<ClientConfig>): this {
    return this.happens({ kind: "configure", config: { ...this.state.config, ...config } });
  }
  advertise(answer: Answer = {}): this {
    return this.#answered({ kind: "advertise", ...answer });
  }
  reply(answer: Answer = {}): this {
    return this.#answered({ kind: "reply", ...answer });
  }

  happens(event: ClientEvent): this {
    const before = this.state;
    const { state, effects } = dhcp6Client.step(before, event, { now: this.#now, entropy: new Even(seedOf(1)) });
    const [from, to] = [before.phase.kind, state.phase.kind];
    const legal: readonly string[] = dhcp6Client.transitions[from] ?? [];
    assert.ok(from === to || legal.includes(to), `no edge from ${from} to ${to}`);
    this.state = state;
    this.effects.push(...effects);
    for (const effect of effects) if (effect.kind === "send") this.#sent(effect.message);
    return this;
  }

  /** The next message that went out, now. */
  sends(
    kind: Kind,
    check: { readonly transactionId?: number; readonly options?: MaybeOptions; readonly prefixes?: Readonly<Record<number, readonly string[]>> } = {},
  ): this {
    const sent = this.#unclaimed.shift();
    assert.ok(sent !== undefined, `nothing went out at ${this.#now / 1000} s, but a ${kind} should`);
    assert.equal(sent.message.kind, kind);
    if (check.transactionId !== undefined) assert.equal(sent.message.transactionId, check.transactionId);
    for (const [name, value] of Object.entries(check.options ?? {})) assert.deepEqual(sent.message.options[name as keyof MaybeOptions], value, name);
    if (check.prefixes !== undefined) assert.deepEqual(prefixesIn(sent.message), check.prefixes);
    return this;
  }

  becomes(phase: Phase["kind"]): this {
    assert.equal(this.state.phase.kind, phase);
    return this;
  }
  /** IAID by IAID, the prefixes that are held. */
  holds(prefixes: Readonly<Record<number, readonly string[]>>): this {
    assert.deepEqual(Object.fromEntries((this.held?.delegations ?? []).map((one) => [one.iaid, one.prefixes.map(({ prefix }) => prefix)])), prefixes);
    return this;
  }
  /** What happened since last looked at, messages and what was ignored aside. */
  does(...kinds: readonly ClientEffect["kind"][]): this {
    const others = this.effects.filter(({ kind }) => kind !== "send" && kind !== "ignored").map(({ kind }) => kind);
    assert.deepEqual(others, kinds);
    return this.clear();
  }
  ignores(...reasons: readonly IgnoreReason[]): this {
    assert.deepEqual(
      this.effects.flatMap((effect) => (effect.kind === "ignored" ? [effect.reason] : [])),
      reasons,
    );
    return this.clear();
  }
  clear(): this {
    this.effects.length = 0;
    return this;
  }
  /** Nothing is waited for, or it is at this second. */
  nextAt(seconds: number | "never"): this {
    const due = dhcp6Client.deadline(this.state);
    if (seconds === "never") assert.equal(due, NEVER);
    else assert.ok(Math.abs(due - seconds * 1000) <= TOLERANCE_MS, `the next deadline is at ${due / 1000} s, not ${seconds} s`);
    return this;
  }
  /** Nothing more went out. */
  silent(): this {
    this.#nothingUnclaimedBefore(NEVER);
    return this;
  }
  drained(): this {
    this.#unclaimed = [];
    return this;
  }

  #answered({ kind = "reply", transactionId, options, ias }: Answer): this {
    const known: MaybeOptions = { clientId: DUID, serverId: SERVER, ...(ias === undefined ? {} : { iaPd: ias }), ...options };
    const bare = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)) as Dhcp6ClientMessage["options"];
    return this.happens({ kind: "received", message: dhcp6({ kind, transactionId: transactionId ?? this.#lastId, options: bare }) });
  }
  #sent(message: Dhcp6ClientMessage): void {
    assert.deepEqual(decodeDhcp6(encodeDhcp6(message, { order: OPTION_ORDER })), message, "what goes out can be read");
    this.#sentCount++;
    this.#lastId = message.transactionId;
    this.#unclaimed.push({ message, at: this.#now });
  }
  #nothingUnclaimedBefore(at: Instant): void {
    const [sent] = this.#unclaimed;
    assert.ok(sent === undefined || sent.at >= at, `a ${sent?.message.kind} went out at ${(sent?.at ?? 0) / 1000} s that the test does not name`);
  }
}

export function prefixesIn(message: Dhcp6ClientMessage): Readonly<Record<number, readonly string[]>> {
  return Object.fromEntries((message.options.iaPd ?? []).map(({ iaid, options }) => [iaid, (options.iaPrefix ?? []).map(({ prefix }) => prefix)]));
}
