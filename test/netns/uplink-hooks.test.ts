/** Hooks as the kernel sees them: who they are, what they hold, what they are told, and when they end. In a mount namespace of the test's own. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { LIMITS } from "../../src/base/limits.ts";
import { escapeText } from "../../src/base/text.ts";
import { check, CLONE, native } from "../../src/platform/native.ts";
import type { Log } from "../../src/ports/log.ts";
import { Hooks } from "../../src/roles/main/hooks.ts";
import { judgeExecutable } from "../../src/roles/main/hooks-file.ts";
import { runHook } from "../../src/roles/main/hooks-run.ts";
import { hookUser } from "../../src/roles/main/hooks-user.ts";
import { needsRoot, waitFor } from "../support/namespace.ts";
import { readIn, writeIn } from "../support/scratch.ts";

const OWN = { uid: 289_108, gid: 289_108 };
/** Root's alone all the way: what lies in /tmp could be put there by anybody. */
const ROOM = "/mnt";
/** Where a hook without rights may write. */
const OUT = `${ROOM}/out`;
if (process.getuid?.() === 0) {
  check(native().unshare(CLONE.newns), "unshare");
  execFileSync("mount", ["--make-rprivate", "/"]);
  execFileSync("mount", ["-t", "tmpfs", "-o", "mode=755", "tmpfs", ROOM]);
}

type Scene = {
  readonly hooks: Hooks;
  /** As the log would show it. */
  readonly logged: readonly string[];
  readonly happened: (name: string, event: string, record?: string) => void;
};

/** @param body a shell's commands */
function hook(body: string, mode = 0o755): string {
  return writeHook("hook", body, mode);
}
function writeHook(name: string, body: string, mode = 0o755): string {
  const path = writeIn(ROOM, name, `#!/bin/sh\n${body}\n`);
  chmodSync(path, mode);
  return path;
}

function story(name: string, tell: (scene: Scene) => Promise<void>): void {
  test(name, needsRoot, async () => {
    for (const left of readdirSync(ROOM)) rmSync(join(ROOM, left), { recursive: true });
    mkdirSync(OUT);
    chmodSync(OUT, 0o777);
    const logged: string[] = [];
    const log: Log = {
      write: (level, event, fields) => logged.push(escapeText([level, event, ...Object.values(fields)].join(" ")).replaceAll("\\\\", "\\")),
    };
    const hooks = new Hooks(OWN, log);
    const happened = (on: string, event: string, record = '{"a":1}\n'): void =>
      hooks.happened({ interface: on, event, record: new TextEncoder().encode(record) });
    await tell({ hooks, logged, happened });
  });
}
const ended = (logged: readonly string[], count = 1): Promise<unknown> => waitFor(() => logged.length >= count, 8000, "the hook ended");

