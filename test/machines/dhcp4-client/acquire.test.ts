import assert from "node:assert/strict";
import { test } from "node:test";
import type { DomainName } from "../../../src/base/domain.ts";
import { type Ipv4Address, UNSPECIFIED_V4 } from "../../../src/base/ipv4.ts";
import type { ClientId } from "../../../src/wire/dhcp4/vendor.ts";
import { ADDRESS, client, type MAC, SERVER } from "../../support/uplink.ts";

test("DISCOVER goes out at once and again after 4, 8, 16, 32, 64, 64 s (RFC 2131 §4.1)", () => {
  const wan = client().at(0).linkUp().sends("discover", { to: "broadcast", secs: 0, ciaddr: UNSPECIFIED_V4 }).becomes("selecting");
  wan.at(4).sends("discover", { secs: 4 });
  wan.at(12).sends("discover", { secs: 12 });
  wan.at(28).sends("discover").at(60).sends("discover").at(124).sends("discover").at(188).sends("discover", { secs: 188 }).silent();
});

test("one conversation has one transaction id, the next one another (RFC 2131 §4.4.1)", () => {
  const wan = client().at(0).linkUp().sends("discover");
  const xid = xidOf(wan);
  wan.at(4).sends("discover", { xid }).offer().sends("request", { xid });
  wan.linkDown().linkUp().sends("discover");
  assert.notEqual(xidOf(wan), xid);
});

test("the first OFFER is asked for, with the secs of its DISCOVER (RFC 2131 §4.4.1)", () => {
  const wan = client().at(0).linkUp().sends("discover").at(4).sends("discover", { secs: 4 });
  wan
    .at(6.5)
    .offer()
    .sends("request", { to: "broadcast", secs: 4, ciaddr: UNSPECIFIED_V4, options: { requestedAddress: ADDRESS, serverId: SERVER } })
    .becomes("requesting");
  wan.at(10.5).sends("request", { secs: 4, options: { requestedAddress: ADDRESS } });
});

test("an ACK makes the lease: kernel first, then the file (RFC 2131 §3.1 step 5)", () => {
  const wan = client()
    .at(0)
    .linkUp()
    .sends("discover")
    .at(1)
    .offer()
    .sends("request")
    .at(2)
    .ack()
    .becomes("bound")
    .holds(ADDRESS)
    .does("configure", "persist")
    .silent();
  wan.nextAt(1 + 1800); // counted from the REQUEST, not from the ACK
});

test("four REQUESTs without an answer, then the search begins anew with another transaction id (RFC 2131 §3.1 step 5)", () => {
  const wan = client().at(0).linkUp().sends("discover").offer().sends("request");
  const xid = xidOf(wan);
  wan.at(4).sends("request").at(12).sends("request").at(28).sends("request");
  wan.at(60).sends("discover").becomes("selecting");
  assert.notEqual(xidOf(wan), xid);
});

test("a lease is counted from the first REQUEST, not from the one that was answered (RFC 2131 §4.4.1)", () => {
  client()
    .at(0)
    .linkUp()
    .sends("discover")
    .at(1)
    .offer()
    .sends("request")
    .at(5)
    .sends("request")
    .at(6)
    .ack({ options: { leaseSeconds: 3600 } })
    .nextAt(1 + 1800);
});

test("our messages say what we want and who we are: 121 before 3 and 33, client id, size (RFC 3442, RFC 2132 §9.10, RFC 6842)", () => {
  const wan = client({ hostName: "gw" as DomainName })
    .at(0)
    .linkUp();
  wan.sends("discover", { options: { clientId: "01020000000001" as ClientId, hostName: "gw" as DomainName, maximumMessageBytes: 1472 } });
  const sent = wan.effects.find((effect) => effect.kind === "send");
  const wishes = sent?.kind === "send" ? (sent.message.options.parameterRequestList ?? []) : [];
  assert.ok(wishes.indexOf(121) < wishes.indexOf(3) && wishes.indexOf(3) < wishes.indexOf(33) && wishes.indexOf(121) >= 0);
});

test("a configured client id replaces the hardware address (RFC 2132 §9.14)", () => {
  client({ clientId: "00cafe" as ClientId })
    .at(0)
    .linkUp()
    .sends("discover", { options: { clientId: "00cafe" as ClientId } })
    .offer({ options: { clientId: "00cafe" as ClientId } })
    .sends("request");
});

test("without option 1 the class of the address gives the prefix, with it the mask (RFC 2132 §3.3)", () => {
  const bound = (options: { readonly subnetMask?: Ipv4Address }) =>
    client().at(0).linkUp().sends("discover").offer().sends("request").ack({ options }).state.phase.held?.prefixLength;
  assert.equal(bound({}), 24);
  assert.equal(bound({ subnetMask: "255.255.255.240" as Ipv4Address }), 28);
  assert.equal(bound({ subnetMask: "255.255.255.255" as Ipv4Address }), 32);
});

test("a link that comes with another hardware address starts over as another client", () => {
  const other = "02:00:00:00:00:02" as typeof MAC;
  client()
    .at(0)
    .linkUp()
    .sends("discover")
    .linkUp(other)
    .sends("discover", { options: { clientId: "01020000000002" as ClientId } });
});

function xidOf({ state: { phase } }: { readonly state: ReturnType<typeof client>["state"] }): number {
  return "exchange" in phase ? phase.exchange.xid : 0;
}

test("resolvers and time servers that are nobody's address, or this host's own, are passed over", () => {
  const addresses = ["0.0.0.0", "127.0.0.1", "192.0.2.53", "224.0.0.1", "255.255.255.255"] as Ipv4Address[];
  const wan = client()
    .linkUp()
    .drained()
    .offer()
    .drained()
    .ack({ options: { domainNameServers: addresses, ntpServers: addresses } });
  assert.deepEqual([wan.state.phase.held?.nameServers, wan.state.phase.held?.ntpServers], [["192.0.2.53"], ["192.0.2.53"]]);
});
