import assert from "node:assert/strict";
import { test } from "node:test";
import { warmUp } from "../../../../src/services/lan/dhcp6-server/warm-up.ts";

test("warming up walks every way an answer is made, and leaves nothing behind that could be asked for", () => {
  // Of seven kinds, all are answered but the Confirm, which names no address; heard directly and behind a relay, by 64 clients.
  assert.equal(warmUp(1), 6 * 2 * 64);
  assert.equal(warmUp(3), 3 * 6 * 2 * 64);
});
