/** What main does for one service: its configuration, its engine's requests, its files. One office a service; main knows no more of it. */
import type { KernelNetwork } from "../../platform/netlink/kernel-network.ts";
import type { Log } from "../../ports/log.ts";
import type { Counters } from "../../services/counters.ts";
import type { Incoming } from "../connection.ts";
import type { Configuration } from "../messages/catalogue.ts";
import type { EngineName } from "../messages/message.ts";
import type { Children, ChildName } from "./children.ts";
import { systemFailure } from "./failures.ts";
import type { RunOptions } from "./options.ts";

export type Tools = {
  readonly options: RunOptions;
  readonly children: Children;
  readonly network: KernelNetwork;
  /** What was asked for and not done, by request and field. */
  readonly refused: Counters;
  readonly log: Log;
  /** The user that a role runs as; undefined: everyone is the same one. */
  readonly idOf?: (role: ChildName) => number | undefined;
  /** Of the configuration in force. */
  readonly generation: () => number;
  /** What the configuration in force hides from us, to be handed on: a descriptor of its own each time. */
  readonly secrets: () => number;
};

export interface Office {
  readonly engine: EngineName;
  /** Its roles, the engine first; they start with the first configuration that names the service. */
  readonly roles: readonly ChildName[];
  /** Takes the configuration. @returns false when the service is not in it and never was */
  configure(configuration: Configuration): boolean;
  /** What it serves, for the log and for whoever reloads. */
  readonly serves: string;
  /** One of its roles, or the frontend, stands behind its fence and can be told things. */
  ready(role: ChildName): void;
  /** The configuration in force is a new one, and its roles are ready. */
  reconfigured(): void;
  /** A message of one of its roles that is not for everyone. */
  message(from: ChildName, message: Incoming): void;
  /** The program ends. @returns how long its roles need for what they still have to say */
  stop(): { readonly patienceMs: number };
}

/** Carries out a request; what kernel or file system refuse is logged and told to the engine. @returns whether it is done */
export function attempt(
  tools: Tools,
  engine: EngineName,
  { what, name = "" }: { readonly what: string; readonly name?: string },
  act: () => void,
): boolean {
  try {
    act();
    return true;
  } catch (error) {
    const failure = systemFailure(error);
    if (failure === undefined) throw error;
    tools.log.write("error", "kernelRefused", { request: what, interface: name, error: failure.message });
    tools.children.to(engine)?.send("kernelFailed", { name, what, errno: failure.errno }, { generation: tools.generation() });
    return false;
  }
}
