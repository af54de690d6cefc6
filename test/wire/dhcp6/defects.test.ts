/** What has stopped DHCPv6 programs by a single datagram, each with its number, and the datagrams that do not stop this one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Duid } from "../../../src/base/duid.ts";
import { type WireCode, WireError } from "../../../src/base/errors.ts";
import { bytesOf } from "../../../src/base/hex.ts";
import { type Ipv6Prefix, ipv6Prefix, parseIpv6, UNSPECIFIED_V6 } from "../../../src/base/ipv6.ts";
import { type IaPd, iaPd, iaPrefix, STATUS } from "../../../src/wire/dhcp6/leases.ts";
import { type Dhcp6ClientKind, type Dhcp6ClientMessage, decodeDhcp6, dhcp6, encodeDhcp6, isRelayMessage } from "../../../src/wire/dhcp6/message.ts";
import { rawReply } from "./messages.ts";

function decoded(bytes: Uint8Array): Dhcp6ClientMessage {
  const message = decodeDhcp6(bytes);
  assert.ok(!isRelayMessage(message), "nobody relayed it");
  return message;
}

function refused(bytes: Uint8Array, code: WireCode): void {
  assert.throws(
    () => decodeDhcp6(bytes),
    (error) => error instanceof WireError && error.code === code,
    `${code} was expected`,
  );
}

/** The one IA_PD of a Reply that holds these options, with another Reply option behind it. */
function association(options: string): IaPd {
  const length = (bytesOf(options).length + 12).toString(16).padStart(4, "0");
  const message = decoded(rawReply(`0019 ${length} 00000001 00000000 00000000 ${options} 0007 0001 ff`));
  assert.equal(message.options.preference, 255, "what stands behind it is read");
  const [one, ...more] = message.options.iaPd ?? [];
  assert.ok(one !== undefined && more.length === 0, "one IA_PD");
  return one;
}

const GOOD = "001a 0019 00000708 00000e10 38 20010db8010000000000000000000000";

test("B14: prefix lengths from 129 to 255 cost that prefix and nothing else, 128 is one (RFC 9915 §21.22)", () => {
  for (let bits = 129; bits <= 255; bits++) {
    const { options, malformed } = association(`001a 0019 00000708 00000e10 ${bits.toString(16)} 20010db8020000000000000000000000 ${GOOD}`);
    assert.deepEqual(malformed, [{ code: 26, reason: "bad-value" }], `${bits} bits`);
    assert.deepEqual(
      options.iaPrefix?.map(({ prefix }) => prefix),
      ["2001:db8:100::/56"],
    );
  }
  const whole = association("001a 0019 00000708 00000e10 80 20010db8020000000000000000000001");
  assert.equal(whole.options.iaPrefix?.[0]?.prefix, "2001:db8:200::1/128");
});

test("B14: an excluded prefix of no or of more than 128 bits is set aside, and the prefix around it stays (RFC 6603 §4.2)", () => {
  for (const bits of ["00", "81", "ff"]) {
    const prefix = association(`001a 001f 00000708 00000e10 38 20010db8010000000000000000000000 0043 0002 ${bits} 78`).options.iaPrefix?.[0];
    assert.equal(prefix?.prefix, "2001:db8:100::/56");
    assert.deepEqual(prefix?.malformed, [{ code: 67, reason: "bad-value" }]);
  }
});

const SPOKEN: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 36, 37];

test("B16: each message type that is not spoken is refused as unsupported, whatever follows; each one that is spoken is read (RFC 9915 §7.3)", () => {
  for (let type = 0; type <= 255; type++) {
    const first = type.toString(16).padStart(2, "0");
    for (const rest of ["", "112233", `112233 0001 0003 000301`]) {
      const bytes = bytesOf(first + rest);
      if (type === 12 || type === 13) refused(bytes, "truncated");
      else if (!SPOKEN.includes(type)) refused(bytes, "unsupported");
      else if (rest === "") refused(bytes, "truncated");
      else assert.equal(decoded(bytes).transactionId, 0x112233);
    }
  }
});

