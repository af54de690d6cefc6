/** `leasehold run`: reads the configuration, becomes main, and stays until told to stop. */
import "./first.ts";
import { collectWhenIdle } from "./idle-collection.ts";
import { parseArgs } from "node:util";
import { writeSync } from "node:fs";
import { native } from "../platform/native.ts";
import { LOG_LEVELS } from "../ports/log.ts";
import { loadConfiguration } from "./main/configuration.ts";
import { Main } from "./main/main.ts";
import { RUN_OPTIONS, type RunOptions } from "./main/options.ts";

const EXIT = { failed: 1, usage: 2 } as const;
/** Formats of programs whose names we bear; of those whatever is wrong ends with 1. */
const COMPATIBLE: readonly string[] = ["dhcpleased", "dhcp6leased", "ypldap"];
const CHOICES: Readonly<Record<"log-level" | "format" | "absent" | "compat", readonly string[]>> = {
  compat: ["error", "warning"],
  "log-level": LOG_LEVELS,
  format: ["auto", "toml", ...COMPATIBLE],
  absent: ["error", "empty"],
};

try {
  run(optionsOf(process.argv.slice(2)));
} catch (error) {
  fail(EXIT.failed, error instanceof Error ? error.message : String(error));
}

function run(options: RunOptions): void {
  const loaded = loadConfiguration(options);
  if ("problems" in loaded) return fail(COMPATIBLE.includes(options.format) ? EXIT.failed : EXIT.usage, loaded.problems);
  if (process.geteuid?.() !== 0) return fail(EXIT.failed, "leasehold run needs root: it opens raw sockets and changes addresses; try sudo");
  const main = new Main(options, loaded);
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    main.stop().then(
      () => process.exit(0),
      () => process.exit(EXIT.failed),
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  process.on("SIGPIPE", () => undefined);
  process.on("SIGHUP", () => main.reload());
  main.start();
  collectWhenIdle();
  native().trimMemory(); // loading left free memory behind
}

function optionsOf(args: readonly string[]): RunOptions {
  try {
    const { values } = parseArgs({ args: [...args], options: RUN_OPTIONS, strict: true, allowPositionals: false });
    for (const [name, known] of Object.entries(CHOICES))
      if (!known.includes(values[name as keyof typeof CHOICES])) throw new Error(`--${name} is one of ${known.join(", ")}`);
    return values;
  } catch (error) {
    return fail(EXIT.usage, `${error instanceof Error ? error.message : String(error)}\nsee: leasehold run --help`);
  }
}

function fail(code: number, text: string): never {
  writeSync(2, `${text}\n`);
  process.exit(code);
}
