import assert from "node:assert/strict";
import { test } from "node:test";
import type { Duid } from "../../../src/base/duid.ts";
import type { Ipv6Prefix } from "../../../src/base/ipv6.ts";
import { instant, NEVER } from "../../../src/base/time.ts";
import { prefixWish } from "../../../src/machines/dhcp6-client/config.ts";
import type { Lease } from "../../../src/machines/dhcp6-client/state.ts";
import { iaPd, STATUS } from "../../../src/wire/dhcp6/leases.ts";
import { bound, client, ia, OTHER_PREFIX, OTHER_SERVER, PREFIX, SERVER } from "./timeline.ts";

const LEASE: Lease = {
  serverId: SERVER,
  delegations: [
    {
      kind: "pd",
      iaid: 1,
      renewAt: instant(900_000),
      rebindAt: instant(1_440_000),
      prefixes: [{ prefix: PREFIX, excluded: undefined, preferredUntil: instant(1_800_000), validUntil: instant(3_600_000) }],
    },
  ],
  nameServers: [],
  searchDomains: [],
  options: [],
};

test("after a change of the link what we hold is asked for with a Rebind, up to a second later (RFC 9915 §18.2.12)", () => {
  const wan = bound().configured({ pace: "rfc" });
  wan
    .at(100)
    .linkDown()
    .becomes("down")
    .holds({ 1: [PREFIX] })
    .silent();
  wan
    .at(200)
    .linkUp()
    .becomes("rebooting")
    .silent()
    .at(200.5)
    .sends("rebind", { prefixes: { 1: [PREFIX] }, options: { serverId: undefined } });
});

test("a Rebind after a change of the link has the timing of a Confirm: 1, 2, 4 s, over after ten (RFC 9915 §7.6)", () => {
  const wan = bound().at(100).linkDown().linkUp().sends("rebind").becomes("rebooting").clear();
  wan.at(101).sends("rebind").at(103).sends("rebind").at(107).sends("rebind");
  wan.at(110).becomes("bound").silent().does();
});

test("a server's silence changes nothing: what we hold goes on with the lifetimes it has (B4, RFC 9915 §18.2.12)", () => {
  const wan = bound()
    .at(100)
    .linkDown()
    .linkUp()
    .drained()
    .runsTo(111)
    .becomes("bound")
    .holds({ 1: [PREFIX] });
  wan.nextAt(900).at(900).sends("renew");
});

test("the answer after a change of the link extends what we hold", () => {
  const wan = bound()
    .at(100)
    .linkDown()
    .at(101)
    .linkUp()
    .sends("rebind")
    .clear()
    .reply({ ias: [ia(1)] });
  wan
    .becomes("bound")
    .does("delegated", "persist")
    .nextAt(101 + 900);
});

test("on another provider's link the old prefix goes and the new one comes, in one go", () => {
  const wan = bound().at(100).linkDown().linkUp().sends("rebind").clear();
  wan
    .reply({ ias: [ia(1, OTHER_PREFIX)], options: { serverId: OTHER_SERVER } })
    .becomes("bound")
    .holds({ 1: [OTHER_PREFIX] })
    .does("delegated", "persist");
});

test("NoBinding after a change of the link leads to a Request (RFC 9915 §18.2.10.1)", () => {
  const wan = bound().at(100).linkDown().linkUp().sends("rebind");
  wan
    .reply({ ias: [iaPd({ iaid: 1, status: { code: STATUS.noBinding, message: "" } })] })
    .sends("request")
    .becomes("requesting")
    .holds({ 1: [PREFIX] });
});

test("a stored lease is told at once, and asked for when the link comes (RFC 9915 §18.2.12)", () => {
  const wan = client({ pace: "fast" }).at(0).stored(LEASE).becomes("down").does("delegated").silent();
  wan
    .at(5)
    .linkUp()
    .sends("rebind", { prefixes: { 1: [PREFIX] } })
    .becomes("rebooting")
    .reply({ ias: [ia(1)] })
    .becomes("bound");
});

test("a stored lease that comes while we search ends the search (B52)", () => {
  client({ pace: "fast" }).at(0).linkUp().sends("solicit").stored(LEASE).sends("rebind").becomes("rebooting");
});

