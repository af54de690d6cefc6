/** What a configuration may say, service by service, and the typed configuration it becomes. */
import { z } from "zod";
import type { DirectoryConfig, FetcherConfig } from "../services/directory/config.ts";
import type { HostConfig } from "../services/host-config.ts";
import type { LanConfig } from "../services/lan/config.ts";
import type { Uplink4Config } from "../services/uplink4/config.ts";
import type { Uplink6Config } from "../services/uplink6/config.ts";
import { directoryFaults, directoryOf, directorySchema } from "./directory.ts";
import type { Fault } from "./faults.ts";
import { hooksSchema, hostOf, systemSchema } from "./host.ts";
import { lanFaults, lanOf, lanSchema, relayedSchemas } from "./lan.ts";
import type { Surroundings } from "./surroundings.ts";
import { uplink4Of, uplink4Schema } from "./uplink4.ts";
import { uplink4Faults } from "./uplink4-faults.ts";
import { uplink6Of, uplink6Schema } from "./uplink6.ts";
import { uplink6Faults, uplink6Warnings } from "./uplink6-faults.ts";

/** A service that is not named is undefined: no role of it starts. */
export type Config = {
  readonly host: HostConfig;
  readonly uplink4: Uplink4Config | undefined;
  readonly uplink6: Uplink6Config["interfaces"] | undefined;
  readonly lan: Omit<LanConfig, "duid"> | undefined;
  readonly directory: { readonly engine: DirectoryConfig; readonly fetcher: FetcherConfig } | undefined;
};

export const schema = z.strictObject({
  system: systemSchema.optional(),
  hooks: hooksSchema.optional(),
  uplink4: uplink4Schema.optional(),
  uplink6: uplink6Schema.optional(),
  lan: lanSchema.optional(),
  relayed: relayedSchemas.optional(),
  directory: directorySchema.optional(),
});
/** The file with every default filled in. */
export type ConfigFile = z.output<typeof schema>;

/** What of a file is right by itself, table by table, of uplinks interface by interface: so that all that is wrong is told at once. */
export function soundPartsOf(value: unknown): ConfigFile {
  const tables = Object.entries(objectOf(value)).flatMap(([table, given]) =>
    table === "uplink4" || table === "uplink6"
      ? Object.entries(objectOf(given)).map(([name, entry]) => ({ [table]: { [name]: entry } }))
      : [{ [table]: given }],
  );
  const parts = tables.map((one): ConfigFile => schema.safeParse(one).data ?? {});
  const uplinks = {
    uplink4: Object.assign({}, ...parts.map(({ uplink4 }) => uplink4)),
    uplink6: Object.assign({}, ...parts.map(({ uplink6 }) => uplink6)),
  };
  return Object.assign({}, ...parts, uplinks);
}

function objectOf(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}

/** What is wrong between parts that are each right. */
export function faultsOf(file: ConfigFile, surroundings: Surroundings): readonly Fault[] {
  return [
    ...uplink4Faults(file.uplink4 ?? {}).map((fault) => ({ ...fault, path: ["uplink4", ...fault.path] })),
    ...uplink6Faults(file.uplink6 ?? {}).map((fault) => ({ ...fault, path: ["uplink6", ...fault.path] })),
    ...lanFaults({ lan: file.lan ?? {}, relayed: file.relayed ?? {} }),
    ...(file.directory === undefined ? [] : directoryFaults(file.directory, surroundings)),
  ];
}

/** What is right and yet may surprise. */
export function warningsOf(file: ConfigFile): readonly Fault[] {
  return uplink6Warnings(file.uplink6 ?? {}).map((fault) => ({ ...fault, path: ["uplink6", ...fault.path] }));
}

/** From what the file says to what services read. */
export function configOf(file: ConfigFile, surroundings: Surroundings): Config {
  const { system, hooks, uplink4, uplink6, lan = {}, relayed = {}, directory } = file;
  return {
    host: hostOf(system, hooks),
    uplink4: uplink4 === undefined ? undefined : uplink4Of(uplink4), // an empty table waits for interfaces that are attached later
    uplink6: uplink6 === undefined ? undefined : uplink6Of(uplink6), // a native file may name none yet
    lan: isEmpty(lan) ? undefined : lanOf({ lan, relayed }),
    directory: directory === undefined ? undefined : directoryOf(directory, surroundings),
  };
}

function isEmpty(table: object): boolean {
  return Object.keys(table).length === 0;
}
