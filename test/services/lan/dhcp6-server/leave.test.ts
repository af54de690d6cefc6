/** Messages that ask for no lease: Release, Decline, Confirm, Information-request; and a lease without a second exchange. */
import { addressPool, servedOption } from "../../../../src/services/lan/dhcp6-config.ts";
import { OPTIONS } from "../../../../src/wire/dhcp6/options.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DomainName } from "../../../../src/base/domain.ts";
import { ipv6Bytes } from "../../../../src/base/ipv6.ts";
import { encodeDhcp6 } from "../../../../src/wire/dhcp6/message.ts";
import { iaAddress, iaNa, iaPd, iaPrefix, STATUS } from "../../../../src/wire/dhcp6/leases.ts";
import { addressIn, Bed, ip, LAN_ADDRESS, net, prefixIn, said } from "./support.ts";

const IA = { iaid: 5 };
const holding = (bed: Bed): unknown => {
  const { addresses, prefixes, declined } = bed.server.view().links[0] ?? { addresses: -1, prefixes: -1, declined: -1 };
  return { addresses, prefixes, declined };
};

test("a Release ends the lease; its Reply says Success and waits for the journal (RFC 9915 §18.3.7)", () => {
  const bed = new Bed();
  const reply = bed.ask(1, "request", { iaNa: [iaNa(IA)], iaPd: [iaPd(IA)] });
  const [address, prefix] = [addressIn(reply), prefixIn(reply)];
  assert.deepEqual(holding(bed), { addresses: 1, prefixes: 1, declined: 0 });
  const gone = bed.ask(1, "release", {
    iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(address)] })],
    iaPd: [iaPd({ ...IA, iaPrefix: [iaPrefix(prefix)] })],
  });
  assert.equal(gone.message.options.status?.code, STATUS.success);
  assert.equal(gone.message.options.iaNa, undefined);
  assert.deepEqual([gone.held, bed.replies.images], [true, 2]);
  assert.deepEqual([bed.replies.routes.count, bed.replies.routes.present[0]], [1, 0]);
  assert.deepEqual(holding(bed), { addresses: 0, prefixes: 0, declined: 0 });
  const again = bed.ask(1, "release", { iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(address)] })] });
  assert.equal(again.message.options.iaNa?.[0]?.options.status?.code, STATUS.noBinding);
  assert.deepEqual([again.held, bed.replies.images], [false, 0]);
});

test("a Release of what others hold changes nothing; an IA without a lease is told NoBinding (RFC 9915 §18.3.7)", () => {
  const bed = new Bed();
  const theirs = addressIn(bed.ask(2, "request", { iaNa: [iaNa(IA)] }));
  bed.ask(1, "request", { iaNa: [iaNa(IA)] });
  const reply = bed.ask(1, "release", { iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(theirs)] }), iaNa({ iaid: 6 })] });
  assert.equal(reply.message.options.status?.code, STATUS.success);
  assert.deepEqual(
    reply.message.options.iaNa?.map(({ iaid, options }) => [iaid, options.status?.code]),
    [[6, STATUS.noBinding]],
  );
  assert.deepEqual(holding(bed), { addresses: 2, prefixes: 0, declined: 0 });
});

test("a lease that is named twice in one Release ends once", () => {
  const bed = new Bed();
  const address = addressIn(bed.ask(1, "request", { iaNa: [iaNa(IA)] }));
  const twice = encodeDhcp6(said(1, "release", { iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(address), iaAddress(ip("2001:db8:1::2"))] })] }));
  twice.set(ipv6Bytes(address), twice.length - 24);
  assert.ok(bed.bytesIn(twice) !== undefined);
  assert.equal(bed.replies.images, 1);
  assert.deepEqual(holding(bed), { addresses: 0, prefixes: 0, declined: 0 });
});

