/**
 * One seed is one month of a gateway: its uplinks, their providers, two LANs, and what goes wrong for hours and days. Virtual time; same
 * seed, same story.
 */
import type { Ipv6Prefix } from "../../base/ipv6.ts";
import { type Instant, instant } from "../../base/time.ts";
import { dhcp6Client } from "../../machines/dhcp6-client/client.ts";
import { IGNORE_REASONS } from "../../machines/dhcp6-client/state.ts";
import type { Duid } from "../../base/duid.ts";
import { Chance } from "../chance.ts";
import { Timeline } from "../clock.ts";
import { Coverage } from "../coverage.ts";
import { Story } from "../log.ts";
import { providerOf, uplinkOf } from "./configuration.ts";
import { chosenMonthFaults, MONTH_FAULTS, type MonthFault } from "./faults.ts";
import { Gateway6, type Observed6 } from "./gateway.ts";
import { Isp } from "./isp.ts";
import { keyOf, type KernelAddress, type KernelChange } from "./kernel.ts";

export type MonthOptions = {
  readonly seed: number;
  /** Chosen by the seed, as is everything else that is left out. */
  readonly days?: number;
  readonly uplinks?: number;
  readonly faults?: readonly MonthFault[];
};
/** What a client did with what it holds, and when. */
export type Step6 = { readonly uplink: string; readonly observed: Observed6 };
export type Origin = { readonly isp: Isp; readonly prefix: Ipv6Prefix; readonly iaid: number; readonly uplink: string };
type Told = { readonly at: Instant; readonly who: string; readonly what: string; readonly words: string };
export type MonthChecker = {
  readonly name: string;
  /** After whatever happened. @returns what is wrong, or undefined */
  readonly always: (month: Month) => string | undefined;
};
export type MonthReport = {
  readonly seed: number;
  readonly violation: string | undefined;
  readonly story: readonly string[];
  readonly coverage: Coverage;
  readonly faults: readonly MonthFault[];
  readonly struck: ReadonlyMap<MonthFault, number>;
  /** The most messages that any uplink sent in an hour. */
  readonly mostPerHour: number;
};

const DAYS = 30;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** Time alone can break a promise; what is told of is looked at at once. */
const LOOK_MS = HOUR_MS / 2;
/** At the end it stays calm for so long. */
const CALM_HOURS = 4;
const STRIKES_PER_MONTH = [10, 30, 80] as const;
/** Faults last a second, or days; lease times lie between. */
const LENGTH = { leastMs: 1000, decades: 5.4 };

export class Month {
  readonly timeline = new Timeline();
  /** Told in words when somebody asks: most months end well. */
  readonly #told: Told[] = [];
  readonly coverage = new Coverage(dhcp6Client.transitions, IGNORE_REASONS);
  readonly isps: readonly Isp[];
  readonly gateway: Gateway6;
  readonly faults: readonly MonthFault[];
  readonly #origins = new Map<string, Origin>();
  /** Since the last look. */
  changes: KernelChange[] = [];
  steps: Step6[] = [];
  mostPerHour = 0;
  readonly #chance: Chance;
  readonly #seed: number;
  readonly #days: number;
  readonly #strikes: number;
  readonly #ends = new Map<string, () => void>();
  readonly #struck = new Map<MonthFault, number>();
  #checkers: readonly MonthChecker[] = [];
  #violation: string | undefined;
  #lookedAt = -1;
  #disturbedAt: Instant = instant(0);
  #wallOffsetMs = 0;

  constructor({ seed, days, uplinks, faults }: MonthOptions) {
    this.#seed = seed;
    this.#chance = new Chance(seed, 600);
    const shape = new Chance(seed, 601);
    this.faults = faults ?? chosenMonthFaults(new Chance(seed, 602));
    this.#days = days ?? DAYS;
    this.#strikes = shape.pick(STRIKES_PER_MONTH);
    const count = uplinks ?? (shape.perMille(200) ? 2 : 1);
    const { timeline } = this;
    this.isps = Array.from({ length: count }, (_, i) => {
      const name = `isp${i}`;
      const config = providerOf(i, `0003000102005e1000${i}0` as Duid, shape);
      return new Isp({ name, timeline, seed: [seed, 610 + i], config, tell: (what, words) => this.tell(name, what, words) });
    });
    this.gateway = new Gateway6({
      timeline,
      seed: [seed, 620],
      isps: this.isps,
      uplinks: this.isps.map((_, i) => uplinkOf(`wan${i}`, shape)),
      tell: (what, words) => this.tell("gateway", what, words),
      observe: (uplink, observed) => this.#observed(uplink, observed),
      changed: (change) => {
        this.changes.push(change);
        if (change.kind === "added" || change.kind === "extended") this.#given(change.address);
        if (change.kind !== "extended") this.tell("kernel", change.kind, `${change.address.address} on ${change.address.name}`);
      },
    });
  }

  get now(): Instant {
    return this.timeline.now;
  }

  /** Since when nothing has been wrong with anything, or undefined while something is. */
  get calmSince(): Instant | undefined {
    return this.#ends.size > 0 || this.gateway.startedAt === undefined ? undefined : this.#disturbedAt;
  }
  isCalmFor(ms: number): boolean {
    return this.now - (this.calmSince ?? this.now) >= ms;
  }

