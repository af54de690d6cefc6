/** Namespaces of the private house: each is made by its first process; links between them are made with our own netlink. */
import { type ChildProcess, spawn } from "node:child_process";
import { readlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { nativeFolder } from "../../src/platform/native.ts";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const KEPT = ["PATH", "HOME", "TMPDIR"];
const children: ChildProcess[] = [];
let leaving = false;
process.on("exit", () => {
  leaving = true;
  for (const child of children) child.kill("SIGKILL");
});

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Ends with the house; its end before that is told. */
export function kept(child: ChildProcess, what: string): ChildProcess {
  children.push(child);
  child.on("exit", (code, signal) => {
    if (!leaving && code !== 0) process.stdout.write(`house: ${what} ended (${signal ?? code})\n`);
  });
  return child;
}

/** Starts a program of scripts/house in a network namespace of its own; resolves when it is there. */
export async function room(what: string, script: string, args: readonly string[]): Promise<ChildProcess> {
  const environment = KEPT.flatMap((name) => (process.env[name] === undefined ? [] : ["--env", `${name}=${process.env[name]}`]));
  const command = [...environment, "--new-net", "--chdir", root, "--", ...program(script, args)];
  const child = kept(spawn(`${nativeFolder()}leasehold-launcher`, command, { stdio: ["pipe", "inherit", "inherit"] }), what);
  const namespaceOf = (who: number | "self"): string => readlinkSync(`/proc/${who}/ns/net`);
  while (child.exitCode === null && namespaceOf(child.pid ?? 0) === namespaceOf("self")) await pause(10);
  return child;
}

/** Starts a program of scripts/house in the namespace of another process, or here. */
export function beside(what: string, script: string, args: readonly string[], neighbour?: ChildProcess): ChildProcess {
  return kept(spawn(...inside(neighbour, program(script, args)), { stdio: ["pipe", "inherit", "inherit"] }), what);
}

/** A command in the namespace of a process, or here. */
export function inside(neighbour: ChildProcess | undefined, command: readonly string[]): [string, string[]] {
  const [first = "", ...rest] = neighbour === undefined ? command : ["nsenter", "--target", String(neighbour.pid), "--net", ...command];
  return [first, rest];
}

function program(script: string, args: readonly string[]): readonly string[] {
  return [process.execPath, "--import", "tsx", join(root, "scripts/house", script), ...args];
}
