/** The fences of `leasehold run` as the kernel tells of them from outside: nothing here is asked of the program. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type FenceReport, reportFence, reportFences, statusOf } from "../../src/platform/fence/report.ts";
import { type Namespace, needsRoot, waitFor, withNamespaces } from "../support/namespace.ts";
import { childrenOf } from "../support/processes.ts";
import { Program, type Shown } from "./program.ts";

const INSTALLATION = fileURLToPath(new URL("../..", import.meta.url));
const NOBODY = 65534;

/** What main needs, and why; it gets nothing else. Numbers of linux/capability.h. */
const MAIN_CAPABILITIES = new Map([
  [0, "chown: the control socket's group"],
  [1, "dac_override: folders that belong to roles' ids"],
  [2, "dac_read_search: what it passes on to roles for their chroot"],
  [5, "kill: ending roles, which have other ids"],
  [6, "setgid: ids of roles"],
  [7, "setuid: ids of roles"],
  [8, "setpcap: emptying the bounding set of roles"],
  [10, "net_bind_service: ports below 1024"],
  [12, "net_admin: addresses and routes"],
  [13, "net_raw: packet sockets"],
  [18, "sys_chroot: what it passes on to roles"],
  [21, "sys_admin: empty network namespaces"],
]);
/** A caller's environment that would turn Node into something else. */
const HOSTILE = {
  NODE_OPTIONS: "--inspect=127.0.0.1:9333",
  NODE_PATH: "/tmp",
  NODE_EXTRA_CA_CERTS: "/tmp/ca.pem",
  NODE_DEBUG: "net",
  SSLKEYLOGFILE: "/tmp/keys",
  OPENSSL_CONF: "/tmp/openssl.cnf",
  LD_DEBUG: "",
  UV_THREADPOOL_SIZE: "1",
};

