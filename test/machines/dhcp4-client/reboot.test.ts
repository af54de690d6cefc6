import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ipv4Address, type Ipv4Prefix, UNSPECIFIED_V4 } from "../../../src/base/ipv4.ts";
import { instant } from "../../../src/base/time.ts";
import { ADDRESS, client, lease, MAC, SERVER } from "../../support/uplink.ts";

const STORED = lease({ routes: [{ destination: "0.0.0.0/0" as Ipv4Prefix, gateway: SERVER }] });

function bound() {
  return client().at(0).linkUp().sends("discover").offer().sends("request").ack().does("configure", "persist");
}

test("a stored lease is asked for by broadcast, with the address in option 50 and no server (RFC 2131 §4.3.2 INIT-REBOOT)", () => {
  const wan = client().at(0).stored(STORED).becomes("down").linkUp().becomes("rebooting");
  wan.sends("request", { to: "broadcast", ciaddr: UNSPECIFIED_V4, options: { requestedAddress: ADDRESS, serverId: undefined } });
  wan.at(1).ack().becomes("bound").does("configure", "persist");
});

test("a stored lease that comes after the link is up replaces the search (RFC 2131 §4.4.2)", () => {
  client()
    .at(0)
    .linkUp()
    .sends("discover")
    .stored(STORED)
    .becomes("rebooting")
    .sends("request", { options: { requestedAddress: ADDRESS } });
});

test("a stored lease never replaces one that a server gave, and an ended one counts for nothing", () => {
  const wan = bound().stored({ ...STORED, address: "192.0.2.99" as Ipv4Address });
  wan.holds(ADDRESS).becomes("bound");
  client().at(3600).stored(STORED).holds(undefined).linkUp().sends("discover").becomes("selecting");
});

test("a link flap keeps the address and asks for it again (RFC 2131 §3.2, §3.7)", () => {
  const wan = bound()
    .at(100)
    .linkDown()
    .becomes("down")
    .holds(ADDRESS)
    .does()
    .at(160)
    .linkUp()
    .becomes("rebooting")
    .sends("request", { options: { requestedAddress: ADDRESS } });
  wan.at(161).ack().becomes("bound").does("configure", "persist");
});

test("B4: a silent server keeps an unexpired lease in use while the search goes on (RFC 2131 §3.2 step 4)", () => {
  const wan = client().at(0).stored(STORED).linkUp().sends("request").at(4).sends("request").does();
  wan.at(12).sends("discover").becomes("selecting").holds(ADDRESS).does("configure");
  for (const at of [16, 24, 40, 72]) wan.at(at).sends("discover");
  for (let at = 136; at < 3600; at += 64) wan.at(at).sends("discover").holds(ADDRESS);
  wan.at(3600).holds(undefined).sends("discover").does("deconfigure", "forget");
});

test("after an administrator's down and up a silent server does not keep us without routes", () => {
  bound().at(10).linkDown().at(11).linkUp().sends("request").at(15).sends("request").does().at(23).sends("discover").does("configure");
});

test("down, the lease still ends at its time, and once", () => {
  const wan = bound().at(10).linkDown().nextAt(3600).at(3600).becomes("down").holds(undefined).does("deconfigure", "forget").nextAt("never");
  wan.linkUp().sends("discover").becomes("selecting");
});

test("a lease that ended while nobody looked is taken out before anything else is asked", () => {
  const wan = bound().at(10).linkDown();
  const [state] = [wan.state];
  assert.equal(state.configured, true);
  wan.sleepsUntil(3599).does();
  const late = { now: instant(4_000_000) };
  const jumped = wan.happensAt(late.now, { kind: "link", up: true, mac: MAC });
  jumped.does("deconfigure", "forget").holds(undefined).sends("discover");
});

test("a reload after the lease's end does not apply it again", () => {
  const wan = bound();
  wan.happensAt(instant(4_000_000), { kind: "configure", config: { ...wan.state.config, retransmitSeconds: 5 } }).does();
});

test("B40: a NAK after a restart takes out what an earlier life left in the kernel (RFC 2131 §3.2 step 3)", () => {
  client().at(0).stored(STORED).linkUp().sends("request").nak().sends("discover").holds(undefined).does("deconfigure", "forget");
});

test("B40: an ACK of another address is not the answer to our question", () => {
  client()
    .at(0)
    .stored(STORED)
    .linkUp()
    .sends("request")
    .ack({ yiaddr: "192.0.2.99" as Ipv4Address })
    .ignores("address-mismatch")
    .becomes("rebooting");
});

test("a removed link takes everything of ours with it but the file", () => {
  bound().removed().becomes("down").holds(undefined).does("deconfigure").nextAt("never");
});

test("a reload applies what is held again; a new name asks for it again as well (RFC 2131 §4.4.2)", () => {
  bound().configured({ denyServers: [] }).becomes("bound").does("configure");
  const wan = bound().configured({ hostName: "edge" });
  wan
    .becomes("rebooting")
    .does("configure")
    .sends("request", { options: { requestedAddress: ADDRESS } });
});
