/** The launcher: what a child has and has not, as the kernel shows it from outside. */
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, test } from "node:test";
import { launcherArguments, type Role, type RoleEnd, type RoleLaunch, runtimeReadPaths, spawnRole } from "../../src/platform/launcher.ts";
import { check, checkPoll, native, nativeFolder, SOCK } from "../../src/platform/native.ts";

const sys = native();
const LAUNCHER = `${nativeFolder()}leasehold-launcher`;
const NODE = process.execPath;
const needsRoot = process.getuid?.() === 0 ? false : "needs root";
const hasLandlock = sys.landlockAbi() > 0;
const IDS = { uid: 61001, gid: 61002 };
const SYS_CHROOT = 18n;
const DAC_READ_SEARCH = 2n;
const THE_TWO = (1n << SYS_CHROOT) | (1n << DAC_READ_SEARCH);

const folder = mkdtempSync(join(tmpdir(), "launcher-"));
chmodSync(folder, 0o755);
after(() => rmSync(folder, { recursive: true }));

/** Reports through descriptor 3, then waits to be looked at. */
function reporting(expression: string): string[] {
  return [
    "-e",
    `const attempt=(f)=>{try{return f()}catch(e){return e.code??String(e)}}; const fs=require("fs"); const it=${expression}; fs.writeSync(3, JSON.stringify(it)); setInterval(()=>{},1000)`,
  ];
}

type Started = {
  readonly role: Role;
  readonly said: unknown;
  readonly status: ReadonlyMap<string, string>;
  readonly threads: readonly ReadonlyMap<string, string>[];
  readonly environment: readonly string[];
  readonly fds: ReadonlyMap<string, string>;
};

function ended(role: Role): Promise<RoleEnd> {
  return new Promise((resolve) => role.onExit(resolve));
}

/** Starts a child, waits for its first message and looks at it in /proc; the child is gone when this returns. */
async function start(launch: Omit<RoleLaunch, "channelFd" | "program">): Promise<Started> {
  const pair = new Int32Array(2);
  check(sys.socketPair(SOCK.seqpacket, pair), "socketpair");
  const [ours = -1, theirs = -1] = pair;
  const role = spawnRole({ program: NODE, channelFd: theirs, ...launch });
  check(sys.close(theirs), "close");
  try {
    const bytes = new Uint8Array(65536);
    const length = await new Promise<number>((resolve) => {
      const poll = checkPoll(
        sys.pollNew(ours, () => {
          sys.pollClose(poll);
          resolve(sys.recvMessage(ours, bytes, new Int32Array(1)));
        }),
      );
    });
    assert.ok(length > 0, `the child ended: ${JSON.stringify(length === 0 ? await ended(role) : length)}`);
    return { role, said: JSON.parse(Buffer.from(bytes.subarray(0, length)).toString()), ...look(role.pid) };
  } finally {
    role.kill("SIGKILL");
    await ended(role);
    check(sys.close(ours), "close");
  }
}

function look(pid: number): Pick<Started, "status" | "threads" | "environment" | "fds"> {
  const names = readdirSync(`/proc/${pid}/fd`);
  return {
    status: statusOf(`/proc/${pid}/status`),
    threads: readdirSync(`/proc/${pid}/task`).map((tid) => statusOf(`/proc/${pid}/task/${tid}/status`)),
    environment: readFileSync(`/proc/${pid}/environ`, "utf8")
      .split("\0")
      .filter((entry) => entry !== ""),
    fds: new Map(names.map((name) => [name, readlinkSync(`/proc/${pid}/fd/${name}`)])),
  };
}

function statusOf(path: string): ReadonlyMap<string, string> {
  const lines = readFileSync(path, "utf8").trim().split("\n");
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]));
}

function capabilities(status: ReadonlyMap<string, string>): readonly bigint[] {
  return ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map((set) => BigInt(`0x${status.get(set)}`));
}

test("a child has the ids asked for, no groups, and exactly the two capabilities that it needs until its fence stands", {
  skip: needsRoot,
}, async () => {
  const { status } = await start({ ...IDS, args: reporting("1") });
  assert.equal(status.get("Uid"), "61001\t61001\t61001\t61001");
  assert.equal(status.get("Gid"), "61002\t61002\t61002\t61002");
  assert.equal(status.get("Groups"), "");
  assert.deepEqual(capabilities(status), [THE_TWO, THE_TWO, THE_TWO, THE_TWO, THE_TWO]);
  assert.deepEqual([status.get("NoNewPrivs"), status.get("Seccomp")], ["1", "2"]);
});

