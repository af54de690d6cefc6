import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ipv4Address, UNSPECIFIED_V4 } from "../../../src/base/ipv4.ts";
import { instant } from "../../../src/base/time.ts";
import { ADDRESS, client, SERVER } from "../../support/uplink.ts";

/** A client whose lease of so many seconds counts from 0. */
function bound(options: { readonly leaseSeconds: number; readonly renewalSeconds?: number; readonly rebindingSeconds?: number }) {
  return client().at(0).linkUp().sends("discover").offer().sends("request").ack({ options }).becomes("bound").does("configure", "persist");
}
const DAY = 86_400;

test("at T1 the server is asked by unicast, with the address in ciaddr alone (RFC 2131 §4.4.5, table 4)", () => {
  const wan = bound({ leaseSeconds: 3600 });
  wan
    .at(1800)
    .sends("request", { to: SERVER, from: ADDRESS, ciaddr: ADDRESS, secs: 0, options: { requestedAddress: undefined, serverId: undefined } })
    .becomes("renewing");
  wan
    .at(1801)
    .ack()
    .becomes("bound")
    .does("configure", "persist")
    .nextAt(1800 + 1800);
});

test("B1: an ACK that changes what the lease holds is applied, whatever changed", () => {
  const moved = "192.0.2.77" as Ipv4Address;
  const wan = bound({ leaseSeconds: 3600 }).at(1800).sends("request").ack({ yiaddr: moved }).holds(moved);
  const effect = wan.effects.find(({ kind }) => kind === "configure");
  assert.ok(effect?.kind === "configure" && effect.previous?.address === ADDRESS && effect.lease.address === moved);
});

test("before T2 it is asked again after half of what is left, never under a minute (RFC 2131 §4.4.5)", () => {
  const wan = bound({ leaseSeconds: 3600 }).at(1800).sends("request"); // T2 is at 3150
  wan
    .at(2475)
    .sends("request", { to: SERVER })
    .at(2812.5)
    .sends("request")
    .at(2981.25)
    .sends("request")
    .at(3065.625)
    .sends("request", { to: SERVER });
  wan.at(3149).becomes("renewing").at(3150).sends("request", { to: "broadcast", from: UNSPECIFIED_V4, ciaddr: ADDRESS }).becomes("rebinding");
});

test("B2: after T2 everybody is asked, until the lease ends and is taken out (RFC 2131 §4.4.5)", () => {
  const wan = bound({ leaseSeconds: 3700, renewalSeconds: 3000, rebindingSeconds: 3500 }).at(3000).sends("request");
  for (const at of [3250, 3375, 3437.5]) wan.at(at).sends("request", { to: SERVER });
  wan.at(3500).sends("request", { to: "broadcast" }).at(3600).sends("request", { to: "broadcast" });
  wan.does().at(3700).sends("discover").becomes("selecting").holds(undefined).does("deconfigure", "forget");
});

test("any server may answer in REBINDING, and its lease replaces the old one (RFC 2131 §4.4.5)", () => {
  const other = "192.0.2.2" as Ipv4Address;
  const wan = bound({ leaseSeconds: 3600 }).runsTo(3150.1);
  wan
    .becomes("rebinding")
    .ack({ options: { serverId: other } })
    .becomes("bound");
  assert.equal(wan.state.phase.held?.serverId, other);
});

test("a lease of a minute is renewed without any two messages closer than their phases", () => {
  bound({ leaseSeconds: 60 }).at(30).sends("request", { to: SERVER }).at(52.5).sends("request", { to: "broadcast" }).at(60).sends("discover");
});

test("B2: no phase sends more than one message a minute, whatever the lease (RFC 2131 §4.4.5)", () => {
  for (const leaseSeconds of [120, 600, 3600, 7 * DAY]) {
    const wan = bound({ leaseSeconds });
    const before = wan.sentCount;
    let last = Number.NEGATIVE_INFINITY;
    for (let due = wan.dueSeconds; due < leaseSeconds; due = wan.dueSeconds) {
      wan.at(due).drained();
      assert.ok(due - last >= 44, `${due - last} s between two messages of a lease of ${leaseSeconds} s`); // T2 is 45 s after T1 for a lease of 120 s
      last = due;
    }
    assert.ok(wan.sentCount > before);
  }
});

test("a lease under 10 s is treated as one of 10, and T1 is never under 5 s", () => {
  for (const leaseSeconds of [1, 5, 9])
    bound({ leaseSeconds }).nextAt(5).at(5).sends("request", { to: SERVER }).at(8.75).sends("request", { to: "broadcast" }).at(10).sends("discover");
  bound({ leaseSeconds: 3600, renewalSeconds: 1 }).nextAt(5);
});

test("an infinite lease is never renewed, unless T1 says so (RFC 2131 §3.3)", () => {
  bound({ leaseSeconds: 0xffffffff })
    .nextAt("never")
    .at(400 * DAY)
    .silent()
    .becomes("bound");
  bound({ leaseSeconds: 0xffffffff, renewalSeconds: 3600 })
    .nextAt(3600)
    .at(3600)
    .sends("request", { to: SERVER })
    .ack({ options: { leaseSeconds: 0xffffffff } })
    .nextAt("never");
});

