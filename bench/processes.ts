/** Which processes a program consists of. */
import { readFileSync } from "node:fs";

/** A program and all it has started. */
export function processesOf(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  return [pid, ...children.flatMap(processesOf)];
}
