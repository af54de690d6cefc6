/**
 * The last steps of a machine in their order. Steps that changed nothing have a small room of their own: strangers can make as many of
 * those as they like, and would otherwise fill the memory with what they say, and push out of it what has happened.
 */
import { LIMITS } from "../base/limits.ts";

type Numbered<T> = { readonly order: number; readonly step: T };

export class StepMemory<T> {
  readonly #changes = new Ring<T>(LIMITS.traceSteps);
  readonly #idle = new Ring<T>(LIMITS.traceIdleSteps);
  #order = 0;

  add(step: T, changed: boolean): void {
    (changed ? this.#changes : this.#idle).add({ order: this.#order++, step });
  }

  /** Oldest first, and each begins where the one before it ended: what stands before changes that were given up is left out. */
  all(): readonly T[] {
    const since = this.#changes.oldestOrder;
    const idle = this.#idle.kept.filter(({ order }) => order >= since);
    return [...this.#changes.kept, ...idle].sort((a, b) => a.order - b.order).map(({ step }) => step);
  }
}

class Ring<T> {
  readonly kept: Numbered<T>[] = [];
  readonly #most: number;
  #oldest = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** 0 as long as none was given up. */
  get oldestOrder(): number {
    return this.kept.length < this.#most ? 0 : (this.kept[this.#oldest]?.order ?? 0);
  }

  add(step: Numbered<T>): void {
    if (this.kept.length < this.#most) {
      this.kept.push(step);
      return;
    }
    this.kept[this.#oldest] = step;
    this.#oldest = (this.#oldest + 1) % this.#most;
  }
}
