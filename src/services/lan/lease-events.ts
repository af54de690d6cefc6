/**
 * Tells hooks and watchers what happened to leases: once it is durable, some dozens at a time, never while answers wait. Where nobody
 * listens nothing is gathered; where they do not keep up, what comes next is dropped and counted.
 */
import { duidOf } from "../../base/duid.ts";
import { ipv6Of } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import { after } from "../../base/time.ts";
import type { Alarm, Clock } from "../../ports/clock.ts";
import type { DelegatedRoute } from "../../ports/kernel.ts";
import type { LeaseEvent, LeaseEventName, LeaseListeners } from "../../ports/leases.ts";
import type { LeaseDisk } from "../../ports/store.ts";
import { jsonRecord } from "../json-record.ts";
import { imageBytes } from "../leases/images.ts";
import { decodeNote } from "../leases/note.ts";
import { BYTE, ROW_BYTES, WORD } from "../leases/rows.ts";
import { OPTION } from "./dhcp6-server/codes.ts";
import { HAPPENED, type Happenings } from "./dhcp6-server/happenings.ts";

/** Between two portions, for packets to be served. */
const PAUSE_SECONDS = 0.005;
const FOREVER_SECONDS = 0xffffffff;
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
    for (let i = 0; i < count; i++) {
      const { used, event } = eventOf(images, at, NAMES[kinds[i] ?? 0] ?? "lease-commit", seconds, this.#parts.nameOf);
      events.push(event);
      at += used;
    }
    return count === kinds.length ? undefined : { images: images.subarray(at), kinds: kinds.subarray(count), seconds };
  }
}

function eventOf(
  bytes: Uint8Array,
  at: number,
  event: LeaseEventName,
  seconds: number,
  nameOf: (link: number) => string,
): { readonly used: number; readonly event: LeaseEvent } {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  const word = (field: number): number => view.getUint32(4 * field, true);
  const length = view.getUint8(BYTE.identifierLength);
  const noteAt = at + imageBytes(length);
  const used = noteAt - at + view.getUint8(BYTE.noteBlocks) * ROW_BYTES;
  const address = ipv6Of(bytes.subarray(at + BYTE.address, at + BYTE.address + 16));
  const isPrefix = view.getUint8(BYTE.type) === OPTION.iaPd;
  const name = nameOf(view.getUint16(BYTE.link, true));
  const leased = isPrefix ? `${address}/${view.getUint8(BYTE.prefixLength)}` : address;
  const lease = {
    [isPrefix ? "prefix" : "address"]: leased,
    client: duidOf(bytes.subarray(at + BYTE.identifier, at + BYTE.identifier + length)) ?? null,
    iaid: word(WORD.iaid),
    hostName: decodeNote(bytes.subarray(noteAt, at + used))?.hostName ?? null,
    preferredSeconds: remaining(word(WORD.preferredUntil), seconds),
    validSeconds: remaining(word(WORD.validUntil), seconds),
    validUntil: timeOf(word(WORD.validUntil)),
  };
  const record = jsonRecord({ interface: name, family: "ipv6", event, at: timeOf(seconds), lease });
  return { used, event: { name, event, lease: leased, record } };
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
