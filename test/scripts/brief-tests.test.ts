/** What `npm test` runs of the tiers that take longest, and what it leaves to a tier's own name. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
type BriefTests = { readonly briefFiles: () => readonly string[]; readonly isBrief: (file: string) => boolean };
const { briefFiles, isBrief } = (await import(join(root, "scripts/brief-tests.mjs"))) as BriefTests;

test("every file that is named is there: one that was renamed would never run again in npm test", () => {
  assert.deepEqual(
    briefFiles().filter((file) => !existsSync(join(root, file))),
    [],
  );
});

test("of a tier with a list only what is named is brief; of others everything is", () => {
  assert.equal(isBrief("test/interop/prefix-flow.test.ts"), true);
  assert.equal(isBrief("test/interop/lan-relays.test.ts"), false);
  assert.equal(isBrief("test/netns/uplink4.test.ts"), true);
  assert.ok(briefFiles().every((file) => isBrief(file)));
});
