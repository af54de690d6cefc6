/** What came of a flood, and what one needs to pour it: how far it is, how much memory it has taken, which input was not borne. */
import assert from "node:assert/strict";
import { toHex } from "../../src/base/hex.ts";
import type { Luck } from "./mutate.ts";

export type Counts = Readonly<Record<string, number>>;
export type Poured = {
  readonly answered: number;
  readonly seconds: number;
  /** By what is counted, and by its name; `refused` is among them. */
  readonly counts: Readonly<Record<string, Counts>>;
  /** Reasons that nothing was refused for. */
  readonly unmet: readonly string[];
  /** Whatever else there is to say. */
  readonly notes: readonly string[];
};
export type Flood = {
  readonly name: string;
  readonly what: string;
  readonly runs: number;
  /** @throws when what should hold does not */
  readonly run: (size: { readonly runs: number; readonly seed: number }, tell: (done: number) => void) => Poured;
};

const MIB = 1024 * 1024;
export const LOOK_EACH = 8192;
const TELL_MS = 10_000;
/** What a garbage collector leaves lying about while it is fed at full speed. */
const GROWTH_BYTES = 256 * MIB;

/** Looks at the memory of this process every few thousand inputs. */
export class Watch {
  readonly #began = performance.now();
  readonly #first = process.memoryUsage.rss();
  readonly #tell: (done: number) => void;
  #most = this.#first;
  #told = this.#began;

  constructor(tell: (done: number) => void) {
    this.#tell = tell;
  }

  looked(done: number): void {
    if (done % LOOK_EACH !== 0) return;
    this.#most = Math.max(this.#most, process.memoryUsage.rss());
    assert.ok(
      this.#most < this.#first + GROWTH_BYTES,
      `${Math.round(this.#most / MIB)} MiB after ${done} inputs, ${this.#mib(this.#first)} at the beginning`,
    );
    const now = performance.now();
    if (now - this.#told < TELL_MS) return;
    this.#told = now;
    this.#tell(done);
  }

  get seconds(): number {
    return (performance.now() - this.#began) / 1000;
  }

  get note(): string {
    return `resident ${this.#mib(this.#first)} at the beginning, ${this.#mib(this.#most)} at most, ${this.#mib(process.memoryUsage.rss())} at the end`;
  }

  #mib(bytes: number): string {
    return `${Math.round(bytes / MIB)} MiB`;
  }
}

/** @throws Error that names the input, when one is not borne */
export function bearing<T>(bytes: Uint8Array, bear: () => T): T {
  try {
    return bear();
  } catch (error) {
    throw new Error(`input ${toHex(bytes)}`, { cause: error });
  }
}

export function added(counts: Record<string, number>, name: string, count = 1): void {
  counts[name] = (counts[name] ?? 0) + count;
}

export function summed(counts: Counts): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

/** One octet is another one, most often of a text: lengths and tags stand in front of what they are of. */
export function touched(bytes: Uint8Array, luck: Luck): Uint8Array {
  const at = luck.below(bytes.length);
  return bytes.with(at, luck.perMille(500) ? luck.below(256) : (bytes[at] ?? 0) ^ (1 << luck.below(8)));
}
