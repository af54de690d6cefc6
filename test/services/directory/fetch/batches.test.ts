/** Messages of bounded size, and nothing lost between them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeAll, encodeAll } from "../../../../src/base/codec.ts";
import { LIMITS } from "../../../../src/base/limits.ts";
import { DIRECTORY_LIMITS } from "../../../../src/base/limits-directory.ts";
import { DIRECTORY } from "../../../../src/roles/messages/directory.ts";
import type { GroupEntry, UserEntry } from "../../../../src/services/directory/entries.ts";
import { type Batch, Batches, type GroupPart } from "../../../../src/services/directory/fetch/batches.ts";

const MOST_BYTES = 100_000;

function batchesOf(users: readonly UserEntry[], groups: readonly GroupEntry[]): readonly Batch[] {
  const sent: Batch[] = [];
  const batches = new Batches((batch) => sent.push(batch));
  for (const user of users) batches.user(user);
  for (const group of groups) batches.group(group);
  batches.flush();
  return sent;
}

/** As a receiver does: parts of one group follow each other. */
function joined(parts: readonly GroupPart[]): readonly GroupEntry[] {
  const groups: GroupEntry[] = [];
  let open: GroupEntry | undefined;
  for (const { more, ...part } of parts) {
    if (open !== undefined) assert.deepEqual([part.name, part.gid, part.password], [open.name, open.gid, open.password]);
    open = { ...part, members: [...(open?.members ?? []), ...part.members] };
    if (more) continue;
    groups.push(open);
    open = undefined;
  }
  assert.equal(open, undefined);
  return groups;
}

/** Every batch fits into a message of the roles, and is the same on the far side. */
function carried(batch: Batch): void {
  const body = { update: 0xffffffff, source: 0xffff, ...batch };
  const bytes = encodeAll(DIRECTORY.entries.body, body);
  assert.ok(bytes.length < MOST_BYTES, `${bytes.length} bytes`);
  assert.deepEqual(decodeAll(DIRECTORY.entries.body, bytes), body);
  assert.ok(batch.users.length + batch.groups.length > 0);
}

const text = (maxLength: number): fc.Arbitrary<string> =>
  fc.oneof(fc.string({ maxLength, unit: "grapheme" }), fc.constantFrom("a", "x".repeat(maxLength), "世".repeat(Math.floor(maxLength / 3))));
const id = fc.integer({ min: 0, max: 0xffffffff });
const name = fc.string({ maxLength: 20 });
const sshKeys = text(4000);
const fields = { name, password: name, uid: id, gid: id, gecos: text(1000), home: text(1000), shell: text(1000), sshKeys };
const user = fc.record(fields, { noNullPrototype: true });
const members = fc.oneof(
  { weight: 5, arbitrary: fc.array(name, { maxLength: 5 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 20_000 }).map((count) => Array.from({ length: count }, (_, i) => `member${i}`)) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 1000 }).map((count) => Array.from({ length: count }, () => "世".repeat(85))) },
);
const group = fc.record({ name, password: name, gid: id, members }, { noNullPrototype: true });

test("users and groups come out as they went in, in messages that fit", () => {
  let most = 0;
  fc.assert(
    fc.property(fc.array(user, { maxLength: 100 }), fc.array(group, { maxLength: 20 }), (users, groups) => {
      const sent = batchesOf(users, groups);
      sent.forEach(carried);
      assert.deepEqual(
        sent.flatMap((batch) => batch.users),
        users,
      );
      assert.deepEqual(joined(sent.flatMap((batch) => batch.groups)), groups);
      most = Math.max(most, sent.length);
    }),
    { numRuns: 60 },
  );
  assert.ok(most > 3, "some were cut");
});

test("the largest users and groups there may be still fit", () => {
  const long = "x".repeat(LIMITS.directoryFieldBytes);
  const sshKeys = "k".repeat(DIRECTORY_LIMITS.sshKeysBytes);
  const users = Array.from({ length: 20 }, () => ({ name: "a", password: long, uid: 1, gid: 1, gecos: long, home: long, shell: long, sshKeys }));
  const groups = [{ name: "g".repeat(255), password: long, gid: 1, members: Array.from({ length: 5000 }, () => "m".repeat(255)) }];
  const sent = batchesOf(users, groups);
  sent.forEach(carried);
  assert.deepEqual(joined(sent.flatMap((batch) => batch.groups)), groups);
});

test("forty thousand members are some dozen parts, not forty thousand", () => {
  const groups = [{ name: "all", password: "*", gid: 1, members: Array.from({ length: 40_000 }, (_, i) => `person${i}`) }];
  const sent = batchesOf([], groups);
  sent.forEach(carried);
  assert.ok(sent.length > 5 && sent.length < 30, `${sent.length}`);
  assert.deepEqual(joined(sent.flatMap((batch) => batch.groups)), groups);
});

test("a group without members is one part, and nothing is sent when there is nothing", () => {
  const [only, ...others] = batchesOf([], [{ name: "none", password: "*", gid: 1, members: [] }]);
  assert.deepEqual([only?.groups, others], [[{ name: "none", password: "*", gid: 1, members: [], more: false }], []]);
  assert.deepEqual(batchesOf([], []), []);
});
