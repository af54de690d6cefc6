/** One run of a hook: behind the launcher, with three descriptors, an environment of its own, a group of its own, and an end. */
import { spawn } from "node:child_process";
import { LIMITS } from "../../base/limits.ts";
import { nativeFolder } from "../../platform/native.ts";
import { lastLineOf, PROGRAM_FOLDERS } from "./helper-program.ts";
import type { Happening } from "./hooks.ts";
import type { HookIds } from "./hooks-user.ts";

/** No character that a shell, a terminal or a file's format gives a meaning to. */
const PLAIN = /^[A-Za-z0-9 .:/_@-]*$/;

export type HookEnd = {
  readonly failed: boolean;
  readonly how: string /** The last line of its standard error, as it stands. */;
  readonly said: string;
};

/** A value that is not plain is left empty: the record has it too. */
export function hookEnvironment(happening: Happening): Readonly<Record<string, string>> {
  const values = { LEASEHOLD_INTERFACE: happening.interface, LEASEHOLD_EVENT: happening.event };
  const plain = Object.entries(values).map(([name, value]) => [name, PLAIN.test(value) ? value : ""]);
  return { PATH: PROGRAM_FOLDERS.join(":"), LANG: "C", LC_ALL: "C", ...Object.fromEntries(plain) };
}

export function runHook(
  { path, ids, noCapabilities }: { readonly path: string; readonly ids: HookIds; readonly noCapabilities: boolean },
  happening: Happening,
  seconds: number = LIMITS.hookSeconds,
): Promise<HookEnd> {
  const args = [
    ...Object.entries(hookEnvironment(happening)).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
    ...(ids === undefined ? [] : ["--uid", String(ids.uid), "--gid", String(ids.gid)]),
    ...(noCapabilities ? ["--no-caps", "--no-new-privs"] : []),
    // should main end before it, so does the hook
    ...["--setsid", "--rlimit-core-0", "--pdeathsig", "9", "--parent", String(process.pid), "--chdir", "/", "--", path],
  ];
  return new Promise((resolve) => {
    const child = spawn(`${nativeFolder()}leasehold-launcher`, args, { env: {}, cwd: "/", stdio: ["pipe", "ignore", "pipe"] });
    const said = lastLineOf(child.stderr);
    let late = false;
    const killGroup = (): void => void (child.pid !== undefined && signalGroup(child.pid));
    const impatient = setTimeout(() => {
      late = true;
      killGroup();
      child.kill("SIGKILL"); // should it have no group of its own yet
    }, seconds * 1000);
    const end = (failed: boolean, how: string): void => {
      clearTimeout(impatient);
      killGroup(); // what it left behind in its group
      child.stderr.destroy();
      resolve({ failed, how, said: said() });
    };
    child.on("error", (error) => end(true, error.message));
    child.on("exit", (code, signal) => setImmediate(() => end(code !== 0, late ? `killed after ${seconds} s` : (signal ?? `exit code ${code}`))));
    child.stdin.on("error", () => undefined); // it need not read
    child.stdin.end(happening.record);
  });
}

function signalGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // nobody is left in it
  }
}
