import assert from "node:assert/strict";
import { test } from "node:test";
import type { Duid } from "../../../src/base/duid.ts";
import { bytesOf, toHex } from "../../../src/base/hex.ts";
import type { Ipv6Prefix } from "../../../src/base/ipv6.ts";
import { prefixWish } from "../../../src/machines/dhcp6-client/config.ts";
import { OPTION_ORDER } from "../../../src/machines/dhcp6-client/messages.ts";
import { iaPd, STATUS } from "../../../src/wire/dhcp6/leases.ts";
import { encodeDhcp6 } from "../../../src/wire/dhcp6/message.ts";
import { client, DUID, ia, OTHER_PREFIX, OTHER_SERVER, PREFIX, SERVER } from "./timeline.ts";

const FROM_OTHER = { serverId: OTHER_SERVER };

test("the first Solicit waits up to a second, then timeouts double up to an hour (RFC 9915 §15, §18.2.1)", () => {
  const wan = client()
    .at(0)
    .linkUp()
    .silent()
    .nextAt(0.5)
    .at(0.5)
    .sends("solicit", { prefixes: { 1: ["::/56"] }, options: { elapsedHundredths: 0 } });
  let [now, timeout] = [0.5, 1.05]; // the first one is never shorter than IRT
  for (let i = 0; i < 12; i++) {
    now += timeout;
    wan.nextAt(now).at(now).sends("solicit");
    timeout = Math.min(3600, timeout * 2);
  }
  wan.nextAt(now + 3600);
});

test("the pace `fast` asks at once and takes the first Advertise that holds all that is wished for", () => {
  client({ pace: "fast" })
    .at(0)
    .linkUp()
    .sends("solicit")
    .advertise({ ias: [ia(1)] })
    .sends("request")
    .becomes("requesting");
});

test("the pace `fast` waits for a better Advertise than one that holds less than is wished for", () => {
  const wan = client({ pace: "fast" }).at(0).linkUp().sends("solicit");
  wan
    .advertise({ ias: [ia(1, "2001:db8:100::/60" as Ipv6Prefix)] })
    .becomes("soliciting")
    .silent();
  wan.advertise({ ias: [ia(1, OTHER_PREFIX)], options: FROM_OTHER }).sends("request", { options: { serverId: OTHER_SERVER } });
});

test("Advertises are collected until the first timeout, and the highest preference is asked (RFC 9915 §18.2.9)", () => {
  const wan = client().at(0).linkUp().at(0.5).sends("solicit");
  wan.advertise({ ias: [ia(1)], options: { preference: 10 } }).becomes("soliciting");
  wan
    .advertise({ ias: [ia(1, OTHER_PREFIX)], options: { ...FROM_OTHER, preference: 20 } })
    .becomes("soliciting")
    .silent();
  wan
    .at(1.55)
    .sends("request", { options: { serverId: OTHER_SERVER }, prefixes: { 1: [OTHER_PREFIX] } })
    .becomes("requesting");
});

test("an Advertise of preference 255 is asked at once (RFC 9915 §18.2.1)", () => {
  const wan = client().at(0).linkUp().at(0.5).sends("solicit");
  wan.advertise({ ias: [ia(1)], options: { preference: 255 } }).sends("request", { options: { serverId: SERVER } });
});

test("after the first timeout the first Advertise is asked at once (RFC 9915 §18.2.1)", () => {
  const wan = client().at(0).linkUp().at(0.5).sends("solicit").at(1.55).sends("solicit");
  wan
    .at(2)
    .advertise({ ias: [ia(1)], options: { preference: 0 } })
    .sends("request");
});

test("a server that advertises twice is one offer: the later one counts", () => {
  const wan = client()
    .at(0)
    .linkUp()
    .at(0.5)
    .sends("solicit")
    .advertise({ ias: [ia(1)] })
    .advertise({ ias: [ia(1, OTHER_PREFIX)] });
  wan.at(1.55).sends("request", { prefixes: { 1: [OTHER_PREFIX] } });
});

