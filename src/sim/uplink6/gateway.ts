/**
 * A gateway with the real `uplink6` on a simulated kernel and disk. Its program can be killed at any time, also between any two of its
 * effects; the next life knows what the disk and the kernel hold, and nothing else.
 */
import { ALONE, linkLocalOf } from "../uplink-ports.ts";
import type { LinkFact } from "../../services/links.ts";
import { type Duid, duidLl } from "../../base/duid.ts";
import type { Ipv6Address } from "../../base/ipv6.ts";
import { type MacAddress, macOf } from "../../base/mac.ts";
import { type Instant, instant } from "../../base/time.ts";
import type { ClientEffect, ClientEvent, ClientState } from "../../machines/dhcp6-client/state.ts";
import type { PrefixPlan } from "../../ports/kernel.ts";
import type { Observed } from "../../services/driver.ts";
import type { Uplink6Interface } from "../../services/uplink6/config.ts";
import type { Uplink6Ports } from "../../services/uplink6/ports.ts";
import { Uplink6 } from "../../services/uplink6/service.ts";
import { DHCP6_PORT } from "../actors/exchange.ts";
import { same } from "../../base/same.ts";
import { Chance } from "../chance.ts";
import { clockWhile } from "../mortal-clock.ts";
import { SimClock, type Timeline } from "../clock.ts";
import { SimDisk } from "../disk.ts";
import type { Port } from "../link.ts";
import { LANS } from "./configuration.ts";
import type { Isp } from "./isp.ts";
import { type KernelChange, PlanKernel6 } from "./kernel.ts";

export type Observed6 = Observed<ClientState, ClientEvent, ClientEffect>;
export type Gateway6Options = {
  readonly timeline: Timeline;
  readonly seed: readonly number[];
  readonly isps: readonly Isp[];
  readonly uplinks: readonly Uplink6Interface[];
  readonly tell: (what: string, words: string) => void;
  readonly observe: (uplink: string, observed: Observed6) => void;
  readonly changed: (change: KernelChange) => void;
};
type Card = { readonly name: string; readonly mac: MacAddress; index: number; present: boolean; running: boolean };

const SOCKET_MS = 3;
const SERVER = "fe80::2" as Ipv6Address;
const CLIENT = "fe80::1" as Ipv6Address;
const NEW_LINK = 100;

/** Thrown where an effect would have been, through the whole program. */
class Killed extends Error {}

export class Gateway6 {
  readonly duid: Duid;
  readonly kernel: PlanKernel6;
  readonly disk: SimDisk;
  readonly clock: SimClock;
  readonly cards: readonly Card[];
  /** Each uplink's far side and our end of the link to it, by the uplink's name. */
  readonly ways = new Map<string, { readonly isp: Isp; readonly port: Port }>();
  /** When each message went out, by uplink. */
  readonly sentAt = new Map<string, Instant[]>();
  /** When the program that runs began, or undefined while none runs. */
  startedAt: Instant | undefined;
  /**
   * The program that runs began with a record that is not the last one, by another clock than the one it was written by, or of what was
   * held before the step in which the last program died.
   */
  doubtful = false;
  /** When somebody changed the configuration last. */
  configuredAt: Instant = instant(0);
  readonly #options: Gateway6Options;
  #uplinks: readonly Uplink6Interface[];
  #life = 0;
  readonly #written = new Map<string, { readonly record: Uint8Array | undefined; readonly wallOffsetMs: number }>();
  #service: Uplink6 | undefined;
  #appliedAt: Instant = instant(-1);
  #writtenAt: Instant = instant(-1);
  /** The last program died when the kernel had been told and the disk had not. */
  #torn = false;
  /** So many effects from now the program dies. */
  #fuse: { effects: number; readonly died: () => void } | undefined;

  constructor(options: Gateway6Options) {
    const { timeline, seed, isps, uplinks } = options;
    this.#options = options;
    this.#uplinks = uplinks;
    this.cards = [...uplinks.map(({ name }) => name), ...LANS].map((name, i) => card(name, i + 1));
    this.duid = duidLl(macOf(Uint8Array.of(2, 0, 0, 6, 0, 0)));
    this.kernel = new PlanKernel6(timeline, options.changed);
    this.disk = new SimDisk(timeline, new Chance(...seed, 2));
    this.clock = new SimClock(timeline, ...seed, 4);
    isps.forEach((isp, i) => {
      const name = uplinks[i]?.name ?? "";
      const take = (payload: Uint8Array): void => this.#arrived(name, payload);
      this.ways.set(name, { isp, port: isp.segment.attach({ name, cut: false, take, resolve: () => undefined }) });
      this.sentAt.set(name, []);
    });
  }

  get service(): Uplink6 | undefined {
    return this.#service;
  }
  get uplinks(): readonly Uplink6Interface[] {
    return this.#uplinks;
  }

