import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { wallClock } from "../../../src/base/time.ts";
import { fencesOf, userLine } from "../../../src/services/directory/check.ts";
import { LineGatherer } from "../../../src/services/directory/lines.ts";
import { harvestOf } from "../../../src/services/directory/restore.ts";
import { decodeState, encodeState, type StoredState, storedLines } from "../../../src/services/directory/snapshot-file.ts";
import { finish } from "../../../src/services/directory/sort.ts";
import { CONFIG, user, utf8 } from "./world.ts";

const FENCES = fencesOf(CONFIG.idFences);
const STATE: StoredState = {
  domain: "home",
  committedAt: wallClock(1_800_000_000_000),
  sources: [
    {
      name: "first",
      pulledAt: wallClock(1_800_000_000_000),
      userCount: 1,
      groupCount: 1,
      users: utf8("a:*:2001:2000::/a:\n"),
      groups: utf8("g:*:3001:a\n"),
      shadows: utf8("a:$6$salt$hash:19000:0:99999:7::\n"),
      sshKeys: utf8("a:ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 a\n"),
    },
    {
      name: "second",
      pulledAt: wallClock(1_700_000_000_000),
      userCount: 0,
      groupCount: 0,
      users: utf8(""),
      groups: utf8(""),
      shadows: utf8(""),
      sshKeys: utf8(""),
    },
  ],
};

test("what was saved is read again as it was", () => {
  assert.deepEqual(finish(decodeState(finish(encodeState(STATE)), "home")), STATE);
});

test("a file of the version before, which knew no keys, is read as one that has none", () => {
  const [first] = STATE.sources;
  assert.ok(first !== undefined);
  const state = { ...STATE, sources: [{ ...first, sshKeys: utf8("") }] };
  const keyless = finish(encodeState(state)).slice(0, -8);
  keyless[5] = 2;
  const sum = new Uint8Array(4);
  new DataView(sum.buffer).setUint32(0, crc32(keyless));
  assert.deepEqual(finish(decodeState(Uint8Array.of(...keyless, ...sum), "home")), state);
});

test("any bytes of lines keep their value", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), fc.uint8Array({ maxLength: 50 }), fc.nat(), (users, groups, time) => {
      const state = {
        ...STATE,
        sources: [{ name: "s", pulledAt: wallClock(time), userCount: 3, groupCount: 4, users, groups, shadows: users, sshKeys: users }],
      };
      assert.deepEqual(finish(decodeState(finish(encodeState(state)), "home")), state);
    }),
  );
});

test("a file that is cut short, has a flipped bit or is another domain's is refused whole", () => {
  const bytes = finish(encodeState(STATE));
  for (let length = 0; length < bytes.length; length++) assert.equal(finish(decodeState(bytes.subarray(0, length), "home")), undefined);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = bytes.map((byte, i) => (i === bit >>> 3 ? byte ^ (1 << (bit & 7)) : byte));
    assert.equal(finish(decodeState(flipped, "home")), undefined, `bit ${bit}`);
  }
  assert.equal(finish(decodeState(bytes, "homes")), undefined);
});

test("lines are read as the entries they were made of, and pass the checks again", () => {
  const gatherer = new LineGatherer();
  const people = [user("alice", 2001, { gecos: "Älice" }), user("bob", 2002, { shell: "" })];
  for (const one of people) gatherer.add({ name: one.name, id: one.uid, line: userLine(one) });
  const lines = gatherer.take();
  const stored = { users: storedLines(lines), groups: utf8("staff:*:3001:alice,bob\nsudo:*:3002:\n") };
  const harvest = finish(harvestOf(stored, FENCES));
  assert.deepEqual(harvest?.users, lines);
  assert.equal(harvest?.groups.count, 1, "a group of this machine's is not taken from the file either");
  const narrow = fencesOf({ ...CONFIG.idFences, minUid: 2002 });
  assert.deepEqual([...(finish(harvestOf(stored, narrow))?.users.ids ?? [])], [2002]);
});

test("lines that are not ours make the whole source unbelievable", () => {
  const none = utf8("");
  for (const text of ["a:b\n", "a:*:2001:2000::/a:", "a:*:2001:2000::/a:/b:c\n", "\n"])
    assert.equal(finish(harvestOf({ users: utf8(text), groups: none }, FENCES)), undefined, JSON.stringify(text));
  assert.equal(finish(harvestOf({ users: Uint8Array.of(0xff, 0x3a, 0x0a), groups: none }, FENCES)), undefined);
  const odd = finish(harvestOf({ users: utf8("a:*:x:2000::/a:\nb:*:-5:2000::/b:\n"), groups: none }, FENCES));
  assert.equal(odd?.users.count, 0, "a number that is none is an entry that is refused");
});
