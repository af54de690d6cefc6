/** What is right in a configuration of the directory and weaker than it looks is said (directory §8.3). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfigFile } from "../../src/config/read.ts";
import { withScratch, writeIn } from "../support/scratch.ts";

async function warningsOf(more: string): Promise<readonly string[]> {
  let told: readonly string[] = [];
  await withScratch(async (folder) => {
    const text = `[directory]\ndomain = "home"\n${more}\n[directory.source.main]\nserver = "ldap.test"\nbase = "dc=test"\n`;
    const result = readConfigFile(writeIn(folder, "leasehold.toml", text, 0o600));
    assert.ok("warnings" in result, JSON.stringify(result));
    told = result.warnings.map(({ message, hint = "" }) => `${message}: ${hint}`);
  });
  return told;
}

const rule = (security: string): string => `yp_rules = [{ networks = ["192.0.2.0/24"], maps = ["group.*"], security = "${security}" }]`;

test("that a port below 1024 proves something is said to be little, and why; of other rules nothing is said", async () => {
  assert.match((await warningsOf(rule("port"))).join(), /a port below 1024 proves little.*root of any host.*container/);
  for (const security of ["none", "deny"]) assert.deepEqual(await warningsOf(rule(security)), []);
});
