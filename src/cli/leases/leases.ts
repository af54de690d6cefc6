/** `leasehold leases`: what the DHCPv6 server has promised to whom. */
import { type Command, Option } from "commander";
import { escapeText } from "../../base/text.ts";
import { exactlyOf } from "../../ports/lease-json.ts";
import { LEASE_STATES } from "../../ports/leases.ts";
import { asking, type Common } from "../asking.ts";
import { EXIT, finish, jsonLine, print } from "../output.ts";
import { changingCommands } from "./changing.ts";
import { fileCommands } from "./files.ts";
import { pages, Progress } from "./reading.ts";
import { headLine, leaseLine, leaseSentences } from "./words.ts";

type ListOptions = Common & { readonly interface?: string; readonly client?: string; readonly address?: string; readonly state?: string };

export function leasesCommands(program: Command): void {
  const leases = program.command("leases").description("addresses and prefixes that the DHCPv6 server has promised");
  asking(leases.command("list").description("a line for each lease"))
    .option("--interface <NAME>", "only of this link, as the configuration calls it")
    .option("--client <DUID>", "only of this client: its DUID in hexadecimal, colons or not")
    .option("--address <ADDRESS>", "only this address, or the prefix that holds it")
    .addOption(new Option("--state <STATE>", "only those").choices([...LEASE_STATES]))
    .addHelpText("after", LIST_HELP)
    .action(list);
  asking(leases.command("show").description("everything about one lease").argument("<lease>", "an address, or a prefix with its length"))
    .addHelpText("after", "\nExit codes: 0 shown, 2 this is no address or prefix, 3 there is no such lease, or nobody runs.")
    .action(show);
  changingCommands(leases);
  fileCommands(leases);
}

const LIST_HELP = `
They come in no order, and while they come others may change.
With --json each line is one lease; times are seconds since 1970, 4294967295 never ends. Such as:
  leasehold leases list --interface lan0 --json | jq -r 'select(.state == "bound") | .address'
Exit codes: 0 listed, also when there is none, 2 an option was not understood, 3 nobody runs.`;

async function list(options: ListOptions): Promise<never> {
  const { interface: link, client, address: holds, state, json } = options;
  const progress = new Progress("leases listed");
  let head = json !== true;
  for await (const { leases, nowSeconds } of pages(options, { link, client, holds, state })) {
    if (head && leases.length > 0) print(1, headLine());
    head &&= leases.length === 0;
    const lines = leases.map((lease) => (json === true ? jsonLine(lease) : escapeText(leaseLine(lease, nowSeconds))));
    if (lines.length > 0) print(1, lines.join("\n"));
    if (process.stdout.isTTY !== true) progress.add(leases.length);
  }
  if (head && process.stderr.isTTY === true) print(2, "there is no such lease");
  process.exit(EXIT.done);
}

async function show(lease: string, options: Common): Promise<never> {
  if (exactlyOf(lease) === undefined)
    finish(EXIT.usage, `${escapeText(lease)}: this is no IPv6 address or prefix\n  hint: such as 2001:db8::1 or 2001:db8:100::/56`);
  for await (const { leases, nowSeconds } of pages(options, { lease })) {
    const [found] = leases;
    if (found !== undefined)
      finish(EXIT.done, options.json === true ? jsonLine(found) : leaseSentences(found, nowSeconds).map(escapeText).join("\n"));
  }
  return finish(
    EXIT.absent,
    `there is no lease ${escapeText(lease)}; leasehold leases list --address ${escapeText(lease.split("/")[0] ?? "")} looks for prefixes that hold it`,
  );
}
