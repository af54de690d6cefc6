/** What of this machine a configuration is read with: files it names, resolvers, local accounts. Read as root, by a process that ends. */
import { readFileSync, statSync } from "node:fs";
import { isIP } from "node:net";
import { LIMITS } from "../base/limits.ts";

export type Surroundings = {
  /** PEM text, or what is wrong with the file. */
  readonly readTrusted: (path: string) => string | Error;
  /** A part of a configuration that may hold passwords. */
  readonly readIncluded?: (path: string) => string | Error;
  /** Only what root alone may read. */
  readonly readSecret: (path: string) => string | Error;
  /** A private key, PEM, that root alone may read. */
  readonly readKey: (path: string) => string | Error;
  readonly resolvers: () => readonly string[];
  /** The address of a literal, or of an entry in /etc/hosts. */
  readonly addressOf: (host: string) => string | undefined;
  readonly localNames: () => { readonly users: readonly string[]; readonly groups: readonly string[] };
};

const OTHERS_MAY_READ = 0o077;
const OTHERS_MAY_WRITE = 0o022;
/** And its group may not write. */
const OPEN_TO_OTHERS = 0o037;
const SECRET_BYTES = 4096;

export const thisMachine: Surroundings = {
  readTrusted: (path) => readGuarded(path, OTHERS_MAY_WRITE, LIMITS.trustedPemBytes),
  readIncluded: (path) => readGuarded(path, OPEN_TO_OTHERS, LIMITS.configBytes),
  readSecret: (path) => readGuarded(path, OTHERS_MAY_READ, SECRET_BYTES),
  readKey: (path) => readGuarded(path, OTHERS_MAY_READ, LIMITS.trustedPemBytes),
  resolvers: () =>
    lines("/etc/resolv.conf")
      .map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1]?.split("%")[0] ?? "")
      .filter((address) => isIP(address) !== 0)
      .slice(0, LIMITS.resolvers),
  addressOf: (host) => {
    if (isIP(host) !== 0) return host;
    const found = lines("/etc/hosts")
      .map((line) => line.replace(/#.*/, "").trim().split(/\s+/))
      .find(([, ...names]) => names.includes(host));
    return found?.[0];
  },
  localNames: () => ({ users: namesIn("/etc/passwd"), groups: namesIn("/etc/group") }),
};

function readGuarded(path: string, forbidden: number, maxBytes: number): string | Error {
  try {
    const { mode, size } = statSync(path);
    if ((mode & forbidden) !== 0) return new Error(`group or others may ${forbidden === OTHERS_MAY_WRITE ? "write" : "read"} ${path}`);
    return size > maxBytes ? new Error(`${path} is larger than ${maxBytes} bytes`) : readFileSync(path, "utf8");
  } catch (error) {
    return new Error(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function lines(path: string): readonly string[] {
  try {
    return readFileSync(path, "utf8").split("\n");
  } catch {
    return [];
  }
}

function namesIn(path: string): readonly string[] {
  return lines(path)
    .map((line) => line.split(":")[0] ?? "")
    .filter((name) => name !== "")
    .slice(0, LIMITS.localNames);
}
