/** Who may import whom: the arrows of ARCHITECTURE.md as one table, and the few places where a room meets more than its own. */
import { dirname, join } from "node:path";
import type { Rule, Source } from "./source.ts";

/** room -> rooms whose code it may use. Its own is always allowed, and so is base. */
export const ROOMS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  wire: [],
  ports: ["wire"],
  machines: ["wire"],
  services: ["machines", "ports", "wire"],
  platform: ["ports", "wire"],
  config: ["wire"],
  control: [],
  web: ["control"],
  cli: ["control", "config", "ports"],
  roles: ["platform", "services", "machines", "ports", "wire"],
  sim: ["services", "machines", "ports", "wire"],
};

/** room -> rooms of which it may use types, nothing that runs. */
export const TYPES_ONLY: Readonly<Record<string, readonly string[]>> = {
  control: ["services", "ports", "wire"],
  config: ["services"],
  web: ["services"],
  cli: ["services", "wire"],
};

/** Files and folders that may use more than their room, each with its reason. */
export const WIDER: readonly { readonly from: string; readonly to: string; readonly why: string }[] = [
  { from: "src/roles/config-reader.ts", to: "src/config/", why: "the short-lived role that reads the file for main" },
  { from: "src/roles/main/", to: "src/config/", why: "main takes the configuration" },
  { from: "src/roles/control.ts", to: "src/control/", why: "the control role serves the views" },
  { from: "src/roles/control.ts", to: "src/web/", why: "the control role serves the page" },
  { from: "src/control/lease", to: "src/ports/lease", why: "what a lease is in JSON is read by one function, here and in commands" },
  {
    from: "src/config/uplink6-places.ts",
    to: "src/services/uplink6/plan.ts",
    why: "where targets stand is computed once, for check and for engines",
  },
  {
    from: "src/config/directory",
    to: "src/services/directory/config.ts",
    why: "which words there are for maps, transports and policies is said once",
  },
  { from: "src/config/native/ypldap-globals.ts", to: "src/services/directory/config.ts", why: "which maps there are is said once" },
  { from: "src/cli/options.ts", to: "src/roles/main/options.ts", why: "the command line and main read one table of options" },
  { from: "src/cli/check-system/", to: "src/services/uplink4/config.ts", why: "which links a pattern means is said once" },
  { from: "src/cli/plan/view.ts", to: "src/services/uplink6/", why: "the plan is drawn as the engine will lay it out" },
  { from: "src/cli/decode.ts", to: "src/wire/", why: "what was captured is read by the codecs" },
  { from: "src/sim/real/", to: "src/platform/", why: "an actor on real sockets" },
];

/** Packages by room; a room that is not here uses none. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  config: ["toml-eslint-parser", "zod"],
  control: ["hono"],
  cli: ["commander"],
};
const PACKAGES_OF_FILES: Readonly<Record<string, readonly string[]>> = {
  "src/roles/control.ts": ["@hono/node-server"],
  "src/roles/main/log.ts": ["pino"],
};

/** Rooms that decide: they have no socket, clock, file or chance of their own, so not even Node's modules. */
export const WITHOUT_NODE: readonly string[] = ["base", "wire", "machines", "ports", "services", "control", "web"];

export type Import = { readonly specifier: string; readonly typeOnly: boolean };

/** Every import, re-export and import() of a file. */
export function importsOf({ text }: Source): readonly Import[] {
  const statements = text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[\w*{][^;"'`]*?\s+from\s+)?["']([^"']+)["']/gm);
  const calls = text.matchAll(/\bimport\(\s*["'`]([^"'`]+)["'`]/g);
  return [
    ...[...statements].map(([, type, specifier = ""]) => ({ specifier, typeOnly: type !== undefined })),
    ...[...calls].map(([, specifier = ""]) => ({ specifier, typeOnly: false })),
  ];
}

function roomOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

/** Rooms are entered only along the arrows. */
export const arrows: Rule = (source) => {
  const room = roomOf(source.path);
  if (room === undefined) return [];
  const allowed = ROOMS[room];
  if (allowed === undefined) return [`${source.path} is in no room; see ROOMS in test/house-rules/rooms.ts`];
  return importsOf(source).flatMap(({ specifier, typeOnly }) => {
    if (!specifier.startsWith(".")) return [];
    const target = join(dirname(source.path), specifier);
    const to = roomOf(target);
    if (to === undefined) return [`${source.path} imports ${target}, which is outside src`];
    if (to === room || to === "base" || allowed.includes(to)) return [];
    if (typeOnly && (TYPES_ONLY[room] ?? []).includes(to)) return [];
    if (WIDER.some((way) => source.path.startsWith(way.from) && target.startsWith(way.to))) return [];
    return [`${source.path} imports ${target}: no arrow leads from ${room} to ${to}${typeOnly ? "" : " (or only one for types)"}`];
  });
};

/** Packages stay in the rooms that were given them; deciding rooms use nothing of Node's either. */
export const packages: Rule = (source) => {
  const room = roomOf(source.path);
  if (room === undefined) return [];
  const allowed = [...(PACKAGES[room] ?? []), ...(PACKAGES_OF_FILES[source.path] ?? [])];
  return importsOf(source).flatMap(({ specifier, typeOnly }) => {
    if (specifier.startsWith(".")) return [];
    if (specifier.startsWith("node:")) {
      return WITHOUT_NODE.includes(room) && !typeOnly ? [`${source.path} imports ${specifier}: ${room} acts only through src/ports`] : [];
    }
    const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
    return allowed.includes(name) ? [] : [`${source.path} imports ${name}: src/${room} may use ${allowed.join(", ") || "no package"}`];
  });
};

/** The addon is loaded in one place. */
export const addon: Rule = ({ path, text }) => {
  if (path.startsWith("src/platform/") || !/\.node["'`]|\bprocess\.dlopen\b/.test(text)) return [];
  return [`${path} loads an addon: only src/platform does`];
};

/** The simulator never ships: scripts, tests, benchmarks and the demo use it. */
export const simulator: Rule = (source) => {
  const room = roomOf(source.path);
  if (room === undefined || room === "sim") return [];
  return importsOf(source).flatMap(({ specifier }) => (/(^|\/)sim\//.test(specifier) ? [`${source.path} imports the simulator`] : []));
};
