/** Delegated prefixes from Kea, ISC dhcpd, dibbler and wide dhcp6s: all that happens within half a minute. */
import { describe, test } from "node:test";
import { PEERS6, type PeerName6 } from "../support/uplink6-servers.ts";
import { type Story6, STORIES6 } from "../support/uplink6-stories.ts";
import { inWorld6 } from "../support/uplink6-world.ts";
import { needsPeers } from "../support/unpacked.ts";

/** Worlds side by side in this file. */
const WORLDS = 6;
const NAMES = Object.keys(PEERS6) as readonly PeerName6[];
const { acquire, rapid, unheeded, renew, restart, rebind, forgotten, silence, flap, release } = STORIES6;
/** wide dhcp6s forgets what it promised when it ends, and says nothing then to whoever rebinds. */
const ALL = [acquire, rapid, unheeded, renew, restart, forgotten, flap, release];

describe("uplink6", { concurrency: WORLDS }, () => {
  for (const peer of NAMES) {
    const { rebinds } = PEERS6[peer];
    for (const story of ALL) told(peer, story);
    if (rebinds !== "never") told(peer, silence);
    if (rebinds === "fully") told(peer, rebind);
  }
});

function told(peer: PeerName6, story: Story6): void {
  test(`${peer}: ${story.name}`, needsPeers, () => inWorld6(peer, story.tell));
}
