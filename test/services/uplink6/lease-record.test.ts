import assert from "node:assert/strict";
import { test } from "node:test";
import type { DomainName } from "../../../src/base/domain.ts";
import type { Duid } from "../../../src/base/duid.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../../src/base/ipv6.ts";
import { instant, NEVER, wallClock } from "../../../src/base/time.ts";
import type { Lease } from "../../../src/machines/dhcp6-client/state.ts";
import { decodeLeaseRecord, encodeLeaseRecord } from "../../../src/services/uplink6/lease-record.ts";
import { DUID, SERVER } from "./rig.ts";

const OWNER = { name: "wan0", duid: DUID };
const THEN = { now: instant(1_000_000), wallClock: wallClock(Date.UTC(2026, 0, 1)) };
const LEASE: Lease = {
  serverId: SERVER,
  nameServers: ["2001:db8::53" as Ipv6Address],
  searchDomains: ["example.net" as DomainName],
  options: [{ code: 56, hex: "0001" }],
  delegations: [
    {
      kind: "pd",
      iaid: 0xfffffffe,
      renewAt: instant(1_900_000),
      rebindAt: instant(2_440_000),
      prefixes: [
        {
          prefix: "2001:db8::/56" as Ipv6Prefix,
          excluded: "2001:db8:0:78::/64" as Ipv6Prefix,
          preferredUntil: instant(2_800_000),
          validUntil: instant(4_600_000),
        },
        { prefix: "fd00:1::/48" as Ipv6Prefix, excluded: undefined, preferredUntil: NEVER, validUntil: NEVER },
      ],
    },
  ],
};
const later = (seconds: number, wallSeconds = seconds) => ({
  now: instant(THEN.now + seconds * 1000),
  wallClock: wallClock(THEN.wallClock + wallSeconds * 1000),
});
const KEY = { serverId: "0003000102005e100001", key: "00", replayDetection: "0000000000000001" };
const record = (): Uint8Array => encodeLeaseRecord(OWNER, { lease: LEASE, reconfigure: KEY }, THEN);
const changed = (change: (fields: Record<string, unknown>) => void): Uint8Array => {
  const fields = JSON.parse(new TextDecoder().decode(record())) as Record<string, unknown>;
  change(fields);
  return new TextEncoder().encode(JSON.stringify(fields));
};
type Parts = { delegations: { iaid: unknown; prefixes: Record<string, unknown>[] }[] };
const broken = (change: (delegation: Parts["delegations"][number]) => void): Uint8Array =>
  changed((fields) => {
    const [first] = (fields as Parts).delegations;
    assert.ok(first !== undefined, "the delegation of this file");
    change(first);
  });

test("a record that is read is the lease that was written", () => {
  assert.deepEqual(decodeLeaseRecord(OWNER, record(), THEN), { lease: LEASE, reconfigure: KEY });
});

test("a record is one object of JSON with times that people read, and a newline at its end", () => {
  const text = new TextDecoder().decode(record());
  assert.equal(text.slice(-2), "}\n");
  assert.match(text, /"validUntil": "2026-01-01T01:00:00.000Z"/);
});

test("after a reboot the same lease ends at the same time on the wall", () => {
  const [delegated] =
    decodeLeaseRecord(OWNER, record(), { now: instant(5000), wallClock: wallClock(THEN.wallClock + 600_000) })?.lease.delegations ?? [];
  assert.equal(delegated?.prefixes[0]?.validUntil, 5000 + 3_000_000);
  assert.equal(delegated?.prefixes[1]?.validUntil, NEVER);
});

test("a prefix that has ended is left out; with none left there is no lease", () => {
  assert.deepEqual(
    decodeLeaseRecord(OWNER, record(), later(3600))?.lease.delegations[0]?.prefixes.map(({ prefix }) => prefix),
    ["fd00:1::/48"],
  );
  const finite = broken((delegation) => delegation.prefixes.pop());
  assert.equal(decodeLeaseRecord(OWNER, finite, later(3600)), undefined);
});

test("a wall clock that stands before the record was written is not believed: nine seconds are left, endless ones included", () => {
  const [delegated] = decodeLeaseRecord(OWNER, record(), later(5, -86_400))?.lease.delegations ?? [];
  assert.deepEqual(
    delegated?.prefixes.map(({ validUntil }) => validUntil - later(5).now),
    [9000, 9000],
  );
});

test("a record of another interface, identity or version is none", () => {
  assert.equal(decodeLeaseRecord({ ...OWNER, name: "wan1" }, record(), THEN), undefined);
  assert.equal(decodeLeaseRecord({ ...OWNER, duid: "00030001020000000009" as Duid }, record(), THEN), undefined);
  const other = changed((fields) => Object.assign(fields, { version: 2 }));
  assert.equal(decodeLeaseRecord(OWNER, other, THEN), undefined);
});

const NONSENSE: readonly (readonly [string, Uint8Array])[] = [
  ["an IAID that is no number (B25)", broken((delegation) => Object.assign(delegation, { iaid: "1" }))],
  ["an IAID of 33 bits (B25)", broken((delegation) => Object.assign(delegation, { iaid: 2 ** 32 }))],
  ["an IAID below 0 (B25)", broken((delegation) => Object.assign(delegation, { iaid: -1 }))],
  ["an IAID with a fraction (B25)", broken((delegation) => Object.assign(delegation, { iaid: 0.5 }))],
  ["a prefix of 129 bits (B14)", broken(({ prefixes: [one] }) => Object.assign(one ?? {}, { prefix: "2001:db8::/129" }))],
  ["a prefix of 0 bits", broken(({ prefixes: [one] }) => Object.assign(one ?? {}, { prefix: "::/0" }))],
  ["a prefix of link-local addresses", broken(({ prefixes: [one] }) => Object.assign(one ?? {}, { prefix: "fe80::/64" }))],
  ["an excluded prefix that is none", broken(({ prefixes: [one] }) => Object.assign(one ?? {}, { excluded: "here" }))],
  ["a time that is none", broken(({ prefixes: [one] }) => Object.assign(one ?? {}, { validUntil: "soon" }))],
  ["preferred beyond valid", broken(({ prefixes: [one] }) => Object.assign(one ?? {}, { preferredUntil: "2027-01-01T00:00:00Z" }))],
  [
    "more IAs than there may be",
    changed((fields) => Object.assign(fields, { delegations: Array.from({ length: 33 }, () => (fields as Parts).delegations[0]) })),
  ],
  [
    "the same IA twice",
    changed((fields) => Object.assign(fields, { delegations: [(fields as Parts).delegations[0], (fields as Parts).delegations[0]] })),
  ],
  ["no server", changed((fields) => Object.assign(fields, { serverId: "" }))],
  ["a list that is none", changed((fields) => Object.assign(fields, { nameServers: {} }))],
  ["JSON that is no object", new TextEncoder().encode("7")],
  ["null", new TextEncoder().encode("null")],
];
for (const [what, bytes] of NONSENSE) {
  test(`${what} makes a record unusable`, () => {
    assert.equal(decodeLeaseRecord(OWNER, bytes, THEN), undefined);
  });
}

test("however a record is cut or spoilt, reading it ends with a lease or none", () => {
  const whole = record();
  for (let length = 0; length < whole.length - 1; length++) assert.equal(decodeLeaseRecord(OWNER, whole.slice(0, length), THEN), undefined);
  for (let i = 0; i < whole.length; i++) {
    const spoilt = whole.slice();
    spoilt[i] = (spoilt[i] ?? 0) ^ 0x11;
    decodeLeaseRecord(OWNER, spoilt, THEN);
  }
});
