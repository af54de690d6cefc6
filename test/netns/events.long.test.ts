/** The control role does not end while somebody watches, however little happens. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { roleOf } from "../support/processes.ts";
import { inWorld, NEEDS_ROOT } from "../support/uplink-world.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const TRUTH = { skip: NEEDS_ROOT };

test("a watcher lives through a silence of more than a minute, and the control role with it; when it goes, the role ends", TRUTH, () =>
  inWorld(async (world) => {
    const program = world.leasehold();
    const main = program.pid ?? 0;
    const control = (): number | undefined => roleOf(main, "control");
    const shown = (): boolean => spawnSync(join(root, "bin/leasehold"), ["show", "--runtime-dir", join(world.folder, "run")]).status === 0;
    await world.until("the control socket", () => (shown() ? true : undefined));
    const watcher = world.spawn(world.client, "watch", [join(root, "bin/leasehold"), "watch", "--json", "--runtime-dir", join(world.folder, "run")]);
    const first = await world.until("the control role", control);
    await new Promise((resolve) => setTimeout(resolve, 75_000));
    assert.equal(control(), first);
    assert.equal(watcher.exitCode, null);
    const before = world.read("watch.log").length;
    world.ip(world.client, "link", "set", "c0", "down");
    await world.until("the watcher hears", () => (world.read("watch.log").length > before ? true : undefined));
    await world.stop(watcher, "SIGINT");
    await world.until("the control role ends", () => (control() === undefined ? true : undefined), 130);
    assert.ok(shown());
    assert.notEqual(control(), first);
  }),
);
