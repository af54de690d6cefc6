/** How soon an update follows one that failed: after 5 s, 10 s, 20 s ..., each a fifth earlier or later, so that not all come at once. */
import type { Entropy } from "../../base/entropy.ts";

const FIRST_SECONDS = 5;
const MOST_DOUBLINGS = 20;
const JITTER = 0.2;

export function retrySeconds(failures: number, chance: Entropy): number {
  return FIRST_SECONDS * 2 ** Math.min(failures, MOST_DOUBLINGS) * chance.between(1 - JITTER, 1 + JITTER);
}
