/** What failed in real time is tried once more, and nobody can fail to hear of it (docs/decisions/second-try.md). */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readIn, withScratch, writeIn } from "../support/scratch.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
type Ran = { readonly name: string; readonly file: string; readonly outcome: string; readonly wholeFile?: true; readonly secondTry?: true };
type SecondTry = {
  readonly FILES_MOST: number;
  readonly withSecondTry: (
    tests: readonly Ran[],
    files: readonly string[],
    again: (file: string) => Promise<readonly Ran[]>,
  ) => Promise<readonly Ran[]>;
  readonly counted: (tests: readonly Ran[]) => string;
};
const { FILES_MOST, withSecondTry, counted } = (await import(join(ROOT, "scripts/second-try.mjs"))) as SecondTry;

const ran = (file: string, name: string, outcome = "passed"): Ran => ({ file, name, outcome });
const crashed = (file: string): Ran => ({ file, name: "the file itself", outcome: "failed", wholeFile: true });

/** One file's first run and second; what is counted, and which tests are told as late. */
async function told(first: readonly Ran[], second: readonly Ran[]): Promise<readonly [string, readonly string[]]> {
  const after = await withSecondTry(first, ["a", "b"], () => Promise.resolve(second));
  return [counted(after), after.flatMap(({ name, secondTry }) => (secondTry === true ? [name] : []))];
}

test("what passed is not run again", async () => {
  const first = [ran("a", "one"), ran("b", "two", "skipped")];
  const after = await withSecondTry(first, ["a", "b"], () => assert.fail("run again"));
  assert.deepEqual(after, first);
  assert.equal(counted(after), "1 passed, 0 failed, 1 skipped");
});

test("a test that failed and passes when run alone has passed, and is told; its neighbours are counted once", async () => {
  const first = [ran("a", "one", "failed"), ran("a", "two"), ran("b", "three")];
  assert.deepEqual(await told(first, [ran("a", "one"), ran("a", "two")]), ["3 passed (1 at the second try), 0 failed, 0 skipped", ["one"]]);
});

test("a test that fails twice has failed, and nothing of its file is told as late", async () => {
  const first = [ran("a", "one", "failed"), ran("a", "two")];
  assert.deepEqual(await told(first, [ran("a", "one", "failed"), ran("a", "two")]), ["1 passed, 1 failed, 0 skipped", []]);
});

test("another test of the file that fails at the second try fails too: that is no bad luck", async () => {
  const first = [ran("a", "one", "failed"), ran("a", "two")];
  assert.deepEqual(await told(first, [ran("a", "one"), ran("a", "two", "failed")]), ["0 passed, 2 failed, 0 skipped", []]);
});

test("a test that is skipped at the second try, or gone, has failed", async () => {
  const first = [ran("a", "one", "failed"), ran("a", "two")];
  assert.deepEqual(await told(first, [ran("a", "one", "skipped"), ran("a", "two")]), ["1 passed, 1 failed, 0 skipped", []]);
  assert.deepEqual(await told(first, [ran("a", "two")]), ["1 passed, 1 failed, 0 skipped", []]);
  assert.deepEqual(await told(first, []), ["1 passed, 1 failed, 0 skipped", []]);
});

test("one of two tests of the same name that fails again fails both", async () => {
  const first = [ran("a", "one", "failed"), ran("a", "one")];
  assert.equal((await told(first, [ran("a", "one"), ran("a", "one", "failed")]))[0], "0 passed, 2 failed, 0 skipped");
});

test("a file that crashed and then runs is told by what it had not shown before; when it had shown all, by all", async () => {
  const whole = [ran("a", "one"), ran("a", "two")];
  assert.deepEqual(await told([ran("a", "one"), crashed("a")], whole), ["2 passed (1 at the second try), 0 failed, 0 skipped", ["two"]]);
  assert.deepEqual(await told([...whole, crashed("a")], whole), ["2 passed (2 at the second try), 0 failed, 0 skipped", ["one", "two"]]);
  assert.deepEqual(await told([crashed("a")], [crashed("a")]), ["0 passed, 1 failed, 0 skipped", []]);
});

test("a runner that crashes, at the first try or the second, has failed", async () => {
  const runner = ran("node --test", "the file itself", "failed");
  assert.deepEqual(await told([ran("a", "one"), runner], [ran("a", "one")]), ["1 passed, 1 failed, 0 skipped", []]);
  assert.equal((await told([ran("a", "one", "failed")], [ran("a", "one"), runner]))[0], "0 passed, 2 failed, 0 skipped");
});

