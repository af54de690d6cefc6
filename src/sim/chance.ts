/** Chance from a seed: one stream for each purpose, so that a change in one actor does not shift the luck of another. */
import { Entropy, seedOf } from "../base/entropy.ts";

export class Chance {
  readonly #entropy: Entropy;

  constructor(...seed: readonly number[]) {
    this.#entropy = new Entropy(seedOf(...seed));
  }

  u32(): number {
    return this.#entropy.u32();
  }

  bytes(count: number): Uint8Array {
    return this.#entropy.bytes(count);
  }

  between(low: number, high: number): number {
    return this.#entropy.between(low, high);
  }

  /** A whole number from 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor(this.between(0, count));
  }

  perMille(rate: number): boolean {
    return this.below(1000) < rate;
  }

  pick<T>(items: readonly [T, ...T[]]): T {
    return items[this.below(items.length)] ?? items[0];
  }

  some<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)];
  }
}