  /** The delegation that an address of the kernel was taken from when it was put there, or given more time. */
  originOf(address: KernelAddress): Origin | undefined {
    return this.#origins.get(keyOf(address));
  }

  always(...checkers: readonly MonthChecker[]): this {
    this.#checkers = checkers;
    return this;
  }

  /** Something a test does at an hour of its month. */
  at(hours: number, run: () => void): this {
    this.timeline.schedule(instant(hours * HOUR_MS), run);
    return this;
  }

  run(): MonthReport {
    this.timeline.schedule(instant(this.#chance.between(0, 2000)), () => this.gateway.start());
    if (this.faults.length > 0) this.#plan();
    this.#lookOften();
    this.#advance(this.#days * DAY_MS - CALM_HOURS * HOUR_MS);
    this.#calm();
    this.#advance(CALM_HOURS * HOUR_MS);
    const { coverage, faults, mostPerHour } = this;
    const told = this.#told;
    return {
      seed: this.#seed,
      violation: this.#violation,
      get story() {
        const story = new Story();
        for (const { at, who, what, words } of told) story.tell(at, who, what, words);
        return story.lines;
      },
      coverage,
      faults,
      struck: this.#struck,
      mostPerHour,
    };
  }

  tell(who: string, what: string, words: string): void {
    this.#told.push({ at: this.now, who, what, words });
  }

  /** The program died by itself; it comes back. */
  died(seconds: number): void {
    this.tell("gateway", "died", `for ${Math.round(seconds)} seconds`);
    this.#disturbed();
    this.timeline.schedule(instant(this.now + seconds * 1000), () => {
      if (!this.#ends.has("off")) this.gateway.start();
      this.#disturbed();
    });
  }

  /** The wall clock goes forward, and is right again where it was not set at all. */
  stepClock(ms: number): void {
    this.#wallOffsetMs += ms;
    this.gateway.clock.setWall(this.#wallOffsetMs);
  }

  #given(address: KernelAddress): void {
    this.#origins.delete(keyOf(address));
    for (const [uplink, { isp }] of this.gateway.ways) {
      const origin = isp.originOf(address);
      if (origin !== undefined) this.#origins.set(keyOf(address), { isp, uplink, ...origin });
    }
  }

  #advance(ms: number): void {
    if (this.#violation !== undefined) return;
    this.timeline.runUntil(instant(this.now + ms), () => {
      if (this.changes.length + this.steps.length > 0) this.#look();
      return this.#violation === undefined;
    });
  }

  #lookOften(): void {
    this.timeline.schedule(instant(this.now + LOOK_MS), () => {
      if (this.now >= this.#lookedAt + LOOK_MS) this.#look();
      this.#lookOften();
    });
  }

  #look(): void {
    this.#lookedAt = this.now;
    for (const checker of this.#violation === undefined ? this.#checkers : []) {
      const wrong = checker.always(this);
      if (wrong === undefined) continue;
      this.#violation = `${checker.name}: ${wrong}`;
      this.tell("world", "violation", this.#violation);
      break;
    }
    this.changes = [];
    this.steps = [];
  }

  #calm(): void {
    this.tell("world", "calm", "no more faults");
    for (const end of this.#ends.values()) end();
    this.#ends.clear();
    this.#disturbed();
  }

  #disturbed(): void {
    this.#disturbedAt = this.now;
  }

  #plan(): void {
    const at = this.now + this.#chance.between(0, (2 * DAYS * DAY_MS) / this.#strikes);
    if (at >= this.#days * DAY_MS - CALM_HOURS * HOUR_MS) return;
    this.timeline.schedule(instant(at), () => {
      this.#strike();
      this.#plan();
    });
  }

  #strike(): void {
    const name = this.#chance.some(this.faults);
    const uplink = this.#chance.below(this.isps.length);
    const isp = this.isps[uplink];
    if (name === undefined || isp === undefined) return;
    // two at once of one kind would end each other
    const key = name === "kill" || name === "power" ? "off" : `${name} ${isp.name}`;
    if (this.#ends.has(key)) return;
    // nobody speaks to a host that sleeps
    if (this.gateway.clock.asleep && (name === "reload" || name === "command")) return;
    this.#struck.set(name, (this.#struck.get(name) ?? 0) + 1);
    const { words, end } = MONTH_FAULTS[name]({ month: this, uplink, isp, chance: this.#chance });
    this.tell("world", "fault", words);
    this.#disturbed();
    if (end === undefined) return;
    this.#ends.set(key, end);
    this.timeline.schedule(instant(this.now + LENGTH.leastMs * 10 ** this.#chance.between(0, LENGTH.decades)), () => {
      if (this.#ends.get(key) !== end) return;
      this.#ends.delete(key);
      end();
      this.#disturbed();
      this.tell("world", "fault over", words);
    });
  }

  #observed(uplink: string, observed: Observed6): void {
    this.coverage.note(observed);
    this.steps.push({ uplink, observed });
    const { before, after, effects } = observed;
    if (before.phase.kind !== after.phase.kind) this.tell(uplink, "transition", `${before.phase.kind} → ${after.phase.kind}`);
    for (const effect of effects) {
      if (effect.kind === "send") this.tell(uplink, "sent", effect.message.kind);
      if (effect.kind === "ignored") this.tell(uplink, "ignored", effect.reason);
    }
  }
}