test("a Reply makes the lease, and it is told before it is kept (RFC 9915 §18.2.10)", () => {
  const wan = client({ pace: "fast" })
    .at(0)
    .linkUp()
    .sends("solicit")
    .advertise({ ias: [ia(1)] })
    .sends("request")
    .at(0.5);
  wan
    .reply({ ias: [ia(1)] })
    .becomes("bound")
    .holds({ 1: [PREFIX] })
    .does("delegated", "persist")
    .silent();
  wan.nextAt(0.5 + 900); // half of the preferred lifetime
});

test("each exchange has its own transaction id and its own elapsed time; a message sent again keeps them (B21, B48)", () => {
  const wan = client()
    .at(0)
    .linkUp()
    .at(0.5)
    .sends("solicit", { options: { elapsedHundredths: 0 } });
  const first = wan.lastId;
  wan
    .at(1.55)
    .sends("solicit", { transactionId: first, options: { elapsedHundredths: 105 } })
    .at(2)
    .advertise({ ias: [ia(1)] });
  wan.sends("request", { options: { elapsedHundredths: 0 } });
  const second = wan.lastId;
  assert.notEqual(second, first);
  wan.at(3).sends("request", { transactionId: second, options: { elapsedHundredths: 100 } });
});

test("elapsed time stops at 0xffff (RFC 9915 §21.9)", () => {
  const wan = client({ pace: "fast" }).at(0).linkUp().runsTo(2000);
  const last = wan.effects.findLast((effect) => effect.kind === "send");
  assert.equal(last?.message.options.elapsedHundredths, 0xffff);
});

test("ten Requests without an answer, then the next best server, then a new search (RFC 9915 §18.2.2)", () => {
  const wan = client()
    .at(0)
    .linkUp()
    .at(0.5)
    .sends("solicit")
    .advertise({ ias: [ia(1)], options: { preference: 9 } });
  wan
    .advertise({ ias: [ia(1, OTHER_PREFIX)], options: FROM_OTHER })
    .at(1.55)
    .sends("request", { options: { serverId: SERVER } });
  let now = 1.55;
  for (const wait of [1, 2, 4, 8, 16, 30, 30, 30, 30]) {
    now += wait;
    wan.at(now).sends("request", { options: { serverId: SERVER } });
  }
  now += 30;
  wan.at(now).sends("request", { options: { serverId: OTHER_SERVER }, prefixes: { 1: [OTHER_PREFIX] } });
  for (const wait of [1, 2, 4, 8, 16, 30, 30, 30, 30]) {
    now += wait;
    wan.at(now).sends("request", { options: { serverId: OTHER_SERVER } });
  }
  wan
    .at(now + 30)
    .sends("solicit")
    .becomes("soliciting");
});

test("rapid commit: a Reply to the Solicit is a lease, when both sides said so (RFC 9915 §18.2.1)", () => {
  const wan = client({ rapidCommit: true })
    .at(0)
    .linkUp()
    .at(0.5)
    .sends("solicit", { options: { rapidCommit: true } });
  wan
    .reply({ ias: [ia(1)] })
    .ignores("rapid-commit-missing")
    .becomes("soliciting");
  wan
    .reply({ ias: [ia(1)], options: { rapidCommit: true } })
    .becomes("bound")
    .holds({ 1: [PREFIX] });
});

test("rapid commit that was not asked for is no lease", () => {
  const wan = client()
    .at(0)
    .linkUp()
    .at(0.5)
    .sends("solicit", { options: { rapidCommit: undefined } });
  wan
    .reply({ ias: [ia(1)], options: { rapidCommit: true } })
    .ignores("unexpected-type")
    .becomes("soliciting");
});

