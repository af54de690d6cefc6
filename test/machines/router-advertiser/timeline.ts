/**
 * The router of a link on a time line. Deadlines come by themselves as `at` moves time on; every advertisement that goes out must be
 * named by `advertises`, or the next `at` fails. Every draw lies in the middle, so that times are round. All that goes out is encoded,
 * and read again as a host would.
 */
import assert from "node:assert/strict";
import { Entropy, seedOf } from "../../../src/base/entropy.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../../src/base/ipv6.ts";
import type { MacAddress } from "../../../src/base/mac.ts";
import { after, type Instant, instant, NEVER } from "../../../src/base/time.ts";
import { routerAdvertiser } from "../../../src/machines/router-advertiser/advertiser.ts";
import {
  type AdvertiserConfig,
  type AdvertiserEffect,
  type AdvertiserEvent,
  type AdvertiserState,
  type IgnoreReason,
  INITIAL_STATE,
  type Item,
  type OwnAddress,
  type Phase,
} from "../../../src/machines/router-advertiser/state.ts";
import { decodeIcmp6, encodeIcmp6, type RouterAdvertisement } from "../../../src/wire/icmp6/message.ts";

export const MAC = "02:00:00:00:00:01" as MacAddress;
export const LINK_LOCAL = "fe80::1" as Ipv6Address;
export const ADDRESS = "2001:db8:1::1" as Ipv6Address;
export const LOCAL_ADDRESS = "fd00:1::1" as Ipv6Address;
export const PREFIX = "2001:db8:1::/64" as Ipv6Prefix;
export const HOST = "fe80::aa" as Ipv6Address;
export const ALL_NODES = "ff02::1";
export const CONFIG: AdvertiserConfig = {
  managed: false,
  otherConfig: true,
  autonomous: true,
  lifetimeSeconds: undefined,
  minIntervalSeconds: 200,
  maxIntervalSeconds: 600,
  maxPreferredSeconds: 2700,
  maxValidSeconds: 5400,
  dnsServers: [],
  searchDomains: [],
};
const TOLERANCE_MS = 1;

class Even extends Entropy {
  override u32(): number {
    return 0x80000000;
  }
}

export type Heard = RouterAdvertisement & { readonly to: Ipv6Address; readonly from: Ipv6Address; readonly at: Instant };
/** Seconds from when it is told. */
export type Given = { readonly prefixLength?: number; readonly preferred?: number; readonly valid?: number; readonly deprecated?: boolean };

export function router(config: Partial<AdvertiserConfig> = {}): Timeline {
  return new Timeline().configured(config);
}
/** A router whose first advertisement is about to go out. */
export function ready(config: Partial<AdvertiserConfig> = {}, addresses: Readonly<Record<string, Given>> = { [ADDRESS]: {} }): Timeline {
  return router(config).linkUp().addresses(addresses).routes(true);
}
/** A router whose first three have gone out: the last at 32.25 s, the next is due at 432.25 s. */
export function settled(config: Partial<AdvertiserConfig> = {}, addresses: Readonly<Record<string, Given>> = { [ADDRESS]: {} }): Timeline {
  return ready(config, addresses).at(0.25).advertises().at(16.25).advertises().at(32.25).advertises().at(100);
}

export class Timeline {
  state: AdvertiserState = INITIAL_STATE;
  /** Each time something was to be kept over a restart. */
  readonly kept: (readonly string[])[] = [];
  #now: Instant = instant(0);
  #unclaimed: Heard[] = [];
  #ignored: IgnoreReason[] = [];

  get now(): Instant {
    return this.#now;
  }

  at(seconds: number): this {
    for (;;) {
      const due = routerAdvertiser.deadline(this.state);
      if (due > seconds * 1000 + TOLERANCE_MS) break;
      this.#nothingUnclaimedBefore(NEVER);
      this.#now = instant(Math.max(this.#now, due));
      this.happens({ kind: "deadline" });
    }
    this.#nothingUnclaimedBefore(instant(seconds * 1000 - TOLERANCE_MS));
    this.#now = instant(Math.max(this.#now, seconds * 1000));
    return this;
  }

