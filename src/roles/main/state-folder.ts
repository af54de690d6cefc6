/** Files that must survive: 0600 in a 0700 folder, replaced whole and synced before anything later happens. */
import { closeSync, fchmodSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { LIMITS } from "../../base/limits.ts";

export class StateFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** @param name an interface's name: main has checked it against the configuration */
  save(name: string, record: Uint8Array): void {
    replaceFile(this.#folder, `${name}.json`, record);
  }

  remove(name: string): void {
    rmSync(this.#path(name), { force: true });
    syncFolder(this.#folder);
  }

  /** @returns undefined when there is none, or one too large to be ours */
  load(name: string): Uint8Array | undefined {
    const path = this.#path(name);
    if (!readdirSync(this.#folder).includes(`${name}.json`)) return undefined;
    return statSync(path).size > LIMITS.leaseFileBytes ? undefined : readFileSync(path);
  }

  #path(name: string): string {
    return join(this.#folder, `${name}.json`);
  }
}

/** Written beside the old one, synced, and then named: a crash leaves one of the two whole. */
export function replaceFile(folder: string, name: string, bytes: Uint8Array, mode = 0o600): void {
  const path = join(folder, name);
  const fresh = `${path}.new`;
  const fd = openSync(fresh, "w", 0o600);
  try {
    fchmodSync(fd, mode);
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at); // a disk that is nearly full takes a part
    fsyncSync(fd);
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  syncFolder(folder);
}

/** Names are only as durable as the folder that holds them. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
