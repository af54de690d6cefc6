/** What an operator may ask for an interface of `uplink4`: main judges whether there is one, and the engine is told. */
import { LIMITS } from "../../base/limits.ts";
import { entryFor } from "../../services/uplink4/config.ts";
import type { Configuration } from "../messages/catalogue.ts";
import { isInterfaceName } from "../messages/codecs.ts";
import type { CommandResult, CommandVerb } from "../messages/common.ts";
import type { AttachedInterfaces } from "./attached.ts";
import { systemFailure } from "./failures.ts";
import type { Tools } from "./office.ts";

export type Outcome = { readonly result: CommandResult; readonly text: string };
type Verb = Exclude<CommandVerb, "reload" | "log">;

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

  obey(verb: Verb, name: string): Outcome {
    if (!isInterfaceName(name)) {
      this.#setup.tools.refused.add("command.argument");
      return { result: "absent", text: "this is no name of an interface" };
    }
    try {
      if (verb === "attach") return this.#attach(name);
      return verb === "detach" ? this.#detach(name) : this.#pass(verb, name);
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

  #pass(verb: Exclude<Verb, "attach" | "detach">, name: string): Outcome {
    const { tools, configuration } = this.#setup;
    if (entryFor({ interfaces: configuration().uplink4?.interfaces ?? [] }, name) === undefined)
      return { result: "absent", text: `uplink4 does not serve ${name}; leasehold attach ${name} begins it` };
    if (tools.network.link(name) === undefined) return { result: "absent", text: `there is no interface ${name}` };
    const told = tools.children.to("engine-uplink4")?.send("uplinkCommand", { name, verb }, { generation: tools.generation() });
    if (told !== true) return { result: "failed", text: "uplink4 is starting, or restarting; try again in a moment" };
    return { result: "done", text: `${name}: ${verb} is under way; leasehold watch ${name} tells what comes of it` };
  }
}