test("capabilities can be named, or none be kept", { skip: needsRoot }, async () => {
  const more = await start({ ...IDS, keepCapabilities: ["net_raw"], args: reporting("1") });
  assert.deepEqual(capabilities(more.status), new Array(5).fill(THE_TWO | (1n << 13n)));
  const none = await start({ ...IDS, noCapabilities: true, args: reporting("1") });
  assert.deepEqual(capabilities(none.status), new Array(5).fill(0n));
});

test("the fence's last step empties what the launcher kept, in every thread", { skip: needsRoot }, async () => {
  const empty = join(folder, "empty");
  mkdirSync(empty);
  const step = `(()=>{const n=require(${JSON.stringify(`${nativeFolder()}leasehold.node`)}); const t=n.open("/proc/self/task",0o200000,0); return [t>2, n.chroot(${JSON.stringify(empty)}), n.clearCapabilities(t), n.close(t), fs.readdirSync("/").length,
    attempt(()=>n.chroot("/"))]})()`;
  const { said, threads } = await start({ ...IDS, args: reporting(step) });
  assert.deepEqual(said, [true, 0, 0, -9, 0, -1]);
  assert.ok(threads.length > 5);
  for (const thread of threads)
    assert.deepEqual(
      capabilities(thread).filter((_, set) => set !== 3),
      [0n, 0n, 0n, 0n],
    ); // the bounding set gives nothing by itself
});

test("the environment is what was asked for and nothing else", async () => {
  const { environment } = await start({ args: reporting("process.env"), env: { TZ: "UTC", EMPTY: "" } });
  assert.deepEqual(environment, ["TZ=UTC", "EMPTY="]);
});

test("variables that change what Node loads or writes never pass the launcher", () => {
  const dangerous = {
    NODE_OPTIONS: "--require=/nowhere.cjs",
    NODE_PATH: "/nowhere",
    NODE_EXTRA_CA_CERTS: "/nowhere",
    SSLKEYLOGFILE: "/nowhere",
    LD_PRELOAD: "/nowhere.so",
    PATH: "/bin",
  };
  const done = spawnSync(LAUNCHER, ["--", NODE, "-p", "JSON.stringify(process.env)"], { env: dangerous, encoding: "utf8" });
  assert.equal(done.stdout, "{}\n", done.stderr);
});

test("descriptors are the standard three and those named, in order; nothing else is open", async () => {
  const leak = openSync("/etc/passwd", "r"); // close-on-exec, as Node opens everything
  const extra = [openSync("/dev/null", "r"), openSync("/dev/zero", "r")];
  const { fds } = await start({ args: reporting("1"), extraFds: extra });
  assert.match(fds.get("3") ?? "", /^socket:/);
  assert.deepEqual([fds.get("4"), fds.get("5")], ["/dev/null", "/dev/zero"]);
  assert.ok(![...fds.values()].includes("/etc/passwd"));
  for (const fd of [leak, ...extra]) check(sys.close(fd), "close");

  // Inherited ones that nobody named, as a shell would leave them behind; and two that are each other's target.
  const script = `exec 3</dev/null 4</dev/zero 9</etc/passwd; exec "$0" --keep-fd 4 --keep-fd 3 -- /bin/ls -l /proc/self/fd`;
  const listing = execFileSync("/bin/sh", ["-c", script, LAUNCHER], { encoding: "utf8" });
  assert.match(listing, /3 -> \/dev\/zero\n[^\n]*4 -> \/dev\/null\n/);
  assert.ok(!listing.includes("passwd"));
});

test("limits hold, core files are off, and an empty network has one interface that is down", { skip: needsRoot }, async () => {
  const { said, role } = await start({
    ...IDS,
    newNet: true,
    maxFds: 64,
    args: reporting(
      `[fs.readFileSync("/proc/self/limits","utf8"), Object.keys(require("os").networkInterfaces()), fs.readFileSync("/proc/self/net/dev","utf8").match(/^ *\\w+(?=:)/gm).map((name)=>name.trim())]`,
    ),
  });
  const [limits, up, all] = said as [string, string[], string[]];
  assert.match(limits, /Max core file size\s+0\s+0/);
  assert.match(limits, /Max open files\s+64\s+64/);
  assert.deepEqual([up, all], [[], ["lo"]]);
  assert.ok(role.pid > 1);
});

