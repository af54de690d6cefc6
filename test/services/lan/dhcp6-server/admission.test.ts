/** The table of what is served at all, walked row by row, directly and behind a relay (RFC 9915 §16). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { duidLl } from "../../../../src/base/duid.ts";
import { bytesOf, toHex } from "../../../../src/base/hex.ts";
import type { MacAddress } from "../../../../src/base/mac.ts";
import { OPTION, TYPE } from "../../../../src/services/lan/dhcp6-server/codes.ts";
import { REFUSALS } from "../../../../src/services/lan/dhcp6-server/refusals.ts";
import { OPTIONS } from "../../../../src/wire/dhcp6/options.ts";
import { Bed, client, ip, relayed, SERVER } from "./support.ts";

const CLIENT_ID = `0001 000a ${client(1).duid}`;
const OURS = `0002 000a ${SERVER}`;
const FOREIGN = `0002 000a ${duidLl("02:00:5e:10:00:99" as MacAddress)}`;
const IA_NA = "0003 000c 00000005 00000000 00000000";
const ON_LINK = "0003 0028 00000005 00000000 00000000 0005 0018 20010db8000100000000000000000005 00000000 00000000";

function message(type: number, ...options: readonly string[]): Uint8Array {
  return bytesOf(`${type.toString(16).padStart(2, "0")} 112233 ${options.join(" ")}`);
}

/** Why it was refused, or "answered"; the same behind a relay, but for the way it was sent. */
function outcome(bytes: Uint8Array, multicast = true): string {
  const bed = new Bed({ pools: { rapidCommit: true } });
  const answered = bed.bytesIn(bytes, { multicast }) !== undefined;
  const [refusal = "answered"] = Object.keys(bed.refused());
  assert.equal(answered, refusal === "answered");
  const behind = new Bed({ pools: { rapidCommit: true } });
  behind.bytesIn(relayed(bytes, { link: ip("2001:db8:1::1") }), { multicast: false });
  if (multicast) assert.deepEqual(behind.refused(), bed.refused());
  else assert.notDeepEqual(behind.refused(), { unicast: 1 });
  return refusal;
}

const NEEDS_SERVER = { request: TYPE.request, renew: TYPE.renew, release: TYPE.release, decline: TYPE.decline };
const FOR_ALL = { solicit: TYPE.solicit, confirm: TYPE.confirm, rebind: TYPE.rebind };

for (const [name, type] of Object.entries(FOR_ALL)) {
  test(`a ${name} has a client identifier and no server identifier (RFC 9915 §16.2, §16.5, §16.7)`, () => {
    assert.equal(outcome(message(type, CLIENT_ID, ON_LINK)), "answered");
    assert.equal(outcome(message(type, ON_LINK)), "client-id-missing");
    assert.equal(outcome(message(type, CLIENT_ID, OURS, ON_LINK)), "server-id-present");
    assert.equal(outcome(message(type, CLIENT_ID, FOREIGN, ON_LINK)), "server-id-present");
    assert.equal(outcome(message(type, CLIENT_ID, ON_LINK), false), "unicast");
  });
}

for (const [name, type] of Object.entries(NEEDS_SERVER)) {
  test(`a ${name} has a client identifier and our server identifier (RFC 9915 §16.4, §16.6, §16.8, §16.9)`, () => {
    assert.equal(outcome(message(type, CLIENT_ID, OURS, IA_NA)), "answered");
    assert.equal(outcome(message(type, OURS, IA_NA)), "client-id-missing");
    assert.equal(outcome(message(type, CLIENT_ID, IA_NA)), "server-id-missing");
    assert.equal(outcome(message(type, CLIENT_ID, FOREIGN, IA_NA)), "server-id-foreign");
    assert.equal(outcome(message(type, CLIENT_ID, OURS, IA_NA), false), "unicast");
  });
}

test("an Information-request may name us or nobody, and holds no IA of any kind (RFC 9915 §16.12)", () => {
  const type = TYPE.informationRequest;
  for (const options of [[], [CLIENT_ID], [OURS], [CLIENT_ID, OURS]]) assert.equal(outcome(message(type, ...options)), "answered");
  assert.equal(outcome(message(type, FOREIGN)), "server-id-foreign");
  for (const ia of [IA_NA, "0004 0004 00000001", "0019 000c 00000005 00000000 00000000", "0003 0000"])
    assert.equal(outcome(message(type, CLIENT_ID, ia)), "ia-in-information-request");
  assert.equal(outcome(message(type, CLIENT_ID), false), "unicast");
});

test("every other type of message is dropped: those of servers, those of others, and those nobody knows (RFC 9915 §16, S5)", () => {
  const served: readonly number[] = [...Object.values(FOR_ALL), ...Object.values(NEEDS_SERVER), TYPE.informationRequest];
  const others: readonly number[] = [TYPE.advertise, TYPE.reply, TYPE.reconfigure, TYPE.relayReply];
  for (let type = 0; type < 256; type++) {
    if (served.includes(type) || type === TYPE.relayForward) continue;
    assert.equal(outcome(message(type, CLIENT_ID, OURS)), others.includes(type) ? "not-for-servers" : "unknown-type", String(type));
  }
});

test("a message of our own client comes back to nobody", () => {
  assert.equal(outcome(message(TYPE.solicit, `0001 000a ${SERVER}`)), "client-is-ourselves");
});

test("a message from nowhere, or from a group, is dropped", () => {
  const bed = new Bed();
  for (const from of ["::", "ff02::1"]) assert.equal(bed.bytesIn(message(TYPE.solicit, CLIENT_ID), { from: ip(from) }), undefined);
  assert.deepEqual(bed.refused(), { "bad-source": 2 });
});

test("a datagram longer than the limit is dropped unread", () => {
  const bed = new Bed();
  const padding = `ffff 23f0 ${"00".repeat(0x23f0)}`;
  assert.equal(bed.bytesIn(message(TYPE.solicit, CLIENT_ID, padding, "0008 0002 0000")), undefined);
  assert.deepEqual(bed.refused(), { "too-long": 1 });
});

test("numbers of options here are those of the table of options", () => {
  const codes = new Set(Object.values(OPTIONS).map(({ code }) => code));
  for (const [name, code] of Object.entries(OPTION)) assert.ok(codes.has(code), name);
  assert.deepEqual([OPTIONS.clientId.code, OPTIONS.iaPd.code, OPTIONS.relayPort.code, OPTIONS.informationRefreshSeconds.code], [1, 25, 135, 32]);
  assert.equal(new Set(REFUSALS).size, REFUSALS.length);
  assert.equal(toHex(message(TYPE.solicit)), "01112233");
});
