/** Servers that fail with a directory in their hands: what was good stays, and is told as fast as before. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { userName } from "../support/ldif.ts";
import {
  answersAtOnce,
  directory,
  inFaulty,
  lineOf,
  lookUp,
  otherShell,
  servedUsers,
  statusBecomes,
  statusOf,
  userLines,
} from "../support/faulty-directory.ts";
import { waitFor } from "../support/namespace.ts";
import { needsPeers } from "../support/unpacked.ts";

const USERS = 1000;
const PATIENCE_MS = 20_000;

test("acceptance 2: slapd killed in the middle of a page: the old maps stay, the reason is told, and it comes back by itself", needsPeers, () =>
  inFaulty({ users: USERS, groups: 5 }, async (world) => {
    const { slapd, root, folder, toml, serving, machine } = world;
    await serving(toml("page_size = 1"));
    const before = await userLines(root);
    await slapd.change(otherShell(userName(3), "/bin/later"));
    slapd.signal("SIGSTOP");
    const refreshed = directory(folder, "refresh");
    await statusBecomes(folder, ({ update }) => update.phase === "pulling", "the second update is under way");
    slapd.signal("SIGCONT");
    await waitFor(
      async (see) => {
        const { stdout } = await machine.exec("ss", "-Htin", "sport", "=", ":636");
        see(stdout);
        return [...stdout.matchAll(/bytes_sent:(\d+)/g)].some(([, bytes]) => Number(bytes) > 20_000); // a certificate, and pages behind it
      },
      PATIENCE_MS,
      "pages have come",
    );
    await slapd.kill();
    const { code, text } = await refreshed;
    assert.equal(code, 1, text);
    assert.match(text, /changed nothing, because of: main\nsource main is failed: (directory\.test: )?users: (closed|broken)/);
    const { text: said, view } = await statusOf(folder);
    assert.match(said, /1000 users and 5 groups are served[\s\S]*because of: main[\s\S]*source main: failed, .*users: (closed|broken)/);
    assert.deepEqual([view.update.heldBy, view.sources[0]?.state, view.snapshot?.users], ["main", "failed", USERS]);
    assert.deepEqual(await userLines(root), before);
    await answersAtOnce(world, before);
    await slapd.start();
    await statusBecomes(folder, ({ sources }) => sources[0]?.state === "ok", "it has been read again, with nobody asking for it");
    assert.match(await lineOf(root, userName(3)), /:\/bin\/later$/);
    assert.equal((await userLines(root)).length, USERS);
  }),
);

test("control: with a server that lives the same change is served; an engine that is stopped is seen to answer late", needsPeers, () =>
  inFaulty({ users: 50, groups: 5 }, async ({ slapd, root, folder, toml, serving, machine }) => {
    const ours = await serving(toml("page_size = 1"));
    await slapd.change(otherShell(userName(3), "/bin/later"));
    assert.equal((await directory(folder, "refresh")).code, 0);
    assert.match(await lineOf(root, userName(3)), /:\/bin\/later$/);
    const engine = (await ours.show()).main.roles.find(({ name }) => name === "engine-directory")?.pid ?? -1;
    process.kill(engine, "SIGSTOP");
    const looked = lookUp({ machine, root }, [userName(1)]);
    await waitFor(
      async () => (await machine.attempt("pgrep", "--ns", `${ours.program.pid}`, "--nslist", "net", "-x", "ypmatch")).stdout !== "",
      PATIENCE_MS,
      "somebody waits",
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    process.kill(engine, "SIGCONT");
    const { slowestMs, lines } = await looked;
    assert.ok(slowestMs > 100, `${slowestMs} ms`);
    assert.equal(lines.length, 1);
  }),
);

test("acceptance 3: with sizelimit 500 a directory of 1,000 is refused, the reason is told, and all are served as before", needsPeers, () =>
  inFaulty({ users: USERS, groups: 5 }, async (world) => {
    const { slapd, root, folder, toml, serving } = world;
    await serving(toml());
    const before = await userLines(root);
    await slapd.restart({ sizeLimit: 500 });
    await slapd.change(otherShell(userName(3), "/bin/later"));
    const { code, text } = await directory(folder, "refresh");
    assert.equal(code, 1);
    assert.match(text, /changed nothing[\s\S]*source main is failed: .*users: search-refused 4 \(sizeLimitExceeded\)/);
    const { text: said, view } = await statusOf(folder);
    assert.match(said, /source main: failed, .*search-refused 4 \(sizeLimitExceeded\)/);
    assert.match(view.sources[0]?.reason ?? "", /users: search-refused 4 \(sizeLimitExceeded\)$/);
    await answersAtOnce(world, before);
    assert.deepEqual(await userLines(root), before);
    await slapd.restart({ sizeLimit: 5000 });
    await statusBecomes(folder, ({ sources }) => sources[0]?.state === "ok", "it has been read again, with nobody asking for it");
    assert.match(await lineOf(root, userName(3)), /:\/bin\/later$/);
  }),
);

test("control: the same limit over 400 users refuses nothing", needsPeers, () =>
  inFaulty({ users: 400, groups: 5, sizeLimit: 500 }, async ({ folder, toml, serving, root }) => {
    await serving(toml());
    assert.equal((await directory(folder, "refresh")).code, 0);
    await servedUsers(root, 400);
  }),
);