test("a declined address is not given again, and the client gets another (RFC 9915 §18.3.8)", () => {
  const bed = new Bed();
  const declined = addressIn(bed.ask(1, "request", { iaNa: [iaNa(IA)] }));
  const reply = bed.ask(1, "decline", { iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(declined)] })] });
  assert.equal(reply.message.options.status?.code, STATUS.success);
  assert.deepEqual([reply.held, bed.replies.images], [true, 1]);
  assert.deepEqual(holding(bed), { addresses: 0, prefixes: 0, declined: 1 });
  for (const n of [1, 2]) {
    const wish = { iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(declined)] })] };
    assert.notEqual(addressIn(bed.ask(n, "solicit", wish)), declined);
    assert.notEqual(addressIn(bed.ask(n, "request", wish)), declined);
  }
  bed.now += 86_400 + 10;
  bed.server.sweep({ seconds: bed.now }, 1000, bed.replies);
  assert.equal(bed.server.view().links[0]?.declined, 0);
});

test("a delegated prefix cannot be declined (RFC 9915 §18.2.8)", () => {
  const bed = new Bed();
  const prefix = prefixIn(bed.ask(1, "request", { iaPd: [iaPd(IA)] }));
  const reply = bed.ask(1, "decline", { iaPd: [iaPd({ ...IA, iaPrefix: [iaPrefix(prefix)] })] });
  assert.equal(reply.message.options.iaPd, undefined);
  assert.deepEqual(holding(bed), { addresses: 0, prefixes: 1, declined: 0 });
});

test("a Confirm is answered by what is on the link, whether we know the client or not (RFC 9915 §18.3.3, I7, T13)", () => {
  const bed = new Bed();
  const confirm = (...addresses: readonly string[]): number | undefined =>
    bed.hear(1, "confirm", { iaNa: [iaNa({ ...IA, iaAddress: addresses.map((address) => iaAddress(ip(address))) })] })?.message.options.status?.code;
  assert.equal(confirm("2001:db8:1::5"), STATUS.success);
  assert.equal(confirm("2001:db8:1::5", "2001:db8:9::5"), STATUS.notOnLink);
  assert.equal(confirm(), undefined);
  bed.server.setAddresses("lan0", []);
  assert.equal(confirm("2001:db8:9::5"), undefined);
  assert.deepEqual(bed.refused(), { "cannot-confirm": 2 });
});

test("an Information-request is answered with what it asks for, with or without a client identifier (RFC 9915 §18.3.6)", () => {
  const bed = new Bed({ pools: { options: [servedOption(OPTIONS.domainSearch, ["example.net" as DomainName])] } });
  const { clientId, ...rest } = bed.ask(1, "informationRequest", { requestedOptions: [23, 24, 32, 82, 99] }).message.options;
  assert.ok(clientId !== undefined);
  const { serverId, ...told } = rest;
  assert.ok(serverId !== undefined);
  assert.deepEqual(told, { dnsServers: [LAN_ADDRESS.address], domainSearch: ["example.net"], informationRefreshSeconds: 86_400 });
  const anonymous = bed.bytesIn(Uint8Array.of(11, 1, 2, 3));
  assert.equal(anonymous?.length, 4 + 4 + 10);
});

test("the refresh time is half of what the prefix has left, never less than ten minutes (RFC 9915 §7.6)", () => {
  const bed = new Bed();
  const refresh = (left: number): number | undefined => {
    bed.server.setAddresses("lan0", [{ ...LAN_ADDRESS, preferredUntil: bed.now + left, validUntil: bed.now + left }]);
    return bed.ask(1, "informationRequest", { requestedOptions: [32] }).message.options.informationRefreshSeconds;
  };
  assert.deepEqual([refresh(5000), refresh(100)], [2500, 600]);
});

test("SOL_MAX_RT and INF_MAX_RT are said to who asks, and only when the operator set them (RFC 9915 §21.24, §21.25, S9)", () => {
  const quiet = new Bed().ask(1, "solicit", { requestedOptions: [82, 83] }).message.options;
  assert.deepEqual([quiet.solMaxRtSeconds, quiet.infMaxRtSeconds], [undefined, undefined]);
  const bed = new Bed({
    pools: { preference: 200, options: [servedOption(OPTIONS.solMaxRtSeconds, 120), servedOption(OPTIONS.infMaxRtSeconds, 180)] },
  });
  const asked = bed.ask(1, "solicit", { requestedOptions: [82, 83] }).message.options;
  assert.deepEqual([asked.solMaxRtSeconds, asked.infMaxRtSeconds, asked.preference], [120, 180, 200]);
  const unasked = bed.ask(1, "request", {}).message.options;
  assert.deepEqual([unasked.solMaxRtSeconds, unasked.infMaxRtSeconds, unasked.preference], [undefined, undefined, undefined]);
});

