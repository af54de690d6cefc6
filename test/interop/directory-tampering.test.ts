/** The snapshot on disk makes users: one that somebody else may have written, or that is damaged, makes none (directory §8.3). */
import assert from "node:assert/strict";
import { chmodSync, chownSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { inFaulty, servedUsers, statusOf, userLines } from "../support/faulty-directory.ts";
import { startLeasehold } from "../support/leasehold.ts";
import { waitFor } from "../support/namespace.ts";
import { needsPeers } from "../support/unpacked.ts";

const USERS = 50;
const NOBODY = 65_534;
const PATIENCE_MS = 20_000;

test("a snapshot that others may write, that belongs to another user or that is damaged is refused, and is said to be", needsPeers, () =>
  inFaulty({ users: USERS, groups: 5 }, async ({ slapd, root, folder, toml, serving }) => {
    const file = join(folder, "leasehold.state/directory/snapshot");
    const first = await serving(toml());
    await waitFor(() => readFileSync(file).length > 0, PATIENCE_MS, "the snapshot is on disk");
    await first.kill();
    await slapd.kill();
    const control = await startLeasehold(root, folder, toml());
    await servedUsers(root, USERS, control.log);
    await control.kill();

    const sound = readFileSync(file);
    const damaged = Buffer.from(sound);
    const place = damaged.indexOf(":20001:");
    damaged.write(":29999:", place);
    for (const { mode = 0o600, owner = 0, bytes = sound, said } of [
      { mode: 0o620, said: /"event":"snapshotRefused".*group or others may write it/ },
      { mode: 0o602, said: /"event":"snapshotRefused".*group or others may write it/ },
      { owner: NOBODY, said: /"event":"snapshotRefused".*it belongs to user 65534/ },
      { bytes: damaged, said: /"event":"storedDirectoryUnusable"/ },
    ]) {
      writeFileSync(file, bytes);
      chownSync(file, owner, owner);
      chmodSync(file, mode);
      const before = control.log().length;
      const ours = await startLeasehold(root, folder, toml());
      await waitFor(() => said.test(ours.log().slice(before)), PATIENCE_MS, `${said}`);
      await waitFor(() => /"event":"sourceFailed"/.test(ours.log().slice(before)), PATIENCE_MS, "it has looked elsewhere");
      assert.match((await statusOf(folder)).text, /nothing is served yet/);
      assert.deepEqual(await userLines(root), []);
      await ours.kill();
    }
  }),
);
