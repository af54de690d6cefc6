import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ipv4Address, UNSPECIFIED_V4 } from "../../../src/base/ipv4.ts";
import { dhcp4Client } from "../../../src/machines/dhcp4-client/client.ts";
import type { ClientConfig } from "../../../src/machines/dhcp4-client/config.ts";
import { ADDRESS, client, lease, type MAC, type Timeline } from "../../support/uplink.ts";

type Config = Partial<ClientConfig>;

const LEASE = lease();
const OTHER_MAC = "02:00:00:00:00:02" as typeof MAC;
const BY_HAND = { address: "192.0.2.5" as Ipv4Address, prefixLength: 24 };
const MOVED = { yiaddr: "192.0.2.11" as Ipv4Address };
const PROBES = { conflictDetection: "fast" } as const;
const V6 = { preferIpv6: "yes" } as const;
const WAIT = { options: { ipv6OnlyPreferredSeconds: 1800 } };
const COMMITS = { options: { rapidCommit: true } } as const;

const selecting = (config: Config = {}) => client(config).linkUp().drained();
const requesting = (config: Config = {}) => selecting(config).offer().drained();
const rebooting = (config: Config = {}) => client(config).stored(LEASE).linkUp().drained();
const bound = (config: Config = {}) => requesting(config).ack().at(1);
const renewing = (config: Config = {}) => bound(config).at(1800).drained();
const rebinding = (config: Config = {}) => bound(config).sleepsUntil(3200).at(3200).drained();
const backingOff = () => requesting().nak().drained().offer().drained().nak();
const checking = () => requesting(PROBES).ack();
/** Asks for another address than the one in use. */
const checkingBeside = () => renewing(PROBES).ack(MOVED);
const informing = () => selecting({ inform: BY_HAND });
const withoutIpv4 = () => selecting(V6).offer(WAIT);
const stopped = () => bound().commanded("release").drained();
/** Looks for a server while an unconfirmed lease is in use. */
const besideLease = (config: Config = {}) => rebooting(config).runsTo(13).drained();