test("SOL_MAX_RT counts even in an Advertise that is no use, and only between a minute and a day (B44, RFC 9915 §18.2.9, §21.24)", () => {
  const wan = client().at(0).linkUp().at(0.5).sends("solicit");
  wan.advertise({ options: { solMaxRtSeconds: 59 } }).ignores("nothing-granted");
  assert.equal(wan.state.solMaxRtSeconds, 3600);
  wan.advertise({ options: { solMaxRtSeconds: 86_401, infMaxRtSeconds: 7200 } });
  assert.deepEqual([wan.state.solMaxRtSeconds, wan.state.infMaxRtSeconds], [3600, 7200]);
  wan.advertise({ options: { solMaxRtSeconds: 120 } });
  wan.runsTo(1000);
  const before = wan.sentCount;
  wan.runsTo(1000 + 1200);
  assert.equal(wan.sentCount - before, 10);
});

test("without an answer the search never ends, and slows down to one message an hour", () => {
  const wan = client()
    .at(0)
    .linkUp()
    .runsTo(24 * 3600);
  assert.ok(wan.sentCount > 20 && wan.sentCount < 40, `${wan.sentCount} Solicits in a day`);
});

test("a Solicit is exactly this: identity, wish, wished-for options, elapsed time, rapid commit; no vendor class (B50)", () => {
  const wan = client({ rapidCommit: true, pace: "fast", wishes: [prefixWish(0, 59)] })
    .at(0)
    .linkUp();
  const [sent] = wan.effects;
  assert.ok(sent?.kind === "send", "a Solicit goes out");
  const hex = toHex(encodeDhcp6({ ...sent.message, transactionId: 0xa1b2c3 }, { order: OPTION_ORDER }));
  const expected = [
    "01 a1b2c3",
    "0001 0012 000400112233445566778899aabbccddeeff",
    "0019 0029 00000000 00000000 00000000 001a 0019 00000000 00000000 3b 00000000000000000000000000000000",
    "0006 0012 0052 0053 0017 0018 0038 0040 0067 0090 0043",
    "0008 0002 0000",
    "000e 0000",
  ].join(" ");
  assert.equal(hex, toHex(bytesOf(expected)));
});

test("32 IAs and a DUID of 130 octets fit into a message (B51)", () => {
  const duid = `0004${"ab".repeat(128)}` as Duid;
  const wishes = Array.from({ length: 32 }, (_, i) => prefixWish(i + 1, 64));
  const wan = client({ duid, wishes, pace: "fast" }).at(0).linkUp();
  const [sent] = wan.effects;
  assert.ok(sent?.kind === "send", "a Solicit goes out");
  assert.ok(encodeDhcp6(sent.message).length > 1500, "longer than a frame");
  const serverId = `0004${"cd".repeat(128)}` as Duid;
  wan
    .sends("solicit")
    .advertise({ options: { clientId: duid, serverId }, ias: wishes.map(({ iaid }) => ia(iaid, `2001:db8:0:${iaid}::/64` as Ipv6Prefix)) });
  wan.sends("request", { options: { serverId } });
});

test("what we are called goes out as it is", () => {
  client({ pace: "fast" })
    .at(0)
    .linkUp()
    .sends("solicit", { options: { clientId: DUID } });
});

test("a server that offers and then refuses is asked ever more seldom (RFC 9915 §14.1)", () => {
  const wan = client({ pace: "fast" }).at(0).linkUp();
  const refusal = iaPd({ iaid: 1, status: { code: STATUS.noPrefixAvail, message: "" } });
  const sentIn = (from: number, to: number): number => {
    const before = wan.sentCount;
    for (let now = from; now < to; now++) {
      wan
        .runsTo(now)
        .advertise({ ias: [ia(1)] })
        .drained();
      wan.reply({ ias: [refusal] }).drained();
    }
    return wan.sentCount - before;
  };
  sentIn(1, 61);
  const [minute, hour] = [sentIn(61, 121), sentIn(121, 3721)];
  assert.ok(minute <= 6, `${minute} messages in the second minute`);
  assert.ok(hour <= 20, `${hour} messages in the hour after`);
  assert.equal(wan.state.failuresInRow > 5, true);
});
