/** What `check --system` looks at: files, links of /proc and /sys, and the output of a few programs. Nothing is changed. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export type System = {
  /** undefined: it is not there, or not for us. */
  readonly read: (path: string) => string | undefined;
  readonly list: (path: string) => readonly string[];
  /** Where a symbolic link leads. */
  readonly link: (path: string) => string | undefined;
  /** What a program prints; undefined: it is not there, or failed. */
  readonly run: (command: string, ...args: readonly string[]) => string | undefined;
  readonly root: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
};

const PATIENCE_MS = 5000;
const OUTPUT_BYTES = 32 * 1024 * 1024;
/** Where system programs are, whatever the caller's PATH says. */
const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

export function thisSystem(): System {
  return {
    read: (path) => attempt(() => readFileSync(path, "utf8")),
    list: (path) => attempt(() => readdirSync(path)) ?? [],
    link: (path) => attempt(() => readlinkSync(path)),
    run: (command, ...args) => {
      const { status, stdout } = spawnSync(command, [...args], {
        encoding: "utf8",
        timeout: PATIENCE_MS,
        maxBuffer: OUTPUT_BYTES,
        stdio: ["ignore", "pipe", "ignore"],
        env: { PATH, LC_ALL: "C" },
      });
      return status === 0 ? stdout : undefined;
    },
    root: process.geteuid?.() === 0,
    now: Date.now(),
  };
}

/** One number of /proc/sys. */
export function sysctl(system: System, name: string): number | undefined {
  const text = system.read(`/proc/sys/${name}`)?.trim();
  return text === undefined || text === "" ? undefined : Number(text);
}

function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