/** One way to walk each edge: from the phase before the last event to the one after it. */
const WALKS: { readonly [edge: string]: () => { readonly before: Timeline; readonly walk: (wan: Timeline) => Timeline } } = {
  "down > selecting": () => ({ before: client(), walk: (wan) => wan.linkUp() }),
  "down > rebooting": () => ({ before: client().stored(LEASE), walk: (wan) => wan.linkUp() }),
  "down > informing": () => ({ before: client({ inform: BY_HAND }), walk: (wan) => wan.linkUp() }),
  "down > backing-off": () => ({ before: client({ startDelaySeconds: 2 }), walk: (wan) => wan.linkUp() }),
  "down > stopped": () => ({ before: client({ releaseOnStop: true }).stored(LEASE), walk: (wan) => wan.happens({ kind: "farewell" }) }),
  "selecting > requesting": () => ({ before: selecting(), walk: (wan) => wan.offer() }),
  "selecting > rebooting": () => ({ before: selecting(), walk: (wan) => wan.stored(LEASE) }),
  "selecting > checking": () => ({ before: selecting({ ...PROBES, rapidCommit: true }), walk: (wan) => wan.ack(COMMITS) }),
  "selecting > bound": () => ({ before: selecting({ rapidCommit: true }), walk: (wan) => wan.ack(COMMITS) }),
  "selecting > ipv6-only": () => ({ before: selecting(V6), walk: (wan) => wan.offer(WAIT) }),
  "selecting > informing": () => ({ before: selecting(), walk: (wan) => wan.configured({ inform: BY_HAND }) }),
  "selecting > backing-off": () => ({ before: lostWhile("selecting"), walk: (wan) => wan.hears({ senderAddress: ADDRESS }) }),
  "selecting > stopped": () => ({ before: selecting(), walk: (wan) => wan.commanded("release") }),
  "selecting > down": () => ({ before: selecting(), walk: (wan) => wan.linkDown() }),
  "requesting > bound": () => ({ before: requesting(), walk: (wan) => wan.ack() }),
  "requesting > checking": () => ({ before: requesting(PROBES), walk: (wan) => wan.ack() }),
  "requesting > selecting": () => ({ before: requesting(), walk: (wan) => wan.nak() }),
  "requesting > backing-off": () => ({ before: requesting().nak().drained().offer(), walk: (wan) => wan.nak() }),
  "requesting > rebooting": () => ({ before: besideLease().offer(), walk: (wan) => wan.configured({ hostName: "new" }) }),
  "requesting > ipv6-only": () => ({ before: requesting(V6), walk: (wan) => wan.ack(WAIT) }),
  "requesting > informing": () => ({ before: requesting(), walk: (wan) => wan.configured({ inform: BY_HAND }) }),
  "requesting > stopped": () => ({ before: requesting(), walk: (wan) => wan.commanded("release") }),
  "requesting > down": () => ({ before: requesting(), walk: (wan) => wan.removed() }),
  "rebooting > bound": () => ({ before: rebooting(), walk: (wan) => wan.ack() }),
  "rebooting > checking": () => ({ before: rebooting(PROBES), walk: (wan) => wan.ack() }),
  "rebooting > selecting": () => ({ before: rebooting().runsTo(5), walk: (wan) => wan.runsTo(13) }),
  "rebooting > backing-off": () => ({ before: requesting().nak().stored(LEASE).drained(), walk: (wan) => wan.nak() }),
  "rebooting > ipv6-only": () => ({ before: rebooting(V6), walk: (wan) => wan.ack(WAIT) }),
  "rebooting > informing": () => ({ before: rebooting(), walk: (wan) => wan.configured({ inform: BY_HAND }) }),
  "rebooting > stopped": () => ({ before: rebooting(), walk: (wan) => wan.commanded("release") }),
  "rebooting > down": () => ({ before: rebooting(), walk: (wan) => wan.linkDown() }),
  "checking > bound": () => ({ before: checking(), walk: (wan) => wan.at(1) }),
  "checking > backing-off": () => ({ before: checking(), walk: (wan) => wan.hears({ senderAddress: ADDRESS }) }),
  "checking > selecting": () => ({ before: checking(), walk: (wan) => wan.configured({ hostName: "new" }) }),
  "checking > rebooting": () => ({ before: checkingBeside(), walk: (wan) => wan.configured({ hostName: "new" }) }),
  "checking > informing": () => ({ before: checking(), walk: (wan) => wan.configured({ inform: BY_HAND }) }),
  "checking > stopped": () => ({ before: checking(), walk: (wan) => wan.commanded("release") }),
  "checking > down": () => ({ before: checking(), walk: (wan) => wan.linkDown() }),
  "bound > renewing": () => ({ before: bound(), walk: (wan) => wan.at(1800) }),
  "bound > rebinding": () => ({ before: bound(), walk: (wan) => wan.sleepsUntil(3200) }),
  "bound > selecting": () => ({ before: bound(), walk: (wan) => wan.sleepsUntil(3700) }),
  "bound > rebooting": () => ({ before: bound(), walk: (wan) => wan.happens({ kind: "resumed" }) }),
  "bound > backing-off": () => ({ before: lostWhile("bound"), walk: (wan) => wan.hears({ senderAddress: ADDRESS }) }),
  "bound > informing": () => ({ before: bound(), walk: (wan) => wan.configured({ inform: BY_HAND }) }),
  "bound > stopped": () => ({ before: bound(), walk: (wan) => wan.commanded("release") }),
  "bound > down": () => ({ before: bound(), walk: (wan) => wan.linkDown() }),
  "renewing > bound": () => ({ before: renewing(), walk: (wan) => wan.ack(MOVED) }),
  "renewing > checking": () => ({ before: renewing(PROBES), walk: (wan) => wan.ack(MOVED) }),
  "renewing > rebinding": () => ({ before: renewing().runsTo(3100), walk: (wan) => wan.runsTo(3160) }),
  "renewing > rebooting": () => ({ before: renewing(), walk: (wan) => wan.configured({ hostName: "new" }) }),
  "renewing > selecting": () => ({ before: renewing(), walk: (wan) => wan.nak() }),
  "renewing > backing-off": () => ({ before: lostWhile("renewing"), walk: (wan) => wan.hears({ senderAddress: ADDRESS }) }),
  "renewing > informing": () => ({ before: renewing(), walk: (wan) => wan.configured({ inform: BY_HAND }) }),
  "renewing > stopped": () => ({ before: renewing(), walk: (wan) => wan.commanded("release") }),
  "renewing > down": () => ({ before: renewing(), walk: (wan) => wan.linkDown() }),
  "rebinding > bound": () => ({ before: rebinding(), walk: (wan) => wan.ack() }),
  "rebinding > checking": () => ({ before: rebinding(PROBES), walk: (wan) => wan.ack(MOVED) }),
  "rebinding > rebooting": () => ({ before: rebinding(), walk: (wan) => wan.commanded("reboot") }),
  "rebinding > selecting": () => ({ before: rebinding(), walk: (wan) => wan.runsTo(3601) }),
  "rebinding > backing-off": () => ({ before: lostWhile("rebinding"), walk: (wan) => wan.hears({ senderAddress: ADDRESS }) }),
  "rebinding > informing": () => ({ before: rebinding(), walk: (wan) => wan.configured({ inform: BY_HAND }) }),
  "rebinding > stopped": () => ({ before: rebinding(), walk: (wan) => wan.commanded("release") }),
  "rebinding > down": () => ({ before: rebinding(), walk: (wan) => wan.removed() }),
  "informing > bound": () => ({ before: informing(), walk: (wan) => wan.ack({ yiaddr: UNSPECIFIED_V4 }) }),
  "informing > selecting": () => ({ before: informing(), walk: (wan) => wan.configured({ inform: undefined }) }),
  "informing > stopped": () => ({ before: informing(), walk: (wan) => wan.commanded("release") }),
  "informing > down": () => ({ before: informing(), walk: (wan) => wan.linkDown() }),
  "backing-off > selecting": () => ({ before: backingOff(), walk: (wan) => wan.at(1) }),
  "backing-off > rebooting": () => ({ before: client({ startDelaySeconds: 2 }).linkUp().stored(LEASE), walk: (wan) => wan.at(1) }),
  "backing-off > informing": () => ({ before: backingOff().configured({ inform: BY_HAND }), walk: (wan) => wan.at(1) }),
  "backing-off > stopped": () => ({ before: backingOff(), walk: (wan) => wan.commanded("release") }),
  "backing-off > down": () => ({ before: backingOff(), walk: (wan) => wan.linkDown() }),
  "ipv6-only > selecting": () => ({ before: withoutIpv4(), walk: (wan) => wan.at(1800) }),
  "ipv6-only > informing": () => ({ before: withoutIpv4(), walk: (wan) => wan.configured({ inform: BY_HAND }) }),
  "ipv6-only > stopped": () => ({ before: withoutIpv4(), walk: (wan) => wan.commanded("release") }),
  "ipv6-only > down": () => ({ before: withoutIpv4(), walk: (wan) => wan.linkDown() }),
  "stopped > selecting": () => ({ before: stopped(), walk: (wan) => wan.commanded("renew") }),
  "stopped > informing": () => ({ before: stopped().configured({ inform: BY_HAND }), walk: (wan) => wan.commanded("renew") }),
  "stopped > down": () => ({ before: stopped(), walk: (wan) => wan.linkDown() }),
};

/** In use, not confirmed of late, and already defended once within ten seconds. */
function lostWhile(phase: "bound" | "selecting" | "renewing" | "rebinding"): Timeline {
  const wan = bound(PROBES).becomes("bound");
  if (phase === "selecting") wan.linkDown().linkUp().runsTo(20);
  else if (phase === "renewing") wan.runsTo(1810);
  else if (phase === "rebinding") wan.runsTo(3160);
  return wan.drained().becomes(phase).hears({ senderAddress: ADDRESS }).becomes(phase);
}

for (const [from, targets] of Object.entries(dhcp4Client.transitions)) {
  for (const to of targets) {
    test(`the edge ${from} > ${to} can be walked`, () => {
      const walk = WALKS[`${from} > ${to}`]?.();
      assert.ok(walk !== undefined, "nobody has said how; if nobody can, the edge does not belong in the table");
      assert.equal(walk.before.state.phase.kind, from);
      assert.equal(walk.walk(walk.before.drained()).state.phase.kind, to);
    });
  }
}

test("a new name does not shorten the pause after NAKs, a new hardware address ends it", () => {
  backingOff().configured({ hostName: "new" }).becomes("backing-off");
  backingOff().linkUp(OTHER_MAC).becomes("selecting");
});
