/**
 * Bundles one file per role into dist/ (or --out DIR, which must lie beside native/). With --attack the roles carry the
 * attack code of the security tests in place of the empty hooks around the fence; such a build is never the default.
 * Every bundle is then checked: what an engine or the frontend may not hold is not in it.
 */
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What a role that reads a stranger's bytes has no use for. `node:fs` is here for engines only: they open nothing. */
const SEALED = [
  "fs",
  "fs/promises",
  "net",
  "tls",
  "dgram",
  "crypto",
  "http",
  "http2",
  "https",
  "inspector",
  "vm",
  "worker_threads",
  "cluster",
  "child_process",
];

/** One row a bundle. `packages`: may hold code from node_modules. `rooms`: of those reserved below, the ones it may hold. */
const BUNDLES = {
  main: { entry: "src/roles/main.ts", packages: true, rooms: [] },
  "config-reader": { entry: "src/roles/config-reader.ts", packages: true, rooms: ["config"] },
  frontend: { entry: "src/roles/frontend.ts", packages: false, rooms: [], sealed: SEALED },
  "engine-uplink4": { entry: "src/roles/engine-uplink4.ts", packages: false, rooms: [], sealed: SEALED },
  "engine-uplink6": { entry: "src/roles/engine-uplink6.ts", packages: false, rooms: [], sealed: SEALED },
  "engine-lan": { entry: "src/roles/engine-lan.ts", packages: false, rooms: [], sealed: SEALED },
  "engine-directory": { entry: "src/roles/engine-directory.ts", packages: false, rooms: [], sealed: SEALED },
  fetcher: { entry: "src/roles/fetcher.ts", packages: false, rooms: [] },
  control: { entry: "src/roles/control.ts", packages: true, rooms: ["control", "web"] },
  cli: { entry: "src/cli/leasehold.ts", packages: true, rooms: ["cli", "config"] },
  dhcpleased: { entry: "src/cli/dhcpleased.ts", packages: true, rooms: ["cli", "config"] },
  dhcp6leased: { entry: "src/cli/dhcp6leased.ts", packages: true, rooms: ["cli", "config"] },
  ypldap: { entry: "src/cli/ypldap.ts", packages: true, rooms: ["cli", "config"] },
  dhcp6leasectl: { entry: "src/cli/dhcp6leasectl.ts", packages: false, rooms: ["cli"] },
  dhcpleasectl: { entry: "src/cli/dhcpleasectl.ts", packages: false, rooms: ["cli"] },
};
/** Rooms that are bundled only where a row names them. */
const RESERVED_ROOMS = ["config", "control", "web", "cli", "sim"];

/** Packages written for require() need one in an ES module. */
const REQUIRE = 'import { createRequire as bundleRequire } from "node:module"; const require = bundleRequire(import.meta.url);';

/** The names of packages among a bundle's inputs. */
function packagesOf(inputs) {
  const inside = inputs.map((input) => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1]);
  return [...new Set(inside.filter((name) => name !== undefined))];
}

/** Sentences about what must not be in this bundle. `output` is one entry of esbuild's metafile. */
export function faultsOf(name, { packages, rooms, sealed = [] }, output) {
  const inputs = Object.keys(output.inputs);
  const builtins = output.imports.map(({ path }) => path.replace(/^node:/, ""));
  const found = packagesOf(inputs);
  const foreign = packages ? [] : found;
  const reserved = RESERVED_ROOMS.filter((room) => !rooms.includes(room) && inputs.some((input) => input.startsWith(`src/${room}/`)));
  return [
    ...foreign.map((pack) => `${name} holds the package ${pack}; it may hold none`),
    ...sealed.filter((module) => builtins.includes(module)).map((module) => `${name} imports node:${module}; it may not`),
    ...builtins.filter((module) => !isBuiltin(module)).map((module) => `${name} leaves ${module} unbundled`),
    ...reserved.map((room) => `${name} holds code from src/${room}; it may not`),
  ];
}

/** The attack code in place of src/roles/after-fence.ts. */
function attackPlugin() {
  const attack = join(ROOT, "test/security/attack/attack.ts");
  return { name: "attack", setup: (build) => build.onResolve({ filter: /\/after-fence\.ts$/ }, () => ({ path: attack })) };
}

async function bundle(esbuild, name, row, { attack }) {
  const banner = row.packages ? REQUIRE : "";
  const result = await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: [row.entry],
    outfile: join(ROOT, `${name}.mjs`), // only a name: nothing is written by esbuild
    write: false,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    metafile: true,
    logLevel: "error",
    legalComments: "none",
    minifyWhitespace: true, // a role keeps its source in memory; names stay, for whoever reads a stack
    minifySyntax: true,
    define: { TEST_BUILD: String(attack) },
    ...(banner === "" ? {} : { banner: { js: banner } }),
    ...(attack ? { plugins: [attackPlugin()] } : {}),
  });
  const [output] = Object.values(result.metafile.outputs);
  return { text: result.outputFiles[0].text, faults: attack ? [] : faultsOf(name, row, output) };
}

/** Written under another name and renamed, so that a test that starts meanwhile finds a whole file. */
function put(path, text) {
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, text);
  renameSync(partial, path);
}

async function main() {
  const { values } = parseArgs({ options: { out: { type: "string", default: join(ROOT, "dist") }, attack: { type: "boolean", default: false } } });
  const out = resolve(values.out);
  if (values.attack && out === join(ROOT, "dist")) return fail(["--attack needs --out DIR: dist/ is the program"]);
  if (!existsSync(join(ROOT, "node_modules/esbuild"))) return fail(["esbuild is not there; run npm ci"]);
  if (dirname(out) !== resolve(ROOT)) console.error(`build: the addon is looked for in ${join(dirname(out), "native/build")}`);
  const missing = Object.values(BUNDLES).filter(({ entry }) => !existsSync(join(ROOT, entry)));
  if (missing.length > 0) return fail(missing.map(({ entry }) => `${entry} is missing`));

  const esbuild = await import("esbuild");
  const built = await Promise.all(Object.entries(BUNDLES).map(async ([name, row]) => ({ name, row, ...(await bundle(esbuild, name, row, values)) })));
  const faults = built.flatMap((one) => one.faults);
  if (faults.length > 0) return fail(faults);
  mkdirSync(out, { recursive: true });
  for (const { name, text } of built) put(join(out, `${name}.mjs`), text);
  put(join(out, "package.json"), '{ "type": "module" }\n'); // newer Nodes look for the nearest one, and the fence lets them look here only
  console.error(`build: ${built.map(({ name, text }) => `${name} ${Math.ceil(text.length / 1024)} KiB`).join(", ")} in ${out}`);
}

function fail(sentences) {
  for (const sentence of sentences) console.error(`build: ${sentence}`);
  process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main().catch((error) => {
    if (error.errors === undefined) console.error(error);
    fail(["the bundles were not built; see above"]);
  });
}
