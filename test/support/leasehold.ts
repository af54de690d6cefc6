/** The program as a user starts it, all roles and fences, in a namespace; and what it says of itself. */
import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ControlWatcher } from "./control-watcher.ts";
import type { Namespace, SpawnOptions } from "./namespace.ts";
import { childrenOf, roleOf } from "./processes.ts";
import { type Running, waitFor } from "./programs.ts";
import { readIn, writeIn } from "./scratch.ts";

const BIN = join(dirname(fileURLToPath(import.meta.url)), "../../bin/leasehold");
const PATIENCE_MS = 30_000;

export type Leasehold = {
  readonly program: Running;
  /** Of this start and those before it in the same folder. */
  readonly log: () => string;
  /** Runs `leasehold ARGS` against it. */
  readonly control: (...args: readonly string[]) => Promise<string>;
  readonly show: () => Promise<Shown>;
  /** Somebody stays connected from now on, and the control role with them. */
  readonly watch: () => Promise<boolean>;
  /** Writes another configuration and asks for it. */
  readonly reload: (toml: string) => Promise<string>;
  /** kill -9 of main: its roles die with it. */
  readonly kill: () => Promise<void>;
  readonly stop: () => Promise<void>;
  /** Main and its roles, by the kernel. */
  readonly pids: () => readonly number[];
  /** Of them those that stay: the control role comes and goes as it is asked. */
  readonly stayingPids: () => readonly number[];
};
export type Shown = {
  readonly main: { readonly pid: number; readonly roles: readonly { readonly name: string; readonly pid: number; readonly ready: boolean }[] };
} & {
  readonly [service: string]: unknown;
};

/** Where a program is started: a namespace, or one with folders of its own. */
export type Place = Pick<Namespace, "spawn"> | { readonly spawn: (command: string, args: readonly string[], options?: SpawnOptions) => Running };

/** @param name tells several programs of one test apart */
export async function startLeasehold(
  ns: Place,
  folder: string,
  toml: string,
  name = "leasehold",
  logLevel: "debug" | "info" = "debug",
): Promise<Leasehold> {
  const file = writeIn(folder, `${name}.toml`, toml);
  const run = join(folder, `${name}.run`);
  const args = ["run", "-f", file, "--runtime-dir", run, "--state-dir", join(folder, `${name}.state`), "--log-level", logLevel];
  const command = ["-c", 'exec "$@" >>"$0" 2>&1', join(folder, `${name}.log`), BIN, ...args];
  const starts = (): number => readIn(folder, `${name}.log`).split('"event":"started"').length;
  const before = starts();
  const program = ns.spawn("sh", command);
  const log = (): string => readIn(folder, `${name}.log`);
  const watcher = new ControlWatcher(join(run, "control.sock"));
  const control = (...asked: readonly string[]): Promise<string> => told(BIN, [...asked, "--runtime-dir", run]);
  await waitFor(
    (see) => {
      see(log().slice(-2000));
      return starts() > before;
    },
    PATIENCE_MS,
    `${name} has started`,
  );
  return {
    program,
    log,
    control,
    show: async () => JSON.parse(await control("show", "--json")) as Shown,
    watch: () => watcher.watch(),
    reload: async (other) => {
      writeIn(folder, `${name}.toml`, other);
      return control("reload");
    },
    kill: async () => {
      program.kill();
      await program.exited;
    },
    stop: async () => void (await program.stop()),
    pids: () => [program.pid, ...childrenOf(program.pid)],
    stayingPids: () => [program.pid, ...childrenOf(program.pid).filter((pid) => pid !== roleOf(program.pid, "control"))],
  };
}

function told(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, [...args], { encoding: "utf8", maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`leasehold ${args.join(" ")}: ${stderr}${stdout}`, { cause: error }));
    });
  });
}