test("io_uring answers ENOSYS before the program's first instruction", async () => {
  execFileSync(NODE, [fileURLToPath(new URL("../../scripts/build-native.mjs", import.meta.url)), "--attack"], { stdio: "ignore" });
  const params = "new Uint8Array(120)";
  const { said } = await start({
    args: reporting(
      `(()=>{const a=require(${JSON.stringify(`${nativeFolder()}attack.node`)}); const p=${params}; return [425,426,427,0x40000000+425,0x40000000+39].map((nr)=>a.rawSyscall(nr,1,a.addressOf(p)))})()`,
    ),
  });
  assert.deepEqual(said, [-38, -38, -38, -38, -38]);
});

test("with Landlock node starts from its own files alone, and nothing else can be read or written", {
  skip: hasLandlock ? needsRoot : "needs Landlock",
}, async () => {
  const bundle = join(folder, "private");
  mkdirSync(bundle, { mode: 0o700 }); // as root's checkout may be: entered by dac_read_search only
  writeFileSync(join(bundle, "hello.cjs"), "exports.hello = 'from a private folder';");
  const paths = [...runtimeReadPaths(), bundle, nativeFolder()];
  const attempts = `[require(${JSON.stringify(join(bundle, "hello.cjs"))}).hello, typeof require(${JSON.stringify(`${nativeFolder()}leasehold.node`)}).socket,
    attempt(()=>fs.readFileSync("/etc/passwd").length), attempt(()=>fs.readdirSync("/")), attempt(()=>fs.writeFileSync(${JSON.stringify(join(bundle, "x"))},"")), attempt(()=>fs.writeFileSync("/tmp/x-launcher-test","")),
    attempt(()=>fs.mkdirSync("/tmp/y-launcher-test")), attempt(()=>fs.readFileSync("/proc/1/environ").length), attempt(()=>require("child_process").execFileSync("/bin/true"))]`;
  const { said, fds } = await start({ ...IDS, args: reporting(attempts), landlockRead: paths });
  assert.deepEqual(said, ["from a private folder", "function", "EACCES", "EACCES", "EACCES", "EACCES", "EACCES", "EACCES", "EACCES"]);
  assert.ok(fds.size > 3);
});

test("a child ends with its parent, and does not start when the parent has changed", { skip: needsRoot }, async () => {
  const go = ["--uid", "61001", "--gid", "61002", "--pdeathsig", "9"];
  const orphan = `const c=require("child_process").spawn(${JSON.stringify(LAUNCHER)},[...${JSON.stringify(go)},"--parent",String(process.pid),"--","/bin/sleep","1000"],{stdio:"ignore"}); console.log(c.pid); setInterval(()=>{},1000)`;
  const parent = spawn(NODE, ["-e", orphan], { stdio: ["ignore", "pipe", "inherit"] });
  const pid = Number(await new Promise<string>((resolve) => parent.stdout.once("data", (text: Buffer) => resolve(text.toString()))));
  await waitFor(() => readFileSync(`/proc/${pid}/comm`, "utf8") === "sleep\n"); // ids have changed and exec has happened
  parent.kill("SIGKILL");
  await waitFor(() => !isAlive(pid));
  const wrong = spawnSync(LAUNCHER, [...go, "--parent", "1", "--", "/bin/true"], { encoding: "utf8" });
  assert.deepEqual([wrong.status, wrong.stderr], [125, "leasehold-launcher: --parent: No such process\n"]);
});

