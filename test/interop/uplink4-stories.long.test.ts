/** An uplink with dnsmasq, whose leases last two minutes: what waits for their end, on our link and behind a relay. */
import { describe, test } from "node:test";
import { STORIES } from "../support/uplink4-stories.ts";
import { inWorld4, type Place4 } from "../support/uplink4-world.ts";
import { needsPeers } from "../support/unpacked.ts";

const PLACES: readonly Place4[] = [
  { peer: "dnsmasq", relay: undefined },
  { peer: "dnsmasq", relay: "dhcrelay" },
];
const WAITING = [STORIES.renew, STORIES.restart, STORIES.rebind, STORIES.expire];

describe("uplink4", { concurrency: PLACES.length * WAITING.length }, () => {
  for (const place of PLACES) {
    const where = place.relay === undefined ? "" : ` behind ${place.relay}`;
    for (const story of WAITING) test(`${place.peer}${where}: ${story.name}`, needsPeers, () => inWorld4(place, story.tell));
  }
});
