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
  assert.match(stdout, /^2\d\d packets compared with the dissector, 0 findings$/m);
});

test("broken frames planted among the others are found, and are the only findings", (t) => {
  const { status, stdout, stderr } = compare("--plant");
  if (status === NOT_THERE) return t.skip("tshark is not installed");
  assert.equal(status, 1, stderr);
  assert.match(stderr, /^planted: .*length/m);
  assert.match(stderr, /^planted over IPv6: PREFERENCE/m);
  assert.match(stdout, /, 3 findings$/m);
});
