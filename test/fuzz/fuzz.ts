/** Feeds a target with changed samples. A target says what came of each input, or throws: then the input is the finding. */
import { toHex } from "../../src/base/hex.ts";
import { Chance } from "../../src/sim/chance.ts";
import { mutated } from "./mutate.ts";

export type Target = {
  readonly name: string;
  readonly what: string;
  readonly samples: () => readonly Uint8Array[];
  /** @returns the outcome in a word: "value", a refusal's code. @throws when what should hold does not */
  readonly run: (bytes: Uint8Array) => string;
};
export type Finding = { readonly run: number; readonly hex: string; readonly error: unknown };
export type Fuzzed = { readonly outcomes: ReadonlyMap<string, number>; readonly finding: Finding | undefined };

/** No input takes that long on any machine, unless its cost grows with more than its length. */
const TARDY_MS = 2000;

export function fuzz(target: Target, { runs, seed }: { readonly runs: number; readonly seed: number }): Fuzzed {
  const samples = target.samples();
  const chance = new Chance(seed, 0xf022);
  const outcomes = new Map<string, number>();
  for (let run = 0; run < runs; run++) {
    const bytes = run < samples.length ? (samples[run] ?? new Uint8Array(0)) : mutated(samples, chance);
    const began = performance.now();
    try {
      const outcome = target.run(bytes.slice());
      const tookMs = performance.now() - began;
      if (tookMs > TARDY_MS) throw new Error(`took ${Math.round(tookMs)} ms for ${bytes.length} bytes`);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    } catch (error) {
      return { outcomes, finding: { run, hex: toHex(bytes), error } };
    }
  }
  return { outcomes, finding: undefined };
}
