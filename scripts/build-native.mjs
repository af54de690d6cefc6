/**
 * Builds native/ with the system's C compiler, offline: the addon and the launcher, and with --attack the addon of the
 * security tests. Runs as npm's install script, so it uses only Node's own modules. Does nothing when nothing changed.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NATIVE = fileURLToPath(new URL("../native/", import.meta.url));
const BUILD = join(NATIVE, "build");
const INSTALL = "sudo apt-get install -y gcc libc6-dev libnode-dev";

const HARDENED = [
  "-std=gnu11",
  "-O2",
  "-Wall",
  "-Wextra",
  "-Werror",
  "-fstack-protector-strong",
  "-U_FORTIFY_SOURCE",
  "-D_FORTIFY_SOURCE=2",
  "-fvisibility=hidden",
];
const ADDON = ["-fPIC", "-shared", "-Wl,-z,relro,-z,now", "-Wl,-z,noexecstack"];

const ADDON_SOURCES = [
  ...["support", "handles", "sockets", "messages", "batch", "ready", "time", "files", "journal", "committer"],
  ...["process", "capabilities", "module"],
];

function fail(sentence) {
  console.error(`build-native: ${sentence}`);
  process.exit(1);
}

function run(command, args, options = {}) {
  return spawnSync(command, args, { encoding: "utf8", ...options });
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function onPath(name) {
  if (name.includes("/")) return isExecutable(name) ? name : undefined;
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** The compiler as a command with leading arguments (CC may be "ccache gcc"). */
function compiler() {
  const wanted = process.env.CC?.trim().split(/\s+/) ?? [];
  for (const [command, ...args] of [wanted, ["cc"], ["gcc"], ["clang"]]) {
    const path = command === undefined || command === "" ? undefined : onPath(command);
    if (path !== undefined) return [path, ...args];
  }
  return fail(`no C compiler was found. Install one: ${INSTALL}`);
}

/** Folders to search for headers when `folder` holds those of Node-API and libuv; undefined when it does not. */
function headersIn(folder) {
  if (!existsSync(join(folder, "node_api.h"))) return undefined;
  const uv = [folder, join(folder, "../deps/uv/include"), "/usr/include"].find((place) => existsSync(join(place, "uv.h")));
  if (uv === undefined) return undefined;
  return uv === folder || uv === "/usr/include" ? [folder] : [folder, uv];
}

function localHeaders() {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const places = [join(prefix, "include/node"), "/usr/include/node", "/usr/include/nodejs/src", "/usr/include/nodejs"];
  return places.map(headersIn).find((found) => found !== undefined);
}

/** Headers fetched by the node-gyp that npm carries; needs the network once. */
function downloadedHeaders() {
  const kept = join(BUILD, "headers");
  const version = process.versions.node;
  const known = headersIn(join(kept, version, "include/node"));
  if (known !== undefined) return known;
  const npm = process.env.npm_execpath ?? onPath("npm");
  if (npm === undefined) return undefined;
  const gyp = join(dirname(realpathSync(npm)), "../node_modules/node-gyp/bin/node-gyp.js");
  if (!existsSync(gyp)) return undefined;
  console.error(`build-native: fetching the headers of Node ${version}`);
  run(process.execPath, [gyp, "install", "--ensure", `--devdir=${kept}`], { stdio: ["ignore", "ignore", "inherit"] });
  return headersIn(join(kept, version, "include/node"));
}

function headers() {
  return (
    localHeaders() ??
    downloadedHeaders() ??
    fail(`the headers of Node (node_api.h, uv.h) were not found and could not be fetched. Install them: ${INSTALL}`)
  );
}

function fingerprint(cc, includes) {
  const hash = createHash("sha256");
  const sources = readdirSync(NATIVE)
    .filter((name) => /\.[ch]$/.test(name))
    .sort();
  for (const name of sources) hash.update(`${name}\0`).update(readFileSync(join(NATIVE, name)));
  hash.update(readFileSync(fileURLToPath(import.meta.url)));
  hash.update(JSON.stringify([cc, includes, process.arch, run(cc[0], [...cc.slice(1), "--version"]).stdout]));
  return hash.digest("hex");
}

/** Compiles to a temporary name and renames, so that no half-written file is ever loaded. */
function compile(cc, output, args, mayFail = false) {
  const partial = join(BUILD, `.${output}.${process.pid}`);
  const [command, ...leading] = cc;
  const result = run(command, [...leading, ...HARDENED, ...args, "-o", partial]);
  if (result.status === 0) {
    renameSync(partial, join(BUILD, output));
    return true;
  }
  rmSync(partial, { force: true });
  if (mayFail) return false;
  console.error(result.stderr);
  if (/stdio\.h|unistd\.h|errno\.h|crt1\.o/.test(result.stderr ?? "")) fail(`the C library's headers are missing. Install them: ${INSTALL}`);
  return fail(`${output} did not compile with ${cc.join(" ")}`);
}

function source(name) {
  return join(NATIVE, `${name}.c`);
}

const LAUNCHER = ["-fPIE", "-Wl,-z,relro,-z,now", source("launcher"), source("launcher-fences")];

const TARGETS = {
  "leasehold.node": (cc, includes) => compile(cc, "leasehold.node", [...ADDON, ...includes, ...ADDON_SOURCES.map(source)]),
  // Static where the C library allows it: then no LD_* variable and no library path can reach it.
  "leasehold-launcher": (cc) =>
    compile(cc, "leasehold-launcher", ["-static-pie", ...LAUNCHER], true) || compile(cc, "leasehold-launcher", ["-pie", ...LAUNCHER]),
  "attack.node": (cc, includes) => compile(cc, "attack.node", [...ADDON, ...includes, source("support"), source("attack")]),
};

function build(names) {
  if (process.platform !== "linux") {
    console.error("build-native: nothing is built on this system; the daemons run on Linux only");
    return;
  }
  mkdirSync(BUILD, { recursive: true });
  const cc = compiler();
  const includes = headers().flatMap((folder) => ["-isystem", folder]);
  const print = fingerprint(cc, includes);
  for (const name of names) {
    const stamp = join(BUILD, `${name}.stamp`);
    if (existsSync(join(BUILD, name)) && existsSync(stamp) && readFileSync(stamp, "utf8") === print) continue;
    TARGETS[name](cc, includes);
    writeFileSync(stamp, print);
    console.error(`build-native: built native/build/${name}`);
  }
}

build(["leasehold.node", "leasehold-launcher", ...(process.argv.includes("--attack") ? ["attack.node"] : [])]);
