import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ipv6Address } from "../../../src/base/ipv6.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { ADDRESS, HOST, LINK_LOCAL, LOCAL_ADDRESS, MAC, ready, router, settled } from "./timeline.ts";

test("the first three go out at most 16 s apart, the others at random between the intervals (RFC 4861 §6.2.4)", () => {
  ready().at(0.25).advertises().at(16.25).advertises().at(32.25).advertises().nextAt(432.25).at(432.25).advertises().nextAt(832.25);
});

test("an interval shorter than 16 s holds from the beginning (RFC 4861 §6.2.4)", () => {
  ready({ minIntervalSeconds: 3, maxIntervalSeconds: 5 }).at(0.25).advertises().nextAt(4.25).at(4.25).advertises().nextAt(8.25);
});

test("nothing is said before link, configuration and a link-local address are there (RFC 4861 §6.1.2)", () => {
  const lan = router().nextAt("never").linkUp().nextAt("never");
  lan.noLinkLocal().nextAt("never").becomes("silent");
  lan.addresses({}).becomes("advertising").nextAt(0.25);
  lan.at(0.25).advertises({ from: LINK_LOCAL, lifetimeSeconds: 0 });
});

test("what comes within the first moment is in the first advertisement", () => {
  router()
    .linkUp()
    .addresses({})
    .at(0.1)
    .addresses({ [ADDRESS]: {} })
    .routes(true)
    .at(0.25)
    .advertises({ lifetimeSeconds: 2700 })
    .nextAt(16.25);
});

test("a change of addresses is told a second later", () => {
  settled()
    .addresses({ [ADDRESS]: {}, [LOCAL_ADDRESS]: {} })
    .nextAt(101)
    .at(101)
    .advertises()
    .nextAt(501);
});

test("a change of the default route is told a second later", () => {
  settled().routes(false).nextAt(101).at(101).advertises({ lifetimeSeconds: 0 });
});

test("changes that come together are told together", () => {
  settled()
    .routes(false)
    .at(100.5)
    .addresses({ [LOCAL_ADDRESS]: {} })
    .nextAt(101)
    .at(101)
    .advertises()
    .nextAt(501);
});

test("two advertisements to all are at least 3 s apart (RFC 4861 §6.2.4, MIN_DELAY_BETWEEN_RAS)", () => {
  settled().routes(false).at(101).advertises().routes(true).nextAt(104).at(104).advertises().nextAt(504);
});

test("a link that flaps does not hurry us either", () => {
  settled().routes(false).at(101).advertises().linkDown().linkUp().nextAt(104);
});

test("a lifetime that grows is no news, one that shrinks is; the kernel's whole seconds are neither", () => {
  const lan = settled({}, { [ADDRESS]: { preferred: 10_000, valid: 20_000 } });
  lan.addresses({ [ADDRESS]: { preferred: 10_000, valid: 20_000 } }).nextAt(432.25);
  lan.addresses({ [ADDRESS]: { preferred: 9999, valid: 19_999 } }).nextAt(432.25);
  lan.addresses({ [ADDRESS]: { preferred: 5000, valid: 19_999 } }).nextAt(101);
});

test("the interval is no longer than the shortest lifetime that was told", () => {
  const lan = settled({}, { [ADDRESS]: { preferred: 140, valid: 140 } });
  lan.addresses({ [ADDRESS]: { preferred: 20, valid: 40 } }).at(101);
  lan.advertises().nextAt(101 + (0.75 * 39 + 39) / 2);
});

test("a host that asks is answered alone, after up to half a second (RFC 4861 §6.2.6)", () => {
  settled().solicited().nextAt(100.25).at(100.25).advertises({ to: HOST, from: LINK_LOCAL, lifetimeSeconds: 2700 }).nextAt(432.25);
});

test("a host that asks again before its answer gets one", () => {
  settled().solicited().at(100.1).solicited().at(100.25).advertises({ to: HOST }).silent().nextAt(432.25);
});

test("a host without an address yet is answered to all (RFC 4861 §6.2.6)", () => {
  settled()
    .solicited("::")
    .nextAt(100.25)
    .at(100.25)
    .advertises({ to: "ff02::1" as Ipv6Address })
    .nextAt(500.25);
});

test("to all, the 3 s are kept whoever asks (RFC 4861 §6.2.6)", () => {
  settled().solicited("::").at(100.25).advertises().at(101).solicited("::").nextAt(103.25).solicited("::").at(103.25).advertises().nextAt(503.25);
});

test("when all are told sooner than one would be answered, that is the answer (RFC 4861 §6.2.6)", () => {
  settled().at(432.1).solicited().nextAt(432.25).at(432.25).advertises().silent().nextAt(832.25);
});

test("an answer to all is the answer of everyone who waits", () => {
  settled().solicited("::").at(100.1).solicited().at(100.25).advertises().silent().nextAt(500.25);
});

test("where more ask than are remembered, one answer to all does", () => {
  const lan = settled();
  for (let i = 0; i < LIMITS.routerAnswers; i++) lan.solicited(`fe80::${(i + 0x100).toString(16)}`);
  lan.at(100.1).solicited("fe80::1:0:0:1").solicited("fe80::1:0:0:2");
  lan.at(100.25);
  for (let i = 0; i < LIMITS.routerAnswers; i++) lan.advertises({ to: `fe80::${(i + 0x100).toString(16)}` as Ipv6Address });
  lan
    .at(100.35)
    .advertises({ to: "ff02::1" as Ipv6Address })
    .silent()
    .nextAt(500.35);
});

test("solicitations that cannot be answered are counted by reason", () => {
  const lan = router().solicited().ignores("not-advertising");
  lan.linkUp().addresses({ [ADDRESS]: {} });
  lan.solicited("ff02::2").ignores("implausible-source");
  lan.solicited("::1").ignores("implausible-source");
  lan.solicited(LINK_LOCAL).ignores("own-address");
  lan.solicited(ADDRESS).ignores("own-address");
});

test("a link that goes down ends it without a word, and comes back with the first three (RFC 4861 §6.2.4)", () => {
  const lan = settled().linkDown().becomes("silent").nextAt("never").silent();
  lan.at(200).linkUp().nextAt(200.25).at(200.25).advertises().nextAt(216.25);
});

test("another link-local address is another router: it begins anew", () => {
  settled()
    .addresses({ [ADDRESS]: {} }, "fe80::2" as Ipv6Address)
    .nextAt(100.25)
    .at(100.25)
    .advertises({ from: "fe80::2" as Ipv6Address })
    .nextAt(116.25);
});

test("a configuration with the same values changes nothing, another one is told in a second", () => {
  const lan = settled().configured({}).nextAt(432.25);
  lan.configured({ managed: true }).nextAt(101).at(101).advertises({ managed: true });
});

test("another hardware address or MTU of the link is told in a second", () => {
  settled()
    .linkUp(MAC, 1400)
    .nextAt(101)
    .at(101)
    .advertises({ options: { mtu: 1400 } });
});

test("the alarm that comes too soon is none", () => {
  const lan = settled();
  const before = lan.state;
  lan.happens({ kind: "deadline" }).silent();
  assert.equal(lan.state, before);
});
