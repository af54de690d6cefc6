/** What our messages hold, option by option and octet by octet. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DomainName } from "../../../src/base/domain.ts";
import { bytesOf, toHex } from "../../../src/base/hex.ts";
import { BROADCAST_V4, type Ipv4Address, UNSPECIFIED_V4 } from "../../../src/base/ipv4.ts";
import { BROADCAST_MAC } from "../../../src/base/mac.ts";
import type { ClientConfig } from "../../../src/machines/dhcp4-client/config.ts";
import { decodeDhcp4, encodeDhcp4 } from "../../../src/wire/dhcp4/message.ts";
import type { ClientId } from "../../../src/wire/dhcp4/vendor.ts";
import { encodeUdpFrame } from "../../../src/wire/ip/udp.ts";
import { ADDRESS, client, lease, MAC, SERVER, type Timeline } from "../../support/uplink.ts";

/** The octets of the last message from the cookie to END. */
function optionsOf(wan: Timeline): string {
  const { message, order } = wan.said;
  const hex = toHex(encodeDhcp4(message, { order, minimumBytes: 0 }));
  return hex.slice(2 * 236);
}
/** The codes of the last message in their order. */
function codesOf(wan: Timeline): readonly number[] {
  const bytes = bytesOf(optionsOf(wan));
  const codes: number[] = [];
  for (let at = 4; bytes[at] !== 255; at += 2 + (bytes[at + 1] ?? 0)) codes.push(bytes[at] ?? 0);
  return codes;
}
function asksFor(wan: Timeline): readonly number[] {
  return wan.said.message.options.parameterRequestList ?? [];
}
function discover(config: Partial<ClientConfig> = {}): Timeline {
  return client(config).at(0).linkUp().sends("discover");
}
/** One of each message that asks for something, with what it was asked in. */
function everyQuestion(config: Partial<ClientConfig>): readonly Timeline[] {
  const bound = (): Timeline => discover(config).offer().sends("request").ack();
  return [
    discover(config),
    discover(config).offer().sends("request"),
    client({ ...config, anonymous: false })
      .at(0)
      .stored(lease())
      .linkUp()
      .sends("request"),
    bound().at(1800).sends("request", { to: SERVER }),
    bound().runsTo(3200).drained(),
    client({ ...config, inform: { address: ADDRESS, prefixLength: 24 } })
      .at(0)
      .linkUp()
      .sends("inform"),
  ];
}

const HEAD = "63825363";
const GW = "0c 02 6777";
const ID = "3d 07 01020000000001";
const LIST = "37 0e 01 79 03 21 06 0f 77 1a 2a 0c 1c 3a 3b 72";
const SIZE = "39 02 05c0";
const VECTORS: readonly (readonly [name: string, bytes: string, wan: () => Timeline])[] = [
  ["DISCOVER", `${HEAD} 350101 ${GW} ${ID} ${LIST} ${SIZE} ff`, () => discover({ hostName: "gw" })],
  [
    "REQUEST of an offer",
    `${HEAD} 350103 ${GW} ${ID} ${LIST} ${SIZE} 3204 c000020a 3604 c0000201 ff`,
    () => discover({ hostName: "gw" }).offer().sends("request"),
  ],
  [
    "REQUEST of a stored lease",
    `${HEAD} 350103 ${GW} ${ID} ${LIST} ${SIZE} 3204 c000020a ff`,
    () => client({ hostName: "gw" }).at(0).stored(lease()).linkUp().sends("request"),
  ],
  [
    "REQUEST of a renewal",
    `${HEAD} 350103 ${GW} ${ID} ${LIST} ${SIZE} ff`,
    () => discover({ hostName: "gw" }).offer().sends("request").ack().at(1800).sends("request"),
  ],
  ["DISCOVER without a name, with rapid commit", `${HEAD} 350101 ${ID} ${LIST} ${SIZE} 5000 ff`, () => discover({ rapidCommit: true })],
  [
    "DISCOVER with a full name",
    `${HEAD} 350101 51 13 05 00 00 02 6777 07 6578616d706c65 03 6e6574 00 ${ID} ${LIST} ${SIZE} ff`,
    () => discover({ hostName: "gw", fqdn: { name: "gw.example.net", update: "server" } }),
  ],
  [
    "RELEASE",
    `${HEAD} 350107 ${ID} 3604 c0000201 ff`,
    () => discover({ hostName: "gw" }).offer().sends("request").ack().commanded("release").sends("release"),
  ],
];

for (const [name, bytes, wan] of VECTORS) {
  test(`the options of ${name} are these octets`, () => assert.equal(optionsOf(wan()), bytes.replaceAll(" ", "")));
}

