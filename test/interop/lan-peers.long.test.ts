/** Other people's clients, and our own, at our DHCPv6 server: what takes longer, or varies what the short stories show. */
import { describe, test } from "node:test";
import { LAN_PEERS, type LanPeerName } from "../support/lan-peers.ts";
import { comeback, life, WISHES, type WishName } from "../support/lan-stories.ts";
import { needsPeers } from "../support/unpacked.ts";

const NAMES = Object.keys(LAN_PEERS) as readonly LanPeerName[];
const WISH_NAMES = Object.keys(WISHES) as readonly WishName[];
const SAID = { address: "an address", prefix: "a prefix", both: "an address and a prefix" } as const;
/** T1 and T2 are further apart than the timers of any client are late. */
const FAR_APART = { preferredSeconds: 60, validSeconds: 240 } as const;

describe("the DHCPv6 server", { concurrency: 5 }, () => {
  for (const name of NAMES) {
    for (const wish of ["address", "prefix"] as const)
      test(`${name}: ${SAID[wish]}, renewed at T1, kept over a kill -9 of ours, given back (RFC 9915 §18.3)`, needsPeers, () =>
        life(name, WISHES[wish]),
      );
    for (const wish of WISH_NAMES)
      test(
        `${name}: ${SAID[wish]}, the same after a flap, a kill -9 of ours, silence past T2, and after the client forgot it (RFC 9915 §18.3.3, §18.3.5)`,
        needsPeers,
        () => comeback(name, wish),
      );
  }
  test("systemd-networkd: Renew at T1 where T1 and T2 are far apart (RFC 9915 §18.2.4)", needsPeers, () =>
    life("systemd-networkd", WISHES.both, FAR_APART),
  );
});
