/** The kernel of a gateway with delegated prefixes: addresses that end by themselves, routes that do not, and what became of each address. */
import type { Ipv6Address, Ipv6Prefix } from "../../base/ipv6.ts";
import { after, type Instant } from "../../base/time.ts";
import type { PlanKernel, PlannedAddress, PrefixPlan } from "../../ports/kernel.ts";
import type { Scheduled, Timeline } from "../clock.ts";

export type KernelAddress = Omit<PlannedAddress, "preferredSeconds" | "validSeconds"> & {
  readonly preferredUntil: Instant;
  readonly validUntil: Instant;
};
/** `dropped`: taken away by a plan. `ended`: its lifetime was over. `vanished`: with its link, or with the power. */
export type KernelChange = { readonly kind: "added" | "extended" | "deprecated" | "dropped" | "ended" | "vanished"; readonly address: KernelAddress };

/** Whole seconds, rounded up, move an end by less than this. */
const GRAIN_MS = 1000;

export class PlanKernel6 implements PlanKernel {
  readonly #timeline: Timeline;
  readonly #tell: (change: KernelChange) => void;
  readonly #addresses = new Map<string, KernelAddress>();
  #aggregates: readonly Ipv6Prefix[] = [];
  #ending: Scheduled | undefined;

  constructor(timeline: Timeline, tell: (change: KernelChange) => void) {
    this.#timeline = timeline;
    this.#tell = tell;
  }

  addresses(): readonly KernelAddress[] {
    return [...this.#addresses.values()];
  }
  get aggregates(): readonly Ipv6Prefix[] {
    return this.#aggregates;
  }

  /** New before old, as main does it. */
  apply({ addresses, aggregates }: PrefixPlan): void {
    this.#aggregates = aggregates.map(({ prefix }) => prefix);
    const wanted = new Set(addresses.map(keyOf));
    for (const one of addresses) this.#put(one);
    for (const [key, old] of this.#addresses) if (!wanted.has(key)) this.#remove(key, old, "dropped");
    this.#watchEnds();
  }

  linkGone(link: number): void {
    for (const [key, one] of this.#addresses) if (one.link === link) this.#remove(key, one, "vanished");
    this.#watchEnds();
  }

  /** The machine lost its power. */
  clear(): void {
    this.#aggregates = [];
    for (const [key, one] of this.#addresses) this.#remove(key, one, "vanished");
    this.#watchEnds();
  }

  #put({ preferredSeconds, validSeconds, ...rest }: PlannedAddress): void {
    const { now } = this.#timeline;
    const before = this.#addresses.get(keyOf(rest));
    const address = { ...rest, preferredUntil: after(now, preferredSeconds), validUntil: after(now, validSeconds) };
    this.#addresses.set(keyOf(rest), address);
    if (before === undefined) this.#tell({ kind: "added", address });
    else if (address.preferredUntil <= now && before.preferredUntil > now + GRAIN_MS) this.#tell({ kind: "deprecated", address });
    else if (address.validUntil !== before.validUntil) this.#tell({ kind: "extended", address });
  }

  #remove(key: string, address: KernelAddress, kind: KernelChange["kind"]): void {
    this.#addresses.delete(key);
    this.#tell({ kind, address });
  }

  #watchEnds(): void {
    this.#ending?.cancel();
    const ends = Math.min(...this.addresses().map(({ validUntil }) => validUntil));
    if (!Number.isFinite(ends)) return;
    this.#ending = this.#timeline.schedule(ends as Instant, () => {
      for (const [key, one] of this.#addresses) if (one.validUntil <= this.#timeline.now) this.#remove(key, one, "ended");
      this.#watchEnds();
    });
  }
}

export function keyOf({ link, address }: { readonly link: number; readonly address: Ipv6Address }): string {
  return `${link} ${address}`;
}
