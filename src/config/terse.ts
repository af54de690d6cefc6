/** A configuration with nothing in it that holds anyway: what a person would have written, for `import`. */
import { same } from "../base/same.ts";
import type { ConfigFile } from "./schema.ts";
import { uplink4Schema } from "./uplink4.ts";

type Table = Readonly<Record<string, unknown>>;

export function terse(file: ConfigFile): Table {
  const standard: Table = uplink4Schema.parse({ standard: {} })["standard"] ?? {};
  const entries = Object.entries(file.uplink4 ?? {}).map(([name, entry]) => [name, differing(entry, standard)] as const);
  return { ...file, ...(file.uplink4 === undefined ? {} : { uplink4: Object.fromEntries(entries) }) };
}

function differing(entry: Table, standard: Table): Table {
  return Object.fromEntries(Object.entries(entry).filter(([key, value]) => !same(value, standard[key])));
}
