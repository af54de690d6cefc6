/** uplink4 under a million mutated answers. */
import { test } from "node:test";
import { hostileStory } from "../support/mutated-story.ts";
import { NEEDS_ROOT } from "../support/uplink-world.ts";

test(
  "1,000,000 mutated answers, more than half of them whole outside, change no lease, no process and no memory, and each is accounted for",
  { skip: NEEDS_ROOT },
  () => hostileStory({ frames: 1_000_000, rounds: 10, seed: 2, perExchange: 2500, watchSeconds: 10 }),
);
