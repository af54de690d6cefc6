/** What is given back, what stays, and addresses that are set by hand: RELEASE, farewell, INFORM (RFC 2131 §4.4.3, §4.4.6). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ipv4Address, UNSPECIFIED_V4 } from "../../../src/base/ipv4.ts";
import type { ClientConfig } from "../../../src/machines/dhcp4-client/config.ts";
import type { ClientId } from "../../../src/wire/dhcp4/vendor.ts";
import { ADDRESS, client, lease, type MAC, SERVER, SERVER_MAC, type Timeline } from "../../support/uplink.ts";

const BY_HAND = { address: "192.0.2.5" as Ipv4Address, prefixLength: 24 };
const OTHER_MAC = "02:00:00:00:00:02" as typeof MAC;
const farewell = { kind: "farewell" } as const;

function bound(config: Partial<ClientConfig> = {}): Timeline {
  return client(config).at(0).linkUp().sends("discover").offer().sends("request").ack().becomes("bound").does("configure", "persist");
}
function informing(): Timeline {
  return client({ inform: BY_HAND }).at(0).linkUp().sends("inform", { to: "broadcast", ciaddr: BY_HAND.address });
}
const told = { yiaddr: UNSPECIFIED_V4, options: { leaseSeconds: undefined, domainNameServers: ["192.0.2.53" as Ipv4Address] } };

test("RELEASE names address, server and client and nothing else, and goes straight to the server's hardware address (RFC 2131 table 5)", () => {
  const wan = bound({ hostName: "gw" }).at(100).commanded("release");
  const options = { serverId: SERVER, clientId: "01020000000001" as ClientId };
  wan.sends("release", { to: SERVER, from: ADDRESS, direct: SERVER_MAC, ciaddr: ADDRESS, secs: 0, options });
  assert.deepEqual(Object.keys(wan.said.message.options).sort(), ["clientId", "messageType", "serverId"]);
  assert.deepEqual(wan.said.message.unknown, []);
  wan.becomes("stopped").holds(undefined).does("deconfigure", "forget").nextAt("never");
});

test("what was released stays released: reloads, names, answers and time change nothing", () => {
  const wan = bound().commanded("release").sends("release");
  wan.effects.length = 0;
  wan
    .configured({ hostName: "new" })
    .happens({ kind: "named", hostName: "newer" })
    .happens({ kind: "resumed" })
    .at(90_000)
    .silent()
    .becomes("stopped");
  wan.ack().ignores("unexpected-type").commanded("release").ignores("nothing-to-act-on");
});

test("a command, or the link's return, begins anew after a release", () => {
  bound().commanded("release").sends("release").commanded("renew").sends("discover").becomes("selecting");
  bound().commanded("release").sends("release").commanded("reboot").sends("discover");
  bound().commanded("release").sends("release").linkDown().becomes("down").at(5).linkUp().sends("discover");
  bound().commanded("release").sends("release").linkUp(OTHER_MAC).sends("discover");
});

test("a lease whose address is still asked about is given back too", () => {
  const wan = client({ conflictDetection: "fast" }).at(0).linkUp().sends("discover").offer().sends("request").ack().becomes("checking");
  wan.commanded("release").sends("release", { to: SERVER, ciaddr: ADDRESS }).becomes("stopped").listensFor(undefined);
});

test("a lease nobody has confirmed is not given back: it may be another link's", () => {
  client().at(0).stored(lease()).linkUp().sends("request").commanded("release").silent().does("deconfigure", "forget").becomes("stopped");
});

test("while the link is down a release takes the address out and tells nobody", () => {
  bound().linkDown().commanded("release").silent().becomes("down").holds(undefined).does("deconfigure", "forget");
});

test("the end of the program gives back what is held where the operator wants that, and else leaves everything as it is", () => {
  bound().happens(farewell).becomes("bound").does().silent();
  bound({ releaseOnStop: true }).happens(farewell).sends("release").becomes("stopped").does("deconfigure", "forget");
  client({ releaseOnStop: true }).at(0).linkUp().sends("discover").happens(farewell).silent().becomes("selecting");
});

test("an address set by hand is told to servers in ciaddr, and only the rest is theirs (RFC 2131 §4.4.3)", () => {
  const wan = informing();
  assert.equal(wan.said.message.options.requestedAddress, undefined);
  assert.ok((wan.said.message.options.parameterRequestList ?? []).includes(6));
  wan.at(4).sends("inform").at(12).sends("inform").ack(told).becomes("bound").does("configure").nextAt("never");
  const { held } = wan.state.phase;
  assert.deepEqual([held?.byHand, held?.address, held?.prefixLength, held?.nameServers], [true, BY_HAND.address, 24, ["192.0.2.53"]]);
});

test("what is told for an address by hand is neither renewed, nor probed for, nor written down, nor released", () => {
  const wan = client({ inform: BY_HAND, conflictDetection: "fast" }).at(0).linkUp().sends("inform").ack(told).becomes("bound").listensFor(undefined);
  wan.does("configure").at(1e6).silent().commanded("release").silent().becomes("stopped").does("deconfigure", "forget");
});

test("an operator, a resume and another hardware address ask again for what goes with an address by hand; until then it stays", () => {
  const told1 = (): Timeline => informing().ack(told).does("configure");
  told1().commanded("renew").sends("inform", { ciaddr: BY_HAND.address }).holds(BY_HAND.address).does().ack(told).does("configure");
  told1().happens({ kind: "resumed" }).sends("inform");
  told1().linkUp(OTHER_MAC).sends("inform").holds(BY_HAND.address);
  told1().linkDown().linkUp().sends("inform").does();
  told1()
    .configured({ clientId: "00cafe" as ClientId })
    .sends("inform")
    .does("configure");
  told1()
    .configured({ denyServers: [SERVER] })
    .sends("inform")
    .does("configure");
  told1().commanded("renew").sends("inform").removed().does("deconfigure");
});

test("a stored lease is not asked for where the address is set by hand", () => {
  client({ inform: BY_HAND }).at(0).stored(lease()).linkUp().sends("inform").holds(undefined);
});

test("from a lease to an address by hand and back: what was goes first", () => {
  const wan = bound().configured({ inform: BY_HAND }).does("deconfigure").sends("inform").ack(told).does("configure");
  const other = { ...BY_HAND, address: "192.0.2.6" as Ipv4Address };
  wan.configured({ inform: other }).does("deconfigure").sends("inform", { ciaddr: other.address }).ack(told).does("configure");
  wan.configured({ inform: undefined }).does("deconfigure").sends("discover").becomes("selecting").holds(undefined);
});

test("a change of that kind while the link is down takes effect with the link", () => {
  bound().linkDown().configured({ inform: BY_HAND }).does("configure").linkUp().does("deconfigure").sends("inform");
  informing().ack(told).linkDown().configured({ inform: undefined }).does("configure", "configure").linkUp().does("deconfigure").sends("discover");
});

test("offers and NAKs say nothing to an address by hand", () => {
  informing().offer().ignores("unexpected-type").nak().ignores("unexpected-type").becomes("informing");
});
