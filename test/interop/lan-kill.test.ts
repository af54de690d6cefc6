/** kill -9 under load, a few times: what was promised is kept. */
import { test } from "node:test";
import { killStory } from "../support/lan-kill.ts";
import { needsPeers } from "../support/unpacked.ts";

test("10 kills of the whole program and of its roles under load: every Reply is honoured, nothing is given twice", needsPeers, () =>
  killStory({ kills: 10, perSecond: 500, seed: 1 }),
);
