/** Programs of the system that main asks to do something: found in fixed folders, run without a shell, in an environment of our own, not for long. */
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { LIMITS } from "../../base/limits.ts";

export const PROGRAM_FOLDERS: readonly string[] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
const ENVIRONMENT = { PATH: PROGRAM_FOLDERS.join(":"), LANG: "C", LC_ALL: "C" };

/** @returns its path, or undefined */
export function findProgram(name: string, folders: readonly string[] = PROGRAM_FOLDERS): string | undefined {
  return folders
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** @returns what it said when it failed, or undefined */
export function runProgram(path: string, args: readonly string[], input = ""): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(path, args, { env: ENVIRONMENT, cwd: "/", stdio: ["pipe", "ignore", "pipe"] });
    const said = lastLineOf(child.stderr);
    const impatient = setTimeout(() => child.kill("SIGKILL"), LIMITS.helperProgramSeconds * 1000);
    const end = (how: string | undefined): void => {
      clearTimeout(impatient);
      child.stderr.destroy(); // what it started may hold it open
      resolve(how === undefined ? undefined : [how, said()].filter((part) => part !== "").join(": "));
    };
    child.on("error", (error) => end(error.message));
    child.on("exit", (code, signal) => setImmediate(() => end(code === 0 ? undefined : (signal ?? `exit code ${code}`))));
    child.stdin.on("error", () => undefined); // it need not read
    child.stdin.end(input);
  });
}

/** Keeps the end of what a program writes. @returns a function that gives the last line, as it stands: whoever shows it escapes it */
export function lastLineOf(stream: NodeJS.ReadableStream): () => string {
  let kept: Buffer = Buffer.alloc(0);
  stream.on("data", (bytes: Buffer) => {
    kept = Buffer.concat([kept, bytes]).subarray(-LIMITS.helperOutputBytes);
  });
  stream.on("error", () => undefined);
  return () => kept.toString("utf8").trimEnd().split("\n").at(-1) ?? "";
}
