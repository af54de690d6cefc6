/**
 * Tells hooks and watchers what happened to leases: once it is durable, some dozens at a time, never while answers wait. Where nobody
 * listens nothing is gathered; where they do not keep up, what comes next is dropped and counted.
 */
import { assert } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { after } from "../../base/time.ts";
import type { Alarm, Clock } from "../../ports/clock.ts";
import type { DelegatedRoute } from "../../ports/kernel.ts";
import type { Lease, LeaseEvent, LeaseEventName, LeaseFilter, LeaseListeners } from "../../ports/leases.ts";
import type { LeaseDisk } from "../../ports/store.ts";
import { jsonRecord } from "../json-record.ts";
import { applyImage } from "../leases/images.ts";
import { LeaseTable } from "../leases/table.ts";
import { HAPPENED, type Happenings } from "./dhcp6-server/happenings.ts";
import { LeaseLists, type ListFacts } from "./lease-lists.ts";

/** Between two portions, for packets to be served. */
const PAUSE_SECONDS = 0.005;
const FOREVER_SECONDS = 0xffffffff;
const EVERY: LeaseFilter = { link: "", client: undefined, holds: undefined, exactly: undefined, state: undefined };
const NAMES: readonly LeaseEventName[] = byPlace();

type Waiting = { readonly images: Uint8Array; readonly kinds: Uint8Array; readonly seconds: number };
export type LeaseEventParts = {
  readonly clock: Clock;
  readonly listeners: LeaseListeners;
  readonly disk: LeaseDisk | undefined;
  /** The name of a link by the number that leases have. */
  readonly nameOf: (link: number) => string;
};

export class LeaseEvents {
  readonly #parts: LeaseEventParts;
  readonly #alarm: Alarm;
  /** Made with the first event: it takes a megabyte. */
  #reading: Reading | undefined;
  /** What waits for the disk, and what for its turn. */
  #written: Waiting[] = [];
  #ready: Waiting[] = [];
  #count = 0;
  #isWriting = false;
  lost = 0;

  constructor(parts: LeaseEventParts) {
    this.#parts = parts;
    this.#alarm = parts.clock.alarm(() => this.#tell());
  }

  get areHeard(): boolean {
    return this.#parts.listeners.areThere;
  }

  /** Copies what happened in a batch whose answers are on their way. */
  take({ images, kinds, end, count, lost }: Happenings, seconds: number): void {
    this.lost += lost;
    if (count === 0) return;
    if (this.#count + count > LIMITS.leaseEventsWaiting) {
      this.lost += count;
      return;
    }
    this.#count += count;
    this.#written.push({ images: images.slice(0, end), kinds: kinds.slice(0, count), seconds });
    this.#await();
  }

  /** What the kernel is asked for; a few at a time. */
  routes(wishes: readonly (DelegatedRoute & { readonly add: boolean })[], seconds: number): void {
    if (!this.areHeard) return;
    const events = wishes.map(({ add, name, prefix, via }): LeaseEvent => {
      const event = add ? "pd-route-add" : "pd-route-del";
      const record = jsonRecord({ interface: name, family: "ipv6", event, at: timeOf(seconds), route: { prefix, via: add ? via : null } });
      return { name, event, lease: prefix, record };
    });
    if (!this.#parts.listeners.tell(events)) this.lost += events.length;
  }

  /** Whatever gathers meanwhile is asked for with the next call. */
  #await(): void {
    if (this.#isWriting || this.#written.length === 0) return;
    this.#isWriting = true;
    const written = this.#written;
    this.#written = [];
    const durable = (): void => {
      this.#isWriting = false;
      this.#ready.push(...written);
      this.#alarm.set(after(this.#parts.clock.now(), 0));
      this.#await();
    };
    if (this.#parts.disk === undefined) durable();
    else this.#parts.disk.settled(durable);
  }

  /** One portion. */
  #tell(): void {
    const events: LeaseEvent[] = [];
    while (events.length < LIMITS.channelBatch) {
      const next = this.#ready.shift();
      if (next === undefined) break;
      const rest = this.#read(next, LIMITS.channelBatch - events.length, events);
      if (rest !== undefined) this.#ready.unshift(rest);
    }
    this.#count -= events.length;
    if (events.length > 0 && !this.#parts.listeners.tell(events)) this.lost += events.length;
    if (this.#ready.length > 0) this.#alarm.set(after(this.#parts.clock.now(), PAUSE_SECONDS));
  }

  /** @returns what is left */
  #read({ images, kinds, seconds }: Waiting, most: number, events: LeaseEvent[]): Waiting | undefined {
    let at = 0;
    const count = Math.min(most, kinds.length);
    const facts = { nowSeconds: seconds, nameOf: this.#parts.nameOf };
    this.#reading ??= new Reading();
    for (let i = 0; i < count; i++) {
      const read = this.#reading.at(images, at, facts);
      assert(read !== undefined, "what happened is told by images");
      events.push(eventOf(read.lease, NAMES[kinds[i] ?? 0] ?? "lease-commit", seconds));
      at += read.used;
    }
    return count === kinds.length ? undefined : { images: images.subarray(at), kinds: kinds.subarray(count), seconds };
  }
}

/** Images one at a time, in a table of their own. */
class Reading {
  readonly #table = new LeaseTable({ key: new Uint8Array(16), maxLeases: 1, maxRowsPerClient: 1 });
  readonly #lists = new LeaseLists(this.#table);

  /** @returns undefined when the octets are no image, which would be our own fault */
  at(images: Uint8Array, at: number, facts: ListFacts): { readonly used: number; readonly lease: Lease } | undefined {
    const used = applyImage(this.#table, images, at, images.length);
    const [lease] = this.#lists.page(EVERY, 0, facts).leases;
    if (used > 0) this.#table.remove(0);
    return used === 0 || lease === undefined ? undefined : { used, lease };
  }
}

function eventOf(lease: Lease, event: LeaseEventName, seconds: number): LeaseEvent {
  const { kind, address, prefixLength, link: name, client = null, iaid, hostName, preferredUntilSeconds, validUntilSeconds } = lease;
  const leased = kind === "prefix" ? `${address}/${prefixLength}` : address;
  const told = {
    [kind]: leased,
    ...{ client, iaid, hostName: hostName === "" ? null : hostName },
    preferredSeconds: remaining(preferredUntilSeconds, seconds),
    validSeconds: remaining(validUntilSeconds, seconds),
    validUntil: timeOf(validUntilSeconds),
  };
  const record = jsonRecord({ interface: name, family: "ipv6", event, at: timeOf(seconds), lease: told });
  return { name, event, lease: leased, record };
}

/** null: never. */
function timeOf(seconds: number): string | null {
  return seconds === FOREVER_SECONDS ? null : new Date(1000 * seconds).toISOString();
}

function remaining(until: number, seconds: number): number | null {
  return until === FOREVER_SECONDS ? null : Math.max(0, until - seconds);
}

function byPlace(): readonly LeaseEventName[] {
  const names: LeaseEventName[] = [];
  for (const [word, place] of Object.entries(HAPPENED)) names[place] = `lease-${word as keyof typeof HAPPENED}`;
  return names;
}
