import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const folder = join(root, "test/mutants");

/** What git says against a patch; empty when it could be applied. */
function complaint(patch: string): string {
  const { stderr } = spawnSync("git", ["apply", "--check", "-"], { cwd: root, encoding: "utf8", input: patch });
  return stderr;
}

test("every mutant is a change that this program still knows: one that cannot be applied proves nothing", () => {
  const patches = readdirSync(folder).filter((name) => name.endsWith(".patch"));
  assert.ok(patches.length > 50);
  const said = patches.map((name) => `${name}: ${complaint(readFileSync(join(folder, name), "utf8"))}`);
  assert.deepEqual(
    said.filter((line) => !line.endsWith(": ")),
    [],
  );
});

test("control: a patch of a line that is not there is found", () => {
  assert.notEqual(complaint("--- a/package.json\n+++ b/package.json\n@@ -1,1 +1,1 @@\n-nothing like it\n+anything\n"), "");
});
