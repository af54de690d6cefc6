/** An address of 169.254/16 while no server answers (RFC 3927), and a network that wants none (RFC 2563). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4Number, type Ipv4Address } from "../../../src/base/ipv4.ts";
import type { ClientConfig } from "../../../src/machines/dhcp4-client/config.ts";
import { ADDRESS, client, lease, type MAC, type Timeline } from "../../support/uplink.ts";

const FALLS_BACK = { fallbackLinkLocal: true } as const;

/** Looking for a server in vain, without the messages that say so. */
function alone(config: Partial<ClientConfig> = FALLS_BACK): Timeline {
  return client(config).at(0).linkUp().drained();
}
function probedFor(wan: Timeline): Ipv4Address {
  assert.equal(wan.state.linkLocal?.kind, "probing");
  return wan.state.linkLocal?.kind === "probing" ? wan.state.linkLocal.probing.address : ADDRESS;
}
/** In use since 5.61 s, and announced. */
function held(): { readonly wan: Timeline; readonly own: Ipv4Address } {
  const wan = alone().runsTo(5).drained();
  const own = probedFor(wan);
  wan.watching(own).runsTo(8).drained();
  wan.effects.length = 0;
  assert.equal(wan.state.linkLocal?.kind, "held");
  return { wan, own };
}

test("after five seconds of silence an address between 169.254.1.0 and 169.254.254.255 is asked for and used (RFC 3927 §2.1, §2.2.1)", () => {
  const wan = alone().runsTo(4.9).drained().listensFor(undefined).runsTo(5).drained();
  const own = probedFor(wan);
  assert.ok(ipv4Number(own) >= 0xa9fe0100 && ipv4Number(own) < 0xa9feff00, own);
  wan.listensFor(own).watching(own).runsTo(10).drained();
  wan.says(`probe ${own} at 5.01`, `probe ${own} at 5.21`, `probe ${own} at 5.41`, `announcement ${own} at 5.61`, `announcement ${own} at 7.61`);
  assert.ok(wan.effects.some((effect) => effect.kind === "configure-link-local" && effect.address === own));
  wan.becomes("selecting").holds(undefined).runsTo(12).drained().runsTo(28).drained().becomes("selecting");
});

test("without the operator's word there is none", () => {
  const wan = alone({}).runsTo(600).drained();
  assert.equal(wan.state.linkLocal, undefined);
});

test("it is probed for with detection off too: nobody gave it (RFC 3927 §2.2.1 says MUST)", () => {
  const wan = alone({ ...FALLS_BACK, conflictDetection: "off" })
    .runsTo(5)
    .drained();
  wan.watching(probedFor(wan)).runsTo(5.3).drained();
  assert.equal(wan.state.linkLocal?.kind, "probing");
});

test("an address that somebody has is left to him, and another one asked for at once; after ten a minute passes (RFC 3927 §2.2.1)", () => {
  const wan = alone().runsTo(5).drained();
  const seen = new Set<string>();
  for (let conflict = 0; conflict < 10; conflict++) {
    const own = probedFor(wan);
    seen.add(own);
    wan
      .watching(own)
      .hears({ senderAddress: own })
      .runsTo(wan.now / 1000)
      .drained();
  }
  assert.ok(seen.size > 1);
  const own = probedFor(wan);
  wan.hears({ senderAddress: own }).listensFor(undefined);
  assert.deepEqual(wan.state.linkLocal?.kind === "waiting" && wan.state.linkLocal.startsAt, wan.now + 60_000);
});

test("in use it is defended once, then given up for another (RFC 3927 §2.5)", () => {
  const { wan, own } = held();
  wan.hears({ senderAddress: own }).does("arp").listensFor(own);
  wan
    .hears({ senderAddress: own })
    .does("watch", "deconfigure")
    .listensFor(undefined)
    .runsTo(wan.now / 1000);
  assert.notEqual(probedFor(wan), own);
});

