/** `leasehold check`: the configuration as understood; with --system, what of this machine is in its way. */
import type { Command } from "commander";
import { printConfig } from "../config/print.ts";
import { printProblem, printWarning, readConfigFile } from "../config/read.ts";
import { RUN_OPTIONS } from "./options.ts";
import { checkSystem, findingLines, subjectOf } from "./check-system/check-system.ts";
import { thisSystem } from "./check-system/system.ts";
import { EXIT, finish, jsonLine, print } from "./output.ts";

type Options = { readonly file: string; readonly json?: true; readonly system?: true; readonly runtimeDir: string };

export function checkCommand(program: Command): void {
  const runtime = RUN_OPTIONS["runtime-dir"];
  program
    .command("check")
    .description("read the configuration, print it as understood, change nothing")
    .option("-f, --file <FILE>", RUN_OPTIONS.file.help, RUN_OPTIONS.file.default)
    .option("--system", "look at this machine instead: what is in the way of that configuration, and what to do")
    .option(`--runtime-dir <${runtime.value}>`, runtime.help, runtime.default)
    .option("--json", "print JSON")
    .addHelpText("after", "\nExit codes: 0 nothing is wrong, 2 the configuration has errors; with --system also 1: something found is an error.")
    .action((options: Options) => check(options));
}

function check({ file, json, system, runtimeDir }: Options): never {
  const result = readConfigFile(file);
  if ("problems" in result) {
    if (json === true) finish(EXIT.usage, jsonLine({ file, problems: result.problems }), 1);
    finish(EXIT.usage, result.problems.map((problem) => printProblem(file, problem)).join("\n"));
  }
  for (const warning of result.warnings) print(2, printWarning(file, warning));
  if (system !== true) finish(EXIT.done, json === true ? jsonLine(result.file) : printConfig(result.file).trimEnd());
  const machine = thisSystem();
  const findings = checkSystem(machine, subjectOf(result.config, machine, runtimeDir));
  const code = findings.some(({ severity }) => severity === "error") ? EXIT.failed : EXIT.done;
  finish(code, json === true ? jsonLine({ file, findings }) : findingLines(findings).join("\n"), 1);
}
