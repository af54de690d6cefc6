import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ipv6Prefix } from "../../../src/base/ipv6.ts";
import { iaPd, iaPrefix, STATUS } from "../../../src/wire/dhcp6/leases.ts";
import { prefixWish } from "../../../src/machines/dhcp6-client/config.ts";
import { bound, client, ia, OTHER_PREFIX, OTHER_SERVER, PREFIX, SERVER } from "./timeline.ts";

const TWO = {
  wishes: [prefixWish(1, 56), prefixWish(2, 60)],
};
const SECOND = "2001:db8:300::/60" as Ipv6Prefix;
const refusal = (iaid: number, code: number) => iaPd({ iaid, status: { code, message: "" } });
const both = (prefixes: readonly (readonly [Ipv6Prefix, number, number])[]) =>
  iaPd({ iaid: 1, iaPrefix: prefixes.map(([prefix, preferredSeconds, validSeconds]) => iaPrefix(prefix, { preferredSeconds, validSeconds })) });

test("without T1 and T2 it is half and four fifths of the shortest preferred lifetime, not of the valid one (B46, RFC 9915 §21.21)", () => {
  const wan = bound({}, [ia(1, PREFIX, { preferred: 1000, valid: 9000 })]).nextAt(500);
  wan.at(500).sends("renew").becomes("renewing");
  wan.runsTo(799).becomes("renewing").runsTo(801).becomes("rebinding");
});

test("T1 and T2 of the server are used; the first IA that is due renews all (RFC 9915 §18.2.4)", () => {
  const wan = bound(TWO, [ia(1, PREFIX, { renewSeconds: 700, rebindSeconds: 900 }), ia(2, SECOND, { renewSeconds: 300, rebindSeconds: 1000 })]);
  wan
    .nextAt(300)
    .at(300)
    .sends("renew", { prefixes: { 1: [PREFIX], 2: [SECOND] }, options: { serverId: SERVER } });
});

test("times that reach beyond the valid lifetime are no times (B46)", () => {
  bound({}, [ia(1, PREFIX, { renewSeconds: 5000, rebindSeconds: 8000 })]).nextAt(900);
  bound({}, [ia(1, PREFIX, { renewSeconds: 0xffffffff, rebindSeconds: 0xffffffff })]).nextAt(900);
});

test("an infinite delegation is never renewed (RFC 9915 §7.7)", () => {
  bound({}, [ia(1, PREFIX, { preferred: 0xffffffff, valid: 0xffffffff })]).nextAt("never");
});

test("thirty days are thirty days: no timer fires early", () => {
  const days = 30 * 86_400;
  bound({}, [ia(1, PREFIX, { preferred: 2 * days, valid: 3 * days })]).nextAt(days + 0);
});

test("Renew goes out again after 10, 20, 40 s ... up to ten minutes, under one transaction id, until T2 (RFC 9915 §18.2.4)", () => {
  const wan = bound({}, [ia(1, PREFIX, { preferred: 6000, valid: 9000 })])
    .at(3000)
    .sends("renew", { options: { elapsedHundredths: 0 } });
  const transactionId = wan.lastId;
  let now = 3000;
  for (const wait of [10, 20, 40, 80, 160, 320, 600]) {
    now += wait;
    wan.at(now).sends("renew", { transactionId });
  }
  wan.nextAt(4800);
});

test("Rebind names no server, is a conversation of its own, and takes whoever answers (RFC 9915 §18.2.5, B21)", () => {
  const wan = bound().runsTo(1439).becomes("renewing");
  const before = wan.lastId;
  wan
    .at(1440)
    .sends("rebind", { options: { serverId: undefined, elapsedHundredths: 0 }, prefixes: { 1: [PREFIX] } })
    .becomes("rebinding");
  assert.notEqual(wan.lastId, before);
  wan
    .at(1445)
    .reply({ ias: [ia(1)], options: { serverId: OTHER_SERVER } })
    .becomes("bound");
  wan.at(1445 + 900).sends("renew", { options: { serverId: OTHER_SERVER } });
});

test("near the end of a lease nobody is flooded (B2)", () => {
  const wan = bound().runsTo(1440);
  const before = wan.sentCount;
  wan.runsTo(3600 - 0.01).becomes("rebinding");
  assert.ok(wan.sentCount - before < 15, `${wan.sentCount - before} messages in 36 minutes`);
});

