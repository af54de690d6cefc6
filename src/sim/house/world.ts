/**
 * One seed is one street: a provider that delegates prefixes, gateways with the real `uplink6` and `lan`, hosts behind them, one link
 * behind a relay, and what goes wrong. Same seed, same story.
 */
import { duidLl } from "../../base/duid.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../base/ipv6.ts";
import { type MacAddress, macOf } from "../../base/mac.ts";
import { type Instant, instant } from "../../base/time.ts";
import { PrefixProvider, type Provider6Event } from "../actors/dhcp6-provider.ts";
import { ALL_AGENTS, DHCP6_PORT } from "../actors/exchange.ts";
import { Chance } from "../chance.ts";
import { Timeline } from "../clock.ts";
import type { Gateway } from "../gateway.ts";
import { Segment } from "../link.ts";
import { Story } from "../log.ts";
import { Card } from "./card.ts";
import { FAR_LINK, lanConfigOf, uplinkOf } from "./configuration.ts";
import { chosenFaults6, type Fault6Name, FAULTS6 } from "./faults.ts";
import { HouseGateway } from "./gateway.ts";
import { HouseHost, relayBetween } from "./hosts.ts";
import { Ipv4Side } from "./ipv4.ts";
import { HouseRelay } from "./relay.ts";

export type StreetOptions = {
  readonly seed: number;
  readonly gateways?: number;
  readonly minutes?: number;
  readonly faults?: readonly Fault6Name[];
  readonly validSeconds?: number;
};
export type Checker6 = {
  readonly name: string;
  /** After everything that a host or a kernel could notice. @returns what is wrong, or undefined */
  readonly always?: (street: Street) => string | undefined;
  /** Once, when the faults have been over for SETTLE6_MINUTES. */
  readonly settled?: (street: Street) => string | undefined;
};
export type Report6 = {
  readonly violation: string | undefined;
  readonly story: readonly string[];
  readonly events: number;
  readonly faults: readonly Fault6Name[];
};
/** One house: a gateway and who lives behind it. */
export type House = {
  readonly gateway: HouseGateway;
  readonly hosts: readonly HouseHost[];
  readonly far: readonly HouseHost[];
  readonly lan: Segment;
  /** Ours, where it is not an actor. */
  readonly relay: HouseRelay | undefined;
  /** The gateway's uplink of IPv4: killed with it, or alone. */
  readonly uplink4: Gateway | undefined;
};

const MINUTE_MS = 60_000;
/** A host that waits its longest pause, a client that waits SOL_MAX_RT, and half of the longest preferred lifetime behind it. */
export const SETTLE6_MINUTES = 30;
const VALID_SECONDS = [240, 600, 1200] as const;
const POOL = "2001:db8:1000::/40" as Ipv6Prefix;
const PROVIDER_MAC = "02:00:5e:00:00:01" as MacAddress;
const SOL_MAX_RT_SECONDS = 60;
const FAULT_PAUSE_MS = 6 * MINUTE_MS;
/** Time alone can break a promise; what is told of is looked at at once. */
const LOOK_MS = 5000;

export class Street {
  readonly timeline = new Timeline();
  readonly story = new Story();
  readonly wan: Segment;
  readonly provider: PrefixProvider;
  readonly ipv4: Ipv4Side;
  readonly houses: readonly House[];
  readonly faults: readonly Fault6Name[];
  /** By client and prefix: until when it was promised, whatever came later. */
  readonly delegated = new Map<string, Instant>();
  /** The last answers that hosts called wrong. */
  readonly complaints: string[] = [];
  readonly #chance: Chance;
  readonly #minutes: number;
  readonly #ends = new Map<string, () => void>();
  #checkers: readonly Checker6[] = [];
  #violation: string | undefined;
  #lookedAt = -1;
  #lookedAtLine = 0;
  #events = 0;

