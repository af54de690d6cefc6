/** Which processes a program consists of, and what they have used. */
import { readFileSync } from "node:fs";

/** Of proc(5)'s clock. */
const TICK_MS = 10;

/** A program and all it has started. */
export function processesOf(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  return [pid, ...children.flatMap(processesOf)];
}

/** User and system time of a program and all it has started. */
export function cpuMsOf(pid: number): number {
  const ticks = processesOf(pid).map((one) => {
    const [, , , , , , , , , , , user = "0", system = "0"] = readFileSync(`/proc/${one}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    return Number(user) + Number(system);
  });
  return ticks.reduce((sum, one) => sum + one, 0) * TICK_MS;
}
