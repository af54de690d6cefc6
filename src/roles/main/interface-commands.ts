/** What an operator may ask for an interface: main judges whether a service has it, and the engine is told. */
import { LIMITS } from "../../base/limits.ts";
import { entryFor } from "../../services/uplink4/config.ts";
import type { Configuration } from "../messages/catalogue.ts";
import { isInterfaceName } from "../messages/codecs.ts";
import type { CommandResult, CommandService, CommandVerb } from "../messages/common.ts";
import type { DirectoryVerb } from "../messages/directory.ts";
import type { AttachedInterfaces } from "./attached.ts";
import { systemFailure } from "./failures.ts";
import type { Tools } from "./office.ts";

export type Outcome = { readonly result: CommandResult; readonly text: string };
type Verb = Exclude<CommandVerb, "reload" | "log" | DirectoryVerb>;
const SERVICES = ["uplink4", "uplink6"] as const;
type Service = (typeof SERVICES)[number];

export type InterfaceCommandsSetup = {
  readonly tools: Tools;
  readonly attached: AttachedInterfaces;
  /** In force, with what is attached. */
  readonly configuration: () => Configuration;
  /** Puts the configuration in force again. @returns what the system refused */
  readonly apply: () => string | undefined;
};

export class InterfaceCommands {
  readonly #setup: InterfaceCommandsSetup;

  constructor(setup: InterfaceCommandsSetup) {
    this.#setup = setup;
  }

  obey(verb: Verb, name: string, service: CommandService): Outcome {
    if (!isInterfaceName(name)) {
      this.#setup.tools.refused.add("command.argument");
      return { result: "absent", text: "this is no name of an interface" };
    }
    try {
      if (verb !== "attach" && verb !== "detach") return this.#pass(verb, name, service);
      if (service === "uplink6") return { result: "failed", text: "uplink6 serves the interfaces that the configuration names" };
      return verb === "attach" ? this.#attach(name) : this.#detach(name);
    } catch (error) {
      const failure = systemFailure(error);
      if (failure === undefined) throw error;
      return { result: "failed", text: `${name}: ${failure.message}` };
    }
  }

  /** The link is set up in any case: who attaches an interface wants it to work. */
  #attach(name: string): Outcome {
    const { tools, attached, configuration } = this.#setup;
    const link = tools.network.link(name);
    if (link === undefined) return { result: "absent", text: `there is no interface ${name}` };
    if (link.loopback || link.mac === undefined)
      return { result: "failed", text: `${name} has no hardware address, and DHCPv4 knows hosts by theirs: it cannot be served` };
    if (!link.up) tools.network.setLink({ index: link.index, up: true });
    if (attached.has(name)) return { result: "done", text: `${name} is attached already` };
    const interfaces = configuration().uplink4?.interfaces ?? [];
    if (entryFor({ interfaces }, name) !== undefined) return { result: "done", text: `${name} is served already: ${tools.options.file} names it` };
    if (interfaces.length >= LIMITS.interfaces) return { result: "failed", text: `${LIMITS.interfaces} interfaces are served, and no more can be` };
    attached.add(name);
    return this.#applied(`${name} is served from now on; leasehold detach ${name} ends it`);
  }

  #detach(name: string): Outcome {
    const { tools, attached, configuration } = this.#setup;
    const named = entryFor({ interfaces: configuration().uplink4?.interfaces ?? [] }, name) !== undefined;
    if (!attached.has(name))
      return named
        ? { result: "failed", text: `${name} was not attached: ${tools.options.file} names it; take it out there, then leasehold reload` }
        : { result: "absent", text: `${name} is not served` };
    attached.remove(name);
    return this.#applied(`${name} is not attached any more`);
  }

  #applied(text: string): Outcome {
    const failure = this.#setup.apply();
    return failure === undefined ? { result: "done", text } : { result: "failed", text: failure };
  }

  #pass(verb: Exclude<Verb, "attach" | "detach">, name: string, asked: CommandService): Outcome {
    const { tools } = this.#setup;
    const serving = SERVICES.filter((one) => (asked === "any" || asked === one) && this.#serves(one, name));
    if (serving.length === 0) return { result: "absent", text: notServed(name, asked) };
    if (tools.network.link(name) === undefined) return { result: "absent", text: `there is no interface ${name}` };
    const generation = tools.generation();
    const deaf = serving.filter((one) => tools.children.to(`engine-${one}`)?.send("uplinkCommand", { name, verb }, { generation }) !== true);
    if (deaf.length > 0) return { result: "failed", text: `${deaf.join(" and ")} is starting, or restarting; try again in a moment` };
    return { result: "done", text: `${name}: ${verb} is under way; leasehold watch ${name} tells what comes of it` };
  }

  #serves(service: Service, name: string): boolean {
    const { uplink4, uplink6 } = this.#setup.configuration();
    if (service === "uplink6") return (uplink6 ?? []).some((one) => one.name === name);
    return entryFor({ interfaces: uplink4?.interfaces ?? [] }, name) !== undefined;
  }
}

function notServed(name: string, asked: CommandService): string {
  if (asked === "uplink6") return `uplink6 does not serve ${name}: the configuration names its interfaces`;
  return `${asked === "any" ? "no service of uplinks serves" : "uplink4 does not serve"} ${name}; leasehold attach ${name} begins it`;
}
