/** Files that the program reads after a restart, and the one an operator writes. Sums over them are mended, or nothing but sums would be tested. */
import assert from "node:assert/strict";
import type { Duid } from "../../src/base/duid.ts";
import type { DomainName } from "../../src/base/domain.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../src/base/ipv6.ts";
import { instant, wallClock } from "../../src/base/time.ts";
import { readConfig } from "../../src/config/read.ts";
import type { Surroundings } from "../../src/config/surroundings.ts";
import type { Lease } from "../../src/machines/dhcp6-client/state.ts";
import { fencesOf } from "../../src/services/directory/check.ts";
import { harvestOf } from "../../src/services/directory/restore.ts";
import { decodeState, encodeState, type StoredState } from "../../src/services/directory/snapshot-file.ts";
import { finish } from "../../src/services/directory/sort.ts";
import { decodeMemory, encodeMemory } from "../../src/services/lan/router/memory.ts";
import { applyImage, IMAGE_BYTES, writeImage } from "../../src/services/leases/images.ts";
import { LeaseTable, STATE } from "../../src/services/leases/table.ts";
import { decodeLeaseRecord, encodeLeaseRecord } from "../../src/services/uplink6/lease-record.ts";
import { crc32c } from "../../src/wire/journal/crc32c.ts";
import { BLOCK_BYTES, FRAME_HEAD_BYTES, KIND, PAGE_BYTES, paddedBytes, sealFrame } from "../../src/wire/journal/frame.ts";
import { recover } from "../../src/wire/journal/recover.ts";
import type { Target } from "./fuzz.ts";
import { stable } from "./outcomes.ts";

export const FILES: readonly Target[] = [
  { name: "lease-images", what: "leases in journal and snapshot", samples: imageSamples, run: imagesRead },
  { name: "journal", what: "segments of the lease journal, as they are and with their sums mended", samples: segmentSamples, run: segmentsRead },
  { name: "journal-snapshot", what: "snapshots of the lease table, with their sums mended", samples: snapshotSamples, run: snapshotRead },
  { name: "directory-snapshot", what: "the last good state of the directory, with its sum mended", samples: directorySamples, run: directoryRead },
  { name: "lease-record6", what: "files of delegated prefixes", samples: record6Samples, run: record6Read },
  {
    name: "router-memory",
    what: "files of what hosts were told",
    samples: () => [encodeMemory("lan0", ITEMS)],
    run: (bytes) => {
      const items = decodeMemory("lan0", bytes);
      if (items === undefined) return "unusable";
      stable(items, (value) => decodeMemory("lan0", encodeMemory("lan0", value)) ?? assert.fail("our own record is unusable"));
      return "value";
    },
  },
  { name: "toml", what: "configurations", samples: () => CONFIGURATIONS.map((text) => utf8.encode(text)), run: configurationRead },
];

const utf8 = new TextEncoder();
const KEY = Uint8Array.from({ length: 16 }, (_, i) => i);
const STAMP = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]);
const MAX_LEASES = 64;
const NOW = { now: instant(1_000_000), wallClock: wallClock(Date.UTC(2026, 0, 1)) };
const OWNER = { name: "wan0", duid: "00030001020000000001" as Duid };

function emptyTable(): LeaseTable {
  return new LeaseTable({ key: KEY, maxLeases: MAX_LEASES, maxRowsPerClient: 4 });
}

/** Leases of several clients; identifiers that need one, two and three blocks. */
function images(count: number, from = 0): Uint8Array {
  const table = emptyTable();
  const out = new Uint8Array(IMAGE_BYTES * count);
  let end = 0;
  for (let i = from; i < from + count; i++) {
    const identifier = new Uint8Array([10, 20, 21, 84, 85, 128][i % 6] ?? 10).fill(i + 1);
    const address = Uint8Array.from({ length: 16 }, (_, at) => (at === 15 ? i : 0x20));
    const row = table.restore(1, 3 + (i % 2) * 22, i, identifier, 0, identifier.length, address, 0, i % 2 === 0 ? 128 : 56, STATE.bound);
    assert.ok(typeof row === "number", "no lease for a sample");
    table.setLifetimes(row, 1000, 2000, 3000);
    end += writeImage(table, row, out, end);
  }
  return out.slice(0, end);
}

function imageSamples(): readonly Uint8Array[] {
  return [images(1), images(6), images(12, 20), new Uint8Array(BLOCK_BYTES)];
}

function imagesRead(bytes: Uint8Array): string {
  const table = emptyTable();
  let at = 0;
  while (at < bytes.length) {
    const used = applyImage(table, bytes, at, bytes.length);
    if (used === 0) break;
    assert.ok(used > 0 && at + used <= bytes.length, "an image reaches past its end");
    at += used;
  }
  assert.ok(table.count <= MAX_LEASES);
  if (bytes.length % 4 === 0) tellsItself(table); // it takes as long as all the rest
  return at >= bytes.length ? "value" : "bad-image";
}

