/** The command line: one entry a command. Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 not there or not in time. */
import { writeSync } from "node:fs";
import { Command, Option } from "commander";
import { escapeText } from "../base/text.ts";
import { printConfig } from "../config/print.ts";
import { printProblem, readConfigFile } from "../config/read.ts";
import { LOG_LEVELS } from "../ports/log.ts";
import { RUN_OPTIONS } from "../roles/main/options.ts";
import { ask, EXIT } from "./client.ts";
import { type Shown, sentences } from "./show/show.ts";

type Common = { readonly runtimeDir: string; readonly json?: true };

const program = new Command("leasehold")
  .description("The edge of a network: addresses and prefixes from the provider, router advertisements and DHCPv6 inside, users from LDAP.")
  .showHelpAfterError("(leasehold --help lists the commands)")
  .exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.done : EXIT.usage))
  .addHelpText(
    "after",
    '\nA whole configuration, or one of its tables:\n  [uplink4.eth0]\n  [uplink6.eth0]\n  delegate = [ { to = ["lan0"] } ]\n  [lan.lan0]\n\nFirst `leasehold check`, then `leasehold run`, then `leasehold show`.',
  );

const run = program.command("run").description("run in the foreground (needs root); SIGHUP reloads, SIGTERM stops, addresses stay");
for (const [name, { value, help, ...more }] of Object.entries(RUN_OPTIONS))
  run.addOption(new Option(`${"short" in more ? `-${more.short}, ` : ""}--${name} <${value}>`, help).default(more.default));
run
  .addHelpText("after", "\nExit codes: 0 stopped, 1 failed, 2 the configuration has errors (all of them are printed).")
  .action(() => finish(EXIT.failed, "leasehold run needs root: it opens raw sockets and changes addresses; try sudo"));

program
  .command("check")
  .description("read the configuration, print it as understood, change nothing")
  .option("-f, --file <FILE>", RUN_OPTIONS.file.help, RUN_OPTIONS.file.default)
  .option("--json", "print JSON")
  .action(({ file, json }: { readonly file: string; readonly json?: true }) => {
    const result = readConfigFile(file);
    if ("problems" in result) {
      if (json === true) finish(EXIT.usage, JSON.stringify({ file, problems: result.problems }), 1);
      finish(EXIT.usage, result.problems.map((problem) => printProblem(file, problem)).join("\n"));
    }
    finish(EXIT.done, json === true ? JSON.stringify(result.file) : printConfig(result.file).trimEnd(), 1);
  });

asking(program.command("show").description("what is held, since when, and what was ignored for which reason")).action(async (options: Common) => {
  const { status, body } = await answer(options, "GET", "/v1/show");
  if (status !== 200) finish(EXIT.absent, "leasehold is busy; try again in a moment");
  finish(EXIT.done, options.json === true ? JSON.stringify(body) : sentences(body as Shown).trimEnd(), 1);
});

asking(program.command("reload").description("read the configuration again; one with errors leaves everything as it is")).action((options: Common) =>
  command(options, "/v1/reload"),
);

asking(
  program
    .command("log")
    .description("set how much the running program logs")
    .addArgument(program.createArgument("<level>", LOG_LEVELS.join(", ")).choices([...LOG_LEVELS])),
).action((level: string, options: Common) => command(options, `/v1/log/${level}`));

asking(
  program
    .command("trace")
    .description("the last steps of an interface, or the next ones of a server, as a recording: npm run replay -- FILE plays them again")
    .argument("<name>", "an interface as in `leasehold show`; of lan also dhcp6, of directory updates or requests: those are recorded from now on")
    .addOption(new Option("--seconds <N>", "for how long those are recorded").default(10).argParser(Number))
    .addOption(new Option("--service <SERVICE>", "whose").choices(["uplink4", "uplink6", "lan", "directory"]).default("uplink4")),
).action(async (name: string, options: Common & { readonly service: string; readonly seconds: number }) => {
  await recorded(name, options);
  for (let after: number | null = 0; after !== null; ) {
    const { status, body } = await answer(options, "GET", `/v1/trace/${options.service}/${encodeURIComponent(name)}?after=${after}`);
    if (status !== 200)
      finish(
        EXIT.absent,
        status === 404
          ? `${options.service} knows no ${escapeText(name)}; leasehold show lists what there is`
          : "leasehold is busy; try again in a moment",
      );
    const page = body as { readonly lines: readonly string[]; readonly next: number | null };
    print(1, page.lines.join("\n"));
    after = page.next;
  }
});

await program.parseAsync();

/** What is not always recorded is recorded now; SIGINT ends that early. */
async function recorded(name: string, options: Common & { readonly service: string; readonly seconds: number }): Promise<void> {
  const path = `/v1/trace/${options.service}/${encodeURIComponent(name)}?seconds=${options.seconds}`;
  const { status, body } = await answer(options, "POST", path);
  if (status === 400) finish(EXIT.usage, (body as { readonly hint: string }).hint);
  if (status !== 200) return;
  const { seconds } = body as { readonly seconds: number };
  print(2, `recording for ${seconds} seconds; Ctrl-C ends it before that`);
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    process.once("SIGINT", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function asking(made: Command): Command {
  const { value, help, default: standard } = RUN_OPTIONS["runtime-dir"];
  return made.option(`--runtime-dir <${value}>`, help, standard).option("--json", "print JSON");
}

async function command(options: Common, path: string): Promise<void> {
  const { status, body } = await answer(options, "POST", path);
  const { text = "" } = body as { readonly text?: string };
  if (options.json === true) finish(status === 200 ? EXIT.done : EXIT.failed, JSON.stringify(body), 1);
  finish(status === 200 ? EXIT.done : EXIT.failed, text.split("\n").map(escapeText).join("\n"), status === 200 ? 1 : 2);
}

async function answer({ runtimeDir }: Common, method: "GET" | "POST", path: string): Promise<Awaited<ReturnType<typeof ask>>> {
  try {
    return await ask(runtimeDir, method, path);
  } catch (error) {
    return finish(EXIT.absent, error instanceof Error ? error.message : String(error));
  }
}

function finish(code: number, text: string, stream: 1 | 2 = code === EXIT.done ? 1 : 2): never {
  print(stream, text);
  process.exit(code);
}

function print(stream: 1 | 2, text: string): void {
  const bytes = new TextEncoder().encode(`${text}\n`);
  for (let at = 0; at < bytes.length; ) at += writeSync(stream, bytes, at);
}
