// `npm start`: installs and builds what is missing, then shows the private house. Only Node's own modules are used here.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, lstatSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const launcher = join(root, "native/build/leasehold-launcher");

function step(what, command, args) {
  const started = performance.now();
  process.stdout.write(`${what} ... `);
  const done = spawnSync(command, args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  if (done.status !== 0) {
    process.stdout.write("failed\n");
    process.stderr.write(`${done.stdout ?? ""}${done.stderr ?? ""}${done.error === undefined ? "" : `${done.error.message}\n`}`);
    process.exit(1);
  }
  process.stdout.write(`${((performance.now() - started) / 1000).toFixed(1)} s\n`);
}

function older(file, than) {
  return !existsSync(file) || statSync(file).mtimeMs < statSync(than).mtimeMs;
}

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node ${process.versions.node} is too old; install Node 20.19 or newer`);
  process.exit(1);
}
if (process.platform !== "linux") {
  console.error("Leasehold runs on Linux: it needs network namespaces and packet sockets");
  process.exit(1);
}
// what a link leads to belongs to another checkout, and npm ci would empty it
const packages = join(root, "node_modules");
const borrowed = existsSync(packages) && lstatSync(packages).isSymbolicLink();
if (!borrowed && older(join(packages, ".package-lock.json"), join(root, "package-lock.json")))
  step("installing packages", "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
step("building the native layer", process.execPath, [join(root, "scripts/build-native.mjs")]);
step("building the program", process.execPath, [join(root, "scripts/build.mjs")]);

const asRoot = process.getuid() === 0;
const keep = ["PATH", "HOME", "TERM", "CI", "TMPDIR", "COLUMNS"].filter((name) => process.env[name] !== undefined);
const house = spawn(
  launcher,
  [
    ...keep.flatMap((name) => ["--env", `${name}=${process.env[name]}`]),
    ...(asRoot ? [] : ["--new-user"]),
    ...[
      "--new-net",
      "--new-mount",
      "--chdir",
      root,
      "--",
      process.execPath,
      "--import",
      "tsx",
      join(root, "scripts/house/house.ts"),
      ...process.argv.slice(2),
    ],
  ],
  { stdio: "inherit" },
);
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => house.kill(signal));
house.on("exit", (code, signal) => {
  if (code === 125 && !asRoot) console.error("this kernel gives no user namespace to ordinary users; run it as root: sudo npm start");
  process.exit(code ?? (signal === null ? 1 : 1));
});
