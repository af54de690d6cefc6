/** The number by which clients know a Reconfigure that is new grows with every life of the server (RFC 9915 §20.3). */
import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { nextLife } from "../../src/roles/main/lives.ts";
import { withScratch } from "../support/scratch.ts";

test("lives are counted from 1, each durable and readable by nobody else before it is known", () =>
  withScratch(async (folder) => {
    for (let life = 1; life < 5; life++) {
      assert.equal(nextLife(folder), life);
      assert.equal(readFileSync(join(folder, "server-life"), "utf8"), `${life}\n`);
      assert.equal(statSync(join(folder, "server-life")).mode & 0o777, 0o600);
    }
  }));

test("an operator may write a larger number, and it goes on from there", () =>
  withScratch(async (folder) => {
    writeFileSync(join(folder, "server-life"), "  4711\n");
    assert.equal(nextLife(folder), 4712);
  }));

for (const [what, text] of [
  ["is empty, as after a crash of the file system", ""],
  ["holds no number", "many\n"],
  ["holds a negative number", "-1\n"],
  ["holds the last number there is", "16777215\n"],
  ["holds more than fits", "123456789\n"],
] as const)
  test(`a file that ${what} is no beginning: nobody is told anything, and the file stays as it is`, () =>
    withScratch(async (folder) => {
      writeFileSync(join(folder, "server-life"), text);
      assert.equal(nextLife(folder), undefined);
      assert.equal(readFileSync(join(folder, "server-life"), "utf8"), text);
    }));
