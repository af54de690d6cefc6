/**
 * `npm test`, and `npm run test:TIER`: installs and builds what is missing, runs the tiers, and ends with one line
 * that counts: `N passed, N failed, N skipped`. Every skip is named before it, and so is every test that passed only at
 * the second try (second-try.mjs). Exit 1 when anything failed or when a tier ran no test. `npm test` is to take ten minutes on two cores:
 * of some tiers it runs the files that brief-tests.mjs names, and says how many it left; a tier by its name runs all. `--long` adds the
 * files named *.long.test.ts; with `--only` it is what `npm test` leaves: who has just run it need not run the rest again.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { isBrief } from "./brief-tests.mjs";
import { CHECKS, passes } from "./lint.mjs";
import { runTests, testFiles } from "./run-tests.mjs";
import { counted, FILES_MOST, withSecondTry } from "./second-try.mjs";
import { setupPeers } from "./setup-peers.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
const CORES = availableParallelism();
const LONGEST_FILES = 8;
const WAITING = 2 * CORES; // files side by side in tiers that mostly wait for timers and other programs

/**
 * One row a tier. `needs`: what must be there before it. `realTime`: its tests wait for clocks and other programs, so a file that
 * failed is tried again; what computes has no such excuse. Unit tests are all that no other row claims.
 */
const TIERS = {
  unit: { concurrency: CORES, timeoutMinutes: 5, needs: ["native"] },
  simulation: { folder: "test/simulation", concurrency: CORES, timeoutMinutes: 10, needs: ["native"] },
  netns: { folder: "test/netns", realTime: true, concurrency: WAITING, timeoutMinutes: 10, needs: ["native", "bundles", "peers"] },
  interop: { folder: "test/interop", realTime: true, concurrency: WAITING, timeoutMinutes: 40, needs: ["native", "bundles", "peers"] },
  security: { folder: "test/security", realTime: true, concurrency: CORES, timeoutMinutes: 10, needs: ["native", "attack", "bundles", "peers"] },
  house: { folder: "test/house", realTime: true, concurrency: 1, timeoutMinutes: 10, needs: ["native", "bundles", "peers"] },
};
/** One after the other; where a row has two lists, side by side: what computes beside what waits. What floods links runs alone. */
const ALL = [
  [["unit"]],
  [["netns"]],
  [
    ["simulation", "security"],
    ["interop", "house"],
  ],
];
const CHOICES = { long: { type: "boolean", default: false }, only: { type: "boolean", default: false } };
const OTHER_ROOMS = Object.values(TIERS).flatMap(({ folder }) => (folder === undefined ? [] : [`${folder}/`]));
/** Part of the unit tier, and the last part of `npm run lint`. */
const HOUSE_RULES = { folder: "test/house-rules", concurrency: CORES, timeoutMinutes: 2, needs: [] };

const SETUP = {
  native: () => node("scripts/build-native.mjs"),
  attack: () => node("scripts/build-native.mjs", "--attack"),
  bundles: () => node("scripts/build.mjs"),
  peers: () => {
    const why = setupPeers();
    if (why !== undefined) console.log(`peers: ${why}`);
  },
};

function node(...args) {
  command(process.execPath, args);
}

