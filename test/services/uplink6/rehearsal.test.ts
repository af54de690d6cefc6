/** What is compiled ahead is what an acquisition takes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { rehearse } from "../../../src/services/uplink6/rehearsal.ts";
import { decodeDhcp6 } from "../../../src/wire/dhcp6/message.ts";

test("a rehearsal asks, asks again for what it was offered, and plans an address", () => {
  const { sent, plans } = rehearse();
  assert.deepEqual(
    sent.map(({ payload }) => decodeDhcp6(payload).kind),
    ["solicit", "request"],
  );
  assert.deepEqual(
    plans.map(({ addresses }) => addresses.map(({ name, address }) => `${address} on ${name}`)),
    [["2001:db8::1 on rehearsal1"]],
  );
});
