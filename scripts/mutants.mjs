/**
 * `npm run test:mutants -- NAME...|all`: proves that a test can fail. test/mutants/NAME.patch is a wrong program; its
 * header names the tests that must notice, one a line: `# test: FILE :: PATTERN`. In a copy of the checkout each of them
 * must pass without the patch and fail with it. Exit 1 when one does not, 3 when there is no such mutant.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runTests } from "./run-tests.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const MUTANTS = join(ROOT, "test/mutants");
/** Tests in these folders start the bundles. */
const BUNDLED = /^test\/(netns|interop|security|house)\//;

function mutantsNamed(names) {
  const all = existsSync(MUTANTS) ? readdirSync(MUTANTS).flatMap((name) => (name.endsWith(".patch") ? [name.slice(0, -".patch".length)] : [])) : [];
  const wanted = names.includes("all") ? all.sort() : names;
  return { wanted, unknown: wanted.filter((name) => !all.includes(name)), all };
}

function read(name) {
  const path = join(MUTANTS, `${name}.patch`);
  const text = readFileSync(path, "utf8");
  const watchers = [...text.matchAll(/^# test: (\S+) :: (.+)$/gm)].map(([, file, pattern]) => ({ file, pattern }));
  if (watchers.length === 0) throw new Error(`${name}.patch names no test; its header needs "# test: FILE :: PATTERN"`);
  return { name, path, watchers, native: /^\+\+\+ b\/native\//m.test(text) };
}

/** The files git knows or would know, the packages, and the native layer as built. */
function copyOfCheckout() {
  const folder = mkdtempSync(join(tmpdir(), "leasehold-mutant-"));
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: ROOT,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  for (const file of listed.split("\0")) {
    if (file === "" || !existsSync(join(ROOT, file))) continue;
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(ROOT, file), join(folder, file));
  }
  if (existsSync(join(ROOT, "native/build")))
    cpSync(join(ROOT, "native/build"), join(folder, "native/build"), { recursive: true, preserveTimestamps: true });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return folder;
}

function step(folder, command, ...args) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}\n${stdout}${stderr}`);
}

function prepare(folder, { watchers, native }) {
  if (native) step(folder, process.execPath, "scripts/build-native.mjs", "--attack");
  if (watchers.some(({ file }) => BUNDLED.test(file))) step(folder, process.execPath, "scripts/build.mjs");
}

/** What the named test does: "passed", "failed", or a sentence about why neither can be said. */
async function verdict(folder, { file, pattern }) {
  const tests = await runTests({ root: folder, files: [file], concurrency: 1, timeoutMinutes: 20, namePattern: pattern });
  const named = tests.filter(({ name, outcome, wholeFile }) => wholeFile !== true && new RegExp(pattern).test(name) && outcome !== "skipped");
  if (named.some(({ outcome }) => outcome === "failed")) return "failed";
  if (tests.some(({ outcome }) => outcome === "failed")) return `broken: ${tests.find(({ outcome }) => outcome === "failed").error?.text}`;
  return named.length > 0 ? "passed" : "not run: no test has that name, or it was skipped";
}

/** Sentences about watchers that did not do what they should; empty when the mutant is caught. */
async function faultsOf(mutant) {
  const folder = copyOfCheckout();
  try {
    prepare(folder, mutant);
    const before = await expecting("passed", folder, mutant, "without the patch");
    if (before.length > 0) return before;
    step(folder, "git", "apply", "--whitespace=nowarn", mutant.path);
    prepare(folder, mutant);
    return await expecting("failed", folder, mutant, "with the patch");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function expecting(wanted, folder, { watchers }, when) {
  const faults = [];
  for (const watcher of watchers) {
    const said = await verdict(folder, watcher);
    if (said !== wanted) faults.push(`${when}, ${watcher.file} :: ${watcher.pattern} should have ${wanted}, but: ${said}`);
  }
  return faults;
}

async function main(names) {
  const { wanted, unknown, all } = mutantsNamed(names);
  if (names.length === 0 || unknown.length > 0 || wanted.length === 0) {
    console.error(unknown.length > 0 ? `mutants: no mutant ${unknown.join(", ")}` : "mutants: name one, or all");
    console.error(`mutants: there are ${all.length === 0 ? "none" : all.join(", ")}`);
    return 3;
  }
  let missed = 0;
  for (const name of wanted) {
    const started = performance.now();
    const faults = await faultsOf(read(name)).catch((error) => [error.message]);
    const took = `${((performance.now() - started) / 1000).toFixed(1)} s`;
    console.log(faults.length === 0 ? `caught  ${name}  (${took})` : `MISSED  ${name}  (${took})\n  ${faults.join("\n  ")}`);
    if (faults.length > 0) missed++;
  }
  console.log(`${wanted.length - missed} caught, ${missed} missed`);
  return missed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
