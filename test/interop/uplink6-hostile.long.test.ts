/** uplink6 under a million mutated datagrams. */
import { test } from "node:test";
import { hostileStory6 } from "../support/uplink6-hostile.ts";
import { needsPeers } from "../support/unpacked.ts";

test(
  "1,000,000 mutated datagrams, half of them whole outside, change no lease, no process and no memory, and each is accounted for",
  needsPeers,
  () => hostileStory6({ datagrams: 1_000_000, rounds: 10, seed: 2, comparesMemory: true }),
);
