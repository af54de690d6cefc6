import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../../scripts/compare-with-dissector.ts", import.meta.url));
const NOT_THERE = 3;

function compare(...args: readonly string[]) {
  return spawnSync(process.execPath, ["--import", "tsx", SCRIPT, ...args], { encoding: "utf8" });
}

test("a dissector finds nothing wrong in what we encode, and reads the golden packets as we do", (t) => {
  const { status, stdout, stderr } = compare();
  if (status === NOT_THERE) return t.skip("tshark is not installed");
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^1\d\d packets compared with the dissector, 0 findings$/m);
});

test("a broken frame planted among the others is found, and is the only finding", (t) => {
  const { status, stdout, stderr } = compare("--plant");
  if (status === NOT_THERE) return t.skip("tshark is not installed");
  assert.equal(status, 1, stderr);
  assert.match(stderr, /^planted: .*length/m);
  assert.match(stdout, /, 1 findings$/m);
});
