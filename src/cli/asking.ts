/** Commands that ask the running program: the options they share, and what its answers mean for whoever called. */
import { join } from "node:path";
import type { Command } from "commander";
import { escapeText } from "../base/text.ts";
import { RUN_OPTIONS } from "./options.ts";
import { type Answer, ask } from "./client.ts";
import { EXIT, finish, jsonLine } from "./output.ts";

export type Common = { readonly runtimeDir: string; readonly json?: true };

export const BUSY = "leasehold is busy; try again in a moment";

export function asking(made: Command): Command {
  const { value, help, default: standard } = RUN_OPTIONS["runtime-dir"];
  return made.option(`--runtime-dir <${value}>`, help, standard).option("--json", "print JSON");
}

export function socketOf({ runtimeDir }: Common): string {
  return join(runtimeDir, "control.sock");
}

/** Ends the command when nobody answers. */
export async function answer(options: Common, method: "GET" | "POST", path: string, body = ""): Promise<Answer> {
  try {
    return await ask(socketOf(options), method, path, body);
  } catch (error) {
    return finish(EXIT.absent, error instanceof Error ? error.message : String(error));
  }
}

/** Asks main for something: done, or why not. */
export async function command(options: Common, path: string): Promise<never> {
  const { status, body } = await answer(options, "POST", path);
  const { text = "" } = body as { readonly text?: string };
  const code = status === 200 ? EXIT.done : status === 404 || status === 503 ? EXIT.absent : EXIT.failed;
  if (options.json === true) finish(code, jsonLine(body), 1);
  finish(code, text.split("\n").map(escapeText).join("\n"));
}
