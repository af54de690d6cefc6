import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ipv4Address } from "../../../src/base/ipv4.ts";
import { dhcp4Client } from "../../../src/machines/dhcp4-client/client.ts";
import { client, lease, type MAC, type Timeline } from "../../support/uplink.ts";

const LEASE = lease();
const OTHER_MAC = "02:00:00:00:00:02" as typeof MAC;

const selecting = () => client().linkUp().drained();
const requesting = () => selecting().offer().drained();
const rebooting = () => client().stored(LEASE).linkUp().drained();
const bound = () => requesting().ack();
const renewing = () => bound().at(1800).drained();
const rebinding = () => bound().sleepsUntil(3200).drained();
const backingOff = () => requesting().nak().drained().offer().drained().nak();
/** Looks for a server while an unconfirmed lease is in use. */
const besideLease = () => rebooting().runsTo(13).drained();

/** One way to walk each edge: from the phase before the last event to the one after it. */
const WALKS: { readonly [edge: string]: () => { readonly before: Timeline; readonly walk: (wan: Timeline) => Timeline } } = {
  "down > selecting": () => ({ before: client(), walk: (wan) => wan.linkUp() }),
  "down > rebooting": () => ({ before: client().stored(LEASE), walk: (wan) => wan.linkUp() }),
  "selecting > requesting": () => ({ before: selecting(), walk: (wan) => wan.offer() }),
  "selecting > rebooting": () => ({ before: selecting(), walk: (wan) => wan.stored(LEASE) }),
  "selecting > down": () => ({ before: selecting(), walk: (wan) => wan.linkDown() }),
  "requesting > bound": () => ({ before: requesting(), walk: (wan) => wan.ack() }),
  "requesting > selecting": () => ({ before: requesting(), walk: (wan) => wan.nak() }),
  "requesting > backing-off": () => ({ before: requesting().nak().drained().offer(), walk: (wan) => wan.nak() }),
  "requesting > rebooting": () => ({ before: besideLease().offer(), walk: (wan) => wan.configured({ hostName: "new" }) }),
  "requesting > down": () => ({ before: requesting(), walk: (wan) => wan.removed() }),
  "rebooting > bound": () => ({ before: rebooting(), walk: (wan) => wan.ack() }),
  "rebooting > selecting": () => ({ before: rebooting().runsTo(5), walk: (wan) => wan.runsTo(13) }),
  "rebooting > backing-off": () => ({ before: requesting().nak().stored(LEASE).drained(), walk: (wan) => wan.nak() }),
  "rebooting > down": () => ({ before: rebooting(), walk: (wan) => wan.linkDown() }),
  "bound > renewing": () => ({ before: bound(), walk: (wan) => wan.at(1800) }),
  "bound > rebinding": () => ({ before: bound(), walk: (wan) => wan.sleepsUntil(3200) }),
  "bound > selecting": () => ({ before: bound(), walk: (wan) => wan.sleepsUntil(3700) }),
  "bound > rebooting": () => ({ before: bound(), walk: (wan) => wan.linkUp(OTHER_MAC) }),
  "bound > down": () => ({ before: bound(), walk: (wan) => wan.linkDown() }),
  "renewing > bound": () => ({ before: renewing(), walk: (wan) => wan.ack({ yiaddr: "192.0.2.11" as Ipv4Address }) }),
  "renewing > rebinding": () => ({ before: renewing().runsTo(3100), walk: (wan) => wan.runsTo(3160) }),
  "renewing > rebooting": () => ({ before: renewing(), walk: (wan) => wan.configured({ hostName: "new" }) }),
  "renewing > selecting": () => ({ before: renewing(), walk: (wan) => wan.nak() }),
  "renewing > down": () => ({ before: renewing(), walk: (wan) => wan.linkDown() }),
  "rebinding > bound": () => ({ before: rebinding(), walk: (wan) => wan.ack() }),
  "rebinding > rebooting": () => ({ before: rebinding(), walk: (wan) => wan.linkUp(OTHER_MAC) }),
  "rebinding > selecting": () => ({ before: rebinding(), walk: (wan) => wan.runsTo(3601) }),
  "rebinding > down": () => ({ before: rebinding(), walk: (wan) => wan.removed() }),
  "backing-off > selecting": () => ({ before: backingOff(), walk: (wan) => wan.at(1) }),
  "backing-off > down": () => ({ before: backingOff(), walk: (wan) => wan.linkDown() }),
};

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
