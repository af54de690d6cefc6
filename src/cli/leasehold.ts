/** The command line: one entry a command. Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 not there or not in time. */
import { Command, Option } from "commander";
import { LOG_LEVELS } from "../ports/log.ts";
import { RUN_OPTIONS } from "./options.ts";
import { answer, asking, BUSY, type Common, command } from "./asking.ts";
import { importCommand } from "./import.ts";
import { checkCommand } from "./check.ts";
import { decodeCommand } from "./decode.ts";
import { directoryCommands } from "./directory/directory.ts";
import { EXIT, finish, jsonLine } from "./output.ts";
import { leasesCommands } from "./leases/leases.ts";
import { planCommand } from "./plan.ts";
import { reconfigureCommand } from "./reconfigure.ts";
import { type Shown, sentences } from "./show/show.ts";
import { traceCommand } from "./trace.ts";
import { uplinkCommands } from "./uplinks.ts";

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

checkCommand(program);

asking(program.command("show").description("what is held, since when, and what was ignored for which reason")).action(async (options: Common) => {
  const { status, body } = await answer(options, "GET", "/v1/show");
  if (status !== 200) finish(EXIT.absent, BUSY);
  finish(EXIT.done, options.json === true ? jsonLine(body) : sentences(body as Shown).trimEnd());
});

planCommand(program);

importCommand(program);

uplinkCommands(program);

leasesCommands(program);

directoryCommands(program);
reconfigureCommand(program);

asking(program.command("reload").description("read the configuration again; one with errors leaves everything as it is")).action((options: Common) =>
  command(options, "/v1/reload"),
);

asking(
  program
    .command("log")
    .description("set how much the running program logs")
    .addArgument(program.createArgument("<level>", LOG_LEVELS.join(", ")).choices([...LOG_LEVELS])),
).action((level: string, options: Common) => command(options, `/v1/log/${level}`));

traceCommand(program);

decodeCommand(program);

await program.parseAsync();
