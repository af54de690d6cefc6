/** Other people's clients, and our own, at our DHCPv6 server: each story in a world of its own, six side by side. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LAN_PEERS, type LanPeerName } from "../support/lan-peers.ts";
import { advertised, informed, life, rapidly, WISHES } from "../support/lan-stories.ts";
import { needsPeers } from "../support/unpacked.ts";

const NAMES = Object.keys(LAN_PEERS) as readonly LanPeerName[];
/** Our own asks for one address on an uplink. */
const SEVERAL = [
  ["dhcpcd", { addresses: 2, prefixes: 2 }],
  ["dhclient", { addresses: 3, prefixes: 2 }],
  ["wide dhcp6c", { addresses: 2, prefixes: 2 }],
  ["uplink6", { addresses: 1, prefixes: 2 }],
] as const;

describe("the DHCPv6 server", { concurrency: 6 }, () => {
  for (const name of NAMES) {
    test(`${name}: an address and a prefix, renewed at T1, kept over a kill -9 of ours, given back (RFC 9915 §18.3)`, needsPeers, () =>
      life(name, WISHES.both),
    );
    test(`${name}: information alone (RFC 9915 §18.3.6)`, needsPeers, () => informed(name));
    test(`${name}: rapid commit (RFC 9915 §18.3.1)`, needsPeers, () => rapidly(name));
  }
  for (const [name, wanted] of SEVERAL)
    test(
      `${name}: ${wanted.addresses} addresses and ${wanted.prefixes} prefixes, an association each, all renewed, kept and given back (RFC 9915 §18.3.4)`,
      needsPeers,
      () => life(name, wanted),
    );
  for (const name of ["dhcpcd", "systemd-networkd", "uplink6"] as const)
    test(`${name}: asks when our advertisement says that addresses are managed (RFC 4861 §4.2)`, needsPeers, () => advertised(name));
});

test("control: every story has its clients", () => assert.equal(NAMES.length, 5));
