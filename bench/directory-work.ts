/** One sample of each kind of work, of ours and of whoever does the same. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { SUFFIX, userName } from "../test/support/ldif.ts";
import { NIS_DOMAIN, type PrivateRoot } from "../test/support/private-root.ts";
import { run, sound } from "../test/support/programs.ts";
import { asks, type DirectoryWorld, NAMES, PAGE, pidsOf, type Serving, SERVED } from "./directory-world.ts";
import { ROOT } from "./isolated.ts";
import { cpuMsOf } from "./processes.ts";

const ASKED = ["uid", "uidNumber", "gidNumber", "cn", "homeDirectory", "loginShell"];
const CALLS = "4000";
/** The last one that is read. */
const WATCHED = userName(SERVED);
const LOADED = { window: "128", warming: "50000", calls: "300000" } as const;
/** Between two looks at the memory: each takes the kernel a millisecond or two. */
const LOOK_MS = 10;

export type Pulled = { readonly elapsedMs: number; readonly cpuMicroseconds: number };
export type Maker = { readonly world: DirectoryWorld; readonly serving: Serving };
let changes = 0;

/** From the start of ldapsearch to its end. */
export async function ldapsearch({ house, tools }: DirectoryWorld): Promise<Pulled> {
  const question = ["-x", "-LLL", "-o", "ldif-wrap=no", "-H", "ldap://127.0.0.1", "-E", `pr=${PAGE}/noprompt`, "-b", SUFFIX];
  const { stdout } = await house.exec(tools.timed, "ldapsearch", ...question, "(objectClass=posixAccount)", ...ASKED);
  const [elapsedMs = 0, cpuMs = 0] = numbersIn(stdout);
  return { elapsedMs: Math.round(elapsedMs), cpuMicroseconds: anEntry(cpuMs) };
}

/** From the start of `leasehold directory refresh` to the first answer to a YPPROC_MATCH that holds what has changed since. */
export async function pull({ world, serving: { program, port } }: Maker): Promise<Pulled> {
  const seen = await changedShell(world, WATCHED);
  const watch = world.house.exec(world.tools.ypmatch, port, NIS_DOMAIN, "wait", WATCHED, seen);
  await delay(100);
  const before = cpuMsOf(program.program.pid);
  const startedAt = wallMs();
  const asked = run(join(ROOT, "bin/leasehold"), ["directory", "refresh", "--runtime-dir", join(world.folder, `${PLAIN}.run`)]);
  const { stdout } = await watch;
  sound(await asked);
  await delay(200); // the file is written behind what is served
  return { elapsedMs: Math.round(Number(stdout) - startedAt), cpuMicroseconds: anEntry(cpuMsOf(program.program.pid) - before) };
}

/** The most that fetcher and engine took together, in MiB of PSS, while a whole directory of which one user is another is read. */
export async function peakMiB({ world, serving }: Maker): Promise<number> {
  const pids = await pidsOf(serving, ["fetcher", "engine-directory"]);
  await changedShell(world, WATCHED);
  let most = 0;
  let isOver = false;
  const refreshed = serving.program.control("directory", "refresh").finally(() => {
    isOver = true;
  });
  for (let last = false; !last; await delay(LOOK_MS)) {
    last = isOver;
    most = Math.max(most, pssMiB(pids));
  }
  await refreshed;
  return most;
}

/** The name under which the program that reads everything was started. */
export const PLAIN = "plain";

/** ms of one `ypcat passwd.byname`. */
export async function ypcat(root: PrivateRoot, { tools }: DirectoryWorld): Promise<number> {
  const [ms = Number.NaN] = numbersIn(sound(await root.run(tools.timed, "ypcat", "passwd.byname")).stdout);
  return ms;
}

/** Microseconds of one getpwnam. */
export async function getpwnam(world: DirectoryWorld, module: "nis" | "systemd" | "ldap"): Promise<number> {
  asks(world.ours, module);
  const { stdout } = sound(await world.ours.run(world.tools.getpwnam, NAMES.pattern, NAMES.count, CALLS));
  return Number(stdout);
}

/** Lookups a second with many under way; none may be wrong or without an answer. */
export async function matches(root: PrivateRoot, { tools }: DirectoryWorld, port: string): Promise<number> {
  const load = async (calls: string): Promise<Loaded> => {
    const told = sound(await root.run(tools.ypmatch, port, NIS_DOMAIN, "load", NAMES.pattern, NAMES.count, LOADED.window, calls));
    return JSON.parse(told.stdout) as Loaded;
  };
  await load(LOADED.warming);
  const { perSecond, wrong, lost } = await load(LOADED.calls);
  if (wrong + lost > 0) throw new Error(`${wrong} answers are wrong, ${lost} are missing`);
  return perSecond;
}

type Loaded = { readonly perSecond: number; readonly wrong: number; readonly lost: number };

/** ms from the start of ldapmodify to the first `getent passwd` that shows the change. */
export async function change(world: DirectoryWorld, module: "nis" | "ldap"): Promise<number> {
  asks(world.ours, module);
  const name = userName(4711 + changes);
  const seen = `/bin/change${++changes}`;
  const watch = world.ours.run(world.tools.timed, "-u", seen, "getent", "passwd", name);
  await delay(200);
  const startedAt = wallMs();
  await world.slapd.change(shellOf(name, seen));
  return Number((Number(sound(await watch).stdout) - startedAt).toFixed(1));
}

export function pssMiB(pids: readonly number[]): number {
  const kb = pids.map((pid) => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0));
  return Number((kb.reduce((sum, one) => sum + one, 0) / 1024).toFixed(1));
}

async function changedShell({ slapd }: DirectoryWorld, name: string): Promise<string> {
  const shell = `/bin/change${++changes}`;
  await slapd.change(shellOf(name, shell));
  return shell;
}

function shellOf(name: string, shell: string): string {
  return `dn: uid=${name},ou=people,${SUFFIX}\nchangetype: modify\nreplace: loginShell\nloginShell: ${shell}\n`;
}

function wallMs(): number {
  return performance.timeOrigin + performance.now();
}

function numbersIn(text: string): readonly number[] {
  return text.trim().split(/\s+/).map(Number);
}

function anEntry(ms: number): number {
  return Number(((ms * 1000) / SERVED).toFixed(2));
}
