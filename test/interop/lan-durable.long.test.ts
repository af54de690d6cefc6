/** No promise leaves before it is on disk: 10,000 Replies of the running engine, each matched to the write of its record. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { judged } from "../support/durable-trace.ts";
import { tracedCalls } from "../support/lan-durable.ts";
import { needsPeers } from "../support/unpacked.ts";

const CLIENTS = 2500;

test("10,000 Replies under load: each left after the durable write of its record had returned", needsPeers, async () => {
  const { promises, endings, writes, faults } = judged(await tracedCalls(CLIENTS));
  console.log(`durable: ${JSON.stringify({ promises, endings, writes })}`);
  assert.deepEqual(faults.slice(0, 5), []);
  assert.ok(promises >= 10_000 && endings >= CLIENTS / 10 && writes > 0);
});
