/** `leasehold import FILE`: what a native configuration says, as TOML. */
import { type Command, Option } from "commander";
import { printConfig } from "../config/print.ts";
import { FORMATS, type Format, printProblem, readConfigFile } from "../config/read.ts";
import { terse } from "../config/terse.ts";
import { EXIT, finish } from "./output.ts";

export function importCommand(program: Command): void {
  program
    .command("import")
    .description("read a native configuration, such as /etc/dhcpleased.conf or /etc/dhcp6leased.conf, and print the same as TOML; change nothing")
    .argument("<file>")
    .addOption(new Option("--format <FORMAT>", "what it is written in; without this its name tells, or what stands in it").choices([...FORMATS]))
    .addHelpText(
      "after",
      "\nOnly what differs from the defaults is printed: `leasehold check` prints all.\nExit codes: 0 printed, 2 the file has errors (all of them are printed).",
    )
    .action((file: string, { format }: { readonly format?: Format }) => {
      const result = readConfigFile(file, { format });
      if ("problems" in result) finish(EXIT.usage, result.problems.map((problem) => printProblem(file, problem)).join("\n"));
      finish(EXIT.done, printConfig(terse(result.file)).trimEnd());
    });
}
