/** Providers that renumber, give less, have nothing left, keep a part or go for good: Kea, ISC dhcpd, dibbler and wide dhcp6s. */
import { describe, test } from "node:test";
import { PROVIDERS6 } from "../support/uplink6-providers.ts";
import { PEERS6, type PeerName6 } from "../support/uplink6-servers.ts";
import type { Story6 } from "../support/uplink6-stories.ts";
import { inWorld6 } from "../support/uplink6-world.ts";
import { needsPeers } from "../support/unpacked.ts";

/** Worlds side by side in this file. */
const WORLDS = 6;
const NAMES = Object.keys(PEERS6) as readonly PeerName6[];
const { renumber, less, exhausted, expire, exclude } = PROVIDERS6;

describe("uplink6", { concurrency: WORLDS }, () => {
  for (const peer of NAMES) {
    told(peer, expire);
    if (PEERS6[peer].pools > 0) for (const story of [less, exhausted]) told(peer, story);
    if (PEERS6[peer].pools > 1) told(peer, renumber);
  }
  told("Kea", exclude);
});

function told(peer: PeerName6, story: Story6): void {
  test(`${peer}: ${story.name}`, needsPeers, () => inWorld6(peer, story.tell));
}
