/** A disk with lease records. What is on its way when the power goes is lost or torn; what was durable stays. */
import { instant } from "../base/time.ts";
import type { LeaseRecords } from "../ports/store.ts";
import type { Chance } from "./chance.ts";
import type { Timeline } from "./clock.ts";

export type DiskFault = "none" | "full" | "late";
const LATE_MS = 5000;

type Write = { readonly name: string; readonly record: Uint8Array | undefined };

export class SimDisk implements LeaseRecords {
  fault: DiskFault = "none";
  readonly #timeline: Timeline;
  readonly #chance: Chance;
  readonly #durable = new Map<string, Uint8Array>();
  #underWay: Write[] = [];

  constructor(timeline: Timeline, chance: Chance) {
    this.#timeline = timeline;
    this.#chance = chance;
  }

  save(name: string, record: Uint8Array): void {
    if (this.fault !== "full") this.#write({ name, record: record.slice() });
  }

  remove(name: string): void {
    this.#write({ name, record: undefined });
  }

  /** What a program that starts now reads. */
  load(name: string): Uint8Array | undefined {
    const newest = this.#underWay.findLast((write) => write.name === name);
    return newest === undefined ? this.#durable.get(name) : newest.record;
  }

  /** The power goes: writes under way are lost, or the first of them is torn. */
  powerCut(): void {
    const [first] = this.#underWay;
    this.#underWay = [];
    if (first?.record !== undefined && this.#chance.perMille(300))
      this.#durable.set(first.name, first.record.slice(0, this.#chance.below(first.record.length)));
  }

  #write(write: Write): void {
    if (this.fault !== "late") {
      this.#underWay = this.#underWay.filter(({ name }) => name !== write.name);
      return this.#settle(write);
    }
    this.#underWay.push(write);
    this.#timeline.schedule(instant(this.#timeline.now + LATE_MS), () => {
      if (!this.#underWay.includes(write)) return;
      this.#underWay = this.#underWay.filter((other) => other !== write);
      this.#settle(write);
    });
  }

  #settle({ name, record }: Write): void {
    if (record === undefined) this.#durable.delete(name);
    else this.#durable.set(name, record);
  }
}
