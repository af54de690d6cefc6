/** Runs test files under Node's own runner and tells what became of every test. Used by test.mjs and mutants.mjs. */
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const REPORTER = fileURLToPath(new URL("test-reporter.mjs", import.meta.url));

/** Every *.test.ts below a folder, with its path from `root`; empty when the folder is not there. */
export function testFiles(root, folder) {
  let names;
  try {
    names = readdirSync(join(root, folder), { recursive: true });
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw error;
  }
  return names
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => join(folder, name))
    .sort();
}

/**
 * One run of `node --test` over these files (paths from `root`).
 * @param onTest called after every test, with what its file has printed so far
 * @returns the tests: name, file, outcome passed|failed|skipped|todo, reason, error, output of its file
 */
export async function runTests({ root, files, concurrency, timeoutMinutes, namePattern, onTest = () => undefined }) {
  const args = ["--import", "tsx", "--test", `--test-concurrency=${concurrency}`, `--test-timeout=${timeoutMinutes * 60_000}`];
  if (namePattern !== undefined) args.push(`--test-name-pattern=${namePattern}`);
  const child = spawn(process.execPath, [...args, `--test-reporter=${REPORTER}`, "--test-reporter-destination=stdout", ...files], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, NODE_OPTIONS: undefined },
  });
  const ended = new Promise((resolve) => child.on("close", (code, signal) => resolve(code ?? signal)));
  const tests = [];
  const output = new Map();
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line);
    const file = event.file?.startsWith(root) ? event.file.slice(root.length).replace(/^\//, "") : event.file;
    if (event.type === "output") output.set(file, (output.get(file) ?? "") + event.text);
    if (event.type !== "test" || (event.suite && event.outcome !== "skipped")) continue; // of a suite that is skipped no test is heard
    const test = judged({ ...event, file });
    tests.push(test);
    onTest(test, output.get(file) ?? "");
  }
  const code = await ended;
  const silent = files.filter((file) => !tests.some((test) => test.file === file));
  const lost = namePattern === undefined ? silent : [];
  for (const file of lost) tests.push(failure(file, `nothing was heard of this file; the runner ended with ${code}`));
  if (code !== 0 && !tests.some((test) => test.outcome === "failed")) tests.push(failure("node --test", `the runner ended with ${code}`));
  return tests;
}

/** Node reports a file without any test as one passed test of the file's name: here that is a failure. */
function judged(test) {
  if (!test.name.endsWith(test.file)) return test;
  if (test.outcome === "failed") return { ...test, name: "the file itself", wholeFile: true };
  return { ...failure(test.file, "the file holds no test that ran"), wholeFile: true };
}

function failure(file, text) {
  return { type: "test", name: "the file itself", file, nesting: 0, outcome: "failed", milliseconds: 0, error: { text }, wholeFile: true };
}