test("DISCOVER and REQUEST as frames, with the sums that IP and UDP have for them (RFC 791 §3.1, RFC 768)", () => {
  for (const [wan, length, ipSum] of [
    [discover({ hostName: "gw" }), 300, "3996"],
    [discover({ hostName: "gw" }).offer().sends("request"), 300, "3996"],
    [discover({ hostName: "gw", sendOptions: [{ code: 60, hex: "61".repeat(40) }] }), 319, "3983"],
  ] as const) {
    const { message, order } = wan.said;
    const payload = encodeDhcp4({ ...message, xid: 0x11223344 }, { order });
    assert.equal(payload.length, length);
    const addresses = { source: UNSPECIFIED_V4, destination: BROADCAST_V4, sourcePort: 68, destinationPort: 67 };
    const frame = encodeUdpFrame({ sourceMac: MAC, destinationMac: BROADCAST_MAC, ...addresses, tos: 0x10, payload });
    const hex = toHex(frame);
    const total = (length + 28).toString(16).padStart(4, "0");
    assert.equal(hex.slice(0, 68), `ffffffffffff02000000000108004510${total}0000000080 11${ipSum}00000000ffffffff`.replaceAll(" ", ""));
    assert.equal(sumOf(frame.subarray(14, 34)), 0xffff);
    const udp = frame.subarray(34);
    const pseudo = bytesOf(`00000000 ffffffff 0011 ${(length + 8).toString(16).padStart(4, "0")}`);
    assert.equal(sumOf(Uint8Array.from([...pseudo, ...udp])), 0xffff);
  }
});

/** The ones' complement sum that a right checksum makes all ones (RFC 1071). */
function sumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

test("B35: 121 is asked for before 3 and 33, and nothing is asked for that nobody uses (RFC 3442)", () => {
  const asked = asksFor(discover());
  assert.deepEqual(asked, [1, 121, 3, 33, 6, 15, 119, 26, 42, 12, 28, 58, 59, 114]);
});

test("one list of wishes in all messages of a client (RFC 2131 §4.3.1, §4.4.1), and it is the operator's", () => {
  for (const wan of everyQuestion({ requestOptions: [43, 6, 252], omitOptions: [28, 42], preferIpv6: "yes" }))
    assert.deepEqual(asksFor(wan), [1, 121, 3, 33, 6, 15, 119, 26, 12, 58, 59, 114, 108, 43, 252]);
});

test("who we are is said in the same words in every message (RFC 2131 §4.2, RFC 6842)", () => {
  for (const clientId of [undefined, "00cafe" as ClientId])
    for (const wan of everyQuestion({ clientId })) assert.equal(wan.said.message.options.clientId, clientId ?? "01020000000001");
});

test("what the operator wants sent stands in every question as it is given, and in no DECLINE or RELEASE", () => {
  const sendOptions = [
    { code: 43, hex: "0102" },
    { code: 60, hex: "6c6162" },
    { code: 77, hex: "036c6162" },
  ];
  for (const wan of everyQuestion({ sendOptions })) assert.ok(optionsOf(wan).endsWith("2b0201023c036c61624d04036c6162ff"), optionsOf(wan));
  const bound = discover({ sendOptions }).offer().sends("request").ack();
  assert.deepEqual(codesOf(bound.commanded("release").sends("release")), [53, 61, 54]);
});

test("a host name or a full name is said, never both (RFC 4702 §3.1); none where the operator wants none", () => {
  const named = (config: Partial<ClientConfig>): readonly boolean[] => {
    const codes = codesOf(discover(config));
    return [codes.includes(12), codes.includes(81)];
  };
  assert.deepEqual(named({ hostName: "gw" }), [true, false]);
  assert.deepEqual(named({ hostName: "gw", fqdn: { name: "gw.example.net", update: "server" } }), [false, true]);
  assert.deepEqual(named({}), [false, false]);
});

test("the flags of the full name say who updates the DNS (RFC 4702 §2.1), and a name of one label is a partial one", () => {
  for (const [update, flags] of [
    ["server", "05"],
    ["client", "04"],
    ["none", "0c"],
  ] as const)
    assert.ok(optionsOf(discover({ fqdn: { name: "gw.example.net", update } })).includes(`5113${flags}0000`), update);
  assert.ok(optionsOf(discover({ fqdn: { name: "gw", update: "server" } })).includes("5106050000026777"));
});

test("B34: what we send as a name reads as one: no option of length 0", () => {
  for (const config of [{ hostName: "gw" }, { hostName: "" }, { fqdn: { name: "gw", update: "none" } }] as const)
    for (const wan of everyQuestion(config)) {
      const bytes = bytesOf(optionsOf(wan));
      for (let at = 4; bytes[at] !== 255; at += 2 + (bytes[at + 1] ?? 0))
        assert.ok((bytes[at + 1] ?? 0) > 0 || bytes[at] === 80, `option ${bytes[at]}`);
    }
});

test("B37: secs counts from the first DISCOVER and stays in the REQUEST what the DISCOVER said (RFC 2131 §4.4.1)", () => {
  const wan = discover().at(4).sends("discover", { secs: 4 }).at(12).sends("discover", { secs: 12 }).at(20).offer().sends("request", { secs: 12 });
  wan.at(24).sends("request", { secs: 12 });
});

