/** Whether a file may be run for the operator: nobody but root could have put it there, or could put another in its place. */
import { lstatSync, readlinkSync, type Stats } from "node:fs";
import { dirname, join } from "node:path";
import { systemFailure } from "./failures.ts";

const LINKS_MAX = 16;
const OTHERS_WRITE = 0o022;
const EXECUTE = 0o111;

export type Judged = { readonly path: string } | { readonly refused: string };

/** Every folder and link on the way is looked at, as the kernel would go it. @returns the file itself, behind all links */
export function judgeExecutable(path: string): Judged {
  if (!path.startsWith("/")) return { refused: `${path} is no absolute path` };
  try {
    return walk(path);
  } catch (error) {
    const failure = systemFailure(error);
    if (failure === undefined) throw error;
    return { refused: failure.message };
  }
}

function walk(path: string): Judged {
  let at = "/";
  let links = 0;
  let ahead = parts(path);
  let stat = lstatSync(at);
  for (;;) {
    const why = refusedStep(at, stat);
    if (why !== undefined) return { refused: why };
    const [next, ...rest] = ahead;
    if (next === undefined) return ofFile(at, stat);
    ahead = rest;
    if (!stat.isDirectory()) return { refused: `${at} is no folder` };
    const there = next === ".." ? dirname(at) : join(at, next);
    const found = lstatSync(there);
    if (found.isSymbolicLink()) {
      if (found.uid !== 0) return { refused: `${there} does not belong to root` };
      if (++links > LINKS_MAX) return { refused: `${path} leads through too many links` };
      const target = readlinkSync(there);
      ahead = [...parts(target), ...ahead];
      if (target.startsWith("/")) [at, stat] = ["/", lstatSync("/")];
      continue;
    }
    [at, stat] = [there, found];
  }
}

function parts(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

function refusedStep(path: string, { uid, mode }: Stats): string | undefined {
  if (uid !== 0) return `${path} does not belong to root`;
  return (mode & OTHERS_WRITE) === 0 ? undefined : `${path} may be written by others than root`;
}

function ofFile(path: string, stat: Stats): Judged {
  if (!stat.isFile()) return { refused: `${path} is no file` };
  return (stat.mode & EXECUTE) === 0 ? { refused: `${path} is not executable` } : { path };
}
