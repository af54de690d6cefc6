/** What is compiled ahead is what an acquisition takes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { rehearse } from "../../../src/services/uplink4/rehearsal.ts";
import { decodeDhcp4 } from "../../../src/wire/dhcp4/message.ts";

test("a rehearsal asks, takes what it was offered, and has an address configured", () => {
  const { sent, configured } = rehearse();
  assert.deepEqual(
    sent.map(({ payload }) => decodeDhcp4(payload).options.messageType),
    ["discover", "request"],
  );
  assert.deepEqual(
    configured.map(({ address, prefixLength }) => `${address}/${prefixLength}`),
    ["192.0.2.2/24"],
  );
});
