/** Who we are, kept over starts: a DUID and a key that are made once and never silently replaced. */
import assert from "node:assert/strict";
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { duidBytes } from "../../src/base/duid.ts";
import { ownDuid, ownKey } from "../../src/roles/main/duid-file.ts";
import { withScratch } from "../support/scratch.ts";

const DUID = "00:04:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:10";

test("a DUID is made once, of a random UUID, and stays (RFC 9915 §11.5)", () =>
  withScratch(async (folder) => {
    const made = ownDuid(folder);
    const bytes = duidBytes(made);
    assert.deepEqual([bytes.length, bytes[0], bytes[1]], [18, 0, 4]);
    assert.deepEqual([(bytes[8] ?? 0) >> 4, (bytes[10] ?? 0) >> 6], [4, 2], "version and variant (RFC 9562 §5.4)");
    assert.equal(ownDuid(folder), made);
    assert.equal(statSync(join(folder, "duid")).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(folder), ["duid"]);
  }));

test("two machines get two DUIDs, and two keys", () =>
  withScratch((one) =>
    withScratch(async (other) => {
      assert.notEqual(ownDuid(one), ownDuid(other));
      assert.notDeepEqual(ownKey(one, "server-key"), ownKey(other, "server-key"));
    }),
  ));

test("a DUID that an operator put there is taken", () =>
  withScratch(async (folder) => {
    writeFileSync(join(folder, "duid"), `${DUID}\n`);
    assert.equal(ownDuid(folder), DUID.replaceAll(":", ""));
  }));

for (const [what, text] of [
  ["empty", ""],
  ["cut", "00:04:01:0\n"],
  ["cut where it still reads as one", "00:04:01:02:03\n"],
  ["something else", "no duid at all\n"],
  ["too long", `00:04:${"ff:".repeat(200)}ff\n`],
] as const)
  test(`a file of a DUID that is ${what} is an error that says what to do, and stays as it is`, () =>
    withScratch(async (folder) => {
      writeFileSync(join(folder, "duid"), text);
      assert.throws(() => ownDuid(folder), new RegExp(`${folder}/duid holds no DUID: put it back .* or remove it`));
      assert.equal(readFileSync(join(folder, "duid"), "utf8"), text);
    }));

test("a key is 16 bytes from chance, made once, for its owner alone", () =>
  withScratch(async (folder) => {
    const made = ownKey(folder, "server-key");
    assert.equal(made.length, 16);
    assert.ok(made.some((byte) => byte !== 0));
    assert.deepEqual(ownKey(folder, "server-key"), made);
    assert.equal(statSync(join(folder, "server-key")).mode & 0o777, 0o600);
  }));

for (const bytes of [0, 15, 17])
  test(`a key of ${bytes} bytes is an error that says what to do, and stays as it is: another would give clients other addresses`, () =>
    withScratch(async (folder) => {
      const path = join(folder, "server-key");
      writeFileSync(path, new Uint8Array(bytes).fill(7));
      chmodSync(path, 0o600);
      assert.throws(() => ownKey(folder, "server-key"), new RegExp(`${path} does not hold 16 bytes: put it back .* or remove it`));
      assert.equal(statSync(path).size, bytes);
    }));
