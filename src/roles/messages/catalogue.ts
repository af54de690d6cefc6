/** Every message one role may send another: one entry each, by service. Adding one is adding an entry and a case where it is handled. */
import { optional, struct, type ValueOf } from "../../base/codec.ts";
import { COMMON } from "./common.ts";
import { DIRECTORY, directoryConfig, fetcherConfig } from "./directory.ts";
import { LAN, lanParts } from "./lan.ts";
import { UPLINK4 } from "./uplink4.ts";
import { UPLINK6, uplink6Interfaces } from "./uplink6.ts";

export const CATALOGUE = { ...COMMON, ...UPLINK4, ...UPLINK6, ...LAN, ...DIRECTORY } as const;
export type CatalogueName = keyof typeof CATALOGUE;

/** What the configuration's reader prints for main: a service that is not configured is not there, and no role of it starts. */
export const configuration = struct({
  uplink4: optional(UPLINK4.uplink4Config.body),
  uplink6: optional(uplink6Interfaces),
  lan: optional(lanParts),
  directory: optional(struct({ engine: directoryConfig, fetcher: fetcherConfig })),
});
export type Configuration = ValueOf<typeof configuration>;
