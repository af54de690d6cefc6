/** Conflict detection (RFC 5227): before an address is used, when it is, and while it is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ipv4Address, UNSPECIFIED_V4 } from "../../../src/base/ipv4.ts";
import type { ClientConfig } from "../../../src/machines/dhcp4-client/config.ts";
import type { ClientId } from "../../../src/wire/dhcp4/vendor.ts";
import { ADDRESS, client, lease, type MAC, SERVER, type Timeline } from "../../support/uplink.ts";

const OTHER = "192.0.2.99" as Ipv4Address;
const MOVED = "192.0.2.11" as Ipv4Address;

/** ACKed at 0 s, and listening. */
function checking(config: Partial<ClientConfig> = { conflictDetection: "fast" }): Timeline {
  const wan = client(config).at(0).linkUp().sends("discover").offer().sends("request").ack();
  return wan.becomes("checking").listensFor(ADDRESS).says().silent().watching();
}
/** Bound since 0.61 s, its announcements said. */
function bound(config: Partial<ClientConfig> = { conflictDetection: "fast" }): Timeline {
  const wan = checking(config).at(10).becomes("bound");
  wan.effects.length = 0;
  return asked(wan);
}
function asked(wan: Timeline): Timeline {
  wan.says(
    "probe 192.0.2.10 at 0.01",
    "probe 192.0.2.10 at 0.21",
    "probe 192.0.2.10 at 0.41",
    "announcement 192.0.2.10 at 0.61",
    "announcement 192.0.2.10 at 2.61",
  );
  return wan;
}

test("the fast profile asks three times, 200 ms apart, and has the address 0.6 s after the ACK", () => {
  const wan = checking().at(0.6).becomes("checking").holds(undefined).at(0.62).becomes("bound").holds(ADDRESS);
  wan.at(10).listensFor(ADDRESS);
  asked(wan).does("watch", "arp", "arp", "arp", "configure", "arp", "persist", "arp");
});

test("the patient profile keeps the times of RFC 5227 §1.1: PROBE_WAIT, PROBE_NUM, PROBE_MIN to PROBE_MAX, ANNOUNCE_WAIT, ANNOUNCE_INTERVAL", () => {
  const wan = checking({ conflictDetection: "rfc" }).at(5.4).becomes("checking").at(5.6).becomes("bound").at(30);
  wan.says(
    "probe 192.0.2.10 at 0.5",
    "probe 192.0.2.10 at 2",
    "probe 192.0.2.10 at 3.5",
    "announcement 192.0.2.10 at 5.5",
    "announcement 192.0.2.10 at 7.5",
  );
});

test("with detection off nobody is asked and nobody is listened for", () => {
  const wan = client({ conflictDetection: "off" }).at(0).linkUp().sends("discover").offer().sends("request").ack().becomes("bound");
  wan.does("configure", "persist").at(30).says().listensFor(undefined);
});

test("no probe leaves before somebody listens; where nobody comes to listen the address is used after a second", () => {
  const wan = client({ conflictDetection: "fast" }).at(0).linkUp().sends("discover").offer().sends("request").ack();
  wan.at(0.99).becomes("checking").says().at(1).becomes("bound").says();
});

for (const [sentence, packet] of [
  ["a neighbour that answers for the address", { operation: "reply", senderAddress: ADDRESS }],
  ["a neighbour that asks from the address", { operation: "request", senderAddress: ADDRESS, targetAddress: SERVER }],
  ["a neighbour that announces the address", { operation: "request", senderAddress: ADDRESS, targetAddress: ADDRESS }],
  ["a neighbour that probes for it at the same time", { operation: "request", senderAddress: UNSPECIFIED_V4, targetAddress: ADDRESS }],
] as const) {
  test(`${sentence} has it: the server is told and another one is asked for after 10 s (RFC 5227 §2.1.1, RFC 2131 §3.1 step 5)`, () => {
    const wan = checking().at(0.3).hears(packet).becomes("backing-off").holds(undefined).listensFor(undefined);
    const options = { requestedAddress: ADDRESS, serverId: SERVER, clientId: "01020000000001" as ClientId };
    wan.sends("decline", { to: "broadcast", from: UNSPECIFIED_V4, ciaddr: UNSPECIFIED_V4, secs: 0, options });
    assert.deepEqual(Object.keys(wan.said.message.options).sort(), ["clientId", "messageType", "requestedAddress", "serverId"]);
    wan.at(10.29).silent().at(10.3).sends("discover").becomes("selecting");
  });
}

test("what neighbours say of other addresses, and their questions for ours, are no conflict", () => {
  const wan = checking();
  wan.effects.length = 0;
  for (const packet of [
    { senderAddress: OTHER },
    { operation: "request", senderAddress: OTHER, targetAddress: ADDRESS },
    { operation: "request", senderAddress: UNSPECIFIED_V4, targetAddress: OTHER },
    { operation: "reply", senderAddress: UNSPECIFIED_V4, targetAddress: ADDRESS },
  ] as const)
    wan.hears(packet).ignores("nothing-to-act-on");
  wan.at(1).becomes("bound");
});

test("nine conflicts in a row wait 10 s each, from the tenth on a minute (RFC 5227 §2.1.1)", () => {
  const wan = client({ conflictDetection: "fast" }).at(0).linkUp();
  let at = 0;
  for (let conflict = 1; conflict <= 12; conflict++) {
    wan.sends("discover").offer().sends("request").ack().watching().hears({ senderAddress: ADDRESS }).sends("decline");
    at += conflict < 10 ? 10 : 60;
    wan.nextAt(at).at(at);
  }
});

