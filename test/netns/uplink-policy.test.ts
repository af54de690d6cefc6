/** The operator's words about an uplink, and what holds without them. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { policyOf } from "../../src/roles/main/uplink-policy.ts";
import { withScratch } from "../support/scratch.ts";

const MAIN = 254;

test("a wire costs 1024 and the air 3000, by either mark of the kernel; what the operator says goes before", () =>
  withScratch(async (links) => {
    for (const folder of ["eth0", "wlan0/wireless", "wlan1/phy80211"]) mkdirSync(join(links, folder), { recursive: true });
    const metrics = ["eth0", "wlan0", "wlan1", "none0"].map((name) => policyOf({}, name, links).metric);
    assert.deepEqual(metrics, [1024, 3000, 3000, 1024]);
    assert.deepEqual(policyOf({ metric: 0, table: 1000, mtuMinBytes: 1280 }, "wlan0", links), { metric: 0, table: 1000, mtuMinBytes: 1280 });
    assert.deepEqual(policyOf({}, "eth0", links), { metric: 1024, table: MAIN, mtuMinBytes: undefined });
  }));
