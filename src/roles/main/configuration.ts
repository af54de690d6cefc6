/** Main's view of the configuration: read and judged in a child that ends, so that no parser stays in the process with rights. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { decodeAll } from "../../base/codec.ts";
import { type Configuration, configuration } from "../messages/catalogue.ts";
import type { RunOptions } from "./options.ts";

export type Loaded = { readonly configuration: Configuration } | { readonly problems: string };

const OUTPUT_BYTES = 4 * 1024 * 1024;
const PATIENCE_MS = 20_000;

export function loadConfiguration({ file, format, absent, define }: Pick<RunOptions, "file" | "format" | "absent" | "define">): Loaded {
  const reader = fileURLToPath(new URL("config-reader.mjs", import.meta.url));
  const child = spawnSync(process.execPath, [reader, file, format, absent, define], { env: {}, maxBuffer: OUTPUT_BYTES, timeout: PATIENCE_MS });
  if (child.status !== 0)
    return {
      problems:
        child.stderr.toString("utf8").trim() || `the configuration could not be read (${child.error?.message ?? `exit code ${child.status}`})`,
    };
  return { configuration: decodeAll(configuration, new Uint8Array(child.stdout)) };
}
