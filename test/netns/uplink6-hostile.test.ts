/** uplink6 under datagrams that are no server's answers, small enough for every run; a million of them are in the long variant. */
import { test } from "node:test";
import { hostileStory6 } from "../support/uplink6-hostile.ts";
import { needsPeers } from "../support/unpacked.ts";

test("10,000 mutated datagrams, half of them whole outside, change no lease and no process, and each is accounted for", needsPeers, () =>
  hostileStory6({ datagrams: 10_000, rounds: 2, seed: 1, comparesMemory: false }),
);
