/** uplink4 under mutated answers, small enough for every run; a million of them are in the long variant. */
import { test } from "node:test";
import { hostileStory } from "../support/mutated-story.ts";
import { NEEDS_ROOT } from "../support/uplink-world.ts";

test(
  "50,000 mutated answers, more than half of them whole outside, change no lease, no process and no memory, and each is accounted for",
  { skip: NEEDS_ROOT },
  () => hostileStory({ frames: 50_000, rounds: 2, seed: 1, perExchange: 1250 }),
);
