/** What uplinks mean for the host beyond its kernel, whichever service they are of: resolvers, published files, the operator's program. */
import type { Configuration } from "../messages/catalogue.ts";
import { type Happening, Hooks } from "./hooks.ts";
import type { HookIds } from "./hooks-user.ts";
import type { Tools } from "./office.ts";
import { PublishedUplinks, type UplinkFamily } from "./published.ts";
import { resolverPlaces, Resolvers } from "./resolvers.ts";
import type { Resolving } from "./resolvers-wanted.ts";

export class UplinkHost {
  readonly #published: PublishedUplinks;
  readonly #resolvers: Resolvers;
  readonly #hooks: Hooks;

  /** @param hookIds of the operator's program, where it has no user; undefined where there are no own ids */
  constructor({ options, log }: Tools, hookIds: HookIds) {
    this.#published = new PublishedUplinks(options["runtime-dir"]);
    this.#resolvers = new Resolvers(resolverPlaces(options["runtime-dir"]), log);
    this.#hooks = new Hooks(hookIds, log);
  }

  /** The same again changes nothing: each office tells it what holds. */
  configure({ resolver, hook }: Configuration["host"]): void {
    this.#resolvers.configure(resolver);
    this.#hooks.configure(hook);
  }

  /** Whether anybody is told of what happens. */
  get hasHook(): boolean {
    return this.#hooks.isThere;
  }

  happened(happening: Happening): void {
    this.#hooks.happened(happening);
  }

  /** @param name an interface's name that the guard has judged; what is told of it too */
  publish(name: string, family: UplinkFamily, { resolving, record }: { readonly resolving: Resolving; readonly record: Uint8Array }): void {
    this.#resolvers.publish(name, family, resolving);
    this.#published.publish(name, family, record);
  }

  withdraw(name: string, family: UplinkFamily): void {
    this.#resolvers.withdraw(name, family);
    this.#published.withdraw(name, family);
  }

  /** A run before this one may have published interfaces that are served no longer. */
  forgetOthers(family: UplinkFamily, serves: (name: string) => boolean): void {
    for (const name of this.#published.names(family)) {
      if (serves(name)) continue;
      this.#published.withdraw(name, family);
      this.#resolvers.forget(name);
    }
  }
}
