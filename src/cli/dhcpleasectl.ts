/** `dhcpleasectl`: asks for a lease of one interface and shows it, with the flags, output and exit codes of the program of that name on OpenBSD. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { escapeText } from "../base/text.ts";
import { ask, follow } from "./client.ts";
import { converse, newExitCode, type Result } from "./dhcpleasectl/conversation.ts";
import { report, reportJson } from "./dhcpleasectl/report.ts";
import { finish, jsonLine, print, write } from "./output.ts";

const USAGE = "usage: dhcpleasectl [-l] [-s socket] [-w maxwait] [--json] [--watch] interface";
const HELP = `${USAGE}

Asks for the lease of an interface to be confirmed, waits for it, and shows it. An interface that is not served yet is from now on (root).

  -l            only show
  -s socket     the control socket (/run/dhcpleased/control.sock; of leasehold: /run/leasehold/control.sock)
  -w maxwait    seconds to wait for the lease (10; with -l 0)
  --json        one JSON object
  --watch       go on and show it again whenever something happens, until Ctrl-C

Exit codes: 0 shown, bound or not; 1 no such interface, nobody serves it, nobody answers, or wrong usage.
With --json or --watch: 0 an address is held, 2 not in time, 3 nobody serves the interface, 1 anything else.`;

const SOCKET = "/run/dhcpleased/control.sock";
const STANDARD_WAIT = 10;
const MOST_WAIT = 2_147_483_647;

const options = read();
try {
  await main();
} catch (error) {
  finish(1, `dhcpleasectl: ${error instanceof Error ? error.message : String(error)}`);
}

async function main(): Promise<never> {
  const { name, json, watch, socketPath } = options;
  const result = await converse(options, {
    ask: (method, path) => ask(socketPath, method, path),
    exists: (one) => interfaces().includes(one),
    second: () => pause(1000),
    dot: () => (json ? undefined : write(1, ".")),
    now: () => Date.now(),
  });
  show(result);
  const code = json || watch ? newExitCode(result) : result.kind === "seen" ? 0 : 1;
  return watch && result.kind === "seen" ? watchOn(name, socketPath) : process.exit(code);
}

function show(result: Result): void {
  const { name, json } = options;
  if (result.kind !== "failed" && result.dots > 0 && !json) write(1, "\n");
  if (result.kind === "seen") return print(1, json ? jsonLine(reportJson(result.view)) : report(result.view, Date.now()));
  const text = result.kind === "failed" ? result.text : `non-autoconf interface ${name}`;
  if (json) print(1, jsonLine({ interface: name, state: null, error: text }));
  else print(2, `dhcpleasectl: ${escapeText(text)}`);
}

/** Shows it again after everything that happens to it. What happens at once is shown once. */
async function watchOn(name: string, socketPath: string): Promise<never> {
  let last: Result | undefined;
  let pending = false;
  const again = async (): Promise<void> => {
    if (pending) return;
    pending = true;
    await pause(50);
    pending = false;
    last = await converse(
      { name, list: true, maxWait: 0 },
      { ask: (method, path) => ask(socketPath, method, path), exists: () => true, second: () => pause(0), dot: () => undefined, now: () => 0 },
    );
    show(last);
  };
  const gone = (): never => process.exit(last === undefined ? 0 : newExitCode(last));
  process.once("SIGINT", gone);
  await follow(socketPath, `/v1/watch?interface=${encodeURIComponent(name)}`, { onEvent: () => void again().catch(gone) }).ended;
  return finish(1, "dhcpleasectl: the program ended");
}

function read(): {
  readonly name: string;
  readonly list: boolean;
  readonly maxWait: number;
  readonly socketPath: string;
  readonly json: boolean;
  readonly watch: boolean;
} {
  try {
    const { values, positionals } = parseArgs({
      options: {
        list: { type: "boolean", short: "l", default: false },
        socket: { type: "string", short: "s", default: SOCKET },
        wait: { type: "string", short: "w" },
        json: { type: "boolean", default: false },
        watch: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
      allowPositionals: true,
    });
    if (values.help) finish(0, HELP);
    const [name, ...more] = positionals;
    if (name === undefined || more.length > 0) throw new Error("one interface is named");
    if (values.wait !== undefined && !(/^\d{1,10}$/.test(values.wait) && Number(values.wait) >= 1 && Number(values.wait) <= MOST_WAIT))
      throw new Error(`maxwait is a number from 1 to ${MOST_WAIT}`);
    const maxWait = values.wait === undefined ? (values.list ? 0 : STANDARD_WAIT) : Number(values.wait);
    return { name, list: values.list, maxWait, socketPath: values.socket, json: values.json, watch: values.watch };
  } catch (error) {
    return finish(1, `dhcpleasectl: ${escapeText(error instanceof Error ? error.message : String(error))}\n${USAGE}`);
  }
}

/** Of this network namespace, those without an address too. */
function interfaces(): readonly string[] {
  const lines = readFileSync("/proc/net/dev", "utf8").split("\n").slice(2);
  return lines.map((line) => line.slice(0, line.lastIndexOf(":")).trim());
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
