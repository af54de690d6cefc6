/**
 * `dhcpleased` and `dhcp6leased` without -d, and whatever of them needs no rights: flags, output and exit codes are those of the programs
 * of these names on OpenBSD. The configuration is judged here; then the same with -d runs in the background, and this ends when its
 * control socket is there.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { escapeText } from "../../base/text.ts";
import { type Format, printProblem, printWarning, readConfigFile } from "../../config/read.ts";
import type { ConfigFile } from "../../config/schema.ts";
import { print, write } from "../output.ts";

export type Compatible = {
  readonly name: string;
  readonly format: Format;
  readonly file: string;
  /** What `file` is where it is not there. A file that -f names must be. */
  readonly absent: "error" | "empty";
  /** Macros may be defined on the command line, and what they stand for may be a password: it is not shown. */
  readonly defines?: true;
  /** What only the original takes may be asked to be a warning. */
  readonly compat?: true;
  readonly socket: string;
  /** @param verbosity how often -v was said */
  readonly printed: (file: ConfigFile, verbosity: number) => string;
};
type Flags = {
  readonly file: string | undefined;
  readonly socket: string;
  readonly check: boolean;
  readonly verbosity: number;
  readonly defines: readonly string[];
  readonly compat: boolean;
};

/** The only way of being compatible that can be asked for. */
const COMPAT = "compat";
const SYSLOG = "/dev/log";
const PATIENCE_MS = 30_000;
const EACH_MS = 50;
/** A socket that somebody listens on, in /proc/net/unix. */
const ACCEPTS = 0x10000;

export async function compatible(program: Compatible): Promise<never> {
  const flags = flagsOf(process.argv.slice(2), program);
  judge(flags, program);
  if (process.geteuid?.() !== 0) fail(program, "need root privileges");
  return start(flags, program);
}

function judge({ file: given, check, verbosity, defines, compat }: Flags, { file: standard, format, absent, printed, ...program }: Compatible): void {
  const file = given ?? standard;
  const result = readConfigFile(file, { format, absent: given === undefined ? absent : "error", defines, compat });
  if ("problems" in result) {
    print(2, result.problems.map((problem) => printProblem(file, problem)).join("\n"));
    process.exit(1);
  }
  for (const { name, value, used } of result.macros) {
    if (verbosity >= 1 && program.defines === undefined) print(2, `${name} = "${escapeText(value)}"`);
    if (verbosity >= (program.defines === undefined ? 2 : 1) && !used) print(2, `the macro "${escapeText(name)}" is not used`);
  }
  for (const warning of result.warnings) print(2, printWarning(file, warning));
  if (!check) return;
  if (verbosity === 0) print(2, "configuration OK");
  else write(1, printed(result.file, verbosity));
  process.exit(0);
}

/** Log lines go to the system's log where there is one. */
async function start({ file, socket, verbosity, defines, compat }: Flags, program: Compatible): Promise<never> {
  if (isListening(socket)) fail(program, `already running: somebody listens on ${escapeText(socket)}`);
  const path = fileURLToPath(new URL(`../bin/${program.name}`, import.meta.url));
  const words = [
    "-d",
    ...(file === undefined ? [] : ["-f", resolve(file)]),
    "-s",
    socket,
    ...(verbosity > 0 ? ["-v"] : []),
    ...(compat ? ["-C", COMPAT] : []),
    ...defines.flatMap((define) => ["-D", define]),
  ];
  const log = existsSync(SYSLOG)
    ? spawn("logger", ["-t", program.name, "-p", "daemon.info"], { stdio: ["pipe", "ignore", "ignore"], detached: true })
    : undefined;
  log?.on("error", () => undefined); // without that program nothing is written down
  const stream = log?.pid === undefined ? "ignore" : (log.stdin ?? "ignore");
  const daemon = spawn(path, words, { cwd: "/", stdio: ["ignore", stream, stream], detached: true });
  daemon.on("exit", (code, signal) =>
    fail(program, `it ended at once (${signal ?? `exit code ${code}`}); the system's log says why, and so does ${program.name} -d`),
  );
  daemon.on("error", (error) => fail(program, error.message));
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += EACH_MS) {
    if (isListening(socket)) process.exit(0);
    await new Promise((done) => setTimeout(done, EACH_MS));
  }
  daemon.kill("SIGTERM");
  return fail(program, `it did not listen on ${escapeText(socket)} in ${PATIENCE_MS / 1000} seconds`);
}

/** To connect would start the role that answers. */
function isListening(path: string): boolean {
  return readFileSync("/proc/net/unix", "utf8")
    .split("\n")
    .some((line) => {
      const [, , , bits = "0", , , , ...name] = line.split(" ").filter((word) => word !== "");
      return (Number.parseInt(bits, 16) & ACCEPTS) !== 0 && name.join(" ") === path;
    });
}

function flagsOf(args: readonly string[], { name, socket, defines, compat }: Compatible): Flags {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...(defines === undefined ? {} : { define: { type: "string", short: "D", multiple: true } as const }),
        ...(compat === undefined ? {} : { compat: { type: "string", short: "C", multiple: true } as const }),
        debug: { type: "boolean", short: "d" },
        file: { type: "string", short: "f" },
        check: { type: "boolean", short: "n", default: false },
        socket: { type: "string", short: "s", default: socket },
        verbose: { type: "boolean", short: "v", multiple: true, default: [] },
      },
    });
    const told = "define" in values && Array.isArray(values.define) ? values.define.map(String) : [];
    const how = "compat" in values && Array.isArray(values.compat) ? values.compat.map(String) : [];
    if (how.some((word) => word !== COMPAT)) throw new Error(`-C ${how.join(" ")}`);
    return {
      compat: how.length > 0,
      file: values.file,
      socket: resolve(values.socket),
      check: values.check,
      verbosity: values.verbose.length,
      defines: told,
    };
  } catch {
    print(
      2,
      `usage: ${name} [-dnv]${compat === undefined ? "" : ` [-C ${COMPAT}]`}${defines === undefined ? "" : " [-D macro=value]"} [-f file] [-s socket]`,
    );
    process.exit(1);
  }
}

function fail({ name }: Compatible, text: string): never {
  print(2, `${name}: ${text}`);
  process.exit(1);
}
