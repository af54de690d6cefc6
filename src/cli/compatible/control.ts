/** `dhcpleasectl` and `dhcp6leasectl`: ask for the lease of one interface and show it, with the flags, output and exit codes of the originals. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { escapeText } from "../../base/text.ts";
import { ask, follow } from "../client.ts";
import { finish, jsonLine, print, write } from "../output.ts";
import { converse, newExitCode, type Result, type World } from "./conversation.ts";
import type { Family, LinkView } from "./family.ts";

export type Control<V extends LinkView> = {
  readonly name: string;
  readonly socket: string;
  /** What it does, for --help. */
  readonly purpose: string;
  readonly family: Family<V>;
};
type Flags = {
  readonly name: string;
  readonly list: boolean;
  readonly maxWait: number;
  readonly socketPath: string;
  readonly json: boolean;
  readonly watch: boolean;
};

const STANDARD_WAIT = 10;
const MOST_WAIT = 2_147_483_647;

export async function control<V extends LinkView>(program: Control<V>): Promise<never> {
  const flags = flagsOf(program);
  const { family } = program;
  try {
    const { json, watch, socketPath } = flags;
    const result = await converse(family, flags, {
      ...world(socketPath),
      dot: () => (json ? undefined : write(1, ".")),
    });
    show(program, flags, result);
    const code = json || watch ? newExitCode(family, result) : result.kind === "seen" ? 0 : 1;
    return watch && result.kind === "seen" ? await watchOn(program, flags) : process.exit(code);
  } catch (error) {
    return finish(1, `${program.name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function world(socketPath: string): World {
  return {
    ask: (method, path) => ask(socketPath, method, path),
    exists: (one) => interfaces().includes(one),
    second: () => pause(1000),
    dot: () => undefined,
    now: () => Date.now(),
  };
}

function show<V extends LinkView>({ name: program, family }: Control<V>, { name, json }: Flags, result: Result<V>): void {
  if (result.kind !== "failed" && result.dots > 0 && !json) write(1, "\n");
  if (result.kind === "seen") return print(1, json ? jsonLine(family.reportJson(result.view)) : family.report(result.view, Date.now()));
  const text = result.kind === "failed" ? result.text : family.unmanaged(name);
  if (json) print(1, jsonLine({ interface: name, state: null, error: text }));
  else print(2, `${program}: ${escapeText(text)}`);
}

/** Shows it again after everything that happens to it. What happens at once is shown once. */
async function watchOn<V extends LinkView>(program: Control<V>, flags: Flags): Promise<never> {
  const { name, socketPath } = flags;
  let last: Result<V> | undefined;
  let pending = false;
  const again = async (): Promise<void> => {
    if (pending) return;
    pending = true;
    await pause(50);
    pending = false;
    last = await converse(program.family, { name, list: true, maxWait: 0 }, world(socketPath));
    show(program, flags, last);
  };
  const gone = (): never => process.exit(last === undefined ? 0 : newExitCode(program.family, last));
  process.once("SIGINT", gone);
  await follow(socketPath, `/v1/watch?interface=${encodeURIComponent(name)}`, { onEvent: () => void again().catch(gone) }).ended;
  return finish(1, `${program.name}: the program ended`);
}

function flagsOf<V extends LinkView>({ name: program, socket, purpose }: Control<V>): Flags {
  const usage = `usage: ${program} [-l] [-s socket] [-w maxwait] [--json] [--watch] interface`;
  try {
    const { values, positionals } = parseArgs({
      options: {
        list: { type: "boolean", short: "l", default: false },
        socket: { type: "string", short: "s", default: socket },
        wait: { type: "string", short: "w" },
        json: { type: "boolean", default: false },
        watch: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
      allowPositionals: true,
    });
    if (values.help) finish(0, help(usage, purpose, socket));
    const [name, ...more] = positionals;
    if (name === undefined || more.length > 0) throw new Error("one interface is named");
    if (values.wait !== undefined && !(/^\d{1,10}$/.test(values.wait) && Number(values.wait) >= 1 && Number(values.wait) <= MOST_WAIT))
      throw new Error(`maxwait is a number from 1 to ${MOST_WAIT}`);
    const maxWait = values.wait === undefined ? (values.list ? 0 : STANDARD_WAIT) : Number(values.wait);
    return { name, list: values.list, maxWait, socketPath: values.socket, json: values.json, watch: values.watch };
  } catch (error) {
    return finish(1, `${program}: ${escapeText(error instanceof Error ? error.message : String(error))}\n${usage}`);
  }
}

function help(usage: string, purpose: string, socket: string): string {
  return `${usage}

${purpose}

  -l            only show
  -s socket     the control socket (${socket}; of leasehold: /run/leasehold/control.sock)
  -w maxwait    seconds to wait for the lease (10; with -l 0)
  --json        one JSON object
  --watch       go on and show it again whenever something happens, until Ctrl-C

Exit codes: 0 shown, bound or not; 1 no such interface, nobody serves it, nobody answers, or wrong usage.
With --json or --watch: 0 something is held, 2 not in time, 3 nobody serves the interface, 1 anything else.`;
}

/** Of this network namespace, those without an address too. */
function interfaces(): readonly string[] {
  const lines = readFileSync("/proc/net/dev", "utf8").split("\n").slice(2);
  return lines.map((line) => line.slice(0, line.lastIndexOf(":")).trim());
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
