/** Keys of `[directory]` that say how YP is served, and to whom. */
import { z } from "zod";
import { LIMITS } from "../base/limits.ts";
import { DIRECTORY_LIMITS } from "../base/limits-directory.ts";
import { MAP_SECURITY, STANDARD_YP_MAPS, YP_MAPS, type YpConfig } from "../services/directory/config.ts";
import type { Fault } from "./faults.ts";
import { networkOf, securenetsIn } from "./securenets.ts";
import type { Surroundings } from "./surroundings.ts";

const network = z.string().max(64);
const pattern = z.string().regex(/^[A-Za-z0-9_.*-]{1,64}$/, { message: "this is no name of a map" });
const rule = z.strictObject({
  networks: z.array(network).max(DIRECTORY_LIMITS.accessItems).default([]),
  maps: z.array(pattern).min(1).max(DIRECTORY_LIMITS.accessItems),
  security: z.enum(MAP_SECURITY),
});

export const ypKeys = {
  yp: z.boolean().default(true),
  yp_listen: z
    .array(z.union([z.ipv4(), z.ipv6()]))
    .min(1)
    .max(16)
    .default(["127.0.0.1"]),
  yp_port: z.number().int().min(0).max(65_535).default(0),
  yp_register: z.enum(["builtin", "rpcbind", "none"]).default("builtin"),
  yp_binding: z.boolean().default(false),
  yp_maps: z
    .array(z.enum(YP_MAPS))
    .min(1)
    .max(YP_MAPS.length)
    .default([...STANDARD_YP_MAPS]),
  yp_allow: z.array(network).max(LIMITS.addressesPerOption).default([]),
  yp_securenets: z.string().max(4096).default(""),
  yp_rules: z.array(rule).max(DIRECTORY_LIMITS.accessRules).default([]),
} as const;
type Keys = { readonly [key in keyof typeof ypKeys]: z.output<(typeof ypKeys)[key]> };

export function ypFaults({ yp_allow, yp_rules, yp_securenets, yp_binding, yp_listen }: Keys, surroundings: Surroundings): readonly Fault[] {
  const path = ["directory", "yp_securenets"];
  const table = securenets(yp_securenets, surroundings);
  const bound = ["directory", "yp_binding"];
  return [
    ...(yp_binding && yp_listen.every((address) => address.includes(":"))
      ? [{ path: bound, message: "a binding file holds an IPv4 address, and none is listened on", hint: 'yp_listen = ["127.0.0.1"]' }]
      : []),
    ...noNetworks(yp_allow, ["directory", "yp_allow"]),
    ...yp_rules.flatMap(({ networks }, place) => noNetworks(networks, ["directory", "yp_rules", place, "networks"])),
    ...("fault" in table ? [{ path, message: table.fault, hint: 'a line is "255.255.255.0 192.0.2.0", "host 192.0.2.1" or "192.0.2.0/24"' }] : []),
  ];
}

/** What is right and yet may surprise. */
export function ypWarnings({ yp_rules, yp_securenets }: Keys, surroundings: Surroundings): readonly Fault[] {
  const path = ["directory", "yp_securenets"];
  const missing = yp_securenets !== "" && isMissing(surroundings.readTrusted(yp_securenets));
  return [
    ...(missing
      ? [{ path, message: `${yp_securenets} is not there`, hint: "beside yp_allow only this machine may ask, until it is and is read again" }]
      : []),
    ...yp_rules.flatMap(({ security }, place) =>
      security === "port"
        ? [
            {
              path: ["directory", "yp_rules", place, "security"],
              message: "a port below 1024 proves little",
              hint: "root of any host of that network has one, and so has any container where net.ipv4.ip_unprivileged_port_start says so",
            },
          ]
        : [],
    ),
  ];
}

export function ypOf(given: Keys, surroundings: Surroundings): YpConfig | undefined {
  if (!given.yp) return undefined;
  const table = securenets(given.yp_securenets, surroundings);
  const listed = "networks" in table ? table.networks : [];
  return {
    listen: given.yp_listen,
    port: given.yp_port,
    register: given.yp_register,
    binding: given.yp_binding,
    maps: given.yp_maps,
    allow: [...given.yp_allow, ...listed].flatMap((text) => networkOf(text) ?? []),
    rules: given.yp_rules.map(({ networks, maps, security }) => ({ networks: networks.flatMap((text) => networkOf(text) ?? []), maps, security })),
  };
}

/** One that is missing names nobody. */
function securenets(path: string, { readTrusted }: Surroundings): ReturnType<typeof securenetsIn> {
  const text = path === "" ? "" : readTrusted(path);
  if (typeof text === "string") return securenetsIn(text);
  return isMissing(text) ? { networks: [] } : { fault: text.message };
}

function isMissing(read: string | Error): boolean {
  const cause = typeof read === "string" ? undefined : read.cause;
  return cause instanceof Error && "code" in cause && cause.code === "ENOENT";
}

function noNetworks(texts: readonly string[], path: readonly (string | number)[]): readonly Fault[] {
  return texts.flatMap((text, place) =>
    networkOf(text) === undefined
      ? [{ path: [...path, place], message: `"${text}" is no network`, hint: "such as 192.0.2.0/24, 2001:db8::/32, or one address" }]
      : [],
  );
}
