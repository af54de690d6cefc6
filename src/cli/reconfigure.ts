/** `leasehold reconfigure`: clients of the DHCPv6 server are told to come back now, not when their time is half over. */
import { Argument, type Command } from "commander";
import { parseDuid } from "../base/duid.ts";
import { escapeText } from "../base/text.ts";
import { RECONFIGURE_PURPOSES } from "../ports/reconfigure.ts";
import { asking, type Common, command } from "./asking.ts";
import { EXIT, finish } from "./output.ts";

type Options = Common & { readonly interface?: string; readonly client?: string };

const HELP = `
A client can be told when the link has reconfigure = true and the client said that it accepts it: dhcpcd and uplink6 do, most hosts do not.
It is told up to eight times in eight minutes, until it asks for something. Without an argument those with leases shall renew
them, and those without ask for options again.
  leasehold reconfigure --interface lan0            options of lan0 have changed, and everyone shall know
  leasehold reconfigure --client 0003000102005e100001 rebind
leasehold show tells who was told, and who came.
Exit codes: 0 they are told, 1 refused, 2 an option was not understood, 3 there is no such link or client, or nobody runs.`;

export function reconfigureCommand(program: Command): void {
  asking(program.command("reconfigure").description("tell clients of the DHCPv6 server to ask again (RFC 9915 §18.3.11)"))
    .addArgument(new Argument("[what]", "what they shall send").choices([...RECONFIGURE_PURPOSES]))
    .option("--interface <NAME>", "only clients of this link, as the configuration calls it")
    .option("--client <DUID>", "only this client: its DUID in hexadecimal, colons or not")
    .addHelpText("after", HELP)
    .action(reconfigure);
}

function reconfigure(what: string | undefined, options: Options): Promise<never> {
  const { interface: link, client } = options;
  if (client !== undefined && parseDuid(client) === undefined)
    finish(EXIT.usage, `${escapeText(client)}: this is no DUID\n  hint: 3 to 130 octets in hexadecimal, as leasehold leases list shows them`);
  const said = Object.entries({ interface: link, client, purpose: what }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  const query = new URLSearchParams(said as [string, string][]).toString();
  return command(options, `/v1/reconfigure${query === "" ? "" : `?${query}`}`);
}
