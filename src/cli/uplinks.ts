/** Commands for one interface: what an operator asks its client for, what happens to it, and why. */
import type { Command } from "commander";
import { LIMITS } from "../base/limits.ts";
import { escapeText } from "../base/text.ts";
import { answer, asking, BUSY, type Common, command, socketOf } from "./asking.ts";
import { follow, type StreamEvent } from "./client.ts";
import { EXIT, finish, jsonLine, print } from "./output.ts";
import { explanation, isExplanation } from "./show/explain.ts";
import { eventLine } from "./show/events.ts";

const ASKED = {
  renew: "ask the server to extend the lease now; after `release`, begin again",
  release: "give the lease back and stop until `renew`",
  attach: "serve an interface that no block of the configuration names, and set it up",
  detach: "end that, and take everything of ours from the interface",
} as const;

export function uplinkCommands(program: Command): void {
  for (const [verb, description] of Object.entries(ASKED))
    asking(program.command(verb).description(description).argument("<interface>"))
      .addHelpText("after", "\nExit codes: 0 asked for, 1 refused, 3 there is no such interface, or nobody runs.")
      .action((name: string, options: Common) => command(options, `/v1/uplink4/${encodeURIComponent(name)}/${verb}`));

  asking(program.command("watch").description("tell what happens to uplinks, a line each, until Ctrl-C").argument("[interface]"))
    .addHelpText("after", `\nWith --json each line is one JSON object. At most ${LIMITS.watchers} may watch at once.`)
    .action((name: string | undefined, options: Common) => watch(name ?? "", options));

  asking(
    program
      .command("explain")
      .description(`the last ${LIMITS.explainedTransitions} transitions of an uplink, and why each happened`)
      .argument("<interface>"),
  ).action(async (name: string, options: Common) => {
    const { status, body } = await answer(options, "GET", `/v1/explain/${encodeURIComponent(name)}`);
    if (status === 404) finish(EXIT.absent, `uplink4 does not serve ${escapeText(name)}; leasehold show lists what there is`);
    if (status !== 200 || !isExplanation(body)) finish(EXIT.absent, BUSY);
    finish(EXIT.done, options.json === true ? jsonLine(body) : explanation(body));
  });
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
