/** Virtual time: one timeline for a whole world, and on it the clock of each host, which may sleep and be set wrong. */
import { type Instant, instant, NEVER, type WallClock, wallClock } from "../base/time.ts";
import type { Alarm, Clock } from "../ports/clock.ts";
import { Chance } from "./chance.ts";

/** Wall-clock time at instant 0 unless a host's clock is set wrong: 2026-01-01. */
export const EPOCH_MS = Date.UTC(2026, 0, 1);

type Entry = { readonly at: Instant; readonly order: number; run: (() => void) | undefined };
export type Scheduled = { cancel(): void };

/** What happens at the same instant happens in the order in which it was scheduled. */
export class Timeline {
  #now: Instant = instant(0);
  #order = 0;
  readonly #heap: Entry[] = [];

  get now(): Instant {
    return this.#now;
  }

  schedule(at: Instant, run: () => void): Scheduled {
    if (at === NEVER) return { cancel: () => undefined };
    const entry: Entry = { at: instant(Math.max(at, this.#now)), order: this.#order++, run };
    this.#push(entry);
    return {
      cancel: () => {
        entry.run = undefined;
      },
    };
  }

  /** Runs what is due until `until` and leaves the time there, or where `goOn`, asked behind each event, says no. */
  runUntil(until: Instant, goOn: () => boolean = () => true): void {
    for (let next = this.#heap[0]; next !== undefined && next.at <= until; next = this.#heap[0]) {
      this.#pop();
      if (next.run === undefined) continue;
      this.#now = next.at;
      next.run();
      if (!goOn()) return;
    }
    this.#now = instant(Math.max(this.#now, until));
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let i = heap.push(entry) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(heap[i], heap[parent])) return;
      swap(heap, i, parent);
      i = parent;
    }
  }

  #pop(): void {
    const heap = this.#heap;
    swap(heap, 0, heap.length - 1);
    heap.pop();
    let i = 0;
    for (;;) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) if (before(heap[child], heap[least])) least = child;
      if (least === i) return;
      swap(heap, i, least);
      i = least;
    }
  }
}

/** The clock of one host. While the host sleeps no alarm rings; what was due rings when it wakes. */
export class SimClock implements Clock {
  readonly #timeline: Timeline;
  readonly #chance: Chance;
  #wallOffsetMs = 0;
  #awakeAt: Instant = instant(0);
  readonly #rearm = new Set<() => void>();

  constructor(timeline: Timeline, ...seed: readonly number[]) {
    this.#timeline = timeline;
    this.#chance = new Chance(...seed);
  }

  now(): Instant {
    return this.#timeline.now;
  }

  wallClock(): WallClock {
    return wallClock(EPOCH_MS + this.#timeline.now + this.#wallOffsetMs);
  }

  entropy(): Uint8Array {
    return this.#chance.bytes(32);
  }

  get asleep(): boolean {
    return this.#timeline.now < this.#awakeAt;
  }

  /** Suspends the host; boot time goes on. */
  sleepUntil(at: Instant): void {
    this.#awakeAt = at;
    for (const rearm of this.#rearm) rearm();
  }

  /** Somebody sets the wall clock; 0 is right. */
  setWall(offsetMs: number): void {
    this.#wallOffsetMs = offsetMs;
  }

  alarm(ring: () => void): Alarm {
    let wanted: Instant = NEVER;
    let scheduled: Scheduled | undefined;
    const arm = (): void => {
      scheduled?.cancel();
      scheduled = this.#timeline.schedule(instant(Math.max(wanted, this.#awakeAt)), () => {
        wanted = NEVER;
        ring();
      });
    };
    this.#rearm.add(arm);
    return {
      set: (at) => {
        wanted = at;
        arm();
      },
      close: () => {
        scheduled?.cancel();
        this.#rearm.delete(arm);
      },
    };
  }
}

function before(a: Entry | undefined, b: Entry | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function swap(heap: Entry[], i: number, j: number): void {
  const [a, b] = [heap[i], heap[j]];
  if (a === undefined || b === undefined) return;
  heap[i] = b;
  heap[j] = a;
}
