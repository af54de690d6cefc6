/**
 * `dhcpleased` without -d, and whatever of it needs no rights: its flags, output and exit codes are those of the program of that name on
 * OpenBSD. The configuration is judged here; then bin/dhcpleased -d runs in the background, and this ends when its control socket is there.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { escapeText } from "../base/text.ts";
import { printDhcpleased } from "../config/native/print4.ts";
import { printProblem, readConfigFile } from "../config/read.ts";
import { print, write } from "./output.ts";

type Flags = { readonly file: string | undefined; readonly socket: string; readonly check: boolean; readonly verbosity: number };

const USAGE = "usage: dhcpleased [-dnv] [-f file] [-s socket]";
const FILE = "/etc/dhcpleased.conf";
const SOCKET = "/run/dhcpleased/control.sock";
const SYSLOG = "/dev/log";
const PATIENCE_MS = 30_000;
const EACH_MS = 50;
/** A socket that somebody listens on, in /proc/net/unix. */
const ACCEPTS = 0x10000;

const flags = flagsOf(process.argv.slice(2));
judge(flags);
if (process.geteuid?.() !== 0) fail("need root privileges");
await start(flags);

function judge({ file, check, verbosity }: Flags): void {
  const result = readConfigFile(file ?? FILE, { format: "dhcpleased", absent: file === undefined ? "empty" : "error" });
  if ("problems" in result) {
    print(2, result.problems.map((problem) => printProblem(file ?? FILE, problem)).join("\n"));
    process.exit(1);
  }
  for (const { name, value, used } of result.macros) {
    if (verbosity >= 1) print(2, `${name} = "${escapeText(value)}"`);
    if (verbosity >= 2 && !used) print(2, `the macro "${escapeText(name)}" is not used`);
  }
  if (!check) return;
  if (verbosity === 0) print(2, "configuration OK");
  else write(1, printDhcpleased(result.file));
  process.exit(0);
}

/** Log lines go to the system's log where there is one. */
async function start({ file, socket, verbosity }: Flags): Promise<never> {
  if (isListening(socket)) fail(`already running: somebody listens on ${escapeText(socket)}`);
  const program = fileURLToPath(new URL("../bin/dhcpleased", import.meta.url));
  const words = ["-d", ...(file === undefined ? [] : ["-f", resolve(file)]), "-s", socket, ...(verbosity > 0 ? ["-v"] : [])];
  const log = existsSync(SYSLOG)
    ? spawn("logger", ["-t", "dhcpleased", "-p", "daemon.info"], { stdio: ["pipe", "ignore", "ignore"], detached: true })
    : undefined;
  log?.on("error", () => undefined); // without that program nothing is written down
  const stream = log?.pid === undefined ? "ignore" : (log.stdin ?? "ignore");
  const daemon = spawn(program, words, { cwd: "/", stdio: ["ignore", stream, stream], detached: true });
  daemon.on("exit", (code, signal) =>
    fail(`it ended at once (${signal ?? `exit code ${code}`}); the system's log says why, and so does dhcpleased -d`),
  );
  daemon.on("error", (error) => fail(error.message));
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += EACH_MS) {
    if (isListening(socket)) process.exit(0);
    await new Promise((done) => setTimeout(done, EACH_MS));
  }
  daemon.kill("SIGTERM");
  return fail(`it did not listen on ${escapeText(socket)} in ${PATIENCE_MS / 1000} seconds`);
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

function flagsOf(args: readonly string[]): Flags {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        debug: { type: "boolean", short: "d" },
        file: { type: "string", short: "f" },
        check: { type: "boolean", short: "n", default: false },
        socket: { type: "string", short: "s", default: SOCKET },
        verbose: { type: "boolean", short: "v", multiple: true, default: [] },
      },
    });
    return { file: values.file, socket: resolve(values.socket), check: values.check, verbosity: values.verbose.length };
  } catch {
    print(2, USAGE);
    process.exit(1);
  }
}

function fail(text: string): never {
  print(2, `dhcpleased: ${text}`);
  process.exit(1);
}