async function withProgram(body: (program: Program, namespace: Namespace) => Promise<void>, env: NodeJS.ProcessEnv = {}): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "leasehold-proc-"));
  try {
    await withNamespaces(["gateway"], async ({ gateway }) => {
      await Program.withUplink(gateway);
      await body(new Program(gateway, { installation: INSTALLATION, scratch, env }), gateway);
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

type Seen = { readonly name: string; readonly report: FenceReport };
function reports({ roles }: Shown): readonly Seen[] {
  return roles.map(({ name, pid }) => ({ name, report: reportFence(pid) }));
}

test("every role stands behind its fence: own ids, no right, a filter over every thread, nothing of the file system", needsRoot, () =>
  withProgram(async (program) => {
    const shown = await program.allRoles();
    const seen = reports(shown);
    assert.deepEqual(seen.map(({ name }) => name).sort(), [
      "control",
      "engine-directory",
      "engine-lan",
      "engine-uplink4",
      "engine-uplink6",
      "fetcher",
      "frontend",
    ]);
    // The launcher puts two filters up before exec; the fence's is the third, and in every thread.
    const filters = reportFence(shown.pid).filters + 3;
    const strangers = othersIds(new Set([shown.pid, ...shown.roles.map(({ pid }) => pid)]));
    for (const { name, report } of seen) {
      const { capabilities, noNewPrivileges, filtered, rootIsEmpty, uid, gid } = report;
      assert.deepEqual(
        { name, capabilities, noNewPrivileges, filtered, rootIsEmpty },
        { name, capabilities: 0n, noNewPrivileges: true, filtered: true, rootIsEmpty: true },
      );
      assert.equal(report.filters, filters, name);
      assert.equal(uid, gid);
      assert.ok(![0, NOBODY].includes(uid) && !strangers.has(uid), `${name} runs as ${uid}`);
    }
    assert.equal(new Set(seen.map(({ report }) => report.uid)).size, seen.length, "no two roles share an id");
    // The bounding set keeps what the launcher passed on for chroot: emptying it would take one more right. Without exec it is moot.
    for (const { name, pid } of shown.roles)
      for (const set of ["CapPrm", "CapInh", "CapAmb"]) assert.equal(Number(`0x${statusOf(`/proc/${pid}/status`).get(set)}`), 0, `${set} of ${name}`);
  }),
);

test("main has the capabilities it needs and no others", needsRoot, () =>
  withProgram(async (program) => {
    const { pid } = await program.allRoles();
    const { capabilities, noNewPrivileges } = reportFence(pid);
    assert.deepEqual(
      Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => (capabilities >> BigInt(bit)) & 1n),
      [...MAIN_CAPABILITIES.keys()],
    );
    assert.equal(noNewPrivileges, true);
  }),
);

test("engines and control are in network namespaces of their own, with a loopback that is down and nothing else", needsRoot, () =>
  withProgram(async (program) => {
    const shown = await program.allRoles();
    const main = reportFence(shown.pid).network;
    const networks = new Map(reports(shown).map(({ name, report }) => [name, report]));
    for (const name of ["frontend", "fetcher"]) assert.equal(networks.get(name)?.network, main, name);
    const apart = ["engine-uplink4", "engine-uplink6", "engine-lan", "engine-directory", "control"];
    for (const name of apart) {
      const report = networks.get(name);
      assert.ok(report !== undefined && report.network !== main && report.network !== readlinkSync("/proc/self/ns/net"));
      const lines = readFileSync(`/proc/${report.pid}/net/dev`, "utf8").trim().split("\n").slice(2);
      assert.deepEqual(
        lines.map((line) => line.split(":")[0]?.trim()),
        ["lo"],
      );
      assert.equal(readFileSync(`/proc/${report.pid}/net/if_inet6`, "utf8"), "", "an interface that is up has an address");
      assert.doesNotMatch(readFileSync(`/proc/${report.pid}/net/fib_trie`, "utf8"), /LOCAL/);
    }
    assert.equal(new Set(apart.map((name) => networks.get(name)?.network)).size, apart.length, "no two share one");
  }),
);

test("nothing of the caller's environment reaches main or a role, and no memory can be dumped or read", needsRoot, () =>
  withProgram(async (program) => {
    const shown = await program.allRoles();
    for (const { name, pid } of [{ name: "main", pid: shown.pid }, ...shown.roles]) {
      assert.equal(readFileSync(`/proc/${pid}/environ`, "utf8"), "", `environment of ${name}`);
      assert.match(readFileSync(`/proc/${pid}/limits`, "utf8"), /^Max core file size +0 +0 /m, name);
    }
    for (const { name, pid } of shown.roles)
      assert.equal(statSync(`/proc/${pid}/mem`).uid, 0, `${name}: the kernel gives the files of a process that may be dumped to its own id`);
  }, HOSTILE),
);

test("a role holds sockets and event descriptors, and no file, folder or device but an empty input; the server its journal", needsRoot, () =>
  withProgram(async (program) => {
    const shown = await program.allRoles();
    for (const { name, pid } of shown.roles) {
      const targets = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => targetOf(pid, fd));
      const odd = targets.filter(([fd, target]) => !/^(socket|pipe|anon_inode):/.test(target) && !(fd === "0" && target === "/dev/null"));
      const own = name === "engine-lan" ? odd.filter(([, target]) => !/\/state\/lan\/segment-\d+$/.test(target)) : odd;
      assert.deepEqual(own, [], name);
    }
  }),
);

/** Nothing when it was closed meanwhile: a connection that control has just answered. */
function targetOf(pid: number, fd: string): readonly (readonly [string, string])[] {
  try {
    return [[fd, readlinkSync(`/proc/${pid}/fd/${fd}`)]];
  } catch {
    return [];
  }
}

test("when main is killed no role outlives it", needsRoot, () =>
  withProgram(async (program) => {
    const shown = await program.allRoles();
    const pids = shown.roles.map(({ pid }) => pid);
    assert.equal(reportFences(pids).length, pids.length);
    process.kill(shown.pid, "SIGKILL");
    await waitFor(() => pids.every((pid) => !existsSync(`/proc/${pid}`)), 3000, "the roles are gone");
  }),
);

test("SIGUSR1, from a role's first moment on and again and again, opens no port and ends nothing", needsRoot, () =>
  withProgram(async (program, namespace) => {
    const seen = await signalled(program, async () => void (await program.allRoles()));
    const shown = await program.allRoles();
    assert.ok(
      shown.roles.every(({ pid, restarts }) => seen.has(pid) && restarts === 0),
      "the first of each role was hit",
    );
    for (const pid of [shown.pid, ...shown.roles.map((role) => role.pid)]) assert.deepEqual(listening(pid), []);

    // What the same signal does to a Node process that nobody protects.
    const plain = namespace.spawn(process.execPath, ["-e", "console.log('up'); setInterval(() => {}, 1000)"]);
    await waitFor(() => plain.stdout.includes("up"), 5000, "plain node is up");
    process.kill(plain.pid, "SIGUSR1");
    await waitFor(() => listening(plain.pid).length > 0, 5000, "plain node opens its inspector");
  }),
);

/** Sends SIGUSR1 to main and all its children that have become Node, as fast as can be, until `done` and half a second more. */
async function signalled(program: Program, done: () => Promise<void>): Promise<ReadonlySet<number>> {
  const hit = new Set<number>();
  let going = true;
  const storm = async (): Promise<void> => {
    while (going) {
      for (const pid of [program.running.pid, ...childrenOf(program.running.pid)].filter(isNode)) {
        process.kill(pid, "SIGUSR1");
        hit.add(pid);
      }
      await delay(1);
    }
  };
  const storming = storm();
  await done();
  await delay(500);
  going = false;
  await storming;
  return hit;
}

/** Before that it is the launcher, and the signal is still the operator's way to end it. */
function isNode(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/exe`) === readlinkSync("/proc/self/exe");
  } catch {
    return false;
  }
}

/** TCP sockets that listen anywhere in the network namespace of a process, as the kernel prints them. */
function listening(pid: number): readonly string[] {
  const rows = ["tcp", "tcp6"].flatMap((file) => readFileSync(`/proc/${pid}/net/${file}`, "utf8").trim().split("\n").slice(1));
  return rows.filter((row) => row.trim().split(/\s+/)[3] === "0A");
}

/** Of accounts, groups and every process that is not one of these. */
function othersIds(own: ReadonlySet<number>): ReadonlySet<number> {
  const accounts = ["/etc/passwd", "/etc/group"].flatMap((file) =>
    readFileSync(file, "utf8")
      .split("\n")
      .map((line) => Number(line.split(":")[2])),
  );
  const pids = readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && !own.has(pid));
  return new Set([...accounts, ...pids.flatMap((pid) => (existsSync(`/proc/${pid}`) ? uidsOf(pid) : []))]);
}

function uidsOf(pid: number): readonly number[] {
  try {
    return (/^Uid:\t(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "").split("\t").map(Number);
  } catch {
    return []; // it ended meanwhile
  }
}