async function waitFor(fact: () => boolean): Promise<void> {
  const deadline = sys.bootTimeMs() + 5000;
  while (!fact()) {
    assert.ok(sys.bootTimeMs() < deadline, "waited 5 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Whether the process runs: a zombie that waits for init to collect it does not. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

test("an ordinary user gets a network of their own through a user namespace", () => {
  const launcher = join(folder, "leasehold-launcher"); // where an ordinary user can reach it
  copyFileSync(LAUNCHER, launcher);
  chmodSync(launcher, 0o755);
  const line = [
    launcher,
    "--new-user",
    "--new-net",
    "--new-mount",
    "--no-io-uring",
    "--",
    "/bin/sh",
    "-c",
    "cat /proc/self/uid_map /proc/self/setgroups; ip -o link | wc -l; ip link set lo up && echo up",
  ];
  const command = needsRoot === false ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", ...line] : line;
  const done = spawnSync(command[0] ?? "", command.slice(1), { encoding: "utf8", cwd: "/" });
  const uid = needsRoot === false ? 65534 : (process.getuid?.() ?? 0);
  assert.match(done.stdout, new RegExp(`^\\s*0\\s+${uid}\\s+1\\ndeny\\n1\\nup\\n$`), done.stderr);
});

test("an ordinary user who asks for rights they have not is refused: it fails closed", () => {
  const launcher = join(folder, "launcher-closed");
  copyFileSync(LAUNCHER, launcher);
  chmodSync(launcher, 0o755);
  for (const [option, step] of [
    [["--uid", "5", "--gid", "5"], /bounding set|keepcaps|setgroups/],
    [["--new-net"], /--new-net/],
  ] as const) {
    const line = [launcher, ...option, "--", "/bin/echo", "ran"];
    const command = needsRoot === false ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", ...line] : line;
    const done = spawnSync(command[0] ?? "", command.slice(1), { encoding: "utf8", cwd: "/" });
    assert.deepEqual([done.status, done.stdout], [125, ""]);
    assert.match(done.stderr, step);
  }
});

test("every step that cannot be done ends with 125 and one line, before the program runs", () => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [["--keep-fd", "77"], "--keep-fd: Bad file descriptor"],
    [["--landlock-read", "/nowhere"], hasLandlock ? "/nowhere: No such file or directory" : ""],
    [["--chdir", "/nowhere"], "--chdir: No such file or directory"],
    [["--uid", "5"], "--uid: --uid and --gid go together"],
    [["--uid", "-1", "--gid", "5"], "--uid: not a number in range"],
    [["--uid", "4294967295", "--gid", "5"], "--uid: not a number in range"],
    [["--uid", "5x", "--gid", "5"], "--uid: not a number in range"],
    [["--keep-cap", "everything"], "everything: not a capability"],
    [["--env", "novalue"], "--env: not K=V"],
    [["--unknown", "x"], "--unknown: unknown option"],
    [["--new-user", "--uid", "5", "--gid", "5"], "--new-user: does not go with --uid"],
    [["--pdeathsig", "99"], "--pdeathsig: not a number in range"],
    [["--parent", "1"], "--parent: needs --pdeathsig"],
    [["--chdir"], "--chdir: unknown, or without its value"],
  ];
  for (const [options, line] of cases.filter(([, line]) => line !== "")) {
    const done = spawnSync(LAUNCHER, [...options, "--", "/bin/echo", "ran"], { encoding: "utf8" });
    assert.deepEqual([done.status, done.stdout, done.stderr], [125, "", `leasehold-launcher: ${line}\n`]);
  }
  for (const program of [[], ["--"], ["--", "echo"], ["--", "/nowhere"]]) assert.equal(spawnSync(LAUNCHER, program).status, 125);
  const help = spawnSync(LAUNCHER, ["--help"], { encoding: "utf8" });
  assert.equal(help.status, 0);
  const built = launcherArguments(
    {
      program: NODE,
      args: [],
      channelFd: 3,
      extraFds: [7],
      ...IDS,
      env: { A: "b" },
      keepCapabilities: ["net_raw"],
      noCapabilities: true,
      newNet: true,
      newMount: true,
      newUser: true,
      landlockRead: ["/"],
      maxFds: 9,
      chdir: "/",
    },
    1,
  );
  for (const option of built.slice(0, built.indexOf("--")).filter((word) => word.startsWith("--")))
    assert.ok(help.stdout.includes(option), `--help has ${option}`);
});

test("how a child ended is told, also to those who ask late", async () => {
  const pair = new Int32Array(2);
  check(sys.socketPair(SOCK.seqpacket, pair), "socketpair");
  const role = spawnRole({ program: NODE, args: ["-e", "process.exit(7)"], channelFd: pair[1] ?? -1 });
  assert.deepEqual(await ended(role), { code: 7, signal: null });
  assert.deepEqual(await ended(role), { code: 7, signal: null });
  assert.equal(role.kill("SIGKILL"), false);
  for (const fd of pair) check(sys.close(fd), "close");
});