test("B37: secs never wraps", () => {
  const wan = discover().runsTo(70_000).drained();
  assert.equal(wan.said.message.secs, 0xffff);
});

test("B48: each conversation counts its own seconds", () => {
  const wan = discover().at(4).sends("discover").offer().sends("request", { secs: 4 }).ack();
  wan
    .at(1804)
    .sends("request", { secs: 0 })
    .at(2479)
    .sends("request", { secs: 675 })
    .ack()
    .at(2479 + 1800)
    .sends("request", { secs: 0 });
});

test("the broadcast bit is set where the operator says so, in whatever asks (RFC 2131 §4.1)", () => {
  for (const broadcast of [true, false]) for (const wan of everyQuestion({ broadcast })) assert.equal(wan.said.message.broadcast, broadcast);
});

test("B50: without the operator's word nothing says what system this is", () => {
  for (const wan of everyQuestion({ hostName: "gw" })) {
    const codes = codesOf(wan);
    for (const telling of [60, 77, 93, 94, 97, 124, 125]) assert.ok(!codes.includes(telling), `option ${telling}`);
  }
});

const ANONYMOUS = {
  anonymous: true,
  hostName: "gw",
  fqdn: { name: "gw.example.net", update: "server" },
  clientId: "00cafe" as ClientId,
  sendOptions: [{ code: 60, hex: "6c6162" }],
  requestOptions: [43, 200],
  fallbackLinkLocal: true,
} as const satisfies Partial<ClientConfig>;
const COMMON = [1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252];

test("anonymously only type, client identifier and a list of wishes are said, and 50 and 54 where they must be (RFC 7844 §3)", () => {
  const sorted = (wan: Timeline): readonly number[] => [...codesOf(wan)].sort((a, b) => a - b);
  assert.deepEqual(sorted(discover(ANONYMOUS)), [53, 55, 61]);
  assert.deepEqual(sorted(discover(ANONYMOUS).offer().sends("request")), [50, 53, 54, 55, 61]);
  const bound = (): Timeline => discover(ANONYMOUS).offer().sends("request").ack();
  assert.deepEqual(sorted(bound().at(1800).sends("request", { ciaddr: ADDRESS })), [53, 55, 61]);
  assert.deepEqual(sorted(bound().commanded("release").sends("release")), [53, 54, 61]);
});

test("anonymously the client identifier is 01 and the hardware address, whatever was configured (RFC 7844 §3.5)", () => {
  assert.equal(discover(ANONYMOUS).said.message.options.clientId, "01020000000001");
});

test("anonymously the list of wishes is everybody's, its order and the options' is by chance, the same all through one conversation (RFC 7844 §3.1)", () => {
  const lists = new Set<string>();
  const orders = new Set<string>();
  for (let i = 0; i < 24; i++) {
    const wan = discover(ANONYMOUS);
    const [list, order] = [asksFor(wan), codesOf(wan)];
    assert.deepEqual(
      [...list].sort((a, b) => a - b),
      COMMON,
    );
    assert.equal(order[0], 53);
    wan.at(4).sends("discover");
    assert.deepEqual([asksFor(wan), codesOf(wan)], [list, order]);
    wan.offer().sends("request");
    assert.deepEqual(asksFor(wan), list);
    lists.add(list.join());
    orders.add(order.join());
  }
  assert.ok(lists.size > 8 && orders.size > 1, `${lists.size} lists, ${orders.size} orders`);
});

test("anonymously no address is asked for by name when the link comes: whether it is the same link nobody knows (RFC 7844 §3.5)", () => {
  client(ANONYMOUS)
    .at(0)
    .stored(lease())
    .linkUp()
    .sends("discover", { options: { requestedAddress: undefined } });
  const bound = discover(ANONYMOUS).offer().sends("request").ack();
  bound
    .at(10)
    .linkDown()
    .linkUp()
    .sends("discover", { options: { requestedAddress: undefined } })
    .holds(ADDRESS);
  client(ANONYMOUS).at(0).linkUp().sends("discover").stored(lease()).silent().becomes("selecting");
});

test("a host name goes as it is given, up to what the codec writes", () => {
  const hostName = "a".repeat(63) as DomainName;
  const { message, order } = discover({ hostName }).said;
  assert.equal(decodeDhcp4(encodeDhcp4(message, { order })).options.hostName, hostName);
});

test("B10: a question for 0.0.0.0 never goes out: an OFFER of it, or of a server that has no address, is none", () => {
  discover().offer({ yiaddr: UNSPECIFIED_V4 }).ignores("implausible-address").silent();
  discover()
    .offer({ options: { serverId: undefined } })
    .ignores("server-id-missing")
    .silent();
  discover()
    .offer({ options: { serverId: UNSPECIFIED_V4 } })
    .ignores("implausible-server")
    .silent();
  discover()
    .offer({ yiaddr: "127.0.0.1" as Ipv4Address })
    .ignores("implausible-address")
    .silent();
});