test("a lease replaces it: it is used until the lease's address is free, and then it is gone", () => {
  const { wan } = held();
  wan.runsTo(12).drained().offer().sends("request").ack().becomes("bound").holds(ADDRESS).does("watch", "configure", "persist").listensFor(undefined);
  assert.equal(wan.state.linkLocal, undefined);
  const other = held().wan.configured({ conflictDetection: "fast" }).runsTo(12).drained().offer().sends("request");
  other.ack().becomes("checking").listensFor(ADDRESS).watching();
  assert.equal(other.state.linkLocal?.kind, "held");
  other.effects.length = 0;
  other.at(13).becomes("bound");
  assert.deepEqual(other.effects.filter(({ kind }) => kind === "configure").length, 1);
  assert.equal(other.state.linkLocal, undefined);
});

test("a lease comes in time: no address is chosen", () => {
  const wan = alone().at(4).sends("discover").offer().sends("request").ack().becomes("bound").at(100).silent();
  assert.equal(wan.state.linkLocal, undefined);
});

test("it goes with the link, with a release, with the interface and with the operator's word", () => {
  held().wan.linkDown().does("watch", "deconfigure").becomes("down").nextAt("never");
  held().wan.removed().does("watch", "deconfigure");
  held().wan.commanded("release").silent().does("watch", "deconfigure", "forget").becomes("stopped");
  held().wan.configured({ fallbackLinkLocal: false }).does("watch", "deconfigure").becomes("selecting");
  const asking = alone().runsTo(5).drained().configured({ fallbackLinkLocal: false }).listensFor(undefined);
  assert.equal(asking.state.linkLocal, undefined);
});

test("while an address by lease is in use, unconfirmed, none is chosen; an unconfirmed one replaces it", () => {
  const beside = client(FALLS_BACK).at(0).stored(lease()).linkUp().runsTo(60).drained().becomes("selecting").holds(ADDRESS);
  assert.equal(beside.state.linkLocal, undefined);
  const { wan } = held();
  wan.stored(lease()).becomes("rebooting").runsTo(30).drained().becomes("selecting").holds(ADDRESS);
  assert.equal(wan.state.linkLocal, undefined);
});

test("the lease's end begins the wait anew", () => {
  const wan = alone().offer().ack().drained().runsTo(3600.1).drained().becomes("selecting").runsTo(3605.5).drained();
  assert.equal(wan.state.linkLocal?.kind, "probing");
});

test("DISCOVER asks whether the network minds, and only where an address would be chosen (RFC 2563 §2)", () => {
  assert.equal(client(FALLS_BACK).linkUp().said.message.options.autoConfigure, true);
  assert.equal(client().linkUp().said.message.options.autoConfigure, undefined);
  assert.equal(client({ ...FALLS_BACK, anonymous: true }).linkUp().said.message.options.autoConfigure, undefined);
});

test("a network that minds gets none, whether it is waited for, asked for or in use (RFC 2563 §2.3)", () => {
  const no = { yiaddr: "0.0.0.0" as Ipv4Address, options: { autoConfigure: false } };
  const early = alone().offer(no).becomes("selecting").runsTo(100).drained();
  assert.equal(early.state.linkLocal?.kind, "forbidden");
  const late = held().wan.runsTo(12).drained().offer(no).does("watch", "deconfigure");
  assert.equal(late.state.linkLocal?.kind, "forbidden");
  const asking = alone().runsTo(5).drained().offer(no).listensFor(undefined);
  assert.equal(asking.state.linkLocal?.kind, "forbidden");
  early.linkDown().linkUp().runsTo(105.5).drained();
  assert.equal(early.state.linkLocal?.kind, "probing", "another link may not mind");
});

test("a network that minds and gives an address gives it: the OFFER counts", () => {
  alone()
    .offer({ options: { autoConfigure: false } })
    .sends("request")
    .ack()
    .becomes("bound");
});

test("another hardware address lets it go", () => {
  held()
    .wan.linkUp("02:00:00:00:00:02" as typeof MAC)
    .sends("discover")
    .does("watch", "deconfigure");
});
