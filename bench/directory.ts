/**
 * Reading 100,000 users from one slapd: ldapsearch from its start to its end, ours from the first connection of an update to the snapshot
 * that clients are served from. Both ask for the same entries and attributes in the same pages, without a password, over loopback.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { SUFFIX } from "../test/support/ldif.ts";
import { type Namespace, waitFor, withNamespaces } from "../test/support/namespace.ts";
import { startSlapd } from "../test/support/slapd.ts";
import { cpuMsOf } from "./processes.ts";
import { type Bench, type Measured, median } from "./row.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
/** One of the users has the id 65,535, which nobody may have. */
const USERS = 100_001;
const SERVED = USERS - 1;
const PAGE = 1000;
const PATIENCE_MS = 60_000;

/** The program as a user starts it: all roles, all fences, state on the disk. */
const OURS = `[directory]
domain = "bench"
yp_register = "none"
userdb = false

[directory.source.main]
server = "127.0.0.1"
transport = "plain"
page_size = ${PAGE}
base = "${SUFFIX}"

[directory.source.main.user_fields]
gecos = "cn"
`;
const ASKED = ["uid", "uidNumber", "gidNumber", "cn", "homeDirectory", "loginShell"];

type Sample = { readonly elapsedMs: number; readonly cpuMicroseconds: number };
type Reader = (ns: Namespace, folder: string) => Promise<Sample>;
const READERS: Readonly<Record<string, Reader>> = { leasehold: pull, ldapsearch };

export const directory: Bench = async (rounds, progress) => {
  execFileSync(process.execPath, [join(root, "scripts/setup-peers.mjs")], { stdio: ["ignore", "ignore", "inherit"] });
  execFileSync(process.execPath, [join(root, "scripts/build.mjs")], { stdio: ["ignore", "ignore", "inherit"] });
  const folder = mkdtempSync(join(root, "bench/.run-"));
  const samples = new Map<string, Sample[]>();
  try {
    await withNamespaces(["house"], async ({ house }) => {
      const slapd = await startSlapd(house, { users: USERS, groups: 0, anonymous: true });
      try {
        await ldapsearch(house); // its database is in memory for everyone
        for (let round = 1; round <= rounds; round++)
          for (const [name, read] of Object.entries(READERS)) {
            const sample = await read(house, join(folder, `${name}-${round}`));
            progress(`round ${round} ${name}: ${sample.elapsedMs} ms, ${sample.cpuMicroseconds} us CPU an entry`);
            samples.set(name, [...(samples.get(name) ?? []), sample]);
          }
      } finally {
        slapd.remove();
      }
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return [
    row("pull", "ms", samples, ({ elapsedMs }) => elapsedMs),
    row("cpu pull", "us CPU an entry, all processes", samples, ({ cpuMicroseconds }) => cpuMicroseconds),
  ];
};

function row(work: string, unit: string, samples: ReadonlyMap<string, readonly Sample[]>, of: (sample: Sample) => number): Measured {
  const medianOf = (name: string): number | null => median((samples.get(name) ?? []).map(of));
  const peer = medianOf("ldapsearch");
  return { work, unit, ours: medianOf("leasehold"), peers: peer === null ? {} : { ldapsearch: peer }, lowerIsBetter: true, limit: null };
}

async function ldapsearch(ns: Namespace): Promise<Sample> {
  const question = ["-x", "-LLL", "-o", "ldif-wrap=no", "-H", "ldap://127.0.0.1", "-E", `pr=${PAGE}/noprompt`, "-b", SUFFIX];
  const command = ["ldapsearch", ...question, "(objectClass=posixAccount)", ...ASKED];
  const timed = '"$@" >/dev/null && times';
  const started = performance.now();
  const { stdout } = await ns.exec("sh", "-c", timed, "sh", ...command);
  const elapsedMs = Math.round(performance.now() - started);
  const [, ofChildren = ""] = stdout.split("\n"); // the first line is the shell's own
  const seconds = [...ofChildren.matchAll(/(\d+)m([\d.]+)s/g)].map(([, minutes, rest]) => Number(minutes) * 60 + Number(rest));
  return { elapsedMs, cpuMicroseconds: anEntry(seconds.reduce((sum, one) => sum + one, 0) * 1000) };
}

async function pull(ns: Namespace, folder: string): Promise<Sample> {
  mkdirSync(folder, { mode: 0o755 });
  const configuration = join(folder, "leasehold.toml");
  writeFileSync(configuration, OURS, { mode: 0o644 });
  const runtime = ["--runtime-dir", join(folder, "run")];
  const program = ns.spawn(join(root, "bin/leasehold"), ["run", "-f", configuration, ...runtime, "--state-dir", join(folder, "state")]);
  try {
    const end = performance.now() + PATIENCE_MS;
    while (!isConnected(program.pid)) {
      if (performance.now() > end || !program.running) throw new Error(`no connection to the directory:\n${program.stdout}${program.stderr}`);
      await delay(2);
    }
    const startedAt = Date.now();
    const before = cpuMsOf(program.pid);
    await waitFor(
      (see) => {
        see(program.stdout + program.stderr);
        return (program.stdout + program.stderr).includes("directoryCommitted");
      },
      PATIENCE_MS,
      "a snapshot is committed",
    );
    const spent = cpuMsOf(program.pid) - before;
    const { directory: shown } = JSON.parse(execFileSync(join(root, "bin/leasehold"), ["show", "--json", ...runtime], { encoding: "utf8" })) as Shown;
    if (shown.snapshot.users !== SERVED) throw new Error(`${shown.snapshot.users} users are served, not ${SERVED}`);
    return { elapsedMs: Date.parse(shown.snapshot.committedAt) - startedAt, cpuMicroseconds: anEntry(spent) };
  } finally {
    await program.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Shown = { readonly directory: { readonly snapshot: { readonly users: number; readonly committedAt: string } } };

/** Whether anybody in the namespace of this process has a connection to port 389 (0185), as proc_net_tcp(5) tells it. */
function isConnected(pid: number): boolean {
  return /^ *\d+: \S+ 0100007F:0185 01 /m.test(readFileSync(`/proc/${pid}/net/tcp`, "utf8"));
}

function anEntry(ms: number): number {
  return Number(((ms * 1000) / SERVED).toFixed(2));
}
