/** Main's view of the configuration: read and judged in a child that ends, so that no parser stays in the process with rights. */
import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeAll } from "../../base/codec.ts";
import { type Configuration, configuration } from "../messages/catalogue.ts";
import type { RunOptions } from "./options.ts";

/** As the file says it. `secrets`: what is secret in it, in a file without a name, for the fetcher; main never reads it. */
export type Loaded = { readonly configuration: Configuration; readonly secrets: number };

const OUTPUT_BYTES = 4 * 1024 * 1024;
const PATIENCE_MS = 20_000;

type Asked = Pick<RunOptions, "file" | "format" | "absent" | "define" | "compat" | "runtime-dir">;

export function loadConfiguration(asked: Asked): Loaded | { readonly problems: string } {
  const { file, format, absent, define, compat } = asked;
  const reader = fileURLToPath(new URL("config-reader.mjs", import.meta.url));
  const secrets = namelessFile(asked["runtime-dir"]);
  const options = { env: {}, maxBuffer: OUTPUT_BYTES, timeout: PATIENCE_MS, stdio: ["ignore", "pipe", "pipe", secrets] } as const;
  const child = spawnSync(process.execPath, [reader, file, format, absent, define, compat], { ...options, stdio: [...options.stdio] });
  if (child.status === 0) return { configuration: decodeAll(configuration, new Uint8Array(child.stdout)), secrets };
  closeSync(secrets);
  const said = child.stderr?.toString("utf8").trim() ?? "";
  return { problems: said || `the configuration could not be read (${child.error?.message ?? `exit code ${child.status}`})` };
}

/** The same file once more, from its start: for whoever is to read it. */
export function again(secrets: number): number {
  return openSync(`/proc/self/fd/${secrets}`, "r");
}

/** @returns the newer one; what the older one hid is gone */
export function inPlaceOf(older: Loaded, newer: Loaded): Loaded {
  closeSync(older.secrets);
  return newer;
}

/** Below /run, which is memory. Who is not root is told what is wrong with the file, and no more. */
function namelessFile(folder: string): number {
  if (process.geteuid?.() !== 0) return openSync("/dev/null", "r+");
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const path = join(folder, `unread.${process.pid}`);
  rmSync(path, { force: true });
  const fd = openSync(path, "wx+", 0o600);
  rmSync(path);
  return fd;
}
