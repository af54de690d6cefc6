/** One seed is one world: hosts with the real service, a provider, a link between them, and what goes wrong. Same seed, same story. */
import { type Ipv4Address, ipv4Number, ipv4Of } from "../base/ipv4.ts";
import { type MacAddress, macOf } from "../base/mac.ts";
import { type Instant, instant } from "../base/time.ts";
import { dhcp4Client } from "../machines/dhcp4-client/client.ts";
import { IGNORE_REASONS } from "../machines/dhcp4-client/state.ts";
import { type ProviderConfig, Provider } from "./actors/dhcp4-provider.ts";
import { strangerAnswers } from "./actors/stranger.ts";
import { Chance } from "./chance.ts";
import { type Checker, SETTLE_MINUTES } from "./checkers.ts";
import { Timeline } from "./clock.ts";
import { Coverage } from "./coverage.ts";
import { chosenFaults, FAULTS, type FaultName } from "./faults.ts";
import { type ClientObserved, Gateway } from "./gateway.ts";
import { type Port, Segment } from "./link.ts";
import { Story } from "./log.ts";

export type WorldOptions = {
  readonly seed: number;
  /** Chosen by the seed, as is everything else that is left out. */
  readonly clients?: number;
  readonly minutes?: number;
  readonly faults?: readonly FaultName[];
  readonly provider?: Partial<ProviderConfig>;
};
export type Report = {
  readonly seed: number;
  readonly faults: readonly FaultName[];
  /** The first thing a checker found, at once: what follows in a broken world means nothing. */
  readonly violation: string | undefined;
  readonly story: readonly string[];
  readonly coverage: Coverage;
  readonly events: number;
};

const MINUTE_MS = 60_000;
const PROVIDER_MAC = "02:00:5e:00:00:01" as MacAddress;
const POOL_FIRST = "198.18.0.100" as Ipv4Address;
const POOL_ADDRESSES = 100;
const LEASE_SECONDS = [10, 60, 120, 300, 900, 3600, 86_400] as const;
/** More events than hosts, links and copies of frames can cause in one instant. */
const EVENTS_AT_ONCE = 10_000;
const FAULTS_PER_HOUR = 20;

export function simulate(options: WorldOptions): World {
  return new World(options);
}

export class World {
  readonly timeline = new Timeline();
  readonly story = new Story();
  readonly coverage = new Coverage(dhcp4Client.transitions, IGNORE_REASONS);
  readonly segment: Segment;
  readonly provider: Provider;
  readonly gateways: readonly Gateway[];
  readonly faults: readonly FaultName[];
  /** Somebody on the link answers, wrongly, before the provider can. */
  strangerAnswers = false;
  /** Sees every step of every client. */
  watch: (observed: ClientObserved) => void = () => undefined;
  readonly #seed: number;
  readonly #minutes: number;
  readonly #chance: Chance;
  readonly #ends = new Map<string, () => void>();
  #checkers: readonly Checker[] = [];
  #violation: string | undefined;
  #events = 0;
  #lastAt: Instant = instant(-1);
  #atOnce = 0;

