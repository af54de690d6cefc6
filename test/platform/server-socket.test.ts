/** A socket that cannot be opened leaves nothing behind. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { KernelError } from "../../src/base/errors.ts";
import { openDhcp6ServerSocket } from "../../src/platform/inet6-sockets.ts";
import { needsRoot } from "../support/namespace.ts";

const openFiles = (): number => readdirSync("/proc/self/fd").length;

test(
  "S22: a socket of an interface that is not there is refused with the call that failed, and closed; a hundred leave no descriptor",
  needsRoot,
  () => {
    const before = openFiles();
    for (let i = 0; i < 100; i++) assert.throws(() => openDhcp6ServerSocket(99_999, "nosuch0"), KernelError);
    assert.equal(openFiles(), before);
  },
);

test("S22: one that cannot join its groups, because the interface has gone meanwhile, is closed too", needsRoot, () => {
  const before = openFiles();
  assert.throws(() => openDhcp6ServerSocket(99_999, "lo"), KernelError);
  assert.equal(openFiles(), before);
});
