/** Processes of a running program as the kernel tells of them. */
import { readFileSync } from "node:fs";

/** @returns none of a process that is gone */
export function childrenOf(pid: number): readonly number[] {
  return read(`/proc/${pid}/task/${pid}/children`).trim().split(/\s+/).filter(Boolean).map(Number);
}

/** @returns the process of a role of a program, where it runs */
export function roleOf(pid: number, name: string): number | undefined {
  return childrenOf(pid).find((child) => read(`/proc/${child}/cmdline`).includes(`/dist/${name}.mjs`));
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
