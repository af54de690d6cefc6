/** Changes bytes as accidents and attackers do: a few small changes to something that was right. Same seed, same changes. */
import type { Chance } from "../../src/sim/chance.ts";

const INTERESTING = [0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 31, 32, 33, 63, 64, 127, 128, 192, 240, 254, 255] as const;
const CHANGES_MAX = 4;
const RANGE_MAX = 32;

/** What changes are drawn from. */
export type Luck = Pick<Chance, "below" | "perMille" | "bytes" | "pick" | "some">;

type Change = (bytes: Uint8Array, chance: Luck, samples: readonly Uint8Array[]) => Uint8Array;

const CHANGES: readonly [Change, ...Change[]] = [
  (bytes, chance) => edited(bytes, chance.below(bytes.length), (byte) => byte ^ (1 << chance.below(8))),
  (bytes, chance) => edited(bytes, chance.below(bytes.length), () => chance.pick(INTERESTING)),
  (bytes, chance) => edited(bytes, chance.below(bytes.length), (byte) => byte + (chance.perMille(500) ? 1 : 255)),
  (bytes, chance) => bytes.slice(0, chance.below(bytes.length + 1)),
  (bytes, chance) => cut(bytes, range(bytes, chance), 0),
  (bytes, chance) => cut(bytes, range(bytes, chance), 2),
  (bytes, chance) => inserted(bytes, chance.below(bytes.length + 1), chance.bytes(1 + chance.below(RANGE_MAX))),
  (bytes, chance) => inserted(bytes, chance.below(bytes.length + 1), new Uint8Array(1 + chance.below(300)).fill(chance.pick(INTERESTING))),
  (bytes, chance, samples) => {
    const other = chance.some(samples) ?? bytes;
    return joined(bytes.slice(0, chance.below(bytes.length + 1)), other.slice(chance.below(other.length + 1)));
  },
];

export function mutated(samples: readonly Uint8Array[], chance: Luck): Uint8Array {
  let bytes: Uint8Array = chance.some(samples) ?? new Uint8Array(0);
  const count = chance.below(CHANGES_MAX + 1);
  for (let i = 0; i < count; i++) bytes = bytes.length === 0 ? chance.bytes(1) : chance.pick(CHANGES)(bytes, chance, samples);
  return bytes;
}

function range(bytes: Uint8Array, chance: Luck): readonly [number, number] {
  const start = chance.below(bytes.length);
  return [start, Math.min(bytes.length, start + 1 + chance.below(RANGE_MAX))];
}

/** The range stands so many times in the result. */
function cut(bytes: Uint8Array, [start, end]: readonly [number, number], times: number): Uint8Array {
  const middle = Array.from({ length: times }, () => bytes.slice(start, end));
  return joined(bytes.slice(0, start), ...middle, bytes.slice(end));
}

function inserted(bytes: Uint8Array, at: number, more: Uint8Array): Uint8Array {
  return joined(bytes.slice(0, at), more, bytes.slice(at));
}

function edited(bytes: Uint8Array, at: number, change: (byte: number) => number): Uint8Array {
  const changed = bytes.slice();
  changed.set([change(bytes[at] ?? 0)], at);
  return changed;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
