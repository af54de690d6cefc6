/** `leasehold directory`: what is served of LDAP directories, an update now, what one would change, and a look at one source. */
import type { Command } from "commander";
import { asking } from "../asking.ts";
import { type DiffOptions, diff } from "./diff.ts";
import { probe } from "./probe.ts";
import { type RefreshOptions, refresh } from "./refresh.ts";
import { status } from "./status.ts";
import type { Common } from "../asking.ts";

const WAIT_SECONDS = 600;

export function directoryCommands(program: Command): void {
  const group = program.command("directory").description("users and groups from LDAP: what is served, and what an update would change");

  asking(group.command("status").description("sources, the last good update and its age, what was left out and why, what is held back"))
    .addHelpText("after", "\nExit codes: 0 told, 3 no directory is configured, or nobody runs.")
    .action((options: Common) => status(options));

  asking(
    group
      .command("refresh")
      .description("read all sources now, and wait for what comes of it")
      .option("--accept [source]", "believe what looks suspicious in this one update: of one source, or of all")
      .option("--wait <seconds>", "how long to wait", seconds, WAIT_SECONDS),
  )
    .addHelpText("after", "\nExit codes: 0 served, 1 a source failed or is held back, or you may not, 3 not in time, no such source, or nobody runs.")
    .action((options: RefreshOptions) => refresh(options));

  asking(
    group
      .command("diff")
      .description("what the last update would change if it were believed, a user or group a line")
      .option("--after <row>", "begin behind this many rows", whole, 0)
      .option("--rows <rows>", "at most so many rows; 0 for all", whole, 0),
  )
    .addHelpText("after", "\nWith --json each row is one JSON object on a line. Exit codes: 0 told, 3 an update is under way, or nobody runs.")
    .action((options: DiffOptions) => diff(options));

  asking(group.command("probe").description("read one source as an update would, tell each step, and serve nothing of it").argument("[source]"))
    .addHelpText("after", "\nExit codes: 0 everything could be read, 1 it could not, or you may not, 3 no such source, not in time, or nobody runs.")
    .action((source: string | undefined, options: Common) => probe(source ?? "", options));
}

function seconds(text: string): number {
  return Math.max(1, whole(text));
}

function whole(text: string): number {
  const value = Number(text);
  return Number.isInteger(value) && value >= 0 ? value : 0;
}
