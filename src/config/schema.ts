/** What a configuration may say, service by service, and the typed configuration it becomes. */
import { z } from "zod";
import type { DirectoryConfig, FetcherConfig } from "../services/directory/config.ts";
import type { HostConfig } from "../services/host-config.ts";
import type { LanConfig } from "../services/lan/config.ts";
import type { Uplink4Config } from "../services/uplink4/config.ts";
import type { Uplink6Config } from "../services/uplink6/config.ts";
import { directoryFaults, directoryOf, directorySchema } from "./directory.ts";
import { ypWarnings } from "./directory-yp.ts";
import type { Fault } from "./faults.ts";
import { hooksSchema, hostOf, systemSchema } from "./host.ts";
import { type LanFiles, lanOf, lanSchema, relayedSchemas } from "./lan.ts";
import { classSchemas, hostSchemas } from "./lan-clients.ts";
import { lanFaults, lanWarnings } from "./lan-faults.ts";
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
  class: classSchemas.optional(),
  host: hostSchemas.optional(),
  directory: directorySchema.optional(),
});
/** The file with every default filled in. */
export type ConfigFile = z.output<typeof schema>;

/** Tables that hold a table for each name. */
const NAMED = ["uplink4", "uplink6", "lan", "relayed", "class", "host"] as const satisfies readonly (keyof ConfigFile)[];

/** What of a file is right by itself, table by table, name by name: so that all that is wrong is told at once. */
export function soundPartsOf(value: unknown): ConfigFile {
  const tables = Object.entries(objectOf(value)).flatMap(([table, given]) =>
    NAMED.some((one) => one === table)
      ? Object.entries(objectOf(given)).map(([name, entry]) => ({ [table]: { [name]: entry } }))
      : [{ [table]: given }],
  );
  const parts = tables.map((one): ConfigFile => schema.safeParse(one).data ?? missing(one));
  return Object.assign({}, ...parts, ...NAMED.map((table) => ({ [table]: Object.assign({}, ...parts.map((part) => part[table])) })));
}

/** A class that is wrong is still there for pools that name it. */
function missing(table: object): ConfigFile {
  const [name] = Object.keys("class" in table ? objectOf(table.class) : {});
  return name === undefined ? {} : { class: { [name]: { tests: [], drop: false } } };
}

function objectOf(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}

/** What is wrong between parts that are each right. */
export function faultsOf(file: ConfigFile, surroundings: Surroundings): readonly Fault[] {
  return [
    ...uplink4Faults(file.uplink4 ?? {}).map((fault) => ({ ...fault, path: ["uplink4", ...fault.path] })),
    ...uplink6Faults(file.uplink6 ?? {}).map((fault) => ({ ...fault, path: ["uplink6", ...fault.path] })),
    ...lanFaults(lanFilesOf(file)),
    ...(file.directory === undefined ? [] : directoryFaults(file.directory, surroundings)),
  ];
}

/** What is right and yet may surprise. */
export function warningsOf(file: ConfigFile, surroundings: Surroundings): readonly Fault[] {
  return [
    ...uplink6Warnings(file.uplink6 ?? {}).map((fault) => ({ ...fault, path: ["uplink6", ...fault.path] })),
    ...lanWarnings(lanFilesOf(file)),
    ...(file.directory === undefined ? [] : ypWarnings(file.directory, surroundings)),
  ];
}

function lanFilesOf({ lan = {}, relayed = {}, class: classes = {}, host = {} }: ConfigFile): LanFiles {
  return { lan, relayed, class: classes, host };
}

/** From what the file says to what services read. */
export function configOf(file: ConfigFile, surroundings: Surroundings): Config {
  const { system, hooks, uplink4, uplink6, lan = {}, directory } = file;
  return {
    host: hostOf(system, hooks),
    uplink4: uplink4 === undefined ? undefined : uplink4Of(uplink4), // an empty table waits for interfaces that are attached later
    uplink6: uplink6 === undefined ? undefined : uplink6Of(uplink6), // a native file may name none yet
    lan: isEmpty(lan) ? undefined : lanOf(lanFilesOf(file)),
    directory: directory === undefined ? undefined : directoryOf(directory, surroundings),
  };
}

function isEmpty(table: object): boolean {
  return Object.keys(table).length === 0;
}
