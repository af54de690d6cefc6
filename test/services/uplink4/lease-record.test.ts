import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ipv4Address, Ipv4Prefix } from "../../../src/base/ipv4.ts";
import { instant, NEVER, wallClock } from "../../../src/base/time.ts";
import { clientIdOfMac } from "../../../src/wire/dhcp4/vendor.ts";
import { lease, MAC } from "../../support/uplink.ts";
import { decodeLeaseRecord, encodeLeaseRecord } from "../../../src/services/uplink4/lease-record.ts";

const WALL = Date.UTC(2026, 5, 1);
const WRITTEN = { now: instant(1_000_000), wallClock: wallClock(WALL) };
const LEASE = lease({
  routes: [{ destination: "0.0.0.0/0" as Ipv4Prefix, gateway: "192.0.2.1" as Ipv4Address }],
  nameServers: ["192.0.2.53" as Ipv4Address],
  searchDomains: ["example.net"],
  options: [{ code: 51, hex: "00000e10" }],
  acquiredAt: instant(1_000_000),
  renewAt: instant(2_800_000),
  rebindAt: instant(4_150_000),
  expiresAt: instant(4_600_000),
});
const HOLDER = { name: "wan0", mac: MAC, clientId: clientIdOfMac(MAC) };
const RECORD = encodeLeaseRecord(HOLDER, LEASE, WRITTEN);
/** So many seconds later, after a reboot: boot time begins anew. */
const rebooted = (seconds: number) => ({ now: instant(5000), wallClock: wallClock(WALL + seconds * 1000) });
const text = new TextDecoder().decode(RECORD);
const changed = (from: string | RegExp, to: string): Uint8Array => {
  assert.notEqual(text.replace(from, to), text);
  return new TextEncoder().encode(text.replace(from, to));
};

test("a record read at the same moment is the lease", () => {
  assert.deepEqual(decodeLeaseRecord(HOLDER, RECORD, WRITTEN), LEASE);
});

test("after a reboot the lease ends at the same time on the wall", () => {
  const lease = decodeLeaseRecord(HOLDER, RECORD, rebooted(600));
  assert.equal(lease?.expiresAt, 5000 + 3_000_000);
  assert.equal(lease?.renewAt, 5000 + 1_200_000);
});

test("an infinite lease stays infinite", () => {
  const endless = { ...LEASE, renewAt: NEVER, rebindAt: NEVER, expiresAt: NEVER };
  const read = decodeLeaseRecord(HOLDER, encodeLeaseRecord(HOLDER, endless, WRITTEN), rebooted(1e6));
  assert.deepEqual(read, { ...endless, acquiredAt: 5000 - 1e9 });
});

test("an ended lease is no lease", () => {
  assert.ok(decodeLeaseRecord(HOLDER, RECORD, rebooted(3599)) !== undefined);
  assert.equal(decodeLeaseRecord(HOLDER, RECORD, rebooted(3600)), undefined);
});

test("a wall clock behind the record is not believed: what is left is too little to be used unasked", () => {
  const lease = decodeLeaseRecord(HOLDER, RECORD, { now: instant(5000), wallClock: wallClock(0) });
  assert.equal(lease?.expiresAt, 5000 + 9000);
});

test("a record of another interface, version or kind is no lease", () => {
  assert.equal(decodeLeaseRecord({ ...HOLDER, name: "wan1" }, RECORD, WRITTEN), undefined);
  for (const record of [
    changed('"version": 2', '"version": 1'),
    new TextEncoder().encode("[]"),
    new TextEncoder().encode("null"),
    new Uint8Array(0),
    Uint8Array.of(0xff, 0xfe),
  ]) {
    assert.equal(decodeLeaseRecord(HOLDER, record, WRITTEN), undefined);
  }
});

test("a record of another hardware address or client identifier is somebody else's lease", () => {
  assert.equal(decodeLeaseRecord({ ...HOLDER, mac: "02:00:00:00:00:02" as typeof MAC }, RECORD, WRITTEN), undefined);
  assert.equal(decodeLeaseRecord({ ...HOLDER, clientId: "ff00" as typeof HOLDER.clientId }, RECORD, WRITTEN), undefined);
});

test("a record cut anywhere is no lease: a torn write loses the lease and nothing else", () => {
  for (let length = 0; length < RECORD.length - 1; length++)
    assert.equal(decodeLeaseRecord(HOLDER, RECORD.slice(0, length), WRITTEN), undefined, `${length} bytes`);
});

test("a record with a field that means nothing is no lease", () => {
  const wrong: readonly (readonly [string | RegExp, string])[] = [
    ['"address": "192.0.2.10"', '"address": "192.0.2.256"'],
    ['"address": "192.0.2.10"', '"address": "224.0.0.1"'],
    ['"address": "192.0.2.10"', '"address": 3221225994'],
    ['"prefixLength": 24', '"prefixLength": 33'],
    ['"prefixLength": 24', '"prefixLength": -1'],
    ['"prefixLength": 24', '"prefixLength": 24.5'],
    ['"serverId": "192.0.2.1"', '"serverId": ""'],
    ['"0.0.0.0/0"', '"0.0.0.0/99"'],
    ['"example.net"', '"exa mple\\nnet"'],
    ['"192.0.2.53"', "null"],
    [/"expiresAt": "[^"]*"/, '"expiresAt": "soon"'],
    [/"expiresAt": "[^"]*"/, '"expiresAt": 12'],
    [/"savedAt": "[^"]*"/, '"savedAt": "never"'],
  ];
  for (const [from, to] of wrong) assert.equal(decodeLeaseRecord(HOLDER, changed(from, to), WRITTEN), undefined, to);
});
