/** Interfaces that an operator attached: served with what holds where nothing is said, although no block names them; kept over restarts of main. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LIMITS } from "../../base/limits.ts";
import { entryFor, standardUplink, type Uplink4Interface } from "../../services/uplink4/config.ts";
import type { Configuration } from "../messages/catalogue.ts";
import { isInterfaceName } from "../messages/codecs.ts";
import { shortHostName } from "./host-name.ts";
import { replaceFile } from "./state-folder.ts";

const FILE = "attached";

export class AttachedInterfaces {
  readonly #folder: string;
  #names: readonly string[];

  /** @param folder the runtime folder: what is attached ends with the machine, not with the program */
  constructor(folder: string) {
    this.#folder = folder;
    this.#names = namesIn(join(folder, FILE));
  }

  has(name: string): boolean {
    return this.#names.includes(name);
  }

  /** @throws when the folder takes no file; nothing is attached then */
  add(name: string): void {
    this.#keep([...this.#names.filter((one) => one !== name), name]);
  }

  remove(name: string): void {
    this.#keep(this.#names.filter((one) => one !== name));
  }

  /** The configuration with them; a block that names one of them goes before. What passes the limit is left out. */
  into(configuration: Configuration): Configuration {
    const named = configuration.uplink4?.interfaces ?? [];
    const more = this.#names.filter((name) => entryFor({ interfaces: named }, name) === undefined).map(attachedUplink);
    if (more.length === 0) return configuration;
    return { ...configuration, uplink4: { ...configuration.uplink4, interfaces: [...named, ...more].slice(0, LIMITS.interfaces) } };
  }

  #keep(names: readonly string[]): void {
    replaceFile(this.#folder, FILE, new TextEncoder().encode(names.map((name) => `${name}\n`).join("")));
    this.#names = names;
  }
}

/** As a block without a key would have it. */
function attachedUplink(name: string): Uplink4Interface {
  return { ...standardUplink(name), hostName: shortHostName(), systemHostName: true };
}

/** A line that is no name is passed over. */
function namesIn(path: string): readonly string[] {
  try {
    const names = readFileSync(path, "utf8").split("\n").filter(isInterfaceName);
    return [...new Set(names)].slice(0, LIMITS.interfaces);
  } catch {
    return []; // there is none
  }
}