test("B17: an empty datagram is truncated, as one is that ends inside its header", () => {
  for (const bytes of ["", "07", "07 11", "07 1122"]) refused(bytesOf(bytes), "truncated");
  assert.deepEqual(decoded(bytesOf("07 112233")).options, {});
});

test("B18: an IA prefix is bounded by its own length, not by that of the IA: no octet of what follows is read (RFC 9915 §21.22)", () => {
  for (let length = 0; length < 25; length++) {
    const cut = "00000708 00000e10 38 20010db8020000000000000000000000".replaceAll(" ", "").slice(0, 2 * length);
    const { options, malformed } = association(`001a ${length.toString(16).padStart(4, "0")} ${cut} ${GOOD}`);
    assert.deepEqual(malformed, [{ code: 26, reason: "truncated" }], `${length} octets`);
    assert.deepEqual(
      options.iaPrefix?.map(({ prefix }) => prefix),
      ["2001:db8:100::/56"],
    );
  }
});

test("B18: a status code of no or one octet is never a success: it condemns what it stands in (RFC 9915 §21.13)", () => {
  for (const status of ["000d 0000", "000d 0001 00"]) {
    refused(rawReply(`0001 0003 000301 ${status}`), "truncated");
    const bytes = bytesOf(status);
    const ia = decoded(rawReply(`0019 00${(12 + bytes.length).toString(16).padStart(2, "0")} 000000010000000000000000 ${status}`));
    assert.deepEqual(ia.malformed, [{ code: 25, reason: "truncated" }]);
    assert.equal(ia.options.iaPd, undefined);
    const inside = `001a 00${(25 + bytes.length).toString(16).padStart(2, "0")} 00000708 00000e10 38 20010db8010000000000000000000000 ${status}`;
    assert.deepEqual(association(inside).malformed, [{ code: 26, reason: "truncated" }]);
  }
  assert.deepEqual(decoded(rawReply("000d 0002 0006")).options.status, { code: STATUS.noPrefixAvail, message: "" });
});

test("B51: 32 IAs of three prefixes and identifiers of 130 octets are written and read whatever a frame holds", () => {
  const clientId = `0004${"ab".repeat(128)}` as Duid;
  const serverId = `0002${"cd".repeat(128)}` as Duid;
  const prefix = (i: number): Ipv6Prefix => ipv6Prefix(parseIpv6(`2001:db8:${i.toString(16)}::`) ?? UNSPECIFIED_V6, 56);
  const iaPds = Array.from({ length: 32 }, (_, i) => iaPd({ iaid: 0xffffffff - i, iaPrefix: [0, 1, 2].map((j) => iaPrefix(prefix(3 * i + j))) }));
  for (const kind of ["request", "renew", "rebind", "reply", "release"] satisfies Dhcp6ClientKind[]) {
    const message = dhcp6({ kind, transactionId: 0xabcdef, options: { clientId, serverId, iaPd: iaPds } });
    const bytes = encodeDhcp6(message);
    assert.equal(bytes.length, 4 + 2 * 134 + 32 * (16 + 3 * 29));
    assert.deepEqual(decodeDhcp6(bytes), message);
  }
});

test("a datagram that ends inside an option is truncated, wherever that is; one that ends behind an option is shorter", () => {
  const iaPds = [iaPd({ iaid: 1, iaPrefix: [iaPrefix("2001:db8::/56" as Ipv6Prefix, { status: { code: 6, message: "none" } })] })];
  const options = { clientId: "0003000102005e100001" as Duid, serverId: "00030001020000000009" as Duid, preference: 1, iaPd: iaPds };
  const whole = encodeDhcp6(dhcp6({ kind: "reply", transactionId: 1, options }));
  const ends = [4, 18, 32, 37, whole.length];
  for (let length = 0; length <= whole.length; length++) {
    const cut = whole.subarray(0, length);
    if (!ends.includes(length)) refused(cut, "truncated");
    else assert.equal(Object.keys(decoded(cut).options).length, ends.indexOf(length));
  }
});
