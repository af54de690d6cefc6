/** What one client, link, relay or source may have: no more, and what is held goes on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LIMITS } from "../../../../src/base/limits.ts";
import { addressPool, dhcp6Pools, prefixPool, type ServerLimits } from "../../../../src/services/lan/dhcp6-config.ts";
import { Declines } from "../../../../src/services/lan/dhcp6-server/declines.ts";
import { iaAddress, iaNa, iaPd, STATUS } from "../../../../src/wire/dhcp6/leases.ts";
import { decodeDhcp6, type Dhcp6ClientMessage, encodeDhcp6, isRelayMessage } from "../../../../src/wire/dhcp6/message.ts";
import type { Dhcp6Options } from "../../../../src/wire/dhcp6/options.ts";
import { addressIn, Bed, client, ip, LAN_ADDRESS, net, relayed, said } from "./support.ts";

const limits = (given: Partial<ServerLimits>): { readonly limits: ServerLimits } => ({ limits: { ...dhcp6Pools().limits, ...given } });
const statuses = ({ iaNa: na = [], iaPd: pd = [] }: Dhcp6Options): readonly (number | undefined)[] =>
  [...na, ...pd].map(({ options }) => options.status?.code);
const two = { iaNa: [iaNa({ iaid: 1 }), iaNa({ iaid: 2 })], iaPd: [iaPd({ iaid: 3 })] };

test("a client gets as many leases as it may, addresses and prefixes together; the rest is told so, and the others are served (RFC 8987 G-5)", () => {
  const bed = new Bed({ pools: limits({ leasesPerClient: 2 }) });
  for (const kind of ["solicit", "request", "request"] as const)
    assert.deepEqual(statuses(bed.ask(1, kind, two).message.options), [undefined, undefined, STATUS.noPrefixAvail], kind);
  assert.deepEqual(statuses(bed.ask(2, "request", two).message.options), [undefined, undefined, STATUS.noPrefixAvail], "each client for itself");
  bed.ask(1, "release", { iaNa: [iaNa({ iaid: 1, iaAddress: [iaAddress(addressIn(bed.ask(1, "renew", { iaNa: [iaNa({ iaid: 1 })] })))] })] });
  assert.deepEqual(statuses(bed.ask(1, "request", { iaPd: [iaPd({ iaid: 3 })] }).message.options), [undefined], "what is given back counts no more");
  assert.deepEqual(statuses(bed.ask(1, "request", { iaNa: [iaNa({ iaid: 1 })] }).message.options), [STATUS.noAddrsAvail], "nor is it had back");
  assert.ok((bed.server.view().limited["leasesPerClient"] ?? 0) >= 4);
});

test("leases that were read back count, and those that ended do not", () => {
  const bed = new Bed({ pools: limits({ leasesPerClient: 1 }) });
  bed.ask(1, "request", { iaNa: [iaNa({ iaid: 1 })] });
  bed.server.leasesLoaded();
  assert.deepEqual(statuses(bed.ask(1, "request", { iaNa: [iaNa({ iaid: 2 })] }).message.options), [STATUS.noAddrsAvail]);
  bed.now += 3606;
  bed.server.sweep({ seconds: bed.now }, 100, bed.replies);
  assert.deepEqual(statuses(bed.ask(1, "request", { iaNa: [iaNa({ iaid: 2 })] }).message.options), [undefined]);
});

test("a link holds as many leases as it may", () => {
  const bed = new Bed({ pools: limits({ leasesPerLink: 3 }) });
  assert.deepEqual(statuses(bed.ask(1, "request", two).message.options), [undefined, undefined, undefined]);
  assert.deepEqual(statuses(bed.ask(2, "request", two).message.options), [STATUS.noAddrsAvail, STATUS.noAddrsAvail, STATUS.noPrefixAvail]);
  assert.deepEqual(statuses(bed.ask(1, "renew", two).message.options), [undefined, undefined, undefined]);
});

test("a port of a relay holds as many leases as it may, and a client that moves takes its lease along (RFC 8987 G-6)", () => {
  const bed = new Bed({ relayedPools: limits({ leasesPerRelayPort: 2 }) });
  const ask = (n: number, port: number, relay = "2001:db8:ffff::1"): readonly (number | undefined)[] => {
    const inner = encodeDhcp6(said(n, "request", { iaNa: [iaNa({ iaid: 1 })] }));
    const bytes = relayed(inner, { link: ip("2001:db8:2::1"), peer: client(n).address, interfaceId: Uint8Array.of(port) });
    let message = decodeDhcp6(bed.bytesIn(bytes, { from: ip(relay), port: 547 }) ?? new Uint8Array(0));
    while (isRelayMessage(message)) message = decodeDhcp6(message.options.relayMessage);
    return statuses((message as Dhcp6ClientMessage).options);
  };
  assert.deepEqual([ask(1, 7), ask(2, 7), ask(3, 7)], [[undefined], [undefined], [STATUS.noAddrsAvail]]);
  assert.deepEqual(ask(3, 8), [undefined], "another port");
  assert.deepEqual(ask(4, 7, "2001:db8:ffff::2"), [undefined], "another relay");
  assert.deepEqual(ask(1, 8), [undefined], "it has moved");
  assert.deepEqual([ask(5, 7), ask(6, 7), ask(6, 8)], [[undefined], [STATUS.noAddrsAvail], [STATUS.noAddrsAvail]]);
});

test("a source that sends too much is not answered for the rest of the second, and nobody else notices", () => {
  const bed = new Bed({ pools: limits({ messagesPerSecondPerSource: 5 }) });
  const heard = (n: number): number =>
    Array.from({ length: 8 }, () => bed.hear(n, "solicit", { iaNa: [iaNa({ iaid: 1 })] })).filter((one) => one !== undefined).length;
  assert.deepEqual([heard(1), heard(2)], [5, 5]);
  assert.deepEqual(bed.refused(), { "too-many-messages": 6 });
  bed.now += 1;
  assert.equal(heard(1), 5);
  bed.now += 1000;
  assert.equal(heard(1), 5, "a pause saves nothing up");
});

test("behind a relay each client is a source, and of as many sources as there may be none is refused for another", () => {
  const bed = new Bed({ relayedPools: limits({ messagesPerSecondPerSource: 1 }) });
  let answered = 0;
  const ask = (n: number): void => {
    const peer = ip(`fe80::1:${n.toString(16)}`);
    if (
      bed.bytesIn(relayed(encodeDhcp6(said(1, "informationRequest", {})), { link: ip("2001:db8:2::1"), peer }), { from: ip("2001:db8:ffff::1") }) !==
      undefined
    )
      answered++;
  };
  for (let n = 0; n < LIMITS.rateSources + 100; n++) ask(n);
  assert.equal(answered, LIMITS.rateSources + 100);
  ask(LIMITS.rateSources + 99);
  assert.equal(answered, LIMITS.rateSources + 100);
});

test("a client that finds every address in use is not believed for ever: one host drains no pool (RFC 9915 §18.3.8)", () => {
  const bed = new Bed({ pools: { addresses: [addressPool(net("2001:db8:1::100/124"))], prefixes: [prefixPool(net("2001:db8:8000::/56"), 64)] } });
  for (let round = 0; round < 40; round++) {
    const address = addressIn(bed.ask(1, "request", { iaNa: [iaNa({ iaid: round })] }));
    bed.ask(1, "decline", { iaNa: [iaNa({ iaid: round, iaAddress: [iaAddress(address)] })] });
  }
  assert.equal(bed.server.view().links[0]?.declined, LIMITS.declinesPerClient);
  assert.equal(bed.ask(2, "request", { iaNa: [iaNa({ iaid: 1 })] }).message.options.iaNa?.[0]?.options.iaAddress?.length, 1);
  const address = addressIn(bed.ask(2, "request", { iaNa: [iaNa({ iaid: 1 })] }));
  bed.ask(2, "decline", { iaNa: [iaNa({ iaid: 1, iaAddress: [iaAddress(address)] })] });
  assert.equal(bed.server.view().links[0]?.declined, LIMITS.declinesPerClient + 1, "others are");
  bed.now += 90_000;
  bed.server.sweep({ seconds: bed.now }, 1000, bed.replies);
  const again = addressIn(bed.ask(1, "request", { iaNa: [iaNa({ iaid: 1 })] }));
  bed.ask(1, "decline", { iaNa: [iaNa({ iaid: 1, iaAddress: [iaAddress(again)] })] });
  assert.equal(bed.server.view().links[0]?.declined, 1, "a day later it is believed again");
});

test("clients that declined are remembered up to a limit, and the first of them goes first", () => {
  const declines = new Declines();
  for (let n = 0; n < LIMITS.decliners; n++) assert.ok(declines.believes(n, 1, 100));
  for (let i = 1; i < LIMITS.declinesPerClient; i++) assert.ok(declines.believes(0, 1, 100));
  assert.ok(!declines.believes(0, 1, 100));
  assert.ok(declines.believes(-1, 1, 100));
  assert.ok(declines.believes(0, 1, 100), "forgotten");
});

// links behind relays
test("S13: a relay that names no link we know is told by its interface-id, relay-id or remote-id, the innermost first (RFC 7969 §3)", () => {
  const bed = new Bed({ addresses: [LAN_ADDRESS] });
  bed.configure(
    {},
    {},
    {
      selectors: [
        { code: 18, value: Uint8Array.of(1, 2) },
        { code: 53, value: Uint8Array.of(9) },
      ],
    },
  );
  const inner = encodeDhcp6(said(1, "solicit", { iaNa: [iaNa({ iaid: 1 })] }));
  const link = (bytes: Uint8Array): string | undefined => {
    let message = decodeDhcp6(bed.bytesIn(bytes, { from: ip("2001:db8:ffff::1"), port: 547 }) ?? relayed(inner));
    while (isRelayMessage(message)) message = decodeDhcp6(message.options.relayMessage);
    return message.options.iaNa?.[0]?.options.iaAddress?.[0]?.address.split(":").slice(0, 3).join(":");
  };
  const elsewhere = ip("2001:db8:7777::1");
  assert.equal(link(relayed(inner, { interfaceId: Uint8Array.of(1, 2) })), "2001:db8:2");
  assert.equal(link(relayed(inner, { link: elsewhere, interfaceId: Uint8Array.of(1, 2) })), "2001:db8:2", "the link-address is nobody's");
  assert.equal(link(relayed(relayed(inner, { interfaceId: Uint8Array.of(1, 2) }), { interfaceId: Uint8Array.of(5) })), "2001:db8:2");
  assert.equal(
    link(relayed(inner, { link: ip("2001:db8:1::9"), interfaceId: Uint8Array.of(1, 2) })),
    "2001:db8:1",
    "the link-address decides where it can",
  );
  for (const other of [Uint8Array.of(1), Uint8Array.of(1, 2, 3), new Uint8Array(0)])
    assert.equal(link(relayed(inner, { link: elsewhere, interfaceId: other })), undefined);
});
