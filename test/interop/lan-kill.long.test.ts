/** kill -9 under load, 200 times: what was promised is kept. */
import { test } from "node:test";
import { killStory } from "../support/lan-kill.ts";
import { needsPeers } from "../support/unpacked.ts";

test("200 kills of the whole program and of its roles under load: every Reply is honoured, nothing is given twice", needsPeers, () =>
  killStory({ kills: 200, perSecond: 500, seed: 2 }),
);
