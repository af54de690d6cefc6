/**
 * Published weaknesses of other DHCPv6 servers, each sent to ours as it was sent to them. Most cannot be where memory is not the
 * programmer's to corrupt; what they set out from can: a length that is believed, an answer that grows with the question, a lease that is
 * let go while it is still spoken of.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, toHex } from "../../../../src/base/hex.ts";
import { ipv6Bytes } from "../../../../src/base/ipv6.ts";
import { LIMITS } from "../../../../src/base/limits.ts";
import { PacketBatch, ReplyBatch } from "../../../../src/services/lan/dhcp6-server/batch.ts";
import { iaAddress, iaNa, iaPd, iaPrefix, STATUS } from "../../../../src/wire/dhcp6/leases.ts";
import { decodeDhcp6, encodeDhcp6 } from "../../../../src/wire/dhcp6/message.ts";
import { addressIn, Bed, client, ip, LAN, net, NOW, relayed, replyBytes, said } from "./support.ts";

const IA = { iaid: 5 };
const OFF_LINK = ip("2001:db8:ffff::1");
const CLIENT_ID = `0001 000a ${client(1).duid}`;
const IA_NA = "0003 000c 00000005 00000000 00000000";

test("CVE-2026-53918: an off-link hint lets go of no lease, whichever association of the same client and number it stands in", () => {
  const bed = new Bed();
  const held = addressIn(bed.ask(1, "request", { iaNa: [iaNa(IA)] }));
  const hinted = (first: boolean) => {
    const wrong = iaNa({ iaid: first ? 5 : 6, iaAddress: [iaAddress(OFF_LINK)] });
    const right = iaNa({ iaid: first ? 6 : 5, iaAddress: [] });
    return { iaNa: first ? [wrong, right] : [right, wrong], iaPd: [iaPd(IA)] };
  };
  for (const first of [true, false]) {
    const { iaNa: given = [] } = bed.ask(1, "request", hinted(first)).message.options;
    assert.equal(given[first ? 0 : 1]?.options.status?.code, STATUS.notOnLink);
    assert.ok((bed.server.view().links[0]?.addresses ?? 0) >= 1, "the lease stays bound");
    assert.equal(addressIn(bed.ask(1, "renew", { iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(held)] })] })), held);
  }
  // The same number twice in one message, the second time with a hint that is wrong.
  const twice = `${IA_NA} 0003 0028 00000005 00000000 00000000 0005 0018 20010db8ffff00000000000000000001 00000000 00000000`;
  const request = `03 112233 ${CLIENT_ID} 0002 000a ${toHex(encodeDhcp6(said(1, "request", {}))).slice(2 * 22, 2 * 32)} ${twice}`;
  const answer = decodeDhcp6(bed.bytesIn(bytesOf(request)) ?? new Uint8Array(0));
  assert.ok("transactionId" in answer);
  assert.deepEqual(
    answer.options.iaNa?.map(({ options }) => options.iaAddress?.[0]?.address),
    [held],
  );
});

test("CVE-2026-53921: an answer about as many associations as fit into a datagram ends where it says, and no lease is beyond the limit", () => {
  const bed = new Bed();
  const many = (code: string, count: number): string =>
    Array.from({ length: count }, (_, i) => `${code} 000c ${i.toString(16).padStart(8, "0")} 00000000 00000000`).join(" ");
  for (const options of [many("0019", 500), many("0003", 500), `${many("0003", 250)} ${many("0019", 250)}`]) {
    const bytes = bed.bytesIn(bytesOf(`01 112233 ${CLIENT_ID} ${options}`)) ?? assert.fail(JSON.stringify(bed.refused()));
    const answer = decodeDhcp6(bytes);
    assert.deepEqual(answer.malformed, []);
    assert.ok("transactionId" in answer);
    const all = [...(answer.options.iaNa ?? []), ...(answer.options.iaPd ?? [])];
    const served = all.filter(({ options: { status } }) => status === undefined);
    assert.ok(served.length <= LIMITS.iasPerMessage, `${served.length} are served`);
    assert.equal(all.length, 500);
  }
});

test("CVE-2026-53922: lengths that end inside of a fixed part are no lengths: nothing is counted back from them", () => {
  const bed = new Bed();
  for (let length = 0; length < 12; length++) {
    const short = `0003 ${length.toString(16).padStart(4, "0")} ${"00".repeat(length)}`;
    const bytes = bed.bytesIn(bytesOf(`01 112233 ${CLIENT_ID} ${short} ${IA_NA}`)) ?? assert.fail(short);
    const answer = decodeDhcp6(bytes);
    assert.ok("transactionId" in answer && answer.options.iaNa?.length === 1, short);
  }
  for (const [code, least] of [
    ["0005", 24],
    ["001a", 25],
  ] as const) {
    for (let length = 0; length < least; length++) {
      const inner = `${code} ${length.toString(16).padStart(4, "0")} ${"20".repeat(length)}`;
      const size = (12 + 4 + length).toString(16).padStart(4, "0");
      const ia = `${code === "0005" ? "0003" : "0019"} ${size} 00000007 00000000 00000000 ${inner}`;
      assert.ok(bed.bytesIn(bytesOf(`01 112233 ${CLIENT_ID} ${ia}`)) !== undefined, `${code} of ${length} octets`);
    }
  }
});

test("CVE-2017-14493: a relay may say a link-layer address of any length, and nothing is copied anywhere (RFC 6939 §4)", () => {
  const solicit = encodeDhcp6(said(1, "solicit", { iaNa: [iaNa(IA)] }));
  const message = `0009 ${solicit.length.toString(16).padStart(4, "0")} ${toHex(solicit)}`;
  for (const length of [0, 1, 2, 3, 8, 18, 19, 200, 8000]) {
    const bed = new Bed();
    const linkLayer = `004f ${length.toString(16).padStart(4, "0")} ${"41".repeat(length)}`;
    const out = bed.bytesIn(bytesOf(`0c 00 20010db8000200000000000000000001 fe80${"00".repeat(13)}02 ${linkLayer} ${message}`));
    assert.ok(out !== undefined, JSON.stringify(bed.refused()));
    assert.ok(!toHex(out).includes("41".repeat(8)));
  }
});

test("CVE-2017-14494: no octet that was not sent comes back, whatever the lengths say, at any level", () => {
  const marker = 0xa7;
  const bed = new Bed();
  const whole = relayed(
    encodeDhcp6(said(1, "solicit", { iaNa: [iaNa(IA)], iaPd: [iaPd({ iaid: 1, iaPrefix: [iaPrefix(net("2001:db8:80ab::/56"))] })] })),
    {
      link: ip("2001:db8:2::1"),
      interfaceId: bytesOf("0102030405060708"),
      echoRequest: [37, 38],
      subscriberId: bytesOf("1111"),
    },
  );
  const packets = new PacketBatch({ slots: 1, arenaBytes: 16_384 });
  const replies = new ReplyBatch({ slots: 4, arenaBytes: 262_144 });
  let answered = 0;
  for (let at = 0; at + 1 < whole.length; at++) {
    for (const value of [0, 1, 2, 16, 127, 255]) {
      packets.clear();
      packets.bytes.fill(marker); // what others left in the arena, before and behind
      packets.add(whole, { link: LAN, address: ipv6Bytes(client(1).address), port: 547, multicast: true });
      packets.bytes[at] = value;
      replies.clear();
      replies.bytes.fill(0);
      bed.server.serve(packets, { seconds: NOW }, replies);
      if (replies.count === 0) continue;
      answered++;
      assert.ok(!toHex(replyBytes(replies, 0)).includes("a7a7a7"), `octet ${at} as ${value}`);
    }
  }
  assert.ok(answered > 200, `${answered} were answered`);
});

test("CVE-2022-2928: a leasequery is dropped, and ten thousand of them leave nothing behind (RFC 5007)", () => {
  const bed = new Bed();
  bed.ask(1, "request", { iaNa: [iaNa(IA)] });
  const query = bytesOf(`0e 112233 ${CLIENT_ID} 002c 0011 01 ${"00".repeat(16)}`);
  for (let i = 0; i < 10_000; i++) assert.equal(bed.bytesIn(query), undefined);
  assert.deepEqual([bed.refused(), bed.table.count], [{ "unknown-type": 10_000 }, 1]);
});

test("CVE-2022-2929: a name whose label is longer than 63 octets costs its sender nothing but the name (RFC 4704 §4)", () => {
  const bed = new Bed();
  const withName = (name: string): Uint8Array | undefined =>
    bed.bytesIn(bytesOf(`01 112233 ${CLIENT_ID} ${IA_NA} 0006 0002 0027 0027 ${(name.length / 2 + 1).toString(16).padStart(4, "0")} 01 ${name}`));
  for (const name of [
    `40${"61".repeat(64)}00`,
    `ff${"61".repeat(255)}00`,
    `c0${"61".repeat(192)}`,
    "05616161",
    `${"3f".padEnd(128, "6")}`.repeat(5),
  ]) {
    const answer = decodeDhcp6(withName(name) ?? assert.fail(name));
    assert.deepEqual(answer.malformed, []);
    assert.ok("transactionId" in answer && answer.options.iaNa?.[0]?.options.iaAddress !== undefined, name);
    assert.ok(!toHex(encodeDhcp6(answer)).includes("616161"), "a name that is none is not said again");
  }
});
