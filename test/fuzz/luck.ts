/** Chance for millions of draws: that of the simulator costs a hash every few of them. */
import type { Luck } from "./mutate.ts";
import { Dice } from "./server-flood-maker.ts";

export class CheapLuck extends Dice implements Luck {
  perMille(rate: number): boolean {
    return this.below(1000) < rate;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }

  pick<T>(items: readonly [T, ...T[]]): T {
    return items[this.below(items.length)] ?? items[0];
  }

  some<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)];
  }
}
