/** Every message one role may send another: one entry each, by service. Adding one is adding an entry and a case where it is handled. */
import { choice, flag, optional, struct, text16, type ValueOf } from "../../base/codec.ts";
import { COMMON } from "./common.ts";
import { DIRECTORY, directoryConfig, fetcherConfig } from "./directory.ts";
import { LAN, lanParts } from "./lan.ts";
import { RESOLVER_WAYS } from "../../services/host-config.ts";
import { UPLINK4, uplink4Interfaces } from "./uplink4.ts";
import { UPLINK6, uplink6Interfaces } from "./uplink6.ts";
import { UPLINKS } from "./uplinks.ts";

export const CATALOGUE = { ...COMMON, ...UPLINKS, ...UPLINK4, ...UPLINK6, ...LAN, ...DIRECTORY } as const;
export type CatalogueName = keyof typeof CATALOGUE;

/** PATH_MAX, and the longest name of a user (LOGIN_NAME_MAX). */
const PATH_BYTES = 4095;
const USER_BYTES = 255;

/** What the configuration's reader prints for main: a service that is not configured is not there, and no role of it starts. */
export const configuration = struct({
  host: struct({
    resolver: choice(RESOLVER_WAYS),
    manage: flag,
    hostsFolder: optional(text16(PATH_BYTES)),
    hook: optional(struct({ run: text16(PATH_BYTES), user: optional(text16(USER_BYTES)) })),
  }),
  uplink4: optional(struct({ interfaces: uplink4Interfaces })),
  uplink6: optional(uplink6Interfaces),
  lan: optional(lanParts),
  directory: optional(struct({ engine: directoryConfig, fetcher: fetcherConfig })),
});
export type Configuration = ValueOf<typeof configuration>;
