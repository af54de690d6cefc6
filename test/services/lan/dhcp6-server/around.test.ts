/** What other servers got wrong around their packets: lengths of what they wrote, files they read meanwhile, lists they walked, lines they logged. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { bytesOf } from "../../../../src/base/hex.ts";
import { ipv6Bytes } from "../../../../src/base/ipv6.ts";
import { LIMITS } from "../../../../src/base/limits.ts";
import { PacketBatch, REPLY_BYTES_MAX, ReplyBatch } from "../../../../src/services/lan/dhcp6-server/batch.ts";
import { Dhcp6Service } from "../../../../src/services/lan/dhcp6-service.ts";
import { Offers } from "../../../../src/services/leases/offers.ts";
import { SimClock, Timeline } from "../../../../src/sim/clock.ts";
import { iaNa, iaPd } from "../../../../src/wire/dhcp6/leases.ts";
import { encodeDhcp6 } from "../../../../src/wire/dhcp6/message.ts";
import { unwrapDhcp6 } from "../../../../src/wire/dhcp6/relay.ts";
import { KEY, tableOf } from "../../leases/support.ts";
import { Bed, client, ip, LAN, LAN_ADDRESS, NOW, POOLS, relayed, replyBytes, said, SERVER } from "./support.ts";

const FAR = ip("2001:db8:2::1");
const SOLICIT = encodeDhcp6(said(1, "solicit", { iaNa: [iaNa({ iaid: 5 })] }));

test("S4: an answer with as many options of the greatest size as may be configured ends inside of its room, the last of a batch too", () => {
  const options = Array.from({ length: LIMITS.servedOptions }, (_, i) => ({
    code: 2000 + i,
    value: new Uint8Array(LIMITS.servedOptionBytes).fill(i),
    forced: i % 2 === 0,
  }));
  const bed = new Bed({ pools: { options } });
  const packets = new PacketBatch({ slots: 40, arenaBytes: 640_000 });
  const ias = { iaNa: Array.from({ length: 70 }, (_, iaid) => iaNa({ iaid })), iaPd: Array.from({ length: 70 }, (_, iaid) => iaPd({ iaid })) };
  for (let n = 1; n <= 40; n++) {
    const bytes = encodeDhcp6(said(n, n <= 20 ? "solicit" : "request", { ...ias, requestedOptions: options.map(({ code }) => code) }));
    assert.ok(packets.add(bytes, { link: LAN, address: ipv6Bytes(client(n).address), port: 546, multicast: true }));
  }
  const replies = new ReplyBatch({ slots: 64, arenaBytes: 2 * REPLY_BYTES_MAX });
  let answered = 0;
  for (let next = 0; next < packets.count; ) {
    replies.clear();
    const before = next;
    next = bed.server.serve(packets, { seconds: NOW }, replies, next);
    assert.ok(next > before && replies.end <= replies.bytes.length);
    for (let row = 0; row < replies.count; row++, answered++) {
      const bytes = replyBytes(replies, row);
      assert.ok(bytes.length <= REPLY_BYTES_MAX && bytes.length < 65_000, `${bytes.length} octets`);
      assert.deepEqual(unwrapDhcp6(bytes).message.malformed, []);
    }
  }
  assert.equal(answered, 40);
});

test("S11: lengths of thirty-two envelopes are right where the datagram is as long as may be, and no length wraps around", () => {
  const bed = new Bed();
  const interfaceId = new Uint8Array(240).fill(7);
  const wrapped = (levels: number): Uint8Array =>
    levels === 0 ? SOLICIT : relayed(wrapped(levels - 1), { link: FAR, interfaceId: interfaceId.slice(0, 240 - levels), echoRequest: [37] });
  const datagram = wrapped(32);
  assert.ok(datagram.length > 8000 && datagram.length <= LIMITS.datagramBytes, String(datagram.length));
  let answer = bed.bytesIn(datagram) ?? assert.fail(JSON.stringify(bed.refused()));
  for (let level = 0; level < 32; level++) {
    const at = 34 + 4 + 240 - (32 - level);
    assert.equal(((answer[at + 2] ?? 0) << 8) | (answer[at + 3] ?? 0), answer.length - at - 4, `level ${level}`);
    answer = answer.slice(at + 4);
  }
  assert.equal(answer[0], 2);
});

test("S10, I14: nothing is read, asked or waited for while a packet is served: the server's own files import no module of the system", () => {
  const folder = fileURLToPath(new URL("../../../../src/services/lan/dhcp6-server", import.meta.url));
  const files = readdirSync(folder);
  assert.ok(files.length > 20);
  for (const name of files) {
    const text = readFileSync(`${folder}/${name}`, "utf8");
    assert.ok(!/from "(?!\.)/.test(text), `${name} imports what is not ours`);
    assert.ok(!/\b(?:async|await|Promise)\b(?=[ <(.])/.test(text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "")), `${name} waits`);
  }
});

test("S23: a thousand datagrams, answered and refused, are counted and make no line in the log", () => {
  const lines: string[] = [];
  const service = new Dhcp6Service(
    {
      clock: new SimClock(new Timeline(), 1),
      log: { write: (_, event) => lines.push(event) },
      routes: { add: () => undefined, remove: () => undefined },
      nameOf: () => "lan0",
      dhcp6: { replies: () => undefined },
    },
    { table: tableOf(), offers: new Offers(KEY), key: KEY },
  );
  const dhcp6 = { mode: "server", pools: POOLS } as const;
  service.configure({ duid: SERVER, interfaces: [{ name: "lan0", number: 1, router: undefined, dhcp6 }], relayedLinks: [], classes: [], hosts: [] });
  service.server.setIndex("lan0", LAN);
  service.server.setAddresses("lan0", [LAN_ADDRESS]);
  const batch = new PacketBatch({ slots: 2, arenaBytes: 1024 });
  const from = { link: LAN, address: ipv6Bytes(client(1).address), port: 546, multicast: true };
  for (const bytes of [SOLICIT, bytesOf("01 112233 0001")]) assert.ok(batch.add(bytes, from));
  for (let i = 0; i < 500; i++) service.serve(batch);
  const { received, sent, refused } = service.server.view();
  assert.deepEqual([received, sent, refused], [1000, { advertise: 500 }, { truncated: 500 }]);
  assert.deepEqual(lines, []);
});

test("I11: a round of the sweep looks at as many leases as it is told to, however many there are, and finding one looks at none of the others", () => {
  const bed = new Bed();
  for (let n = 1; n <= 3000; n++) bed.ask(n, "request", { iaNa: [iaNa({ iaid: 1 })] });
  let looked = 0;
  const { table } = bed;
  const validUntilSeconds = table.validUntilSeconds.bind(table);
  table.validUntilSeconds = (row) => {
    looked++;
    return validUntilSeconds(row);
  };
  bed.replies.clear();
  bed.server.sweep({ seconds: NOW }, 256, bed.replies);
  assert.ok(looked >= 256 && looked < 300, `${looked} of 3000`);
  looked = 0;
  bed.ask(1500, "renew", { iaNa: [iaNa({ iaid: 1 })] });
  assert.ok(looked < 10, `a Renew looked at ${looked}`);
});

test("S7: without its identifiers a message that needs them is not answered, and without a client identifier nobody is leased anything", () => {
  const bed = new Bed();
  for (const type of ["01", "03", "04", "05", "06", "08", "09"])
    assert.equal(bed.bytesIn(bytesOf(`${type} 112233 0003 000c 00000005 00000000 00000000`)), undefined, type);
  assert.equal(bed.table.count, 0);
  const inform = bed.bytesIn(bytesOf("0b 112233 0006 0002 0017")) ?? assert.fail("an Information-request needs none");
  const { clientId, serverId } = unwrapDhcp6(inform).message.options;
  assert.deepEqual([clientId, serverId], [undefined, SERVER]);
});
