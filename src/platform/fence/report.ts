/**
 * What the kernel says of a process from outside: the proof that a fence stands, for `show` and for tests. Only for a
 * process with rights over the others; roles cannot look at anyone, not even at themselves.
 */
import { readFileSync, readdirSync, readlinkSync } from "node:fs";

export type FenceReport = {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** Effective capabilities as a set of bits. */
  readonly capabilities: bigint;
  readonly noNewPrivileges: boolean;
  /** Every thread is under a filter. */
  readonly filtered: boolean;
  /** How many filters the thread with the fewest is under: the launcher's two are there before the fence. 0 before Linux 5.9. */
  readonly filters: number;
  /** Nothing is left of the file system. */
  readonly rootIsEmpty: boolean;
  /** Where its root folder is, as seen from here. */
  readonly root: string;
  /** The network namespace as the kernel names it: equal text, same namespace. */
  readonly network: string;
};

const FILTER_MODE = "2";

/** @returns one report for each process that is still there */
export function reportFences(pids: readonly number[]): readonly FenceReport[] {
  return pids.flatMap((pid) => {
    try {
      return [reportFence(pid)];
    } catch (error) {
      if (isGone(error)) return [];
      throw error;
    }
  });
}

/** @throws Error of node:fs when the process is gone (ENOENT, ESRCH) or belongs to someone else (EACCES) */
export function reportFence(pid: number): FenceReport {
  const status = statusOf(`/proc/${pid}/status`);
  const threads = readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    try {
      return [statusOf(`/proc/${pid}/task/${thread}/status`)];
    } catch (error) {
      if (isGone(error)) return []; // a thread that ended meanwhile
      throw error;
    }
  });
  const every = (field: string, value: string): boolean => threads.every((thread) => thread.get(field) === value);
  return {
    pid,
    uid: effectiveId(status.get("Uid")),
    gid: effectiveId(status.get("Gid")),
    capabilities: threads.reduce((all, thread) => all | BigInt(`0x${thread.get("CapEff") ?? "f"}`), 0n),
    noNewPrivileges: every("NoNewPrivs", "1"),
    filtered: every("Seccomp", FILTER_MODE),
    filters: Math.min(...threads.map((thread) => Number(thread.get("Seccomp_filters") ?? 0))),
    rootIsEmpty: readdirSync(`/proc/${pid}/root/`).length === 0,
    root: readlinkSync(`/proc/${pid}/root`),
    network: readlinkSync(`/proc/${pid}/ns/net`),
  };
}

/** The lines of a status file by name, such as "CapEff". */
export function statusOf(path: string): ReadonlyMap<string, string> {
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]));
}

/** Of "real effective saved file-system". */
function effectiveId(ids: string | undefined): number {
  return Number(ids?.split("\t")[1]);
}

function isGone(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOENT" || code === "ESRCH";
}
