/** A resolv.conf of our own in the runtime folder; the one in /etc is touched only where nobody else wrote it. */
import { lstatSync, readFileSync, readlinkSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Resolving } from "./resolvers-wanted.ts";
import { replaceFile } from "./state-folder.ts";

const NAME = "resolv.conf";
const MARKER = "# Written by leasehold; changes are lost. The servers of its uplinks name these resolvers.";
const MODE = 0o644;

export class ResolverFile {
  readonly #folders: { readonly runtime: string; readonly etc: string };

  #told = false;

  constructor(folders: { readonly runtime: string; readonly etc: string }) {
    this.#folders = folders;
  }

  /** @returns what an operator has to know, and is told once: that programs are told of other resolvers */
  write(uplinks: readonly Resolving[]): string | undefined {
    const { runtime, etc } = this.#folders;
    const bytes = new TextEncoder().encode(textOf(uplinks));
    replaceFile(runtime, NAME, bytes, MODE);
    switch (this.#systems()) {
      case "ours":
        return undefined;
      case "absent":
        return void symlinkSync(join(runtime, NAME), join(etc, NAME));
      case "marked":
        return void replaceFile(etc, NAME, bytes, MODE);
      case "foreign":
        if (this.#told) return undefined;
        this.#told = true;
        return `${join(etc, NAME)} is somebody else's and stays as it is; ${join(runtime, NAME)} names the resolvers`;
    }
  }

  #systems(): "ours" | "absent" | "marked" | "foreign" {
    const path = join(this.#folders.etc, NAME);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return "absent";
    if (stat.isSymbolicLink()) return resolve(this.#folders.etc, readlinkSync(path)) === join(this.#folders.runtime, NAME) ? "ours" : "foreign";
    return stat.isFile() && readFileSync(path, "utf8").split("\n")[0] === MARKER ? "marked" : "foreign";
  }
}

function textOf(uplinks: readonly Resolving[]): string {
  const domains = [...new Set(uplinks.flatMap(({ searchDomains }) => searchDomains))];
  const servers = [...new Set(uplinks.flatMap(({ nameServers }) => nameServers))];
  const search = domains.length === 0 ? [] : [`search ${domains.join(" ")}`];
  return [MARKER, ...search, ...servers.map((address) => `nameserver ${address}`), ""].join("\n");
}
