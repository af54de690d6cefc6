/** What an operator may ask the directory for: main judges whether there is such a source, and the engine is told. */
import type { Configuration } from "../messages/catalogue.ts";
import type { CommandVerb } from "../messages/common.ts";
import { DIRECTORY_VERBS, type DirectoryVerb } from "../messages/directory.ts";
import type { Outcome } from "./interface-commands.ts";
import type { Tools } from "./office.ts";

export function isOfDirectory(verb: CommandVerb): verb is DirectoryVerb {
  return DIRECTORY_VERBS.some((one) => one === verb);
}

/** @param source its name; "" for all, or the first */
export function directoryCommand(tools: Tools, { directory }: Configuration, verb: DirectoryVerb, source: string): Outcome {
  if (directory === undefined) return { result: "absent", text: "the configuration has no [directory]" };
  const names = directory.engine.sources.map(({ name }) => name);
  if (source !== "" && !names.includes(source)) {
    tools.refused.add("command.argument");
    return { result: "absent", text: `there is no source of that name; there are: ${names.join(", ")}` };
  }
  const sent = tools.children.to("engine-directory")?.send("directoryCommand", { verb, source }, { generation: tools.generation() });
  if (sent !== true) return { result: "failed", text: "directory is starting, or restarting; try again in a moment" };
  return { result: "done", text: `${verb} is under way; leasehold directory status tells what comes of it` };
}
