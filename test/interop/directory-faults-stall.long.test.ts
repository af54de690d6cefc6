/** Servers that are there and say nothing, and an rpcbind that forgot: lookups do not notice, and all of it mends itself. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import {
  answersAtOnce,
  directory,
  inFaulty,
  lineOf,
  otherShell,
  RECOVERY_MS,
  servedUsers,
  statusBecomes,
  statusOf,
  userLines,
} from "../support/faulty-directory.ts";
import { userName } from "../support/ldif.ts";
import { waitFor } from "../support/namespace.ts";
import { startRpcbind } from "../support/nis.ts";
import { within } from "../support/slapd.ts";
import { needsPeers } from "../support/unpacked.ts";

const USERS = 400;
const PATIENCE_MS = 60_000;

test(
  "acceptance 7: slapd stopped with SIGSTOP: lookups take less than a millisecond, the reason is told, and it is read when it goes on",
  needsPeers,
  () =>
    inFaulty({ users: USERS, groups: 5 }, async (world) => {
      const { slapd, root, folder, toml, serving } = world;
      await serving(toml());
      const before = await userLines(root);
      await slapd.change(otherShell(userName(3), "/bin/later"));
      slapd.signal("SIGSTOP");
      const refreshed = directory(folder, "refresh");
      await statusBecomes(folder, ({ update }) => update.phase === "pulling", "the second update is under way");
      assert.match((await statusOf(folder)).text, /update 2 is under way \(pulling\)[\s\S]*source main: pulling/);
      await answersAtOnce(world, before);
      await statusBecomes(folder, ({ sources }) => sources[0]?.state === "failed", "thirty seconds of silence are enough", PATIENCE_MS);
      const { code, text } = await refreshed;
      assert.equal(code, 1);
      assert.match(text, /source main is failed: .*idle-timeout/);
      assert.match((await statusOf(folder)).text, /because of: main[\s\S]*source main: failed, .*idle-timeout/);
      await answersAtOnce(world, before);
      assert.deepEqual(await userLines(root), before);
      slapd.signal("SIGCONT");
      await statusBecomes(folder, ({ sources }) => sources[0]?.state === "ok", "it has been read again, with nobody asking for it", PATIENCE_MS);
      assert.match(await lineOf(root, userName(3)), /:\/bin\/later$/);
    }),
);

test("a server that accepts and says nothing is given up at the end of the update, and the real one is read when it is back", needsPeers, () =>
  inFaulty({ users: USERS, groups: 5 }, async (world) => {
    const { slapd, root, folder, toml, serving, machine } = world;
    await serving(toml("", "interval_seconds = 10"));
    const before = await userLines(root);
    await slapd.change(otherShell(userName(3), "/bin/later"));
    await slapd.kill();
    const accepted: unknown[] = [];
    const silent = createServer((socket) => void accepted.push(socket.on("error", () => undefined)));
    await within(machine, async () => {
      silent.listen(636, "127.0.0.1");
      await once(silent, "listening");
    });
    const shown = before.some((line) => line.endsWith(":/bin/later")) ? before : await userLines(root);
    await statusBecomes(
      folder,
      ({ sources: [main] }) => main?.state === "failed" && accepted.length > 0 && /timeout|not in time/.test(main.reason),
      "it is given up",
      PATIENCE_MS,
    );
    assert.match((await statusOf(folder)).text, /source main: failed, .*(timeout|not in time)/);
    await answersAtOnce(world, shown);
    assert.deepEqual(await userLines(root), shown);
    silent.close();
    for (const socket of accepted as { destroy(): void }[]) socket.destroy();
    await slapd.start();
    await statusBecomes(folder, ({ sources }) => sources[0]?.state === "ok", "it has been read again, with nobody asking for it", PATIENCE_MS);
    assert.match(await lineOf(root, userName(3)), /:\/bin\/later$/);
  }),
);

test(
  "rpcbind killed: systemd's users are there as before, the missing registration is told, and a new rpcbind knows us within 30 seconds",
  needsPeers,
  () =>
    inFaulty({ users: USERS, groups: 5 }, async (world) => {
      const { root, toml, serving } = world;
      const rpcbind = await startRpcbind(root);
      const ours = await serving(toml("", 'yp_register = "rpcbind"'));
      const before = await userLines(root);
      const registered = async (): Promise<boolean> => /100004 +2 +(tcp|udp) /.test((await root.run("rpcinfo", "-p", "127.0.0.1")).stdout);
      await waitFor(registered, RECOVERY_MS, "the registration");
      assert.match(await ours.control("show"), /registration: rpcbind/);
      rpcbind.kill();
      await rpcbind.exited;
      assert.deepEqual(await userLines(root), [], "control: nobody finds YP");
      await waitFor(async () => /not registered with rpcbind yet/.test(await ours.control("show")), RECOVERY_MS + 5000, "it is told");
      const { stdout } = await root.run("getent", "-s", "passwd:systemd", "passwd", userName(3));
      assert.match(stdout, new RegExp(`^${userName(3)}:`));
      await startRpcbind(root);
      assert.equal(await registered(), false, "control: the new one knows nothing");
      await waitFor(registered, RECOVERY_MS + 5000, "the registration is back");
      assert.match(await ours.control("show"), /registration: rpcbind/);
      await answersAtOnce(world, before);
      assert.deepEqual(await userLines(root), before);
    }),
);

test(
  "an engine that hangs is ended and started again; its users are served from the disk, also while slapd is away (directory §8.3)",
  needsPeers,
  () =>
    inFaulty({ users: USERS, groups: 5 }, async (world) => {
      const { root, toml, serving, slapd, folder } = world;
      const ours = await serving(toml());
      const before = await userLines(root);
      await waitFor(() => existsSync(join(folder, "leasehold.state/directory/snapshot")), PATIENCE_MS, "the snapshot is on disk");
      await slapd.kill();
      const engine = async (): Promise<number> => (await ours.show()).main.roles.find(({ name }) => name === "engine-directory")?.pid ?? -1;
      const hanging = await engine();
      await new Promise((resolve) => setTimeout(resolve, 20_000));
      assert.equal(await engine(), hanging, "control: who answers lives");
      process.kill(hanging, "SIGSTOP");
      await waitFor(() => ours.log().includes('"event":"roleHangs"'), PATIENCE_MS, "it is found out");
      await waitFor(async () => (await engine()) !== hanging, PATIENCE_MS, "another one is there");
      await servedUsers(root, USERS, ours.log);
      await answersAtOnce(world, before);
    }),
);