test("an address in use ends the row of conflicts", () => {
  const wan = checking().hears({ senderAddress: ADDRESS }).sends("decline").at(10).sends("discover").offer().sends("request").ack().watching().at(30);
  wan.becomes("bound").hears({ senderAddress: ADDRESS }).hears({ senderAddress: ADDRESS }).sends("decline").nextAt(40);
});

test("an address in use is defended once in ten seconds; who comes again within them has it (RFC 5227 §2.4 b)", () => {
  const wan = bound().hears({ senderAddress: ADDRESS }).becomes("bound").says("announcement 192.0.2.10 at 10");
  wan.at(20.1).hears({ senderAddress: ADDRESS }).becomes("bound").says("announcement 192.0.2.10 at 20.1").silent();
  wan.effects.length = 0;
  wan.at(30).hears({ senderAddress: ADDRESS }).becomes("backing-off").says().listensFor(undefined);
  wan.sends("decline", { options: { requestedAddress: ADDRESS, serverId: SERVER } }).does("watch", "deconfigure", "forget");
  wan.at(40).sends("discover");
});

test("a probe of a newcomer for our address is no attack: the kernel answers it", () => {
  const wan = bound();
  wan.hears({ operation: "request", senderAddress: UNSPECIFIED_V4, targetAddress: ADDRESS }).ignores("nothing-to-act-on").says();
});

test("a renewed address is not asked for again, one that the server changed is, while the old one stays in use", () => {
  const wan = bound().at(1800).sends("request").ack().becomes("bound").says();
  wan.at(3600).sends("request").ack({ yiaddr: MOVED }).becomes("checking").holds(ADDRESS).listensFor(MOVED).watching(MOVED);
  wan.effects.length = 0;
  wan.at(3605).becomes("bound").holds(MOVED);
  const configured = wan.effects.find(({ kind }) => kind === "configure");
  assert.ok(configured?.kind === "configure" && configured.previous?.address === ADDRESS);
});

test("a lease without neighbours, /32, is used at once (RFC 5227 §2.1 is about shared links)", () => {
  const wan = client({ conflictDetection: "fast" }).at(0).linkUp().sends("discover").offer().sends("request");
  wan
    .ack({ options: { subnetMask: "255.255.255.255" as Ipv4Address } })
    .becomes("bound")
    .says()
    .watching()
    .says("announcement 192.0.2.10 at 0");
});

test("a stored lease that a server confirms is asked about before it is used, one that was in use all along is not", () => {
  client({ conflictDetection: "fast" }).at(0).stored(lease()).linkUp().sends("request").ack().becomes("checking");
  bound().at(20).linkDown().at(30).linkUp().sends("request").at(31).ack().becomes("bound").says().watching().says("announcement 192.0.2.10 at 31");
});

test("a link that is down is told nothing, and once it is back its neighbours are told anew (RFC 5227 §2.3)", () => {
  const wan = checking()
    .at(1)
    .becomes("bound")
    .linkDown()
    .listensFor(undefined)
    .nextAt(3600)
    .at(5)
    .linkUp()
    .sends("request")
    .ack()
    .listensFor(ADDRESS)
    .watching();
  wan
    .at(20)
    .says(
      "probe 192.0.2.10 at 0.01",
      "probe 192.0.2.10 at 0.21",
      "probe 192.0.2.10 at 0.41",
      "announcement 192.0.2.10 at 0.61",
      "announcement 192.0.2.10 at 5",
      "announcement 192.0.2.10 at 7",
    );
});

test("an unconfirmed lease that is used while the server is silent is announced and defended like any other", () => {
  const wan = client({ conflictDetection: "fast" }).at(0).stored(lease()).linkUp().sends("request").at(4).sends("request").at(12).sends("discover");
  wan.holds(ADDRESS).listensFor(ADDRESS).watching().says("announcement 192.0.2.10 at 12");
  wan.hears({ senderAddress: ADDRESS }).hears({ senderAddress: ADDRESS }).sends("decline").becomes("backing-off");
});

test("a link that goes down ends the asking, and the server's ACK with it", () => {
  checking()
    .at(0.3)
    .linkDown()
    .becomes("down")
    .holds(undefined)
    .listensFor(undefined)
    .nextAt("never")
    .linkUp()
    .sends("discover")
    .becomes("selecting");
});

test("a lease that ends while its address is asked for is not used", () => {
  const wan = client({ conflictDetection: "rfc" }).at(0).linkUp().sends("discover").offer().sends("request").at(4).sends("request");
  wan
    .at(9)
    .ack({ options: { leaseSeconds: 11 } })
    .becomes("checking")
    .watching()
    .at(11)
    .becomes("selecting")
    .sends("discover")
    .holds(undefined);
});

test("an old lease that ends while a new address is asked for goes, and the asking goes on", () => {
  const wan = bound()
    .runsTo(3590)
    .drained()
    .becomes("rebinding")
    .at(3599.8)
    .ack({ yiaddr: MOVED, options: { leaseSeconds: 7200 } })
    .becomes("checking")
    .watching(MOVED);
  wan.effects.length = 0;
  wan.at(3600).becomes("checking").holds(undefined).listensFor(MOVED);
  assert.ok(wan.effects.some(({ kind }) => kind === "deconfigure"));
  wan.at(3601).becomes("bound").holds(MOVED);
});

test("another hardware address, a reload or a resume while an address is asked for begins anew and listens no longer", () => {
  checking()
    .linkUp("02:00:00:00:00:02" as typeof MAC)
    .becomes("selecting")
    .listensFor(undefined);
  checking().configured({ hostName: "new" }).becomes("selecting").listensFor(undefined);
  checking().happens({ kind: "resumed" }).becomes("selecting").listensFor(undefined);
});