test("a stored lease that has ended, or that nobody wishes for, is none", () => {
  client().at(3600).stored(LEASE).does().holds({});
  client({ wishes: [prefixWish(2, 56)] })
    .at(0)
    .stored(LEASE)
    .does()
    .holds({});
});

test("a stored lease replaces nothing newer", () => {
  const wan = bound({}, [ia(1, OTHER_PREFIX)])
    .stored(LEASE)
    .does()
    .holds({ 1: [OTHER_PREFIX] });
  wan
    .linkDown()
    .stored(LEASE)
    .holds({ 1: [OTHER_PREFIX] });
});

test("a lease that ends while the link is down goes, and nobody is asked", () => {
  const wan = bound().at(100).linkDown().at(3700).silent().does("lost", "forget");
  wan.nextAt("never").linkUp().sends("solicit");
});

test("news of the link that is no news changes nothing", () => {
  const wan = bound();
  const { state } = wan;
  wan.linkUp().silent();
  assert.equal(wan.state, state);
  wan.linkDown().linkDown().silent().becomes("down");
});

test("the order of IA_PDs in the configuration means nothing: they are what their IAID says (B45, RFC 9096 §3.2)", () => {
  const wishes = [prefixWish(1, 56), prefixWish(2, 56)];
  const wan = bound({ wishes }, [ia(1), ia(2, OTHER_PREFIX)]).configured({ wishes: wishes.toReversed() });
  wan
    .becomes("bound")
    .silent()
    .does()
    .holds({ 1: [PREFIX], 2: [OTHER_PREFIX] });
});

test("one more IA_PD in the configuration is asked for at once, and takes nothing from the others (B19)", () => {
  const wan = bound().configured({
    wishes: [prefixWish(1, 56), prefixWish(2, 60)],
  });
  wan
    .sends("renew", { prefixes: { 1: [PREFIX], 2: ["::/60"] } })
    .does()
    .holds({ 1: [PREFIX] });
});

test("an IA_PD that left the configuration is given up, and the others stay (B19, B20)", () => {
  const wishes = [prefixWish(1, 56), prefixWish(2, 56)];
  const wan = bound({ wishes }, [ia(1), ia(2, OTHER_PREFIX)]).configured({ wishes: [prefixWish(2, 56)] });
  wan
    .becomes("bound")
    .silent()
    .holds({ 2: [OTHER_PREFIX] })
    .does("delegated", "persist");
});

test("another length of the same wish takes effect with the next search: nobody is asked for what is there", () => {
  bound()
    .configured({ wishes: [prefixWish(1, 48)] })
    .becomes("bound")
    .silent()
    .does();
});

test("another identity begins anew: what was leased to the other one is given up", () => {
  const wan = bound()
    .configured({ duid: "00030001020000000009" as Duid })
    .sends("solicit", { options: { clientId: "00030001020000000009" as Duid } });
  wan.becomes("soliciting").does("lost", "forget").silent();
});

test("a change of the configuration while we search starts the search anew", () => {
  const wan = client({ pace: "fast" }).at(0).linkUp().sends("solicit");
  wan.configured({ wishes: [prefixWish(5, 60)] }).sends("solicit", { prefixes: { 5: ["::/60"] } });
  wan.advertise({ ias: [ia(5, "2001:db8:0:10::/60" as Ipv6Prefix)] }).sends("request");
  wan.configured({ wishes: [prefixWish(6, 60)] }).sends("solicit", { prefixes: { 6: ["::/60"] } });
});

test("an endless stored lease is asked for like any other", () => {
  const [delegated] = LEASE.delegations;
  const [prefix] = delegated?.prefixes ?? [];
  assert.ok(delegated !== undefined && prefix !== undefined, "the lease of this file");
  const endless = { ...delegated, renewAt: NEVER, rebindAt: NEVER, prefixes: [{ ...prefix, preferredUntil: NEVER, validUntil: NEVER }] };
  const wan = client({ pace: "fast" })
    .at(0)
    .stored({ ...LEASE, delegations: [endless] })
    .nextAt("never")
    .linkUp()
    .sends("rebind");
  wan.runsTo(20).becomes("bound").nextAt("never");
});