  /** As `at`, for tests that look at everything that goes out on the way. */
  hears(seconds: number): readonly Heard[] {
    const heard = this.#unclaimed.splice(0);
    for (let due = routerAdvertiser.deadline(this.state); due <= seconds * 1000; due = routerAdvertiser.deadline(this.state)) {
      this.at(due / 1000);
      heard.push(...this.#unclaimed.splice(0));
    }
    this.at(seconds);
    return heard;
  }

  configured(config: Partial<AdvertiserConfig>): this {
    return this.happens({ kind: "configured", config: { ...(this.state.config ?? CONFIG), ...config } });
  }
  stopped(): this {
    return this.happens({ kind: "configured", config: undefined });
  }
  linkUp(mac: MacAddress | undefined = MAC, mtuBytes: number | undefined = undefined): this {
    return this.happens({ kind: "link", link: { mac, mtuBytes } });
  }
  linkDown(): this {
    return this.happens({ kind: "link", link: undefined });
  }
  addresses(given: Readonly<Record<string, Given>>, linkLocal: Ipv6Address | undefined = LINK_LOCAL): this {
    const addresses = Object.entries(given).map(
      ([address, { prefixLength = 64, preferred = 0xffffffff, valid = 0xffffffff, deprecated = false }]): OwnAddress => {
        return {
          address: address as Ipv6Address,
          prefixLength,
          deprecated,
          preferredUntil: after(this.#now, preferred),
          validUntil: after(this.#now, valid),
        };
      },
    );
    return this.happens({ kind: "addresses", linkLocal, addresses });
  }
  /** No link-local address that can be used. */
  noLinkLocal(): this {
    return this.happens({ kind: "addresses", linkLocal: undefined, addresses: this.state.addresses });
  }
  routes(hasDefaultRoute: boolean, ...delegated: readonly string[]): this {
    return this.happens({ kind: "routes", hasDefaultRoute, delegated: delegated as readonly Ipv6Prefix[] });
  }
  remembers(...items: readonly Item[]): this {
    return this.happens({ kind: "remembered", items });
  }
  solicited(source: string = HOST): this {
    return this.happens({ kind: "solicited", source: source as Ipv6Address });
  }

  happens(event: AdvertiserEvent): this {
    const before = this.state;
    const { state, effects } = routerAdvertiser.step(before, event, { now: this.#now, entropy: new Even(seedOf(1)) });
    const [from, to] = [before.phase.kind, state.phase.kind];
    const legal: readonly string[] = routerAdvertiser.transitions[from] ?? [];
    assert.ok(from === to || legal.includes(to), `no edge from ${from} to ${to}`);
    this.state = state;
    for (const effect of effects) this.#performed(effect, before);
    return this;
  }

  /** The next advertisement that went out, now. */
  advertises(
    check: Partial<Omit<Heard, "options">> & { readonly options?: { readonly [K in keyof Heard["options"]]: Heard["options"][K] | undefined } } = {},
  ): this {
    const heard = this.heard();
    const { options = {}, ...header } = { to: ALL_NODES as Ipv6Address, ...check };
    for (const [name, value] of Object.entries(header)) assert.deepEqual(heard[name as keyof Heard], value, name);
    for (const [name, value] of Object.entries(options)) assert.deepEqual(heard.options[name as keyof Heard["options"]], value, name);
    return this;
  }
  heard(): Heard {
    const heard = this.#unclaimed.shift();
    assert.ok(heard !== undefined, `nothing went out at ${this.#now / 1000} s`);
    return heard;
  }
  becomes(phase: Phase["kind"]): this {
    assert.equal(this.state.phase.kind, phase);
    return this;
  }
  ignores(reason: IgnoreReason): this {
    assert.deepEqual(this.#ignored.splice(0), [reason]);
    return this;
  }
  nextAt(seconds: number | "never"): this {
    const due = routerAdvertiser.deadline(this.state);
    if (seconds === "never") assert.equal(due, NEVER);
    else assert.ok(Math.abs(due - seconds * 1000) <= TOLERANCE_MS, `the next deadline is at ${due / 1000} s, not ${seconds} s`);
    return this;
  }
  silent(): this {
    this.#nothingUnclaimedBefore(NEVER);
    return this;
  }

  #performed(effect: AdvertiserEffect, before: AdvertiserState): void {
    if (effect.kind === "ignored") {
      assert.equal(this.state, before, "what is ignored leaves the state object as it was");
      this.#ignored.push(effect.reason);
      return;
    }
    if (effect.kind === "remember") {
      this.kept.push(effect.items.map(({ kind, value }) => `${kind} ${value}`));
      return;
    }
    const { from, to, message } = effect;
    const bytes = encodeIcmp6(message, { source: from, destination: to });
    assert.ok(40 + bytes.length <= 1280, `${bytes.length} bytes do not fit every link (RFC 6980 §5)`);
    const read = decodeIcmp6(bytes, { source: from, destination: to, hopLimit: 255 }, { checksum: "verify" });
    assert.deepEqual(read, message);
    assert.ok(read.kind === "routerAdvertisement");
    this.#unclaimed.push({ ...read, from, to, at: this.#now });
  }
  #nothingUnclaimedBefore(at: Instant): void {
    const [heard] = this.#unclaimed;
    assert.ok(heard === undefined || heard.at >= at, `an advertisement went out at ${(heard?.at ?? 0) / 1000} s that the test does not name`);
  }
}
