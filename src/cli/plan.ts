/** `leasehold plan`: who gets which piece of a delegated prefix, drawn. It reads the configuration and asks nobody. */
import type { Command } from "commander";
import { type Ipv6Prefix, ipv6Covers, parseIpv6Prefix } from "../base/ipv6.ts";
import { parseMac } from "../base/mac.ts";
import { escapeText } from "../base/text.ts";
import { printProblem, readConfigFile } from "../config/read.ts";
import type { Uplink6Interface } from "../services/uplink6/config.ts";
import { type System, thisSystem } from "./check-system/system.ts";
import { RUN_OPTIONS } from "./options.ts";
import { EXIT, finish, jsonLine } from "./output.ts";
import { COLOURED, type Paint, PLAIN, planLines } from "./plan/drawing.ts";
import { planOf, type Question, type UplinkPlan } from "./plan/view.ts";

type Options = { readonly file: string; readonly prefix?: string; readonly exclude?: string; readonly json?: true };

const LEGEND = "\nIn the picture a letter is a target, = a place that is kept, # what is excluded, + more than one of them, and . is free.";

export function planCommand(program: Command): void {
  program
    .command("plan")
    .description("draw who gets which piece of a delegated prefix, as the configuration says; change nothing")
    .argument("[interface]", "one uplink; without it all of [uplink6]")
    .option("-f, --file <FILE>", RUN_OPTIONS.file.help, RUN_OPTIONS.file.default)
    .option("--prefix <PREFIX>", "what the provider delegates, such as 2001:db8:100::/56; without it an example of the length asked for")
    .option("--exclude <PREFIX>", "the part of it that the provider keeps for the upstream link (RFC 6603)")
    .option("--json", "print JSON")
    .addHelpText("after", LEGEND)
    .addHelpText("after", "\nExit codes: 0 drawn, 2 the configuration or an option has errors (all of them are printed), 3 there is no such uplink.")
    .action((name: string | undefined, options: Options) => {
      // what a terminal can show is Node's to say: it knows NO_COLOR too
      const coloured = process.stdout.isTTY && process.stdout.hasColors();
      const { code, text, stream } = planned(name, options, coloured ? COLOURED : PLAIN);
      finish(code, text, stream);
    });
}

/** How the command ends. */
type Ended = { readonly code: number; readonly text: string; readonly stream?: 1 };

/** @param name of an uplink; undefined: all of them */
export function planned(name: string | undefined, { file, prefix: given, exclude, json }: Options, paint: Paint): Ended {
  const result = readConfigFile(file);
  if ("problems" in result) {
    if (json === true) return { code: EXIT.usage, text: jsonLine({ file, problems: result.problems }), stream: 1 };
    return { code: EXIT.usage, text: result.problems.map((problem) => printProblem(file, problem)).join("\n") };
  }
  const uplinks = (result.config.uplink6 ?? []).filter((uplink) => name === undefined || uplink.name === name);
  if (uplinks.length === 0) return { code: EXIT.absent, text: escapeText(`${file} has no [uplink6.${name ?? "INTERFACE"}]`) };
  const [prefix, excluded] = [prefixIn(given), prefixIn(exclude)];
  if (prefix === "none") return notAPrefix("--prefix", given);
  if (excluded === "none") return notAPrefix("--exclude", exclude);
  const plans = uplinks.map((uplink) => planOf(uplink, { prefix, excluded, hardwareAddresses: hardwareAddresses(thisSystem(), uplinks) }));
  const fault = excludeFault(plans);
  if (fault !== undefined) return { code: EXIT.usage, text: fault };
  return { code: EXIT.done, text: json === true ? jsonLine({ uplinks: plans }) : planLines(plans, paint).join("\n") };
}

function prefixIn(text: string | undefined): Ipv6Prefix | "none" | undefined {
  return text === undefined ? undefined : (parseIpv6Prefix(text) ?? "none");
}

function notAPrefix(option: string, text = ""): Ended {
  return { code: EXIT.usage, text: `${option} ${escapeText(text)}: this is no IPv6 prefix\n  hint: such as 2001:db8:100::/56` };
}

/** @returns what is wrong about the part that is kept: it is one of the prefix, and not all of it (RFC 6603 §4.2) */
function excludeFault(plans: readonly UplinkPlan[]): string | undefined {
  const delegations = plans.flatMap((plan) => plan.delegations);
  const wrong = delegations.find(({ prefix, excluded }) => excluded !== null && (excluded === prefix || !ipv6Covers(prefix, excluded)));
  return wrong === undefined
    ? undefined
    : `--exclude ${wrong.excluded ?? ""}: this is no part of ${wrong.prefix}\n  hint: name the whole prefix too, with --prefix`;
}

function hardwareAddresses(system: System, uplinks: readonly Uplink6Interface[]): Question["hardwareAddresses"] {
  const names = uplinks.flatMap(({ delegations }) => delegations.flatMap(({ targets }) => targets.flatMap((target) => target.interface ?? [])));
  return new Map(
    names.flatMap((name) => {
      const text = system.read(`/sys/class/net/${name}/address`);
      return text === undefined ? [] : [[name, parseMac(text.trim())] as const];
    }),
  );
}
