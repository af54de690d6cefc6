/**
 * Resolvers that servers of uplinks name, on their way to the host's programs: through systemd-resolved or resolvconf where they are there,
 * else through a file of our own. Those programs know interfaces, not families: what both services of an uplink tell goes there together.
 * One thing is done at a time, of one uplink only the latest, and nobody waits for it.
 */
import { existsSync } from "node:fs";
import type { Log } from "../../ports/log.ts";
import type { ResolverWay } from "../../services/host-config.ts";
import { systemFailure } from "./failures.ts";
import { findProgram, PROGRAM_FOLDERS, runProgram } from "./helper-program.ts";
import type { UplinkFamily } from "./published.ts";
import { ResolverFile } from "./resolvers-file.ts";
import { type Resolving, UplinkResolvers } from "./resolvers-wanted.ts";

type Way = Exclude<ResolverWay, "auto">;

/** Where things are looked for. */
export type ResolverPlaces = { readonly runtime: string; readonly etc: string; readonly resolved: string; readonly programs: readonly string[] };
export const resolverPlaces = (runtime: string): ResolverPlaces => ({
  runtime,
  etc: "/etc",
  resolved: "/run/systemd/resolve",
  programs: PROGRAM_FOLDERS,
});

export class Resolvers {
  readonly #places: ResolverPlaces;
  readonly #log: Log;
  readonly #file: ResolverFile;
  readonly #wanted = new UplinkResolvers();
  /** By which way each uplink's resolvers went. */
  readonly #done = new Map<string, Way>();
  readonly #pending = new Set<string>();
  #way: ResolverWay = "auto";
  #busy = false;

  constructor(places: ResolverPlaces, log: Log) {
    this.#places = places;
    this.#log = log;
    this.#file = new ResolverFile(places);
  }

  /** Another way is taken at once by all that is published. */
  configure(way: ResolverWay): void {
    if (this.#way === way) return;
    this.#way = way;
    for (const name of this.#wanted.names()) this.#change(name);
  }

  publish(name: string, family: UplinkFamily, resolving: Resolving): void {
    if (!this.#wanted.set(name, family, resolving) && this.#done.get(name) === this.#wayNow()) return;
    this.#change(name);
  }

  withdraw(name: string, family: UplinkFamily): void {
    if (this.#wanted.delete(name, family) || this.#done.has(name)) this.#change(name);
  }

  /** Takes back what another run of the program published. */
  forget(name: string): void {
    this.#done.set(name, this.#wayNow());
    this.#change(name);
  }

  #change(name: string): void {
    this.#pending.add(name);
    if (this.#busy) return;
    this.#busy = true;
    setImmediate(() => void this.#work());
  }

  async #work(): Promise<void> {
    for (const name of this.#pending) {
      this.#pending.delete(name);
      for (const [way, act] of this.#steps(name)) {
        const why = await this.#trying(act);
        if (why !== undefined) this.#log.write("error", "resolversFailed", { interface: name, way, error: why });
      }
    }
    this.#busy = false;
  }

  #steps(name: string): readonly (readonly [Way, () => Promise<string | undefined>])[] {
    const wanted = this.#wanted.of(name);
    const [before, now] = [this.#done.get(name), this.#wayNow()];
    const nothing = wanted.nameServers.length === 0 && wanted.searchDomains.length === 0;
    const takeAway = before !== undefined && (nothing || before !== now);
    if (nothing) this.#done.delete(name);
    else this.#done.set(name, now);
    return [
      ...(takeAway ? [[before, () => this.#withdrawBy(before, name)] as const] : []),
      ...(nothing ? [] : [[now, () => this.#publishBy(now, name, wanted)] as const]),
    ];
  }

  async #trying(act: () => Promise<string | undefined>): Promise<string | undefined> {
    try {
      return await act();
    } catch (error) {
      const failure = systemFailure(error);
      if (failure === undefined) throw error;
      return failure.message;
    }
  }

  #wayNow(): Way {
    if (this.#way !== "auto") return this.#way;
    if (existsSync(this.#places.resolved) && this.#find("resolvectl") !== undefined) return "resolvectl";
    return this.#find("resolvconf") === undefined ? "file" : "resolvconf";
  }

  async #publishBy(way: Way, name: string, { nameServers, searchDomains }: Resolving): Promise<string | undefined> {
    switch (way) {
      case "resolvectl":
        return (
          (await this.#run("resolvectl", ["dns", name, ...orEmpty(nameServers)])) ??
          (await this.#run("resolvectl", ["domain", name, ...orEmpty(searchDomains)]))
        );
      case "resolvconf": {
        const search = searchDomains.length === 0 ? "" : `search ${searchDomains.join(" ")}\n`;
        return this.#run("resolvconf", ["-a", `${name}.dhcp`], search + nameServers.map((address) => `nameserver ${address}\n`).join(""));
      }
      case "file":
        return this.#write();
      case "none":
        return undefined;
    }
  }

  async #withdrawBy(way: Way, name: string): Promise<string | undefined> {
    switch (way) {
      case "resolvectl":
        return this.#run("resolvectl", ["revert", name]);
      case "resolvconf":
        return this.#run("resolvconf", ["-d", `${name}.dhcp`]);
      case "file":
        return this.#write();
      case "none":
        return undefined;
    }
  }

  /** Of all uplinks whose resolvers go this way. */
  #write(): string | undefined {
    const names = [...this.#done].filter(([, way]) => way === "file").map(([name]) => name);
    return this.#file.write(names.map((name) => this.#wanted.of(name)));
  }

  #find(program: string): string | undefined {
    return findProgram(program, this.#places.programs);
  }

  /** @param args a verb, then the interface: a name that reads as an option is not handed on */
  async #run(program: string, args: readonly string[], input?: string): Promise<string | undefined> {
    if (args[1]?.startsWith("-") === true) return "the interface's name begins with a hyphen";
    const path = this.#find(program);
    return path === undefined ? `${program} is not there` : runProgram(path, args, input);
  }
}

/** An empty word takes away what was set. */
function orEmpty(words: readonly string[]): readonly string[] {
  return words.length === 0 ? [""] : words;
}