  constructor({ seed, gateways, minutes, faults, validSeconds }: StreetOptions) {
    this.#chance = new Chance(seed, 60);
    const shape = new Chance(seed, 61);
    this.faults = faults ?? chosenFaults6(new Chance(seed, 62));
    this.wan = new Segment(this.timeline, seed, 63);
    this.#minutes = minutes ?? 30 + shape.below(60);
    const valid = validSeconds ?? shape.pick(VALID_SECONDS);
    const linkLocal = this.#provide(valid);
    this.provider = linkLocal.provider;
    const houses = gateways ?? 1 + shape.below(2);
    this.ipv4 = new Ipv4Side({ timeline: this.timeline, segment: this.wan, seed, houses, leaseSeconds: valid });
    this.houses = Array.from({ length: houses }, (_, i) => this.#house(i, seed, linkLocal.address, shape));
  }

  get now(): Instant {
    return this.timeline.now;
  }

  always(...checkers: readonly Checker6[]): this {
    this.#checkers = checkers;
    return this;
  }

  /** Something a test does at a second of its street. */
  at(seconds: number, run: () => void): this {
    this.timeline.schedule(instant(seconds * 1000), run);
    return this;
  }

  run(): Report6 {
    for (const { gateway, hosts, far, relay, uplink4 } of this.houses) {
      relay?.start();
      this.timeline.schedule(instant(this.#chance.between(0, 2000)), () => uplink4?.start());
      this.timeline.schedule(instant(this.#chance.between(0, 2000)), () => gateway.start());
      for (const host of [...hosts, ...far]) this.timeline.schedule(instant(this.#chance.between(0, 20_000)), () => host.start());
    }
    if (this.faults.length > 0) this.#plan();
    this.advance(this.#minutes * MINUTE_MS);
    this.calm();
    this.advance(SETTLE6_MINUTES * MINUTE_MS);
    this.#look("settled");
    return { violation: this.#violation, story: this.story.lines, events: this.#events, faults: this.faults };
  }

  advance(ms: number): void {
    if (this.#violation !== undefined) return;
    this.timeline.runUntil(instant(this.now + ms), () => {
      this.#events++;
      if (this.story.lines.length !== this.#lookedAtLine || this.now >= this.#lookedAt + LOOK_MS) this.#look("always");
      return this.#violation === undefined;
    });
  }

  calm(): void {
    this.tell("world", "calm", "no more faults");
    for (const end of this.#ends.values()) end();
    this.#ends.clear();
  }

  tell(who: string, what: string, words: string): void {
    this.story.tell(this.now, who, what, words);
  }

  allHosts(): readonly { readonly host: HouseHost; readonly house: House }[] {
    return this.houses.flatMap((house) => [...house.hosts, ...house.far].map((host) => ({ host, house })));
  }

  #look(when: "always" | "settled"): void {
    this.#lookedAt = this.now;
    this.#lookedAtLine = this.story.lines.length;
    for (const checker of this.#violation === undefined ? this.#checkers : []) {
      const wrong = checker[when]?.(this);
      if (wrong === undefined) continue;
      this.#violation = `${checker.name}: ${wrong}`;
      return this.tell("world", "violation", this.#violation);
    }
  }

  #plan(): void {
    const at = this.now + this.#chance.between(0, FAULT_PAUSE_MS);
    if (at >= this.#minutes * MINUTE_MS) return;
    this.timeline.schedule(instant(at), () => {
      this.#strike();
      this.#plan();
    });
  }

  #strike(): void {
    const name = this.#chance.some(this.faults);
    const house = this.#chance.some(this.houses);
    if (name === undefined || house === undefined) return;
    const { words, end } = FAULTS6[name]({ street: this, house, chance: this.#chance });
    this.tell("world", "fault", words);
    if (end === undefined) return;
    const key = `${name} ${house.gateway.name}`;
    this.#ends.get(key)?.();
    this.#ends.set(key, end);
    this.timeline.schedule(instant(this.now + 100 * 10 ** this.#chance.between(0, 3.8)), () => {
      if (this.#ends.get(key) !== end) return;
      this.#ends.delete(key);
      end();
      this.tell("world", "fault over", words);
    });
  }

  #provide(validSeconds: number): { readonly provider: PrefixProvider; readonly address: Ipv6Address } {
    const options = { dnsServers: ["2001:db8::53" as Ipv6Address], solMaxRtSeconds: SOL_MAX_RT_SECONDS };
    const times = { preferredSeconds: validSeconds / 2, validSeconds, renewSeconds: 0, rebindSeconds: 0 };
    const pool = { prefix: POOL, delegatedLength: 56 };
    const provider = new PrefixProvider({ serverId: duidLl(PROVIDER_MAC), pool, ...times, rapidCommit: true, options }, (event) =>
      this.#provided(event),
    );
    const card: Card = new Card({
      name: "provider",
      mac: PROVIDER_MAC,
      segment: this.wan,
      groups: [ALL_AGENTS],
      addresses: () => [],
      take: ({ source, ports, payload }) => {
        if (ports?.destination !== DHCP6_PORT.server) return;
        for (const said of provider.onDatagram({ from: source, payload }, this.now))
          this.timeline.schedule(instant(this.now + said.afterMs), () => card.say(said, DHCP6_PORT.server));
      },
    });
    return { provider, address: card.linkLocal };
  }

  #provided({ kind, client, prefix, until }: Provider6Event): void {
    this.tell("provider", kind, `${prefix} ${client}`);
    const key = `${client} ${prefix}`;
    if (kind === "delegated" || kind === "extended") this.delegated.set(key, instant(Math.max(until, this.delegated.get(key) ?? 0)));
  }

  #house(number: number, seed: number, provider: Ipv6Address, shape: Chance): House {
    const name = `gateway${number}`;
    const lan = new Segment(this.timeline, seed, 70 + number);
    const gateway = new HouseGateway({
      name,
      macs: [mac(1, number, 1), mac(1, number, 2)],
      timeline: this.timeline,
      wan: this.wan,
      lan,
      seed: [seed, 100 + number],
      uplink: uplinkOf(shape.perMille(300)),
      lanConfig: (duid) => lanConfigOf(duid, number),
      provider,
      tell: (what, words) => this.tell(name, what, words),
      observe: ({ before, after }) => {
        if (before.phase.kind !== after.phase.kind) this.tell(name, "transition", `${before.phase.kind} → ${after.phase.kind}`);
      },
    });
    const host = (i: number, segment: Segment, where: string): HouseHost =>
      this.#host(`${where}${number}.${i}`, mac(where === "host" ? 2 : 3, number, i), segment, new Chance(seed, 200 + number, where.length, i));
    const hosts = Array.from({ length: 1 + shape.below(3) }, (_, i) => host(i, lan, "host"));
    const uplink4 = this.ipv4.gateways[number];
    if (number > 0) return { gateway, hosts, far: [], lan, relay: undefined, uplink4 };
    const behind = new Segment(this.timeline, seed, 90);
    const relay = this.#relay(seed, behind, lan, gateway.lanCard.linkLocal);
    return { gateway, hosts, far: [host(0, behind, "far"), host(1, behind, "far")], lan, relay, uplink4 };
  }

  /** Ours, or an actor that is the least a relay can be. */
  #relay(seed: number, clients: Segment, servers: Segment, server: Ipv6Address): HouseRelay | undefined {
    const both = { macs: [mac(4, 0, 1), mac(4, 0, 2)], clients, servers, linkAddress: FAR_LINK.address } as const;
    if (new Chance(seed, 64).perMille(500)) return new HouseRelay({ ...both, timeline: this.timeline, seed: [seed, 65] });
    relayBetween({ ...both, name: "relay", server });
    return undefined;
  }

  #host(name: string, own: MacAddress, segment: Segment, chance: Chance): HouseHost {
    const prefixLength = chance.perMille(400) ? 60 : undefined;
    const rapidCommit = chance.perMille(300);
    return new HouseHost({
      name,
      mac: own,
      timeline: this.timeline,
      segment,
      chance,
      prefixLength,
      rapidCommit,
      watch: ({ kind, held, detail }) => {
        this.tell(name, kind, [...held.map(({ value }) => value), detail].join(" "));
        if (kind === "wrong") this.complaints.push(`${name}: ${detail}`);
      },
    });
  }
}

function mac(kind: number, house: number, number: number): MacAddress {
  return macOf(Uint8Array.of(2, 0, 0, kind, house, number));
}
