/** Before a server is chosen: when the first message goes, how long OFFERs are collected, and an ACK at once (RFC 4039). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ipv4Address } from "../../../src/base/ipv4.ts";
import type { ClientConfig } from "../../../src/machines/dhcp4-client/config.ts";
import { ADDRESS, client, lease, MAC, SERVER, type Timeline } from "../../support/uplink.ts";

const OTHER = "192.0.2.2" as Ipv4Address;
const THEIRS = "192.0.2.20" as Ipv4Address;
const others = { yiaddr: THEIRS, options: { serverId: OTHER }, source: OTHER };

function selecting(config: Partial<ClientConfig>): Timeline {
  return client(config).at(0).linkUp().sends("discover");
}

test("without a window the first OFFER is taken at once", () => {
  selecting({ selectSeconds: 0 })
    .offer(others)
    .sends("request", { options: { requestedAddress: THEIRS, serverId: OTHER } });
});

test("with a window the first OFFER is taken when it closes, whatever came after it", () => {
  const wan = selecting({ selectSeconds: 2 }).at(0.5).offer(others).becomes("selecting").silent().at(1).offer().silent();
  wan
    .at(2.5)
    .sends("request", { options: { requestedAddress: THEIRS, serverId: OTHER } })
    .ack({ ...others })
    .becomes("bound");
});

test("with a window the server we had before is taken at once, before others and after them", () => {
  const known = (): Timeline => {
    const wan = selecting({ selectSeconds: 2 }).offer().at(2).sends("request").ack().at(1802).sends("request").nak();
    return wan.sends("discover").becomes("selecting");
  };
  known()
    .offer()
    .sends("request", { options: { serverId: SERVER } });
  known()
    .offer(others)
    .silent()
    .offer()
    .sends("request", { options: { serverId: SERVER } });
  known()
    .offer(others)
    .at(1804)
    .sends("request", { options: { serverId: OTHER } });
});

test("the window opens with the first OFFER, and a DISCOVER that is due in it goes out", () => {
  selecting({ selectSeconds: 3 })
    .at(3)
    .offer()
    .at(4)
    .sends("discover")
    .at(6)
    .sends("request", { options: { serverId: SERVER }, secs: 4 });
});

test("the lease counts from the REQUEST, not from the OFFER that waited", () => {
  selecting({ selectSeconds: 3 }).offer().at(3).sends("request").ack().nextAt(1803);
});

test("the first message goes at once, or after a delay by chance where the operator said so (RFC 2131 §4.4.1)", () => {
  client({ startDelaySeconds: 10 }).at(0).linkUp().silent().becomes("backing-off").at(4.9).silent().at(5).sends("discover", { secs: 0 });
  client({ startDelaySeconds: 0 }).at(0).happens({ kind: "link", up: true, mac: MAC, crowd: true }).sends("discover");
});

test("where many links come up at once each waits up to a second; the operator's word goes before that", () => {
  const crowd = { kind: "link", up: true, mac: MAC, crowd: true } as const;
  client().at(0).happens(crowd).becomes("backing-off").at(0.5).sends("discover");
  client({ startDelaySeconds: 4 }).at(0).happens(crowd).at(2).sends("discover");
});

test("a stored lease is asked for when the delay is over, and a link that goes down ends the delay", () => {
  const wan = client({ startDelaySeconds: 10 }).at(0).linkUp().stored(lease()).silent();
  wan
    .at(5)
    .sends("request", { options: { requestedAddress: ADDRESS } })
    .becomes("rebooting");
  client({ startDelaySeconds: 10 }).at(0).linkUp().linkDown().nextAt("never").becomes("down");
});

test("rapid commit is offered in DISCOVER alone, and only if the operator wants it (RFC 4039 §4)", () => {
  const wan = selecting({ rapidCommit: true });
  assert.equal(wan.said.message.options.rapidCommit, true);
  wan.offer().sends("request", { options: { rapidCommit: undefined } });
  assert.equal(selecting({}).said.message.options.rapidCommit, undefined);
});

test("an ACK with the option to a DISCOVER with it makes the lease (RFC 4039 §3.1)", () => {
  const wan = selecting({ rapidCommit: true }).at(4).sends("discover").at(5);
  wan
    .ack({ options: { rapidCommit: true } })
    .becomes("bound")
    .holds(ADDRESS)
    .does("configure", "persist")
    .silent()
    .nextAt(4 + 1800);
});

test("an OFFER that carries the option is an OFFER like any other (RFC 4039 §3.1)", () => {
  selecting({ rapidCommit: true })
    .offer({ options: { rapidCommit: true } })
    .sends("request")
    .becomes("requesting");
  selecting({})
    .offer({ options: { rapidCommit: true } })
    .sends("request")
    .becomes("requesting");
});

test("servers that are allowed are heard, all others are not; a denied one is not even if it is allowed", () => {
  const only = { allowServers: [SERVER] };
  selecting(only).offer(others).ignores("server-denied").offer().sends("request");
  selecting({ allowServers: [SERVER], denyServers: [SERVER] })
    .offer()
    .ignores("server-denied");
  // behind a relay the packet comes from another address: the identifier counts
  selecting(only)
    .offer({ source: "192.0.2.254" as Ipv4Address })
    .sends("request");
});

test("a NAK of a denied server ends nothing", () => {
  const wan = client({ denyServers: [OTHER] })
    .at(0)
    .stored(lease())
    .linkUp()
    .sends("request");
  wan
    .nak({ options: { serverId: OTHER } })
    .ignores("server-denied")
    .becomes("rebooting")
    .nak({ source: OTHER })
    .ignores("server-denied");
});