  start(): void {
    if (this.#service !== undefined) return;
    const life = ++this.#life;
    const service = new Uplink6(this.#portsOf(() => life === this.#life));
    this.#service = service;
    this.startedAt = this.#options.timeline.now;
    this.doubtful = this.#torn || this.#uplinks.some(({ name }) => this.#isDoubtful(name));
    this.#torn = false;
    this.#enter(() => {
      service.configure({ duid: this.duid, interfaces: this.#uplinks });
      for (const { name } of this.#uplinks) {
        const record = this.disk.load(name);
        if (record !== undefined) service.stored(name, record);
      }
      for (const { present, ...fact } of this.cards) if (present) this.#tellCard(service, fact);
      service.linksListed(new Set(this.cards.filter(({ present }) => present).map(({ index }) => index)));
    });
  }

  kill(): void {
    this.#life++;
    this.#service = undefined;
    this.startedAt = undefined;
    this.#fuse = undefined;
  }

  /** The program dies instead of its effect of that number. */
  killAfter(effects: number, died: () => void): void {
    if (this.#service !== undefined) this.#fuse = { effects, died };
  }

  powerCut(): void {
    this.kill();
    this.disk.powerCut();
    this.kernel.clear();
  }

  configure(uplinks: readonly Uplink6Interface[]): void {
    this.#uplinks = uplinks;
    this.configuredAt = this.#options.timeline.now;
    this.#enter((service) => service.configure({ duid: this.duid, interfaces: uplinks }));
  }

  setRunning(name: string, running: boolean): void {
    const found = this.#card(name);
    found.running = running;
    if (found.present) this.#enter((service) => service.linkNews({ index: found.index, running }));
  }

  removeLink(name: string): void {
    const found = this.#card(name);
    if (!found.present) return;
    found.present = false;
    this.kernel.linkGone(found.index);
    this.#enter((service) => service.linkGone(found.index));
  }

  /** It comes back as another link of the same name. */
  createLink(name: string): void {
    const found = this.#card(name);
    if (found.present) return;
    Object.assign(found, { present: true, index: found.index + NEW_LINK });
    const { present: _, ...fact } = found;
    this.#enter((service) => this.#tellCard(service, fact));
  }

  #tellCard(service: Uplink6, fact: Omit<LinkFact, "mtuBytes">): void {
    service.linkNews({ ...fact, mtuBytes: 1500 });
    service.addressIs(linkLocalOf(fact.index));
  }

  command(name: string, verb: "renew" | "reboot"): void {
    this.#enter((service) => service.command(name, verb));
  }

  /** From a suspend; the kernel tells that there was one. */
  wake(): void {
    this.clock.sleepUntil(this.#options.timeline.now);
    this.#enter((service) => service.resumed());
  }

  loseSockets(): void {
    this.#enter((service) => service.socketsLost());
  }

  #card(name: string): Card {
    const found = this.cards.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no link ${name}`);
    return found;
  }

  #arrived(name: string, payload: Uint8Array): void {
    const { present, running, index } = this.#card(name);
    if (!present || !running || this.clock.asleep) return;
    const datagram = { from: SERVER, port: DHCP6_PORT.server, to: CLIENT, hopLimit: 64, payload };
    this.#enter((service) => service.datagram(index, datagram));
  }

  /** Whatever the program does begins here, and may end with its death. */
  #enter(run: (service: Uplink6) => void): void {
    const service = this.#service;
    if (service === undefined) return;
    try {
      run(service);
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      const died = this.#fuse?.died;
      const { now } = this.#options.timeline;
      this.#torn = this.#appliedAt === now && this.#writtenAt !== now;
      this.kill();
      died?.();
    }
  }

  #effect(act: () => void): void {
    if (this.#fuse !== undefined && this.#fuse.effects-- <= 0) throw new Killed();
    act();
  }

  #portsOf(alive: () => boolean): Uplink6Ports {
    const { timeline, tell, observe } = this.#options;
    return {
      clock: clockWhile(alive, this.clock, (ring) => this.#enter(ring)),
      datagrams: { send: (link, { payload }) => this.#effect(() => this.#send(link, payload)) },
      kernel: { apply: (plan) => this.#effect(() => this.#apply(plan)) },
      ...ALONE,
      records: {
        save: (name, record) => this.#effect(() => this.#write(name, record)),
        remove: (name) => this.#effect(() => this.#write(name, undefined)),
      },
      sockets: {
        open: (link) =>
          this.#effect(() => {
            timeline.schedule(instant(timeline.now + SOCKET_MS), () => {
              if (alive()) this.#enter((service) => service.socketReady(link));
            });
          }),
        close: () => this.#effect(() => undefined),
      },
      log: {
        write: (_level, event, fields) => {
          if (event !== "transition") tell("log", `${event} ${JSON.stringify(fields)}`);
        },
      },
      observe: (name, observed) => observe(name, observed),
    };
  }

  #apply(plan: PrefixPlan): void {
    this.#appliedAt = this.#options.timeline.now;
    this.kernel.apply(plan);
  }

  #write(name: string, record: Uint8Array | undefined): void {
    this.#writtenAt = this.#options.timeline.now;
    this.#written.set(name, { record, wallOffsetMs: this.#wallOffsetMs });
    if (record === undefined) this.disk.remove(name);
    else this.disk.save(name, record);
  }

  #isDoubtful(name: string): boolean {
    const written = this.#written.get(name);
    if (written === undefined) return false;
    return written.wallOffsetMs !== this.#wallOffsetMs || !same(written.record, this.disk.load(name));
  }

  get #wallOffsetMs(): number {
    return Math.round(this.clock.wallClock() - this.clock.now());
  }

  #send(link: number, payload: Uint8Array): void {
    const from = this.cards.find(({ index, present, running }) => index === link && present && running);
    const way = this.ways.get(from?.name ?? "");
    if (from === undefined || way === undefined) return;
    this.sentAt.get(from.name)?.push(this.#options.timeline.now);
    way.isp.segment.send(way.port, payload);
  }
}

function card(name: string, index: number): Card {
  return { name, mac: macOf(Uint8Array.of(2, 0, 0, 6, 1, index)), index, present: true, running: true };
}