test("when every valid lifetime has ended the lease is lost and the search begins anew (RFC 9915 §18.2.5)", () => {
  const wan = bound()
    .runsTo(3599)
    .clear()
    .at(3600)
    .sends("solicit", { prefixes: { 1: ["::/56"] } });
  wan.becomes("soliciting").holds({}).does("lost", "forget");
});

test("one prefix ends, the other stays (RFC 9915 §18.2.5)", () => {
  const wan = bound(TWO, [ia(1, PREFIX, { preferred: 100, valid: 200 }), ia(2, SECOND)])
    .runsTo(201 - 2)
    .clear();
  wan
    .at(200)
    .drained()
    .holds({ 2: [SECOND] })
    .does("delegated", "persist");
});

test("what ended while we slept goes once, at waking up", () => {
  const wan = bound().sleepsUntil(7200).sends("solicit").becomes("soliciting").does("lost", "forget");
  wan.silent();
});

test("an extension is told and kept, with times that count from it", () => {
  const wan = bound()
    .at(900)
    .sends("renew")
    .at(905)
    .reply({ ias: [ia(1)] })
    .becomes("bound")
    .does("delegated", "persist");
  wan.nextAt(905 + 900);
});

test("an IA that the Reply leaves out is asked for again while the other is already extended (B43, RFC 9915 §18.2.10.1)", () => {
  const wan = bound(TWO, [ia(1), ia(2, SECOND)])
    .at(900)
    .sends("renew")
    .at(903);
  const transactionId = wan.lastId;
  wan
    .reply({ ias: [ia(1)] })
    .becomes("renewing")
    .holds({ 1: [PREFIX], 2: [SECOND] })
    .does("delegated", "persist");
  wan
    .at(910)
    .sends("renew", { transactionId })
    .at(911)
    .reply({ ias: [ia(1), ia(2, SECOND)] })
    .becomes("bound");
});

test("NoBinding is answered with a Request to the server that said it, and what we hold stays meanwhile (RFC 9915 §18.2.10.1)", () => {
  const wan = bound(TWO, [ia(1), ia(2, SECOND)])
    .at(900)
    .sends("renew");
  wan.reply({ ias: [ia(1), refusal(2, STATUS.noBinding)] });
  wan
    .sends("request", { options: { serverId: SERVER }, prefixes: { 1: [PREFIX], 2: [SECOND] } })
    .becomes("requesting")
    .holds({ 1: [PREFIX], 2: [SECOND] });
  wan
    .reply({ ias: [ia(1), ia(2, SECOND)] })
    .becomes("bound")
    .holds({ 1: [PREFIX], 2: [SECOND] });
});

test("NoBinding of the whole message is one for every IA", () => {
  bound()
    .at(900)
    .sends("renew")
    .reply({ options: { status: { code: STATUS.noBinding, message: "" } } })
    .sends("request")
    .becomes("requesting");
});

test("a server that goes on saying NoBinding starts no storm (RFC 9915 §14.1)", () => {
  const wan = bound().at(900).sends("renew");
  const before = wan.sentCount;
  for (let i = 0; i < 1000; i++) {
    wan.drained();
    wan.advertise({ ias: [ia(1)] }).drained();
    wan.reply({ ias: [refusal(1, STATUS.noBinding)] }).drained();
  }
  assert.ok(wan.sentCount - before <= 25, `${wan.sentCount - before} messages at once`);
  wan.runsTo(1100);
  assert.ok(wan.sentCount - before < 60, `${wan.sentCount - before} messages`);
});

test("UnspecFail changes nothing: the message is sent again in its time (RFC 9915 §18.2.10)", () => {
  const wan = bound()
    .at(900)
    .sends("renew")
    .reply({ options: { status: { code: STATUS.unspecFail, message: "" } } });
  wan.ignores("unspecified-failure").becomes("renewing").silent().at(910).sends("renew");
});

test("renumbering in one Reply: the old prefix ends, the new one is there, in one go (RFC 9915 §18.2.10.1)", () => {
  const wan = bound().at(900).sends("renew").clear();
  wan
    .reply({
      ias: [
        both([
          [PREFIX, 0, 0],
          [OTHER_PREFIX, 1800, 3600],
        ]),
      ],
    })
    .becomes("bound")
    .holds({ 1: [OTHER_PREFIX] })
    .does("delegated", "persist");
});

