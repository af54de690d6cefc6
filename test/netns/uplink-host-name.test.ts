/** The system's name, followed and taken: in a UTS namespace of the test's own thread. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { check, native } from "../../src/platform/native.ts";
import { hostNameFrom, HostNameWatch, shortHostName, takeHostName } from "../../src/roles/main/host-name.ts";
import { needsRoot, waitFor } from "../support/namespace.ts";

const CLONE_NEWUTS = 0x0400_0000;
const name = (text: string): string => execFileSync("hostname", [text], { encoding: "utf8" });
/** The thread's own, once for all tests: what is changed is the namespace's name, not the machine's. */
if (process.getuid?.() === 0) {
  check(native().unshare(CLONE_NEWUTS), "unshare");
  name("before.example");
}

test("a new name of the system is told at once, up to its first dot, and nothing runs in between", needsRoot, async () => {
  const told: string[] = [];
  const watch = new HostNameWatch((to) => told.push(to));
  try {
    const ticksBefore = processorTicks();
    await delay(1000);
    assert.ok(processorTicks() - ticksBefore < 20, "a watch that spins takes a whole processor");
    assert.deepEqual(told, [], "nothing has changed");
    for (const next of ["gw.home.example", "laptop"]) {
      name(next);
      await waitFor(() => told.at(-1) === next.split(".")[0], 2000, `${next} is told`);
    }
    name("laptop.example");
    name("laptop.example");
    writeFileSync("/proc/sys/kernel/hostname", "not for-a host");
    await waitFor(() => told.at(-1) === "", 2000, "a name that is none is told as none");
    assert.deepEqual(told, ["gw", "laptop", ""]);
  } finally {
    watch.close();
  }
  name("later");
  await delay(100);
  assert.equal(told.length, 3, "a watch that is closed tells nothing");
});

test("a name that was taken from a server is followed like any other", needsRoot, async () => {
  const told: string[] = [];
  name("first");
  const watch = new HostNameWatch((to) => told.push(to));
  try {
    assert.equal(await takeHostName("second.example"), undefined);
    assert.equal(hostname(), "second.example");
    await waitFor(() => told.length > 0, 2000, "it is told");
    assert.equal(await takeHostName("second.example"), undefined, "again: nothing changes");
    await delay(50);
    assert.deepEqual([told, shortHostName()], [["second"], "second"]);
  } finally {
    watch.close();
  }
});

for (const [text, taken] of [
  ["gw", "gw"],
  ["gw.home.example", "gw.home.example"],
  [`${"a".repeat(40)}.${"b".repeat(40)}.example`, "a".repeat(40)],
  ["", undefined],
  ["localhost", undefined],
  ["localhost.localdomain", undefined],
  ["-gw", undefined],
  ["gw_1", undefined],
  ["gw\u001b[2J", undefined],
  ["gw\nroot", undefined],
  ["$(id)", undefined],
  [`${"a".repeat(64)}`, undefined],
  ["gw.", undefined],
] as const)
  test(`of ${JSON.stringify(text)} a host takes ${taken ?? "nothing"} (RFC 1123 §2.1)`, () => assert.equal(hostNameFrom(text), taken));

/** Hundredths of a second this process has run. */
function processorTicks(): number {
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1]?.split(" ") ?? [];
  return Number(fields[11]) + Number(fields[12]);
}
