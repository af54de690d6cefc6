/** From a Solicit to a lease: what is offered, what is promised, and what a client may not have. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv6Covers } from "../../../../src/base/ipv6.ts";
import { iaAddress, iaNa, iaPd, iaPrefix, STATUS } from "../../../../src/wire/dhcp6/leases.ts";
import { addressIn, Bed, client, ip, LAN, net, prefixIn, SERVER } from "./support.ts";

test("a Solicit is answered with an Advertise of an address of the link, and nothing is remembered for it but the offer (RFC 9915 §18.3.9)", () => {
  const bed = new Bed();
  const answer = bed.ask(1, "solicit", { iaNa: [iaNa({ iaid: 5 })] });
  assert.equal(answer.message.kind, "advertise");
  assert.equal(answer.message.transactionId, 0xabc001);
  assert.equal(answer.message.options.serverId, SERVER);
  assert.equal(answer.message.options.clientId, client(1).duid);
  assert.deepEqual([answer.link, answer.port, answer.to, answer.held], [LAN, 546, client(1).address, false]);
  const ia = answer.message.options.iaNa?.[0];
  assert.deepEqual([ia?.iaid, ia?.renewSeconds, ia?.rebindSeconds], [5, 900, 1440]);
  const given = ia?.options.iaAddress?.[0];
  assert.deepEqual([given?.preferredSeconds, given?.validSeconds], [1800, 3600]);
  assert.ok(ipv6Covers(net("2001:db8:1::/64"), net(`${given?.address}/128`)));
  assert.equal(bed.table.count, 0);
  assert.equal(bed.replies.images, 0);
});

test("the Request for what was offered is promised, and its Reply waits for the journal (RFC 9915 §18.3.2)", () => {
  const bed = new Bed();
  const offered = addressIn(bed.ask(1, "solicit", { iaNa: [iaNa({ iaid: 5 })] }));
  const reply = bed.ask(1, "request", { iaNa: [iaNa({ iaid: 5, iaAddress: [iaAddress(offered)] })] });
  assert.equal(reply.message.kind, "reply");
  assert.equal(addressIn(reply), offered);
  assert.equal(reply.held, true);
  assert.equal(bed.replies.images, 1);
  assert.equal(bed.table.count, 1);
  assert.deepEqual(bed.server.view().links[0], {
    link: "lan0",
    number: 100,
    relayed: false,
    addresses: 1,
    prefixes: 0,
    declined: 0,
    prefixesPassedOver: 0,
  });
});

test("a Request that was sent twice gets the same answer, and its Reply waits too", () => {
  const bed = new Bed();
  const first = bed.ask(1, "request", { iaNa: [iaNa({ iaid: 5 })] });
  const again = bed.ask(1, "request", { iaNa: [iaNa({ iaid: 5 })] });
  assert.deepEqual(again.bytes, first.bytes);
  assert.equal(again.held, true);
  assert.equal(bed.table.count, 1);
});

test("an address and a prefix come in one Reply with one T1 and one T2 (RFC 9915 §18.3.2)", () => {
  const bed = new Bed();
  const reply = bed.ask(1, "request", { iaNa: [iaNa({ iaid: 1 }), iaNa({ iaid: 2 })], iaPd: [iaPd({ iaid: 1 })] });
  assert.ok(ipv6Covers(net("2001:db8:8000::/40"), prefixIn(reply)));
  assert.match(prefixIn(reply), /\/56$/);
  const times = [...(reply.message.options.iaNa ?? []), ...(reply.message.options.iaPd ?? [])].map((ia) => [ia.renewSeconds, ia.rebindSeconds]);
  assert.deepEqual(times, [
    [900, 1440],
    [900, 1440],
    [900, 1440],
  ]);
  assert.equal(bed.table.count, 3);
});

test("a prefix that is named, free and ours is given (RFC 8168 §3.2)", () => {
  const bed = new Bed();
  const wish = net("2001:db8:80ab:cd00::/56");
  assert.equal(prefixIn(bed.ask(1, "solicit", { iaPd: [iaPd({ iaid: 1, iaPrefix: [iaPrefix(wish)] })] })), wish);
  assert.equal(prefixIn(bed.ask(1, "request", { iaPd: [iaPd({ iaid: 1, iaPrefix: [iaPrefix(wish)] })] })), wish);
  assert.notEqual(prefixIn(bed.ask(2, "request", { iaPd: [iaPd({ iaid: 1, iaPrefix: [iaPrefix(wish)] })] })), wish);
});

test("a Request that names an address of another link is told so in its IA, and the lease it has stays (RFC 9915 §18.3.2, T6)", () => {
  const bed = new Bed();
  const held = addressIn(bed.ask(1, "request", { iaNa: [iaNa({ iaid: 5 })] }));
  const refused = bed.ask(1, "request", { iaNa: [iaNa({ iaid: 5, iaAddress: [iaAddress(ip("2001:db8:ffff::1"))] })] });
  assert.equal(refused.message.options.iaNa?.[0]?.options.status?.code, STATUS.notOnLink);
  assert.equal(refused.message.options.iaNa?.[0]?.options.iaAddress, undefined);
  assert.equal(refused.held, false);
  assert.deepEqual([bed.replies.images, bed.server.view().links[0]?.addresses], [0, 1], "nothing was changed");
  assert.equal(addressIn(bed.ask(1, "renew", { iaNa: [iaNa({ iaid: 5, iaAddress: [iaAddress(held)] })] })), held);
});