test("a valid lifetime of 0 ends a prefix at once, and the search begins when it was the last (RFC 9915 §18.2.10.1)", () => {
  const wan = bound()
    .at(900)
    .sends("renew")
    .clear()
    .reply({ ias: [ia(1, PREFIX, { preferred: 0, valid: 0 })] });
  wan.sends("solicit").becomes("soliciting").holds({}).does("lost", "forget");
});

test("a prefix that a Renew's answer does not speak of is left as it was (RFC 9915 §18.2.10.1)", () => {
  const wan = bound()
    .at(900)
    .sends("renew")
    .reply({ ias: [ia(1, OTHER_PREFIX)] })
    .becomes("bound");
  wan.holds({ 1: [OTHER_PREFIX, PREFIX] });
});

test("several prefixes in one IA are all ours, and all renewed (B43)", () => {
  const ias = [
    both([
      [PREFIX, 1800, 3600],
      [OTHER_PREFIX, 600, 1200],
    ]),
  ];
  bound({}, ias)
    .holds({ 1: [PREFIX, OTHER_PREFIX] })
    .at(300)
    .sends("renew", { prefixes: { 1: [PREFIX, OTHER_PREFIX] } });
});

test("a prefix that is deprecated from the start has no say in when we renew", () => {
  bound({}, [
    both([
      [PREFIX, 1800, 3600],
      [OTHER_PREFIX, 0, 1200],
    ]),
  ]).nextAt(900);
});

test("one IA is refused, the other is used, and the refused one is asked for again later with a Renew (B43, RFC 9915 §18.2.4)", () => {
  const wan = client({ ...TWO, pace: "fast" })
    .at(0)
    .linkUp()
    .sends("solicit")
    .advertise({ ias: [ia(1), refusal(2, STATUS.noPrefixAvail)] });
  wan.at(1.05).sends("request", { prefixes: { 1: [PREFIX], 2: ["::/60"] } });
  wan
    .reply({ ias: [ia(1), refusal(2, STATUS.noPrefixAvail)] })
    .becomes("bound")
    .holds({ 1: [PREFIX] });
  wan
    .at(601.05)
    .sends("renew", { prefixes: { 1: [PREFIX], 2: ["::/60"] } })
    .reply({ ias: [ia(1), ia(2, SECOND)] });
  wan.becomes("bound").holds({ 1: [PREFIX], 2: [SECOND] });
});

test("a prefix that is smaller or larger than wished for is ours as well (B43, RFC 9915 §18.2.10.1)", () => {
  for (const prefix of ["2001:db8:1::/62", "2001:db8::/48"] as readonly string[] as readonly Ipv6Prefix[])
    bound({}, [ia(1, prefix)]).holds({ 1: [prefix] });
});

test("a Reply to a Request that only ends what we hold ends it, and the search begins (RFC 9915 §18.2.10.1)", () => {
  const wan = bound()
    .at(900)
    .sends("renew")
    .reply({ ias: [refusal(1, STATUS.noBinding)] })
    .sends("request")
    .clear();
  wan.reply({ ias: [ia(1, PREFIX, { preferred: 0, valid: 0 })] }).sends("solicit", { prefixes: { 1: ["::/56"] } });
  wan.becomes("soliciting").holds({}).does("lost", "forget");
});

test("an IA that is refused even to a Request is not asked about again at once, and keeps what it has until it ends (RFC 9915 §14.1)", () => {
  const wan = bound(TWO, [ia(1), ia(2, SECOND)])
    .at(900)
    .sends("renew");
  wan.reply({ ias: [ia(1), refusal(2, STATUS.noBinding)] }).sends("request");
  wan
    .reply({ ias: [ia(1), refusal(2, STATUS.noPrefixAvail)] })
    .becomes("bound")
    .holds({ 1: [PREFIX], 2: [SECOND] });
  wan.nextAt(1500).at(1500).sends("rebind");
});

test("a Reply that ends one prefix and does not speak of the other one has extended nothing: we go on asking", () => {
  const two = both([
    [PREFIX, 1800, 3600],
    [OTHER_PREFIX, 1800, 3600],
  ]);
  const wan = bound({}, [two]).at(900).sends("renew").clear();
  wan
    .reply({ ias: [ia(1, PREFIX, { preferred: 0, valid: 0 })] })
    .becomes("renewing")
    .holds({ 1: [OTHER_PREFIX] })
    .does("delegated", "persist");
  wan.at(910).sends("renew", { prefixes: { 1: [OTHER_PREFIX] } });
});