/** What is in the table, written and read again, is the same table. */
function tellsItself(table: LeaseTable): void {
  const again = emptyTable();
  for (const one of imagesOf(table)) assert.equal(applyImage(again, one, 0, one.length), one.length);
  assert.deepEqual(imagesOf(again).map(String).toSorted(), imagesOf(table).map(String).toSorted());
}

function imagesOf(table: LeaseTable): readonly Uint8Array[] {
  const all: Uint8Array[] = [];
  for (let row = 0; row < table.end; row++) {
    const image = new Uint8Array(IMAGE_BYTES);
    if (table.state(row) !== STATE.free) all.push(image.slice(0, writeImage(table, row, image, 0)));
  }
  return all;
}

function frameOf(kind: (typeof KIND)[keyof typeof KIND], sequence: number, content: Uint8Array): Uint8Array {
  const blocks = content.length / BLOCK_BYTES;
  const bytes = new Uint8Array(paddedBytes(blocks));
  bytes.set(content, FRAME_HEAD_BYTES);
  sealFrame(bytes, 0, { kind, blocks, sequence, stamp: STAMP });
  return bytes;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function segmentSamples(): readonly Uint8Array[] {
  return [
    joined(frameOf(KIND.group, 1, images(2)), frameOf(KIND.group, 2, images(3, 5)), new Uint8Array(PAGE_BYTES)),
    joined(frameOf(KIND.group, 1, images(1)), frameOf(KIND.group, 2, new Uint8Array(BLOCK_BYTES))),
  ];
}

function snapshotSamples(): readonly Uint8Array[] {
  const empty = new Uint8Array(0);
  return [
    joined(frameOf(KIND.snapshotHead, 7, empty), frameOf(KIND.snapshotChunk, 0, images(4)), frameOf(KIND.snapshotEnd, 1, empty)),
    joined(frameOf(KIND.snapshotHead, 1, empty), frameOf(KIND.snapshotEnd, 0, empty)),
  ];
}

/** Every frame that says how long it is gets the sum that goes with it. */
function mended(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  const kinds: readonly number[] = Object.values(KIND);
  for (let at = 0; at + FRAME_HEAD_BYTES <= copy.length; at += PAGE_BYTES) {
    const length = view.getUint32(at + LENGTH_AT, true);
    if (kinds.includes(view.getUint32(at, true)) && length >= LENGTH_AT && at + length <= copy.length)
      view.setUint32(at + CHECKSUM_AT, crc32c(copy, at + LENGTH_AT, length - LENGTH_AT), true);
  }
  return copy;
}

const CHECKSUM_AT = 4;
const LENGTH_AT = 8;

function segmentsRead(bytes: Uint8Array): string {
  const asItIs = recovered(undefined, [bytes]);
  assert.ok(typeof asItIs === "string");
  return recovered(undefined, [mended(bytes)]);
}

function snapshotRead(bytes: Uint8Array): string {
  return recovered(mended(bytes), []);
}

function recovered(snapshot: Uint8Array | undefined, segments: readonly Uint8Array[]): string {
  const table = emptyTable();
  const sources = segments.map((bytes, i) => ({ number: i + 1, read: () => bytes }));
  const from = snapshot === undefined ? undefined : { read: () => snapshot };
  const result = recover({ snapshot: from, segments: sources }, (bytes, at, end) => applyImage(table, bytes, at, end));
  assert.ok(table.count <= MAX_LEASES);
  if (!result.ok) return result.reason;
  if (result.images % 2 === 1) tellsItself(table);
  return "value";
}

const STATE_OF_DIRECTORY: StoredState = {
  domain: "home",
  committedAt: wallClock(1_800_000_000_000),
  sources: [
    {
      name: "first",
      pulledAt: wallClock(1_800_000_000_000),
      userCount: 2,
      groupCount: 1,
      users: utf8.encode("alice:*:2001:2000:\u00c4lice:/home/alice:/bin/sh\nbob:*:2002:2000::/home/bob:\n"),
      groups: utf8.encode("staff:*:3001:alice,bob\n"),
      shadows: utf8.encode("alice:$6$salt$hash:19000:0:99999:7::\n"),
      sshKeys: utf8.encode("alice:ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 a\n"),
    },
    {
      name: "second",
      pulledAt: wallClock(1_700_000_000_000),
      userCount: 0,
      groupCount: 0,
      users: new Uint8Array(0),
      groups: new Uint8Array(0),
      shadows: new Uint8Array(0),
      sshKeys: new Uint8Array(0),
    },
  ],
};
const FENCES = fencesOf({ minUid: 1000, maxUid: 60_000, minGid: 1000, maxGid: 60_000, localUsers: ["root"], localGroups: ["wheel"] }, true, true);

function directorySamples(): readonly Uint8Array[] {
  return [finish(encodeState(STATE_OF_DIRECTORY)), finish(encodeState({ ...STATE_OF_DIRECTORY, sources: [] }))];
}

function directoryRead(bytes: Uint8Array): string {
  const state = finish(decodeState(withCrc32(bytes), "home"));
  if (state === undefined) return "unusable";
  stable(state, (value) => finish(decodeState(finish(encodeState(value)), "home")) ?? assert.fail("our own file is unusable"));
  const harvests = state.sources.map((source) => finish(harvestOf(source, FENCES)));
  return harvests.includes(undefined) ? "bad-lines" : "value";
}

function withCrc32(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  if (copy.length < 4) return copy;
  let sum = 0xffffffff;
  for (const byte of copy.subarray(0, -4)) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  new DataView(copy.buffer).setUint32(copy.length - 4, ~sum >>> 0);
  return copy;
}

const prefix = (text: string): Ipv6Prefix => text as Ipv6Prefix;
const ITEMS = [
  { kind: "prefix", value: prefix("2001:db8:1::/64") },
  { kind: "route", value: prefix("2001:db8:1::/48") },
  { kind: "resolver", value: "2001:db8:1::1" as Ipv6Address },
  { kind: "name", value: "home.example" as DomainName },
] as const;

function record6Samples(): readonly Uint8Array[] {
  const times = { preferredUntil: instant(1_800_000), validUntil: instant(2_000_000) };
  const lease: Lease = {
    serverId: "0003000102005e100001" as Duid,
    delegations: [
      {
        kind: "pd",
        iaid: 1,
        renewAt: instant(1_500_000),
        rebindAt: instant(1_700_000),
        prefixes: [{ prefix: prefix("2001:db8:100::/56"), excluded: prefix("2001:db8:100:ff::/64"), ...times }],
      },
    ],
    options: [{ code: 56, hex: "0001" }],
    nameServers: ["2001:db8::53" as Ipv6Address],
    searchDomains: ["home.example" as DomainName],
  };
  return [encodeLeaseRecord(OWNER, { lease, reconfigure: undefined }, NOW)];
}

function record6Read(bytes: Uint8Array): string {
  const lease = decodeLeaseRecord(OWNER, bytes, NOW);
  if (lease === undefined) return "unusable";
  stable(lease, (value) => decodeLeaseRecord(OWNER, encodeLeaseRecord(OWNER, value, NOW), NOW) ?? assert.fail("our own record is unusable"));
  return "value";
}

const MACHINE: Surroundings = {
  readTrusted: () => "PEM",
  readSecret: () => "hush",
  readKey: () => "KEY",
  resolvers: () => ["192.0.2.53"],
  addressOf: () => undefined,
  localNames: () => ({ users: ["root"], groups: ["wheel"] }),
};
const CONFIGURATIONS = [
  '[system]\nresolver = "file"\n[hooks]\nrun = "/etc/hook"\n[uplink4."eth*"]\nfqdn = "gw.example"\nuser_class = ["a", "hex:01"]\nsend_options = { "43" = "hex:0102" }\nrequest_options = [43]\nallow_servers = ["192.0.2.1"]\n[uplink4.eth0]\ninform = "192.0.2.5/24"\nuse_mtu = true\nmtu_min = 600\n',
  '[uplink4.wan0]\nhost_name = "gw"\nclient_id = "ff:00:01"\nretransmit_seconds = 1.5\nignore_servers = ["192.0.2.1"]\n',
  '[uplink6.wan0]\nrapid_commit = true\ndelegate = [ { iaid = 7, to = ["lan0", "reserve/60"] } ]\n[lan.lan0]\nprefix_pool = "2001:db8:100::/48"\nsearch = ["home.example"]\n',
  '[lan.lan0]\ndhcpv6 = "relay"\nuplinks = ["wan0"]\n[relayed.far]\nlink = "2001:db8:5::/64"\n',
  '[directory]\ndomain = "home"\n[directory.source.main]\nserver = "ldap.test"\nbase = "dc=test"\nbind_dn = "cn=x"\nbind_password_file = "/secret"\n',
];

/** Whatever is wrong is told with its place. */
function configurationRead(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  const lines = text.split("\n").length;
  const result = readConfig(text, { surroundings: MACHINE });
  if ("config" in result) return "value";
  assert.ok(result.problems.length > 0);
  for (const { line, column, message, hint } of result.problems) {
    assert.ok(line >= 1 && line <= lines + 1 && column >= 1, `${line}:${column} of ${lines} lines`);
    assert.ok(message !== "" && hint !== "");
  }
  return "refused";
}