test("resolvers are the operator's, or our own address on the link (RFC 3646)", () => {
  const dnsServers = [ip("2001:db8::53"), ip("2001:db8::54")];
  const bed = new Bed({ pools: { options: [servedOption(OPTIONS.dnsServers, dnsServers)] } });
  assert.deepEqual(bed.ask(1, "request", { requestedOptions: [23] }).message.options.dnsServers, dnsServers);
  assert.equal(bed.ask(1, "request", {}).message.options.dnsServers, undefined);
});

test("where rapid commit is on, a Solicit that asks for it is promised at once (RFC 9915 §18.3.1)", () => {
  const bed = new Bed({ pools: { rapidCommit: true } });
  const reply = bed.ask(1, "solicit", { rapidCommit: true, iaNa: [iaNa(IA)] });
  assert.deepEqual([reply.message.kind, reply.message.options.rapidCommit, reply.held, bed.replies.images], ["reply", true, true, 1]);
  assert.equal(bed.ask(1, "solicit", { iaNa: [iaNa(IA)] }).message.kind, "advertise");
  const off = new Bed({ pools: { rapidCommit: false } }).ask(1, "solicit", { rapidCommit: true, iaNa: [iaNa(IA)] });
  assert.deepEqual([off.message.kind, off.message.options.rapidCommit], ["advertise", undefined]);
});

test("where nothing is left, or nothing is given, the IA says so and the rest is answered (RFC 9915 §18.3.9)", () => {
  const bed = new Bed({ pools: { addresses: [addressPool(net("2001:db8:1::fe/127"))], prefixes: [] } });
  bed.ask(1, "request", { iaNa: [iaNa(IA)] });
  bed.ask(2, "request", { iaNa: [iaNa(IA)] });
  for (const kind of ["solicit", "request"] as const) {
    const {
      iaNa: addresses,
      iaPd: prefixes,
      dnsServers,
    } = bed.ask(3, kind, { iaNa: [iaNa(IA)], iaPd: [iaPd(IA)], requestedOptions: [23] }).message.options;
    assert.equal(addresses?.[0]?.options.status?.code, STATUS.noAddrsAvail);
    assert.equal(prefixes?.[0]?.options.status?.code, STATUS.noPrefixAvail);
    assert.ok(dnsServers !== undefined);
  }
  assert.deepEqual(bed.server.view().told, { noAddrsAvail: 2, noPrefixAvail: 2 });
});

test("what is offered to one client is not offered to another for a minute", () => {
  const bed = new Bed({ pools: { addresses: [addressPool(net("2001:db8:1::fe/127"))] } });
  const offers = [1, 2].map((n) => addressIn(bed.ask(n, "solicit", { iaNa: [iaNa(IA)] })));
  assert.notEqual(offers[0], offers[1]);
  const third = (): number | undefined => bed.ask(3, "solicit", { iaNa: [iaNa(IA)] }).message.options.iaNa?.[0]?.options.status?.code;
  assert.equal(third(), STATUS.noAddrsAvail);
  bed.now += 61;
  assert.equal(third(), undefined);
});

test("what was a client's own is offered to one of its associations only, whichever stands first", () => {
  for (const order of [
    [5, 6],
    [6, 5],
  ]) {
    const bed = new Bed();
    const held = addressIn(bed.ask(1, "request", { iaNa: [iaNa(IA)] }));
    bed.now += 4000;
    bed.server.sweep({ seconds: bed.now }, 1000, bed.replies);
    const ias = order.map((iaid) => iaNa({ iaid, iaAddress: [iaAddress(held)] }));
    const given = (bed.ask(1, "solicit", { iaNa: ias }).message.options.iaNa ?? []).map(({ options }) => options.iaAddress?.[0]?.address);
    assert.equal(new Set(given).size, 2, String(given));
  }
});
