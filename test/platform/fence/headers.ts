/** The system calls of the installed kernel headers, by name: the C preprocessor reads them, so no list of ours can be wrong. */
import { spawnSync } from "node:child_process";

/** Why there are none, for a named skip. */
export type Headers = ReadonlyMap<string, number> | string;

let own: Headers | undefined;

/** Of the machine this runs on. */
export function installedSyscalls(): Headers {
  own ??= readHeaders("asm/unistd.h", []);
  return own;
}

/** The table that arm64 shares with every newer architecture. */
export function genericSyscalls(): Headers {
  return readHeaders("asm-generic/unistd.h", [
    "-D__BITS_PER_LONG=64",
    "-D__ARCH_WANT_NEW_STAT",
    "-D__ARCH_WANT_RENAMEAT",
    "-D__ARCH_WANT_SET_GET_RLIMIT",
  ]);
}

function readHeaders(header: string, defines: readonly string[]): Headers {
  const macros = preprocess([...defines, "-dM"], `#include <${header}>\n`);
  if (macros === undefined) return `no C compiler with <${header}>`;
  const names = [...macros.matchAll(/^#define __NR_(\w+) /gm)].map(([, name = ""]) => name);
  // Expanded by the preprocessor: some numbers are defined as other names.
  const text = preprocess([...defines, "-P"], `#include <${header}>\n${names.map((name) => `"${name}" __NR_${name}`).join("\n")}\n`);
  return new Map([...(text ?? "").matchAll(/^"(\w+)" (\d+)$/gm)].map(([, name = "", number = ""]) => [name, Number(number)]));
}

function preprocess(options: readonly string[], source: string): string | undefined {
  const done = spawnSync("cc", ["-E", ...options, "-x", "c", "-"], { input: source, encoding: "utf8" });
  return done.status === 0 ? done.stdout : undefined;
}