  constructor({ seed, clients, minutes, faults, provider }: WorldOptions) {
    this.#seed = seed;
    this.#chance = new Chance(seed, 0);
    this.segment = new Segment(this.timeline, seed, 1);
    this.faults = faults ?? chosenFaults(new Chance(seed, 2));
    const shape = new Chance(seed, 3);
    const leaseSeconds = shape.pick(LEASE_SECONDS);
    this.#minutes = minutes ?? 30 + shape.below(210);
    this.provider = this.#provider({ leaseSeconds, ...provider });
    this.#stranger();
    this.gateways = Array.from({ length: clients ?? 1 + shape.below(4) }, (_, i) => this.#gateway(i));
  }

  get now(): Instant {
    return this.timeline.now;
  }

  always(...checkers: readonly Checker[]): this {
    this.#checkers = checkers;
    return this;
  }

  /** Runs to the end: faults for as long as the seed says, then quiet, then the last look. */
  run(): Report {
    for (const gateway of this.gateways) this.timeline.schedule(instant(this.#chance.between(0, 2000)), () => gateway.start());
    if (this.faults.length > 0) this.#plan();
    this.advance(this.#minutes * MINUTE_MS);
    this.calm();
    this.advance(SETTLE_MINUTES * MINUTE_MS);
    this.#look("settled");
    const { story, coverage } = this;
    return { seed: this.#seed, faults: this.faults, violation: this.#violation, story: story.lines, coverage, events: this.#events };
  }

  /** Something a test does at a second of its world. */
  at(seconds: number, run: () => void): this {
    this.timeline.schedule(instant(seconds * 1000), run);
    return this;
  }

  /** Lets time pass, up to the first violation. */
  advance(ms: number): void {
    if (this.#violation !== undefined) return;
    this.timeline.runUntil(instant(this.now + ms), () => {
      this.#events++;
      this.#notStill();
      this.#look("always");
      return this.#violation === undefined;
    });
  }

  /** Everything that was broken is whole again. */
  calm(): void {
    this.tell("world", "calm", "no more faults");
    for (const end of this.#ends.values()) end();
    this.#ends.clear();
  }

  tell(who: string, what: string, words: string): void {
    this.story.tell(this.now, who, what, words);
  }

  /** An alarm that is set again for an instant that has passed would ring for ever. */
  #notStill(): void {
    this.#atOnce = this.now === this.#lastAt ? this.#atOnce + 1 : 0;
    this.#lastAt = this.now;
    if (this.#atOnce > EVENTS_AT_ONCE) this.#found("time goes on: it stands still");
  }

  #found(violation: string): void {
    this.#violation ??= violation;
    this.tell("world", "violation", violation);
  }

  #look(when: "always" | "settled"): void {
    if (this.#violation !== undefined) return;
    for (const checker of this.#checkers) {
      const wrong = checker[when]?.(this);
      if (wrong === undefined) continue;
      return this.#found(`${checker.name}: ${wrong}`);
    }
  }

  #plan(): void {
    const until = this.#minutes * MINUTE_MS;
    const next = (): void => {
      this.#strike();
      plan();
    };
    const plan = (): void => {
      const at = this.now + this.#chance.between(0, (2 * 60 * MINUTE_MS) / FAULTS_PER_HOUR);
      if (at < until) this.timeline.schedule(instant(at), next);
    };
    plan();
  }

  #strike(): void {
    const name = this.#chance.some(this.faults);
    const gateway = this.#chance.some(this.gateways);
    if (name === undefined || gateway === undefined) return;
    const { words, end } = FAULTS[name]({ world: this, gateway, chance: this.#chance });
    this.tell("world", "fault", words);
    if (end === undefined) return;
    const key = `${name} ${gateway.name}`;
    this.#ends.set(key, end);
    this.timeline.schedule(instant(this.now + this.#lengthMs()), () => {
      if (this.#ends.get(key) !== end) return;
      this.#ends.delete(key);
      end();
      this.tell("world", "fault over", words);
    });
  }

  /** Short ones are common, long ones occur: lease times lie between. */
  #lengthMs(): number {
    return 100 * 10 ** this.#chance.between(0, 4.8);
  }

  #provider(config: Pick<ProviderConfig, "leaseSeconds"> & Partial<ProviderConfig>): Provider {
    const pool = { first: POOL_FIRST, last: ipv4Of(ipv4Number(POOL_FIRST) + POOL_ADDRESSES - 1) };
    const address = "198.18.0.1" as Ipv4Address;
    const options = { routers: [address], domainNameServers: [address] };
    const provider = new Provider({ mac: PROVIDER_MAC, address, prefixLength: 15, pool, options, ...config }, ({ kind, address: about, mac }) =>
      this.tell("provider", kind, `${about} ${mac}`),
    );
    const port: Port = this.segment.attach({
      name: "provider",
      cut: false,
      take: (frame) => {
        for (const reply of provider.onFrame(frame, this.now))
          this.timeline.schedule(instant(this.now + reply.afterMs), () => this.segment.send(port, reply.frame));
      },
      resolve: (asked) => (asked === address ? PROVIDER_MAC : undefined),
    });
    return provider;
  }

  #stranger(): void {
    const port: Port = this.segment.attach({
      name: "stranger",
      cut: false,
      take: (frame) => {
        if (this.strangerAnswers) for (const answer of strangerAnswers(frame, this.provider.config.address)) this.segment.send(port, answer);
      },
      resolve: () => undefined,
    });
  }

  #gateway(number: number): Gateway {
    const name = `gateway${number}`;
    return new Gateway({
      name,
      mac: macOf(Uint8Array.of(2, 0, 0, 0, 1, number)),
      timeline: this.timeline,
      segment: this.segment,
      seed: [this.#seed, 100 + number],
      observe: (observed) => this.#observed(name, observed),
      log: (event, fields) => {
        if (event !== "transition") this.tell(name, "log", `${event} ${JSON.stringify(fields)}`);
      },
    });
  }

  #observed(name: string, observed: ClientObserved): void {
    this.coverage.note(observed);
    this.watch(observed);
    const { before, after, effects } = observed;
    const [from, to] = [before.phase.kind, after.phase.kind];
    const address = after.phase.held?.address;
    if (from !== to) this.tell(name, "transition", `${from} → ${to}${address === undefined ? "" : `  ${address}`}`);
    for (const effect of effects) {
      if (effect.kind === "send")
        this.tell(name, "sent", `${effect.message.options.messageType} ${effect.message.xid.toString(16).padStart(8, "0")} to ${effect.to}`);
      if (effect.kind === "ignored") this.tell(name, "ignored", effect.reason);
    }
  }
}