function command(program, args) {
  const { status } = spawnSync(program, args, { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) throw new Error(`${[program, ...args].join(" ")} ended with ${status}`);
}

function filesOf(tier, { long, only, brief }) {
  const { folder } = tier;
  const all =
    folder === undefined ? testFiles(ROOT, "test").filter((file) => !OTHER_ROOMS.some((room) => file.startsWith(room))) : testFiles(ROOT, folder);
  const isLong = (file) => file.endsWith(".long.test.ts");
  if (long) return all.filter((file) => !only || isLong(file) || !isBrief(file));
  return all.filter((file) => !isLong(file) && (!brief || isBrief(file)));
}

function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Prints what failed at once, and a line every few seconds so that nobody wonders whether it still runs. */
function progress(name) {
  let done = 0;
  let spokenAt = performance.now();
  return (test, output) => {
    done++;
    if (test.outcome === "failed" && test.error?.kind !== "subtestsFailed") {
      console.log(`FAILED  ${test.file}: ${test.name}\n${indented(test.error?.text ?? "")}`);
      if (test.wholeFile === true && output !== "") console.log(indented(output.slice(-4000)));
    }
    if (performance.now() - spokenAt < 5000) return;
    spokenAt = performance.now();
    console.log(`  ${name}: ${done} tests so far, now ${test.file}`);
  };
}

function indented(text) {
  return text.replace(/^/gm, "    ");
}

async function runTier(name, tier, chosen) {
  const started = performance.now();
  const files = filesOf(tier, chosen);
  const rest = chosen.brief ? filesOf(tier, { long: true, only: true }).length : 0;
  console.log(`${name}: ${files.length} files${rest === 0 ? "" : `, and ${rest} that npm run test:${name} -- --long --only runs`}`);
  const tests = files.length === 0 ? [] : await runTests({ root: ROOT, files, ...tier, onTest: progress(name) });
  if (isVoid(tests)) {
    const why = tests.length === 0 ? "there is no test file" : "every test was skipped";
    console.log(`FAILED  ${name} ran no test: ${why}`);
    tests.push({ name: `${name} runs tests`, file: tier.folder ?? "test", outcome: "failed" });
  }
  console.log(`${counted(tests)}  ${name}  (${seconds(performance.now() - started)})`);
  console.log(`  longest: ${longest(tests).join(", ")}`);
  return { name, tier, files, tests };
}

/** Where a tier's time goes, for whoever wants it to be less: its files by the sum of their tests. */
function longest(tests) {
  const sums = new Map();
  for (const { file, nesting, milliseconds = 0 } of tests) if (nesting === 0) sums.set(file, (sums.get(file) ?? 0) + milliseconds);
  const files = [...sums].sort(([, a], [, b]) => b - a).slice(0, LONGEST_FILES);
  return files.map(([file, sum]) => `${file} ${seconds(sum)}`);
}

/** After the lanes have ended: alone on the machine, as far as we can say. */
async function triedAgain({ name, tier, files, tests }) {
  if (tier.realTime !== true) return tests;
  const runAgain = (file) => {
    console.log(`${name}: ${file} failed, and is run once more, alone; at most ${FILES_MOST} files of a tier are`);
    return runTests({ root: ROOT, files: [file], ...tier, concurrency: 1, onTest: progress(name) });
  };
  return withSecondTry(tests, files, runAgain);
}

/** A tier that stands in no lane would never run, and nobody would hear of it. */
function everyTierOnce() {
  const planned = ALL.flat(2).sort().join();
  if (planned !== Object.keys(TIERS).sort().join()) throw new Error(`the lanes hold ${planned}, not every tier once`);
}

async function runLane(tiers, chosen) {
  const ran = [];
  for (const [name, tier] of tiers) ran.push(await runTier(name, tier, chosen));
  return ran;
}

/** A tier that ran nothing proves nothing. Only a user who is not root may see all of one skipped, each by name. */
function isVoid(tests) {
  if (tests.length > 0 && process.getuid?.() !== 0) return false;
  return !tests.some(({ outcome }) => outcome === "passed" || outcome === "failed");
}

function lint() {
  console.log("lint");
  return CHECKS.map((check) => ({ name: check.name, file: "lint", outcome: passes(check) ? "passed" : "failed" }));
}

function tiersOf(name) {
  if (name === "all") return Object.entries(TIERS);
  if (name === "house-rules") return [[name, HOUSE_RULES]];
  return TIERS[name] === undefined ? [] : [[name, TIERS[name]]];
}

async function main() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: CHOICES });
  const names = positionals.length === 0 ? ["all"] : positionals;
  const unknown = names.filter((name) => tiersOf(name).length === 0);
  if (unknown.length > 0) {
    console.error(`test: no tier ${unknown.join(", ")}; there are all, house-rules, ${Object.keys(TIERS).join(", ")}`);
    process.exitCode = 2;
    return;
  }
  const tiers = names.flatMap(tiersOf);
  if (!existsSync(join(ROOT, "node_modules/.package-lock.json"))) command("npm", ["ci"]);
  for (const need of new Set(tiers.flatMap(([, { needs }]) => needs))) SETUP[need]();

  everyTierOnce();
  const chosen = { ...values, brief: names.includes("all") && !values.long };
  const tests = names.includes("all") ? lint() : [];
  for (const lanes of names.includes("all") ? ALL : [[names]]) {
    const ran = await Promise.all(lanes.map((lane) => runLane(lane.flatMap(tiersOf), chosen)));
    for (const one of ran.flat()) tests.push(...(await triedAgain(one)));
  }
  console.log("");
  for (const { name, file, outcome, reason } of tests) {
    if (outcome === "skipped" || outcome === "todo") console.log(`skipped  ${file}: ${name}: ${reason}`);
  }
  for (const { name, file, secondTry } of tests) if (secondTry === true) console.log(`second try  ${file}: ${name}`);
  const failed = tests.filter(({ outcome }) => outcome === "failed");
  for (const { name, file } of failed) console.log(`failed   ${file}: ${name}`);
  console.log(counted(tests));
  if (failed.length > 0) process.exitCode = 1;
}

await main().catch((error) => {
  console.error(`test: ${error.message}`);
  console.log("0 passed, 1 failed, 0 skipped");
  process.exitCode = 1;
});
