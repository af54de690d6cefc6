/**
 * uplink4 under a million mutated answers. Memory is what is resident in main, frontend and engine together, looked at ten times a second
 * while frames are sent: its highest in the last tenth may be 5 MiB over its highest in the first. A single look would compare tides: the
 * engine's heap grows by 4 MiB between two collections.
 */
import { test } from "node:test";
import { hostileStory } from "../support/mutated-story.ts";
import { NEEDS_ROOT } from "../support/uplink-world.ts";

test(
  "1,000,000 mutated answers, more than half of them whole outside, change no lease, no process and no memory, and each is accounted for",
  { skip: NEEDS_ROOT },
  () => hostileStory({ frames: 1_000_000, rounds: 10, seed: 2, perExchange: 2500, comparesMemory: true }),
);
