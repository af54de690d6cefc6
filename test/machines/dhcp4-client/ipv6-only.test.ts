/** IPv6-only preferred (RFC 8925). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { UNSPECIFIED_V4 } from "../../../src/base/ipv4.ts";
import type { ClientConfig } from "../../../src/machines/dhcp4-client/config.ts";
import { client, lease, MAC, type Timeline } from "../../support/uplink.ts";

const wait = (ipv6OnlyPreferredSeconds: number) => ({ options: { ipv6OnlyPreferredSeconds } });

function selecting(config: Partial<ClientConfig> = { preferIpv6: "yes" }): Timeline {
  return client(config).at(0).linkUp().sends("discover");
}

test("108 is asked for, in DISCOVER and REQUEST, by hosts that can live without IPv4 and by no others (RFC 8925 §3.2)", () => {
  for (const [preferIpv6, asks] of [
    ["no", false],
    ["yes", true],
    ["when-connected", true],
  ] as const) {
    const wan = client({ preferIpv6 }).at(0).linkUp().sends("discover");
    assert.equal(wan.said.message.options.parameterRequestList?.includes(108), asks, preferIpv6);
    wan.offer().sends("request");
    assert.equal(wan.said.message.options.parameterRequestList?.includes(108), asks, preferIpv6);
  }
});

for (const [told, waits] of [
  [0, 300],
  [299, 300],
  [300, 300],
  [1800, 1800],
] as const) {
  test(`B3: an OFFER with a wait of ${told} s is heeded for ${waits} s, then a DISCOVER goes out, not a REQUEST (RFC 8925 §3.2, §3.4)`, () => {
    const wan = selecting()
      .at(1)
      .offer(wait(told))
      .becomes("ipv6-only")
      .silent()
      .nextAt(1 + waits);
    wan
      .at(1 + waits)
      .becomes("selecting")
      .sends("discover", { secs: 0, options: { requestedAddress: undefined, serverId: undefined } });
  });
}

test("an OFFER of no address with the option is heeded, without the option it is no OFFER (RFC 8925 §3.3)", () => {
  const none = { yiaddr: UNSPECIFIED_V4 };
  selecting()
    .offer({ ...none, ...wait(1800) })
    .becomes("ipv6-only")
    .silent();
  selecting().offer(none).ignores("implausible-address").becomes("selecting");
});

test("0xffffffff waits for ever, or for the link", () => {
  const wan = selecting().offer(wait(0xffffffff)).becomes("ipv6-only").nextAt("never").at(1e8).silent();
  wan.linkDown().linkUp().sends("discover").becomes("selecting");
});

test("a link that goes and comes ends the wait (RFC 8925 §3.2)", () => {
  selecting().offer(wait(1800)).at(100).linkDown().becomes("down").nextAt("never").at(101).linkUp().sends("discover").at(105).sends("discover");
});

test("an ACK with the option is heeded while the address is new or asked about, and the address goes", () => {
  selecting().offer().sends("request").ack(wait(600)).becomes("ipv6-only").holds(undefined).does().nextAt(600);
  const wan = client({ preferIpv6: "yes" }).at(0).stored(lease()).linkUp().sends("request").ack(wait(600));
  wan.becomes("ipv6-only").holds(undefined).does("deconfigure").nextAt(600);
});

test("an ACK with the option is heeded when it commits at once (RFC 4039)", () => {
  const wan = selecting({ preferIpv6: "yes", rapidCommit: true });
  wan
    .ack({ options: { rapidCommit: true, ipv6OnlyPreferredSeconds: 600 } })
    .becomes("ipv6-only")
    .does();
});

test("an ACK with the option while renewing or rebinding keeps the address; the wish is noted (RFC 8925 §3.2)", () => {
  for (const [at, phase] of [
    [1800, "renewing"],
    [3200, "rebinding"],
  ] as const) {
    const wan = selecting().offer().sends("request").ack().runsTo(at).drained().becomes(phase);
    wan.ack(wait(1800)).becomes("bound");
    assert.equal(wan.state.phase.held?.ipv6OnlySeconds, 1800);
  }
});

test("a host that did not ask does not heed it", () => {
  selecting({ preferIpv6: "no" }).offer(wait(1800)).becomes("requesting").sends("request").ack(wait(1800)).becomes("bound");
});

test("'when-connected' heeds it while IPv6 leads somewhere, and takes an address while it does not", () => {
  const when = { preferIpv6: "when-connected" } as const;
  selecting(when).offer(wait(1800)).becomes("requesting");
  selecting(when).happens({ kind: "ipv6", connected: true }).offer(wait(1800)).becomes("ipv6-only");
  selecting(when).happens({ kind: "ipv6", connected: true }).happens({ kind: "ipv6", connected: false }).offer(wait(1800)).becomes("requesting");
});

test("'when-connected' ends the wait when IPv6 is lost, so that the host is not without both; 'yes' waits on", () => {
  const lost = { kind: "ipv6", connected: false } as const;
  const wan = selecting({ preferIpv6: "when-connected" }).happens({ kind: "ipv6", connected: true }).offer(wait(1800));
  wan.at(50).happens(lost).becomes("selecting").sends("discover").offer(wait(1800)).becomes("requesting");
  selecting().happens({ kind: "ipv6", connected: true }).offer(wait(1800)).happens(lost).becomes("ipv6-only").silent();
});

test("IPv6 that comes takes no address away that is in use", () => {
  const wan = selecting({ preferIpv6: "when-connected" }).offer(wait(1800)).sends("request").ack(wait(1800)).becomes("bound");
  wan.happens({ kind: "ipv6", connected: true }).becomes("bound").silent();
});

test("an operator ends the wait by a command or by no longer preferring IPv6", () => {
  selecting().offer(wait(1800)).commanded("renew").sends("discover").becomes("selecting");
  selecting().offer(wait(1800)).configured({ preferIpv6: "no" }).sends("discover").offer(wait(1800)).becomes("requesting");
});

test("a host that slept has another attachment: it asks anew", () => {
  selecting().offer(wait(1800)).happens({ kind: "resumed" }).sends("discover").becomes("selecting");
  client({ preferIpv6: "yes" }).at(0).linkUp(MAC).sends("discover").offer(wait(300)).linkUp(MAC).becomes("ipv6-only").silent();
});