test("more files than bad luck explains are not tried again", async () => {
  const files = Array.from({ length: FILES_MOST + 1 }, (_, i) => `file ${i}`);
  const failing = files.map((file) => ran(file, "one", "failed"));
  const again: string[] = [];
  const passes = (file: string): Promise<readonly Ran[]> => {
    again.push(file);
    return Promise.resolve([ran(file, "one")]);
  };
  assert.equal(counted(await withSecondTry(failing, files, passes)), `0 passed, ${FILES_MOST + 1} failed, 0 skipped`);
  assert.deepEqual(again, []);
  assert.equal(
    counted(await withSecondTry(failing.slice(1), files, passes)),
    `${FILES_MOST} passed (${FILES_MOST} at the second try), 0 failed, 0 skipped`,
  );
});

const PASSES = 'import { test } from "node:test";\ntest("passes", () => {});\n';
const FAILS = 'import { test } from "node:test";\ntest("fails", () => { throw new Error("as ever"); });\n';
/** Writes down each of its runs, and fails in the first. */
const ONCE = `import { test } from "node:test";
import { appendFileSync, readFileSync } from "node:fs";
test("is unlucky", () => {
  appendFileSync(import.meta.filename + ".runs", ".");
  if (readFileSync(import.meta.filename + ".runs", "utf8") === ".") throw new Error("nobody answered in time");
});
`;
const CRASHES_ONCE = ONCE.replace('throw new Error("nobody answered in time")', "process.exit(1)").replace("is unlucky", "survives");

/** `npm run test:TIER` of a checkout that holds these tests and has nothing to build. @returns lines, and how it ended */
function runTier(
  folder: string,
  tier: string,
  tests: Readonly<Record<string, string>>,
): { readonly lines: readonly string[]; readonly status: number } {
  mkdirSync(join(folder, "scripts"));
  for (const name of ["test", "run-tests", "brief-tests", "second-try", "test-reporter", "lint"])
    copyFileSync(join(ROOT, `scripts/${name}.mjs`), join(folder, `scripts/${name}.mjs`));
  for (const name of ["build", "build-native"]) writeIn(folder, `scripts/${name}.mjs`, "");
  writeIn(folder, "scripts/setup-peers.mjs", "export const setupPeers = () => undefined;\n");
  writeIn(folder, "package.json", '{ "type": "module" }\n');
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  for (const [name, text] of Object.entries(tests)) writeIn(folder, name, text);
  const { status, stdout } = spawnSync(process.execPath, ["scripts/test.mjs", tier], { cwd: folder, encoding: "utf8" });
  return { lines: stdout.trimEnd().split("\n"), status: status ?? -1 };
}

test("in a tier of real time one failure is tried again and told; one that stays fails the run", () =>
  withScratch(async (folder) => {
    const unlucky = { "test/house/once.test.ts": ONCE, "test/house/crash.test.ts": CRASHES_ONCE, "test/house/well.test.ts": PASSES };
    const { lines, status } = runTier(folder, "house", unlucky);
    assert.deepEqual([lines.at(-1), status], ["3 passed (2 at the second try), 0 failed, 0 skipped", 0], lines.join("\n"));
    assert.ok(lines.includes("second try  test/house/once.test.ts: is unlucky"));
    assert.ok(lines.includes("second try  test/house/crash.test.ts: survives"));
    assert.ok(lines.includes("FAILED  test/house/once.test.ts: is unlucky"), "the first failure is printed");
    assert.ok(
      lines.some((line) => line.includes("nobody answered in time")),
      "with its reason",
    );
    assert.equal(readIn(folder, "test/house/once.test.ts.runs"), "..");
  }));

test("a test that always fails is tried once more, and fails the run", () =>
  withScratch(async (folder) => {
    const { lines, status } = runTier(folder, "house", { "test/house/always.test.ts": FAILS, "test/house/once.test.ts": ONCE });
    assert.deepEqual([lines.at(-1), status], ["1 passed (1 at the second try), 1 failed, 0 skipped", 1], lines.join("\n"));
    assert.ok(lines.includes("failed   test/house/always.test.ts: fails"));
  }));

test("what computes is never tried again", () =>
  withScratch(async (folder) => {
    const { lines, status } = runTier(folder, "unit", { "test/base/once.test.ts": ONCE, "test/base/well.test.ts": PASSES });
    assert.deepEqual([lines.at(-1), status], ["1 passed, 1 failed, 0 skipped", 1], lines.join("\n"));
    assert.equal(readIn(folder, "test/base/once.test.ts.runs"), ".");
  }));
