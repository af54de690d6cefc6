/** Packets of other people's clients, as they were recorded, served. */
import { prefixPool, servedOption } from "../../../../src/services/lan/dhcp6-config.ts";
import { OPTIONS } from "../../../../src/wire/dhcp6/options.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv6Covers } from "../../../../src/base/ipv6.ts";
import { decodeDhcp6, isRelayMessage } from "../../../../src/wire/dhcp6/message.ts";
import { decodeIpv6Frame, decodeUdp6 } from "../../../wire/dhcp6/frame.ts";
import { goldenPackets } from "../../../wire/dhcp6/golden.ts";
import { addressIn, answerOf, Bed, ip, LAN_ADDRESS, net, POOLS, prefixIn } from "./support.ts";

const BED = {
  pools: { prefixes: [prefixPool(net("2001:db8:8000::/40"), 56)], options: [servedOption(OPTIONS.dnsServers, [ip("2001:db8:1::53")])] },
} as const;

for (const { name, bytes, expected } of goldenPackets("dhcp6-frame")) {
  const frame = decodeIpv6Frame(bytes);
  const { payload } = decodeUdp6(frame, expected);
  const message = decodeDhcp6(payload);

  if (message.kind === "solicit") {
    test(`${name} is answered with an address, a prefix and what it asks for`, () => {
      const bed = new Bed(BED);
      const out = bed.bytesIn(payload, { from: frame.source });
      assert.ok(out !== undefined, JSON.stringify(bed.refused()));
      const answer = answerOf(bed.replies, 0, out);
      assert.equal(answer.message.kind, "advertise");
      assert.deepEqual(answer.to, frame.source);
      assert.ok(ipv6Covers(net("2001:db8:1::/64"), net(`${addressIn(answer)}/128`)));
      assert.ok(ipv6Covers(net("2001:db8:8000::/40"), prefixIn(answer)));
      assert.deepEqual(answer.message.options.dnsServers, [ip("2001:db8:1::53")]);
    });
  }
  if (message.kind === "request") {
    test(`${name}, which was meant for another server, is passed over; meant for us, it is served`, () => {
      const bed = new Bed({ ...BED, addresses: [{ ...LAN_ADDRESS, address: ip("2001:db8:1::1") }] });
      const own = new Bed(BED);
      assert.ok(!isRelayMessage(message));
      own.server.configure({
        duid: message.options.serverId ?? ("" as never),
        interfaces: [{ name: "lan0", number: 100, router: undefined, dhcp6: { mode: "server", pools: { ...POOLS, ...BED.pools } } }],
        relayedLinks: [],
        classes: [],
        hosts: [],
      });
      const out = own.bytesIn(payload, { from: frame.source });
      assert.ok(out !== undefined, JSON.stringify(own.refused()));
      const answer = answerOf(own.replies, 0, out);
      assert.equal(addressIn(answer), message.options.iaNa?.[0]?.options.iaAddress?.[0]?.address);
      assert.equal(answer.message.options.clientId, message.options.clientId);
      bed.server.configure({ duid: "0003000102005e1000ff" as never, interfaces: [], relayedLinks: [], classes: [], hosts: [] });
      assert.equal(bed.bytesIn(payload, { from: frame.source }), undefined);
      assert.deepEqual(bed.refused(), { "server-id-foreign": 1 });
    });
  }
  if (message.kind === "advertise" || message.kind === "reply") {
    test(`${name}, which a server sent, is dropped`, () => {
      const bed = new Bed();
      assert.equal(bed.bytesIn(payload, { from: frame.source }), undefined);
      assert.deepEqual(bed.refused(), { "not-for-servers": 1 });
    });
  }
}
