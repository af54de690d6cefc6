/** Sources that answer with less than there is: nobody loses a user. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  answersAtOnce,
  directory,
  inFaulty,
  lineOf,
  otherShell,
  servedUsers,
  statusBecomes,
  statusOf,
  userLines,
} from "../support/faulty-directory.ts";
import { SUFFIX, userName } from "../support/ldif.ts";
import { needsPeers } from "../support/unpacked.ts";

const USERS = 400;
/** The first half. */
const HIDDEN = `^uid=person00[01][0-9][0-9],ou=people,${SUFFIX}$`;

test("a base that is not there, and one where nobody is: all stay, the reason is told, and the right base is read by itself", needsPeers, () =>
  inFaulty({ users: USERS, groups: 5 }, async (world) => {
    const { root, folder, toml, serving } = world;
    const ours = await serving(toml());
    const before = await userLines(root);
    await ours.reload(toml(`user_base = "ou=nowhere,${SUFFIX}"`));
    await statusBecomes(folder, ({ sources }) => sources[0]?.state === "failed", "the base is not there");
    assert.match(
      (await statusOf(folder)).text,
      /400 users[\s\S]*because of: main[\s\S]*source main: failed, .*users: search-refused 32 \(noSuchObject\)/,
    );
    await answersAtOnce(world, before);

    await ours.reload(toml(`user_base = "ou=teams,${SUFFIX}"`));
    await statusBecomes(folder, ({ sources, update }) => sources[0]?.state === "suspicious" && update.heldBack !== null, "nobody is there");
    const { text, view } = await statusOf(folder);
    assert.match(text, /400 users[\s\S]*held back: 0 users added, 400 removed[\s\S]*source main: suspicious, users 400 to 0, groups 5 to 5/);
    assert.deepEqual([view.update.heldBy, view.update.heldBack?.users.removed], ["main", USERS]);
    await answersAtOnce(world, before);
    assert.deepEqual(await userLines(root), before);

    await ours.reload(toml());
    await statusBecomes(folder, ({ sources, update }) => sources[0]?.state === "ok" && update.heldBy === "", "the right base has been read");
    assert.deepEqual(await userLines(root), before);

    // Control: whoever waves it through empties the directory.
    await ours.reload(toml(`user_base = "ou=teams,${SUFFIX}"`));
    await statusBecomes(folder, ({ sources }) => sources[0]?.state === "suspicious", "nobody is there");
    assert.equal((await directory(folder, "refresh", "--accept")).code, 0);
    assert.deepEqual(await userLines(root), []);
  }),
);

test("an access rule that hides half of the users: all stay, the reason is told, and they are read again once the rule is gone", needsPeers, () =>
  inFaulty({ users: USERS, groups: 5 }, async (world) => {
    const { slapd, root, folder, toml, serving } = world;
    await serving(toml("", "interval_seconds = 10"));
    const before = await userLines(root);
    await slapd.restart({ hidden: HIDDEN });
    await directory(folder, "refresh");
    await statusBecomes(folder, ({ sources, update }) => sources[0]?.state === "suspicious" && update.heldBack !== null, "half of them are missing");
    const { text, view } = await statusOf(folder);
    assert.match(text, /400 users[\s\S]*held back: 0 users added, 200 removed[\s\S]*source main: suspicious, users 400 to 200[\s\S]*not believed/);
    assert.deepEqual([view.sources[0]?.state, view.update.heldBack?.users.removed], ["suspicious", 200]);
    assert.equal((await directory(folder, "diff")).text.split("\n").filter((line) => line.startsWith("- user ")).length, 200);
    await answersAtOnce(world, before);
    assert.deepEqual(await userLines(root), before);
    await slapd.restart({ hidden: "^nobody$" });
    await slapd.change(otherShell(userName(3), "/bin/later"));
    await statusBecomes(folder, ({ sources, update }) => sources[0]?.state === "ok" && update.heldBy === "", "it has been read again by itself");
    assert.match(await lineOf(root, userName(3)), /:\/bin\/later$/);
  }),
);

test("control: without the guard the same access rule takes half of the users away", needsPeers, () =>
  inFaulty({ users: USERS, groups: 5 }, async ({ slapd, root, folder, toml, serving }) => {
    await serving(toml("shrink_percent = 100"));
    await slapd.restart({ hidden: HIDDEN });
    await directory(folder, "refresh");
    await servedUsers(root, USERS / 2);
  }),
);
