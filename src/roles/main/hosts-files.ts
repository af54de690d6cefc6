/**
 * Files of names for a resolver, one for each link: `address<TAB>name.domain<TAB>name`, as /etc/hosts has it. The folder is the
 * configuration's choice; an engine says which names, and no character of theirs can be more than a name.
 */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { LIMITS } from "../../base/limits.ts";
import type { HostName, HostNamesFile } from "../../ports/leases.ts";
import { systemFailure } from "./failures.ts";
import { replaceFile } from "./state-folder.ts";

const PREFIX = "leasehold.hosts.";
const MODE = 0o644;
/** No file is written more often. */
const PAUSE_MS = 1000;
const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

export class HostsFiles {
  readonly #failed: (error: string) => void;
  readonly #parts = new Map<string, HostName[]>();
  /** Written last, and what waits for its turn. */
  readonly #texts = new Map<string, string>();
  readonly #waiting = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  #folder: string | undefined;

  /** @param failed is told what the file system refuses; it is tried again with the next names */
  constructor(failed: (error: string) => void) {
    this.#failed = failed;
  }

  get areWanted(): boolean {
    return this.#folder !== undefined;
  }

  /** @param links whose files stay; those of others go */
  configure(folder: string | undefined, links: ReadonlySet<string>): void {
    const before = this.#folder;
    for (const name of this.#texts.keys())
      if (before !== undefined && (before !== folder || !links.has(name))) {
        this.#attempt(() => rmSync(join(before, `${PREFIX}${name}`), { force: true }));
        this.#texts.delete(name);
      }
    for (const name of this.#waiting.keys()) if (!links.has(name)) this.#waiting.delete(name);
    this.#folder = folder;
  }

  /** A part of the names of a link. @returns what is wrong about it: nothing is written then */
  take({ name, domain, names }: HostNamesFile, isLast: boolean): "names" | "count" | undefined {
    const all = this.#parts.get(name) ?? [];
    this.#parts.delete(name);
    if (!names.every(({ hostName }) => LABEL.test(hostName))) return "names";
    if (all.length + names.length > LIMITS.hostNames) return "count";
    all.push(...names);
    if (!isLast) this.#parts.set(name, all);
    else this.#put(name, all.map(({ address, hostName }) => line(address, hostName, domain)).join(""));
    return undefined;
  }

  #put(name: string, text: string): void {
    this.#waiting.set(name, text);
    if (this.#timer !== undefined) return;
    this.#write();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#waiting.size > 0) this.#write();
    }, PAUSE_MS).unref();
  }

  #write(): void {
    const folder = this.#folder;
    if (folder === undefined) return this.#waiting.clear();
    for (const [name, text] of this.#waiting) {
      this.#waiting.delete(name);
      if (this.#texts.get(name) === text) continue;
      this.#attempt(() => {
        if (!existsSync(folder)) mkdirSync(folder, { mode: 0o755 }); // with `recursive` Node never comes back from /proc
        replaceFile(folder, `${PREFIX}${name}`, new TextEncoder().encode(text), MODE);
        this.#texts.set(name, text);
      });
    }
  }

  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      const failure = systemFailure(error);
      if (failure === undefined) throw error;
      this.#failed(failure.message);
    }
  }
}

function line(address: string, name: string, domain: string | undefined): string {
  return domain === undefined ? `${address}\t${name}\n` : `${address}\t${name}.${domain}\t${name}\n`;
}
