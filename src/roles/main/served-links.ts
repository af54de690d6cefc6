/** The link on which each interface of a service was last served: what may be taken away again, configured still or no longer. */
import { LIMITS } from "../../base/limits.ts";
import { nameOfLink } from "./link-sockets.ts";
import type { Tools } from "./office.ts";

export class ServedLinks {
  readonly #tools: Pick<Tools, "network">;
  readonly #links = new Map<string, number>();

  constructor(tools: Pick<Tools, "network">) {
    this.#tools = tools;
  }

  get links(): ReadonlyMap<string, number> {
    return this.#links;
  }

  /** Where links come and go, those that are gone are forgotten in time. */
  serve(name: string, link: number): void {
    this.#links.delete(name);
    if (this.#links.size >= LIMITS.interfaces) for (const [old, at] of this.#links) if (nameOfLink(this.#tools, at) !== old) this.#links.delete(old);
    this.#links.set(name, link);
  }
}