story("a hook has an id of its own, no group, no capability, no way to more, three descriptors, and nothing of main's environment", async (scene) => {
  const { hooks, logged, happened } = scene;
  const tell = "cat /proc/self/status; ls -l /proc/self/fd; pwd";
  hooks.configure({
    run: hook(`{ ${tell}; } >${OUT}/seen 2>&1; env >${OUT}/env; cat >${OUT}/stdin`),
    user: undefined,
  });
  process.env["LEASEHOLD_TEST_SECRET"] = "secret";
  happened("wan0", "bound", '{"interface":"wan0","address":"192.0.2.10"}\n');
  await ended(logged);
  const seen = readIn(OUT, "seen");
  for (const ids of ["Uid", "Gid"]) assert.match(seen, new RegExp(`^${ids}:\\s+289108\\s+289108\\s+289108\\s+289108$`, "m"));
  assert.match(seen, /^Groups:\s*$/m);
  for (const set of ["Inh", "Prm", "Eff", "Bnd", "Amb"]) assert.match(seen, new RegExp(`^Cap${set}:\\s+0+$`, "m"));
  assert.match(seen, /^NoNewPrivs:\s+1$/m);
  const descriptors = [...seen.matchAll(/ (\d+) -> (\S+)/g)].filter(([, , to = ""]) => !to.startsWith("/proc/")); // of ls itself
  assert.deepEqual(
    descriptors.map(([, number]) => number),
    ["0", "1", "2"],
  );
  assert.match(seen, /^\/$/m);
  const environment = readIn(OUT, "env")
    .trim()
    .split("\n")
    .filter((line) => !/^(PWD|OLDPWD|SHLVL|_)=/.test(line)); // a shell's own
  assert.deepEqual(environment.sort(), [
    "LANG=C",
    "LC_ALL=C",
    "LEASEHOLD_EVENT=bound",
    "LEASEHOLD_INTERFACE=wan0",
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
  ]);
  assert.equal(readIn(OUT, "stdin"), '{"interface":"wan0","address":"192.0.2.10"}\n');
});
story("a name that a shell or a terminal could take for more is not in the environment; the record has it", async ({ hooks, logged, happened }) => {
  hooks.configure({ run: hook(`printf '%s' "<$LEASEHOLD_INTERFACE>" >${OUT}/name`), user: undefined });
  happened("a$(id)", "bound");
  await ended(logged);
  assert.equal(readIn(OUT, "name"), "<>");
});
story("a hook that anybody but root could have written does not run", async ({ hooks, logged, happened }) => {
  const path = hook(`echo ran >>${OUT}/ran`);
  const tries: readonly (readonly [string, () => void, () => void])[] = [
    ["writable by all", () => chmodSync(path, 0o757), () => chmodSync(path, 0o755)],
    ["writable by its group", () => chmodSync(path, 0o775), () => chmodSync(path, 0o755)],
    ["another's", () => chownSync(path, 1000, 0), () => chownSync(path, 0, 0)],
    ["not executable", () => chmodSync(path, 0o644), () => chmodSync(path, 0o755)],
    ["in a folder writable by all", () => chmodSync(ROOM, 0o757), () => chmodSync(ROOM, 0o755)],
    ["in a sticky folder writable by all", () => chmodSync(ROOM, 0o1777), () => chmodSync(ROOM, 0o755)],
    ["in another's folder", () => chownSync(ROOM, 1000, 0), () => chownSync(ROOM, 0, 0)],
  ];
  hooks.configure({ run: path, user: undefined });
  for (const [count, [what, spoil, mend]] of tries.entries()) {
    spoil();
    happened("wan0", "bound");
    await ended(logged, count + 1);
    mend();
    assert.match(logged[count] ?? "", /error hookRefused/, what);
    assert.ok(!existsSync(`${OUT}/ran`), what);
  }
  happened("wan0", "bound");
  await ended(logged, tries.length + 1);
  assert.equal(readIn(OUT, "ran"), "ran\n", "mended, it runs (control)");
});
test("the way to a hook is followed through every link, and each step is judged", needsRoot, () => {
  for (const left of readdirSync(ROOM)) rmSync(join(ROOM, left), { recursive: true });
  const real = writeHook("sound/hook", "true");
  mkdirSync(join(ROOM, "open"));
  symlinkSync("../sound/hook", join(ROOM, "open/link"));
  symlinkSync("open/link", join(ROOM, "first"));
  symlinkSync(join(ROOM, "loop"), join(ROOM, "loop"));
  assert.deepEqual(judgeExecutable(join(ROOM, "first")), { path: real });
  assert.deepEqual(judgeExecutable(`${ROOM}/open/../sound/./hook`), { path: real });
  chmodSync(join(ROOM, "open"), 0o777);
  for (const path of [join(ROOM, "first"), join(ROOM, "open/link"), "hook", join(ROOM, "loop"), join(ROOM, "sound"), join(ROOM, "none"), `${real}/x`])
    assert.ok("refused" in judgeExecutable(path), path);
});
story("control characters that a hook prints reach no log, and only its last line is kept", async ({ hooks, logged, happened }) => {
  hooks.configure({ run: hook("echo first >&2; printf 'bad \\033[2J\\a line \\342\\200\\256' >&2; exit 7"), user: undefined });
  happened("wan0", "bound");
  await ended(logged);
  assert.equal(logged[0], `warn hookFailed ${ROOM}/hook wan0 bound exit code 7 bad \\u{1b}[2J\\u{7} line \\u{202e}`);
});
story("a hook that writes without end is heard to its end, and little of it is kept", async ({ hooks, logged, happened }) => {
  hooks.configure({ run: hook("head -c 3000000 /dev/zero | tr '\\0' x >&2; exit 1"), user: undefined });
  happened("wan0", "bound");
  await ended(logged);
  assert.ok((logged[0]?.length ?? 0) < 3000);
});
story("a hook that does not read what it is told does no harm", async ({ hooks, logged, happened }) => {
  hooks.configure({ run: hook("exec <&-; sleep 0.2"), user: undefined });
  happened("wan0", "bound", `{"a":"${"x".repeat(60_000)}"}\n`);
  await ended(logged);
  assert.match(logged[0] ?? "", /exit code 0/);
});
story("what a hook leaves behind in its group ends with it", async ({ hooks, logged, happened }) => {
  hooks.configure({ run: hook(`sleep 1000 & echo $! >${OUT}/child; exit 0`), user: undefined });
  happened("wan0", "bound");
  await ended(logged);
  const child = Number(readIn(OUT, "child"));
  assert.ok(child > 1);
  await waitFor(() => isGone(child), 2000, "its child ended");
});
story("one hook runs for an interface at a time, and of one event only the latest waits; four run at once", async (scene) => {
  const { hooks, logged, happened } = scene;
  const count = `mkdir ${OUT}/run.$$; ls -d ${OUT}/run.* | wc -l >>${OUT}/parallel; cat >>${OUT}/order; sleep 0.3; rmdir ${OUT}/run.$$`;
  hooks.configure({ run: hook(count), user: undefined });
  happened("wan0", "bound", '{"n":0}\n');
  await waitFor(() => readIn(OUT, "order") !== "", 5000, "the first runs");
  for (const n of [1, 2, 3]) happened("wan0", "renew", `{"n":${n}}\n`);
  happened("wan0", "expire", '{"n":4}\n');
  await ended(logged, 3);
  await delay(300);
  assert.equal(readIn(OUT, "order"), '{"n":0}\n{"n":3}\n{"n":4}\n');
  assert.equal(readIn(OUT, "parallel").replaceAll(" ", ""), "1\n1\n1\n");
  for (const n of [0, 1, 2, 3, 4, 5]) happened(`eth${n}`, "bound");
  await ended(logged, 9);
  assert.deepEqual(Math.max(...readIn(OUT, "parallel").trim().split(/\s+/).map(Number)), 4);
});
story("an event is never waited for: whoever tells of it goes on first", async ({ hooks, logged, happened }) => {
  hooks.configure({ run: hook(`touch ${OUT}/ran`), user: undefined });
  const childrenOf = (): string => readFileSync("/proc/thread-self/children", "utf8");
  const before = childrenOf();
  happened("wan0", "bound");
  assert.equal(childrenOf(), before, "nothing is started while the message is handled");
  await ended(logged);
});
story("more events than may wait cost the oldest, and that is said", async ({ hooks, logged, happened }) => {
  hooks.configure({ run: hook("sleep 0.1"), user: undefined });
  for (let n = 0; n < 258; n++) happened(`v${n}`, "bound");
  assert.deepEqual(logged, ["warn hookDropped v0 bound", "warn hookDropped v1 bound"]);
  hooks.configure(undefined);
  await ended(logged, 3).catch(() => undefined);
  assert.ok(logged.length <= 6, "without a hook in the configuration nothing more is run");
});
story("as root it has root's rights, and that is said", async ({ hooks, logged, happened }) => {
  hooks.configure({ run: hook(`cat /proc/self/status >${OUT}/seen`), user: "root" });
  assert.deepEqual(logged, [`warn hooksRunAsRoot ${ROOM}/hook`]);
  happened("wan0", "bound");
  await ended(logged, 2);
  assert.match(readIn(OUT, "seen"), /^Uid:\s+0\s+0/m);
  assert.doesNotMatch(readIn(OUT, "seen"), /^CapEff:\s+0+$/m);
});
story("as an account of the machine it has that one's ids and no capability; an account that is not there runs nothing", async (scene) => {
  const { hooks, logged, happened } = scene;
  const nobody = hookUser("nobody")?.ids;
  hooks.configure({ run: hook(`cat /proc/self/status >${OUT}/seen`), user: "nobody" });
  happened("wan0", "bound");
  await ended(logged);
  assert.match(readIn(OUT, "seen"), new RegExp(`^Uid:\\s+${nobody?.uid}\\s`, "m"));
  assert.match(readIn(OUT, "seen"), /^CapEff:\s+0+$/m);
  hooks.configure({ run: hook("true"), user: "who-is-that" });
  assert.match(logged[1] ?? "", /error hookRefused .* there is no user who-is-that/);
  happened("wan0", "bound");
  await delay(300);
  assert.equal(logged.length, 2);
});
story("a hook that forks and hangs is killed in time with all its group, whatever signals it passes over (I15)", async () => {
  const path = hook(`sleep 1000 & echo $! $$ >${OUT}/pids; trap '' TERM HUP INT; while :; do sleep 1; done`);
  const happening = { interface: "wan0", event: "bound", record: new TextEncoder().encode("{}\n") };
  const end = await runHook({ path, ids: OWN, noCapabilities: true }, happening, 1);
  assert.deepEqual(end, { failed: true, how: "killed after 1 s", said: "" });
  for (const pid of readIn(OUT, "pids").trim().split(" ").map(Number)) await waitFor(() => isGone(pid), 2000, `${pid} ended`);
  assert.equal(LIMITS.hookSeconds, 30, "what it gets when nobody says otherwise");
});

function isGone(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return true;
  }
}
