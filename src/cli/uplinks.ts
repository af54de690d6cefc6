/** Commands for one interface: what an operator asks its client for, what happens to it, and why. */
import { type Command, Option } from "commander";
import { LIMITS } from "../base/limits.ts";
import { escapeText } from "../base/text.ts";
import { answer, asking, BUSY, type Common, command, socketOf } from "./asking.ts";
import { follow, type StreamEvent } from "./client.ts";
import { EXIT, finish, jsonLine, print } from "./output.ts";
import { type Explained, explanation, isExplanation } from "./show/explain.ts";
import { eventLine } from "./show/events.ts";

/** For every kind of uplink that the interface is. */
const ASKED = {
  renew: "ask servers to extend what is leased, now; after `release`, begin again",
  release: "give back what is leased, and stop until `renew`",
  reboot: "ask whether what is leased still holds",
} as const;
const ATTACHED = {
  attach: "serve an interface that no block of the configuration names by DHCPv4, and set it up",
  detach: "end that, and take everything of ours from the interface",
} as const;
const SERVICES = ["uplink4", "uplink6"] as const;
type Narrowed = Common & { readonly service?: (typeof SERVICES)[number] };
const CODES = "\nExit codes: 0 asked for, 1 refused, 3 there is no such interface, or nobody runs.";

export function uplinkCommands(program: Command): void {
  for (const [verb, description] of Object.entries(ASKED))
    narrowed(program.command(verb).description(description).argument("<interface>"))
      .addHelpText("after", CODES)
      .action((name: string, options: Narrowed) => command(options, `/v1/${options.service ?? "uplinks"}/${encodeURIComponent(name)}/${verb}`));
  for (const [verb, description] of Object.entries(ATTACHED))
    asking(program.command(verb).description(description).argument("<interface>"))
      .addHelpText("after", CODES)
      .action((name: string, options: Common) => command(options, `/v1/uplink4/${encodeURIComponent(name)}/${verb}`));

  asking(program.command("watch").description("tell what happens to uplinks, a line each, until Ctrl-C").argument("[interface]"))
    .addHelpText("after", `\nWith --json each line is one JSON object. At most ${LIMITS.watchers} may watch at once.`)
    .action((name: string | undefined, options: Common) => watch(name ?? "", options));

  narrowed(
    program
      .command("explain")
      .description(`the last ${LIMITS.explainedTransitions} transitions of an uplink, and why each happened`)
      .argument("<interface>"),
  ).action(explain);
}

function narrowed(made: Command): Command {
  return asking(made).addOption(new Option("--service <SERVICE>", "only this one of those that serve the interface").choices([...SERVICES]));
}

/** Each service that has the interface, one after the other. */
async function explain(name: string, options: Narrowed): Promise<never> {
  const first = await explained(name, options, options.service);
  const others = "services" in first && Array.isArray(first.services) ? first.services.slice(1) : [];
  const wanted = SERVICES.filter((service) => options.service === undefined && others.includes(service));
  const all = [first];
  for (const service of wanted) all.push(await explained(name, options, service));
  finish(EXIT.done, options.json === true ? all.map(jsonLine).join("\n") : all.map(explanation).join("\n\n"));
}

async function explained(name: string, options: Common, service: Narrowed["service"]): Promise<Explained> {
  const { status, body } = await answer(options, "GET", `/v1/explain/${service === undefined ? "" : `${service}/`}${encodeURIComponent(name)}`);
  const who = service ?? "no service of uplinks";
  if (status === 404)
    finish(EXIT.absent, `${who} ${service === undefined ? "serves" : "does not serve"} ${escapeText(name)}; leasehold show lists what there is`);
  if (status !== 200 || !isExplanation(body)) finish(EXIT.absent, BUSY);
  return body;
}

async function watch(name: string, options: Common): Promise<never> {
  const path = `/v1/watch${name === "" ? "" : `?interface=${encodeURIComponent(name)}`}`;
  const tell = ({ event, data }: StreamEvent): void =>
    print(1, options.json === true ? jsonLine({ event, ...objectOf(data) }) : eventLine(event, data));
  process.once("SIGINT", () => process.exit(EXIT.done));
  const onOpen = (): void => {
    if (options.json !== true && process.stderr.isTTY === true) print(2, "watching; Ctrl-C ends it");
  };
  try {
    const status = await follow(socketOf(options), path, { onEvent: tell, onOpen }).ended;
    if (status === 200) finish(EXIT.failed, "the stream ended: leasehold stopped, or its control role did");
    return finish(EXIT.absent, status === 503 ? `as many watch as may: ${LIMITS.watchers}` : BUSY);
  } catch (error) {
    return finish(EXIT.absent, error instanceof Error ? error.message : String(error));
  }
}

function objectOf(data: unknown): object {
  return typeof data === "object" && data !== null ? data : {};
}
