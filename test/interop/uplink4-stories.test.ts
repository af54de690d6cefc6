/** An uplink with Kea, ISC dhcpd, udhcpd and dnsmasq, each on our link and behind relays: all that happens within half a minute. */
import { describe, test } from "node:test";
import { type Story, STORIES } from "../support/uplink4-stories.ts";
import { inWorld4, type Place4 } from "../support/uplink4-world.ts";
import { needsPeers } from "../support/unpacked.ts";

/** Worlds side by side in this file. */
const WORLDS = 6;
const QUICK: readonly Place4[] = [
  { peer: "Kea", relay: undefined },
  { peer: "ISC dhcpd", relay: undefined },
  { peer: "udhcpd", relay: undefined },
  { peer: "Kea", relay: "dhcrelay" },
  { peer: "ISC dhcpd", relay: "dnsmasq --dhcp-relay" },
  { peer: "udhcpd", relay: "dnsmasq --dhcp-relay" },
];
/** dnsmasq's leases last two minutes at least: what waits for their end is in the long file. */
const SLOW: readonly Place4[] = [
  { peer: "dnsmasq", relay: undefined },
  { peer: "dnsmasq", relay: "dhcrelay" },
];
const WAITING = [STORIES.renew, STORIES.restart, STORIES.rebind, STORIES.expire];
const AT_ONCE = [STORIES.acquire, STORIES.refuse, STORIES.flap, STORIES.silence, STORIES.release];

describe("uplink4", { concurrency: WORLDS }, () => {
  for (const place of QUICK) for (const story of [...WAITING, ...AT_ONCE]) told(place, story);
  for (const place of SLOW) for (const story of AT_ONCE) told(place, story);
});

/** udhcpd sends a relayed NAK without the broadcast bit (RFC 2131 §4.1 says MUST), and dnsmasq then has no address to send it to. */
function whereHeard(place: Place4, story: Story): Place4 {
  const lost = place.peer === "udhcpd" && place.relay === "dnsmasq --dhcp-relay" && story === STORIES.refuse;
  return lost ? { ...place, relay: "dhcrelay" } : place;
}

function told(wanted: Place4, story: Story): void {
  const place = whereHeard(wanted, story);
  const where = place.relay === undefined ? "" : ` behind ${place.relay}`;
  test(`${place.peer}${where}: ${story.name}`, needsPeers, () => inWorld4(place, story.tell));
}
