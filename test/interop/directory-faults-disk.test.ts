/** A disk without room for what is served: it is served all the same, and is on disk once there is room. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  answersAtOnce,
  directory,
  type Faulty,
  inFaulty,
  lineOf,
  otherShell,
  statusBecomes,
  statusOf,
  userLines,
} from "../support/faulty-directory.ts";
import { userName } from "../support/ldif.ts";
import { waitFor } from "../support/namespace.ts";
import { run, sound } from "../support/programs.ts";
import { needsPeers } from "../support/unpacked.ts";

const USERS = 400;
const ROOM_BYTES = 512 * 1024;
const PATIENCE_MS = 20_000;

/** The state folder is a disk of its own. */
async function withSmallDisk(story: (world: Faulty & { readonly state: string }) => Promise<void>, inodes = 64): Promise<void> {
  await inFaulty({ users: USERS, groups: 5 }, async (world) => {
    const state = join(world.folder, "leasehold.state");
    mkdirSync(state);
    await run("mount", ["-t", "tmpfs", "-o", `size=${ROOM_BYTES},nr_inodes=${inodes},mode=700`, "tmpfs", state]).then(sound);
    try {
      await story({ ...world, state });
    } finally {
      await run("umount", ["-l", state]);
    }
  });
}

/** Takes all the room there is. @returns how to give it back */
function fill(state: string): () => void {
  const { bavail, bsize } = statfsSync(state);
  writeFileSync(join(state, "filler"), new Uint8Array(bavail * bsize));
  return () => rmSync(join(state, "filler"));
}

const onDisk = (state: string): Promise<boolean> =>
  waitFor(() => readdirSync(join(state, "directory")).join() === "snapshot", PATIENCE_MS, "the snapshot is on disk");

test("a disk that is full at the snapshot: users are served, the reason is told, and the snapshot is written once there is room", needsPeers, () =>
  withSmallDisk(async (world) => {
    const { slapd, root, folder, toml, serving, state } = world;
    const ours = await serving(toml());
    await onDisk(state);
    const { ino } = statSync(join(state, "directory/snapshot"));
    const giveRoom = fill(state);
    await slapd.change(otherShell(userName(3), "/bin/later"));
    assert.equal((await directory(folder, "refresh")).code, 0);
    assert.match(await lineOf(root, userName(3)), /:\/bin\/later$/, "what is served does not wait for the disk");
    await statusBecomes(folder, ({ unsaved }) => unsaved !== "", "the full disk is told");
    assert.match((await statusOf(folder)).text, /400 users[\s\S]*not on disk: no room on the disk/);
    await answersAtOnce(world, await userLines(root));
    assert.equal(statSync(join(state, "directory/snapshot")).ino, ino, "the one before is whole");
    giveRoom();
    await statusBecomes(folder, ({ unsaved }) => unsaved === "", "it is on disk by itself");
    await onDisk(state);
    assert.notEqual(statSync(join(state, "directory/snapshot")).ino, ino);
    assert.deepEqual(
      (await ours.show()).main.roles.map(({ name, ready }) => `${name} ${ready}`).filter((role) => role.startsWith("engine")),
      ["engine-directory true"],
    );
    assert.equal(ours.log().includes('"roleEnded"'), false, "nobody ended over it");
    await ours.kill();
    await slapd.kill();
    await serving(toml());
    assert.match(await lineOf(root, userName(3)), /:\/bin\/later$/, "from the disk");
  }),
);

test("control: killed while the disk is full, it begins with the directory of before", needsPeers, () =>
  withSmallDisk(async ({ slapd, root, folder, toml, serving, state }) => {
    const ours = await serving(toml());
    await onDisk(state);
    fill(state);
    await slapd.change(otherShell(userName(3), "/bin/later"));
    assert.equal((await directory(folder, "refresh")).code, 0);
    await statusBecomes(folder, ({ unsaved }) => unsaved !== "", "the full disk is told");
    await ours.kill();
    await slapd.kill();
    await serving(toml());
    assert.match(await lineOf(root, userName(3)), /:\/bin\/sh$/);
  }),
);

test("a disk that takes no further file: the same", needsPeers, () =>
  withSmallDisk(async (world) => {
    const { slapd, root, folder, toml, serving, state } = world;
    await serving(toml());
    await onDisk(state);
    const fillers: string[] = [];
    assert.throws(
      () => {
        for (let i = 0; i < 100; i++) {
          fillers.push(join(state, `filler${i}`));
          writeFileSync(fillers.at(-1) ?? "", "");
        }
      },
      { code: "ENOSPC" },
    );
    await slapd.change(otherShell(userName(3), "/bin/later"));
    assert.equal((await directory(folder, "refresh")).code, 0);
    await statusBecomes(folder, ({ unsaved }) => unsaved === "no room on the disk", "it is told");
    assert.match(await lineOf(root, userName(3)), /:\/bin\/later$/);
    await answersAtOnce(world, await userLines(root));
    for (const filler of fillers) rmSync(filler, { force: true });
    await statusBecomes(folder, ({ unsaved }) => unsaved === "", "it is on disk by itself");
    await onDisk(state);
  }),
);
