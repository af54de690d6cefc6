/** `leasehold leases add` and `delete`: one lease, durable before it is said to be done. */
import { type Command, Option } from "commander";
import { parseDuid } from "../../base/duid.ts";
import { escapeText } from "../../base/text.ts";
import { exactlyOf } from "../../ports/lease-json.ts";
import { asking, type Common } from "../asking.ts";
import { EXIT, finish, jsonLine } from "../output.ts";
import { pages } from "./reading.ts";
import { change, OUTCOME_WORDS } from "./writing.ts";
import { leaseName } from "./words.ts";

type AddOptions = Common & {
  readonly client: string;
  readonly iaid: number;
  readonly interface: string;
  readonly validSeconds: number;
  readonly preferredSeconds?: number;
};
const FOREVER_SECONDS = 0xffffffff;
const ROOT = "Only root may change leases.";

export function changingCommands(leases: Command): void {
  asking(
    leases
      .command("add")
      .description("promise an address or prefix to a client, as if it had asked for it")
      .argument("<lease>", "an address, or a prefix with its length"),
  )
    .requiredOption("--client <DUID>", "whose it is: its DUID in hexadecimal")
    .requiredOption("--interface <NAME>", "the link, as the configuration calls it")
    .addOption(new Option("--iaid <N>", "of the client's identity association").default(0).argParser(Number))
    .addOption(new Option("--valid-seconds <N>", "for how long; 4294967295 never ends").default(86_400).argParser(Number))
    .addOption(new Option("--preferred-seconds <N>", "for how long new connections use it; without this as long as it is valid").argParser(Number))
    .addHelpText(
      "after",
      `\n${ROOT} The client gets it when it asks next; from then on its lifetimes are those of the link.\nFor an address that is always the same client's write a reservation into the configuration.\nExit codes: 0 it is durable, 1 refused, 2 an option was not understood, 3 nobody runs.`,
    )
    .action(add);
  asking(
    leases
      .command("delete")
      .description("forget a lease; a prefix's route goes with it")
      .argument("<lease>", "an address, or a prefix with its length"),
  )
    .addHelpText(
      "after",
      `\n${ROOT} Its client is not told, and uses it until it renews: then it may get the same again, if nobody else has it.\nExit codes: 0 it is durable, 1 refused, 2 this is no address or prefix, 3 there is no such lease, or nobody runs.`,
    )
    .action(remove);
}

async function add(text: string, options: AddOptions): Promise<never> {
  const which = exactlyOf(text);
  const client = parseDuid(options.client);
  if (which === undefined) return notALease(text);
  if (client === undefined)
    return finish(
      EXIT.usage,
      `--client ${escapeText(options.client)}: this is no DUID\n  hint: 3 to 130 octets in hexadecimal, as leasehold leases show tells them`,
    );
  const { iaid, validSeconds, preferredSeconds = validSeconds } = options;
  for (const [name, count] of Object.entries({ iaid, "valid-seconds": validSeconds, "preferred-seconds": preferredSeconds }))
    if (!Number.isInteger(count) || count < 0 || count > FOREVER_SECONDS)
      return finish(EXIT.usage, `--${name}: a whole number, 0 to ${FOREVER_SECONDS}`);
  const now = await serverSeconds(options, text);
  const until = (seconds: number): number => (seconds === FOREVER_SECONDS ? FOREVER_SECONDS : Math.min(now + seconds, FOREVER_SECONDS - 1));
  const lease = {
    ...{ kind: text.includes("/") && which.prefixLength < 128 ? ("prefix" as const) : ("address" as const), ...which },
    ...{ link: options.interface, state: "bound" as const, client, iaid, hostName: "" },
    ...{ startSeconds: now, preferredUntilSeconds: until(preferredSeconds), validUntilSeconds: until(validSeconds) },
  };
  const [outcome = "absent"] = await change(options, { put: [lease] });
  const done = outcome === "done" || outcome === "known";
  if (options.json === true) return finish(done ? EXIT.done : EXIT.failed, jsonLine({ ...lease, outcome }), 1);
  const name = leaseName(lease);
  return done
    ? finish(EXIT.done, `${name} is ${escapeText(options.client)}'s on ${escapeText(options.interface)}`)
    : finish(EXIT.failed, `${name}: ${OUTCOME_WORDS[outcome]}`);
}

async function remove(text: string, options: Common): Promise<never> {
  const which = exactlyOf(text);
  if (which === undefined) return notALease(text);
  const name = which.prefixLength === 128 ? which.address : `${which.address}/${which.prefixLength}`;
  const [outcome = "absent"] = await change(options, { remove: [name] });
  const code = outcome === "done" ? EXIT.done : outcome === "absent" ? EXIT.absent : EXIT.failed;
  if (options.json === true) return finish(code, jsonLine({ lease: name, outcome }), 1);
  return finish(
    code,
    outcome === "done" ? `${name} is nobody's now` : `${name}: ${OUTCOME_WORDS[outcome]}; leasehold leases list tells which there are`,
  );
}

/** Lifetimes count on the server's clock, which does not go back when this machine's does. */
async function serverSeconds(options: Common, lease: string): Promise<number> {
  for await (const { nowSeconds } of pages(options, { lease })) return nowSeconds;
  return 0;
}

function notALease(text: string): never {
  return finish(EXIT.usage, `${escapeText(text)}: this is no IPv6 address or prefix\n  hint: such as 2001:db8::1 or 2001:db8:100::/56`);
}