test("T1 of 30 days comes after 30 days, not sooner", () => {
  bound({ leaseSeconds: 60 * DAY, renewalSeconds: 30 * DAY })
    .at(30 * DAY - 1)
    .silent()
    .becomes("bound")
    .at(30 * DAY)
    .sends("request", { to: SERVER });
});

test("T1 and T2 that make no sense get the defaults (RFC 2131 §4.4.5)", () => {
  for (const wrong of [
    { renewalSeconds: 3000, rebindingSeconds: 2000 },
    { rebindingSeconds: 3600 },
    { renewalSeconds: 5000, rebindingSeconds: 6000 },
    { renewalSeconds: 3400 },
  ]) {
    const wan = bound({ leaseSeconds: 3600, ...wrong }).nextAt(1800);
    assert.ok(Math.abs((wan.state.phase.held?.rebindAt ?? 0) - 3_150_000) < 1);
  }
});

test("a suspend of 2 h ends a lease of 1 h once, when it is over", () => {
  const wan = bound({ leaseSeconds: 3600 }).sleepsUntil(7200).sends("discover").does("deconfigure", "forget");
  wan.happens({ kind: "deadline" }).silent().does();
});

test("a suspend past T2 asks everybody at once; one past T1 asks the server", () => {
  bound({ leaseSeconds: 3600 }).sleepsUntil(3200).sends("request", { to: "broadcast" }).becomes("rebinding");
  bound({ leaseSeconds: 3600 }).sleepsUntil(2000).sends("request", { to: SERVER }).becomes("renewing");
});

test("a renewed lease counts from the REQUEST that was answered, not from one that nobody heard a quarter of an hour before (RFC 2131 §4.4.1)", () => {
  bound({ leaseSeconds: 3600 })
    .at(1800)
    .sends("request")
    .at(2475)
    .sends("request")
    .at(2476)
    .ack()
    .nextAt(2475 + 1800);
});

test("a server that now gives shorter leases than the renewal has lasted is believed: its lease counts from the last REQUEST", () => {
  const wan = bound({ leaseSeconds: DAY }).runsTo(80_000).drained().becomes("rebinding");
  wan
    .runsTo(wan.dueSeconds)
    .drained()
    .ack({ options: { leaseSeconds: 600 } })
    .becomes("bound");
  assert.ok(Math.abs(wan.dueSeconds - (wan.now / 1000 + 300)) < 1);
});

test("a REQUEST that was lost under an infinite lease goes out again after a day", () => {
  const wan = bound({ leaseSeconds: 0xffffffff, renewalSeconds: 3600 }).at(3600).sends("request", { to: SERVER });
  wan.at(3600 + DAY).sends("request", { to: SERVER });
  bound({ leaseSeconds: 0xffffffff, renewalSeconds: 3600, rebindingSeconds: 7200 })
    .runsTo(7200.1)
    .drained()
    .at(7200 + DAY)
    .sends("request", { to: "broadcast" });
});

test("a command to renew asks the server before T2 and everybody after it, once", () => {
  bound({ leaseSeconds: 3600 }).at(100).commanded("renew").sends("request", { to: SERVER, ciaddr: ADDRESS }).becomes("renewing").at(1000).silent();
  bound({ leaseSeconds: 3600 })
    .runsTo(3200)
    .drained()
    .commanded("renew")
    .sends("request", { to: "broadcast", ciaddr: ADDRESS })
    .at(3300)
    .silent()
    .becomes("rebinding");
  bound({ leaseSeconds: 3600 }).happensAt(instant(3_700_000), { kind: "command", verb: "renew" }).sends("discover").holds(undefined);
});

test("a command to reboot asks whether the lease still holds", () => {
  bound({ leaseSeconds: 3600 })
    .at(100)
    .commanded("reboot")
    .sends("request", { to: "broadcast", options: { requestedAddress: ADDRESS } })
    .becomes("rebooting");
});

test("a host that slept asks whether what it holds still holds, and looks for more where it holds nothing", () => {
  bound({ leaseSeconds: 3600 })
    .at(100)
    .happens({ kind: "resumed" })
    .becomes("rebooting")
    .holds(ADDRESS)
    .sends("request", { to: "broadcast", options: { requestedAddress: ADDRESS } });
  bound({ leaseSeconds: 3600 })
    .happensAt(instant(7_200_000), { kind: "resumed" })
    .does("deconfigure", "forget")
    .sends("discover")
    .becomes("selecting");
  client().at(0).linkUp().sends("discover").at(3).happens({ kind: "resumed" }).sends("discover", { secs: 0 });
  client().at(0).happens({ kind: "resumed" }).becomes("down").nextAt("never");
});

test("a lease that is rebound counts from the broadcast that was answered, in a conversation of its own (RFC 2131 §4.4.5)", () => {
  const wan = bound({ leaseSeconds: 20, renewalSeconds: 5, rebindingSeconds: 12 }).at(5).sends("request");
  const { xid } = wan.state.phase.kind === "renewing" ? wan.state.phase.exchange : assert.fail("not renewing");
  wan.at(12).sends("request", { to: "broadcast", secs: 0 });
  assert.ok(wan.state.phase.kind === "rebinding" && wan.state.phase.exchange.xid !== xid);
  wan.ack({ options: { leaseSeconds: 20, renewalSeconds: 5, rebindingSeconds: 12 } }).nextAt(12 + 5);
  assert.equal(Math.round(wan.state.phase.held?.expiresAt ?? 0), 32_000);
});
