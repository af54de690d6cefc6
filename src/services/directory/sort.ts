/** Sorting in slices, so that no packet waits for a hundred thousand names. */
import { LIMITS } from "../../base/limits.ts";

/** Work that stops between slices; whoever drives it goes on at the next turn of the loop. */
export type Sliced<T> = Generator<undefined, T, undefined>;

/** The numbers 0 to `count` - 1 in order; those that are equal keep theirs. Merges runs, from the bottom up; many come in order already. */
export function* sortedRows(count: number, before: (a: number, b: number) => boolean): Sliced<Uint32Array> {
  let from = new Uint32Array(count);
  let to = new Uint32Array(count);
  let work = 0;
  let isOrdered = true;
  for (let row = 0; row < count; row++) {
    from[row] = row;
    isOrdered &&= row === 0 || !before(row, row - 1);
    if (++work % LIMITS.directorySliceRows === 0) yield;
  }
  if (isOrdered) return from;
  for (let width = 1; width < count; width *= 2) {
    for (let start = 0; start < count; start += 2 * width) {
      const middle = Math.min(start + width, count);
      const end = Math.min(start + 2 * width, count);
      let left = start;
      let right = middle;
      for (let at = start; at < end; at++) {
        const takesRight = left >= middle || (right < end && before(from[right] ?? 0, from[left] ?? 0));
        to[at] = from[takesRight ? right++ : left++] ?? 0;
        if (++work % LIMITS.directorySliceRows === 0) yield;
      }
    }
    [from, to] = [to, from];
  }
  return from;
}

/** Of each run of equals in a sorted list the first. */
export function* firstOfEach(sorted: Uint32Array, isSame: (a: number, b: number) => boolean): Sliced<Uint32Array> {
  const kept = new Uint32Array(sorted.length);
  let count = 0;
  for (let at = 0; at < sorted.length; at++) {
    const row = sorted[at] ?? 0;
    if (at === 0 || !isSame(row, sorted[at - 1] ?? 0)) kept[count++] = row;
    if (at % LIMITS.directorySliceRows === 0) yield;
  }
  return kept.slice(0, count);
}

/** Runs sliced work to its end at once: for tests, and where nobody waits. */
export function finish<T>(work: Sliced<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}
